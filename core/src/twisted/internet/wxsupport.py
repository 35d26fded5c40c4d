"""
Windows of wxPython beside a reactor, which asks wxPython for its events again and again.

`twisted.internet.wxreactor`, which does not have to ask, is the better way; this one is for
programs that need another reactor.
"""

from __future__ import annotations

from typing import Any

import wx

from twisted.internet._asking import BATCH, Asking

__all__ = ["install", "uninstall"]

_asking = Asking()


def install(app: Any, ms: int = 10, reactor: Any = None) -> None:
    """
    Have a reactor serve an application, whose `MainLoop` is not to be called.

    @param app: a ``wx.App``.
    @param ms: how long events of windows may have to wait, in milliseconds.
    @param reactor: provides `IReactorTime`; None for the global one.
    """
    _asking.begin(ms, reactor, _serve, app, wx.GUIEventLoop())


def _serve(app: Any, loop: Any) -> None:
    """Serve what has come for windows."""
    with wx.EventLoopActivator(loop):
        for _ in range(BATCH):
            if not loop.Pending():
                break
            loop.Dispatch()
        app.ProcessPendingEvents()
        loop.ProcessIdle()


def uninstall() -> None:
    """Leave wxPython alone; nothing happens if that is so already."""
    _asking.end()
