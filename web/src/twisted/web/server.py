"""A web server: sites, their requests and their sessions."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from html import escape
from inspect import iscoroutine
from time import time
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

from zope.interface import implementer

import twisted
from twisted.internet.defer import CancelledError, Deferred, ensureDeferred
from twisted.internet.interfaces import IProtocolNegotiationFactory
from twisted.logger import Logger
from twisted.python.components import Componentized
from twisted.python.failure import Failure
from twisted.python.urlpath import URLPath as _URLPath
from twisted.web import http, resource
from twisted.web._encoding import ContentEncoderFactory, GzipEncoderFactory
from twisted.web._http._head import BadRequest
from twisted.web._http._upgrade import default_limits
from twisted.web._session import Session
from twisted.web.error import UnsupportedMethod
from twisted.web.iweb import IRequest
from twisted.web.pages import errorPage
from twisted.web.util import formatFailure

__all__ = [
    "NOT_DONE_YET",
    "ContentEncoderFactory",
    "GzipEncoderFactory",
    "Request",
    "Session",
    "Site",
    "UnsupportedMethod",
    "supportedMethods",
    "version",
]

#: What a resource gives back if it is going to write its answer later.
NOT_DONE_YET = 1

supportedMethods = (b"GET", b"HEAD", b"POST")

#: Methods that are known to be methods (RFC 9110, RFC 5789): for these the answer is 405, not 501.
_KNOWN_METHODS = frozenset(
    {*supportedMethods, b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"TRACE", b"PATCH"}
)

version = b"TwistedWeb/" + twisted.__version__.encode("ascii")

# Looking for a number in bytes is much faster than looking for bytes.
(_PERCENT,) = b"%"

_log = Logger()


class _Date:
    """The date of answers, written out once a second."""

    def __init__(self) -> None:
        self._second = -1
        self._value = [b""]

    def now(self) -> list[bytes]:
        """The values of the header."""
        second = int(time())
        if second != self._second:
            self._second = second
            self._value = [http.datetimeToString(second)]
        return self._value


_date = _Date()
_server = [version]


@implementer(IRequest)
class Request(http.Request, Componentized):
    """
    A request to a `Site`.

    @ivar site: the site.
    @ivar prepath: segments of the path that led to the resource.
    @ivar postpath: segments behind it.
    @cvar defaultContentType: the type of answers that name none, or None.
    """

    defaultContentType: bytes | None = b"text/html"

    appRootURL: bytes | None = None
    prepath: list[bytes] = []
    postpath: list[bytes] = []
    sitepath: list[bytes]
    _encoder: Any = None
    # The resource, if it was looked up before the body came.
    _found: Any = None
    _secureSession: Session | None = None
    _insecureSession: Session | None = None

    def __init__(
        self,
        channel: Any,
        queued: object = None,
        parsePOSTFormSubmission: bool | None = None,
    ) -> None:
        """
        @param parsePOSTFormSubmission: whether fields of forms are put into ``args``; by default
            what the site says.
        """
        http.Request.__init__(self, channel, queued)
        self._formsWanted = parsePOSTFormSubmission
        Componentized.__init__(self)

    @property
    def _parsePOSTFormSubmission(self) -> bool:  # type: ignore[override]
        """Whether fields of forms are put into ``args``."""
        if self._formsWanted is not None:
            return self._formsWanted
        site = getattr(self.channel, "site", None)
        return getattr(site, "_parsePOSTFormSubmission", True)

    # Answering

    def headReceived(self, command: bytes, path: bytes, version: bytes) -> bool:
        """
        Find the resource now if the site says so, and if it wants bodies as they come, have it
        render.
        """
        if not getattr(self.channel.site, "streamsBodies", False):
            return False
        try:
            self._readTarget(command, path, version)
        except BadRequest as error:
            self._reject(error)
            return True
        if self.path == b"*":
            return False
        self._locate()
        try:
            found = self._found = self.site.getResourceFor(self)
        except BaseException:
            self.takeBody()
            self.processingFailed(Failure())
            return True
        if not getattr(found, "streamsBody", False):
            return False
        self.takeBody()
        self._answer(found)
        return True

    def process(self) -> None:
        """Find the resource, and have it render."""
        if self._found is not None:
            self._answer(self._found)
            return
        self._locate()
        if self.path == b"*":
            # RFC 9110, section 9.3.7: about the server, not a resource.
            self._answerStar()
            return
        try:
            found = self.site.getResourceFor(self)
        except BaseException:
            self.processingFailed(Failure())
            return
        self._answer(found)

    def _locate(self) -> None:
        """Take the path apart, and say which server this is."""
        self.site = self.channel.site
        raw = self.responseHeaders._rawHeaders
        raw[b"server"] = _server
        raw[b"date"] = _date.now()
        self.prepath = []
        segments = self.path[1:].split(b"/")
        if _PERCENT in self.path:
            segments = [unquote_to_bytes(segment) for segment in segments]
        self.postpath = segments

    def _answer(self, found: Any) -> None:
        """Have a resource render."""
        try:
            # Asking whether there is such a method is much faster than asking for the interface.
            if hasattr(found, "getEncoder") and resource._IEncodingResource.providedBy(found):
                self._encoder = found.getEncoder(self)
            elif encoders := getattr(self.site, "encoders", None):
                self._encoder = resource.firstEncoder(encoders, self)
            self.render(found)
        except BaseException:
            self.processingFailed(Failure())

    def _answerStar(self) -> None:
        """Answer ``OPTIONS *``."""
        if self.method != b"OPTIONS":
            self.setResponseCode(http.NOT_ALLOWED)
            self.setHeader(b"allow", b"OPTIONS")
        self.setHeader(b"content-length", b"0")
        self.finish()

    def render(self, resrc: Any) -> None:
        """Have a resource render, and write what it gives."""
        try:
            body = resrc.render(self)
        except UnsupportedMethod as error:
            if self.method == b"HEAD" and b"GET" in error.allowedMethods:
                body = self._headOfGet(resrc)
            elif self.method == b"OPTIONS":
                body = self._options(error.allowedMethods)
            else:
                body = self._unsupported(resrc, list(error.allowedMethods))
        if body is NOT_DONE_YET:
            return
        if isinstance(body, bytes):
            self._complete(body)
        elif isinstance(body, Deferred):
            self._completeLater(resrc, body)
        elif iscoroutine(body):
            self._completeLater(resrc, ensureDeferred(body))
        else:
            self._complete(self._notBytes(resrc, body))

    def _completeLater(self, resrc: Any, body: Deferred[Any]) -> None:
        """Write a body that is not known yet; if the client leaves, nobody wants it any more."""
        gone: list[Failure] = []

        def lost(reason: Failure) -> None:
            gone.append(reason)
            body.cancel()

        def known(data: Any) -> None:
            if gone or data is NOT_DONE_YET:
                return
            self._complete(data if isinstance(data, bytes) else self._notBytes(resrc, data))

        def failed(reason: Failure) -> None:
            if gone and reason.check(CancelledError):
                return
            if isinstance(reason.value, UnsupportedMethod):
                self._complete(self._unsupported(resrc, list(reason.value.allowedMethods)))
                return
            self.processingFailed(reason)

        self.notifyFinish().addErrback(lost)
        body.addCallback(known).addErrback(failed)

    def _complete(self, body: bytes) -> None:
        """Write a whole body, and finish."""
        self.responseHeaders._rawHeaders[b"content-length"] = [b"%d" % len(body)]
        self.write(body)
        self.finish()

    def _headOfGet(self, resrc: Any) -> Any:
        """Have a resource that knows nothing of HEAD render for GET; its body is not sent."""
        _log.info("Using GET to fake a HEAD request for {resrc}", resrc=resrc)
        self._withoutBody = True
        self.method = b"GET"
        try:
            return resrc.render(self)
        finally:
            self.method = b"HEAD"

    def _options(self, allowed: Iterable[bytes]) -> bytes:
        """Say which methods a resource answers (RFC 9110, section 9.3.7)."""
        self.setHeader(b"allow", b", ".join(dict.fromkeys([*allowed, b"OPTIONS"])))
        return b""

    def _unsupported(self, resrc: Any, allowed: list[bytes]) -> bytes:
        """The page for a method that a resource has no answer for."""
        method = self.method.decode("iso-8859-1")
        if self.method in _KNOWN_METHODS:
            self.setHeader(b"allow", b", ".join(allowed))
            names = ", ".join(name.decode("iso-8859-1") for name in allowed)
            return self._page(
                http.NOT_ALLOWED,
                "Method Not Allowed",
                f"{self.uri.decode('iso-8859-1')} does not answer {method}. It answers {names}.",
            )
        return self._page(
            http.NOT_IMPLEMENTED,
            "Not Implemented",
            f"This server does not know the method {method}.",
        )

    def _notBytes(self, resrc: Any, body: object) -> bytes:
        """The page for a resource that gave something else than bytes."""
        _log.error(
            "{resource} gave {type} instead of bytes for {request}",
            resource=resrc,
            type=type(body),
            request=self,
        )
        return self._page(
            http.INTERNAL_SERVER_ERROR,
            "Request did not return bytes",
            "The resource gave something else; the server's log says what.",
        )

    def _page(self, code: int, brief: str, detail: str) -> bytes:
        """A page that says that something went wrong."""
        page = errorPage(code, brief, detail).render(self)
        assert isinstance(page, bytes)
        return page

    def processingFailed(self, reason: Failure) -> Failure:
        """
        Log an error, and answer that there was one; particulars only if the site displays them.

        If the answer has begun the connection is closed, so that nobody takes it for complete.
        """
        _log.failure("Error while answering {request}", failure=reason, request=self)
        if self._disconnected or self.finished:
            return reason
        if self.startedWriting:
            self.channel.breakOff()
            return reason
        body = self._page(
            http.INTERNAL_SERVER_ERROR, "Processing Failed", "The server's log says why."
        )
        if self.site.displayTracebacks:
            body = (
                b'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
                b'<meta name="viewport" content="width=device-width, initial-scale=1">'
                b'<meta name="color-scheme" content="light dark">'
                b"<title>%b</title></head><body>%b</body></html>\n"
                % (
                    escape(reason.getErrorMessage()).encode("ascii", "xmlcharrefreplace"),
                    formatFailure(reason),
                )
            )
        self.setHeader(b"content-length", b"%d" % len(body))
        self.write(body)
        self.finish()
        return reason

    def _writeHead(self) -> None:
        raw = self.responseHeaders._rawHeaders
        if (
            b"content-type" not in raw
            and self.defaultContentType is not None
            and self.code not in http.NO_BODY_CODES
            and raw.get(b"content-length") != [b"0"]
        ):
            raw[b"content-type"] = [self.defaultContentType]
        http.Request._writeHead(self)

    def write(self, data: bytes) -> None:
        """Send a piece of the body, encoded if the resource wants that."""
        if self._encoder is not None and not self.finished:
            data = self._encoder.encode(data)
        http.Request.write(self, data)

    def sendFile(self, file: int, offset: int, count: int) -> int | None:
        """Send a part of a file, past this process; see `twisted.web.http.Request.sendFile`."""
        if self._encoder is not None or type(self).write is not Request.write:
            return None
        return http.Request.sendFile(self, file, offset, count)

    def finish(self) -> None:
        """Say that the answer is complete."""
        if self._encoder is not None and not self.finished:
            if not self.startedWriting:
                self.write(b"")
            encoder, self._encoder = self._encoder, None
            if encoder is not None and not self._disconnected:
                http.Request.write(self, encoder.finish())
        http.Request.finish(self)

    # Sessions

    def getSession(self, sessionInterface: Any = None, forceNotSecure: bool = False) -> Any:
        """
        The client's session, which is made if there is none.

        Over HTTPS it is another one than over HTTP, whose cookie others may have seen.

        @param sessionInterface: give what the session is adapted to instead.
        @param forceNotSecure: give that of HTTP in any case.
        """
        secure = self.isSecure() and not forceNotSecure
        session = self._secureSession if secure else self._insecureSession
        if session is None or session.uid not in self.site.sessions:
            session = self._findSession(secure)
            if secure:
                self._secureSession = session
            else:
                self._insecureSession = session
        session.touch()
        return session if sessionInterface is None else session.getComponent(sessionInterface)

    def _findSession(self, secure: bool) -> Session:
        """The session that the client's cookie names, or a new one."""
        kind = b"TWISTED_SECURE_SESSION" if secure else b"TWISTED_SESSION"
        name = b"_".join([kind, *self.sitepath])
        uid = self.getCookie(name)
        if uid is not None and uid in self.site.sessions:
            found: Session = self.site.getSession(uid)
            return found
        made: Session = self.site.makeSession()
        self.addCookie(name, made.uid, path=b"/", secure=secure, httpOnly=True, sameSite=b"lax")
        return made

    @property
    def session(self) -> Session | None:
        """The session that `getSession` gave, or None."""
        return self._secureSession if self.isSecure() else self._insecureSession

    @session.setter
    def session(self, session: Session | None) -> None:
        self._insecureSession = session

    # URLs

    def prePathURL(self) -> bytes:
        """The URL of the resource."""
        secure = self.isSecure()
        port = getattr(self.getHost(), "port", None)
        usual = 443 if secure else 80
        host = self.getRequestHostname()
        if b":" in host:
            host = b"[" + host + b"]"
        if port is not None and port != usual:
            host = b"%s:%d" % (host, port)
        path = b"/".join([quote_from_bytes(part, safe="").encode("ascii") for part in self.prepath])
        return b"%s://%s/%s" % (b"https" if secure else b"http", host, path)

    def URLPath(self) -> _URLPath:
        """A `twisted.python.urlpath.URLPath` of what was asked for."""
        return _URLPath.fromRequest(self)

    def rememberRootURL(self) -> None:
        """Take the URL of the resource, without its last segment, as that of the application."""
        url = self.prePathURL().rpartition(b"/")[0]
        self.appRootURL = url if len(self.prepath) > 1 else url + b"/"

    def getRootURL(self) -> bytes | None:
        """The URL of the application."""
        return self.appRootURL

    def sibLink(self, name: bytes) -> bytes:
        """A link to something beside the resource."""
        return b"../" * len(self.postpath) + name

    def childLink(self, name: bytes) -> bytes:
        """A link to something below the resource."""
        if self.postpath:
            return b"../" * (len(self.postpath) - 1) + name
        if self.prepath and self.prepath[-1]:
            return self.prepath[-1] + b"/" + name
        return name


@implementer(IProtocolNegotiationFactory)
class Site(http.HTTPFactory):
    """
    A tree of resources that is served.

    @ivar resource: the root of the tree.
    @ivar displayTracebacks: whether clients see particulars of errors; for development only.
    @ivar sessions: the sessions by their ids.
    @ivar requestFactory: makes requests.
    @ivar streamsBodies: whether resources are looked up when the head of a request is there, before
        its body; those with a true ``streamsBody`` then render, and take the body as it comes by
        ``request.body``. By default, whether the root is one of these.
    @ivar encoders: factories of encoders for the answers of all resources that have none of their
        own, such as a `ContentEncoderFactory`; the first that gives an encoder is used.
    """

    counter = 0
    requestFactory: Any = Request
    displayTracebacks = False
    encoders: Sequence[Any] = ()
    sessionFactory: Any = Session
    sessionCheckTime = 1800
    isLeaf = 0
    http2Limits = default_limits()

    _parsePOSTFormSubmission = True

    def __init__(
        self,
        resource: Any,
        requestFactory: Any = None,
        *args: Any,
        parsePOSTFormSubmission: bool = True,
        **kwargs: Any,
    ) -> None:
        """
        @param parsePOSTFormSubmission: whether fields of forms are put into ``args`` of requests.
        @param args: given to `twisted.web.http.HTTPFactory`.
        """
        http.HTTPFactory.__init__(self, *args, **kwargs)
        self.sessions: dict[bytes, Any] = {}
        self.resource = resource
        self.streamsBodies = bool(getattr(resource, "streamsBody", False))
        if requestFactory is not None:
            self.requestFactory = requestFactory
        self._parsePOSTFormSubmission = parsePOSTFormSubmission

    def buildProtocol(self, addr: Any) -> Any:
        """Make what serves a connection; nothing does while the site is drained."""
        channel = http.HTTPFactory.buildProtocol(self, addr)
        if channel is None:
            return None
        channel.requestFactory = self.requestFactory
        channel.site = self
        return channel

    def acceptableProtocols(self) -> list[bytes]:
        """What can be agreed on by ALPN (RFC 7301)."""
        return [b"http/1.1"] if self.http2Limits is None else [b"h2", b"http/1.1"]

    def makeSession(self) -> Any:
        """Begin a session."""
        self.counter += 1
        uid = secrets.token_hex(32).encode("ascii")
        session = self.sessions[uid] = self.sessionFactory(self, uid)
        session.startCheckingExpiration()
        return session

    def getSession(self, uid: bytes) -> Any:
        """
        A session.

        @raise KeyError: if there is none of this id.
        """
        return self.sessions[uid]

    def render(self, request: Any) -> None:
        """Send the client to the root, with its slash."""
        request.redirect(request.prePathURL() + b"/")
        request.finish()

    def getChildWithDefault(self, pathEl: bytes, request: Any) -> Any:
        """A child of the root."""
        request.site = self
        return self.resource.getChildWithDefault(pathEl, request)

    def getResourceFor(self, request: Any) -> Any:
        """The resource that a request leads to."""
        request.site = self
        # The name of the session's cookie comes from it.
        request.sitepath = list(request.prepath)
        return resource.getChildForRequest(self.resource, request)
