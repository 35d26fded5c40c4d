"""An answer to a client."""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from twisted.python.failure import Failure
from twisted.web._client._errors import ResponseDone
from twisted.web.http_headers import Headers
from twisted.web.iweb import UNKNOWN_LENGTH, IClientRequest, IResponse

__all__ = ["Response"]


@implementer(IClientRequest)
class _Asked:
    """What of a request goes with its answer."""

    def __init__(self, request: Any) -> None:
        self._request = request

    @property
    def method(self) -> bytes:
        """Such as ``b"GET"``."""
        method: bytes = self._request.method
        return method

    @property
    def absoluteURI(self) -> bytes | None:
        """The whole URI, if it is known."""
        uri: bytes | None = self._request.absoluteURI
        return uri

    @property
    def headers(self) -> Headers:
        """The headers that were sent."""
        headers: Headers = self._request.headers
        return headers


@implementer(IResponse)
class Response:
    """
    An answer: its head, and what passes its body on.

    ::

        INITIAL --deliverBody--> CONNECTED --end of the body--> FINISHED
           |                                                        |
           +--end of the body--> DEFERRED_CLOSE --deliverBody-------+

    Until `deliverBody` is called, nothing of the body is read from the connection, but for the
    piece that came with the head.

    @ivar version: such as ``(b"HTTP", 1, 1)``.
    @ivar code: the status.
    @ivar phrase: its reason.
    @ivar headers: the `Headers`, without those that are about the connection.
    @ivar length: of the body in bytes, or `UNKNOWN_LENGTH`.
    @ivar request: the `IClientRequest` that this answers.
    @ivar previousResponse: the answer that led to this one, or None.
    @ivar trailers: the `Headers` behind the body, if HTTP/2 has brought such; otherwise None.
    """

    __module__ = "twisted.web.client"

    length: Any = UNKNOWN_LENGTH
    previousResponse: Any = None
    request: Any = None
    trailers: Headers | None = None

    _state = "INITIAL"
    _bodyProtocol: Any = None
    _bodyBuffer: list[bytes] | None
    _reason: Failure | None = None

    def __init__(
        self,
        version: tuple[bytes, int, int],
        code: int,
        phrase: bytes,
        headers: Any,
        _transport: Any,
    ) -> None:
        self.version = version
        self.code = code
        self.phrase = phrase
        self.headers = headers
        self._transport = _transport
        self._bodyBuffer = []

    @classmethod
    def _construct(
        cls,
        version: tuple[bytes, int, int],
        code: int,
        phrase: bytes,
        headers: Any,
        _transport: Any,
        request: Any,
    ) -> Response:
        """An answer to a request."""
        response = cls(version, code, phrase, headers, _transport)
        response.request = _Asked(request)
        return response

    def setPreviousResponse(self, previousResponse: Any) -> None:
        """Say which answer led to this one."""
        self.previousResponse = previousResponse

    def deliverBody(self, protocol: Any) -> None:
        """
        Pass the body on, also what has come of it before.

        @param protocol: its ``connectionLost`` is called with `ResponseDone` when all has come,
            with `twisted.web.http.PotentialDataLoss` when nobody can tell whether that was all, and
            with `ResponseFailed` when it was not.
        @raise RuntimeError: the second time.
        """
        if self._bodyBuffer is None:
            raise RuntimeError(f"the body of {self!r} is delivered already")
        protocol.makeConnection(self._transport)
        # More may come, and the end, because of what the receiver does with the transport.
        for data in self._bodyBuffer:
            protocol.dataReceived(data)
        self._bodyBuffer = None
        if self._state == "INITIAL":
            self._bodyProtocol = protocol
            self._state = "CONNECTED"
            self._transport.resumeProducing()
        else:
            self._state = "FINISHED"
            protocol.connectionLost(self._reason)

    def _bodyDataReceived(self, data: bytes) -> None:
        """A piece of the body has come."""
        if self._state == "CONNECTED":
            self._bodyProtocol.dataReceived(data)
        elif self._state == "INITIAL":
            assert self._bodyBuffer is not None
            self._bodyBuffer.append(data)
        else:
            raise RuntimeError("a body goes on behind its end")

    def _bodyDataFinished(self, reason: Failure | None = None) -> None:
        """
        The body has ended.

        @param reason: why, if not because all of it has come.
        """
        if reason is None:
            reason = Failure(ResponseDone("Response body fully received"))
        if self._state == "CONNECTED":
            protocol, self._bodyProtocol = self._bodyProtocol, None
            self._state = "FINISHED"
            protocol.connectionLost(reason)
        elif self._state == "INITIAL":
            self._state = "DEFERRED_CLOSE"
            self._reason = reason
        else:
            raise RuntimeError("a body has ended twice")
