"""
Exceptions of the reactor, its transports, ports and processes.

Those that have a ``MESSAGE`` show it, followed by what they were raised with.
"""

from __future__ import annotations

import errno
import socket
from typing import Any

__all__ = [
    "AlreadyCalled",
    "AlreadyCancelled",
    "AlreadyListened",
    "BadFileError",
    "BindError",
    "CannotListenError",
    "CertificateError",
    "ConnectBindError",
    "ConnectError",
    "ConnectInProgressError",
    "ConnectingCancelledError",
    "ConnectionAborted",
    "ConnectionClosed",
    "ConnectionDone",
    "ConnectionFdescWentAway",
    "ConnectionLost",
    "ConnectionRefusedError",
    "DNSLookupError",
    "FileDescriptorOverrun",
    "InvalidAddressError",
    "MessageLengthError",
    "MulticastJoinError",
    "NoProtocol",
    "NoRouteError",
    "NotConnectingError",
    "NotListeningError",
    "PeerVerifyError",
    "ProcessDone",
    "ProcessExitedAlready",
    "ProcessTerminated",
    "ReactorAlreadyInstalledError",
    "ReactorAlreadyRunning",
    "ReactorNotRestartable",
    "ReactorNotRunning",
    "SSLError",
    "ServiceNameUnknownError",
    "TCPTimedOutError",
    "TimeoutError",
    "UnknownHostError",
    "UnsupportedAddressFamily",
    "UnsupportedSocketType",
    "UserError",
    "VerifyError",
    "errnoMapping",
    "getConnectError",
]


def _sentence(message: str, *details: Any) -> str:
    """A message and its details, as ``message: details.``"""
    return f"{message}: {' '.join(details)}." if details else f"{message}."


class _Described(Exception):
    """An exception that shows its class's message and its own arguments."""

    MESSAGE = "An error occurred"

    def __str__(self) -> str:
        return _sentence(self.MESSAGE, *self.args)


class BindError(_Described):
    """A socket could not be bound to an address."""

    MESSAGE = "An error occurred binding to an interface"


class CannotListenError(BindError):
    """
    A port could not be listened on.

    @ivar interface: the address that was asked for.
    @ivar port: the port, or the path of a UNIX socket.
    @ivar socketError: the error of the operating system.
    """

    def __init__(self, interface: Any, port: Any, socketError: Any) -> None:
        super().__init__(interface, port, socketError)
        self.interface = interface
        self.port = port
        self.socketError = socketError

    def __str__(self) -> str:
        return f"Couldn't listen on {self.interface or 'any'}:{self.port}: {self.socketError}."


class MulticastJoinError(Exception):
    """A multicast group could not be joined."""


class MessageLengthError(_Described):
    """A datagram is larger than the network takes."""

    MESSAGE = "Message is too long to send"


class DNSLookupError(OSError):
    """A name could not be resolved."""

    MESSAGE = "DNS lookup failed"

    def __str__(self) -> str:
        return _sentence(self.MESSAGE, *self.args)


class ConnectInProgressError(Exception):
    """A connection is being made already."""


# Errors of connecting


class ConnectError(Exception):
    """
    A connection could not be made.

    @ivar osError: the number of the operating system's error, or None.
    """

    MESSAGE = "An error occurred while connecting"

    def __init__(self, osError: Any = None, string: str = "") -> None:
        self.osError = osError
        super().__init__(string)

    def __str__(self) -> str:
        text = self.MESSAGE
        if self.osError:
            text += f": {self.osError}"
        if self.args[0]:
            text += f": {self.args[0]}"
        return text + "."


class ConnectBindError(ConnectError):
    """The local address of a connection could not be bound."""

    MESSAGE = "Couldn't bind"


class UnknownHostError(ConnectError):
    """The name of the host was not found."""

    MESSAGE = "Hostname couldn't be looked up"


class NoRouteError(ConnectError):
    """There is no route to the host."""

    MESSAGE = "No route to host"


class ConnectionRefusedError(ConnectError):
    """Nobody listens there."""

    MESSAGE = "Connection was refused by other side"


class TCPTimedOutError(ConnectError):
    """The operating system gave up waiting for the host."""

    MESSAGE = "TCP connection timed out"


class BadFileError(ConnectError):
    """A UNIX socket's path is of no use."""

    MESSAGE = "File used for UNIX socket is no good"


class ServiceNameUnknownError(ConnectError):
    """A port was given by a name that is not known."""

    MESSAGE = "Service name given as port is unknown"


class UserError(ConnectError):
    """The program itself stopped the attempt."""

    MESSAGE = "User aborted connection"


class TimeoutError(UserError):
    """The attempt took longer than the program allows."""

    MESSAGE = "User timeout caused connection failure"


class SSLError(ConnectError):
    """TLS failed."""

    MESSAGE = "An SSL error occurred"


class VerifyError(Exception):
    """A certificate could not be verified."""

    MESSAGE = "Could not verify something that was supposed to be signed."


class PeerVerifyError(VerifyError):
    """The peer did not present a certificate that can be verified."""

    MESSAGE = "The peer rejected our verify error."


class CertificateError(Exception):
    """A certificate is of no use."""

    MESSAGE = "We did not find a certificate where we expected to find one."


class ConnectingCancelledError(Exception):
    """
    A connection was cancelled while it was being made.

    @ivar address: where it was to go.
    """

    def __init__(self, address: Any) -> None:
        super().__init__(address)
        self.address = address


errnoMapping: dict[int, type[ConnectError]] = {
    errno.ENETUNREACH: NoRouteError,
    errno.ECONNREFUSED: ConnectionRefusedError,
    errno.ETIMEDOUT: TCPTimedOutError,
}
for _name in ("WSAECONNREFUSED", "WSAENETUNREACH"):
    if hasattr(errno, _name):
        errnoMapping[getattr(errno, _name)] = (
            ConnectionRefusedError if _name == "WSAECONNREFUSED" else NoRouteError
        )


def getConnectError(e: Any) -> ConnectError:
    """
    The exception for an operating system's error of connecting.

    @param e: an `OSError`, or a pair of number and text.
    """
    if isinstance(e, Exception):
        arguments = e.args
    else:
        arguments = tuple(e)
    if len(arguments) != 2:
        return ConnectError(string=str(e))
    number, text = arguments
    if isinstance(e, socket.gaierror):
        return UnknownHostError(number, text)
    return errnoMapping.get(number, ConnectError)(number, text)


# Ends of connections


class ConnectionClosed(Exception):
    """A connection has ended, in whichever way."""


class ConnectionLost(ConnectionClosed, _Described):
    """A connection ended in a way that was not agreed on."""

    MESSAGE = "Connection to the other side was lost in a non-clean fashion"


class ConnectionAborted(ConnectionLost):
    """This side ended the connection at once."""

    MESSAGE = "Connection was aborted locally using ITCPTransport.abortConnection"


class ConnectionDone(ConnectionClosed, _Described):
    """A connection was closed as it should be."""

    MESSAGE = "Connection was closed cleanly"


class FileDescriptorOverrun(ConnectionLost):
    """
    Descriptors were given to a UNIX connection faster than bytes to send them along with.

    Each call of `IUNIXTransport.sendFileDescriptor` needs at least one byte written.
    """

    MESSAGE = "A mis-use of IUNIXTransport.sendFileDescriptor caused the connection to be closed."


class ConnectionFdescWentAway(ConnectionLost):
    """A descriptor was closed behind the reactor's back."""

    MESSAGE = "Uh"


# Misuse


class AlreadyCalled(_Described, ValueError):
    """A delayed call has run already."""

    MESSAGE = "Tried to cancel an already-called event"


class AlreadyCancelled(_Described, ValueError):
    """A delayed call was cancelled already."""

    MESSAGE = "Tried to cancel an already-cancelled event"


class NotConnectingError(_Described, RuntimeError):
    """A connector is not connecting."""

    MESSAGE = "The Connector was not connecting when it was asked to stop connecting"


class NotListeningError(_Described, RuntimeError):
    """A port is not listening."""

    MESSAGE = "The Port was not listening when it was asked to stop listening"


class ReactorNotRunning(RuntimeError):
    """The reactor does not run."""


class ReactorNotRestartable(RuntimeError):
    """The reactor has run before, and runs only once."""


class ReactorAlreadyRunning(RuntimeError):
    """The reactor runs already."""


class ReactorAlreadyInstalledError(AssertionError):
    """Another reactor has been installed."""


class AlreadyListened(Exception):
    """A port is listened on already."""


class NoProtocol(Exception):
    """A connection has no protocol."""


class UnsupportedAddressFamily(Exception):
    """A socket is of a family of addresses that this operation has no use for."""


class UnsupportedSocketType(Exception):
    """A socket is of a type that this operation has no use for."""


class InvalidAddressError(ValueError):
    """
    An address is not of the needed form.

    @ivar address: the address.
    @ivar message: what is wrong with it.
    """

    def __init__(self, address: Any, message: str) -> None:
        super().__init__(address, message)
        self.address = address
        self.message = message


# Processes


class ProcessDone(ConnectionDone):
    """
    A process ended with status 0.

    @ivar status: as `os.waitpid` gave it.
    """

    MESSAGE = "A process has ended without apparent errors"
    exitCode = 0
    signal = None

    def __init__(self, status: Any) -> None:
        super().__init__("process finished with exit code 0")
        self.status = status


class ProcessTerminated(ConnectionLost):
    """
    A process ended with another status than 0, or by a signal.

    @ivar exitCode: its status, or None.
    @ivar signal: the number of the signal, or None.
    @ivar status: as `os.waitpid` gave it.
    """

    MESSAGE = "A process has ended with a probable error condition"

    def __init__(self, exitCode: Any = None, signal: Any = None, status: Any = None) -> None:
        self.exitCode = exitCode
        self.signal = signal
        self.status = status
        text = "process ended"
        if exitCode is not None:
            text += f" with exit code {exitCode}"
        if signal is not None:
            text += f" by signal {signal}"
        super().__init__(text)


class ProcessExitedAlready(Exception):
    """A process has ended, so that nothing can be done with it."""
