"""What the test cases share: attributes from the method outwards, warnings to leave out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.python.failure import Failure

__all__ = [
    "DEFAULT_TIMEOUT_DURATION",
    "DirtyReactorAggregateError",
    "acquireAttribute",
    "excInfoOrFailureToExcInfo",
    "suppress",
]

#: How long a test may take, in seconds, unless it says otherwise.
DEFAULT_TIMEOUT = object()
DEFAULT_TIMEOUT_DURATION = 120.0

_NONE: Any = object()


class DirtyReactorAggregateError(Exception):
    """
    A test left something behind in the reactor.

    @ivar delayedCalls: texts of the delayed calls that still waited.
    @ivar selectables: texts of the descriptors that were still read from.
    """

    def __init__(self, delayedCalls: Iterable[str], selectables: Iterable[str] | None = None):
        self.delayedCalls = list(delayedCalls)
        self.selectables = list(selectables or ())

    def __str__(self) -> str:
        text = "The test left the reactor unclean."
        if self.delayedCalls:
            text += "\nDelayed calls (DelayedCall.debug = True tells where they were made):\n"
            text += "\n".join(self.delayedCalls)
        if self.selectables:
            text += "\nDescriptors:\n" + "\n".join(self.selectables)
        return text


def acquireAttribute(objects: Iterable[Any], attr: str, default: Any = _NONE) -> Any:
    """
    The attribute called `attr` of the first of `objects` that has one.

    @param default: what to return when none has.
    @raise AttributeError: none has, and there is no default.
    """
    for obj in objects:
        if hasattr(obj, attr):
            return getattr(obj, attr)
    if default is not _NONE:
        return default
    raise AttributeError(f"none of {list(objects)!r} has an attribute {attr!r}")


def excInfoOrFailureToExcInfo(err: Any) -> Any:
    """The type, value and traceback of `err`, which is just that, or a `Failure`."""
    if isinstance(err, Failure):
        return (err.type, err.value, err.getTracebackObject())
    return err


def suppress(action: str = "ignore", **kwarg: Any) -> tuple[tuple[str], dict[str, Any]]:
    """
    Which warnings a test leaves out, for the attribute ``suppress`` of a test.

    @param action: what to do with the warning, as for `warnings.filterwarnings`.
    @param kwarg: what else to give to `warnings.filterwarnings`.
    """
    return ((action,), kwarg)
