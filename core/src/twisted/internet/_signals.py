"""
Signals, and waking a reactor that waits for descriptors.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

from zope.interface import implementer

from twisted.internet.interfaces import IReadDescriptor
from twisted.internet.main import CONNECTION_LOST

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from twisted.python.failure import Failure

__all__ = ["StopSignals", "Waker"]

_Handler = Any


@implementer(IReadDescriptor)
class Waker:
    """
    A pipe that a reactor watches, so that threads and signals can end its waiting.

    `wakeUp` may be called from any thread.
    """

    disconnected = 0

    def __init__(self) -> None:
        self.i, self.o = os.pipe()
        os.set_blocking(self.i, False)
        os.set_blocking(self.o, False)
        # True from a wake-up until the reactor has noticed: one byte does for any number of calls.
        self._pending = False

    def fileno(self) -> int:
        """Tell the number of the end that is watched, or -1 after the end."""
        return self.i

    def logPrefix(self) -> str:
        """Tell what log messages about the pipe begin with."""
        return "waker"

    def wakeUp(self) -> None:
        """End the reactor's waiting; from any thread."""
        if not self._pending:
            self._pending = True
            try:
                os.write(self.o, b"\0")
            except OSError:
                # Full, so the reactor will wake up; or closed, so there is nobody to wake.
                pass

    def doRead(self) -> Exception | None:
        """Empty the pipe."""
        # First: what comes in after this line writes a byte of its own, so nothing is missed.
        self._pending = False
        try:
            os.read(self.i, 4096)
        except BlockingIOError:
            pass
        except OSError:
            return CONNECTION_LOST
        return None

    def connectionLost(self, reason: Failure) -> None:
        """Close both ends."""
        if self.i >= 0:
            i, o, self.i, self.o = self.i, self.o, -1, -1
            self.disconnected = 1
            os.close(i)
            os.close(o)


class StopSignals:
    """
    The signals that end a program, turned into calls while a reactor runs.

    Only the main thread may set handlers, so `install` does nothing in any other one.
    """

    def __init__(
        self,
        onInterrupt: Callable[[int, FrameType | None], None],
        onBreak: Callable[[int, FrameType | None], None],
        onTerminate: Callable[[int, FrameType | None], None],
    ) -> None:
        self._wanted: list[tuple[str, _Handler]] = [
            ("SIGINT", onInterrupt),
            ("SIGBREAK", onBreak),
            ("SIGTERM", onTerminate),
        ]
        self._previous: dict[int, _Handler] = {}
        self._previousWakeup: int | None = None

    def install(self, waker: Waker) -> bool:
        """
        Set the handlers, and have every signal wake the reactor.

        SIGINT is left alone when the program handles it itself already.

        @return: whether this is the main thread, so that the handlers are set.
        """
        try:
            self._previousWakeup = signal.set_wakeup_fd(waker.o, warn_on_full_buffer=False)
        except ValueError:
            return False
        for name, handler in self._wanted:
            number = getattr(signal, name, None)
            if number is None:
                continue
            if number == signal.SIGINT and signal.getsignal(number) != signal.default_int_handler:
                continue
            self._previous[number] = signal.signal(number, handler)
        return True

    def uninstall(self) -> None:
        """Put back what was there before `install`."""
        if self._previousWakeup is None:
            return
        signal.set_wakeup_fd(self._previousWakeup)
        self._previousWakeup = None
        while self._previous:
            number, handler = self._previous.popitem()
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
