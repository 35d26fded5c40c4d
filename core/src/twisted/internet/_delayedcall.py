"""
One call that is to be made later: what `callLater` of a reactor or a clock gives back.

It is public as `twisted.internet.base.DelayedCall`.  It lives here, below the reactors, because
`twisted.internet.task.Clock` hands out the same objects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import implementer

from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall
from twisted.python.runtime import seconds as runtimeSeconds

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DelayedCall"]

#: The longest text that one argument takes up in the `repr` of a call.
_ARGUMENT_TEXT_LIMIT = 120


@implementer(IDelayedCall)
class DelayedCall:
    """
    A function that a clock is to call at a certain moment.

    The clock that makes it passes two functions: ``cancel(call)`` is called when the call is
    cancelled, ``reset(call)`` when its moment has moved, in either direction; `getTime` tells the
    new one by then.

    @ivar time: when the call is due, in the seconds of the clock.
    @ivar creator: in debug mode, the lines of the stack that made the call.
    """

    __slots__ = (
        "__weakref__",
        "_queued",
        "args",
        "called",
        "cancelled",
        "canceller",
        "creator",
        "func",
        "kw",
        "resetter",
        "seconds",
        "time",
    )

    #: When true, every new call remembers the stack that made it.
    debug = False

    __module__ = "twisted.internet.base"

    def __init__(
        self,
        time: float,
        func: Callable[..., object] | None,
        args: tuple[object, ...],
        kw: dict[str, object],
        cancel: Callable[[DelayedCall], object],
        reset: Callable[[DelayedCall], object],
        seconds: Callable[[], float] = runtimeSeconds,
    ) -> None:
        """
        Describe a call of ``func(*args, **kw)``.

        @param time: when, in seconds of the clock that ``seconds`` reads.
        """
        self.time = time
        self.func = func
        self.args = args
        self.kw = kw
        self.canceller = cancel
        self.resetter = reset
        self.seconds = seconds
        self.called = 0
        self.cancelled = 0
        self.creator: list[str] | None = None
        # Where the call sits in its clock's queue.  A call that moves to a later moment keeps its
        # place and is put right when it comes up: pushing back a time-out costs next to nothing.
        self._queued = time
        if self.debug:
            from traceback import format_stack

            self.creator = format_stack()[:-1]

    def getTime(self) -> float:
        """Give back when the call is due, in seconds of its clock."""
        return self.time

    def cancel(self) -> None:
        """
        Forget the call: it will not be made.

        @raise AlreadyCalled: it was made before.
        @raise AlreadyCancelled: it was cancelled before.
        """
        if self.cancelled or self.called:
            raise self._finished()
        self.canceller(self)
        self.cancelled = 1
        if not self.debug:
            # What the call holds on to is set free at once, not when its moment comes.
            self.func = None
            self.args = ()
            if self.kw:
                self.kw = {}

    def reset(self, secondsFromNow: float) -> None:
        """
        Move the call to ``secondsFromNow`` seconds from now.

        @raise AlreadyCalled: it was made before.
        @raise AlreadyCancelled: it was cancelled before.
        """
        if self.cancelled or self.called:
            raise self._finished()
        self.time = self.seconds() + secondsFromNow
        self.resetter(self)

    def delay(self, secondsLater: float) -> None:
        """
        Move the call ``secondsLater`` seconds further away; a negative number moves it nearer.

        @raise AlreadyCalled: it was made before.
        @raise AlreadyCancelled: it was cancelled before.
        """
        if self.cancelled or self.called:
            raise self._finished()
        self.time += secondsLater
        self.resetter(self)

    def activate_delay(self) -> None:
        """Take note that the clock has queued the call at the moment that `getTime` tells."""
        self._queued = self.time

    def active(self) -> bool:
        """Tell whether the call is still to be made."""
        return not (self.cancelled or self.called)

    def _finished(self) -> AlreadyCalled | AlreadyCancelled:
        """Make the exception that says why the call cannot be changed any more."""
        return AlreadyCancelled() if self.cancelled else AlreadyCalled()

    # A queue of plain calls sorts by moment.  Equality stays identity: no two calls are the same.

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, DelayedCall):
            return NotImplemented
        return self.time < other.time

    def __le__(self, other: object) -> bool:
        if not isinstance(other, DelayedCall):
            return NotImplemented
        return self.time <= other.time

    def __repr__(self) -> str:
        parts = [
            f"<DelayedCall {id(self):#x} [{self.time - self.seconds()}s]"
            f" called={self.called} cancelled={self.cancelled}"
        ]
        if self.func is not None:
            parts.append(f" {_nameOf(self.func)}({self._argumentText()})")
        if self.creator is not None:
            parts += ["\n\ntraceback at creation: \n\n", "    ".join(self.creator)]
        parts.append(">")
        return "".join(parts)

    def _argumentText(self) -> str:
        """Render the arguments the way a call writes them, each cut to a bearable length."""
        texts = [_short(value) for value in self.args]
        texts += [f"{name}={_short(value)}" for name, value in self.kw.items()]
        return ", ".join(texts)


def _short(value: object) -> str:
    """Render an argument; one whose `repr` raises must not make the clock's logging raise too."""
    try:
        text = repr(value)
    except Exception as e:
        return f"<{type(value).__name__} whose repr raised {type(e).__name__}>"
    return text if len(text) <= _ARGUMENT_TEXT_LIMIT else text[:_ARGUMENT_TEXT_LIMIT] + "..."


def _nameOf(function: object) -> str:
    """Name a function, together with the class for a method."""
    owner = getattr(function, "__self__", None)
    name = getattr(function, "__name__", None)
    if name is None:
        return _short(function)
    if owner is None or isinstance(owner, type(__builtins__)):
        return str(name)
    holder = owner if isinstance(owner, type) else type(owner)
    return f"{holder.__name__}.{name}"
