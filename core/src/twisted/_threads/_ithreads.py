"""What workers provide."""

from __future__ import annotations

from collections.abc import Callable

from zope.interface import Interface

__all__ = ["AlreadyQuit", "IExclusiveWorker", "IWorker", "Quit"]


class AlreadyQuit(Exception):
    """A worker has quit, and takes no more tasks."""


class IWorker(Interface):
    """Does tasks."""

    def do(task: Callable[[], object]) -> None:
        """
        Have a task done: now or later, here or in another thread.

        @raise AlreadyQuit: it takes no more.
        """

    def quit() -> None:
        """
        Take no more tasks, and free what is held when those taken are done.

        @raise AlreadyQuit: it has quit already.
        """


class IExclusiveWorker(IWorker):
    """Does one task at a time."""


class Quit:
    """Whether something has quit."""

    def __init__(self) -> None:
        self.isSet = False

    def set(self) -> None:
        """
        It quits.

        @raise AlreadyQuit: it has already.
        """
        self.check()
        self.isSet = True

    def check(self) -> None:
        """
        It has not quit.

        @raise AlreadyQuit: it has.
        """
        if self.isSet:
            raise AlreadyQuit()
