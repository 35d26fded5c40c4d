"""
A reactor whose waiting is done by another thread, so that the main one may run another loop.

A program with a loop of its own, such as that of a user interface, calls::

    reactor.interleave(waker)

where ``waker(f)``, called from any thread, has its loop call ``f()`` soon. All of the reactor
then happens in the thread of that loop; the other one does nothing but wait for descriptors.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from threading import Thread

from twisted._threads import ThreadWorker
from twisted.internet import selectreactor
from twisted.internet._descriptors import READ, WRITE
from twisted.internet._guest import GuestReactor
from twisted.internet.selectreactor import SelectReactor

__all__ = ["ThreadedSelectReactor", "install"]

_Ready = tuple[list[int], list[int]]


class ThreadedSelectReactor(GuestReactor, SelectReactor):
    """A reactor on select, which waits in a thread of its own."""

    def __init__(self) -> None:
        self._hand: Callable[[Callable[[], None]], object] | None = None
        self._thread: ThreadWorker | None = None
        # Whether a turn is under way here, and whether the thread waits.
        self._turning = False
        self._waiting = False
        super().__init__()

    # Turns

    def _begin(self) -> None:
        super()._begin()
        if self._thread is None:
            self._thread = ThreadWorker(
                lambda work: Thread(target=work, daemon=True).start(), SimpleQueue()
            )

    def _turn(self, ready: _Ready | None = None) -> None:
        """Serve what is ready, do what is due, and have the thread wait again."""
        self._waiting = False
        if not self._started:
            self._end()
            return
        self._turning = True
        try:
            if ready is None:
                self._dropUnusable()
            else:
                self._serve([(fd, READ) for fd in ready[0]])
                self._serve([(fd, WRITE) for fd in ready[1]])
            self.runUntilCurrent()
        finally:
            self._turning = False
        self._wait()

    def _wait(self) -> None:
        """Have the thread wait, unless the reactor has stopped."""
        hand, thread = self._hand, self._thread
        if not self._started or thread is None or hand is None:
            self._end()
            return
        self._waiting = True
        readers, writers, timeout = list(self._readers), list(self._writers), self.timeout()

        def wait() -> None:
            ready: _Ready | None
            try:
                ready = selectreactor._select(readers, writers, (), timeout)[:2]
            except (OSError, ValueError):
                ready = None
            hand(partial(self._turn, ready))

        thread.do(wait)

    def _end(self) -> None:
        thread, self._thread = self._thread, None
        self._hand = None
        if thread is not None:
            thread.quit()

    def _comeRound(self) -> None:
        """What the thread waits for is no longer all: have it come back."""
        if self._waiting and not self._turning:
            self.wakeUp()

    # Changes from outside of a turn

    def _watch(self, fd: int, before: int, now: int) -> None:
        self._comeRound()

    def crash(self) -> None:
        """End `run` at once, without any event.  The reactor may be run again."""
        super().crash()
        self._comeRound()

    # Life

    def interleave(
        self, waker: Callable[[Callable[[], None]], object], installSignalHandlers: bool = True
    ) -> None:
        """
        Run among the events of another loop.

        @param waker: called from another thread with a function, has the loop call it soon.
        @param installSignalHandlers: whether SIGINT and its like shut the reactor down.
        """
        self.startRunning(installSignalHandlers=installSignalHandlers)
        self._hand = waker
        self._turn(([], []))

    def mainLoop(self) -> None:
        """Serve until the reactor is stopped; part of `run`."""
        turns: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._hand = turns.put
        self._turn(([], []))
        self._serveTurns(turns)

    def _serveTurns(self, turns: SimpleQueue[Callable[[], None]]) -> None:
        """Take turns out of a queue until the reactor is stopped."""
        while self._started or self._waiting:
            turns.get()()
        self._end()


def install() -> ThreadedSelectReactor:
    """Make a `ThreadedSelectReactor` the global reactor. @return: it."""
    from twisted.internet.main import installReactor

    reactor = ThreadedSelectReactor()
    installReactor(reactor)
    return reactor
