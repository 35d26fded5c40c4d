"""What speaks over a transport: protocols and their factories."""

from __future__ import annotations

from typing import Any

from zope.interface import Attribute, Interface


class IProtocol(Interface):
    """The conversation on one connection."""

    def dataReceived(data: Any) -> Any:
        """Called with bytes that arrived, in pieces of any size."""

    def connectionLost(reason: Any) -> Any:
        """
        Called once, with a `Failure`, after the connection ended: of `ConnectionDone` if it was
        closed as it should be.
        """

    def makeConnection(transport: Any) -> Any:
        """Take a transport and begin: sets `transport` and calls `connectionMade`."""

    def connectionMade() -> Any:
        """Called once, when there is a connection."""


class IHalfCloseableProtocol(Interface):
    """A protocol that can go on when one direction has ended."""

    def readConnectionLost() -> Any:
        """The peer sends no more; without this interface, the connection would be closed now."""

    def writeConnectionLost() -> Any:
        """Everything was sent, and the peer was told that no more will come."""


class IHandshakeListener(Interface):
    """A protocol that wants to know when a TLS handshake is done."""

    def handshakeCompleted() -> Any:
        """Called when the peer's certificate and the protocol agreed on are known."""


class IFileDescriptorReceiver(Interface):
    """A protocol that takes descriptors."""

    def fileDescriptorReceived(descriptor: Any) -> Any:
        """Called with a descriptor that the peer sent; it is the protocol's to close."""


class IProtocolFactory(Interface):
    """Makes a protocol for each connection."""

    def buildProtocol(addr: Any) -> Any:
        """The `IProtocol` for a connection to an address, or None to refuse it."""

    def doStart() -> Any:
        """Called for each port or connector that begins to use the factory."""

    def doStop() -> Any:
        """Called for each port or connector that has ceased to."""


class IProtocolNegotiationFactory(Interface):
    """A factory that knows application protocols for TLS to offer (RFC 7301)."""

    def acceptableProtocols() -> Any:
        """Names of protocols, as bytes, best first."""


class IProcessProtocol(Interface):
    """The conversation with a child process."""

    def makeConnection(process: Any) -> Any:
        """Called with the `IProcessTransport` when the process was started."""

    def childDataReceived(childFD: Any, data: Any) -> Any:
        """Called with bytes that came from the pipe that the child knows by a descriptor number."""

    def childConnectionLost(childFD: Any) -> Any:
        """Called when that pipe was closed."""

    def processExited(reason: Any) -> Any:
        """
        Called with a `Failure` of `ProcessDone` or `ProcessTerminated` when the process ended;
        more data may come.
        """

    def processEnded(reason: Any) -> Any:
        """Called with the same when the process ended and all pipes are closed."""


class IAddress(Interface):
    """Says where one end of a connection is."""


class IListeningPort(Interface):
    """Something that waits for connections."""

    def startListening() -> Any:
        """Begin. Raises `CannotListenError`."""

    def stopListening() -> Any:
        """End; a Deferred, or None, fires when that is done."""

    def getHost() -> Any:
        """The `IAddress` that is listened on."""


class IConnector(Interface):
    """Makes one connection, and may make it again."""

    def stopConnecting() -> Any:
        """Give the attempt up. Raises `NotConnectingError`."""

    def disconnect() -> Any:
        """Close the connection, or give the attempt up."""

    def connect() -> Any:
        """Connect again. Raises `RuntimeError` while connected or connecting."""

    def getDestination() -> Any:
        """The `IAddress` that it connects to."""


class IStreamServerEndpoint(Interface):
    """A place to listen at."""

    def listen(protocolFactory: Any) -> Any:
        """Listen; a Deferred fires with the `IListeningPort`, or fails with `CannotListenError`."""


class IStreamClientEndpoint(Interface):
    """A place to connect to."""

    def connect(protocolFactory: Any) -> Any:
        """
        Connect; a Deferred fires with the factory's `IProtocol`, or fails with `ConnectError` or
        another reason. Cancelling it gives up.
        """


class IStreamServerEndpointStringParser(Interface):
    """A plugin that reads strings such as `tcp:8080`."""

    prefix = Attribute("What the string begins with, before the first colon.")

    def parseStreamServer(reactor: Any, *args: Any, **kwargs: Any) -> Any:
        """The `IStreamServerEndpoint` for the arguments of a string."""


class IStreamClientEndpointStringParserWithReactor(Interface):
    """A plugin that reads strings such as `tcp:example.org:80`."""

    prefix = Attribute("What the string begins with, before the first colon.")

    def parseStreamClient(reactor: Any, *args: Any, **kwargs: Any) -> Any:
        """The `IStreamClientEndpoint` for the arguments of a string."""


class IServiceCollection(Interface):
    """An older name for what holds services."""

    def getServiceNamed(serviceName: Any) -> Any:
        """The service of a name. Raises `KeyError`."""

    def addService(service: Any) -> Any:
        """Add a service."""

    def removeService(service: Any) -> Any:
        """Remove a service."""
