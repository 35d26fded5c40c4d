"""
A request that an application of ASGI answers.

::

    START --http.response.start--> BODY --the last http.response.body--> DONE
                                     |                                    |
                                     +-- (trailers announced) --> TRAILERS+
"""

from __future__ import annotations

import asyncio
import enum
import os
from typing import Any

from twisted.python.failure import Failure
from twisted.web._asgi._call import Application, Call
from twisted.web._asgi._response import checked_body, checked_headers, checked_status, set_head
from twisted.web._asgi._scope import ClientDisconnected, Message, http_scope
from twisted.web._responses import NO_CONTENT, NOT_MODIFIED, SERVICE_UNAVAILABLE
from twisted.web._staticproducers import NoRangeStaticProducer
from twisted.web.pages import errorPage


class State(enum.Enum):
    """Which message comes next."""

    START = "http.response.start"
    BODY = "http.response.body"
    TRAILERS = "http.response.trailers"
    DONE = "none"


START, BODY, TRAILERS, DONE = State

_GONE: Message = {"type": "http.disconnect"}


class IncompleteAnswer(Exception):
    """An application has returned without having answered."""


class HTTPCall(Call):
    """An application that answers a request."""

    def __init__(self, application: Application, request: Any, rootPath: str) -> None:
        Call.__init__(self, application, http_scope(request, rootPath))
        self._request = request
        self._state = START
        self._status = 0
        self._headers: dict[bytes, list[bytes]] = {}
        self._bodyGiven = False
        self._announced = False
        self._registered = False
        # Waits for the end: of the answer, or of the connection.
        self._end: asyncio.Future[None] | None = None
        request.defaultContentType = None

    def watch(self) -> None:
        """Take note of a client that leaves."""
        if self._state is not DONE:
            self._request.notifyFinish().addErrback(lambda _: self.leave())

    # What the application calls

    async def receive(self) -> Message:
        """A piece of the body; after its end, that of the client's presence."""
        if not self._bodyGiven and not self.gone and self._state is not DONE:
            body = self._request.body
            coming = body.receive()
            piece: Any = coming.result if coming.called else None
            if not isinstance(piece, bytes):
                try:
                    piece = await coming.asFuture(asyncio.get_running_loop())
                except asyncio.CancelledError:
                    raise
                except Exception:
                    # The rest of the body does not come.
                    self._bodyGiven = True
                    return _GONE
            self._bodyGiven = body.atEnd or not piece
            return {"type": "http.request", "body": piece, "more_body": not self._bodyGiven}
        if not self.gone and self._state is not DONE:
            if self._end is None:
                self._end = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._end)
        return _GONE

    async def send(self, message: Message) -> None:
        """
        Take a part of the answer; returns when the client has taken enough of the others.

        @raise ClientDisconnected: if the client has left.
        @raise RuntimeError: if it is not the turn of this message.
        """
        kind = message["type"]
        state = self._state
        if state is DONE:
            # "any further messages on the channel will be ignored"
            return
        if self.gone:
            raise ClientDisconnected("the client has left")
        if state is START and kind == "http.response.start":
            # It is not sent before the body begins, so that an error until then has a page.
            self._status = checked_status(message)
            self._headers = checked_headers(message.get("headers", ()))
            self._announced = bool(message.get("trailers"))
            self._state = BODY
        elif state is BODY and kind == "http.response.body":
            body = checked_body(message)
            if message.get("more_body"):
                self._write(body)
                await self.drained()
            else:
                self._writeLast(body)
        elif state is BODY and kind == "http.response.pathsend":
            await self._sendFile(message["path"])
        elif state is TRAILERS and kind == "http.response.trailers":
            for name, values in checked_headers(message.get("headers", ())).items():
                for value in values:
                    self._request.addTrailer(name, value)
            if not message.get("more_trailers"):
                self._finish()
        else:
            raise RuntimeError(f"a message of type {kind!r} where {state.value!r} is expected")

    # The answer

    def _write(self, body: bytes) -> None:
        """Send a piece of the body."""
        request = self._request
        if not request.startedWriting:
            set_head(request, self._status, self._headers)
            request.write(body)
        elif body:
            request.write(body)
        if not self._registered:
            self._registered = True
            request.registerProducer(self, True)

    def _writeLast(self, body: bytes) -> None:
        """Send the last piece of the body, and what is behind it."""
        request = self._request
        if not request.startedWriting:
            set_head(request, self._status, self._headers)
            raw = request.responseHeaders._rawHeaders
            known = b"content-length" in raw or self._announced or request.method == b"HEAD"
            if not known and request.code not in (NO_CONTENT, NOT_MODIFIED):
                raw[b"content-length"] = [b"%d" % len(body)]
            request.write(body)
        elif body:
            request.write(body)
        if self._announced:
            self._state = TRAILERS
        else:
            self._finish()

    def _finish(self) -> None:
        self._state = DONE
        if self._registered:
            self._detach()
        self._request.finish()
        if self._end is not None:
            self._tell()

    def _detach(self) -> None:
        """Be a producer no more."""
        if self._registered:
            self._registered = False
            self._request.unregisterProducer()

    async def _sendFile(self, path: str) -> None:
        """
        Send a file (extension ``http.response.pathsend``).

        @raise OSError: if it cannot be read.
        """
        request = self._request
        file = open(path, "rb")  # noqa: SIM115 -- what sends it closes it
        if not request.startedWriting:
            set_head(request, self._status, self._headers)
            size = os.fstat(file.fileno()).st_size
            request.responseHeaders._rawHeaders.setdefault(b"content-length", [b"%d" % size])
        self._detach()
        if request.method == b"HEAD":
            file.close()
            self._finish()
            return
        sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def ended(_: object) -> None:
            if not sent.done():
                sent.set_result(None)

        request.notifyFinish().addBoth(ended)
        self._state = DONE
        NoRangeStaticProducer(request, file).start()
        await sent
        self._tell()

    # The end

    def leave(self) -> None:
        """The client has left."""
        Call.leave(self)
        self._tell()

    def _tell(self) -> None:
        if self._end is not None and not self._end.done():
            self._end.set_result(None)

    def returned(self) -> None:
        """The application has returned; then the answer should be complete."""
        if self._state is not DONE and not self.gone:
            self.failed(IncompleteAnswer("the application has returned without having answered"))

    def failed(self, error: Exception) -> None:
        """Say that there was an error, or cut the answer."""
        if self._state is DONE and not self.gone:
            # The client has its answer.
            self._request.processingFailed(Failure(error))
            return
        if not self.gone:
            self._detach()
        self._request.processingFailed(Failure(error))

    def cancelled(self) -> None:
        """Say that this server ends, or cut the answer."""
        request = self._request
        if self.gone or self._state is DONE:
            return
        self._detach()
        self._state = DONE
        if request.startedWriting:
            request.loseConnection()
            return
        request.setHeader(b"connection", b"close")
        page = errorPage(SERVICE_UNAVAILABLE, "Service Unavailable", "The server is stopping.")
        body: Any = page.render(request)
        request.setHeader(b"content-length", b"%d" % len(body))
        request.write(body)
        request.finish()
