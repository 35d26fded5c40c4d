"""
What every reactor shares: the two plain reasons for a connection's end, and the installation.
"""

from __future__ import annotations

from typing import Any

from twisted.internet import error

__all__ = ["CONNECTION_DONE", "CONNECTION_LOST", "installReactor"]

#: A descriptor's `doRead` or `doWrite` hands this back when the connection ended in good order.
CONNECTION_DONE = error.ConnectionDone("Connection done")

#: A descriptor's `doRead` or `doWrite` hands this back when the connection broke.
CONNECTION_LOST = error.ConnectionLost("Connection lost")


def installReactor(reactor: Any) -> None:
    """
    Make ``reactor`` the one that ``from twisted.internet import reactor`` gives.

    @raise twisted.internet.error.ReactorAlreadyInstalledError: there is one already.
    """
    import sys

    import twisted.internet

    if "twisted.internet.reactor" in sys.modules:
        raise error.ReactorAlreadyInstalledError("reactor already installed")
    twisted.internet.reactor = reactor
    sys.modules["twisted.internet.reactor"] = reactor
