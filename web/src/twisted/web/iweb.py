"""What parts of `twisted.web` are to one another."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from zope.interface import Attribute, Interface

from twisted.cred.credentials import IUsernameDigestHash
from twisted.internet.interfaces import IPushProducer

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred
    from twisted.web.http_headers import Headers

__all__ = [
    "UNKNOWN_LENGTH",
    "IAccessLogFormatter",
    "IAgent",
    "IAgentEndpointFactory",
    "IBodyProducer",
    "IClientRequest",
    "ICredentialFactory",
    "INonQueuedRequestFactory",
    "IPolicyForHTTPS",
    "IRenderable",
    "IRequest",
    "IResponse",
    "IUsernameDigestHash",
    "ITemplateLoader",
]


class IRequest(Interface):
    """
    A request and the answer to it, as resources see them.
    """

    method: bytes = Attribute("Such as ``b'GET'``.")
    uri: bytes = Attribute("What was asked for, as it was sent.")
    path: bytes = Attribute("The path of that, still with its percent signs.")
    args: dict[bytes, list[bytes]] = Attribute("Fields of the query and of a posted form.")
    prepath: list[bytes] = Attribute("Segments of the path that led to the resource.")
    postpath: list[bytes] = Attribute("Segments behind it.")
    requestHeaders: Headers = Attribute("The headers that came.")
    content: IO[bytes] = Attribute("A file with the body.")
    responseHeaders: Headers = Attribute("The headers that go out.")

    def getHeader(key: bytes) -> bytes | None:
        """The last value of a header that came, or None."""

    def getCookie(key: bytes) -> bytes | None:
        """The value of a cookie that came, or None."""

    def getAllHeaders() -> dict[bytes, bytes]:
        """The last value of each header by its name in lower case."""

    def getRequestHostname() -> bytes:
        """The name that the client uses for this server, without a port."""

    def getHost() -> Any:
        """The address of this side."""

    def getClientAddress() -> Any:
        """The address of the other side."""

    def getClientIP() -> str | None:
        """The other side's IP address in text, or None."""

    def getUser() -> bytes:
        """The user's name of Basic authentication."""

    def getPassword() -> bytes:
        """The password of Basic authentication."""

    def isSecure() -> bool:
        """Whether the client uses HTTPS."""

    def getSession(sessionInterface: Any = None) -> Any:
        """The client's session, or what it is adapted to."""

    def URLPath() -> Any:
        """A `twisted.python.urlpath.URLPath` of what was asked for."""

    def prePathURL() -> bytes:
        """The URL of the resource."""

    def rememberRootURL() -> None:
        """Take the URL of the resource as that of the application."""

    def getRootURL() -> bytes | None:
        """The URL of the application."""

    def finish() -> None:
        """Say that the answer is complete."""

    def write(data: bytes) -> None:
        """Send a piece of the body."""

    def addCookie(
        k: bytes,
        v: bytes,
        expires: bytes | None = None,
        domain: bytes | None = None,
        path: bytes | None = None,
        max_age: bytes | None = None,
        comment: bytes | None = None,
        secure: bool | None = None,
    ) -> None:
        """Set a cookie."""

    def setResponseCode(code: int, message: bytes | None = None) -> None:
        """Set the status."""

    def setHeader(k: bytes, v: bytes) -> None:
        """Set a header."""

    def redirect(url: bytes) -> None:
        """Answer with 302 and another place."""

    def setLastModified(when: float) -> str | None:
        """Say when the content changed last; gives `twisted.web.http.CACHED` or None."""

    def setETag(etag: bytes) -> str | None:
        """Say which version of the content this is; gives `twisted.web.http.CACHED` or None."""

    def setHost(host: bytes, port: int, ssl: bool | int = 0) -> None:
        """Say by which name and port the client reached this."""

    def notifyFinish() -> Deferred[None]:
        """Tell when the answer is complete, or the connection lost."""


class INonQueuedRequestFactory(Interface):
    """A factory of requests that takes nothing but the channel."""


class ICredentialFactory(Interface):
    """
    A kind of authentication (RFC 9110, section 11).
    """

    scheme: bytes = Attribute("Its name in lower case.")

    def getChallenge(request: Any) -> dict[str, Any]:
        """The parameters of a challenge."""

    def decode(response: bytes, request: Any) -> Any:
        """
        Credentials from what the client has sent.

        @raise twisted.cred.error.LoginFailed: if these are none.
        """


class IRenderable(Interface):
    """
    A part of a document that is rendered when it is written.
    """

    def lookupRenderMethod(name: str) -> Any:
        """
        The function for a name that a template gives; it takes the request and the tag.

        @raise twisted.web.error.MissingRenderMethod: if there is none.
        """

    def render(request: Any) -> Any:
        """What stands in the document, for a request or None."""


class ITemplateLoader(Interface):
    """
    Something that has a template.
    """

    def load() -> Any:
        """The template: a list of tags, texts and so on, which callers leave as they are."""


class IAccessLogFormatter(Interface):
    """A function that makes the lines of an access log."""

    def __call__(timestamp: str, request: Any) -> str:
        """
        The line for a request that was answered, without its end.

        @param timestamp: when, as `twisted.web.http.datetimeToLogString` writes it.
        """


class IClientRequest(Interface):
    """What a client has asked."""

    method: bytes = Attribute("Such as ``b'GET'``.")
    absoluteURI: bytes | None = Attribute("The whole URI, or None if it is not known.")
    headers: Headers = Attribute("The headers that were sent.")


class IResponse(Interface):
    """An answer to a client."""

    version: tuple[bytes, int, int] = Attribute("Such as ``(b'HTTP', 1, 1)``.")
    code: int = Attribute("The status.")
    phrase: bytes = Attribute("Its reason.")
    headers: Headers = Attribute("The headers that came.")
    length: Any = Attribute("Of the body in bytes, or `UNKNOWN_LENGTH`.")
    request: IClientRequest = Attribute("What was asked.")
    previousResponse: Any = Attribute("The answer that led to this one, or None.")

    def deliverBody(protocol: Any) -> None:
        """
        Pass the body on to a protocol, whose ``connectionLost`` tells its end.
        """

    def setPreviousResponse(response: Any) -> None:
        """Say which answer led to this one."""


class IBodyProducer(IPushProducer):
    """The body of a request."""

    length: Any = Attribute("In bytes, or `UNKNOWN_LENGTH`.")

    def startProducing(consumer: Any) -> Deferred[None]:
        """
        Begin to write to a consumer.

        @return: fires when all is written; cancelling it ends the writing.
        """

    def stopProducing() -> None:
        """Write no more; what `startProducing` has given does not fire, then."""


class IAgent(Interface):
    """Something that asks servers."""

    def request(
        method: bytes, uri: bytes, headers: Headers | None = None, bodyProducer: Any = None
    ) -> Deferred[IResponse]:
        """
        Ask for something.

        @param uri: the whole URI.
        @param bodyProducer: an `IBodyProducer`, or None.
        @return: fires with the answer when its head has come.
        """


class IPolicyForHTTPS(Interface):
    """How servers prove who they are."""

    def creatorForNetloc(hostname: bytes, port: int) -> Any:
        """The `IOpenSSLClientConnectionCreator` for a host and a port."""


class IAgentEndpointFactory(Interface):
    """Finds what to connect to."""

    def endpointForURI(uri: Any) -> Any:
        """
        The `IStreamClientEndpoint` for a `twisted.web.client.URI`.

        @raise twisted.web.error.SchemeNotSupported: if there is none.
        """


class _IRequestEncoderFactory(Interface):
    """Chooses how the body of an answer is encoded."""

    def encoderForRequest(request: Any) -> Any:
        """An `_IRequestEncoder` for an answer, or None if it goes out as it is."""


class _IRequestEncoder(Interface):
    """Encodes the body of an answer."""

    def encode(data: bytes) -> bytes:
        """The next piece, encoded."""

    def finish() -> bytes:
        """What the encoding ends with."""


#: The length of a body that nobody knows yet.
UNKNOWN_LENGTH = "twisted.web.iweb.UNKNOWN_LENGTH"
