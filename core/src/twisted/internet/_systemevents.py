"""
Events in the life of a reactor, startup and shutdown above all, and what is to happen at each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.logger import Logger
from twisted.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ThreePhaseEvent"]

_log = Logger(namespace="twisted.internet.base")

#: One thing to do at an event: its phase, the function and the arguments.  It serves as the handle.
Trigger = tuple[str, "Callable[..., Any]", tuple[object, ...], dict[str, object]]


class ThreePhaseEvent:
    """
    An event that is prepared, takes place and is cleared up after.

    Functions of the phase "before" may give back Deferreds: "during" begins when all of those have
    fired.  The functions of "during" and "after" are not waited for.  An exception in one is logged
    and keeps no other from being called.
    """

    def __init__(self) -> None:
        self._triggers: dict[str, list[Trigger]] = {"before": [], "during": [], "after": []}
        # While the event takes place: handles that came up already, which may still be removed.
        self._finished: list[Trigger] = []

    def addTrigger(
        self, phase: str, callable: Callable[..., Any], *args: object, **kwargs: object
    ) -> Trigger:
        """
        Have ``callable(*args, **kwargs)`` called in ``phase``: "before", "during" or "after".

        @return: what `removeTrigger` takes.
        @raise KeyError: there is no such phase.
        """
        if phase not in self._triggers:
            raise KeyError(f"an event has no phase {phase!r}")
        handle = (phase, callable, args, kwargs)
        self._triggers[phase].append(handle)
        return handle

    def removeTrigger(self, handle: Trigger) -> None:
        """
        Take back one `addTrigger`.

        @raise ValueError: it was taken back before, or is not such a handle.
        """
        phase, _, _, _ = handle
        if phase not in self._triggers:
            raise ValueError(f"an event has no phase {phase!r}")
        if handle in self._finished:
            # Its turn has come while the event takes place: there is nothing left to prevent.
            self._finished.remove(handle)
        else:
            self._triggers[phase].remove(handle)

    def fireEvent(self) -> None:
        """Let the event take place."""
        waiting = [d for d in self._callAll("before") if isinstance(d, Deferred)]
        if waiting:
            DeferredList(waiting, consumeErrors=True).addCallback(self._proceed)
        else:
            self._proceed()

    def _proceed(self, preparation: object = None) -> None:
        """Go through the phases that follow the preparation."""
        for _, result in preparation if isinstance(preparation, list) else ():
            if isinstance(result, Failure):
                _log.failure("While waiting for a system event trigger", failure=result)
        self._finished.clear()
        self._callAll("during")
        self._callAll("after")
        self._finished.clear()

    def _callAll(self, phase: str) -> list[object]:
        """Call every function of a phase, those included that join on the way."""
        results: list[object] = []
        triggers = self._triggers[phase]
        while triggers:
            handle = triggers.pop(0)
            self._finished.append(handle)
            _, function, args, kwargs = handle
            try:
                results.append(function(*args, **kwargs))
            except BaseException:
                _log.failure("While calling system event trigger handler")
        return results
