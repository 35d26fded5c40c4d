"""
A reactor in the event loop of wxPython, whose waiting is done by another thread.

::

    from twisted.internet import wxreactor
    wxreactor.install()

    from twisted.internet import reactor
    app = wx.App()
    reactor.registerWxApp(app)
    reactor.run()
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

import wx

from twisted.internet._threadedselect import ThreadedSelectReactor
from twisted.logger import Logger

__all__ = ["WxReactor", "install"]

_log = Logger()


class WxReactor(ThreadedSelectReactor):
    """
    A reactor in the event loop of wxPython.

    It shuts down when that loop ends, as wxPython has it do when the last window is closed.
    """

    _application: Any = None
    _hidden: Any = None
    # Whether the loop of wxPython takes turns.
    _hosted = False

    def registerWxApp(self, wxapp: Any) -> None:
        """
        Name the application to run with; without one, one without windows is made.

        @param wxapp: a ``wx.App``.
        """
        self._application = wxapp
        if signal.getsignal(signal.SIGINT) == signal.SIG_DFL:
            # A wx.App has put away Python's handler, in whose place the reactor's comes.
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def mainLoop(self) -> None:
        """Serve until the reactor is stopped; part of `run`."""
        if self._application is None:
            _log.warn("registerWxApp() was not called on reactor, registering my own App instance.")
            self.registerWxApp(wx.App(False))
        turns: SimpleQueue[Callable[[], None]] = SimpleQueue()

        def take() -> None:
            try:
                turn = turns.get_nowait()
            except Empty:
                return
            turn()

        def hand(turn: Callable[[], None]) -> None:
            turns.put(turn)
            if self._hosted:
                wx.CallAfter(take)

        self._hand = hand
        if not wx.GetTopLevelWindows():
            # Without any window there is no loop.
            self._hidden = wx.Frame(None)
        # From now on turns are handed to that loop: the thread may be done before it has begun.
        self._hosted = True
        try:
            self._turn(([], []))
            if self._started:
                self._application.MainLoop()
        finally:
            self._hosted = False
        if self._started and not self._stopped:
            self.stop()
        # What is left to do for the shutdown is done without wxPython.
        self._serveTurns(turns)

    def _end(self) -> None:
        super()._end()
        if self._hosted:
            self._application.ExitMainLoop()


def install() -> WxReactor:
    """Make a `WxReactor` the global reactor. @return: it."""
    from twisted.internet.main import installReactor

    reactor = WxReactor()
    installReactor(reactor)
    return reactor
