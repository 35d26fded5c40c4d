"""Showing where an event went."""

from __future__ import annotations

from twisted.logger._interfaces import LogTrace

__all__ = ["formatTrace"]


def formatTrace(trace: LogTrace) -> str:
    """The ``log_trace`` of an event as text: each observer below the one that passed it on."""
    depths: dict[int, int] = {}
    lines: list[str] = []

    def show(thing: object, depth: int) -> None:
        depths[id(thing)] = depth
        arrow = "-> " if depth else ""
        lines.append(f"{'  ' * depth}{arrow}{_name(thing)}")

    for parent, child in trace:
        if id(parent) not in depths:
            show(parent, 0)
        show(child, depths[id(parent)] + 1)
    return "\n".join(lines)


def _name(thing: object) -> str:
    """A logger or an observer in a few words."""
    name = getattr(thing, "name", None)
    return f"{thing!r} ({name})" if name else repr(thing)
