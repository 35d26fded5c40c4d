"""Sessions: what a site remembers of a client from one request to the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet.currentreactor import currentReactor
from twisted.python.components import Componentized

if TYPE_CHECKING:
    from twisted.web.server import Site


class Session(Componentized):
    """
    A client's session with a site.

    It ends when it is not used for `sessionTimeout` seconds, and after `lifetime` seconds however
    much it is used.  Programs keep what they want to know in adapters registered for interfaces
    (see `twisted.python.components.registerAdapter`).

    @cvar sessionTimeout: in seconds.
    @cvar lifetime: in seconds; None for ever.
    @ivar uid: what the cookie holds; nobody can guess it.
    @ivar lastModified: when it was used last, in the reactor's seconds.
    """

    __module__ = "twisted.web.server"

    sessionTimeout: float = 900
    lifetime: float | None = 86_400

    _expireCall: Any = None

    def __init__(self, site: Site, uid: bytes, reactor: Any = None) -> None:
        """
        @param reactor: where time passes; by default the site's.
        """
        Componentized.__init__(self)
        if reactor is None:
            reactor = getattr(site, "reactor", None)
        self._reactor = currentReactor(reactor)
        self.site = site
        self.uid = uid
        self.expireCallbacks: list[Callable[[], object]] = []
        self.sessionNamespaces: dict[Any, Any] = {}
        self._begun = float(self._reactor.seconds())
        self.touch()

    def startCheckingExpiration(self) -> None:
        """Begin to count the time."""
        self._expireCall = self._reactor.callLater(self._left(), self.expire)

    def notifyOnExpire(self, callback: Callable[[], object]) -> None:
        """Call a function when the session ends."""
        self.expireCallbacks.append(callback)

    def expire(self) -> None:
        """End the session."""
        del self.site.sessions[self.uid]
        callbacks, self.expireCallbacks = self.expireCallbacks, []
        for callback in callbacks:
            callback()
        if self._expireCall is not None and self._expireCall.active():
            self._expireCall.cancel()
        self._expireCall = None

    def touch(self) -> None:
        """Note that the session is used."""
        self.lastModified = self._reactor.seconds()
        if self._expireCall is not None:
            self._expireCall.reset(self._left())

    def _left(self) -> float:
        """How many seconds are left if nobody uses this any more."""
        if self.lifetime is None:
            return self.sessionTimeout
        left = self._begun + self.lifetime - float(self._reactor.seconds())
        return max(0, min(self.sessionTimeout, left))
