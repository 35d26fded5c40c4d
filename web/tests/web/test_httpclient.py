"""Tests of `twisted.web.httpclient`."""

from __future__ import annotations

import gc
import gzip
import io
import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from twisted.internet.defer import CancelledError, Deferred, gatherResults
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web import error
from twisted.web._client._target import encodedFields, preparedURL
from twisted.web._client._uploads import IterableBodyProducer, PiecesBodyProducer, multipartForm
from twisted.web.client import FileBodyProducer, Response, ResponseFailed
from twisted.web.http_headers import Headers
from twisted.web.httpclient import (
    BodyTooLarge,
    Client,
    ClientResponse,
    HTTPStatusError,
    Proxies,
    ReadTimeout,
    RequestTimeout,
    Timeouts,
)
from twisted.web.iweb import UNKNOWN_LENGTH
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET


def result(deferred: Deferred[Any]) -> Any:
    """What a Deferred has fired with; if it has failed, that is raised."""
    results: list[Any] = []
    deferred.addBoth(results.append)
    assert results, "it has not fired"
    if isinstance(results[0], Failure):
        results[0].raiseException()
    return results[0]


def failure(deferred: Deferred[Any]) -> BaseException:
    """What a Deferred has failed with."""
    results: list[Any] = []
    deferred.addBoth(results.append)
    problem: BaseException = results[0].value
    return problem


class TestURLs:
    """URLs as people write them."""

    @pytest.mark.parametrize(
        ("url", "params", "sent"),
        [
            ("http://h", None, b"http://h/"),
            (" HTTP://EXAMPLE.org:81/a b#f ", None, b"http://example.org:81/a%20b"),
            ("https://h/ä?ö=ü", None, b"https://h/%C3%A4?%C3%B6=%C3%BC"),
            ("http://bücher.example/", None, b"http://xn--bcher-kva.example/"),
            ("http://[::1]:8/x", None, b"http://[::1]:8/x"),
            ("http://h/%2f?a=%20+", {"b": "x y&"}, b"http://h/%2f?a=%20+&b=x+y%26"),
            ("http://h?q", [("a", 1), ("a", True), ("b", None)], b"http://h/?q&a=1&a=true"),
            ("http://h/", {"a": ["x", 2.5], "b": b"\xff"}, b"http://h/?a=x&a=2.5&b=%FF"),
        ],
    )
    def test_sent(self, url: str, params: Any, sent: bytes) -> None:
        """What is beyond ASCII is encoded, what is encoded already stays so."""
        assert preparedURL(url, params) == (sent, None)

    def test_credentials(self) -> None:
        """A user name and a password are taken out."""
        expected = (b"http://h:8/", ("a@", "b:c"))
        assert preparedURL("http://a%40:b%3Ac@h:8/") == expected

    def test_relative(self) -> None:
        """A relative URL is one beside the base."""
        assert preparedURL("x?y", None, "https://h/a/b")[0] == b"https://h/a/x?y"

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "/x",
            "ftp://h/",
            "http://",
            "http:///x",
            "http://h:x/",
            "http://h:99999/",
            "http://a b/",
            "http://h/\r\nX: y",
            "http://h\0/",
            "http://h%2f/",
            "http://a\\@b/",
        ],
    )
    def test_wrong(self, url: str) -> None:
        """What is no URL of HTTP is refused."""
        with pytest.raises(ValueError, match=r"."):
            preparedURL(url)

    def test_form(self) -> None:
        """Fields of a form are encoded as browsers do."""
        assert encodedFields({"a b": "ä&=", "n": 1}) == "a+b=%C3%A4%26%3D&n=1"


class Asked:
    """An agent that leaves answers to the test, and keeps the bodies that are sent."""

    def __init__(self) -> None:
        self.requests: list[tuple[bytes, bytes, Headers, Any]] = []
        self.sent: list[bytes] = []
        self.answers: list[Deferred[Any]] = []
        self.cancelled = 0

    def request(self, method: bytes, uri: bytes, headers: Any = None, body: Any = None) -> Any:
        self.requests.append((method, uri, headers, body))
        out = io.BytesIO()
        if body is not None:
            body.startProducing(out)
        self.sent.append(out.getvalue())
        self.answers.append(Deferred(self.cancel))
        return self.answers[-1]

    def cancel(self, _: object) -> None:
        self.cancelled += 1

    def answer(self, code: int = 200, body: bytes | None = b"", **headers: str) -> Response:
        """Answer the last request; without a body, the test sends one."""
        named = {name.replace("_", "-"): [value] for name, value in headers.items()}
        transport = StringTransport(lenient=True)
        response = Response((b"HTTP", 1, 1), code, b"Reason", Headers(named), transport)
        uri = self.requests[-1][1]

        class Request:
            absoluteURI = uri

        response.request = Request()
        if body is not None:
            response._bodyDataReceived(body)
            response._bodyDataFinished()
        self.answers.pop().callback(response)
        return response


class World:
    """A client over an agent in memory."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.asked = Asked()

    def client(self, **options: Any) -> Client:
        return Client(self.clock, agent=self.asked, **options)  # type: ignore[arg-type]

    @property
    def headers(self) -> Headers:
        """The headers of the last request."""
        return self.asked.requests[-1][2]

    def header(self, name: str) -> Any:
        return self.headers.getRawHeaders(name)

    def get(self, body: bytes | None = b"", **headers: str) -> ClientResponse:
        """An answer with a body."""
        asking = self.client().get("http://h/")
        self.asked.answer(200, body, **headers)
        response: ClientResponse = result(asking)
        return response


@pytest.fixture
def world() -> World:
    return World()


class TestRequests:
    """What is asked."""

    @pytest.mark.parametrize("method", ["get", "head", "options", "post", "put", "patch", "delete"])
    def test_methods(self, world: World, method: str) -> None:
        """Each method has one of its name."""
        asking = getattr(world.client(), method)("http://h/x", params={"a": "b"})
        assert world.asked.requests[0][:2] == (method.upper().encode(), b"http://h/x?a=b")
        world.asked.answer()
        assert result(asking).code == 200

    def test_headers(self, world: World) -> None:
        """A request's headers go before the client's, and these before the usual ones."""
        client = world.client(headers={"X": "client", "Y": ["1", "2"]}, base="http://h/a/")
        client.get("b", headers={"x": "request"})
        assert world.asked.requests[0][1] == b"http://h/a/b"
        assert (world.header("x"), world.header("y")) == (["request"], ["1", "2"])
        assert world.header("user-agent")[0].startswith("twisted-web/")
        client.get("b", headers=Headers({"user-agent": ["me"]}))
        assert (world.header("user-agent"), world.header("x")) == (["me"], ["client"])

    @pytest.mark.parametrize(
        "options",
        [
            {"headers": {"X": "a\r\nY: b"}},
            {"headers": {"X\r\n": "a"}},
            {"method": "GET /x HTTP/1.1\r\n"},
            {"url": "http://h/\n"},
            {"json": float("nan")},
        ],
    )
    def test_injection(self, options: dict[str, Any]) -> None:
        """Nothing of what is given leads to another line, or to something that is no JSON."""
        client = Client(Clock(), proxies=Proxies())
        with pytest.raises(ValueError, match=r"."):
            client.request(**{"method": "GET", "url": "http://h/", **options})

    def test_authorization(self, world: World) -> None:
        """A password goes along, that of the request first, and over no redirect elsewhere."""
        client = world.client(auth=("client", "ä"))
        client.get("http://h/")
        assert world.header("authorization") == ["Basic Y2xpZW50OsOk"]
        client.get("http://u:p@h/", headers={"authorization": "mine"})
        assert world.header("authorization") == ["mine"]
        client.get("http://u:p@h/")
        assert world.header("authorization") == ["Basic dTpw"]
        assert world.asked.requests[-1][1] == b"http://h/"
        client.get("http://u:p@h/", auth=("a", "b"))
        assert world.header("authorization") == ["Basic YTpi"]
        world.asked.answer(302, location="http://other/")
        assert world.asked.requests[-1][1] == b"http://other/"
        assert world.header("authorization") is None

    @pytest.mark.parametrize(
        ("options", "kind", "body"),
        [
            ({"json": {"a": ["ä", None]}}, "application/json", '{"a":["ä",null]}'.encode()),
            ({"json": 0}, "application/json", b"0"),
            ({"data": {"a": "x y", "b": [1, 2]}}, "form", b"a=x+y&b=1&b=2"),
            ({"data": [("a", "1"), ("a", "2")]}, "form", b"a=1&a=2"),
            ({"data": b"raw"}, "application/octet-stream", b"raw"),
            ({"data": bytearray(b"raw")}, "application/octet-stream", b"raw"),
            ({"data": "täxt"}, "text/plain; charset=utf-8", "täxt".encode()),
        ],
    )
    def test_bodies(self, world: World, options: Any, kind: str, body: bytes) -> None:
        """Values, fields and bytes become bodies, with their type."""
        world.client().post("http://h/", **options)
        assert world.asked.sent == [body]
        assert world.asked.requests[0][3].length == len(body)
        expected = "application/x-www-form-urlencoded" if kind == "form" else kind
        assert world.header("content-type") == [expected]

    def test_type_of_ones_own(self, world: World) -> None:
        """Whoever names the type of a body is believed."""
        world.client().post("http://h/", data=b"x", headers={"Content-Type": "a/b"})
        assert world.header("content-type") == ["a/b"]

    def test_producers(self, world: World) -> None:
        """A producer is taken as it is, a file is read, and pieces are sent as they come."""
        producer = FileBodyProducer(object())
        client = world.client()
        world.asked.request = lambda *arguments: (  # type: ignore[method-assign]
            world.asked.requests.append(arguments) or Deferred()  # type: ignore[func-returns-value]
        )
        client.post("http://h/", data=producer)
        assert world.asked.requests[-1][3] is producer
        client.post("http://h/", data=io.BytesIO(b"12345"))
        assert world.asked.requests[-1][3].length == 5
        client.post("http://h/", data=(piece for piece in (b"a", b"b")))
        assert world.asked.requests[-1][3].length is UNKNOWN_LENGTH

    @pytest.mark.parametrize(
        "options",
        [
            {"json": 1, "data": b"x"},
            {"json": object()},
            {"data": 5},
            {"files": {"a": 5}},
            {"files": {"a": ("name", object())}},
        ],
    )
    def test_nothing_to_send(self, world: World, options: Any) -> None:
        """What cannot be sent is refused at once."""
        with pytest.raises(TypeError):
            world.client().post("http://h/", **options)


def form(fields: Any, files: Any) -> tuple[bytes, str]:
    """A form in parts, with its boundary replaced."""
    clock = Clock()
    pieces, kind = multipartForm(fields, files)
    producer = PiecesBodyProducer(pieces, clock)
    out = io.BytesIO()
    producer.startProducing(out)
    while clock.getDelayedCalls():
        clock.advance(0)
    body = out.getvalue()
    assert producer.length in (len(body), UNKNOWN_LENGTH)
    boundary = kind.partition(b"boundary=")[2]
    assert re.fullmatch(rb"[-0-9a-zA-Z]{1,70}", boundary)
    return body.replace(boundary, b"B"), kind.decode()


class TestForms:
    """Forms with files."""

    def test_parts(self) -> None:
        """Fields and files become parts, with names and types."""
        body, kind = form(
            {"a": ["1", "ü"], "b": b"\xff"},
            {"f": io.BytesIO(b"content"), "g": ("x.json", "{}"), "h": ("y", b"z", "a/b")},
        )
        assert kind.startswith("multipart/form-data; boundary=")
        assert body == (
            b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
            b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xc3\xbc\r\n'
            b'--B\r\nContent-Disposition: form-data; name="b"\r\n\r\n\xff\r\n'
            b'--B\r\nContent-Disposition: form-data; name="f"; filename="file"\r\n'
            b"Content-Type: application/octet-stream\r\n\r\ncontent\r\n"
            b'--B\r\nContent-Disposition: form-data; name="g"; filename="x.json"\r\n'
            b"Content-Type: application/json\r\n\r\n{}\r\n"
            b'--B\r\nContent-Disposition: form-data; name="h"; filename="y"\r\n'
            b"Content-Type: a/b\r\n\r\nz\r\n--B--\r\n"
        )

    def test_names_cannot_break_out(self) -> None:
        """Quotation marks and line ends in names are escaped as browsers do."""
        body, _ = form({'a"\r\nX: y': "1\n2\r3"}, {"f": ('q"\n.txt', b"", "text/plain")})
        assert b'name="a%22%0D%0AX: y"\r\n\r\n1\r\n2\r\n3\r\n' in body
        assert b'filename="q%22%0D%0A.txt"\r\n' in body
        with pytest.raises(ValueError, match="type of content"):
            form({}, {"f": ("n", b"", "a/b\r\nX: y")})

    def test_names_of_files(self, tmp_path: Any) -> None:
        """A file has its own name, without the path, and is left open."""
        path = tmp_path / "page.html"
        path.write_bytes(b"\0" * 200_000)
        with path.open("rb") as file:
            file.seek(100_000)
            body, _ = form({}, {"f": file})
            assert not file.closed
        assert b'filename="page.html"\r\nContent-Type: text/html\r\n' in body
        assert body.count(b"\0") == 100_000

    def test_unknown_length(self) -> None:
        """What has no length is sent in chunks."""

        class Stream:
            def __init__(self) -> None:
                self.left = [b"a", b"b"]

            def read(self, size: int) -> bytes:
                return self.left.pop(0) if self.left else b""

        pieces, _ = multipartForm({}, {"f": Stream()})
        producer = PiecesBodyProducer(pieces, Clock())
        assert producer.length is UNKNOWN_LENGTH
        assert not producer.rewind()
        body, _ = form({}, {"f": Stream()})
        assert b"\r\n\r\nab\r\n--B--" in body

    def test_text_files(self) -> None:
        """A file in text mode fails the body."""
        clock = Clock()
        pieces, _ = multipartForm({}, {"f": io.StringIO("text")})
        sending = PiecesBodyProducer(pieces, clock).startProducing(io.BytesIO())
        while clock.getDelayedCalls():
            clock.advance(0)
        assert isinstance(failure(sending), TypeError)

    def test_again(self) -> None:
        """A form of files that can be rewound can be sent twice."""
        file = io.BytesIO(b"0123456789")
        file.seek(5)
        clock = Clock()
        producer = PiecesBodyProducer([b"<", file, b">"], clock)
        assert producer.length == 7
        for _ in range(2):
            out = io.BytesIO()
            sending = producer.startProducing(out)
            while clock.getDelayedCalls():
                clock.advance(0)
            assert result(sending) is None
            assert out.getvalue() == b"<56789>"
            assert producer.rewind()


class TestIterables:
    """Bodies that a program makes as it goes."""

    def test_no_faster_than_sent(self) -> None:
        """Nothing is asked for while sending is paused; the end is told."""
        made: list[int] = []

        async def pieces() -> AsyncIterator[bytes]:
            for number in range(3):
                made.append(number)
                yield b"%d" % number

        producer = IterableBodyProducer(pieces())
        out = io.BytesIO()
        producer.pauseProducing()
        sending = producer.startProducing(out)
        assert made == [0]
        producer.resumeProducing()
        assert result(sending) is None
        assert out.getvalue() == b"012"

    def test_failing(self) -> None:
        """What goes wrong in making a body fails it."""

        def pieces() -> Iterator[bytes]:
            yield b"a"
            raise ZeroDivisionError

        sending = IterableBodyProducer(pieces()).startProducing(io.BytesIO())
        assert isinstance(failure(sending), ZeroDivisionError)

    def test_stopping(self) -> None:
        """After being stopped nothing is written, and nothing fires."""
        producer = IterableBodyProducer(piece for piece in (b"a", b"b"))
        producer.pauseProducing()
        out = io.BytesIO()
        fired: list[object] = []
        producer.startProducing(out).addBoth(fired.append)
        producer.stopProducing()
        producer.resumeProducing()
        assert (out.getvalue(), fired) == (b"a", [])


class TestAnswers:
    """What is made of answers."""

    def test_head(self, world: World) -> None:
        """The status, the headers and the URL are there at once."""
        response = world.get(b"", x="1", content_type="a/b")
        assert (response.code, response.reason, response.ok) == (200, "Reason", True)
        assert response.header("X") == "1"
        assert response.header("none", "other") == "other"
        assert response.url == "http://h/"
        assert response.history == []
        assert repr(response) == "<ClientResponse 200 http://h/>"
        assert response.raiseForStatus() is response

    def test_status_of_an_error(self, world: World) -> None:
        """A status is an error only for who asks for that."""
        asking = world.client().get("http://h/")
        world.asked.answer(404, b"no")
        response = result(asking)
        assert not response.ok
        with pytest.raises(HTTPStatusError, match="404 Reason for http://h/") as raised:
            response.raiseForStatus()
        assert result(raised.value.response.text()) == "no"

    def test_twice(self, world: World) -> None:
        """A body in one piece can be had as often as one likes, in all forms."""
        response = world.get(b'{"a": 1}')
        assert result(response.bytes()) == b'{"a": 1}'
        assert result(response.text()) == '{"a": 1}'
        assert result(response.json()) == {"a": 1}

    def test_no_json(self, world: World) -> None:
        """What is no JSON fails."""
        assert isinstance(failure(world.get(b"<html>").json()), ValueError)

    @pytest.mark.parametrize(
        ("kind", "body", "text"),
        [
            ("text/plain", "ä".encode(), "ä"),
            ("text/plain", b"\xef\xbb\xbfx", "x"),
            ("text/plain; charset=ISO-8859-1", b"\xe4", "ä"),
            ('text/plain; a=b; Charset="utf-16"', "ä".encode("utf-16"), "ä"),
            ("text/plain; charset=unknown", "ä".encode(), "ä"),
            ("text/plain; charset=zlib", b"x", "x"),
            ("text/plain; charset=punycode", b"x-", "x-"),
            ("text/plain; charset=unicode_escape", b"\\n", "\\n"),
            ("text/plain; charset=\x01", b"x", "x"),
            ("text/plain", b"\xff", "\ufffd"),
        ],
    )
    def test_charsets(self, world: World, kind: str, body: bytes, text: str) -> None:
        """Text is decoded as the answer says, if that is an encoding of text, or as UTF-8."""
        assert result(world.get(body, content_type=kind).text()) == text

    def test_charset_of_ones_own(self, world: World) -> None:
        """Whoever names the encoding is believed."""
        assert result(world.get(b"\xe4").text("latin-1")) == "ä"

    def test_pieces(self, world: World) -> None:
        """A body is taken piece by piece; a server that is faster is held back."""
        asking = world.client().get("http://h/")
        original = world.asked.answer(200, None)
        response = result(asking)
        pieces: list[bytes] = []
        step: list[Deferred[None]] = []

        async def take() -> None:
            async for piece in response:
                pieces.append(piece)
                step.append(Deferred())
                await step[-1]

        taking = Deferred.fromCoroutine(take())
        transport = original._transport
        original._bodyDataReceived(b"a")
        assert pieces == [b"a"]
        for _ in range(3):
            original._bodyDataReceived(b"x" * 100_000)
        assert transport.producerState == "paused"
        for _ in range(3):
            step[-1].callback(None)
        assert transport.producerState == "paused"
        step[-1].callback(None)
        assert transport.producerState == "producing"
        original._bodyDataFinished()
        assert result(taking) is None
        assert b"".join(pieces) == b"a" + b"x" * 300_000
        with pytest.raises(RuntimeError):
            aiter(response)

    def test_compressed(self, world: World) -> None:
        """Bodies are unpacked, and kinds of packing that are known are asked for."""
        response = world.get(gzip.compress(b"hello"), content_encoding="gzip")
        assert world.header("accept-encoding") == ["gzip,deflate,br,zstd"]
        assert result(response.text()) == "hello"

    def test_too_large(self, world: World) -> None:
        """A body beyond the limit ends the connection, and nothing of it is kept."""
        asking = world.client(maxBodySize=10).get("http://h/")
        original = world.asked.answer(200, None)
        reading = result(asking).bytes()
        original._bodyDataReceived(b"x" * 11)
        assert isinstance(failure(reading), BodyTooLarge)
        assert original._transport.disconnected

    def test_larger_on_request(self, world: World) -> None:
        """The limit can be given for a body, too."""
        asking = world.client(maxBodySize=10).get("http://h/")
        world.asked.answer(200, b"x" * 20)
        assert result(result(asking).bytes(20)) == b"x" * 20

    def test_cut_short(self, world: World) -> None:
        """A body of which something is missing fails."""
        asking = world.client().get("http://h/")
        original = world.asked.answer(200, None)
        reading = result(asking).bytes()
        original._bodyDataReceived(b"x")
        original._bodyDataFinished(Failure(ResponseFailed([], original)))
        assert isinstance(failure(reading), ResponseFailed)

    def test_cancelled(self, world: World) -> None:
        """Who does not wait for a body any more ends the connection."""
        asking = world.client().get("http://h/")
        original = world.asked.answer(200, None)
        reading = result(asking).bytes()
        reading.cancel()
        assert isinstance(failure(reading), CancelledError)
        assert original._transport.disconnected

    def test_closed(self, world: World) -> None:
        """An answer that is left is closed, unless all of it has come."""

        async def look(client: Client) -> int:
            async with await client.get("http://h/") as response:
                return response.code

        for body, cut in ((None, True), (b"all", False)):
            looking = Deferred.fromCoroutine(look(world.client()))
            original = world.asked.answer(200, body)
            assert result(looking) == 200
            assert original._transport.disconnected is cut

    @pytest.mark.parametrize("begun", [False, True])
    def test_forgotten(self, world: World, begun: bool) -> None:
        """An answer that nobody holds is closed."""
        asking = world.client().get("http://h/")
        original = world.asked.answer(200, None)
        response = result(asking)
        if begun:
            chunks = aiter(response)
            original._bodyDataReceived(b"x")
            assert result(Deferred.fromCoroutine(chunks.__anext__())) == b"x"
            del chunks
        del asking, response
        gc.collect()
        assert original._transport.disconnected


class TestTimes:
    """How long things may take."""

    def test_until_the_head(self, world: World) -> None:
        """A request that is not answered in time is cancelled."""
        asking = world.client().get("http://h/", timeout=5)
        world.clock.advance(4.9)
        assert not asking.called
        world.clock.advance(0.1)
        problem = failure(asking)
        assert isinstance(problem, RequestTimeout)
        assert str(problem) == "The request took too long: 5 seconds."
        assert world.asked.cancelled == 1

    @pytest.mark.parametrize("waiting", [False, True])
    def test_until_the_end_of_the_body(self, world: World, waiting: bool) -> None:
        """The body has to come in time, too."""
        asking = world.client(timeouts=Timeouts(total=5)).get("http://h/")
        original = world.asked.answer(200, None)
        response = result(asking)
        if waiting:
            reading = response.bytes()
        world.clock.advance(5)
        if not waiting:
            with pytest.raises(RuntimeError):
                aiter(response)
        else:
            assert isinstance(failure(reading), RequestTimeout)
        assert original._transport.disconnected

    def test_in_time(self, world: World) -> None:
        """When all has come, no timer is left; nor when something else has failed."""
        client = world.client(timeouts=Timeouts(total=5))
        asking = client.get("http://h/")
        world.asked.answer(200, b"x")
        response = result(asking)
        result(response.bytes())
        assert world.clock.getDelayedCalls() == []
        asking = client.get("http://h/")
        world.asked.answers.pop().errback(ZeroDivisionError())
        assert isinstance(failure(asking), ZeroDivisionError)
        assert world.clock.getDelayedCalls() == []
        asking = client.get("http://h/")
        original = Response((b"HTTP", 1, 1), 204, b"", Headers(), StringTransport())
        original.length = 0
        world.asked.answers.pop().callback(original)
        response = result(asking)
        assert world.clock.getDelayedCalls() == []

    def test_none(self, world: World) -> None:
        """A request may have all the time there is."""
        world.client(timeouts=Timeouts(total=5)).get("http://h/", timeout=None)
        assert world.clock.getDelayedCalls() == []

    def test_reason_of_a_failure(self, world: World) -> None:
        """A time-out of the connection is told as what it is."""
        asking = world.client().get("http://h/")
        late = ReadTimeout(string="5 seconds")
        world.asked.answers.pop().errback(ResponseFailed([Failure(late)]))
        assert failure(asking) is late

    def test_settings(self) -> None:
        """The times and numbers that a client is told are its pool's."""
        client = Client(Clock(), timeouts=Timeouts(1, 2, 3, 4), maxConnections=7)
        pool = client.pool
        times = pool.connectTimeout, pool.readTimeout, pool.writeTimeout, pool.poolTimeout
        assert times == (1, 2, 3, 4)
        assert (pool.maxConnections, pool.maxConnectionsPerHost) == (7, 10)


class TestRedirects:
    """Answers that say that something is elsewhere."""

    @pytest.mark.parametrize(
        ("method", "code", "then", "body"),
        [
            *(("GET", code, b"GET", b"") for code in (301, 302, 303, 307, 308)),
            *(("HEAD", code, b"HEAD", b"") for code in (301, 302, 303, 307, 308)),
            *(("POST", code, b"GET", b"") for code in (301, 302, 303)),
            *(("POST", code, b"POST", b"body") for code in (307, 308)),
            *(("PUT", code, b"PUT", b"body") for code in (301, 302, 307, 308)),
            ("PUT", 303, b"GET", b""),
        ],
    )
    def test_methods(self, world: World, method: str, code: int, then: bytes, body: bytes) -> None:
        """Requests are repeated, with their body, or become GET, as the Fetch standard says."""
        data = b"body" if method in ("POST", "PUT") else None
        asking = world.client().request(method, "http://h/a", data=data)
        world.asked.answer(code, b"", location="/b")
        assert world.asked.requests[1][:2] == (then, b"http://h/b")
        assert world.asked.sent[1] == body
        assert world.headers.hasHeader("content-type") is bool(body)
        world.asked.answer(200)
        assert result(asking).history == [(code, "http://h/a")]

    def test_body_that_is_gone(self, world: World) -> None:
        """Where a body cannot be sent again, the answer itself is given."""
        asking = world.client().post("http://h/", data=iter([b"x"]))
        world.asked.answer(307, b"", location="/b")
        assert result(asking).code == 307

    def test_nowhere(self, world: World) -> None:
        """So it is where no place is named, and where nobody wants to follow."""
        asking = world.client().get("http://h/")
        world.asked.answer(302)
        assert result(asking).code == 302
        asking = world.client().get("http://h/", redirects=0)
        world.asked.answer(302, location="/x")
        assert result(asking).code == 302

    def test_bodies_on_the_way(self, world: World) -> None:
        """A long body of an answer that is followed does not keep the connection."""
        asking = world.client().get("http://h/")
        original = world.asked.answer(302, None, location="/x")
        original._bodyDataReceived(b"x" * 1000)
        assert not original._transport.disconnected
        original._bodyDataReceived(b"x" * 100_000)
        assert original._transport.disconnected
        world.asked.answer(200)
        assert result(asking).code == 200

    def test_without_end(self, world: World) -> None:
        """More redirects in a row than 20 are an error."""
        asking = world.client().get("http://h/")
        for _ in range(21):
            world.asked.answer(302, location="/again")
        problem = failure(asking)
        assert isinstance(problem, ResponseFailed)
        assert problem.reasons[0].check(error.InfiniteRedirection)

    @pytest.mark.parametrize("place", ["file:///etc/passwd", "http://10.0.0.1/"])
    def test_policy(self, world: World, place: str) -> None:
        """Other schemes, and places that the program refuses, are not followed to."""
        client = world.client(mayFollow=lambda uri: uri.host != b"10.0.0.1")
        asking = client.get("http://h/")
        world.asked.answer(302, location=place)
        problem = failure(asking)
        assert isinstance(problem, ResponseFailed)
        assert problem.reasons[0].check(error.PageRedirect)
        assert len(world.asked.requests) == 1


class TestCookies:
    """Cookies that come and go."""

    def test_kept(self, world: World) -> None:
        """Cookies are kept, and sent to whom they belong."""
        client = world.client()
        client.get("http://example.org/")
        world.asked.answer(302, location="/x", set_cookie="a=b")
        assert world.header("cookie") == ["a=b"]
        client.get("http://other.example/")
        assert world.header("cookie") is None

    def test_none(self, world: World) -> None:
        """A client without a jar keeps none."""
        client = world.client(cookies=False)
        client.get("http://example.org/")
        world.asked.answer(200, set_cookie="a=b")
        client.get("http://example.org/")
        assert world.header("cookie") is None
        assert client.cookies is None


class Echo(Resource):
    """Tells what came."""

    isLeaf = True

    def render(self, request: Any) -> Any:
        if request.path == b"/never":
            return NOT_DONE_YET
        if request.path == b"/big":
            return b"x" * 3_000_000
        if request.path == b"/away":
            request.redirect(b"/there")
            return b""
        request.setHeader("content-type", "application/json")
        told = {
            "method": request.method.decode(),
            "path": request.path.decode(),
            "length": request.getHeader("content-length"),
            "size": len(request.content.read()),
            "args": {
                name.decode(): [value.decode("latin-1") for value in values]
                for name, values in request.args.items()
            },
        }
        return json.dumps(told).encode()


class TestOverTCP:
    """With a server of this package."""

    @pytest.fixture
    def ask(self, network: Any) -> Any:
        """Run a function with a client and the URL of a server."""
        url = network.listen(Echo()).decode()

        def run(function: Any, **options: Any) -> Any:
            async def main() -> Any:
                options.setdefault("proxies", Proxies())
                async with Client(network.reactor, base=url, **options) as client:
                    return await function(client)

            return network.wait(Deferred.fromCoroutine(main()))

        return run

    def test_everything(self, ask: Any, network: Any) -> None:
        """Queries, forms and files arrive; redirects are followed; one connection does."""

        async def main(client: Client) -> list[Any]:
            files = {"f": ("n", io.BytesIO(b"y" * 100_000))}
            return [
                await (await client.get("a", params={"q": "ä"})).json(),
                await (await client.post("b", data={"x": "1"})).json(),
                await (await client.post("c", data={"x": "1"}, files=files)).json(),
                await (await client.put("d", json=[1])).json(),
                await (await client.get("away")).json(),
            ]

        first, second, third, fourth, fifth = ask(main)
        assert (first["path"], first["args"]) == ("/a", {"q": ["Ã¤"]})
        assert (second["method"], second["args"]) == ("POST", {"x": ["1"]})
        assert third["args"] == {"x": ["1"], "f": ["y" * 100_000]}
        assert int(third["length"]) > 100_000
        assert fourth["length"] == "3"
        assert fifth["path"] == "/there"
        assert network.reactor.metrics.connected == 1

    def test_streams(self, ask: Any) -> None:
        """Large bodies come in pieces, and go in chunks."""

        async def main(client: Client) -> Any:
            size = 0
            async for piece in await client.get("big"):
                size += len(piece)

            async def pieces() -> AsyncIterator[bytes]:
                for _ in range(10):
                    yield b"a" * 4000

            answer = await client.post("x", data=pieces())
            return size, await answer.json()

        size, told = ask(main)
        assert size == 3_000_000
        assert (told["length"], told["size"]) == (None, 40_000)

    def test_many_at_once(self, ask: Any, network: Any) -> None:
        """More requests than connections are served one after the other."""

        async def main(client: Client) -> Any:
            async def one(number: int) -> str:
                answer = await client.get(f"{number}")
                return str((await answer.json())["path"])

            return await gatherResults([Deferred.fromCoroutine(one(n)) for n in range(50)])

        assert ask(main, maxConnectionsPerHost=3) == [f"/{number}" for number in range(50)]
        assert network.reactor.metrics.connected == 3

    @pytest.mark.parametrize("options", [{"total": 0.05}, {"read": 0.05}])
    def test_too_slow(self, ask: Any, options: Any) -> None:
        """A server that does not answer is not waited for any longer than that."""

        async def main(client: Client) -> Any:
            await client.get("never")

        assert isinstance(ask(main, timeouts=Timeouts(**options)), RequestTimeout)

    def test_closing_ends_what_is_under_way(self, ask: Any, network: Any) -> None:
        """Nothing is left of a client that is closed."""
        failures: list[Any] = []

        async def main(client: Client) -> Any:
            client.get("never").addErrback(failures.append)
            return await client.get("big")

        answer = ask(main)
        assert len(failures) == 1
        assert isinstance(network.wait(answer.bytes()), ResponseFailed)


@pytest.mark.peer
@pytest.mark.timeout(60)
def test_nginx(network: Any, tmp_path: Any) -> None:
    """nginx serves, packs, redirects and takes files."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    (tmp_path / "a.txt").write_bytes(b"many words " * 10_000)
    settings = tmp_path / "nginx.conf"
    settings.write_text(
        f"""
        daemon off; master_process off; pid {tmp_path}/pid; error_log stderr error;
        events {{}}
        http {{
            access_log off;
            client_body_temp_path {tmp_path}/c; proxy_temp_path {tmp_path}/p;
            fastcgi_temp_path {tmp_path}/f; uwsgi_temp_path {tmp_path}/u;
            scgi_temp_path {tmp_path}/s;
            gzip on; gzip_types *; gzip_min_length 10;
            server {{
                listen 127.0.0.1:{port};
                root {tmp_path};
                location /put/ {{ dav_methods PUT; create_full_put_path on; }}
                location /away {{ return 307 /a.txt; }}
            }}
        }}
        """
    )
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    with subprocess.Popen([program, "-c", str(settings), "-p", str(tmp_path)]) as process:
        try:
            deadline = time.monotonic() + 15
            while time.monotonic() < deadline:
                with socket.socket() as trying:
                    if trying.connect_ex(("127.0.0.1", port)) == 0:
                        break

            async def main() -> Any:
                base = f"http://127.0.0.1:{port}/"
                async with Client(network.reactor, base=base, proxies=Proxies()) as client:
                    text = await (await client.get("away")).text()
                    put = await client.put("put/b", data=io.BytesIO(b"y" * 500_000))
                    missing = await client.get("missing")
                    return text, put.code, missing.code, missing.header("server")

            text, put, missing, server = network.wait(Deferred.fromCoroutine(main()))
            assert text == "many words " * 10_000
            assert put == 201
            assert (tmp_path / "put/b").read_bytes() == b"y" * 500_000
            assert missing == 404
            assert server.startswith("nginx")
        finally:
            process.terminate()
            process.wait(15)
