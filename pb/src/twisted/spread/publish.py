"""
Objects whose state the other side keeps in a file, so that it is sent only when it has changed.

The file is Banana of jelly, and read under the same security options as what comes by the network.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.spread import banana, jelly
from twisted.spread.flavors import Cacheable, RemoteCache, ViewPoint

__all__ = ["Publishable", "RemotePublished", "whenReady"]

_log = Logger()


class Publishable(Cacheable):
    """
    An object whose state the other side keeps.

    @ivar publishedID: what tells it from others.
    @ivar timestamp: since when it has not changed.
    """

    def __init__(self, publishedID: str) -> None:
        self.publishedID = publishedID
        self.republish()

    def republish(self) -> None:
        """The state has changed."""
        self.timestamp = time.time()

    def view_getStateToPublish(self, perspective: Any) -> Any:
        """The state, for one who does not have it."""
        return self.getStateToPublishFor(perspective)

    def getStateToPublishFor(self, perspective: Any) -> Any:
        """The state for a perspective; by default what all get."""
        return self.getStateToPublish()

    def getStateToPublish(self) -> Any:
        """
        The state: a dict of attributes; to be overridden.

        @raise NotImplementedError: it is not.
        """
        raise NotImplementedError(f"{type(self).__name__} has no state to publish")

    def getStateToCacheAndObserveFor(self, perspective: Any, observer: Any) -> Any:
        """Since when the state has not changed, and a way to get it."""
        return {
            "remote": ViewPoint(perspective, self),
            "publishedID": self.publishedID,
            "perspective": str(getattr(perspective, "perspectiveName", None)),
            "service": str(getattr(getattr(perspective, "service", None), "serviceName", None)),
            "timestamp": self.timestamp,
        }


class RemotePublished(RemoteCache):
    """
    The other side's copy of a `Publishable`.

    @cvar isActivated: whether the state is there.
    """

    isActivated = 0
    _wasCleanWhenLoaded = 0

    # What the other side says of itself.
    remote: Any = None
    publishedID: Any = None
    perspective: Any = None
    service: Any = None
    timestamp: Any = None

    def getFileName(self, ext: str = "pub") -> str:
        """
        The name of the file that keeps the state.

        @raise ValueError: the other side's names are no parts of the name of a file.
        """
        name = f"{self.service}-{self.perspective}-{self.publishedID}.{ext}"
        if not re.fullmatch(r"[\w@+=, -][\w@+=,. -]*", name):
            raise ValueError(f"{name!r} is no name of a file")
        return name

    def setCopyableState(self, state: Any) -> None:
        """
        Take the state from the file, if that is of the right time; otherwise ask for it.

        @raise ValueError: there can be no file of such a name.
        """
        names = ("remote", "publishedID", "perspective", "service", "timestamp")
        self.__dict__.update({name: state[name] for name in names})
        self._activationListeners: list[Callable[[Any], object]] = []
        kept = self._load(self.getFileName())
        if kept is not None and kept.get("timestamp") == self.timestamp:
            kept.pop("remote", None)
            self.__dict__.update(kept)
            self._wasCleanWhenLoaded = 1
            self._activate()
        else:
            asked = self.remote.callRemote("getStateToPublish")
            asked.addCallback(self._got).addErrback(self._failed)

    def _load(self, name: str) -> Any:
        """What is in the file, or None."""
        try:
            with open(name, "rb") as file:
                kept = jelly.unjelly(banana.decode(file.read()), jelly.globalSecurity)
        except OSError:
            return None
        except Exception:
            _log.failure("A state that was kept cannot be read")
            return None
        return kept if isinstance(kept, dict) else None

    def _got(self, state: Any) -> None:
        """The state has come: keep it."""
        self.__dict__.update({name: value for name, value in state.items() if name != "remote"})
        kept = dict(state)
        for name in ("publishedID", "perspective", "service", "timestamp"):
            kept[name] = getattr(self, name)
        encoded = banana.encode(jelly.jelly(kept, jelly.globalSecurity))
        name = self.getFileName()
        with open(name + ".new", "wb") as file:
            file.write(encoded)
        os.replace(name + ".new", name)
        self._activate()

    def _failed(self, failure: Any) -> None:
        _log.failure("The state of {name!r} did not come", failure, name=self.publishedID)

    def _activate(self) -> None:
        self.isActivated = 1
        self.activated()
        listeners, self._activationListeners = self._activationListeners, []
        for listener in listeners:
            listener(self)

    def activated(self) -> None:
        """The state is there; to be overridden."""

    def callWhenActivated(self, callback: Callable[[Any], object]) -> None:
        """Call a function with this once the state is there."""
        if self.isActivated:
            callback(self)
        else:
            self._activationListeners.append(callback)


def whenReady(d: Deferred[Any]) -> Deferred[Any]:
    """Make a Deferred of a `RemotePublished` wait until its state is there."""
    return d.addCallback(_ready)


def _ready(published: RemotePublished) -> Deferred[Any]:
    if published.isActivated:
        return succeed(published)
    ready: Deferred[Any] = Deferred()
    published.callWhenActivated(ready.callback)
    return ready
