"""Objects of the other side, and those that it has references to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred
from twisted.persisted.styles import Ephemeral
from twisted.spread.flavors import Serializable
from twisted.spread.interfaces import IUnjellyable
from twisted.spread.jelly import MalformedJelly, setUnjellyableForClass

__all__ = ["Local", "RemoteMethod", "RemoteReference", "TimedReference"]


class Local:
    """
    An object that the other side has references to.

    @ivar refcount: how many; an object with a name has one that does not end.
    """

    __slots__ = ("key", "object", "perspective", "refcount")

    def __init__(self, object: Any, key: Any, perspective: Any = None) -> None:
        self.object = object
        self.key = key
        self.perspective = perspective
        self.refcount = 1

    def __repr__(self) -> str:
        return f"<pb.Local {self.object!r} ref:{self.refcount}>"


@implementer(IUnjellyable)
class RemoteReference(Serializable, Ephemeral):
    """
    A reference to an object of the other side.

    @ivar broker: the connection that it has come by.
    @ivar luid: the number, or the name, of the object.
    @ivar disconnectCallbacks: what is called with this when the connection ends.
    """

    def __init__(self, perspective: Any, broker: Any, luid: Any, doRefCount: int) -> None:
        """
        @param perspective: whom it was given to.
        @param doRefCount: whether the other side is told when this is gone.
        """
        self.luid = luid
        self.broker = broker
        self.doRefCount = doRefCount
        self.perspective = perspective
        self.disconnectCallbacks: list[Callable[[Any], object]] = []

    def callRemote(self, _name: Any, *args: Any, **kw: Any) -> Any:
        """
        Call a method of the object.

        @param _name: the method's name, without its prefix.
        @return: a Deferred, which fires with what the method returns. It fails with a
            `CopiedFailure` if the method does, and with `PBConnectionLost` if the answer cannot
            come any more. Cancelling it tells the other side, if that understands.
        @raise DeadReferenceError: the connection is gone.
        """
        return self.broker.callReference(self.perspective, self.luid, _name, args, kw)

    def withTimeout(self, seconds: float, clock: Any = None) -> TimedReference:
        """
        This reference, for calls that are cancelled when they take too long.

        @param clock: where time passes; by default the global reactor.
        """
        return TimedReference(self, seconds, clock)

    def remoteMethod(self, key: Any) -> RemoteMethod:
        """A method of the object, to be called."""
        return RemoteMethod(self, key)

    def notifyOnDisconnect(self, callback: Callable[[Any], object]) -> None:
        """Call a function with this when the connection ends."""
        if not callable(callback):
            raise TypeError(f"{callback!r} cannot be called")
        self.disconnectCallbacks.append(callback)
        if len(self.disconnectCallbacks) == 1:
            self.broker.notifyOnDisconnect(self._disconnected)

    def dontNotifyOnDisconnect(self, callback: Callable[[Any], object]) -> None:
        """Take a `notifyOnDisconnect` back."""
        self.disconnectCallbacks.remove(callback)
        if not self.disconnectCallbacks:
            self.broker.dontNotifyOnDisconnect(self._disconnected)

    def _disconnected(self) -> None:
        """The connection has ended."""
        for callback in self.disconnectCallbacks:
            callback(self)
        self.disconnectCallbacks = []

    def jellyFor(self, jellier: Any) -> Any:
        """Back where it has come from, the object itself is meant."""
        if jellier.invoker is None or jellier.invoker is not self.broker:
            return jellier.unpersistable("a reference can be sent back only")
        return [b"local", self.luid]

    def unjellyFor(self, unjellier: Any, unjellyList: Any) -> Any:
        """Become the reference that has come."""
        _, luid = unjellyList
        broker = unjellier.invoker
        if broker is None or not isinstance(luid, (int, bytes)):
            raise MalformedJelly("a reference makes sense to the broker that it has come by")
        RemoteReference.__init__(self, broker.unserializingPerspective, broker, luid, 1)
        return self

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RemoteReference):
            return NotImplemented
        return bool(self.luid == other.luid and self.broker is other.broker)

    def __hash__(self) -> int:
        return hash(self.luid)

    def __del__(self) -> None:
        # One that was made of a message that has turned out to be wrong may have no attributes.
        if getattr(self, "doRefCount", 0):
            self.broker.referenceGone(self.luid)


setUnjellyableForClass("remote", RemoteReference)


class RemoteMethod:
    """A method of an object of the other side."""

    def __init__(self, obj: Any, name: Any) -> None:
        self.obj = obj
        self.name = name

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RemoteMethod):
            return NotImplemented
        return bool(self.obj == other.obj and self.name == other.name)

    def __hash__(self) -> int:
        return hash((self.obj, self.name))

    def __call__(self, *args: Any, **kw: Any) -> Any:
        """Call it. @return: a Deferred of what it returns."""
        return self.obj.callRemote(self.name, *args, **kw)


class TimedReference:
    """
    A reference, for calls that are cancelled when they take too long.

    @ivar reference: the `RemoteReference`.
    """

    def __init__(self, reference: Any, seconds: float, clock: Any = None) -> None:
        self.reference = reference
        self._seconds = seconds
        self._clock = clock

    def callRemote(self, _name: Any, *args: Any, **kw: Any) -> Deferred[Any]:
        """
        Call a method, as `RemoteReference.callRemote` does.

        @return: fails with `twisted.internet.defer.TimeoutError` when the time is up.
        """
        called: Deferred[Any] = self.reference.callRemote(_name, *args, **kw)
        return called.addTimeout(self._seconds, currentReactor(self._clock))

    def remoteMethod(self, key: Any) -> RemoteMethod:
        """A method of the object, to be called."""
        return RemoteMethod(self, key)
