"""The reactor on loops of asyncio: both worlds in one thread."""

from __future__ import annotations

import asyncio
import contextvars
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from twisted.internet import defer, error
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.protocol import Protocol


def loops() -> Iterator[Callable[[], asyncio.AbstractEventLoop]]:
    yield asyncio.SelectorEventLoop
    try:
        import uvloop
    except ImportError:
        return
    yield uvloop.new_event_loop


@pytest.fixture(params=list(loops()), ids=lambda make: make.__module__)
def on(request: pytest.FixtureRequest, kit: Any, errors: Any) -> Iterator[AsyncioSelectorReactor]:
    """A reactor on each kind of loop."""
    made = AsyncioSelectorReactor(request.param())
    yield made
    kit.dispose(made)


class Echo(Protocol):
    def dataReceived(self, data: bytes) -> None:
        self.transport.write(data)


def test_tcp(on: Any, kit: Any) -> None:
    pair = kit.Pair(on, server=Echo)
    client = pair.clientFactory.proto
    client.transport.write(b"x" * 2_000_000)
    kit.spin(on, lambda: len(client.received) == 2_000_000)
    client.transport.loseConnection()
    kit.spin(on, lambda: client.lost)
    assert client.lost.check(error.ConnectionDone)


def test_what_a_task_writes_is_sent(on: Any, kit: Any) -> None:
    pair = kit.Pair(on, server=Echo)
    client = pair.clientFactory.proto

    async def write() -> None:
        await asyncio.sleep(0)
        client.transport.write(b"from a task")

    task = on._asyncioEventloop.create_task(write())
    kit.spin(on, lambda: client.received)
    assert task.done()


def test_timers_in_order_and_moved(on: Any, kit: Any) -> None:
    order: list[str] = []
    late = on.callLater(60, order.append, "moved here")
    on.callLater(0.02, order.append, "second")
    on.callLater(0.01, late.reset, 0)
    cancelled = on.callLater(0, order.append, "never")
    cancelled.cancel()
    on.callLater(0.03, on.stop)
    kit.run(on)
    assert order == ["moved here", "second"]


def test_threads(on: Any, kit: Any) -> None:
    got: list[object] = []

    def inThread() -> None:
        on.callFromThread(got.append, 1)
        on.callFromThread(on.stop)

    kit.run(on, lambda: on.callInThread(inThread))
    assert got == [1]


def test_coroutine_waits_for_both(on: Any, kit: Any) -> None:
    loop = on._asyncioEventloop
    got: list[object] = []

    async def both() -> None:
        deferred: defer.Deferred[str] = defer.Deferred()
        on.callLater(0.001, deferred.callback, "Deferred")
        got.append(await deferred.asFuture(loop))
        await asyncio.sleep(0)
        future = loop.create_future()
        loop.call_soon(future.set_result, "future")
        got.append(await future)

    done = defer.Deferred.fromFuture(asyncio.ensure_future(both(), loop=loop))
    done.addBoth(lambda result: (got.append(result), on.stop()))
    kit.run(on)
    assert got == ["Deferred", "future", None]


def test_deferred_coroutine_awaits_futures(on: Any, kit: Any) -> None:
    loop = on._asyncioEventloop
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")
    got: list[object] = []

    async def mixed() -> str:
        variable.set("mine")
        future = loop.create_future()
        loop.call_later(0.001, future.set_result, 5)
        got.append(await future)
        deferred: defer.Deferred[int] = defer.Deferred()
        on.callLater(0.001, deferred.callback, 6)
        got.append(await deferred)
        return variable.get()

    def start() -> None:
        d = defer.Deferred.fromCoroutine(mixed())
        d.addBoth(lambda result: (got.append(result), on.stop()))

    kit.run(on, start)
    assert got == [5, 6, "mine"]
    assert variable.get("nothing") == "nothing"


def test_cancelled_while_awaiting_a_future(on: Any, kit: Any) -> None:
    future = on._asyncioEventloop.create_future()
    ended: list[str] = []

    async def waits() -> None:
        try:
            await future
        finally:
            ended.append("cleaned up")

    d = defer.Deferred.fromCoroutine(waits())
    failed: list[Any] = []
    d.addErrback(failed.append)
    d.cancel()
    kit.spin(on, lambda: failed)
    assert future.cancelled()
    assert ended == ["cleaned up"]
    assert failed[0].check(defer.CancelledError, asyncio.CancelledError)


def test_reactor_within_a_running_loop() -> None:
    """A program of asyncio may run the loop itself."""
    loop = asyncio.SelectorEventLoop()
    reactor = AsyncioSelectorReactor(loop)
    called: list[int] = []

    async def main() -> None:
        reactor.startRunning(installSignalHandlers=False)
        done: defer.Deferred[None] = defer.Deferred()
        reactor.callLater(0.001, called.append, 1)
        reactor.callLater(0.002, done.callback, None)
        await done.asFuture(loop)

    loop.run_until_complete(main())
    assert called == [1]
    waker = reactor.waker
    reactor.removeReader(waker)
    waker.connectionLost(None)
    loop.close()


def test_loop_that_watches_nothing() -> None:
    with pytest.raises(TypeError, match="add_reader"):
        AsyncioSelectorReactor(asyncio.AbstractEventLoop())


def test_installed() -> None:
    program = (
        "import asyncio\n"
        "from twisted.internet import asyncioreactor\n"
        "asyncioreactor.install()\n"
        "from twisted.internet import reactor\n"
        "print(type(reactor).__name__)\n"
        "async def main():\n"
        "    await asyncio.sleep(0)\n"
        "    reactor.stop()\n"
        "asyncio.ensure_future(main(), loop=reactor._asyncioEventloop)\n"
        "reactor.run()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.stdout == "AsyncioSelectorReactor\n"
    assert done.stderr == ""
