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

from twisted.internet.task import LoopingCall

__all__ = ["install", "uninstall"]

#: What asks Tk, while something does.
_asking: LoopingCall | None = None

#: How many events of Tk are served between two looks at the reactor's, at most.
_BATCH = 100


def install(widget: Any, ms: int = 10, reactor: Any = None) -> None:
    """
    Have a reactor serve Tk, until the widget is destroyed.

    @param widget: the root, or any other widget.
    @param ms: how long events of Tk may have to wait, in milliseconds.
    @param reactor: provides `IReactorTime`; None for the global one.
    """
    global _asking
    uninstall()
    interpreter = widget.tk
    asking = LoopingCall(_serve, interpreter, str(widget))
    if reactor is not None:
        asking.clock = reactor
    _asking = asking
    asking.start(ms / 1000.0, now=False).addErrback(_destroyed)


def _serve(interpreter: Any, path: str) -> None:
    """
    Serve what has come for Tk.

    @raise TclError: if there is no such widget any more.
    """
    for _ in range(_BATCH):
        if not interpreter.dooneevent(_tkinter.DONT_WAIT):
            break
    if not int(interpreter.call("winfo", "exists", path)):
        raise TclError(f"{path} is destroyed")


def _destroyed(failure: Any) -> None:
    """There is nothing to serve any more."""
    global _asking
    failure.trap(TclError)
    _asking = None


def uninstall() -> None:
    """Leave Tk alone; nothing happens if that is so already."""
    global _asking
    asking, _asking = _asking, None
    if asking is not None and asking.running:
        asking.stop()
