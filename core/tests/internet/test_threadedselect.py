"""The reactor that waits in another thread, alone and among the events of another loop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import Empty, Queue
from typing import Any

import pytest

from twisted.internet._threadedselect import ThreadedSelectReactor
from twisted.internet.protocol import Protocol


class Echo(Protocol):
    def dataReceived(self, data: bytes) -> None:
        self.transport.write(data)


@pytest.fixture
def threaded(kit: Any, errors: Any) -> Iterator[ThreadedSelectReactor]:
    made = ThreadedSelectReactor()
    yield made
    kit.dispose(made)


def test_runs_alone(threaded: Any, kit: Any) -> None:
    order: list[object] = []
    threads: set[int] = set()
    client = kit.Client()

    def received(data: bytes) -> None:
        threads.add(threading.get_ident())
        order.append(data)
        client.proto.transport.loseConnection()
        threaded.callLater(0.01, threaded.stop)

    def start() -> None:
        port = threaded.listenTCP(0, kit.Server(Echo), interface="127.0.0.1")
        threaded.connectTCP("127.0.0.1", port.getHost().port, client)
        threaded.callLater(0.02, send)
        threaded.callInThread(lambda: threaded.callFromThread(order.append, "from a thread"))

    def send() -> None:
        client.proto.dataReceived = received
        client.proto.transport.write(b"hello")

    kit.run(threaded, start)
    assert order == ["from a thread", b"hello"]
    assert threads == {threading.get_ident()}


class Loop:
    """Another loop, such as that of a user interface."""

    def __init__(self) -> None:
        self.queue: Queue[Callable[[], None]] = Queue()

    def until(self, holds: Callable[[], object]) -> None:
        while not holds():
            try:
                self.queue.get(timeout=10)()
            except Empty:
                raise AssertionError("it did not happen") from None


def test_among_the_events_of_another_loop(threaded: Any, kit: Any) -> None:
    loop = Loop()
    called: list[str] = []
    threaded.interleave(loop.queue.put, installSignalHandlers=False)
    # What the other loop does is noticed at once, though the reactor waits.
    threaded.callLater(0.001, called.append, "timer")
    loop.until(lambda: called)
    late = threaded.callLater(60, called.append, "moved here")
    late.reset(0.001)
    loop.until(lambda: len(called) == 2)
    server = kit.Server(Echo)
    port = threaded.listenTCP(0, server, interface="127.0.0.1")
    client = kit.Client()
    threaded.connectTCP("127.0.0.1", port.getHost().port, client)
    loop.until(lambda: client.proto is not None and client.proto.made)
    client.proto.transport.write(b"x" * 500_000)
    loop.until(lambda: len(client.proto.received) == 500_000)
    threaded.addSystemEventTrigger("after", "shutdown", called.append, "over")
    client.proto.transport.abortConnection()
    loop.until(lambda: client.lost)
    threaded.stop()
    loop.until(lambda: "over" in called)
    assert called == ["timer", "moved here", "over"]


def test_runs_again_after_a_crash(threaded: Any, kit: Any) -> None:
    for _ in range(3):
        threaded.callLater(0.001, threaded.crash)
        threaded.run(installSignalHandlers=False)
    assert threading.active_count() < 10
