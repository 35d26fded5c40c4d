"""What waits for events: the abilities that a reactor may have."""

from __future__ import annotations

from typing import Any

from zope.interface import Attribute, Interface


class IReactorCore(Interface):
    """Every reactor: its life."""

    running = Attribute("Whether it is between start and stop.")

    def resolve(name: Any, timeout: Any = (1, 3, 11, 45)) -> Any:
        """The IPv4 address of a name, as text; a Deferred fails with `DNSLookupError`."""

    def run() -> Any:
        """Run until `stop` is called."""

    def stop() -> Any:
        """End `run`, after the shutdown triggers have run. Raises `ReactorNotRunning`."""

    def crash() -> Any:
        """End `run` at once: no shutdown triggers run."""

    def iterate(delay: Any) -> Any:
        """Wait for events, at most `delay` seconds, and handle them once."""

    def fireSystemEvent(eventType: Any) -> Any:
        """Run the triggers of an event."""

    def addSystemEventTrigger(
        phase: Any, eventType: Any, callable: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """
        Call a function in a phase (`"before"`, `"during"`, `"after"`) of an event (`"startup"`,
        `"shutdown"`, `"persist"`). A Deferred from a *before* trigger holds the next phases up.
        Gives an id.
        """

    def removeSystemEventTrigger(triggerID: Any) -> Any:
        """Take a trigger back by its id."""

    def callWhenRunning(callable: Any, *args: Any, **kwargs: Any) -> Any:
        """
        Call a function when the reactor has started: now, if it runs.

        Gives a trigger's id, or None.
        """


class IReactorTime(Interface):
    """Tells the time and calls functions later."""

    def seconds() -> Any:
        """The time in seconds; the start of the count is the clock's own affair."""

    def callLater(delay: Any, callable: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a function after `delay` seconds, 0 or more; gives an `IDelayedCall`."""

    def getDelayedCalls() -> Any:
        """All `IDelayedCall`s that have not been called or cancelled."""


class IDelayedCall(Interface):
    """A call that is to be made later."""

    def getTime() -> Any:
        """When, in the seconds of the clock."""

    def cancel() -> Any:
        """Do not make it. Raises `AlreadyCalled` or `AlreadyCancelled`."""

    def delay(secondsLater: Any) -> Any:
        """Make it some seconds later than it was due. Raises as `cancel` does."""

    def reset(secondsFromNow: Any) -> Any:
        """Make it some seconds from now. Raises as `cancel` does."""

    def active() -> Any:
        """Whether it is still to be made."""


class IReactorFromThreads(Interface):
    """Takes calls from other threads."""

    def callFromThread(callable: Any, *args: Any, **kwargs: Any) -> Any:
        """
        Call a function in the reactor's thread, soon.

        Safe in any thread and in signal handlers.
        """


class IReactorInThreads(Interface):
    """Has threads for blocking work."""

    def callInThread(callable: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a function in a thread of the pool."""


class IReactorThreads(IReactorFromThreads, IReactorInThreads):
    """Works with threads, both ways."""

    def getThreadPool() -> Any:
        """The `ThreadPool`, made and started on first use."""

    def suggestThreadPoolSize(size: Any) -> Any:
        """Let the pool have so many threads at most."""


class IReactorTCP(Interface):
    """Speaks TCP."""

    def listenTCP(port: Any, factory: Any, backlog: Any = 50, interface: Any = "") -> Any:
        """
        Listen on a port (0: any free one) of an interface; gives an `IListeningPort`.

        Raises `CannotListenError`.
        """

    def connectTCP(
        host: Any, port: Any, factory: Any, timeout: Any = 30.0, bindAddress: Any = None
    ) -> Any:
        """
        Connect to a host, by name or address; gives an `IConnector`.

        `timeout` is in seconds, `bindAddress` a pair of host and port.
        """


class IReactorTCP2(IReactorTCP):
    """Speaks TCP, and listens on several interfaces at a time."""

    def listenTCP(port: Any, factory: Any, backlog: Any = 50, interface: Any = None) -> Any:
        """As `IReactorTCP.listenTCP`, where None means all interfaces of both versions of IP."""

    def connectTCP(
        host: Any, port: Any, factory: Any, timeout: Any = 30.0, bindAddress: Any = None
    ) -> Any:
        """As `IReactorTCP.connectTCP`."""


class IReactorSSL(Interface):
    """Speaks TLS over TCP."""

    def connectSSL(
        host: Any, port: Any, factory: Any, contextFactory: Any, timeout: Any, bindAddress: Any
    ) -> Any:
        """As `connectTCP`, with the settings of a context factory."""

    def listenSSL(
        port: Any, factory: Any, contextFactory: Any, backlog: Any = 50, interface: Any = ""
    ) -> Any:
        """As `listenTCP`, with the settings of a context factory."""


class IReactorUNIX(Interface):
    """Speaks over UNIX sockets."""

    def connectUNIX(address: Any, factory: Any, timeout: Any = 30, checkPID: Any = False) -> Any:
        """
        Connect to the socket at a path; gives an `IConnector`.

        With `checkPID`, only if its lock says that a process listens.
        """

    def listenUNIX(
        address: Any, factory: Any, backlog: Any = 50, mode: Any = 438, wantPID: Any = False
    ) -> Any:
        """
        Listen at a path, with permissions `mode`; gives an `IListeningPort`.

        With `wantPID`, keep a lock beside it.
        """


class IReactorUNIXDatagram(Interface):
    """Sends datagrams over UNIX sockets."""

    def connectUNIXDatagram(
        address: Any, protocol: Any, maxPacketSize: Any, mode: Any, bindAddress: Any
    ) -> Any:
        """Talk to the socket at a path."""

    def listenUNIXDatagram(address: Any, protocol: Any, maxPacketSize: Any, mode: Any) -> Any:
        """Receive datagrams at a path."""


class IReactorUDP(Interface):
    """Speaks UDP."""

    def listenUDP(port: Any, protocol: Any, interface: Any, maxPacketSize: Any) -> Any:
        """Receive datagrams on a port of an interface; gives an `IListeningPort`."""


class IReactorMulticast(Interface):
    """Speaks UDP to groups."""

    def listenMulticast(
        port: Any,
        protocol: Any,
        interface: Any = "",
        maxPacketSize: Any = 8192,
        listenMultiple: Any = False,
    ) -> Any:
        """
        As `listenUDP`, with a transport that is an `IMulticastTransport`.

        With `listenMultiple`, others may listen on the same port.
        """


class IReactorSocket(Interface):
    """Takes sockets over that others made, systemd for example."""

    def adoptStreamPort(fileDescriptor: Any, addressFamily: Any, factory: Any) -> Any:
        """
        Accept connections on a listening stream socket; the descriptor is duplicated.

        Raises `UnsupportedAddressFamily`.
        """

    def adoptStreamConnection(fileDescriptor: Any, addressFamily: Any, factory: Any) -> Any:
        """
        Speak over a connected stream socket; the descriptor is duplicated.

        Raises `UnsupportedAddressFamily`.
        """

    def adoptDatagramPort(
        fileDescriptor: Any, addressFamily: Any, protocol: Any, maxPacketSize: Any
    ) -> Any:
        """
        Receive on a bound datagram socket; the descriptor is duplicated.

        Raises `UnsupportedAddressFamily`.
        """


class IReactorProcess(Interface):
    """Starts processes."""

    def spawnProcess(
        processProtocol: Any,
        executable: Any,
        args: Any,
        env: Any = None,
        path: Any = None,
        uid: Any = None,
        gid: Any = None,
        usePTY: Any = False,
        childFDs: Any = None,
    ) -> Any:
        """
        Run a program; gives an `IProcessTransport`.

        `args` begins with the program's name; `env` None inherits; `childFDs` maps the child's
        descriptors to `"r"`, `"w"` or a descriptor of this process.
        """


class IReactorFDSet(Interface):
    """Watches descriptors."""

    def addReader(reader: Any) -> Any:
        """Call `doRead` when there is something to read."""

    def addWriter(writer: Any) -> Any:
        """Call `doWrite` when there is room to write."""

    def removeReader(reader: Any) -> Any:
        """Watch no more for something to read."""

    def removeWriter(writer: Any) -> Any:
        """Watch no more for room to write."""

    def removeAll() -> Any:
        """Watch nothing any more but the reactor's own descriptors; gives what was watched."""

    def getReaders() -> Any:
        """What is watched for something to read."""

    def getWriters() -> Any:
        """What is watched for room to write."""


class IReactorDaemonize(Interface):
    """Has things to do when its process goes to the background."""

    def beforeDaemonize() -> Any:
        """Called before the fork."""

    def afterDaemonize() -> Any:
        """Called in the child."""


class IReactorWin32Events(Interface):
    """Waits for events of Windows."""

    def addEvent(event: Any, fd: Any, action: Any) -> Any:
        """Call a method of a descriptor when an event is signalled."""

    def removeEvent(event: Any) -> Any:
        """Wait for an event no more."""


class IReactorPluggableResolver(Interface):
    """Lets programs bring a resolver of IPv4 addresses."""

    def installResolver(resolver: Any) -> Any:
        """Use an `IResolverSimple`; gives the one before."""


class IReactorPluggableNameResolver(Interface):
    """Lets programs bring a resolver of names."""

    nameResolver = Attribute("The `IHostnameResolver` in use.")

    def installNameResolver(resolver: Any) -> Any:
        """Use an `IHostnameResolver`; gives the one before."""


class IResolverSimple(Interface):
    """Finds the IPv4 address of a name."""

    def getHostByName(name: Any, timeout: Any = ()) -> Any:
        """
        The address, as text;

        `timeout` holds the seconds of each try. A Deferred fails with `DNSLookupError`.
        """


class IResolver(IResolverSimple):
    """
    Asks the DNS; each method gives a Deferred of three lists of records: answers, authority,
    additional.
    """

    def query(query: Any, timeout: Any) -> Any:
        """Ask a question."""

    def lookupAddress(name: Any, timeout: Any) -> Any:
        """A records."""

    def lookupAddress6(name: Any, timeout: Any) -> Any:
        """A6 records."""

    def lookupIPV6Address(name: Any, timeout: Any) -> Any:
        """AAAA records."""

    def lookupMailExchange(name: Any, timeout: Any) -> Any:
        """MX records."""

    def lookupNameservers(name: Any, timeout: Any) -> Any:
        """NS records."""

    def lookupCanonicalName(name: Any, timeout: Any) -> Any:
        """CNAME records."""

    def lookupMailBox(name: Any, timeout: Any) -> Any:
        """MB records."""

    def lookupMailGroup(name: Any, timeout: Any) -> Any:
        """MG records."""

    def lookupMailRename(name: Any, timeout: Any) -> Any:
        """MR records."""

    def lookupPointer(name: Any, timeout: Any) -> Any:
        """PTR records."""

    def lookupAuthority(name: Any, timeout: Any) -> Any:
        """SOA records."""

    def lookupNull(name: Any, timeout: Any) -> Any:
        """NULL records."""

    def lookupWellKnownServices(name: Any, timeout: Any) -> Any:
        """WKS records."""

    def lookupHostInfo(name: Any, timeout: Any) -> Any:
        """HINFO records."""

    def lookupMailboxInfo(name: Any, timeout: Any) -> Any:
        """MINFO records."""

    def lookupText(name: Any, timeout: Any) -> Any:
        """TXT records."""

    def lookupResponsibility(name: Any, timeout: Any) -> Any:
        """RP records."""

    def lookupAFSDatabase(name: Any, timeout: Any) -> Any:
        """AFSDB records."""

    def lookupService(name: Any, timeout: Any) -> Any:
        """SRV records."""

    def lookupAllRecords(name: Any, timeout: Any) -> Any:
        """All records."""

    def lookupSenderPolicy(name: Any, timeout: Any) -> Any:
        """SPF records."""

    def lookupNamingAuthorityPointer(name: Any, timeout: Any) -> Any:
        """NAPTR records."""

    def lookupZone(name: Any, timeout: Any) -> Any:
        """All records of a zone, by a transfer."""


class IHostResolution(Interface):
    """A look-up under way."""

    name = Attribute("The name that is looked up.")

    def cancel() -> Any:
        """Give it up."""


class IResolutionReceiver(Interface):
    """Takes the addresses of a name as they are found."""

    def resolutionBegan(resolutionInProgress: Any) -> Any:
        """Called first, with the `IHostResolution`."""

    def addressResolved(address: Any) -> Any:
        """Called with each `IAddress`."""

    def resolutionComplete() -> Any:
        """Called last, whether anything was found or not."""


class IHostnameResolver(Interface):
    """Finds the addresses of a name."""

    def resolveHostName(
        resolutionReceiver: Any,
        hostName: Any,
        portNumber: Any = 0,
        addressTypes: Any = None,
        transportSemantics: Any = "TCP",
    ) -> Any:
        """
        Look a name up and tell the receiver; gives the `IHostResolution`.

        `addressTypes` holds the classes of address that are wanted (None: all),
        `transportSemantics` is `"TCP"` or `"UDP"`.
        """


class _ISupportsExitSignalCapturing(Interface):
    """A reactor that remembers the signal that stopped it."""

    _exitSignal = Attribute("The number of the signal that stopped the reactor, or None.")
