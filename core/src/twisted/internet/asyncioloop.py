"""
An event loop of asyncio that a reactor of this package carries.

Libraries made for asyncio, such as aiohttp and httpx, then run in a program whose reactor is epoll,
poll or select, beside everything else and in the same thread::

    from twisted.internet import asyncioloop, reactor

    loop = asyncioloop.install(reactor)

    async def fetch():
        async with aiohttp.ClientSession() as session:
            async with session.get("http://example.com/") as response:
                return await response.text()

    reactor.callWhenRunning(lambda: asyncioloop.runTask(fetch()).addCallback(print))
    reactor.run()

`twisted.internet.asyncioreactor` is the other way round: a reactor that a loop of asyncio carries.

The loop is asyncio's own; only where it would wait for something, the reactor does.  A turn of it
is taken when a descriptor is ready that it watches, when a timer is due, and when something has
been scheduled.
"""

from __future__ import annotations

import asyncio
import selectors
import threading
import weakref
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, NoReturn, TypeVar

from zope.interface import implementer

from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReadDescriptor, IWriteDescriptor
from twisted.logger import Logger

__all__ = ["ReactorEventLoop", "install", "runTask", "startTask"]

_log = Logger()
_T = TypeVar("_T")


@implementer(IReadDescriptor, IWriteDescriptor)
class _Watched:
    """A descriptor that the loop watches, as the reactor sees it."""

    def __init__(self, number: int, ready: Callable[[int, int], None]) -> None:
        self._number = number
        self._ready = ready

    def fileno(self) -> int:
        return self._number

    def doRead(self) -> None:
        self._ready(self._number, selectors.EVENT_READ)

    def doWrite(self) -> None:
        self._ready(self._number, selectors.EVENT_WRITE)

    def connectionLost(self, reason: Any) -> None:
        """The peer has gone: reading and writing find that out."""
        self._ready(self._number, selectors.EVENT_READ | selectors.EVENT_WRITE)

    def logPrefix(self) -> str:
        return "asyncio"


class _ReactorSelector(selectors.BaseSelector):
    """Watches descriptors by way of a reactor; gives what that has found, and never waits."""

    def __init__(self, reactor: Any, ready: Callable[[], None]) -> None:
        """
        @param ready: called when a descriptor is ready.
        """
        self._reactor = reactor
        self._onReady = ready
        self._keys: dict[int, selectors.SelectorKey] = {}
        self._watched: dict[int, _Watched] = {}
        self._found: dict[int, int] = {}

    def _ready(self, number: int, events: int) -> None:
        self._found[number] = self._found.get(number, 0) | events
        self._onReady()

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        number = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        if not events or events & ~(selectors.EVENT_READ | selectors.EVENT_WRITE):
            raise ValueError(f"Invalid events: {events!r}")
        if number in self._keys:
            raise KeyError(f"{fileobj!r} (FD {number}) is already registered")
        key = selectors.SelectorKey(fileobj, number, events, data)
        self._watched[number] = _Watched(number, self._ready)
        self._keys[number] = key
        self._watch(number, 0, events)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        key = self.get_key(fileobj)
        self._watch(key.fd, key.events, 0)
        del self._keys[key.fd], self._watched[key.fd]
        self._found.pop(key.fd, None)
        return key

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        before = self.get_key(fileobj)
        key = selectors.SelectorKey(before.fileobj, before.fd, events, data)
        self._keys[key.fd] = key
        self._watch(key.fd, before.events, events)
        return key

    def _watch(self, number: int, before: int, now: int) -> None:
        """Have the reactor watch a descriptor for other things than before."""
        watched, reactor = self._watched[number], self._reactor
        for event, add, remove in (
            (selectors.EVENT_READ, reactor.addReader, reactor.removeReader),
            (selectors.EVENT_WRITE, reactor.addWriter, reactor.removeWriter),
        ):
            if now & event and not before & event:
                add(watched)
            elif before & event and not now & event:
                remove(watched)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found, self._found = self._found, {}
        return [
            (key, events & key.events)
            for number, events in found.items()
            if (key := self._keys.get(number)) is not None and events & key.events
        ]

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        if not isinstance(fileobj, int):
            for key in self._keys.values():
                if key.fileobj is fileobj:
                    return key
            fileobj = fileobj.fileno()
        if fileobj not in self._keys:
            raise KeyError(f"{fileobj!r} is not registered")
        return self._keys[fileobj]

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._keys

    def close(self) -> None:
        for key in list(self._keys.values()):
            self.unregister(key.fd)


class ReactorEventLoop(asyncio.SelectorEventLoop):
    """
    An event loop of asyncio that a reactor carries.

    It runs while the reactor does, and cannot be run by itself.  Signals are the reactor's affair.
    When the reactor is to stop, tasks are cancelled, and it waits until they have ended.
    """

    def __init__(self, reactor: Any = None) -> None:
        """
        @param reactor: watches descriptors; by default the global one.
        """
        self._reactor = reactor = currentReactor(reactor)
        self._turning = False
        self._endsAfterTurn = False
        self._called: Any = None
        self._timer: Any = None
        # The first step of a task that is being begun, once that is known; and tasks that are not
        # cancelled.
        self._firstStep: list[Any] | None = None
        self._lasting: weakref.WeakSet[asyncio.Task[Any]] = weakref.WeakSet()
        super().__init__(_ReactorSelector(reactor, self._onReady))
        reactor.callWhenRunning(self._begin)
        reactor.addSystemEventTrigger("before", "shutdown", self._cancelTasks)
        reactor.addSystemEventTrigger("after", "shutdown", self._end)

    # From the beginning of the reactor to its end

    def _begin(self) -> None:
        """The reactor runs."""
        if self.is_closed():
            return
        # What asyncio itself does when a loop begins to run.
        self._thread_id = threading.get_ident()
        asyncio._set_running_loop(self)
        self._comeRound()

    def _cancelTasks(self) -> Deferred[None] | None:
        """Cancel what is under way. @return: fires when that has ended."""
        tasks = set() if self.is_closed() else asyncio.all_tasks(self)
        lasting = tasks & set(self._lasting)
        if lasting:
            # What they still do may need others.
            return self._ends(lasting).addCallback(self._cancelTheRest)
        for task in tasks:
            task.cancel()
        return self._ends(tasks) if tasks else None

    def _cancelTheRest(self, _: None) -> Deferred[None]:
        return self._cancelTasks() or succeed(None)

    @staticmethod
    def _ends(tasks: set[asyncio.Task[Any]]) -> Deferred[None]:
        """@return: fires when tasks have ended."""
        ended: Deferred[None] = Deferred()
        left = len(tasks)

        def oneEnded(task: asyncio.Task[Any]) -> None:
            nonlocal left
            left -= 1
            if not left:
                ended.callback(None)

        for task in tasks:
            task.add_done_callback(oneEnded)
        return ended

    def _end(self) -> None:
        """The reactor has stopped; within a turn, the end waits for that of the turn."""
        if self._turning:
            self._endsAfterTurn = True
            return
        if asyncio._get_running_loop() is self:
            asyncio._set_running_loop(None)
        self._thread_id = None  # type: ignore[assignment]
        for call in (self._called, self._timer):
            if call is not None and call.active():
                call.cancel()
        if not self.is_closed():
            self.close()

    def run_forever(self) -> NoReturn:
        """
        Refuse: the reactor runs the loop.

        @raise RuntimeError: always.
        """
        raise RuntimeError("this loop runs while its reactor does: call reactor.run()")

    def stop(self) -> None:
        """Stop the reactor, and the loop with it."""
        self._reactor.stop()

    # Turns

    def _comeRound(self) -> None:
        """Take a turn soon, unless one is under way."""
        if not self._turning and self._called is None:
            self._called = self._reactor.callLater(0, self._dueTurn)

    def _dueTurn(self) -> None:
        self._called = None
        self._turn()

    def _onReady(self) -> None:
        """A descriptor is ready."""
        if not self._turning and self._thread_id is not None:
            self._turn()

    def _turn(self) -> None:
        """Do what there is to do; then see what comes next."""
        if self.is_closed() or self._thread_id is None:
            return
        self._turning = True
        try:
            self._run_once()  # type: ignore[attr-defined]
        finally:
            self._turning = False
        if self._endsAfterTurn:
            self._end()
            return
        if self._ready:  # type: ignore[attr-defined]
            self._comeRound()
        self._setTimer()

    def _setTimer(self) -> None:
        """Have the reactor take a turn when the next timer is due."""
        scheduled = self._scheduled  # type: ignore[attr-defined]
        if not scheduled:
            return
        delay = max(0.0, scheduled[0].when() - self.time())
        if self._timer is None or not self._timer.active():
            self._timer = self._reactor.callLater(delay, self._turn)
        else:
            self._timer.reset(delay)

    # What schedules something

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:  # type: ignore[override]
        """Call something in a turn that comes soon."""
        if self._firstStep is not None:
            # Only a task says that here, while it is made; and it does not keep the handle.
            self._firstStep += (context, callback, *args)
            return None  # type: ignore[return-value]
        handle = super().call_soon(callback, *args, context=context)
        self._comeRound()
        return handle

    def startTask(
        self, coroutine: Coroutine[Any, Any, _T], lasting: bool = False
    ) -> asyncio.Task[_T]:
        """
        Begin a task, whose first step is taken before this returns, unless within another task.

        @param lasting: whether the task is left alone when the reactor is to stop, and others until
            it has ended: whoever began it sees to its end, by a trigger before ``shutdown``.
        """
        if asyncio.current_task(self) is not None or self.get_task_factory() is not None:
            task = self.create_task(coroutine)
        else:
            step = self._firstStep = []
            try:
                task = asyncio.Task(coroutine, loop=self)
            finally:
                self._firstStep = None
            context, callback, *arguments = step
            context.run(callback, *arguments)
        if lasting and not task.done():
            self._lasting.add(task)
        return task

    def call_at(  # type: ignore[override]
        self, when: float, callback: Any, *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        """Call something when its time has come."""
        handle = super().call_at(when, callback, *args, context=context)
        if not self._turning:
            self._setTimer()
        return handle

    # Signals

    def add_signal_handler(self, sig: int, callback: Any, *args: Any) -> NoReturn:  # type: ignore[override]
        """
        Refuse: signals are the reactor's affair.

        @raise NotImplementedError: always.
        """
        raise NotImplementedError("the reactor handles signals")

    def remove_signal_handler(self, sig: int) -> bool:
        """There is none."""
        return False


def install(reactor: Any = None) -> asyncio.AbstractEventLoop:
    """
    Have a reactor carry a loop of asyncio, which is that of this thread from then on.

    @param reactor: by default the global one; one that is carried by a loop itself gives that.
    @return: the loop.
    """
    reactor = currentReactor(reactor)
    loop: asyncio.AbstractEventLoop | None = getattr(reactor, "_asyncioEventloop", None)
    if loop is None:
        loop = ReactorEventLoop(reactor)
        reactor._asyncioEventloop = loop
    asyncio.set_event_loop(loop)
    return loop


def runTask(coroutine: Coroutine[Any, Any, _T]) -> Deferred[_T]:
    """
    Run a coroutine as a task of asyncio, which libraries made for that need for their time-outs.

    Within it Deferreds are awaited by way of `Deferred.asFuture`.

    @return: fires with what it returns; cancelling it cancels the task.
    @raise RuntimeError: if no loop runs.
    """
    loop = asyncio.get_running_loop()
    return Deferred.fromFuture(loop.create_task(coroutine))


def startTask(coroutine: Coroutine[Any, Any, _T], lasting: bool = False) -> asyncio.Task[_T]:
    """
    Begin a task of asyncio, at once if the reactor carries the loop; see
    `ReactorEventLoop.startTask`.

    @raise RuntimeError: if there is no loop.
    """
    # A loop that carries the reactor does not run yet when that begins.
    loop = asyncio.get_event_loop()
    if isinstance(loop, ReactorEventLoop):
        return loop.startTask(coroutine, lasting)
    return loop.create_task(coroutine)
