"""Replace attributes of objects for a while."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

__all__ = ["MonkeyPatcher"]

_P = ParamSpec("_P")
_R = TypeVar("_R")


class MonkeyPatcher:
    """
    A set of attributes to replace, and to put back.

    @param patches: ``(object, name, value)`` for each attribute.
    """

    def __init__(self, *patches: tuple[Any, str, Any]) -> None:
        self._patches: list[tuple[Any, str, Any]] = []
        self._originals: list[tuple[Any, str, Any]] = []
        for patch in patches:
            self.addPatch(*patch)

    def addPatch(self, obj: Any, name: str, value: Any) -> None:
        """Let `patch` set the attribute `name` of `obj` to `value`."""
        self._patches.append((obj, name, value))

    def patch(self) -> None:
        """
        Replace the attributes.

        @raise AttributeError: an object has no such attribute.
        """
        for obj, name, value in self._patches:
            original = (obj, name, getattr(obj, name))
            if not any(o is obj and n == name for o, n, _ in self._originals):
                self._originals.append(original)
            setattr(obj, name, value)

    __enter__ = patch

    def restore(self) -> None:
        """Put back what `patch` replaced."""
        while self._originals:
            obj, name, value = self._originals.pop()
            setattr(obj, name, value)

    def __exit__(self, *exc: object) -> None:
        self.restore()

    def runWithPatches(self, f: Callable[_P, _R], *args: _P.args, **kw: _P.kwargs) -> _R:
        """Call `f` with the attributes replaced, and put them back whatever it does."""
        self.patch()
        try:
            return f(*args, **kw)
        finally:
            self.restore()
