"""
A side of a connection over which objects call each other.

Each expression is a list, the first item of which says what it is for; the method ``proto_`` and
that word takes the others.

================  ============================================================================
``version``       which version of the protocol this side speaks; it comes first
``message``       a call: request, object, method, whether an answer is wanted, arguments
``cachemessage``  a call of a copy of a `Cacheable`
``answer``        what a call has returned: request, result
``error``         how a call has failed: request, failure
``cancel``        a call whose answer is not wanted any more; only if both sides have agreed on
                  the dialect that has it
``decref``        a reference is gone
``decache``       a copy of a `Cacheable` is gone
``uncache``       nobody needs the state of such a copy any more
================  ============================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import get_ident
from types import CoroutineType
from typing import Any, ClassVar

from zope.interface import implementer

from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPullProducer
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.spread._pb import _plain
from twisted.spread._pb._caches import LocalCache, RemotelyCached
from twisted.spread._pb._errors import Error, NoSuchObject, ProtocolError, failureOf
from twisted.spread._pb._incoming import Incoming
from twisted.spread._pb._outgoing import Outgoing, octetsOf
from twisted.spread._pb._plain import PLAIN, NotPlain, Ready
from twisted.spread._pb._references import Local, RemoteReference
from twisted.spread.banana import Banana, BananaError
from twisted.spread.flavors import RemoteCacheObserver
from twisted.spread.jelly import (
    InsecureJelly,
    MalformedJelly,
    SecurityOptions,
    globalSecurity,
    jelly,
    unjelly,
)

__all__ = ["EXTENDED", "MAX_BROKER_REFS", "Broker"]

_log = Logger()

#: How many objects of this side the other may have references to.
MAX_BROKER_REFS = 1024

#: The dialect that has the words of ``pb``, and the message ``cancel``.
EXTENDED = b"pb+cancel"

_WRONG = (BananaError, ProtocolError, InsecureJelly, MalformedJelly)


@implementer(IPullProducer)
class Broker(Banana):
    """
    See the module.

    @cvar maxBrokerRefs: how many objects of this side the other may have references to, and how
        many copies either side may keep.
    @cvar maxPendingCalls: how many calls of the other side are worked on at a time.
    @cvar maxUnsent: how many octets may wait for a peer that does not read, before the connection
        is cut.
    @ivar factory: the factory that has made this, or None.
    @ivar security: says what may be sent and made: `SecurityOptions`.
    @ivar localObjects: by number or name, those that the other side has references to.
    @ivar waitingForAnswers: by the number of the request, a Deferred, or None if nobody wants it.
    @ivar plainly: whether plain data is sent and read at once.
    @ivar disconnected: whether the connection has ended.
    """

    knownDialects: ClassVar[list[bytes]] = [EXTENDED, b"pb", b"none"]
    _dialectsWithWords = frozenset({EXTENDED, b"pb"})

    version = 6
    username: Any = None
    factory: Any = None
    #: Where time passes; by default the global reactor.
    clock: Any = None
    maxBrokerRefs = MAX_BROKER_REFS
    maxPendingCalls = 10_000
    maxUnsent = 64 * 2**20
    maxBrokerRefsViolations = 0

    #: Whether the other side was wrong, so that nothing more of it is looked at.
    _refused = False

    waitingForAnswers: dict[int, Deferred[Any] | None]

    #: The perspective for which something is sent, or made.
    serializingPerspective: Any = None
    unserializingPerspective: Any = None

    def __init__(self, isClient: int = 1, security: Any = globalSecurity) -> None:
        Banana.__init__(self, isClient)
        self.security = security
        self.disconnected = 0
        self.disconnects: list[Callable[[], object]] = []
        self.failures: list[Callable[[], object]] = []
        # None once the connection was ready.
        self.connects: list[Callable[[], object]] | None = []
        self.localObjects: dict[Any, Local] = {}
        self.luids: dict[Any, int] = {}
        self.currentLocalID = 0
        self.currentRequestID = 0
        self._outgoing = Outgoing(self)
        self._incoming = Incoming(self)
        self.waitingForAnswers = self._outgoing.waiting
        self.remotelyCachedObjects: dict[int, RemotelyCached] = {}
        self.remotelyCachedLUIDs: dict[Any, int] = {}
        self.locallyCachedObjects: dict[Any, LocalCache] = {}
        self.pageProducers: list[Any] = []
        # By what tells an object from others: what is called when nobody has references any more.
        self._localCleanup: dict[Any, Callable[[], object]] = {}
        self.plainly = False
        self._thread = get_ident()

    # The life of the connection

    def connectionReady(self) -> None:
        """A dialect was agreed on."""
        self._thread = get_ident()
        self.plainly = self.currentDialect in self._dialectsWithWords
        self.sendCall(b"version", self.version)
        waiting, self.connects = self.connects or [], None
        self._callAll(waiting)
        if self.factory is not None:
            self.factory.clientConnectionMade(self)

    def connectionFailed(self) -> None:
        """There will be no connection."""
        self._callAll(self.failures)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Nobody gets an answer any more, and the other side has no references."""
        self.disconnected = 1
        self.plainly = False
        self._decoder.clear()
        self._outgoing.lost(reason)
        cached, self.remotelyCachedObjects = self.remotelyCachedObjects, {}
        for entry in cached.values():
            self._safely(self._stopObserving, entry)
        cleanups, self._localCleanup = self._localCleanup, {}
        self._callAll(cleanups.values())
        notifiers, self.disconnects = self.disconnects, []
        self._callAll(notifiers)
        self.pageProducers.clear()
        for table in (self.localObjects, self.luids, self.remotelyCachedLUIDs):
            table.clear()
        self.locallyCachedObjects.clear()
        self._incoming.working.clear()
        if self.factory is not None:
            lost = getattr(self.factory, "brokerLost", None)
            if lost is not None:
                lost(self, reason)

    def _callAll(self, functions: Any) -> None:
        for function in list(functions):
            self._safely(function)

    @staticmethod
    def _safely(function: Callable[..., object], *args: Any) -> None:
        try:
            function(*args)
        except Exception:
            _log.failure("{function} has failed", function=function)

    def notifyOnDisconnect(self, notifier: Callable[[], object]) -> None:
        """Call a function when the connection ends."""
        if not callable(notifier):
            raise TypeError(f"{notifier!r} cannot be called")
        self.disconnects.append(notifier)

    def dontNotifyOnDisconnect(self, notifier: Callable[[], object]) -> None:
        """Take a `notifyOnDisconnect` back, if it has not happened."""
        try:
            self.disconnects.remove(notifier)
        except ValueError:
            pass

    def notifyOnConnect(self, notifier: Callable[[], object]) -> None:
        """Call a function when calls can be made, or now if they can be already."""
        if not callable(notifier):
            raise TypeError(f"{notifier!r} cannot be called")
        if self.connects is None:
            self._safely(notifier)
        else:
            self.connects.append(notifier)

    def notifyOnFail(self, notifier: Callable[[], object]) -> None:
        """Call a function when there will be no connection."""
        if not callable(notifier):
            raise TypeError(f"{notifier!r} cannot be called")
        self.failures.append(notifier)

    # What comes and goes

    def dataReceived(self, chunk: bytes) -> None:
        """Take octets; those that are wrong end the connection."""
        if self._refused:
            return
        decoder = self._decoder
        try:
            decoder.feed(chunk)
            plainly = self.plainly and self._allowsPlain()
            while True:
                if plainly and not decoder.amid:
                    frame = _plain.readFrame(decoder.data, decoder.at)
                    if frame is not None:
                        decoder.at, taken = frame
                        if type(taken) is tuple:
                            self._outgoing.answered(*taken)
                        else:
                            self._plainMessageReceived(taken)
                        continue
                found = decoder.read()
                if not found:
                    break
                self.gotItem(found[0])
                if not plainly and self.plainly:
                    plainly = self._allowsPlain()
        except _WRONG as problem:
            _log.warn(
                "The other side of {broker!r} is wrong: {problem}", broker=self, problem=problem
            )
            self._abort()
        except Exception:
            _log.failure("A message could not be handled")
            self._abort()

    def _plainMessageReceived(self, message: Any) -> None:
        """An object of this side is called with plain data."""
        entry = self.localObjects.get(message.target)
        self._incoming.serve(
            message.number,
            None if entry is None else entry.object,
            message.name,
            message.wanted,
            message.args,
            message.kw,
        )

    def _allowsPlain(self) -> bool:
        """Whether all plain data is allowed, so that it need not be asked for each piece."""
        security = self.security
        if type(security) is SecurityOptions:
            return security.allowedTypes.keys() >= _plain.WORDS
        return all(map(security.isTypeAllowed, _plain.WORDS))

    def _abort(self) -> None:
        self._refused = True
        self.plainly = False
        abort = getattr(self.transport, "abortConnection", None)
        (abort or self.transport.loseConnection)()

    def endSoon(self) -> None:
        """End the connection once what is being answered has been sent."""
        currentReactor(self.clock).callLater(0, self.transport.loseConnection)

    def expressionReceived(self, sexp: Any) -> None:
        """
        An expression has come.

        @raise ProtocolError: it is none of the protocol's.
        """
        if self.disconnected:
            return
        if type(sexp) is not list or not sexp or type(sexp[0]) is not bytes:
            raise ProtocolError("an expression that is no list, or has no word")
        word, *rest = sexp
        method = getattr(self, "proto_" + word.decode("latin-1"), None)
        if method is None:
            self.proto_didNotUnderstand(word)
            return
        try:
            method(*rest)
        except TypeError as error:
            count = method.__func__.__code__.co_argcount - 1
            if count == len(rest):
                raise
            raise ProtocolError(f"{word!r} with {len(rest)} arguments") from error

    def sendCall(self, *exp: Any) -> None:
        """Send an expression."""
        self.sendEncoded(exp)

    def sendEncoded(self, obj: Any) -> None:
        """Send an expression; see `Banana.sendEncoded`."""
        self.writeOctets(self._encoder.encode(obj))

    def encode(self, obj: Any) -> bytes:
        """
        The octets of an expression.

        @raise BananaError: it cannot be sent.
        """
        return self._encoder.encode(obj)

    def writeOctets(self, octets: bytes) -> None:
        """Send octets, unless the other side does not read."""
        transport = self.transport
        transport.write(octets)
        if getattr(transport, "unsentSize", 0) > self.maxUnsent:
            _log.warn("The other side of {broker!r} does not read", broker=self)
            self._abort()

    def proto_didNotUnderstand(self, command: bytes) -> None:
        """
        A word has come that there is not.

        @raise ProtocolError: always.
        """
        raise ProtocolError(f"nobody understands {command!r}")

    def proto_version(self, vnum: Any) -> None:
        """
        The other side's version.

        @raise ProtocolError: it is another one.
        """
        if vnum != self.version:
            raise ProtocolError(f"Version Incompatibility: {self.version} {vnum}")

    # Objects as expressions

    def serialize(
        self,
        object: Any,
        perspective: Any = None,
        method: Any = None,
        args: Any = None,
        kw: Any = None,
    ) -> Any:
        """
        The expression for an object.

        @param perspective: whom it is sent to.
        @param method: the method that has returned it, or that it is an argument of.
        @return: the expression; for a Deferred or a coroutine a Deferred of that of its result.
        """
        if type(object) not in PLAIN:
            if type(object) is CoroutineType:
                object = Deferred.fromCoroutine(object)
            if isinstance(object, Deferred):
                return object.addCallback(self.serialize, perspective, method, args, kw)
        before = self.serializingPerspective
        self.serializingPerspective = perspective
        try:
            return jelly(object, self.security, None, self)
        finally:
            self.serializingPerspective = before

    def answer(self, result: Any, perspective: Any, method: Any, args: Any, kw: Any) -> Any:
        """What `serialize` gives, or, for plain data, its octets."""
        if type(result) not in PLAIN:
            if type(result) is CoroutineType:
                result = Deferred.fromCoroutine(result)
            if isinstance(result, Deferred):
                return result.addCallback(self.answer, perspective, method, args, kw)
        elif self.plainly:
            try:
                return Ready(result)
            except (NotPlain, BananaError):
                # Whoever does it in two steps knows better, or says what is wrong.
                pass
        return self.serialize(result, perspective, method, args, kw)

    def unserialize(self, sexp: Any, perspective: Any = None) -> Any:
        """
        The object for an expression.

        @param perspective: who has sent it.
        @raise InsecureJelly: it stands for something that is not allowed.
        @raise MalformedJelly: it stands for nothing.
        """
        if type(sexp) is not list:
            return sexp
        before = self.unserializingPerspective
        self.unserializingPerspective = perspective
        try:
            return unjelly(sexp, self.security, None, self)
        finally:
            self.unserializingPerspective = before

    # Objects of this side

    def newLocalID(self) -> int:
        """A number for an object of this side."""
        self.currentLocalID += 1
        return self.currentLocalID

    def newRequestID(self) -> int:
        """A number for a request."""
        self.currentRequestID += 1
        return self.currentRequestID

    def setNameForLocal(self, name: Any, object: Any) -> None:
        """Let the other side call an object by a name."""
        self.localObjects[octetsOf(name)] = Local(object, None)

    def localObjectForID(self, luid: Any) -> Any:
        """The object of this side that has a number or a name, or None."""
        if type(luid) is str:
            luid = octetsOf(luid)
        entry = self.localObjects.get(luid) if isinstance(luid, (int, bytes)) else None
        return None if entry is None else entry.object

    def registerReference(self, object: Any) -> int:
        """
        The other side gets another reference to an object.

        @return: its number.
        @raise Error: there are too many. The connection is ended then.
        """
        key = object.processUniqueID()
        luid = self.luids.get(key)
        if luid is not None:
            self.localObjects[luid].refcount += 1
            return luid
        if len(self.localObjects) > self.maxBrokerRefs:
            self.maxBrokerRefsViolations += 1
            if self.maxBrokerRefsViolations == 1:
                _log.warn("The other side of {broker!r} has too many references", broker=self)
                self.transport.loseConnection()
            raise Error(f"there are more than {self.maxBrokerRefs} references")
        luid = self.newLocalID()
        self.localObjects[luid] = Local(object, key, self.serializingPerspective)
        self.luids[key] = luid
        return luid

    def whenUnreferenced(self, object: Any, call: Callable[[], object]) -> None:
        """Call a function once the other side has no reference to an object any more."""
        if self.disconnected:
            self._safely(call)
        else:
            self._localCleanup[object.processUniqueID()] = call

    def proto_decref(self, objectID: Any) -> None:
        """
        The other side has a reference less.

        @raise ProtocolError: it has none.
        """
        entry = self.localObjects.get(objectID) if type(objectID) is int else None
        if entry is None:
            raise ProtocolError(f"a reference to {objectID!r} is gone that there was not")
        entry.refcount -= 1
        if entry.refcount:
            return
        del self.localObjects[objectID]
        del self.luids[entry.key]
        cleanup = self._localCleanup.pop(entry.key, None)
        if cleanup is not None:
            self._safely(cleanup)

    # Objects of the other side

    def remoteForName(self, name: Any) -> RemoteReference:
        """A reference to what the other side has a name for."""
        return RemoteReference(None, self, octetsOf(name), 0)

    def sendDecRef(self, objectID: Any) -> None:
        """A reference to an object of the other side is gone."""
        self.sendCall(b"decref", objectID)

    def referenceGone(self, luid: Any) -> None:
        """A reference is collected, in whatever thread."""
        self._tell(self.sendDecRef, luid)

    def _tell(self, function: Callable[..., object], *args: Any) -> None:
        """Call a function that sends, in the thread of the connection, if there is one."""
        if self.disconnected or self.transport is None:
            return
        if get_ident() == self._thread:
            function(*args)
        else:
            currentReactor().callFromThread(self._tell, function, *args)

    # Calls that are made here

    def callReference(self, perspective: Any, luid: Any, name: Any, args: Any, kw: Any) -> Any:
        """
        Call a method of an object of the other side.

        @return: a Deferred of what it returns; None if no answer is wanted.
        @raise DeadReferenceError: the connection is gone.
        """
        return self._outgoing.call(b"message", perspective, luid, name, args, kw)

    def callCache(self, cached: Any, perspective: Any, name: Any, args: Any, kw: Any) -> Any:
        """
        Call a method of the other side's copy of a `Cacheable`.

        @return: a Deferred of what it returns.
        @raise DeadReferenceError: the connection is gone.
        @raise ProtocolError: the other side has no copy.
        """
        luid = self.cachedRemotelyAs(cached)
        if luid is None and not self.disconnected:
            raise ProtocolError(f"the other side has no copy of {cached!r}")
        return self._outgoing.call(b"cachemessage", perspective, luid, name, args, kw)

    def sendCancel(self, number: int) -> None:
        """Nobody wants the answer to a request any more."""
        if self.currentDialect == EXTENDED and not self.disconnected:
            self.sendCall(b"cancel", number)

    def proto_answer(self, requestID: Any, netResult: Any) -> None:
        """What a call has returned."""
        try:
            result = self.unserialize(netResult)
        except Exception:
            self._outgoing.failed(requestID, Failure())
        else:
            self._outgoing.answered(requestID, result)

    def proto_error(self, requestID: Any, fail: Any) -> None:
        """How a call has failed."""
        try:
            failure = failureOf(fail, self.unserialize)
        except Exception:
            failure = Failure()
        self._outgoing.failed(requestID, failure)

    # Calls of the other side

    def proto_message(
        self,
        requestID: Any,
        objectID: Any,
        message: Any,
        answerRequired: Any,
        netArgs: Any,
        netKw: Any,
    ) -> None:
        """An object of this side is called."""
        target = self.localObjectForID(objectID)
        self._incoming.serve(requestID, target, message, answerRequired, netArgs, netKw)

    def proto_cachemessage(
        self,
        requestID: Any,
        objectID: Any,
        message: Any,
        answerRequired: Any,
        netArgs: Any,
        netKw: Any,
    ) -> None:
        """A copy of the other side's `Cacheable` is called."""
        entry = self.locallyCachedObjects.get(objectID) if isinstance(objectID, int) else None
        target = None if entry is None else entry.get()
        self._incoming.serve(requestID, target, message, answerRequired, netArgs, netKw)

    def proto_cancel(self, requestID: Any) -> None:
        """The other side does not want an answer any more."""
        self._incoming.cancel(requestID)

    # Copies that are kept up to date

    def cacheRemotely(self, instance: Any) -> int:
        """
        The other side gets a copy of a `Cacheable` for the first time.

        @return: its number.
        @raise Error: it has too many.
        """
        if len(self.remotelyCachedObjects) >= self.maxBrokerRefs:
            raise Error(f"there are more than {self.maxBrokerRefs} copies")
        luid = self.newLocalID()
        self.remotelyCachedObjects[luid] = RemotelyCached(instance, self.serializingPerspective)
        self.remotelyCachedLUIDs[instance.processUniqueID()] = luid
        return luid

    def cachedRemotelyAs(self, instance: Any, incref: int = 0) -> int | None:
        """
        The number of the copy that the other side has of a `Cacheable`, or None.

        @param incref: whether it is sent again.
        """
        luid = self.remotelyCachedLUIDs.get(instance.processUniqueID())
        if luid is not None and incref:
            self.remotelyCachedObjects[luid].refcount += 1
        return luid

    def remotelyCachedForLUID(self, luid: Any) -> Any:
        """
        The `Cacheable` of which the other side has the copy of a number.

        @raise NoSuchObject: it has none.
        """
        return self._remotelyCached(luid).object

    def _remotelyCached(self, luid: Any) -> RemotelyCached:
        entry = self.remotelyCachedObjects.get(luid) if type(luid) is int else None
        if entry is None:
            raise NoSuchObject(f"no copy has the number {luid!r}")
        return entry

    def proto_decache(self, objectID: Any) -> None:
        """The other side needs a copy once less."""
        entry = self._remotelyCached(objectID)
        entry.refcount -= 1
        if entry.refcount:
            return
        self._safely(self._stopObserving, entry)
        del self.remotelyCachedObjects[objectID]
        del self.remotelyCachedLUIDs[entry.object.processUniqueID()]
        self.sendCall(b"uncache", objectID)

    def _stopObserving(self, entry: RemotelyCached) -> None:
        observer = RemoteCacheObserver(self, entry.object, entry.perspective)
        entry.object.stoppedObserving(entry.perspective, observer)

    def cacheLocally(self, cid: Any, instance: Any) -> None:
        """
        A copy of a `Cacheable` of the other side has come.

        @raise NoSuchObject: there is one of the number, or there are too many.
        """
        if type(cid) is not int or cid in self.locallyCachedObjects:
            raise NoSuchObject(f"a copy with the number {cid!r}")
        if len(self.locallyCachedObjects) >= self.maxBrokerRefs:
            raise NoSuchObject(f"more than {self.maxBrokerRefs} copies")
        self.locallyCachedObjects[cid] = LocalCache(instance, partial(self._cacheGone, cid))

    def cachedLocallyAs(self, cid: Any) -> Any:
        """
        A copy that has come before comes again.

        @raise NoSuchObject: it has not.
        """
        entry = self.locallyCachedObjects.get(cid) if type(cid) is int else None
        if entry is None:
            raise NoSuchObject(f"no copy has the number {cid!r}")
        return entry.get(again=1)

    def _cacheGone(self, cid: Any, count: int) -> None:
        for _ in range(count):
            self._tell(self.decCacheRef, cid)

    def decCacheRef(self, objectID: Any) -> None:
        """A copy is used once less."""
        self.sendCall(b"decache", objectID)

    def proto_uncache(self, objectID: Any) -> None:
        """The other side tells a copy of nothing any more."""
        if type(objectID) is not int or self.locallyCachedObjects.pop(objectID, None) is None:
            raise ProtocolError(f"no copy has the number {objectID!r}")

    # Pages

    def registerPageProducer(self, pager: Any) -> None:
        """Send the pages of a pager, as fast as the other side takes them."""
        self.pageProducers.append(pager)
        if len(self.pageProducers) == 1:
            self.transport.registerProducer(self, False)

    def resumeProducing(self) -> None:
        """Send a page of each pager."""
        for pager in list(self.pageProducers):
            pager.sendNextPage()
            if not pager.stillPaging() and pager in self.pageProducers:
                self.pageProducers.remove(pager)
        if not self.pageProducers:
            self.transport.unregisterProducer()

    def pauseProducing(self) -> None:
        """Nothing: a page is sent only when it is asked for."""

    def stopProducing(self) -> None:
        """Nobody takes pages any more."""
        self.pageProducers.clear()
