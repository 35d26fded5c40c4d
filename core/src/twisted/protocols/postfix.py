"""Tables for Postfix, by its ``tcp_table(5)`` protocol."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote as _quote
from urllib.parse import unquote_to_bytes

from twisted.internet import defer, protocol
from twisted.logger import Logger
from twisted.protocols import basic, policies
from twisted.python.failure import Failure

__all__ = [
    "PostfixTCPMapDeferringDictServerFactory",
    "PostfixTCPMapDictServerFactory",
    "PostfixTCPMapServer",
    "quote",
    "unquote",
]

_log = Logger()


def quote(s: bytes) -> bytes:
    """`s` with all but letters, digits and harmless marks as ``%`` and two hexadecimal digits."""
    return _quote(s, safe="/._-~@").encode("ascii").replace(b"@", b"%40")


def unquote(s: bytes) -> bytes:
    """What `quote` made `s` of."""
    return unquote_to_bytes(s)


class PostfixTCPMapServer(basic.LineReceiver, policies.TimeoutMixin):
    """
    Answers look-ups, by the factory's ``get(key)``, which may return a `Deferred`.
    """

    timeout = 600
    delimiter = b"\n"
    MAX_LENGTH = 4096

    def connectionMade(self) -> None:
        """Wait for a request."""
        self.setTimeout(self.timeout)

    def connectionLost(self, reason: object = None) -> None:
        """Wait no longer."""
        self.setTimeout(None)

    def sendCode(self, code: int, message: bytes = b"") -> None:
        """Answer."""
        self.sendLine(b"%d %s" % (code, message[: self.MAX_LENGTH - 10]))

    def lineReceived(self, line: bytes) -> None:
        """Take a request."""
        self.resetTimeout()
        request, _, parameters = line.partition(b" ")
        method = self._METHODS.get(request)
        if method is None:
            self.sendCode(400, b"unknown command")
            return
        name, wanted = method
        arguments = parameters.split(b" ", wanted - 1) if parameters else []
        if len(arguments) != wanted:
            self.sendCode(400, b"Command '%s' takes %d parameters." % (request, wanted))
            return
        getattr(self, name)(*(unquote(argument) for argument in arguments))

    _METHODS: ClassVar[Mapping[bytes, tuple[str, int]]] = {
        b"get": ("do_get", 1),
        b"put": ("do_put", 2),
    }

    def do_get(self, key: bytes) -> None:
        """Look a key up, and answer."""
        found = defer.maybeDeferred(self.factory.get, key)
        found.addCallbacks(self._found, self._notFound)
        found.addErrback(lambda failure: _log.failure("A look-up has failed", failure))

    def _found(self, value: bytes | None) -> None:
        if value is None:
            self.sendCode(500)
        else:
            self.sendCode(200, quote(value))

    def _notFound(self, failure: Failure) -> None:
        text = str(failure.value).encode("utf-8")
        self.sendCode(400, text.replace(b"\r", b" ").replace(b"\n", b" "))

    def do_put(self, key: bytes, value: bytes) -> None:
        """Refuse to change the table."""
        self.sendCode(500, b"put is not implemented yet.")


class PostfixTCPMapDictServerFactory(UserDict[bytes, bytes], protocol.ServerFactory):
    """A table that is a mapping of octets to octets."""

    protocol = PostfixTCPMapServer


class PostfixTCPMapDeferringDictServerFactory(protocol.ServerFactory):
    """
    A table that answers by `Deferred`.

    @param data: what it has: a mapping of octets to octets.
    """

    protocol = PostfixTCPMapServer

    def __init__(self, data: Mapping[bytes, bytes] | None = None) -> None:
        self.data: dict[bytes, bytes] = dict(data or {})

    def get(self, key: bytes) -> defer.Deferred[Any]:
        """
        The value of a key.

        @return: fires with it, or with None.
        """
        return defer.succeed(self.data.get(key))
