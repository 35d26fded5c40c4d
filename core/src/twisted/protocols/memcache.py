"""
A client of memcached, by its text protocol
(https://github.com/memcached/memcached/blob/master/doc/protocol.txt)::

    memcache = await connectProtocol(endpoint, MemCacheProtocol())
    await memcache.set(b"key", b"value")
    flags, value = await memcache.get(b"key")

Commands are sent at once, however many are under way; answers come in the same order. The answer
that a command is waiting for must begin within `MemCacheProtocol.persistentTimeOut` seconds, and
so must whatever follows in it: otherwise the connection ends.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from twisted.internet.defer import Deferred, TimeoutError, fail
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.protocols.basic import LineReceiver
from twisted.protocols.policies import TimeoutMixin
from twisted.python.failure import Failure

__all__ = ["DEFAULT_PORT", "ClientError", "MemCacheProtocol", "NoSuchCommand", "ServerError"]

_log = Logger()

#: The port of memcached.
DEFAULT_PORT = 11211

#: Numbers of memcached have 64 bits.
_MOST_DIGITS = 20

_NOT_IN_KEYS = re.compile(rb"[\x00-\x20\x7f]")


class NoSuchCommand(Exception):
    """The server does not know the command."""


class ClientError(Exception):
    """The command makes no sense: to the server, or before it was sent."""


class ServerError(Exception):
    """The server has failed."""


class _Command:
    """
    A command that has been sent, and what has come of its answer.

    @ivar kind: its name.
    @ivar done: fires with the result.
    """

    def __init__(self, kind: str, **attributes: Any) -> None:
        self.kind = kind
        self.done: Deferred[Any] = Deferred()
        self.keys: list[bytes] = []
        self.identified = False
        self.multiple = False
        self.values: dict[bytes, Any] = {}
        vars(self).update(attributes)

    def succeed(self, value: Any) -> None:
        """It has been done."""
        if not self.done.called:
            self.done.callback(value)

    def fail(self, failure: Any) -> None:
        """It has not."""
        if not self.done.called:
            self.done.errback(failure)


class MemCacheProtocol(LineReceiver, TimeoutMixin):
    """
    A connection to memcached.

    Values, keys and what tells versions of a value apart are octets.

    @param timeOut: how long an answer may take, in seconds.
    @cvar MAX_KEY_LENGTH: how long a key may be, in octets.
    @cvar MAX_VALUE_LENGTH: how long a value from the server may be, in octets.
    @cvar MAX_STATISTICS: how many numbers the server may answer `stats` with.
    """

    MAX_KEY_LENGTH: ClassVar[int] = 250
    MAX_VALUE_LENGTH: ClassVar[int] = 128 * 1024 * 1024
    MAX_STATISTICS: ClassVar[int] = 10_000

    _disconnected = False

    def __init__(self, timeOut: int = 60) -> None:
        self._current: deque[_Command] = deque()
        self.persistentTimeOut = self.timeOut = timeOut
        # The value that is being received: key, flags, version, pieces, and how much is to come.
        self._receiving: tuple[bytes, int, bytes] | None = None
        self._pieces: list[bytes] = []
        self._left = 0

    # Connection

    def sendLine(self, line: bytes) -> None:
        """Send a line, and wait for the answer."""
        if not self._current:
            self.setTimeout(self.persistentTimeOut)
        super().sendLine(line)

    def timeoutConnection(self) -> None:
        """The answer does not come: nobody gets one, and the connection ends."""
        self._cancelCommands(Failure(TimeoutError("Connection timeout")))
        LineReceiver.clearLineBuffer(self)
        self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Nobody gets an answer any more."""
        self._disconnected = True
        self.setTimeout(None)
        self._cancelCommands(reason)
        LineReceiver.connectionLost(self, reason)

    def _cancelCommands(self, reason: Failure) -> None:
        while self._current:
            self._current.popleft().fail(reason)

    # Answers

    def rawDataReceived(self, data: bytes) -> None:
        """Take a part of a value."""
        self.resetTimeout()
        self._pieces.append(data[: self._left])
        rest = data[self._left :]
        self._left -= len(self._pieces[-1])
        if self._left:
            return
        value = b"".join(self._pieces)[:-2]
        self._pieces = []
        assert self._receiving is not None
        key, flags, version = self._receiving
        self._receiving = None
        command = self._current[0]
        command.values[key] = (flags, version, value) if command.identified else (flags, value)
        self.setLineMode(rest)

    def _broken(self, why: str) -> None:
        """What the server says makes no sense: end the connection."""
        self._cancelCommands(Failure(ServerError(why)))
        self.transport.abortConnection()

    def lineReceived(self, line: bytes) -> None:
        """Take a line of an answer."""
        self.resetTimeout()
        if line in (b"NOT STORED", b"NOT FOUND"):
            line = line.replace(b" ", b"_")
        word, _, rest = line.partition(b" ")
        name = f"cmd_{word.decode('latin-1')}"
        if not self._current:
            self._broken(f"an answer to nothing: {line!r}")
        elif word in _ANSWERS:
            method = getattr(self, name)
            if word in _WITH_TEXT:
                method(rest)
            else:
                method()
        elif word.isdigit() and len(word) <= _MOST_DIGITS:
            self._finish().succeed(int(word))
        else:
            self._broken(f"an answer that is not known: {line!r}")
        if not self._current:
            self.setTimeout(None)

    def _finish(self) -> _Command:
        return self._current.popleft()

    def cmd_STORED(self) -> None:
        """A value is stored."""
        self._finish().succeed(True)

    def cmd_NOT_STORED(self) -> None:
        """A value is not stored, since what it depends on is not so."""
        self._finish().succeed(False)

    def cmd_EXISTS(self) -> None:
        """A value has been changed by somebody else."""
        self._finish().succeed(False)

    def cmd_NOT_FOUND(self) -> None:
        """There is no such key."""
        self._finish().succeed(False)

    def cmd_DELETED(self) -> None:
        """A key is gone."""
        self._finish().succeed(True)

    def cmd_OK(self) -> None:
        """It has been done."""
        self._finish().succeed(True)

    def cmd_VALUE(self, line: bytes) -> None:
        """A value follows."""
        command = self._current[0]
        parts = line.split()
        wanted = 4 if command.identified else 3
        try:
            key, flags, length = parts[0], int(parts[1]), int(parts[2])
            version = parts[3] if wanted == 4 else b""
        except (IndexError, ValueError):
            self._broken(f"a value that makes no sense: {line!r}")
            return
        if key not in command.keys:
            self._broken(f"a value of another key: {line!r}")
            return
        if not 0 <= length <= self.MAX_VALUE_LENGTH:
            self._broken(f"a value that is too long: {line!r}")
            return
        self._receiving = key, flags, version
        self._left = length + 2
        self.setRawMode()

    def cmd_STAT(self, line: bytes) -> None:
        """One of the numbers asked for."""
        key, _, value = line.partition(b" ")
        command = self._current[0]
        if command.kind != "stats" or len(command.values) >= self.MAX_STATISTICS:
            self._broken(f"a number that nobody asked for: {line!r}")
            return
        command.values[key] = value

    def cmd_END(self) -> None:
        """There are no more values."""
        if self._current[0].kind not in ("get", "stats"):
            self._broken("the end of values that nobody asked for")
            return
        command = self._finish()
        if command.kind == "stats":
            command.succeed(command.values)
            return
        missing = (0, b"", None) if command.identified else (0, None)
        found = {key: command.values.get(key, missing) for key in command.keys}
        command.succeed(found if command.multiple else found[command.keys[0]])

    def cmd_VERSION(self, versionData: bytes) -> None:
        """The version of the server."""
        self._finish().succeed(versionData)

    def cmd_ERROR(self) -> None:
        """The server does not know the command."""
        self._finish().fail(NoSuchCommand())

    def cmd_CLIENT_ERROR(self, errText: bytes) -> None:
        """The command makes no sense."""
        _log.error("Invalid input: {text!r}", text=errText)
        self._finish().fail(ClientError(errText))

    def cmd_SERVER_ERROR(self, errText: bytes) -> None:
        """The server has failed."""
        _log.error("Server error: {text!r}", text=errText)
        self._finish().fail(ServerError(errText))

    # Commands

    def _send(
        self,
        command: _Command,
        line: Callable[[], bytes],
        keys: Iterable[bytes] = (),
        value: bytes | None = None,
    ) -> Deferred[Any]:
        if self._disconnected:
            return fail(RuntimeError("not connected"))
        for key in keys:
            if not isinstance(key, bytes):
                return fail(ClientError(f"a key is octets, not {type(key).__name__}"))
            if not 0 < len(key) <= self.MAX_KEY_LENGTH:
                return fail(ClientError(f"a key has 1 to {self.MAX_KEY_LENGTH} octets"))
            if _NOT_IN_KEYS.search(key):
                return fail(ClientError("a key has no spaces, and no control characters"))
        if value is not None and not isinstance(value, bytes):
            return fail(ClientError(f"a value is octets, not {type(value).__name__}"))
        self.sendLine(line() if value is None else line() + b"\r\n" + value)
        self._current.append(command)
        return command.done

    def increment(self, key: bytes, val: int = 1) -> Deferred[int | bool]:
        """
        Add to a value that is a number in digits.

        @return: fires with the new number, or with False if there is no such key.
        """
        return self._send(_Command("incr"), lambda: b"incr " + key + b" %d" % val, [key])

    def decrement(self, key: bytes, val: int = 1) -> Deferred[int | bool]:
        """
        Subtract from a value that is a number in digits; it does not become less than 0.

        @return: fires with the new number, or with False if there is no such key.
        """
        return self._send(_Command("decr"), lambda: b"decr " + key + b" %d" % val, [key])

    def _store(
        self, kind: str, key: bytes, val: bytes, flags: int, expireTime: int, cas: bytes = b""
    ) -> Deferred[bool]:
        def line() -> bytes:
            numbers = b" %d %d %d" % (flags, expireTime, len(val))
            return kind.encode("ascii") + b" " + key + numbers + (b" " + cas if cas else b"")

        return self._send(_Command(kind), line, [key, cas] if cas else [key], val)

    def set(self, key: bytes, val: bytes, flags: int = 0, expireTime: int = 0) -> Deferred[bool]:
        """
        Store a value.

        @param flags: a number that is kept with it.
        @param expireTime: when it is forgotten: in how many seconds, up to 30 days, or at which
            moment, in seconds since 1970; 0 for never.
        @return: fires with whether it is stored.
        """
        return self._store("set", key, val, flags, expireTime)

    def add(self, key: bytes, val: bytes, flags: int = 0, expireTime: int = 0) -> Deferred[bool]:
        """Store a value if there is none; parameters as those of `set`."""
        return self._store("add", key, val, flags, expireTime)

    def replace(
        self, key: bytes, val: bytes, flags: int = 0, expireTime: int = 0
    ) -> Deferred[bool]:
        """Store a value if there is one; parameters as those of `set`."""
        return self._store("replace", key, val, flags, expireTime)

    def append(self, key: bytes, val: bytes) -> Deferred[bool]:
        """Put octets after a value. @return: fires with whether there is one."""
        return self._store("append", key, val, 0, 0)

    def prepend(self, key: bytes, val: bytes) -> Deferred[bool]:
        """Put octets before a value. @return: fires with whether there is one."""
        return self._store("prepend", key, val, 0, 0)

    def checkAndSet(
        self, key: bytes, val: bytes, cas: bytes, flags: int = 0, expireTime: int = 0
    ) -> Deferred[bool]:
        """
        Store a value if nobody has changed it meanwhile; parameters as those of `set`.

        @param cas: the version of the value, as `get` gives it with ``withIdentifier``.
        @return: fires with whether it is stored.
        """
        return self._store("cas", key, val, flags, expireTime, cas)

    def get(self, key: bytes, withIdentifier: bool = False) -> Deferred[Any]:
        """
        The value of a key.

        @param withIdentifier: whether its version is wanted, too.
        @return: fires with its flags, its version if wanted, and the value, which is None if there
            is no such key.
        """
        return self._get([key], withIdentifier, False)

    def getMultiple(
        self, keys: Iterable[bytes], withIdentifier: bool = False
    ) -> Deferred[dict[bytes, Any]]:
        """The values of several keys. @return: fires with a mapping of keys to what `get` gives."""
        return self._get(list(keys), withIdentifier, True)

    def _get(self, keys: list[bytes], identified: bool, multiple: bool) -> Deferred[Any]:
        command = _Command("get", keys=keys, identified=identified, multiple=multiple)
        name = b"gets " if identified else b"get "
        return self._send(command, lambda: name + b" ".join(keys), keys)

    def stats(self, arg: bytes | None = None) -> Deferred[dict[bytes, bytes]]:
        """
        Numbers about the server.

        @param arg: which, such as ``items``.
        """
        line = b"stats" if not arg else b"stats " + arg
        return self._send(_Command("stats"), lambda: line, [arg] if arg else [])

    def version(self) -> Deferred[bytes]:
        """The version of the server."""
        return self._send(_Command("version"), lambda: b"version")

    def delete(self, key: bytes) -> Deferred[bool]:
        """Forget a value. @return: fires with whether there was one."""
        return self._send(_Command("delete"), lambda: b"delete " + key, [key])

    def flushAll(self) -> Deferred[bool]:
        """Forget all values."""
        return self._send(_Command("flush_all"), lambda: b"flush_all")


_WITH_TEXT = frozenset([b"VALUE", b"STAT", b"VERSION", b"CLIENT_ERROR", b"SERVER_ERROR"])
_ANSWERS = _WITH_TEXT | {
    b"STORED",
    b"NOT_STORED",
    b"EXISTS",
    b"NOT_FOUND",
    b"DELETED",
    b"OK",
    b"END",
    b"ERROR",
}
