"""
Places for objects that are not there yet, while objects that refer to each other are made.

A list can be made before what is in it; a tuple cannot. Where something refers to a tuple that is
being made, a `Later` is put; when the tuple is there, each place of its `Later` gets it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

__all__ = ["Later", "Taker", "build"]

Taker: TypeAlias = "Callable[[Any], tuple[Later, Any] | None]"


class Later:
    """Stands for an object that is being made."""

    __slots__ = ("_takers",)

    def __init__(self) -> None:
        self._takers: list[Taker] = []

    def give(self, taker: Taker) -> None:
        """
        Have a function called with the object once it is there.

        @param taker: gives another place and its object, if that is there now, too.
        """
        self._takers.append(taker)

    def settle(self, value: Any) -> None:
        """The object is there; it may be another place for one."""
        # A taker may complete another object, for which others wait in turn: any number in a row.
        settled = [(self, value)]
        while settled:
            place, found = settled.pop()
            takers, place._takers = place._takers, []
            if isinstance(found, Later):
                found._takers += takers
            else:
                settled += filter(None, [taker(found) for taker in takers])

    def __hash__(self) -> int:
        raise TypeError("an object that is not there yet is no key")


def build(items: list[Any], make: Callable[[list[Any]], Any]) -> Any:
    """
    Make something of items, now or when all of them are there.

    @return: what was made, or a `Later` for it.
    """
    missing = [index for index, item in enumerate(items) if type(item) is Later]
    if not missing:
        return make(items)
    result = Later()
    left = len(missing)

    def taker(index: int) -> Taker:
        def take(value: Any) -> tuple[Later, Any] | None:
            nonlocal left
            items[index] = value
            left -= 1
            return None if left else (result, make(items))

        return take

    for index in missing:
        items[index].give(taker(index))
    return result
