"""
What the tests of reactors and transports share: a reactor of each kind, and the errors it logs.
"""

from __future__ import annotations

import asyncio
import errno
import os
import select
import socket
import stat
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest

from twisted.internet._hosted import HostedReactor
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.kqreactor import KQueueReactor
from twisted.internet.pollreactor import PollReactor
from twisted.internet.protocol import ClientFactory, Factory, Protocol
from twisted.internet.selectreactor import SelectReactor
from twisted.internet.uvloopreactor import UVLoopReactor
from twisted.logger import globalLogPublisher
from twisted.python.failure import Failure

REACTORS = [
    kind
    for kind, needed in ((EPollReactor, "epoll"), (PollReactor, "poll"), (SelectReactor, "select"))
    if hasattr(select, needed)
]


class FakeKqueue:
    """What the module `select` has on macOS and the BSDs, by way of poll."""

    KQ_FILTER_READ, KQ_FILTER_WRITE = -1, -2
    KQ_EV_ADD, KQ_EV_DELETE, KQ_EV_EOF = 1, 2, 0x8000

    class kevent:
        def __init__(self, ident: int, filter: int = -1, flags: int = 1) -> None:
            self.ident, self.filter, self.flags = ident, filter, flags

    class kqueue:
        BITS: ClassVar[dict[int, int]] = {-1: select.POLLIN, -2: select.POLLOUT}

        def __init__(self) -> None:
            self._bits: dict[int, int] = {}
            self._poll = select.poll()

        def control(self, changes: Any, most: int, timeout: float | None = None) -> list[Any]:
            for change in changes or ():
                self._change(change)
            if not most:
                return []
            found = self._poll.poll(None if timeout is None else timeout * 1000)
            events = []
            for fd, bits in found:
                if bits & select.POLLNVAL:
                    # A kqueue forgets a descriptor that is closed.
                    self._poll.unregister(fd)
                    del self._bits[fd]
                    continue
                over = bits & (select.POLLHUP | select.POLLERR)
                for filter, bit in self.BITS.items():
                    if self._bits[fd] & bit and (bits & bit or over):
                        flags = FakeKqueue.KQ_EV_EOF if over else 0
                        events.append(FakeKqueue.kevent(fd, filter, flags))
            return events[:most]

        def _change(self, change: Any) -> None:
            fd, bit = change.ident, self.BITS[change.filter]
            mode = os.fstat(fd).st_mode
            if stat.S_ISREG(mode):
                raise OSError(errno.EINVAL, "not with plain files")
            bits = self._bits.get(fd, 0)
            if change.flags & FakeKqueue.KQ_EV_DELETE:
                if not bits & bit:
                    raise FileNotFoundError(errno.ENOENT, "not watched")
                bits &= ~bit
            else:
                bits |= bit
            self._bits[fd] = bits
            if bits:
                self._poll.register(fd, bits)
            else:
                self._poll.unregister(fd)
                del self._bits[fd]

        def close(self) -> None:
            """Nothing is open."""


def onKqueue() -> KQueueReactor:
    """A reactor on kqueue, which is not there."""
    return KQueueReactor(FakeKqueue)


def onAsyncio() -> AsyncioSelectorReactor:
    """A reactor on a new loop of asyncio."""
    return AsyncioSelectorReactor(asyncio.SelectorEventLoop())


class Hosted(HostedReactor):
    """A reactor in the loop of a user interface that shows nothing."""

    def __init__(self) -> None:
        self.calls: list[list[Any]] = []
        self.loops: list[bool] = []
        super().__init__()

    def _watchPoller(self, fd: int, ready: Callable[[], None]) -> None:
        self.fd, self.ready = fd, ready

    def _later(self, seconds: float, call: Callable[[], None]) -> Callable[[], object]:
        entry = [time.monotonic() + seconds, call]
        self.calls.append(entry)
        return lambda: self.calls.remove(entry)

    def _runHost(self) -> None:
        self.loops.append(True)
        while self.loops[-1]:
            moment = min((each[0] for each in self.calls), default=None)
            wait = None if moment is None else max(0, moment - time.monotonic())
            if select.select([self.fd], [], [], wait)[0]:
                self.ready()
            for entry in [each for each in self.calls if each[0] <= time.monotonic()]:
                if entry in self.calls:
                    self.calls.remove(entry)
                    entry[1]()
        self.loops.pop()

    def _quitHost(self) -> None:
        self.loops[-1] = False


def onUvloop() -> UVLoopReactor:
    """A reactor whose bytes uvloop carries."""
    return UVLoopReactor()


def onHost() -> Hosted:
    """A reactor in the loop of a user interface."""
    return Hosted()


REACTORS.append(onKqueue)  # type: ignore[arg-type]
POLLING = REACTORS
WATCHING = [*POLLING, onAsyncio, onHost]  # type: ignore[list-item]
REACTORS = [*WATCHING, onUvloop]  # type: ignore[list-item]

#: How many seconds a reactor may run in a test before it counts as hung.
LIMIT = 8


class Errors(list[Failure]):
    """The failures that were logged; a test takes those that it expects."""

    def take(self, *kinds: type[BaseException]) -> list[BaseException]:
        """Remove and give back the logged exceptions of some kinds."""
        taken = [f for f in self if isinstance(f.value, kinds)]
        for failure in taken:
            self.remove(failure)
        return [f.value for f in taken]


@pytest.fixture
def events() -> Iterator[list[dict[str, Any]]]:
    """Every event that is logged during the test."""
    collected: list[dict[str, Any]] = []
    globalLogPublisher.addObserver(collected.append)
    yield collected
    globalLogPublisher.removeObserver(collected.append)


@pytest.fixture
def errors() -> Iterator[Errors]:
    """The failures logged during the test; those left at its end make it fail."""
    collected = Errors()

    def observe(event: dict[str, Any]) -> None:
        if "log_failure" in event:
            collected.append(event["log_failure"])

    globalLogPublisher.addObserver(observe)
    yield collected
    globalLogPublisher.removeObserver(observe)
    assert not collected


@pytest.fixture(params=REACTORS, ids=lambda kind: kind.__name__)
def reactor(request: pytest.FixtureRequest, errors: Errors) -> Iterator[Any]:
    """A reactor of each kind, which is taken apart at the end."""
    made = request.param()
    yield made
    dispose(made)


@pytest.fixture(params=WATCHING, ids=lambda kind: kind.__name__)
def watching(request: pytest.FixtureRequest, errors: Errors) -> Iterator[Any]:
    """A reactor of each kind that has all sockets to itself."""
    made = request.param()
    yield made
    dispose(made)


@pytest.fixture(params=POLLING, ids=lambda kind: kind.__name__)
def polling(request: pytest.FixtureRequest, errors: Errors) -> Iterator[Any]:
    """A reactor of each kind that has a loop of its own."""
    made = request.param()
    yield made
    dispose(made)


@pytest.fixture
def epoll(errors: Errors) -> Iterator[EPollReactor]:
    """The default reactor of Linux, where one kind is enough."""
    made = EPollReactor()
    yield made
    dispose(made)


def dispose(reactor: Any) -> None:
    """Close all that a reactor has open, and what is about to be closed."""
    reactor.runUntilCurrent()
    reactor.disconnectAll()
    if isinstance(reactor, UVLoopReactor):
        # Its loop closes sockets in turns of its own.
        for _ in range(3):
            reactor.iterate()
    if reactor.threadpool is not None:
        reactor._stopThreadPool()
    waker = reactor.waker
    reactor.removeReader(waker)
    waker.connectionLost(None)
    for owned in ("_poller", "_asyncioEventloop"):
        close = getattr(getattr(reactor, owned, None), "close", None)
        if close is not None:
            close()


def run(reactor: Any, start: Callable[[], object] | None = None) -> None:
    """Run a reactor until the test stops it; fail if it never does."""

    def hung() -> None:
        reactor.stop()
        raise AssertionError("the reactor was not stopped in time")

    guard = reactor.callLater(LIMIT, hung)
    if start is not None:
        reactor.callWhenRunning(start)
    reactor.run(installSignalHandlers=False)
    assert guard.active(), "the reactor was not stopped in time"
    guard.cancel()


def spin(reactor: Any, until: Callable[[], object], turns: int = 2000) -> None:
    """Iterate a reactor until something is true; fail if it never is."""
    for _ in range(turns):
        if until():
            return
        reactor.iterate(0.005)
    raise AssertionError("it did not happen")


def freePort() -> int:
    """The number of a TCP port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def listens(port: int) -> bool:
    """Whether a program listens on a TCP port of 127.0.0.1."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Recorder(Protocol):
    """A protocol that keeps what happens to it."""

    def __init__(self) -> None:
        self.made = False
        self.received = b""
        self.lost: Failure | None = None

    def connectionMade(self) -> None:
        self.made = True

    def dataReceived(self, data: bytes) -> None:
        self.received += data

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        assert self.lost is None, "connectionLost came twice"
        self.lost = reason


class Server(Factory):
    """A factory that keeps its protocols."""

    noisy = False

    def __init__(self, make: Callable[[], Any] = Recorder) -> None:
        self.make = make
        self.protocols: list[Any] = []

    def buildProtocol(self, addr: Any) -> Any:
        made = self.make()
        made.factory = self
        self.protocols.append(made)
        return made


class Client(ClientFactory):
    """A client factory that keeps its protocol and what becomes of its connection."""

    noisy = False

    def __init__(self, make: Callable[[], Any] = Recorder) -> None:
        self.make = make
        self.proto: Any = None
        self.failed: Failure | None = None
        self.lost: Failure | None = None

    def buildProtocol(self, addr: Any) -> Any:
        self.proto = self.make()
        self.proto.factory = self
        return self.proto

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        self.failed = reason

    def clientConnectionLost(self, connector: Any, reason: Failure) -> None:
        self.lost = reason


class Pair:
    """Both ends of a connection over 127.0.0.1."""

    def __init__(
        self,
        reactor: Any,
        server: Callable[[], Any] = Recorder,
        client: Callable[[], Any] = Recorder,
    ) -> None:
        self.reactor = reactor
        self.serverFactory = Server(server)
        self.clientFactory = Client(client)
        self.port = reactor.listenTCP(0, self.serverFactory, interface="127.0.0.1")
        self.connector = reactor.connectTCP(
            "127.0.0.1", self.port.getHost().port, self.clientFactory
        )
        spin(
            reactor,
            lambda: (
                self.serverFactory.protocols
                and self.serverFactory.protocols[0].transport is not None
                and self.clientFactory.proto is not None
            ),
        )

    @property
    def server(self) -> Any:
        """The protocol of the side that listened."""
        return self.serverFactory.protocols[0]

    @property
    def client(self) -> Any:
        """The protocol of the side that connected."""
        return self.clientFactory.proto

    def spin(self, until: Callable[[], object]) -> None:
        """Iterate the reactor until something is true."""
        spin(self.reactor, until)


@pytest.fixture
def kit() -> Any:
    """The helpers of this module, for tests cannot import it."""
    return sys.modules[__name__]
