"""
What type checkers make of the public API: nothing here is run, but every line has to hold.

`nox -s types` checks it.
"""

from collections.abc import Generator
from typing import Any, assert_type

from twisted.internet import reactor, typed
from twisted.internet.defer import (
    Deferred,
    ensureDeferred,
    gatherResults,
    inlineCallbacks,
    maybeDeferred,
    succeed,
)
from twisted.internet.endpoints import clientFromString, serverFromString
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock, deferLater
from twisted.internet.tcp import Connection
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure

number: Deferred[int] = succeed(1)


def later(value: int) -> Deferred[str]:
    """A result that comes later."""
    return succeed(str(value))


async def coroutine(value: int) -> bytes:
    """Awaits what a Deferred brings."""
    assert_type(await number, int)
    return b""


def recovered(failure: Failure, default: float) -> float:
    """A result in the place of a failure."""
    return default


@inlineCallbacks
def generator(value: int) -> Generator[Deferred[Any], Any, list[str]]:
    """A function of the older kind."""
    yield succeed(value)
    return []


# Callbacks change the type of the result.
assert_type(number.addCallback(str), Deferred[str])
assert_type(number.addCallback(later), Deferred[str])
assert_type(number.addCallback(pow, 2), Deferred[Any])
assert_type(number.addErrback(recovered, 0.5), Deferred[int | float])
assert_type(number.addErrback(recovered, default=0.5), Deferred[int | float])
assert_type(number.addBoth(later), Deferred[str])
assert_type(number.addCallbacks(later, lambda failure: b""), Deferred[str | bytes])
assert_type(number.addCallbacks(str), Deferred[str])
assert_type(number.addTimeout(5, reactor), Deferred[int])
number.addCallback(later, 1)  # type: ignore[call-overload]
number.addErrback(recovered)  # type: ignore[call-overload]

# What makes a Deferred knows of what.
assert_type(maybeDeferred(later, 1), Deferred[str])
assert_type(maybeDeferred(coroutine, 1), Deferred[bytes])
assert_type(maybeDeferred(len, "x"), Deferred[int])
maybeDeferred(later, "x")  # type: ignore[call-overload]
assert_type(deferToThread(len, "x"), Deferred[int])
deferToThread(later, "x")  # type: ignore[arg-type]
assert_type(generator(1), Deferred[list[str]])
generator("x")  # type: ignore[arg-type]
assert_type(ensureDeferred(coroutine(1)), Deferred[bytes])
assert_type(Deferred.fromCoroutine(coroutine(1)), Deferred[bytes])
assert_type(gatherResults([number, succeed(2)]), Deferred[list[int]])
assert_type(deferLater(reactor, 1, len, "x"), Deferred[int])
assert_type(deferLater(reactor, 1, later, 1), Deferred[str])
assert_type(deferLater(reactor, 1), Deferred[None])

# The reactor, and what stands in for it.
reactor.callLater(1, print, "x").cancel()
assert_type(reactor.seconds(), float)
assert_type(reactor.listenTCP(0, Factory()), typed.ListeningPort)
reactor.callLater(1, later, "x")  # type: ignore[arg-type]
reactor.nothing()  # type: ignore[attr-defined]


def waits(clock: typed.ReactorTime) -> None:
    """Uses time alone."""
    clock.callLater(1, print)


def connects(maker: typed.ReactorTCP) -> None:
    """Uses TCP alone."""
    maker.connectTCP("localhost", 1, Factory())


waits(reactor)
waits(Clock())
waits(MemoryReactorClock())
waits(EPollReactor())
connects(reactor)
connects(EPollReactor())
connects(Clock())  # type: ignore[arg-type]
everything: typed.Reactor = EPollReactor()


# Transports, protocols, endpoints.
def talks(transport: typed.Transport, protocol: typed.StreamProtocol) -> None:
    """Uses the smallest of them."""
    transport.write(b"x")
    protocol.makeConnection(transport)


def closes(transport: typed.TLSTransport) -> None:
    """Uses the largest of them."""
    transport.abortConnection()


def serves(server: typed.StreamServerEndpoint, client: typed.StreamClientEndpoint) -> None:
    """Uses both ends."""
    server.listen(Factory())
    client.connect(Factory())


def uses(connection: Connection) -> None:
    """Uses what reactors make."""
    talks(connection, Protocol())
    closes(connection)


talks(StringTransport(), Protocol())
serves(serverFromString(reactor, "tcp:80"), clientFromString(reactor, "tcp:localhost:80"))
