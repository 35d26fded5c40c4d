"""Tracebacks of tests, without the frames of those who call tests and of assertions."""

from __future__ import annotations

import os
import unittest.case
from collections.abc import Callable
from typing import Any

from twisted.internet import _deferred
from twisted.python import failure as failures
from twisted.python import monkey
from twisted.trial import _assertions, _asynctest, _synctest

__all__ = ["formatFailure"]


def _source(module: Any) -> str:
    return os.path.normcase(str(module.__file__))


_ABOVE = {_source(m) for m in (_synctest, _asynctest, unittest.case, _deferred, failures, monkey)}
_BELOW = {_source(m) for m in (_assertions, unittest.case)}


def _within(files: set[str]) -> Callable[[Any], bool]:
    return lambda frame: os.path.normcase(frame[1]) in files


def trimmed(frames: tuple[Any, ...]) -> tuple[Any, ...]:
    """Leave out the frames at both ends that say nothing about the test, unless none is left."""
    above, below = _within(_ABOVE), _within(_BELOW)
    first, last = 0, len(frames)
    while first < last and above(frames[first]):
        first += 1
    while last > first and below(frames[last - 1]):
        last -= 1
    return frames[first:last] or frames


def formatFailure(fail: Any, detail: str) -> str:
    """
    The text of a failure of a test.

    @param detail: as for `twisted.python.failure.Failure.getTraceback`.
    """
    if not isinstance(fail, failures.Failure):
        return str(fail)
    shown = failures.Failure(fail)
    shown.frames = trimmed(fail.frames)
    return shown.getTraceback(detail=detail)
