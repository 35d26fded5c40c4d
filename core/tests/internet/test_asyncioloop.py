"""A loop of asyncio that a reactor carries."""

from __future__ import annotations

import asyncio
import selectors
import socket
import sys
import threading

import pytest

from twisted.internet import asyncioloop
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure


@pytest.fixture
def carried(polling):
    """A loop that a reactor of each kind carries."""
    loop = asyncioloop.ReactorEventLoop(polling)
    yield loop
    loop._end()


def during(reactor, kit, work):
    """Run a coroutine as a task while the reactor runs. @return: what it returns."""
    got = []

    def begin():
        done = asyncioloop.runTask(work)
        done.addBoth(got.append)
        done.addBoth(lambda ignored: reactor.stop())

    kit.run(reactor, begin)
    (result,) = got
    if isinstance(result, Failure):
        raise result.value
    return result


def test_streams(polling, carried, kit):
    """Servers and clients of asyncio talk, much and little."""

    async def echo(reader, writer):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def work():
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"x" * 2_000_000)
        got = await reader.readexactly(2_000_000)
        writer.write_eof()
        rest = await reader.read()
        writer.close()
        server.close()
        await server.wait_closed()
        return len(got), rest

    assert during(polling, kit, work()) == (2_000_000, b"")


def test_time(polling, carried, kit):
    """Timers come in their order, and what takes too long is ended."""

    async def work():
        order = []

        async def after(seconds):
            await asyncio.sleep(seconds)
            order.append(seconds)

        await asyncio.gather(after(0.02), after(0), after(0.01))
        with pytest.raises(asyncio.TimeoutError):
            async with asyncio.timeout(0.01):
                await asyncio.sleep(60)
        asyncio.get_running_loop().call_later(60, order.append, "late").cancel()
        return order

    assert during(polling, kit, work()) == [0, 0.01, 0.02]


def test_both_kinds_of_awaitables(polling, carried, kit):
    """A coroutine of Deferreds awaits futures, and a task awaits Deferreds."""

    async def task():
        waiting = Deferred()
        polling.callLater(0.01, waiting.callback, "deferred")
        return await waiting.asFuture(carried)

    async def coroutine():
        future = carried.create_future()
        carried.call_later(0.01, future.set_result, "future")
        return await future, await asyncioloop.runTask(task())

    got = []

    def begin():
        done = Deferred.fromCoroutine(coroutine())
        done.addBoth(got.append).addBoth(lambda ignored: polling.stop())

    kit.run(polling, begin)
    assert got == [("future", "deferred")]


def test_threads_and_programs(polling, carried, kit):
    """What other threads hand over, and programs, wake the loop."""

    async def work():
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        threading.Thread(target=loop.call_soon_threadsafe, args=(future.set_result, 1)).start()
        program = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "print(2)", stdout=asyncio.subprocess.PIPE
        )
        output, _ = await program.communicate()
        found = await loop.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)
        return await future, int(output), await asyncio.to_thread(lambda: 3), found[0][4]

    assert during(polling, kit, work()) == (1, 2, 3, ("127.0.0.1", 80))


def test_cancelling(polling, carried, kit):
    """Cancelling the Deferred cancels the task, which may clean up."""
    cleaned = []

    async def forever():
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            cleaned.append(True)

    async def work():
        running = asyncioloop.runTask(forever())
        await asyncio.sleep(0)
        running.cancel()
        with pytest.raises((CancelledError, asyncio.CancelledError)):
            await running.asFuture(carried)
        await asyncio.sleep(0.01)

    during(polling, kit, work())
    assert cleaned == [True]


def test_tasks_end_before_the_reactor(polling, carried, kit):
    """When the reactor stops, tasks are cancelled, and waited for; then the loop is closed."""
    ended = []

    async def forever(name):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(0.01)
            ended.append(name)
            raise

    def begin():
        for name in "ab":
            carried.create_task(forever(name))
        polling.callLater(0.01, polling.stop)

    kit.run(polling, begin)
    assert sorted(ended) == ["a", "b"]
    assert carried.is_closed()
    assert asyncio._get_running_loop() is None
    with pytest.raises(RuntimeError):
        carried.call_soon(print)


def test_errors_are_told(polling, carried, kit):
    """What a callback raises goes to the loop's handler, and everything goes on."""
    told = []
    carried.set_exception_handler(lambda loop, context: told.append(context["exception"]))

    async def work():
        asyncio.get_running_loop().call_soon(lambda: 1 // 0)
        await asyncio.sleep(0.01)
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        during(polling, kit, work())
    assert [type(problem) for problem in told] == [ZeroDivisionError]


def test_what_the_loop_does_not_do(polling, carried):
    """The reactor runs it, and handles signals; a task needs a loop that runs."""
    with pytest.raises(RuntimeError, match=r"reactor\.run"):
        carried.run_forever()
    with pytest.raises(NotImplementedError):
        carried.add_signal_handler(2, print)
    assert carried.remove_signal_handler(2) is False

    async def nothing():
        """Nothing."""

    coroutine = nothing()
    with pytest.raises(RuntimeError):
        asyncioloop.runTask(coroutine)
    coroutine.close()
    # Before the reactor runs nothing is called.
    called = []
    carried.call_soon(called.append, 1)
    polling.runUntilCurrent()
    assert called == []


def test_stop(polling, carried, kit):
    """Whoever stops the loop stops the reactor."""
    kit.run(polling, lambda: carried.call_soon(carried.stop))
    assert not polling.running


def test_idle_loop_costs_nothing(polling, carried, kit):
    """Without anything to do, the loop schedules nothing."""

    async def work():
        await asyncio.sleep(0.01)
        return [call for call in polling.getDelayedCalls() if "asyncio" in repr(call.func)]

    assert during(polling, kit, work()) == []


def test_install(epoll):
    """A reactor has one loop; one that a loop carries has that."""
    loop = asyncioloop.install(epoll)
    assert asyncioloop.install(epoll) is loop
    assert asyncio.get_event_loop_policy().get_event_loop() is loop
    own = asyncio.SelectorEventLoop()
    carried = AsyncioSelectorReactor(own)
    assert asyncioloop.install(carried) is own
    asyncio.set_event_loop(None)
    carried.removeReader(carried.waker)
    carried.waker.connectionLost(None)
    own.close()
    loop._end()
    epoll._asyncioEventloop = None


class Watching(Clock):
    """A reactor that notes what it watches."""

    def __init__(self):
        super().__init__()
        self.readers, self.writers = set(), set()
        self.addReader, self.removeReader = self.readers.add, self.readers.discard
        self.addWriter, self.removeWriter = self.writers.add, self.writers.discard


def test_selector():
    """It watches what is registered, tells once what was found, and refuses nonsense."""
    reactor, woken = Watching(), []
    selector = asyncioloop._ReactorSelector(reactor, lambda: woken.append(1))
    one, other = socket.socketpair()
    with one, other:
        both = selectors.EVENT_READ | selectors.EVENT_WRITE
        key = selector.register(one, selectors.EVENT_READ, "data")
        assert selector.get_key(one) == selector.get_key(one.fileno()) == key
        assert selector.get_map() == {one.fileno(): key}
        (watched,) = reactor.readers
        assert (watched.fileno(), watched.logPrefix()) == (one.fileno(), "asyncio")
        selector.modify(one, both, "other")
        assert reactor.writers == {watched}
        watched.doRead()
        watched.doWrite()
        assert len(woken) == 2
        ((found, events),) = selector.select(5)
        assert (found.data, events) == ("other", both)
        assert selector.select() == []
        selector.modify(one, selectors.EVENT_WRITE)
        watched.connectionLost(None)
        assert selector.select()[0][1] == selectors.EVENT_WRITE
        assert reactor.readers == set()
        for nonsense in (0, 8):
            with pytest.raises(ValueError, match="events"):
                selector.register(other, nonsense)
        with pytest.raises(KeyError):
            selector.register(one.fileno(), both)
        watched.doWrite()
        selector.unregister(one)
        assert selector.select() == []
        with pytest.raises(KeyError):
            selector.get_key(one)
        selector.register(other, both)
        selector.close()
        assert reactor.readers == reactor.writers == set()


@pytest.mark.peer
@pytest.mark.timeout(60)
def test_aiohttp_and_httpx(epoll, kit):
    """Libraries made for asyncio work: time-outs, many at once, and both at the same time."""
    import aiohttp
    import httpx
    from aiohttp import web

    carried = asyncioloop.ReactorEventLoop(epoll)

    async def answer(request):
        if request.path == "/slow":
            await asyncio.sleep(60)
        return web.Response(text="hello " + request.path)

    async def work():
        application = web.Application()
        application.router.add_get("/{path}", answer)
        runner = web.AppRunner(application, shutdown_timeout=0.05)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/"

        async def get(session, path):
            async with session.get(url + path) as response:
                return await response.text()

        async with aiohttp.ClientSession() as session, httpx.AsyncClient() as client:
            texts = await asyncio.gather(*(get(session, str(number)) for number in range(50)))
            assert texts == [f"hello /{number}" for number in range(50)]
            assert (await client.get(url + "x", timeout=5)).text == "hello /x"
            with pytest.raises(httpx.ReadTimeout):
                await client.get(url + "slow", timeout=0.05)
            with pytest.raises(asyncio.TimeoutError):
                await session.get(url + "slow", timeout=aiohttp.ClientTimeout(total=0.05))
        await runner.cleanup()
        return "done"

    assert during(epoll, kit, work()) == "done"
    carried._end()


def test_tasks_that_begin_at_once(polling, carried, kit):
    """The first step of a task is taken at once, as a task's, and others in their turns."""
    steps = []

    async def inner():
        steps.append(("inner", asyncio.current_task() is not None))

    async def outer():
        steps.append(("outer", asyncio.current_task() is not None))
        task = asyncioloop.startTask(inner())
        steps.append("begun")
        await task
        await asyncio.sleep(0)
        return "result"

    def begin():
        task = asyncioloop.startTask(outer())
        # Within a task no other can be, so the inner one waits for its turn.
        assert steps == [("outer", True), "begun"]
        done = Deferred.fromFuture(task)
        done.addBoth(steps.append)
        done.addBoth(lambda ignored: polling.stop())

    kit.run(polling, begin)
    assert steps == [("outer", True), "begun", ("inner", True), "result"]


def test_lasting_tasks(polling, carried, kit):
    """A lasting task is ended by who began it, before others are cancelled."""
    ended = []

    async def wait(name, event):
        try:
            await event.wait()
            ended.append((name, "ended"))
        except asyncio.CancelledError:
            ended.append((name, "cancelled"))

    def begin():
        event = asyncio.Event()
        lasting = asyncioloop.startTask(wait("lasting", event), lasting=True)
        asyncioloop.startTask(wait("usual", asyncio.Event()))

        def end():
            polling.callLater(0, event.set)
            return Deferred.fromFuture(lasting)

        polling.addSystemEventTrigger("before", "shutdown", end)
        polling.stop()

    kit.run(polling, begin)
    assert ended == [("lasting", "ended"), ("usual", "cancelled")]


def test_the_end_within_a_turn(polling, carried, kit, errors):
    """A reactor whose end comes amid a turn of the loop lets that come to its end."""
    ended = []

    async def work():
        try:
            await asyncio.sleep(3600)
        finally:
            # This is called behind what the end of the reactor waits for.
            asyncio.current_task().add_done_callback(ended.append)

    def begin():
        asyncioloop.startTask(work())
        polling.stop()

    kit.run(polling, begin)
    assert len(ended) == 1
    assert carried.is_closed()
    assert errors.take() == []


def test_tasks_of_another_loop():
    """On a loop of asyncio's own, a task begins in its turn."""

    async def work():
        async def answer():
            return 1

        return await asyncioloop.startTask(answer())

    assert asyncio.run(work()) == 1
