"""Programs of CGI (RFC 3875)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote_plus

from zope.interface import implementer

from twisted.internet.currentreactor import currentReactor
from twisted.internet.error import ProcessDone
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.python.filepath import FilePath, InsecurePath
from twisted.web import http, pages, resource, server
from twisted.web._cgienv import cgi_environment

__all__ = ["CGIDirectory", "CGIProcessProtocol", "CGIScript", "FilteredScript"]

_log = Logger()

#: How many bytes the headers of an answer may have.
_MOST_HEADERS = 65536

#: Headers that are for the server to say.
_OURS = (b"server", b"date")


class CGIDirectory(resource.Resource, FilePath):  # type: ignore[type-arg,misc]
    """A directory of programs."""

    def __init__(self, pathname: Any) -> None:
        resource.Resource.__init__(self)
        FilePath.__init__(self, pathname)

    def getChild(self, path: bytes, request: Any) -> Any:
        """The resource of a program, or of a directory of programs."""
        try:
            found = self.child(os.fsdecode(path))
        except (InsecurePath, ValueError):
            return pages.notFound()
        if found.isdir():
            return CGIDirectory(found.path)
        if found.exists():
            return CGIScript(found.path)
        return pages.notFound()

    def render(self, request: Any) -> Any:
        """Say that directories are not listed."""
        return pages.notFound(
            "CGI directories do not support directory listing", "Ask for a program in it."
        ).render(request)


class CGIScript(resource.Resource):
    """A program that answers requests; one process for each."""

    isLeaf = True

    def __init__(self, filename: str, registry: Any = None, reactor: Any = None) -> None:
        """
        @param filename: the program.
        @param reactor: runs it; by default the global one.
        """
        resource.Resource.__init__(self)
        self.filename = filename
        self._reactor = currentReactor(reactor)

    def render(self, request: Any) -> int:
        """Run the program."""
        environment = dict(os.environ)
        environment.update(cgi_environment(request))
        if not request.postpath:
            environment["PATH_INFO"] = ""
        environment["SCRIPT_FILENAME"] = self.filename
        query = request.uri.partition(b"?")[2].decode("iso-8859-1")
        # RFC 3875, section 4.4: only a query without "=" is one for the command line.
        arguments = [] if "=" in query or not query else [unquote_plus(p) for p in query.split("+")]
        self.runProcess(environment, request, arguments)
        return server.NOT_DONE_YET

    def runProcess(self, env: dict[str, str], request: Any, qargs: Sequence[str] = ()) -> None:
        """
        Start the program.

        @param qargs: what stands on its command line.
        """
        self._spawn(self.filename, [self.filename, *qargs], env, request)

    def _spawn(self, program: str, arguments: list[str], env: dict[str, str], request: Any) -> None:
        protocol = CGIProcessProtocol(request)
        folder = os.path.dirname(self.filename) or None
        self._reactor.spawnProcess(protocol, program, arguments, env, folder)


class FilteredScript(CGIScript):
    """
    A file that another program runs.

    @cvar filter: the program.
    """

    filter = "/usr/bin/cat"

    def runProcess(self, env: dict[str, str], request: Any, qargs: Sequence[str] = ()) -> None:
        """Start the program with the file."""
        self._spawn(self.filter, [self.filter, self.filename, *qargs], env, request)


@implementer(IPushProducer)
class CGIProcessProtocol(ProcessProtocol):
    """Passes a request's body to a program, and what the program says to the client."""

    handling_headers = 1
    headers_written = 0
    headertext = b""
    errortext = b""

    def __init__(self, request: Any) -> None:
        self.request = request
        self._gone = False
        request.notifyFinish().addErrback(lambda _: self._lost())

    def _lost(self) -> None:
        """The client has gone."""
        self._gone = True

    # A producer, to the request

    def pauseProducing(self) -> None:
        """Have the program wait: the client has enough to read."""
        self.transport.pauseProducing()

    def resumeProducing(self) -> None:
        """Let the program go on."""
        self.transport.resumeProducing()

    def stopProducing(self) -> None:
        """The client has gone: end the program."""
        self._gone = True
        self.transport.loseConnection()
        try:
            self.transport.signalProcess("TERM")
        except Exception:
            # It has ended already.
            pass

    # The program

    def connectionMade(self) -> None:
        """Give the program the body of the request."""
        self.request.registerProducer(self, 1)
        self.request.content.seek(0, 0)
        content = self.request.content.read()
        if content:
            self.transport.write(content)
        self.transport.closeStdin()

    def errReceived(self, error: bytes) -> None:
        """Keep what the program complains of, within limits."""
        self.errortext = (self.errortext + error)[-_MOST_HEADERS:]

    def outReceived(self, output: bytes) -> None:
        """Take what the program says: headers first, then the body."""
        if self._gone:
            return
        if not self.handling_headers:
            self.request.write(output)
            return
        text = self.headertext + output
        ends = [
            (found, len(end)) for end in (b"\r\n\r\n", b"\n\n") if (found := text.find(end)) >= 0
        ]
        # No header at all is an answer, too.
        for end in (b"\r\n", b"\n"):
            if text.startswith(end):
                ends.append((0, len(end)))
        if not ends:
            self.headertext = text
            if len(text) > _MOST_HEADERS:
                _log.error("The headers of a CGI program have no end")
                self._refuse()
            return
        position, length = min(ends)
        self._takeHeaders(text[:position])
        self.handling_headers = 0
        self.headertext = b""
        rest = text[position + length :]
        if rest:
            self.request.write(rest)

    def _takeHeaders(self, text: bytes) -> None:
        headers = self.request.responseHeaders
        # What a server has set by itself does not count beside what the program says.
        headers.removeHeader(b"content-type")
        for line in text.splitlines():
            name, sign, value = line.partition(b":")
            if not sign:
                _log.warn("ignoring malformed CGI header: {header!r}", header=line)
                continue
            name, value = name.strip().lower(), value.strip()
            try:
                if name == b"status":
                    code, _, reason = value.partition(b" ")
                    self.request.setResponseCode(int(code), reason or None)
                elif name not in _OURS:
                    headers.addRawHeader(name, value)
                    if name == b"location" and self.request.code == http.OK:
                        self.request.setResponseCode(http.FOUND)
            except ValueError:
                _log.warn("ignoring malformed CGI header: {header!r}", header=line)

    def _refuse(self) -> None:
        """Answer that the program makes no sense."""
        self._gone = True
        request = self.request
        request.unregisterProducer()
        page = pages.errorPage(
            http.INTERNAL_SERVER_ERROR, "CGI Script Error", "Premature end of script headers."
        )
        request.write(page.render(request))
        request.finish()
        if self.transport is not None:
            self.transport.loseConnection()

    def processEnded(self, reason: Failure) -> None:
        """The program has ended, and with it the answer."""
        if self.errortext:
            _log.error(
                "Errors from CGI {uri}: {errors}",
                uri=self.request.uri,
                errors=self.errortext.decode("utf-8", "replace"),
            )
        if not reason.check(ProcessDone):
            _log.error("CGI {uri} ended: {reason}", uri=self.request.uri, reason=reason.value)
        if self._gone:
            return
        if self.handling_headers:
            self._refuse()
            return
        self._gone = True
        self.request.unregisterProducer()
        if not self.request.startedWriting:
            self.request.write(b"")
        self.request.finish()
