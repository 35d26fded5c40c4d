"""The folder in which tests are run, so that what they leave behind is found and removed."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from twisted.python.filepath import FilePath
from twisted.python.lockfile import FilesystemLock

__all__ = ["MARKER", "NotATestDirectory", "emptyDirectory", "testDirectory", "workingIn"]

MARKER = "_trial_marker"


class NotATestDirectory(Exception):
    """A folder that is in the way holds something else than what tests left behind."""


def emptyDirectory(path: FilePath[Any]) -> None:
    """
    Make a folder for tests, and remove what others left there.

    @raise NotATestDirectory: if it was not made by this function.
    """
    if path.exists():
        if not path.child(MARKER).exists():
            raise NotATestDirectory(f"{path.path!r} was not made for tests: it will not be removed")
        path.remove()
    path.makedirs()
    path.child(MARKER).setContent(b"")


@contextmanager
def testDirectory(base: str) -> Iterator[FilePath[str]]:
    """
    A folder for tests that no other run uses: ``base``, or the first free of ``base-1``,
    ``base-2``…
    """
    for number in itertools.count():
        path = FilePath(f"{base}-{number}" if number else base)
        os.makedirs(path.dirname(), exist_ok=True)
        lock = FilesystemLock(f"{path.path}.lock")
        if lock.lock():
            break
    try:
        emptyDirectory(path)
        yield path
    finally:
        lock.unlock()


@contextmanager
def workingIn(path: FilePath[Any]) -> Iterator[None]:
    """Make a folder the current one for a while."""
    before = os.getcwd()
    os.chdir(path.path)
    try:
        yield
    finally:
        os.chdir(before)
