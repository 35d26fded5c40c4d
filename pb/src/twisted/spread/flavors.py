"""
The kinds of objects that can be sent, and what the other side gets of each.

=================  ==============================================================
`Referenceable`    a reference, by which its ``remote_`` methods are called
`Viewable`         a reference whose ``view_`` methods are told who calls
`Copyable`         a copy of its state, in an object of a class that it chose for it
`Cacheable`        a copy that is kept up to date
=================  ==============================================================
"""

from __future__ import annotations

from inspect import iscoroutine
from typing import Any

from zope.interface import Interface, implementer

from twisted.internet.defer import Deferred
from twisted.python.reflect import qual
from twisted.spread._jelly._objects import attributeName
from twisted.spread.jelly import (
    Jellyable,
    MalformedJelly,
    Unjellyable,
    setUnjellyableFactoryForClass,
    setUnjellyableForClass,
    setUnjellyableForClassTree,
    unjellyableRegistry,
)

__all__ = [
    "Cacheable",
    "Copyable",
    "IPBRoot",
    "Jellyable",
    "NoSuchMethod",
    "Referenceable",
    "RemoteCache",
    "RemoteCacheMethod",
    "RemoteCacheObserver",
    "RemoteCopy",
    "Root",
    "Serializable",
    "ViewPoint",
    "Viewable",
    "cache_atom",
    "cached_atom",
    "copyTags",
    "copy_atom",
    "remote_atom",
    "setCopierForClass",
    "setCopierForClassTree",
    "setFactoryForClass",
    "setUnjellyableFactoryForClass",
    "setUnjellyableForClass",
    "setUnjellyableForClassTree",
    "unjellyCached",
    "unjellyLCache",
    "unjellyLocal",
    "unjellyableRegistry",
]

copy_atom = b"copy"
cache_atom = b"cache"
cached_atom = b"cached"
remote_atom = b"remote"

#: Kept for programs that look for it; nothing is in it.
copyTags: dict[Any, Any] = {}

setCopierForClass = setUnjellyableForClass
setCopierForClassTree = setUnjellyableForClassTree
setFactoryForClass = setUnjellyableFactoryForClass


class NoSuchMethod(AttributeError):
    """A method was called that the object does not have, or not for others."""


class IPBRoot(Interface):
    """What a server factory serves: it has an object for each connection."""

    def rootObject(broker):  # type: ignore[no-untyped-def]
        """The object that the other side of a broker can call first."""


def _method(obj: Any, prefix: str, message: str) -> Any:
    """
    A method that others may call.

    @raise NoSuchMethod: there is none.
    """
    method = getattr(obj, prefix + message, None)
    if method is None:
        raise NoSuchMethod(f"No such method: {prefix}{message}")
    return method


class Serializable(Jellyable):
    """An object that brokers know how to send."""

    def processUniqueID(self) -> Any:
        """What tells this object from all others in this process."""
        return id(self)


class Referenceable(Serializable):
    """
    An object whose methods can be called by whoever gets it: those named ``remote_…``.

    @ivar perspective: whom it was given to, or None.
    """

    perspective: Any = None

    #: What says which methods there are, and of which types: see `twisted.spread.pb.serves`.
    remoteInterface: Any = None

    def remoteMessageReceived(self, broker: Any, message: str, args: Any, kw: Any) -> Any:
        """
        Call a method for the other side of a broker.

        @param args: what `broker.unserialize` makes the arguments of.
        @return: what the other side gets, made by `broker.serialize`, or a Deferred of it.
        @raise NoSuchMethod: there is none of the name.
        """
        args = broker.unserialize(args)
        kw = broker.unserialize(kw)
        if self.remoteInterface is not None:
            return self._checked(broker, message, args, kw)
        method = _method(self, "remote_", message)
        return broker.answer(method(*args, **kw), self.perspective, method, args, kw)

    def _checked(self, broker: Any, message: str, args: Any, kw: Any) -> Any:
        """Call a method of the interface, whose types are looked at."""
        described = self.remoteInterface.methodNamed(message)
        described.check(args, kw)
        method = _method(self, "remote_", message)
        result = method(*args, **kw)
        if iscoroutine(result):
            result = Deferred.fromCoroutine(result)
        if isinstance(result, Deferred):
            result.addCallback(described.checked)
        else:
            described.checked(result)
        return broker.answer(result, self.perspective, method, args, kw)

    def jellyFor(self, jellier: Any) -> Any:
        """The number of this object, for the other side of the broker."""
        return [remote_atom, _broker(jellier, self).registerReference(self)]


def _broker(jellier: Any, obj: Any) -> Any:
    """
    The broker that an object is sent by.

    @raise MalformedJelly: there is none.
    """
    if jellier.invoker is None:
        raise MalformedJelly(f"a {qual(type(obj))} can be sent by a broker only")
    return jellier.invoker


@implementer(IPBRoot)
class Root(Referenceable):
    """The object that clients get first, and the same for all of them."""

    def rootObject(self, broker: Any) -> Any:
        """This."""
        return self


class ViewPoint(Referenceable):
    """An object as it is seen by one perspective."""

    def __init__(self, perspective: Any, object: Any) -> None:
        self.perspective = perspective
        self.object = object

    def processUniqueID(self) -> Any:
        """The same for each view of the same object by the same perspective."""
        return (id(self.perspective), id(self.object))

    def remoteMessageReceived(self, broker: Any, message: str, args: Any, kw: Any) -> Any:
        """Call a ``view_`` method of the object, the first argument of which is the perspective."""
        args = broker.unserialize(args, self.perspective)
        kw = broker.unserialize(kw, self.perspective)
        method = _method(self.object, "view_", message)
        result = method(*(self.perspective, *args), **kw)
        return broker.answer(result, self.perspective, method, args, kw)


class Viewable(Serializable):
    """An object whose ``view_`` methods are told which perspective calls."""

    def jellyFor(self, jellier: Any) -> Any:
        """A view of this for the perspective that gets it."""
        perspective = _broker(jellier, self).serializingPerspective
        return ViewPoint(perspective, self).jellyFor(jellier)


class Copyable(Serializable):
    """An object of which the other side gets a copy."""

    def getStateToCopy(self) -> Any:
        """The state to be sent; by default all attributes."""
        return self.__dict__

    def getStateToCopyFor(self, perspective: Any) -> Any:
        """The state for a perspective; by default what all get."""
        return self.getStateToCopy()

    def getTypeToCopy(self) -> Any:
        """The name by which the other side knows the class."""
        return qual(type(self))

    def getTypeToCopyFor(self, perspective: Any) -> Any:
        """The name of the class for a perspective; by default what all get."""
        return self.getTypeToCopy()

    def jellyFor(self, jellier: Any) -> Any:
        """The name of the class, and the state."""
        if jellier.invoker is None:
            from twisted.spread.jelly import getInstanceState

            return getInstanceState(self, jellier)
        perspective = jellier.invoker.serializingPerspective
        jellier.prepare(self)
        kind = self.getTypeToCopyFor(perspective)
        state = jellier.jelly(self.getStateToCopyFor(perspective))
        return jellier.preserve(self, [_named(kind), state])


def _named(kind: Any) -> bytes:
    return kind if isinstance(kind, bytes) else str(kind).encode("utf-8")


class RemoteCopy(Unjellyable):
    """A copy of an object of the other side."""

    def setCopyableState(self, state: Any) -> None:
        """Take the state that has come; by default as attributes."""
        self.__dict__ = state

    def setStateFor(self, unjellier: Any, state: Any) -> None:
        """Take the state that has come, by `setCopyableState`."""
        if state is None:
            # What Python's own `object.__getstate__` gives for an object without attributes.
            state = {}
        if isinstance(state, dict) and bytes in map(type, state):
            state = {attributeName(key): value for key, value in state.items()}
        self.setCopyableState(state)


class Cacheable(Copyable):
    """An object of which the other side gets a copy that is kept up to date."""

    def getStateToCacheAndObserveFor(self, perspective: Any, observer: Any) -> Any:
        """
        The state to be sent, for one who will be told of changes.

        @param observer: a `RemoteCacheObserver`, whose C{callRemote} calls ``observe_`` methods of
            the copy.
        """
        return self.getStateToCopyFor(perspective)

    def stoppedObserving(self, perspective: Any, observer: Any) -> None:
        """Nobody has the copy any more; the observer equals the one from before."""

    def jellyFor(self, jellier: Any) -> Any:
        """The state at first, and the number of the copy from then on."""
        if jellier.invoker is None:
            return Copyable.jellyFor(self, jellier)
        broker = jellier.invoker
        luid = broker.cachedRemotelyAs(self, 1)
        if luid is not None:
            return [cached_atom, luid]
        luid = broker.cacheRemotely(self)
        perspective = broker.serializingPerspective
        kind = self.getTypeToCopyFor(perspective)
        observer = RemoteCacheObserver(broker, self, perspective)
        jellier.prepare(self)
        state = jellier.jelly(self.getStateToCacheAndObserveFor(perspective, observer))
        return jellier.preserve(self, [_named(kind), luid, state])


class RemoteCache(RemoteCopy, Serializable):
    """
    A copy of an object of the other side, which is told of changes by its ``observe_`` methods.

    @ivar broker: what it has come by.
    @ivar luid: its number.
    """

    broker: Any = None
    luid: Any = None

    def remoteMessageReceived(self, broker: Any, message: str, args: Any, kw: Any) -> Any:
        """The object has changed."""
        args = broker.unserialize(args)
        kw = broker.unserialize(kw)
        method = _method(self, "observe_", message)
        return broker.answer(method(*args, **kw), None, method, args, kw)

    def jellyFor(self, jellier: Any) -> Any:
        """Back where it has come from, the object itself is meant."""
        if jellier.invoker is not self.broker or self.broker is None:
            return jellier.unpersistable("a copy of a Cacheable can be sent back only")
        return [b"lcache", self.luid]

    def unjellyFor(self, unjellier: Any, jellyList: Any) -> Any:
        """Take the state that has come, and note the number."""
        _, luid, state = jellyList
        broker = _broker(unjellier, self)
        known = unjellier.unjelly(state)

        def take() -> None:
            self.setStateFor(unjellier, known)
            # Whatever the state has said of them.
            self.broker = broker
            self.luid = luid
            broker.cacheLocally(luid, self)

        unjellier.whenKnown(take)
        return self


def unjellyCached(unjellier: Any, unjellyList: Any) -> Any:
    """The copy that has come before."""
    return _broker(unjellier, unjellyCached).cachedLocallyAs(unjellyList[1])


def unjellyLCache(unjellier: Any, unjellyList: Any) -> Any:
    """The object of which the other side has a copy."""
    return _broker(unjellier, unjellyLCache).remotelyCachedForLUID(unjellyList[1])


def unjellyLocal(unjellier: Any, unjellyList: Any) -> Any:
    """
    The object to which the other side has a reference.

    @raise MalformedJelly: it has none of that number.
    """
    found = _broker(unjellier, unjellyLocal).localObjectForID(unjellyList[1])
    if found is None:
        raise MalformedJelly(f"no object here has the number {unjellyList[1]!r}")
    return found


setUnjellyableForClass("cached", unjellyCached)
setUnjellyableForClass("lcache", unjellyLCache)
setUnjellyableForClass("local", unjellyLocal)


class RemoteCacheObserver:
    """Tells one copy of a `Cacheable` of changes."""

    def __init__(self, broker: Any, cached: Any, perspective: Any) -> None:
        """
        @param broker: where the copy has gone.
        @param cached: the `Cacheable`.
        @param perspective: whom the copy was given to.
        """
        self.broker = broker
        self.cached = cached
        self.perspective = perspective

    def _key(self) -> Any:
        return (id(self.broker), id(self.cached), id(self.perspective))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RemoteCacheObserver) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return f"<RemoteCacheObserver({self.broker!r}, {self.cached!r}, {self.perspective!r})>"

    def callRemote(self, _name: Any, *args: Any, **kw: Any) -> Any:
        """
        Call an ``observe_`` method of the copy.

        @return: a Deferred of what it returns.
        """
        return self.broker.callCache(self.cached, self.perspective, _name, args, kw)

    def remoteMethod(self, key: Any) -> RemoteCacheMethod:
        """An ``observe_`` method of the copy, to be called."""
        return RemoteCacheMethod(key, self.broker, self.cached, self.perspective)


class RemoteCacheMethod:
    """An ``observe_`` method of a copy of a `Cacheable`."""

    def __init__(self, name: Any, broker: Any, cached: Any, perspective: Any) -> None:
        self.name = name
        self._observer = RemoteCacheObserver(broker, cached, perspective)

    def _key(self) -> Any:
        return (self.name, self._observer)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RemoteCacheMethod) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __call__(self, *args: Any, **kw: Any) -> Any:
        """Call it. @return: a Deferred of what it returns."""
        return self._observer.callRemote(self.name, *args, **kw)
