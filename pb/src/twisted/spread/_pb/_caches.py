"""
What a broker knows of copies that are kept up to date.

The side that has a `Cacheable` counts how often it was sent, and takes one off for each C{decache};
at none it says C{uncache}. Until then the other side keeps the state of the copy, even when nobody
uses the copy any more: the number may be sent again.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from twisted.spread._jelly._objects import bare

__all__ = ["LocalCache", "RemotelyCached"]


class RemotelyCached:
    """
    A `Cacheable` of which the other side has a copy.

    @ivar refcount: how often it was sent.
    """

    __slots__ = ("object", "perspective", "refcount")

    def __init__(self, object: Any, perspective: Any) -> None:
        self.object = object
        self.perspective = perspective
        self.refcount = 1


class LocalCache:
    """A copy of a `Cacheable` of the other side: its state, and the object while it is used."""

    __slots__ = ("_class", "_count", "_gone", "_instance", "_state")

    def __init__(self, instance: Any, gone: Callable[[int], object]) -> None:
        """
        @param gone: called when nobody uses the object any more, with how often it has come.
        """
        self._class = type(instance)
        self._state = instance.__dict__
        self._gone = gone
        self._count = 1
        self._watch(instance)

    def _watch(self, instance: Any) -> None:
        self._instance = weakref.ref(instance, self._collected)

    def _collected(self, _: Any) -> None:
        count, self._count = self._count, 0
        if count:
            self._gone(count)

    def get(self, again: int = 0) -> Any:
        """
        The object.

        @param again: how often it has come once more.
        """
        instance = self._instance()
        if instance is None:
            instance = bare(self._class)
            instance.__dict__ = self._state
            self._watch(instance)
        else:
            self._state = instance.__dict__
        self._count += again
        return instance
