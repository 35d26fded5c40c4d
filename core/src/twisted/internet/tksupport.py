"""
Windows of Tk beside a reactor, which asks Tk for its events again and again.

::

    root = tkinter.Tk()
    tksupport.install(root)
    root.protocol("WM_DELETE_WINDOW", reactor.stop)
    reactor.run()
"""

from __future__ import annotations

import _tkinter
from tkinter import TclError
from typing import Any

from twisted.internet._asking import BATCH, Asking

__all__ = ["install", "uninstall"]

_asking = Asking()


def install(widget: Any, ms: int = 10, reactor: Any = None) -> None:
    """
    Have a reactor serve Tk, until the widget is destroyed.

    @param widget: the root, or any other widget.
    @param ms: how long events of Tk may have to wait, in milliseconds.
    @param reactor: provides `IReactorTime`; None for the global one.
    """
    # It ends with the widget.
    done = _asking.begin(ms, reactor, _serve, widget.tk, str(widget))
    done.addErrback(lambda failure: failure.trap(TclError))


def _serve(interpreter: Any, path: str) -> None:
    """
    Serve what has come for Tk.

    @raise TclError: if there is no such widget any more.
    """
    for _ in range(BATCH):
        if not interpreter.dooneevent(_tkinter.DONT_WAIT):
            break
    if not int(interpreter.call("winfo", "exists", path)):
        raise TclError(f"{path} is destroyed")


def uninstall() -> None:
    """Leave Tk alone; nothing happens if that is so already."""
    _asking.end()
