"""
A reactor in the event loop of Qt.

::

    app = QApplication(sys.argv)

    from twisted.internet import qtreactor
    qtreactor.install()

    from twisted.internet import reactor

Needs PySide6 or PyQt6: whichever the program has imported, or else the first that is there.  Where
there is no application yet, one without windows is made.
"""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Callable
from typing import Any

from twisted.internet._hosted import HostedReactor

__all__ = ["QtReactor", "install"]

_BINDINGS = ("PySide6", "PyQt6")

#: The longest timer that Qt has, in milliseconds; the reactor sets another one after it.
_LONGEST = 2**31 - 1


def _core() -> Any:
    """@raise ImportError: there is no binding of Qt."""
    for name in sorted(_BINDINGS, key=lambda name: name not in sys.modules):
        try:
            return importlib.import_module(f"{name}.QtCore")
        except ImportError:
            continue
    needed = " or ".join(_BINDINGS)
    raise ImportError(f"a reactor in the event loop of Qt needs {needed}", name=_BINDINGS[0])


QtCore = _core()


class QtReactor(HostedReactor):
    """
    A reactor in the event loop of Qt.

    It shuts down when the application quits, as Qt has it do when its last window is closed.
    """

    def __init__(self) -> None:
        self._application = QtCore.QCoreApplication.instance() or QtCore.QCoreApplication([])
        super().__init__()

    def _watchPoller(self, fd: int, ready: Callable[[], None]) -> None:
        self._notifier = QtCore.QSocketNotifier(fd, QtCore.QSocketNotifier.Type.Read)
        self._notifier.activated.connect(lambda *ignored: ready())

    def _later(self, seconds: float, call: Callable[[], None]) -> Callable[[], object]:
        def called() -> None:
            timer.deleteLater()
            call()

        def cancel() -> None:
            timer.stop()
            timer.deleteLater()

        timer = QtCore.QTimer(self._notifier)
        timer.setTimerType(QtCore.Qt.TimerType.PreciseTimer)
        timer.setSingleShot(True)
        timer.timeout.connect(called)
        timer.start(min(math.ceil(seconds * 1000), _LONGEST))
        return cancel

    def _runHost(self) -> None:
        self._application.exec()

    def _quitHost(self) -> None:
        # Unlike quit, this asks no window.
        self._application.exit(0)


def install() -> QtReactor:
    """Make a `QtReactor` the global reactor. @return: it."""
    from twisted.internet.main import installReactor

    reactor = QtReactor()
    installReactor(reactor)
    return reactor
