"""
What the master and its workers say to each other: a JSON object in each line.

The master says the name of the test to run. A worker says ``{"ready": true}`` once, and after each
test ``{"done": name, "events": [...]}``: the calls of a reporter's methods.
"""

from __future__ import annotations

import json
from typing import Any

from twisted.python.failure import Failure, recordFrames
from twisted.python.reflect import qual, safe_str

__all__ = ["Lines", "WorkerError", "decodeFailure", "encodeFailure", "fromLine", "toLine"]

_LONGEST_CHAIN = 10
_MOST_FRAMES = 200


class WorkerError(Exception):
    """Stands for an exception that was raised in a worker."""


class Lines:
    """Splits what comes in pieces into lines."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that are complete now."""
        first, *rest = data.split(b"\n")
        self._pieces.append(first)
        if not rest:
            return []
        complete = [b"".join(self._pieces), *rest[:-1]]
        self._pieces = [rest[-1]]
        return complete


def toLine(message: dict[str, Any]) -> bytes:
    """A message as a line."""
    return json.dumps(message).encode("ascii") + b"\n"


def fromLine(line: bytes) -> dict[str, Any]:
    """
    The message in a line.

    @raise ValueError: if there is none.
    """
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError("a message is an object")
    return message


def encodeFailure(failure: Failure) -> dict[str, Any]:
    """A failure, with what caused it, as what JSON knows."""
    return _encode(failure.value, qual(failure.type), failure.frames, _LONGEST_CHAIN)


def _encode(exception: Any, kind: str, frames: Any, deeper: int) -> dict[str, Any]:
    told: dict[str, Any] = {
        "type": kind,
        "text": safe_str(exception),
        "frames": [list(frame[:3]) for frame in frames[-_MOST_FRAMES:]],
    }
    if not isinstance(exception, BaseException):
        return told
    for name, other in (("cause", exception.__cause__), ("context", exception.__context__)):
        if other is not None and deeper and not (name == "context" and "cause" in told):
            link = Failure(other)
            told[name] = _encode(other, qual(type(other)), link.frames, deeper - 1)
    if exception.__suppress_context__ and "cause" not in told:
        told.pop("context", None)
    return told


def decodeFailure(told: dict[str, Any]) -> Failure:
    """The failure that `encodeFailure` told of; its exception is a `WorkerError`."""
    exception, frames = _decode(told)
    failure = Failure(exception)
    failure.frames = frames
    return failure


def _decode(told: dict[str, Any]) -> tuple[WorkerError, list[Any]]:
    module, _, name = told["type"].rpartition(".")
    kind = type(name, (WorkerError,), {"__module__": module})
    exception = kind(told["text"])
    for link in ("cause", "context"):
        if link in told:
            other, otherFrames = _decode(told[link])
            recordFrames(other, otherFrames)
            setattr(exception, f"__{link}__", other)
    return exception, [(name, file, line, (), ()) for name, file, line in told["frames"]]
