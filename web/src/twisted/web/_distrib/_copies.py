"""Requests on their way to the process that answers them: what is sent, and what may come back."""

from __future__ import annotations

from io import SEEK_END, BytesIO
from typing import IO, Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.spread import pb
from twisted.spread.banana import SIZE_LIMIT

__all__ = ["PORTION", "REQUEST_TYPE", "WORDS", "Answer", "Body", "RequestCopy"]

#: The name by which requests travel.
REQUEST_TYPE = "twisted.web.server.Request"

#: Which words for an answer are known beside those of the published release, which has no
#: ``addRawHeader`` and ``whenOver``.
WORDS = 1

#: How many bytes of a long body are sent at once.
PORTION = 2**18

#: What a connection with a client is like is the affair of the process that has it.
_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)


def _plain_address(address: Any) -> Any:
    """An address as plain values."""
    if isinstance(address, IPv4Address | IPv6Address):
        kind = "INET" if isinstance(address, IPv4Address) else "INET6"
        return (kind, address.host, address.port)
    return None


class Body(pb.Referenceable):
    """The body of a request, in the hands of the process that reads it."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content = content

    def remote_read(self) -> bytes:
        """
        The next piece; nothing at the end.

        @raise pb.Error: if nobody waits for an answer any more.
        """
        if self._content.closed:
            raise pb.Error("the client has left")
        return self._content.read(PORTION)


class RequestCopy(pb.Copyable):
    """What is sent of a request."""

    def __init__(self, request: Any, answer: Answer) -> None:
        self._state = _state_of(request)
        self._state["remote"] = answer

    def getTypeToCopy(self) -> str:
        """The name that all have known these by."""
        return REQUEST_TYPE

    def getStateToCopy(self) -> dict[str, Any]:
        """The request, and what stands for its answer."""
        return self._state


def _state_of(request: Any) -> dict[str, Any]:
    """A request as plain values; a reference to its body, if that is long."""
    state: dict[str, Any] = {
        "args": _arguments(request),
        "client": _plain_address(request.getClientAddress()),
        "clientproto": request.clientproto,
        "cookies": [],
        "host": _plain_address(request.getHost()),
        "method": request.method,
        "path": getattr(request, "path", request.uri),
        "postpath": list(request.postpath),
        "prepath": list(request.prepath),
        "received_cookies": dict(getattr(request, "received_cookies", ())),
        "requestHeaders": [
            (name, list(values)) for name, values in request.requestHeaders.getAllRawHeaders()
        ],
        "secure": bool(request.isSecure()),
        "sitepath": list(getattr(request, "sitepath", ())),
        "uri": request.uri,
        # The published release has other words for the answer: see `Answer`.
        "words": WORDS,
    }
    content: IO[bytes] = getattr(request, "content", None) or BytesIO()
    content.seek(0, SEEK_END)
    long = content.tell() > SIZE_LIMIT
    content.seek(0)
    if long:
        # Who does not know of this shall not take a part of the body for all of it.
        state["body"] = Body(content)
    else:
        state["content_data"] = content.read()
    return state


def _arguments(request: Any) -> dict[bytes, list[bytes]]:
    """
    The fields of a request, as others than this project's processes want them: those of this
    project read the query and the form themselves.
    """
    if getattr(request, "files", None):
        return {}
    arguments: dict[bytes, list[bytes]] = request.args or {}
    size = sum(len(value) for values in arguments.values() for value in values)
    return {} if size > SIZE_LIMIT else arguments


class _RemoteProducer:
    """A producer in the other process."""

    def __init__(self, remote: Any) -> None:
        self._remote = remote

    def _call(self, name: str) -> None:
        try:
            self._remote.callRemote(name).addErrback(lambda _: None)
        except pb.DeadReferenceError:
            # Whoever has the connection is told by it.
            pass

    def pauseProducing(self) -> None:
        """Enough for now."""
        self._call("pauseProducing")

    def resumeProducing(self) -> None:
        """More, please."""
        self._call("resumeProducing")

    def stopProducing(self) -> None:
        """Nobody wants more."""
        self._call("stopProducing")


class Answer(pb.Referenceable):
    """
    Stands for the answer to a request, in the hands of the process that gives it.

    Whatever that says is checked, as it may be somebody else's.
    """

    def __init__(self, request: Any) -> None:
        self._request = request
        self._gone = False
        request.notifyFinish().addBoth(self._end)

    def _end(self, _: object) -> None:
        self._gone = True

    def _wanted(self) -> Any:
        """
        The request.

        @raise pb.Error: if nobody waits for the answer any more.
        """
        if self._gone:
            raise pb.Error("the client has left")
        return self._request

    def remote_whenOver(self) -> Deferred[None]:
        """Fires when the answer is complete; fails with `pb.Error` if the client leaves before."""
        over: Deferred[None] = self._wanted().notifyFinish()

        def left(_: object) -> None:
            raise pb.Error("the client has left")

        return over.addErrback(left)

    def remote_setResponseCode(self, code: int, message: bytes | None = None) -> None:
        """
        Set the status.

        @raise pb.Error: if it is that of no whole answer.
        """
        if type(code) is not int or not 200 <= code <= 599:
            raise pb.Error(f"{code!r} is no status of an answer")
        self._wanted().setResponseCode(code, message)

    def _header(self, name: bytes, value: bytes, further: bool) -> None:
        """
        Set a header, or add one.

        @raise pb.Error: if it is none, or a length that is no number.
        """
        if not isinstance(name, bytes) or not isinstance(value, bytes):
            raise pb.Error("headers are bytes")
        lower = name.lower()
        if lower in _HOP_BY_HOP:
            return
        if lower == b"content-length":
            if not value.isdigit():
                raise pb.Error(f"{value!r} is no length")
            further = False
        headers = self._wanted().responseHeaders
        try:
            if further:
                headers.addRawHeader(name, value)
            else:
                headers.setRawHeaders(name, [value])
        except ValueError as error:
            raise pb.Error(str(error)) from None

    def remote_setHeader(self, k: bytes, v: bytes) -> None:
        """Set a header."""
        self._header(k, v, False)

    def remote_addRawHeader(self, k: bytes, v: bytes) -> None:
        """Add a header to those of its name."""
        self._header(k, v, True)

    def remote_addCookie(self, k: Any, v: Any, **kwargs: Any) -> None:
        """Set a cookie."""
        self._wanted().addCookie(k, v, **kwargs)

    def remote_setETag(self, tag: bytes) -> Any:
        """Say which version of the content this is."""
        return self._wanted().setETag(tag)

    def remote_setLastModified(self, when: float) -> Any:
        """Say when the content changed last."""
        return self._wanted().setLastModified(when)

    def remote_write(self, data: bytes) -> None:
        """Send a piece of the body."""
        self._wanted().write(data)

    def remote_finish(self) -> None:
        """The answer is complete."""
        self._wanted().finish()

    def remote_loseConnection(self) -> None:
        """The answer is not complete, and is not going to be."""
        self._wanted().channel.breakOff()

    def remote_registerProducer(self, producer: Any, streaming: bool) -> None:
        """
        Let a producer write the body as fast as the client reads.

        @raise pb.Error: if it is none, or there is one already.
        """
        if not isinstance(producer, pb.RemoteReference):
            raise pb.Error("not a reference to a producer")
        request = self._wanted()
        if request.producer is not None:
            raise pb.Error("there is a producer already")
        request.registerProducer(_RemoteProducer(producer), bool(streaming))

    def remote_unregisterProducer(self) -> None:
        """The producer has written everything."""
        self._wanted().unregisterProducer()
