"""
A reactor in the main loop of GLib, for programs with GTK and other libraries of GObject.

::

    from twisted.internet import gireactor
    gireactor.install()

    from twisted.internet import reactor

Needs PyGObject (``python3-gi`` of Debian).  Where there is much to do, the user interface goes
first.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from gi.repository import GLib

from twisted.internet._hosted import HostedReactor
from twisted.internet.error import ReactorAlreadyRunning

__all__ = ["GIReactor", "PortableGIReactor", "install"]

#: The longest timer that GLib has, in milliseconds; the reactor sets another one after it.
_LONGEST = 2**31 - 1


class GIReactor(HostedReactor):
    """A reactor in the main loop of GLib."""

    def __init__(self, useGtk: bool = False) -> None:
        """
        @param useGtk: whether to run the loop by ``Gtk.main``, which GTK 3 has, so that
            ``Gtk.main_quit`` ends the program.
        """
        self._application: Any = None
        loop = GLib.MainLoop()
        self._run, self._quit = loop.run, loop.quit
        if useGtk:
            from gi.repository import Gtk

            if hasattr(Gtk, "main"):
                self._run, self._quit = Gtk.main, Gtk.main_quit
        super().__init__()

    def registerGApplication(self, app: Any) -> None:
        """
        Run an application along with the reactor: it is activated when the reactor runs, ends when
        the reactor is stopped, and its end stops the reactor.

        @param app: a ``Gio.Application``, or a ``Gtk.Application``.
        @raise ReactorAlreadyRunning: if the reactor runs.
        @raise RuntimeError: if there is an application already, or this one cannot be ended.
        """
        if self._started:
            raise ReactorAlreadyRunning("Can't register application after reactor was started.")
        if self._application is not None:
            raise RuntimeError("Can't register more than one application instance.")
        if not hasattr(app, "quit"):
            raise RuntimeError(
                f"Application registration is not possible for {app!r}, which has no quit"
            )
        self._application = app

    def _watchPoller(self, fd: int, ready: Callable[[], None]) -> None:
        def called(fd: int, condition: Any) -> bool:
            ready()
            return True

        GLib.unix_fd_add_full(GLib.PRIORITY_DEFAULT_IDLE, fd, GLib.IOCondition.IN, called)

    def _later(self, seconds: float, call: Callable[[], None]) -> Callable[[], object]:
        def called() -> bool:
            call()
            return False

        wait = min(math.ceil(seconds * 1000), _LONGEST)
        source = GLib.timeout_source_new(wait)
        source.set_priority(GLib.PRIORITY_DEFAULT_IDLE)
        source.set_callback(lambda *ignored: called())
        source.attach(None)
        return source.destroy  # type: ignore[no-any-return]

    def _runHost(self) -> None:
        if self._application is None or self._iterating:
            self._run()
            return
        application = self._application
        self._quit, quit = application.quit, self._quit
        try:
            application.run(None)
        finally:
            # What is left to do for the shutdown is done without it.
            self._application, self._quit = None, quit

    def _quitHost(self) -> None:
        self._quit()


class PortableGIReactor(GIReactor):
    """A reactor in the main loop of GLib that runs no applications."""

    def registerGApplication(self, app: Any) -> None:
        """@raise NotImplementedError: always."""
        raise NotImplementedError("this reactor runs no applications: use GIReactor")


def install(useGtk: bool = False) -> GIReactor:
    """
    Make a `GIReactor` the global reactor. @return: it.

    @param useGtk: whether to run the loop by ``Gtk.main``.
    """
    from twisted.internet.main import installReactor

    reactor = GIReactor(useGtk=useGtk)
    installReactor(reactor)
    return reactor
