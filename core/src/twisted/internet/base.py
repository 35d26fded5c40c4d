"""
What all reactors share: timers, threads, events of their life, names, and the plain parts of ports
and connectors.  How descriptors are watched is each reactor's own.
"""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ParamSpec

from zope.interface import implementer

from twisted.internet import error
from twisted.internet._delayedcall import DelayedCall
from twisted.internet._interfaces._reactors import _ISupportsExitSignalCapturing
from twisted.internet._metrics import ReactorMetrics
from twisted.internet._reaper import ChildSignal, reapAllProcesses
from twisted.internet._resolver import (
    BlockingResolver,
    ComplexResolverSimplifier,
    GAIResolver,
    SimpleResolverComplexifier,
    ThreadedResolver,
)
from twisted.internet._signals import StopSignals, Waker
from twisted.internet._systemevents import ThreePhaseEvent, Trigger
from twisted.internet._timers import TimerQueue
from twisted.internet.abstract import FileDescriptor, isIPAddress
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import (
    IConnector,
    IReactorCore,
    IReactorPluggableNameResolver,
    IReactorPluggableResolver,
    IReactorThreads,
    IReactorTime,
)
from twisted.internet.main import CONNECTION_LOST
from twisted.logger import Logger
from twisted.python import threadable
from twisted.python.failure import Failure
from twisted.python.runtime import seconds as runtimeSeconds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

    from twisted.internet.interfaces import IAddress, IHostnameResolver, IResolverSimple
    from twisted.python.threadpool import ThreadPool

__all__ = [
    "BaseConnector",
    "BasePort",
    "BlockingResolver",
    "DelayedCall",
    "PluggableResolverMixin",
    "ReactorBase",
    "ThreadedResolver",
]

_log = Logger()

_P = ParamSpec("_P")

#: A reactor looks up from its waiting at least this often, in seconds.  The system calls that wait
#: take milliseconds in 31 bits.
_LONGEST_WAIT = 1_000_000.0

#: Names under which programs find the parts of system events.
_ThreePhaseEvent = ThreePhaseEvent


class _SystemEventID(tuple[str, Trigger]):
    """What `addSystemEventTrigger` gives back: the event and the handle of the trigger in it."""

    __slots__ = ()


@implementer(IReactorPluggableNameResolver, IReactorPluggableResolver)
class PluggableResolverMixin:
    """
    The name resolvers of a reactor: one that finds all addresses, and its older, simpler face.

    Installing either of them replaces both.
    """

    resolver: IResolverSimple
    _nameResolver: IHostnameResolver

    def installResolver(self, resolver: IResolverSimple) -> IResolverSimple:
        """Resolve names with ``resolver`` from now on; give back the one in use before."""
        previous = self.resolver
        self.resolver = resolver
        self._nameResolver = SimpleResolverComplexifier(resolver)
        return previous

    def installNameResolver(self, resolver: IHostnameResolver) -> IHostnameResolver:
        """Resolve names with ``resolver`` from now on; give back the one in use before."""
        previous = self._nameResolver
        self._nameResolver = resolver
        self.resolver = ComplexResolverSimplifier(resolver)
        return previous

    @property
    def nameResolver(self) -> IHostnameResolver:
        """The resolver in use."""
        return self._nameResolver


@implementer(IReactorCore, IReactorTime, _ISupportsExitSignalCapturing, IReactorThreads)
class ReactorBase(PluggableResolverMixin):
    """
    The life of a reactor, its timers and its dealings with threads.

    A subclass watches descriptors: it gives `addReader`, `removeReader`, `addWriter`,
    `removeWriter`, `removeAll`, `getReaders`, `getWriters`, `installWaker` and `doIteration`.

    @ivar threadCallQueue: what `callFromThread` has handed over and the loop has yet to call.
    @ivar _unflushed: descriptors with something new to send.  Their `doWrite` is called after the
        function that wrote has returned, so that all it wrote leaves together.
    """

    #: Whether this reactor became the global one.
    installed = False
    usingThreads = True
    threadpool: ThreadPool | None = None
    threadpoolShutdownID: Any = None
    waker: Waker | None = None

    #: The clock of all times that have to do with this reactor: seconds since the epoch.
    seconds = staticmethod(runtimeSeconds)

    # The number of the signal that made the reactor stop, if one did.
    _exitSignal: int | None = None
    _signals: StopSignals | None = None
    _childSignal: ChildSignal | None = None
    _installSignalHandlers = False

    def __init__(self) -> None:
        self.running = False
        # Between startRunning and the end of shutdown; `running` begins a little later.
        self._started = False
        # From stop, or from the beginning, until startRunning.
        self._stopped = True
        self._startedBefore = False
        self._justStopped = False
        self.threadCallQueue: list[
            tuple[Callable[..., object], tuple[object, ...], dict[str, object]]
        ] = []
        #: What has happened so far; see `twisted.internet.metrics`.
        self.metrics = ReactorMetrics()
        self._timers = TimerQueue()
        self._unflushed: list[Any] = []
        self._systemEvents: dict[str, ThreePhaseEvent] = {}
        self._internalReaders: set[Any] = set()
        self._nameResolver = GAIResolver(self, self.getThreadPool)
        self.resolver = ComplexResolverSimplifier(self._nameResolver)
        self.addSystemEventTrigger("during", "startup", self._begin)
        self.addSystemEventTrigger("during", "shutdown", self.crash)
        self.addSystemEventTrigger("during", "shutdown", self.disconnectAll)
        self.installWaker()

    # Descriptors: each reactor's own.

    def installWaker(self) -> None:
        """
        Set `waker`, and watch it.

        @raise NotImplementedError: a subclass does not provide it.
        """
        raise NotImplementedError(f"{type(self).__qualname__} does not provide installWaker")

    def addReader(self, reader: Any) -> None:
        """
        Call ``reader.doRead`` whenever data come for it.

        @raise NotImplementedError: a subclass does not provide it.
        """
        raise NotImplementedError(f"{type(self).__qualname__} does not provide addReader")

    def addWriter(self, writer: Any) -> None:
        """
        Call ``writer.doWrite`` whenever it takes data.

        @raise NotImplementedError: a subclass does not provide it.
        """
        raise NotImplementedError(f"{type(self).__qualname__} does not provide addWriter")

    def removeReader(self, reader: Any) -> None:
        """
        Ignore data that come for ``reader``; nothing happens if they are ignored already.

        @raise NotImplementedError: a subclass does not provide it.
        """
        raise NotImplementedError(f"{type(self).__qualname__} does not provide removeReader")

    def removeWriter(self, writer: Any) -> None:
        """
        Ignore that ``writer`` takes data; nothing happens if that is ignored already.

        @raise NotImplementedError: a subclass does not provide it.
        """
        raise NotImplementedError(f"{type(self).__qualname__} does not provide removeWriter")

    def removeAll(self) -> list[Any]:
        """
        Watch no descriptor any more, except the reactor's own.

        @return: those that were watched.
        @raise NotImplementedError: a subclass does not provide it.
        """
        raise NotImplementedError(f"{type(self).__qualname__} does not provide removeAll")

    def getReaders(self) -> list[Any]:
        """
        List the descriptors watched for data that come.

        @raise NotImplementedError: a subclass does not provide it.
        """
        raise NotImplementedError(f"{type(self).__qualname__} does not provide getReaders")

    def getWriters(self) -> list[Any]:
        """
        List the descriptors watched for taking data.

        @raise NotImplementedError: a subclass does not provide it.
        """
        raise NotImplementedError(f"{type(self).__qualname__} does not provide getWriters")

    def doIteration(self, delay: float | None) -> None:
        """
        Wait up to ``delay`` seconds, or without end for None, and serve the descriptors once.

        @raise NotImplementedError: a subclass does not provide it.
        """
        raise NotImplementedError(f"{type(self).__qualname__} does not provide doIteration")

    def _flush(self) -> None:
        """Send what has gathered in the descriptors written to."""
        # Only what is there now: a descriptor that is refilled as fast as it is emptied has its
        # turn again after the others had theirs.
        batch = self._unflushed.copy()
        self._unflushed.clear()
        for descriptor in batch:
            try:
                why = descriptor.doWrite()
            except BaseException:
                self._broken(descriptor)
                continue
            if why is not None:
                self._lose(descriptor, why, False)

    def _broken(self, descriptor: Any) -> None:
        """End a descriptor because of the exception being handled, which is logged."""
        reason = Failure()
        _log.failure(
            "Unhandled error while serving {descriptor}",
            failure=reason,
            descriptor=_describe(descriptor),
        )
        self._lose(descriptor, reason, False)

    def _lose(self, descriptor: Any, why: Any, reading: bool) -> None:
        """
        Tell a descriptor that its connection is over.

        @param why: the reason, an exception or a `Failure`.
        @param reading: whether just its reading is over in good order, if the reason says so.
        """
        reason = why if isinstance(why, Failure) else Failure(why)
        try:
            self.removeReader(descriptor)
            if reading and isinstance(reason.value, error.ConnectionDone):
                halfClosed = getattr(descriptor, "readConnectionLost", None)
                if halfClosed is not None:
                    halfClosed(reason)
                    return
            self.removeWriter(descriptor)
            descriptor.connectionLost(reason)
        except BaseException:
            _log.failure(
                "Unhandled error while ending {descriptor}", descriptor=_describe(descriptor)
            )

    def disconnectAll(self) -> None:
        """End every connection and every port at once; part of shutdown."""
        for descriptor in self.removeAll():
            self._lose(descriptor, CONNECTION_LOST, False)

    # Life.

    def run(self, installSignalHandlers: bool = True) -> None:
        """
        Serve until `stop`.

        @param installSignalHandlers: whether SIGINT, SIGTERM and SIGBREAK shut the reactor down; in
            another thread than the main one they cannot.
        @raise twisted.internet.error.ReactorAlreadyRunning: it serves already.
        @raise twisted.internet.error.ReactorNotRestartable: it was stopped before.
        """
        self.startRunning(installSignalHandlers=installSignalHandlers)
        try:
            self.mainLoop()
        finally:
            self._uninstallSignalHandlers()

    def startRunning(self, installSignalHandlers: bool = True) -> None:
        """
        Begin to run: fire the startup event.  For whoever brings the main loop; others call `run`.

        @raise twisted.internet.error.ReactorAlreadyRunning: it runs already.
        @raise twisted.internet.error.ReactorNotRestartable: it was stopped before.
        """
        if self._started:
            raise error.ReactorAlreadyRunning()
        if self._startedBefore:
            raise error.ReactorNotRestartable()
        self._started = True
        self._stopped = False
        self._installSignalHandlers = bool(installSignalHandlers)
        threadable.registerAsIOThread()
        self.fireSystemEvent("startup")

    def _begin(self) -> None:
        """Take note that startup takes place."""
        self.running = True
        if self._installSignalHandlers and self.waker is not None:
            self._signals = StopSignals(self.sigInt, self.sigBreak, self.sigTerm)
            if self._signals.install(self.waker):
                self._childSignal = ChildSignal(self._handleSigchld)
                self._childSignal.install()

    def _uninstallSignalHandlers(self) -> None:
        """Give signals back to whoever had them."""
        signals, self._signals = self._signals, None
        if signals is not None:
            signals.uninstall()
        if self._childSignal is not None:
            self._childSignal.uninstall()
            self._childSignal = None

    _uninstallHandler = _uninstallSignalHandlers

    def _handleSigchld(self, signum: int = 0, frame: Any = None) -> None:
        """A child has ended; the loop finds out which."""
        self.callFromThread(reapAllProcesses)

    def mainLoop(self) -> None:
        """Serve until the reactor is stopped; part of `run`."""
        while self._started:
            try:
                while self._started:
                    self.runUntilCurrent()
                    self.doIteration(self.timeout() if self._started else 0)
            except BaseException:
                _log.failure("Unexpected error in main loop.")
        _log.info("Main loop terminated.")

    def iterate(self, delay: float = 0.0) -> None:
        """Serve once: call what is due, then wait up to ``delay`` seconds for descriptors."""
        self.runUntilCurrent()
        self.doIteration(delay)

    def stop(self) -> None:
        """
        Shut down: fire the shutdown event and end `run`, as soon as the loop comes round.

        @raise twisted.internet.error.ReactorNotRunning: it does not run, or is stopping already.
        """
        if self._stopped:
            raise error.ReactorNotRunning("Can't stop reactor that isn't running.")
        self._stopped = True
        self._justStopped = True
        self._startedBefore = True

    def crash(self) -> None:
        """End `run` at once, without any event.  The reactor may be run again."""
        self._started = False
        self.running = False
        self.addSystemEventTrigger("during", "startup", self._begin)

    def sigInt(self, number: int, frame: FrameType | None = None) -> None:
        """Shut down on SIGINT."""
        self._stopOnSignal("SIGINT", number)

    def sigBreak(self, number: int, frame: FrameType | None = None) -> None:
        """Shut down on SIGBREAK."""
        self._stopOnSignal("SIGBREAK", number)

    def sigTerm(self, number: int, frame: FrameType | None = None) -> None:
        """Shut down on SIGTERM."""
        self._stopOnSignal("SIGTERM", number)

    def _stopOnSignal(self, name: str, number: int) -> None:
        # A signal comes between any two instructions: everything else is left to the loop.
        self.callFromThread(self._stopFor, name, number)

    def _stopFor(self, name: str, number: int) -> None:
        """Shut down because of a signal; a second one finds that under way."""
        if self._stopped:
            _log.info("Received {signal}, already shutting down.", signal=name)
            return
        _log.info("Received {signal}, shutting down.", signal=name)
        self._exitSignal = number
        self.stop()

    def addSystemEventTrigger(
        self,
        phase: str,
        eventType: str,
        callable: Callable[..., Any],
        *args: object,
        **kwargs: object,
    ) -> Any:
        """
        Have ``callable(*args, **kwargs)`` called when an event takes place.

        @param phase: "before" (a Deferred given back delays the event), "during" or "after".
        @param eventType: "startup", "shutdown", or a name that a program fires itself.
        @return: what `removeSystemEventTrigger` takes.
        @raise KeyError: there is no such phase.
        """
        if not hasattr(callable, "__call__"):  # noqa: B004 - the argument shadows callable()
            raise AssertionError(f"{callable!r} cannot be called")
        event = self._systemEvents.get(eventType)
        if event is None:
            event = ThreePhaseEvent()
        handle = event.addTrigger(phase, callable, *args, **kwargs)
        self._systemEvents[eventType] = event
        return _SystemEventID((eventType, handle))

    def removeSystemEventTrigger(self, triggerID: Any) -> None:
        """
        Take back one `addSystemEventTrigger`.

        @raise ValueError: it was taken back before, or is not such an identifier.
        @raise KeyError: the event is not known.
        @raise TypeError: it is not such an identifier.
        """
        eventType, handle = triggerID
        self._systemEvents[eventType].removeTrigger(handle)

    def fireSystemEvent(self, eventType: str) -> None:
        """Let an event take place; nothing happens if nobody has asked for it."""
        event = self._systemEvents.get(eventType)
        if event is not None:
            event.fireEvent()

    def callWhenRunning(
        self, callable: Callable[..., Any], *args: object, **kwargs: object
    ) -> Any | None:
        """
        Call ``callable(*args, **kwargs)`` when the reactor runs: now, or right after startup.

        @return: what `removeSystemEventTrigger` takes, or None if it was called now.
        """
        if self._started:
            callable(*args, **kwargs)
            return None
        return self.addSystemEventTrigger("after", "startup", callable, *args, **kwargs)

    # Time.

    def callLater(
        self, delay: float, callable: Callable[_P, object], *args: _P.args, **kw: _P.kwargs
    ) -> DelayedCall:
        """
        Call ``callable(*args, **kw)`` in ``delay`` seconds.

        @raise AssertionError: ``delay`` is negative, or nothing that can be called was given.
        """
        if delay < 0:
            raise AssertionError(f"a call cannot be made {-delay} seconds ago")
        if not hasattr(callable, "__call__"):  # noqa: B004 - the argument shadows callable()
            raise AssertionError(f"{callable!r} cannot be called")
        seconds = self.seconds
        return self._timers.make(seconds() + delay, callable, args, kw, seconds)

    def getDelayedCalls(self) -> list[DelayedCall]:
        """List the calls that are still to be made, in no particular order."""
        return self._timers.calls()

    def timeout(self) -> float | None:
        """Tell how many seconds the loop may wait for descriptors; None is without end."""
        if self.threadCallQueue or self._unflushed or self._justStopped:
            return 0
        when = self._timers.next()
        if when is None:
            return None
        left = when - self.seconds()
        if left <= 0:
            return 0
        return left if left < _LONGEST_WAIT else _LONGEST_WAIT

    def runUntilCurrent(self) -> None:
        """Call what threads have handed over and what is due, then send what that wrote."""
        if self.threadCallQueue:
            self._runThreadCalls()
        heap = self._timers.heap
        if heap:
            now = self.seconds()
            if heap[0][0] <= now:
                self._runDueCalls(now)
        if self._unflushed:
            self._flush()
        if self._justStopped:
            self._justStopped = False
            self.fireSystemEvent("shutdown")

    def _runDueCalls(self, now: float) -> None:
        """Make the calls whose moment has come."""
        calledLate = self.metrics.calledLate
        for call in self._timers.due(now):
            calledLate(now - call.time)
            try:
                call.func(*call.args, **call.kw)  # type: ignore[misc]
            except BaseException:
                _log.failure("while handling timed call {call}", call=repr(call))
            # A call that was made keeps nothing alive, nor itself by way of what it calls.
            call.func = None
            call.args = ()
            if call.kw:
                call.kw = {}

    # Threads.

    def callFromThread(  # type: ignore[override]
        self, f: Callable[..., Any], *args: object, **kwargs: object
    ) -> None:
        """Call ``f(*args, **kwargs)`` in the thread of the reactor, soon; from any thread."""
        self.threadCallQueue.append((f, args, kwargs))
        if self.waker is not None:
            self.waker.wakeUp()

    def wakeUp(self) -> None:
        """End the waiting for descriptors; from any thread."""
        if self.waker is not None:
            self.waker.wakeUp()

    def _runThreadCalls(self) -> None:
        """Call what threads have handed over so far."""
        queue = self.threadCallQueue
        # What joins meanwhile waits for the next turn, so that threads cannot starve descriptors.
        batch = queue.copy()
        del queue[: len(batch)]
        for function, args, kwargs in batch:
            try:
                function(*args, **kwargs)
            except BaseException:
                _log.failure("while calling from thread {function}", function=repr(function))

    def getThreadPool(self) -> ThreadPool:
        """Give the pool of threads that `callInThread` uses; it is made when first asked for."""
        pool = self.threadpool
        if pool is None:
            from twisted.python.threadpool import ThreadPool

            self.threadpool = pool = ThreadPool(0, 10, "twisted.internet.reactor")
            self.callWhenRunning(pool.start)
            self.threadpoolShutdownID = self.addSystemEventTrigger(
                "during", "shutdown", self._stopThreadPool
            )
        return pool

    def _stopThreadPool(self) -> None:
        """Let the threads finish what they do; part of shutdown."""
        pool, self.threadpool = self.threadpool, None
        self.threadpoolShutdownID = None
        if pool is not None:
            pool.stop()

    def callInThread(  # type: ignore[override]
        self, _callable: Callable[..., Any], *args: object, **kwargs: object
    ) -> None:
        """Call ``_callable(*args, **kwargs)`` in a thread of the pool, soon."""
        self.getThreadPool().callInThread(_callable, *args, **kwargs)

    def suggestThreadPoolSize(self, size: int) -> None:
        """Let the pool have at most ``size`` threads."""
        self.getThreadPool().adjustPoolsize(maxthreads=size)

    # Names.

    def resolve(self, name: str, timeout: Sequence[int] = (1, 3, 11, 45)) -> Deferred[str]:
        """
        Find an IPv4 address for a host name.

        @param timeout: how many seconds each try may take; not every resolver cares.
        @return: fires with the address as text; fails with `twisted.internet.error.DNSLookupError`.
        """
        if not name:
            return succeed("0.0.0.0")
        if isIPAddress(name):
            return succeed(name)
        found: Deferred[str] = self.resolver.getHostByName(name, timeout)
        return found


def _describe(descriptor: Any) -> str:
    """Name a descriptor for the log; its own way of naming itself may fail as well."""
    try:
        return str(descriptor.logPrefix())
    except Exception:
        return type(descriptor).__name__


@implementer(IConnector)
class BaseConnector(ABC):
    """
    One side of a connection that a `ClientFactory` asked for, before, during and after it.

    A subclass gives `_makeTransport` and `getDestination`.

    @ivar state: "disconnected", "connecting" or "connected".
    @ivar timeout: how many seconds connecting may take, or None.
    """

    timeoutID: Any = None
    factoryStarted = 0
    transport: Any = None

    def __init__(self, factory: Any, timeout: float | None, reactor: Any) -> None:
        self.state = "disconnected"
        self.reactor = reactor
        self.factory = factory
        self.timeout = timeout

    @abstractmethod
    def _makeTransport(self) -> Any:
        """Make a transport that begins to connect."""

    @abstractmethod
    def getDestination(self) -> IAddress:
        """Tell the address that this connects to."""

    def connect(self) -> None:
        """
        Begin to connect, for the first time or again.

        @raise RuntimeError: this is connecting or connected already.
        """
        if self.state != "disconnected":
            raise RuntimeError(f"a connector that is {self.state} cannot connect")
        self.state = "connecting"
        if not self.factoryStarted:
            self.factory.doStart()
            self.factoryStarted = 1
        self.transport = transport = self._makeTransport()
        if self.timeout is not None:
            self.timeoutID = self.reactor.callLater(
                self.timeout, transport.failIfNotConnected, error.TimeoutError()
            )
        self.factory.startedConnecting(self)

    def disconnect(self) -> None:
        """End the connection, or the attempt to connect."""
        if self.state == "connecting":
            self.stopConnecting()
        elif self.state == "connected":
            self.transport.loseConnection()

    def stopConnecting(self) -> None:
        """
        Give up the attempt to connect.

        @raise twisted.internet.error.NotConnectingError: there is none.
        """
        if self.state != "connecting":
            raise error.NotConnectingError("we're not trying to connect")
        self.state = "disconnected"
        self.transport.failIfNotConnected(error.UserError())
        self.transport = None

    def cancelTimeout(self) -> None:
        """Let connecting take as long as it takes."""
        call, self.timeoutID = self.timeoutID, None
        if call is not None and call.active():
            call.cancel()

    def buildProtocol(self, addr: IAddress) -> Any:
        """Take note that the connection stands; give the factory's protocol for it."""
        self.state = "connected"
        self.cancelTimeout()
        return self.factory.buildProtocol(addr)

    def connectionFailed(self, reason: Failure) -> None:
        """Take note that there will be no connection; tell the factory."""
        self.cancelTimeout()
        self.transport = None
        self.state = "disconnected"
        self.factory.clientConnectionFailed(self, reason)
        self._stopFactoryUnlessBusy()

    def connectionLost(self, reason: Failure) -> None:
        """Take note that the connection is over; tell the factory."""
        self.state = "disconnected"
        self.factory.clientConnectionLost(self, reason)
        self._stopFactoryUnlessBusy()

    def _stopFactoryUnlessBusy(self) -> None:
        """Stop the factory, unless it took the end for an occasion to connect again."""
        if self.state == "disconnected":
            self.factory.doStop()
            self.factoryStarted = 0

    def __repr__(self) -> str:
        return (
            f"<{type(self).__module__}.{type(self).__qualname__} {self.state}"
            f" {self.getDestination()} at {id(self):#x}>"
        )


class BasePort(FileDescriptor):
    """
    A socket that others send to or connect to.

    @cvar addressFamily: which addresses, such as `socket.AF_INET`.
    @cvar socketType: which kind of socket, such as `socket.SOCK_STREAM`.
    """

    addressFamily: int | None = None
    socketType: int | None = None

    def createInternetSocket(self) -> socket.socket:
        """Make a socket of this kind that neither blocks nor is inherited by other programs."""
        if self.addressFamily is None or self.socketType is None:
            raise TypeError(f"{type(self).__name__} does not say which kind of socket it needs")
        made = socket.socket(self.addressFamily, self.socketType)
        made.setblocking(False)
        return made

    def doWrite(self) -> Exception | Failure | None:
        """
        Refuse: a port has nothing to send.

        @raise RuntimeError: always.
        """
        raise RuntimeError(f"{type(self).__name__} has nothing to write")
