"""What carries bytes: transports, producers, consumers and descriptors."""

from __future__ import annotations

from typing import Any

from zope.interface import Attribute, Interface


class ILoggingContext(Interface):
    """Something that log messages can be attributed to."""

    def logPrefix() -> Any:
        """A short text without line breaks that names it in logs."""


class ITransport(Interface):
    """Carries the bytes of one connection."""

    def write(data: Any) -> Any:
        """
        Send bytes, in order, without blocking; what the system does not take waits in a buffer.

        Raises `TypeError` for anything but bytes.
        """

    def writeSequence(data: Any) -> Any:
        """Send pieces of bytes as if they were joined."""

    def loseConnection() -> Any:
        """
        Close the connection when everything written has been sent, and a registered producer is
        done.
        """

    def getPeer() -> Any:
        """The `IAddress` of the other side."""

    def getHost() -> Any:
        """The `IAddress` of this side."""


class ITCPTransport(ITransport):
    """A TCP connection."""

    def loseWriteConnection() -> Any:
        """
        Send what waits and then the end of the stream; go on receiving.

        The protocol hears of the peer's end through `IHalfCloseableProtocol`.
        """

    def abortConnection() -> Any:
        """
        Close at once: what waits is not sent, and the peer sees a reset where the system allows.
        """

    def getTcpNoDelay() -> Any:
        """Whether small segments are sent without delay (Nagle's algorithm off)."""

    def setTcpNoDelay(enabled: Any) -> Any:
        """Send small segments without delay, or not."""

    def getTcpKeepAlive() -> Any:
        """Whether the system probes a silent connection."""

    def setTcpKeepAlive(enabled: Any) -> Any:
        """Let the system probe a silent connection, or not."""

    def getHost() -> Any:
        """The `IPv4Address` or `IPv6Address` of this side."""

    def getPeer() -> Any:
        """The `IPv4Address` or `IPv6Address` of the other side."""


class IUNIXTransport(ITransport):
    """A connection over a UNIX socket."""

    def sendFileDescriptor(descriptor: Any) -> Any:
        """
        Send a duplicate of a descriptor with the next bytes written; at least one byte must be
        written for each.
        """


class ITLSTransport(ITCPTransport):
    """A connection that can be switched to TLS."""

    def startTLS(contextFactory: Any) -> Any:
        """Begin TLS on this connection, with the settings of a context factory."""


class ISSLTransport(ITCPTransport):
    """A connection under TLS."""

    def getPeerCertificate() -> Any:
        """The peer's certificate, or None if it presented none."""


class INegotiated(ISSLTransport):
    """A connection under TLS that agreed on an application protocol (RFC 7301)."""

    negotiatedProtocol = Attribute(
        "The protocol agreed on, as bytes, or None; known once data has been received."
    )


class IProcessTransport(ITransport):
    """The pipes of a child process."""

    pid = Attribute("The process's number, or None once it has ended.")

    def closeStdin() -> Any:
        """Close the child's standard input when what was written has been sent."""

    def closeStdout() -> Any:
        """Close this end of the child's standard output."""

    def closeStderr() -> Any:
        """Close this end of the child's standard error."""

    def closeChildFD(descriptor: Any) -> Any:
        """Close this end of the pipe that the child knows by a descriptor number."""

    def writeToChild(childFD: Any, data: Any) -> Any:
        """Write bytes to the pipe that the child knows by a descriptor number."""

    def loseConnection() -> Any:
        """Close all pipes."""

    def signalProcess(signalID: Any) -> Any:
        """
        Send a signal, by number or by name (`"KILL"`, `"INT"`, `"TERM"`).

        Raises `ProcessExitedAlready`.
        """


class IUDPTransport(Interface):
    """A UDP port."""

    def write(packet: Any, addr: Any) -> Any:
        """
        Send a datagram to an address, a pair of IP address and port; connected ports may leave it
        out. Raises `MessageLengthError` if it is too large.
        """

    def connect(host: Any, port: Any) -> Any:
        """Send to, and receive from, one address only."""

    def getHost() -> Any:
        """The `IPv4Address` or `IPv6Address` of this port."""

    def getBroadcastAllowed() -> Any:
        """Whether datagrams may go to broadcast addresses."""

    def setBroadcastAllowed(enabled: Any) -> Any:
        """Allow datagrams to broadcast addresses, or not."""

    def stopListening() -> Any:
        """Close the port; a Deferred, or None, fires when that is done."""


class IMulticastTransport(IUDPTransport):
    """A UDP port that takes part in multicast."""

    def getOutgoingInterface() -> Any:
        """The address of the interface that multicast datagrams leave by."""

    def setOutgoingInterface(addr: Any) -> Any:
        """Let multicast datagrams leave by an interface; a Deferred."""

    def getLoopbackMode() -> Any:
        """Whether this host receives its own multicast datagrams."""

    def setLoopbackMode(mode: Any) -> Any:
        """Receive this host's own multicast datagrams, or not."""

    def getTTL() -> Any:
        """How many routers a multicast datagram may pass."""

    def setTTL(ttl: Any) -> Any:
        """Set how many routers a multicast datagram may pass."""

    def joinGroup(addr: Any, interface: Any = "") -> Any:
        """Receive the datagrams of a group; a Deferred."""

    def leaveGroup(addr: Any, interface: Any = "") -> Any:
        """Stop receiving the datagrams of a group; a Deferred."""


class IUNIXDatagramTransport(Interface):
    """A UNIX datagram socket."""

    def write(packet: Any, addr: Any) -> Any:
        """Send a datagram to the socket at a path."""

    def getHost() -> Any:
        """The `UNIXAddress` of this socket."""


class IUNIXDatagramConnectedTransport(Interface):
    """A UNIX datagram socket that talks to one other."""

    def write(packet: Any) -> Any:
        """Send a datagram."""

    def getHost() -> Any:
        """The `UNIXAddress` of this socket."""

    def getPeer() -> Any:
        """The `UNIXAddress` of the other."""


class IConsumer(Interface):
    """Takes data from a producer."""

    def registerProducer(producer: Any, streaming: Any) -> Any:
        """
        Take data from a producer: a push producer if `streaming` is true, which is paused when
        too much waits here; a pull producer otherwise, which is asked for each piece. Raises
        `RuntimeError` if there is one already.
        """

    def unregisterProducer() -> Any:
        """Forget the producer: it has no more."""

    def write(data: Any) -> Any:
        """Take data."""


class IProducer(Interface):
    """Produces data for a consumer."""

    def stopProducing() -> Any:
        """Stop for good; nobody wants the data any more."""


class IPushProducer(IProducer):
    """Produces data by itself until it is paused."""

    def pauseProducing() -> Any:
        """Produce nothing until `resumeProducing` is called."""

    def resumeProducing() -> Any:
        """Produce again."""


class IPullProducer(IProducer):
    """Produces data when it is asked to."""

    def resumeProducing() -> Any:
        """Write one piece to the consumer, or unregister if there is no more."""


class IFileDescriptor(ILoggingContext):
    """Something that the operating system knows by a descriptor."""

    def fileno() -> Any:
        """The descriptor, or -1 if there is none."""

    def connectionLost(reason: Any) -> Any:
        """Called once, with a `Failure`, when it is watched no more because it ended."""


class IReadDescriptor(IFileDescriptor):
    """A descriptor that can be watched for something to read."""

    def doRead() -> Any:
        """
        Called when there is something to read.

        An exception that is returned ends the connection.
        """


class IWriteDescriptor(IFileDescriptor):
    """A descriptor that can be watched for room to write."""

    def doWrite() -> Any:
        """Called when there is room to write. An exception that is returned ends the connection."""


class IReadWriteDescriptor(IReadDescriptor, IWriteDescriptor):
    """A descriptor that can be watched for both."""


class IHalfCloseableDescriptor(Interface):
    """A descriptor of which each direction may end by itself."""

    def writeConnectionLost(reason: Any) -> Any:
        """Nothing can be written any more."""

    def readConnectionLost(reason: Any) -> Any:
        """Nothing will come any more."""


class ISystemHandle(Interface):
    """Wraps an object of the operating system."""

    def getHandle() -> Any:
        """The object, such as a socket."""
