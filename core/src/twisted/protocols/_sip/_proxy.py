"""Protocols of SIP over UDP: what sends and takes messages, a proxy, and a registrar."""

from __future__ import annotations

from typing import Any, ClassVar

from twisted.cred.error import UnauthorizedLogin
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.protocol import DatagramProtocol
from twisted.logger import Logger
from twisted.protocols._sip._grammar import PORT, URL, Via, parseAddress, parseViaHeader
from twisted.protocols._sip._messages import MessagesParser, Request, Response, SIPError
from twisted.protocols._sip._registry import IContact, RegistrationError
from twisted.python.failure import Failure

__all__ = ["Base", "Proxy", "RegisterProxy"]

_log = Logger()

#: The headers of a request that its response has, too (RFC 3261, section 8.2.6.2).
_COPIED = ("via", "to", "from", "call-id", "cseq")
#: How many stations a request may pass unless it says so itself (section 8.1.1.6).
_MAX_FORWARDS = 70


class Base(DatagramProtocol):
    """
    Sends and takes messages.

    @cvar PORT: where messages go unless a port is named.
    """

    __module__ = "twisted.protocols.sip"

    PORT = PORT
    debug = False

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.parser = MessagesParser(self.addMessage)

    def addMessage(self, msg: Any) -> None:
        """Keep a message of the datagram that is read."""
        self.messages.append(msg)

    def datagramReceived(self, data: bytes, addr: Any) -> None:
        """Read the messages of a datagram, and handle them."""
        self.parser.dataReceived(data)
        self.parser.dataDone()
        messages, self.messages[:] = list(self.messages), []
        for message in messages:
            try:
                if isinstance(message, Request):
                    self._fixupNAT(message, addr)
                    self.handle_request(message, addr)
                else:
                    self.handle_response(message, addr)
            except (ValueError, LookupError) as problem:
                # It lacks a header that all have, or there is nonsense in one.
                _log.debug("a message of {peer} is dropped: {why}", peer=addr, why=problem)

    def _fixupNAT(self, message: Any, addr: Any) -> None:
        """Note where a request really came from (RFC 3261, section 18.2.1; RFC 3581)."""
        host, port = addr[:2]
        via = parseViaHeader(message.headers["via"][0])
        if via.host != host or via.rportRequested:
            via.received = host
        if via.port != port or via.rportRequested:
            via.rport = port
        message.headers["via"][0] = via.toString()

    def deliverResponse(self, responseMessage: Any) -> None:
        """
        Send a response to where the first C{Via} says.

        @raise ValueError: if that makes no sense.
        """
        via = parseViaHeader(responseMessage.headers["via"][0])
        port = via.rportValue if via.received and via.rportValue else via.port
        self.sendMessage(URL(host=via.received or via.host, port=port), responseMessage)

    def responseFromRequest(self, code: int, request: Any) -> Response:
        """A response to a request, without a body."""
        response = Response(code)
        for name in _COPIED:
            response.headers[name] = request.headers.get(name, [])[:]
        return response

    def sendMessage(self, destURL: URL, message: Any) -> None:
        """
        Send a message; the name of a host is looked up.

        @raise RuntimeError: if it should go by anything but UDP.
        """
        if (destURL.transport or "udp").lower() != "udp":
            raise RuntimeError("only UDP is supported")
        data = message.toString().encode("utf-8", "surrogateescape")
        port = destURL.port or self.PORT
        host = destURL.host.strip("[]")
        if isIPAddress(host) or isIPv6Address(host):
            self.transport.write(data, (host, port))
            return
        found: Deferred[str] = currentReactor().resolve(host)
        found.addCallback(self._sendTo, port, data)
        found.addErrback(lambda failure: _log.info("{host} is not found", host=host))

    def _sendTo(self, address: str, port: int, data: bytes) -> None:
        if self.transport is not None:
            self.transport.write(data, (address, port))

    def handle_request(self, message: Any, addr: Any) -> None:
        """Called with a request; to be overridden."""
        raise NotImplementedError(f"{type(self).__qualname__}.handle_request")

    def handle_response(self, message: Any, addr: Any) -> None:
        """Called with a response; to be overridden."""
        raise NotImplementedError(f"{type(self).__qualname__}.handle_response")


class Proxy(Base):
    """
    Hands requests on to where their users are, and responses back.

    A method ``handle_METHOD_request``, called with the message and the address that it came from,
    serves requests otherwise.

    @ivar host: the name or address of this host.
    @ivar port: its port.
    @ivar locator: an `ILocator`.
    """

    __module__ = "twisted.protocols.sip"

    locator: Any = None

    def __init__(self, host: str | None = None, port: int = PORT) -> None:
        """
        @param host: by default the name of this host.
        """
        if host is None:
            import socket

            host = socket.getfqdn()
        self.host = host
        self.port = port
        Base.__init__(self)

    def getVia(self) -> Via:
        """This station."""
        return Via(host=self.host, port=self.port)

    def handle_request(self, message: Any, addr: Any) -> None:
        """Serve a request; errors are answered."""
        serve = getattr(self, f"handle_{message.method}_request", self.handle_request_default)
        done = maybeDeferred(serve, message, addr)
        done.addErrback(self._failed, message)
        done.addErrback(lambda failure: _log.failure("no response", failure=failure))

    def _failed(self, failure: Failure, message: Any) -> None:
        """Answer with an error; but an ACK is never answered (RFC 3261, section 17)."""
        if failure.check(SIPError):
            code = failure.value.code  # type: ignore[attr-defined]
        elif failure.check(ValueError, LookupError):
            code = 400
        else:
            _log.failure("{message} could not be served", failure=failure, message=message)
            code = 500
        if message.method != "ACK":
            self.deliverResponse(self.responseFromRequest(code, message))

    def handle_request_default(self, message: Any, sourcePeer: Any) -> Any:
        """
        Hand a request on; one that was here before is dropped.

        @raise SIPError: if it has passed too many stations.
        """
        own = self.getVia()
        for value in message.headers["via"]:
            via = parseViaHeader(value)
            if (via.host, via.port) == (own.host, own.port):
                _log.info("a request runs in a loop: {message}", message=message)
                return None
        left = message.headers.get("max-forwards", [str(_MAX_FORWARDS)])[0]
        if not (left.isascii() and left.isdigit() and len(left) < 4):
            raise SIPError(400)
        if int(left) == 0:
            raise SIPError(483)
        if "max-forwards" in message.headers:
            message.headers["max-forwards"] = [str(int(left) - 1)]
        _, uri, _ = parseAddress(message.headers["to"][0], clean=1)
        message.headers["via"].insert(0, own.toString())
        found = maybeDeferred(self.locator.getAddress, uri)
        found.addCallback(self.sendMessage, message)
        return found.addErrback(self._cantForwardRequest, message)

    def _cantForwardRequest(self, failure: Failure, message: Any) -> None:
        """The user is not found."""
        # This station has not passed it on.
        del message.headers["via"][0]
        failure.trap(LookupError)
        raise SIPError(404)

    def handle_response(self, message: Any, addr: Any) -> None:
        """Hand a response back; one that did not go by here is dropped."""
        via = parseViaHeader(message.headers["via"][0])
        if (via.host, via.port) != (self.host, self.port):
            _log.debug("a response that is not for this station: {message}", message=message)
            return
        del message.headers["via"][0]
        if message.headers["via"]:
            self.deliverResponse(message)
        else:
            self.gotResponse(message, addr)

    def gotResponse(self, message: Any, addr: Any) -> None:
        """Called with a response to a request of this host; to be overridden."""


class RegisterProxy(Proxy):
    """
    A proxy that takes registrations.

    @ivar portal: where users log in; None if they need not.
    @ivar registry: an `IRegistry`.
    @cvar authorizers: by the names of schemes, an `IAuthorizer`.
    """

    __module__ = "twisted.protocols.sip"

    portal: Any = None
    registry: Any = None
    authorizers: ClassVar[dict[str, Any]] = {}

    def __init__(self, *args: Any, **kw: Any) -> None:
        Proxy.__init__(self, *args, **kw)
        self.liveChallenges: dict[Any, Any] = {}

    def handle_ACK_request(self, message: Any, host_port: Any) -> None:
        """Nothing is to be done."""

    def handle_REGISTER_request(self, message: Any, host_port: Any) -> Any:
        """Register a user, who may have to log in."""
        host, port = host_port[:2]
        if self.portal is None:
            return self.register(message, host, port)
        if "authorization" not in message.headers:
            return self.unauthorized(message, host, port)
        return self.login(message, host, port)

    def unauthorized(self, message: Any, host: str, port: int) -> None:
        """Ask for a login."""
        response = self.responseFromRequest(401, message)
        for scheme, authorizer in self.authorizers.items():
            challenge = authorizer.getChallenge((host, port))
            told = f'{scheme.title()} realm="{self.host}"'
            if challenge is not None:
                told = f'{scheme.title()} {challenge},realm="{self.host}"'
            response.headers.setdefault("www-authenticate", []).append(told)
        self.deliverResponse(response)

    def login(self, message: Any, host: str, port: int) -> Any:
        """
        Log a user in, and register.

        @raise SIPError: if the scheme is not known, or what is said makes no sense.
        """
        scheme, _, response = message.headers["authorization"][0].partition(" ")
        authorizer = self.authorizers.get(scheme.lower())
        if authorizer is None:
            return self.unauthorized(message, host, port)
        who = authorizer.decode(response)
        who.username += "@" + self.host
        login = maybeDeferred(self.portal.login, who, None, IContact)
        login.addCallback(lambda ignored: self.register(message, host, port))
        return login.addErrback(self._loginFailed, message, host, port)

    def _loginFailed(self, failure: Failure, message: Any, host: str, port: int) -> None:
        failure.trap(UnauthorizedLogin)
        self.unauthorized(message, host, port)

    def register(self, message: Any, host: str, port: int) -> Any:
        """
        Register a user, or tell where one is.

        @raise ValueError: if something makes no sense.
        """
        _, toURL, _ = parseAddress(message.headers["to"][0], clean=1)
        contacts = message.headers.get("contact")
        if contacts is None:
            return self._registered(self.registry.getRegistrationInfo(toURL), message)
        if int(message.headers.get("expires", ["1"])[0]) == 0:
            return self.unregister(message, toURL, contacts[0])
        # Behind a router only the address that is seen here can be reached.
        _, contactURL, _ = parseAddress(contacts[0], host=host, port=port)
        done = self.registry.registerAddress(message.uri, toURL, contactURL)
        return self._registered(done, message)

    def unregister(self, message: Any, toURL: URL, contact: str) -> Any:
        """
        Forget where a user is.

        @param contact: where that was, or C{"*"}.
        @raise ValueError: if it makes no sense.
        """
        contactURL: Any = "*" if contact == "*" else parseAddress(contact)[1]
        done = self.registry.unregisterAddress(message.uri, toURL, contactURL)
        return self._registered(done, message)

    def _registered(self, done: Deferred[Any], message: Any) -> Deferred[Any]:
        """Answer when it is done; registrations of other domains are not answered."""

        def answer(registration: Any) -> None:
            response = self.responseFromRequest(200, message)
            if registration.contactURL is not None:
                response.addHeader("contact", registration.contactURL.toString())
                response.addHeader("expires", str(registration.secondsToExpiry))
            response.addHeader("content-length", "0")
            self.deliverResponse(response)

        def refused(failure: Failure) -> None:
            failure.trap(RegistrationError, LookupError)

        return done.addCallbacks(answer, refused)
