"""
Places to listen at and to connect to, as objects and as strings.

`serverFromString` and `clientFromString` make them of strings that a configuration holds;
`connectProtocol` connects a protocol that needs no factory.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from twisted.internet._endpoints import _hostname, _plain, _process, _strings, _tls
from twisted.internet._endpoints._hostname import HostnameEndpoint
from twisted.internet._endpoints._plain import (
    AdoptedStreamServerEndpoint,
    TCP4ClientEndpoint,
    TCP4ServerEndpoint,
    TCP6ClientEndpoint,
    TCP6ServerEndpoint,
    UNIXClientEndpoint,
    UNIXServerEndpoint,
)
from twisted.internet._endpoints._process import (
    ProcessEndpoint,
    StandardErrorBehavior,
    StandardIOEndpoint,
)
from twisted.internet._endpoints._strings import (
    ClientParser,
    ServerParser,
    clientFromString,
    quoteStringArgument,
    serverFromString,
)
from twisted.internet._endpoints._tls import (
    SSL4ClientEndpoint,
    SSL4ServerEndpoint,
    wrapClientTLS,
    wrapServerTLS,
)
from twisted.internet._endpoints._tls import WrappedClientEndpoint as _WrapperEndpoint
from twisted.internet._endpoints._tls import WrappedServerEndpoint as _WrapperServerEndpoint
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory

__all__ = [
    "_WrapperEndpoint",
    "_WrapperServerEndpoint",
    "AdoptedStreamServerEndpoint",
    "HostnameEndpoint",
    "ProcessEndpoint",
    "SSL4ClientEndpoint",
    "SSL4ServerEndpoint",
    "StandardErrorBehavior",
    "StandardIOEndpoint",
    "TCP4ClientEndpoint",
    "TCP4ServerEndpoint",
    "TCP6ClientEndpoint",
    "TCP6ServerEndpoint",
    "UNIXClientEndpoint",
    "UNIXServerEndpoint",
    "clientFromString",
    "connectProtocol",
    "quoteStringArgument",
    "serverFromString",
    "wrapClientTLS",
    "wrapServerTLS",
]


class _OneProtocolFactory(Factory):
    """Gives one protocol that was made before."""

    noisy = False

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol

    def buildProtocol(self, addr: Any) -> Any:
        """The protocol."""
        return self._protocol


def connectProtocol(endpoint: Any, protocol: Any) -> Deferred[Any]:
    """
    Connect a protocol that needs no factory.

    @return: fires with the protocol when it is connected.
    """
    connected: Deferred[Any] = endpoint.connect(_OneProtocolFactory(protocol))
    return connected


_parse = _strings.parse
_SystemdParser = partial(ServerParser, "systemd")
_TCP6ServerParser = partial(ServerParser, "tcp6")
_StandardIOParser = partial(ServerParser, "stdio")
_TLSServerEndpointParser = partial(ServerParser, "tls")
_TLSClientEndpointParser = partial(ClientParser, "tls")

for _module in (_hostname, _plain, _process, _strings, _tls):
    for _name in __all__:
        _value = getattr(_module, _name, None)
        if getattr(_value, "__module__", None) == _module.__name__:
            _value.__module__ = __name__
del _module, _name, _value
