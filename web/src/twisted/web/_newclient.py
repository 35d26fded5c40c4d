"""The parts of the client, by the names of a module that programs and their tests look for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.web._client._connection import HTTP11ClientProtocol
from twisted.web._client._errors import (
    BadHeaders,
    BadResponseVersion,
    ConnectionAborted,
    ExcessWrite,
    ParseError,
    RequestGenerationFailed,
    RequestNotSent,
    RequestTransmissionFailed,
    ResponseDone,
    ResponseFailed,
    ResponseNeverReceived,
    WrongBodyLength,
    _WrapperException,
)
from twisted.web._client._parser import (
    BODY,
    DONE,
    HEADER,
    STATUS,
    HTTPClientParser,
    HTTPParser,
)
from twisted.web._client._request import (
    ChunkedEncoder,
    LengthEnforcingConsumer,
    Request,
    TransportProxyProducer,
)
from twisted.web._client._response import Response
from twisted.web._http._decoders import PotentialDataLoss
from twisted.web.iweb import UNKNOWN_LENGTH

__all__ = [
    "BODY",
    "DONE",
    "HEADER",
    "STATUS",
    "UNKNOWN_LENGTH",
    "BadHeaders",
    "BadResponseVersion",
    "ChunkedEncoder",
    "ConnectionAborted",
    "ExcessWrite",
    "HTTP11ClientProtocol",
    "HTTPClientParser",
    "HTTPParser",
    "LengthEnforcingConsumer",
    "ParseError",
    "PotentialDataLoss",
    "Request",
    "RequestGenerationFailed",
    "RequestNotSent",
    "RequestTransmissionFailed",
    "Response",
    "ResponseDone",
    "ResponseFailed",
    "ResponseNeverReceived",
    "TransportProxyProducer",
    "WrongBodyLength",
    "_WrapperException",
    "makeStatefulDispatcher",
]


def makeStatefulDispatcher(name: str, template: Callable[..., Any]) -> Callable[..., Any]:
    """
    A method that calls another one, which the object's ``_state`` chooses: ``_name_STATE``.

    @param template: what it is called and documented as.
    """

    def dispatcher(self: Any, *args: Any, **kwargs: Any) -> Any:
        chosen = getattr(self, f"_{name}_{self._state}", None)
        if chosen is None:
            raise RuntimeError(f"{self!r} has no {name} method in state {self._state}")
        return chosen(*args, **kwargs)

    dispatcher.__doc__ = template.__doc__
    return dispatcher
