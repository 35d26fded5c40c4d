"""
The one place that turns "no reactor given" into the process's reactor.

Importing `twisted.internet.reactor` installs a reactor, so nothing imports it at module level.  A
callable takes ``reactor=None`` and asks here at the moment it needs one.
"""

from typing import Any

__all__ = ["currentReactor"]


def currentReactor(reactor: Any = None) -> Any:
    """
    Give back ``reactor``, or the process's global reactor if it is None.

    The global reactor is installed by this call if none has been yet.
    """
    if reactor is not None:
        return reactor
    from twisted.internet import reactor as installed

    return installed
