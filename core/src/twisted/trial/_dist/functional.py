"""Functions of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

__all__ = ["compose"]

_P = ParamSpec("_P")
_A = TypeVar("_A")
_B = TypeVar("_B")


def compose(outer: Callable[[_A], _B], inner: Callable[_P, _A]) -> Callable[_P, _B]:
    """A function that calls one with what another returns."""

    def composed(*args: _P.args, **kwargs: _P.kwargs) -> _B:
        return outer(inner(*args, **kwargs))

    return composed
