"""Values that a call hands down to everything it calls, for each thread by itself."""

from __future__ import annotations

from collections.abc import Callable
from threading import local
from typing import Any

__all__ = [
    "ContextTracker",
    "ThreadedContextTracker",
    "call",
    "defaultContextDict",
    "get",
    "installContextTracker",
    "setDefault",
    "theContextTracker",
]

#: What `get` finds where no call has set anything.
defaultContextDict: dict[Any, Any] = {}
setDefault = defaultContextDict.__setitem__


class ContextTracker:
    """The values of the calls under way in one thread; the last of `contexts` is the innermost."""

    def __init__(self) -> None:
        self.contexts: list[dict[Any, Any]] = [defaultContextDict]

    def callWithContext(
        self, newContext: dict[Any, Any], func: Callable[..., Any], *args: Any, **kw: Any
    ) -> Any:
        """Call a function with some values set, beside or over those of the calls around."""
        self.contexts.append(newContext)
        try:
            return func(*args, **kw)
        finally:
            self.contexts.pop()

    def getContext(self, key: Any, default: Any = None) -> Any:
        """The innermost value of a key."""
        for context in reversed(self.contexts):
            if key in context:
                return context[key]
        return default


class ThreadedContextTracker:
    """A `ContextTracker` for each thread."""

    def __init__(self) -> None:
        self.storage = local()

    def currentContext(self) -> ContextTracker:
        """The tracker of this thread."""
        try:
            tracker: ContextTracker = self.storage.ct
        except AttributeError:
            tracker = self.storage.ct = ContextTracker()
        return tracker

    def callWithContext(
        self, ctx: dict[Any, Any], func: Callable[..., Any], *args: Any, **kw: Any
    ) -> Any:
        """As `ContextTracker.callWithContext`."""
        return self.currentContext().callWithContext(ctx, func, *args, **kw)

    def getContext(self, key: Any, default: Any = None) -> Any:
        """As `ContextTracker.getContext`."""
        return self.currentContext().getContext(key, default)


theContextTracker = ThreadedContextTracker()
call = theContextTracker.callWithContext
get = theContextTracker.getContext


def installContextTracker(ctr: Any) -> None:
    """Let another tracker stand behind `call` and `get`."""
    global theContextTracker, call, get
    theContextTracker = ctr
    call = ctr.callWithContext
    get = ctr.getContext
