"""Tests of whole attacks on a server: what comes in, and all that comes of it."""

from __future__ import annotations

import pytest

from twisted.web import http
from twisted.web._cgienv import cgi_environment
from twisted.web._http._channel import _DISCARDED, _KEPT_AHEAD
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from twisted.web.test.requesthelper import DummyRequest
from twisted.web.vhost import NameVirtualHost

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"


def post(*headers, body=b""):
    """A request with headers beside Host, and what follows it."""
    return b"\r\n".join([b"POST / HTTP/1.1", b"Host: h", *headers, b"", body]) + SMUGGLED


CHUNKED = b"Transfer-Encoding: chunked"

SMUGGLING = {
    "CL.TE": post(b"Content-Length: 5", CHUNKED, body=b"0\r\n\r\n"),
    "TE.CL": post(CHUNKED, b"Content-Length: 3", body=b"0\r\n\r\n"),
    "CL.CL": post(b"Content-Length: 0", b"Content-Length: 40"),
    "CL list": post(b"Content-Length: 0, 0"),
    "TE.TE": post(CHUNKED, b"Transfer-Encoding: identity", body=b"0\r\n\r\n"),
    "TE list": post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"),
    "TE twice": post(b"Transfer-Encoding: chunked, chunked", body=b"0\r\n\r\n"),
    "TE quoted": post(b'Transfer-Encoding: "chunked"', body=b"0\r\n\r\n"),
    "TE with a tab inside": post(b"Transfer-Encoding: chun\tked", body=b"0\r\n\r\n"),
    "TE with a vertical tab": post(b"Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n"),
    "TE empty": post(b"Transfer-Encoding:"),
    "TE of 1.0": post(CHUNKED, body=b"0\r\n\r\n").replace(b"HTTP/1.1", b"HTTP/1.0", 1),
    "space before a colon": post(b"Content-Length : 0"),
    "tab before a colon": post(b"Transfer-Encoding\t: chunked", body=b"0\r\n\r\n"),
    "folded": post(b"A: b", b" Content-Length: 0"),
    "folded first": post().replace(b"Host", b" Host", 1),
    "bare CR": post(b"A: b\rContent-Length: 0"),
    "bare LF": post(b"A: b\nContent-Length: 0"),
    "NUL in a value": post(b"A: \0"),
    "NUL in a name": post(b"A\0: b"),
    "no token": post(b"A{}: b"),
    "no name": post(b": b"),
    "two hosts": post(b"Host: i"),
    "no host": post().replace(b"Host: h\r\n", b"", 1),
    "other host in the target": post().replace(b"POST /", b"POST http://other/", 1),
    "spaces in a host": post().replace(b"Host: h", b"Host: h i", 1),
    "LF behind a size": post(CHUNKED, body=b"1\nx\r\n0\r\n\r\n"),
    "LF behind data": post(CHUNKED, body=b"1\r\nx\n0\r\n\r\n"),
    "size with +": post(CHUNKED, body=b"+1\r\nx\r\n0\r\n\r\n"),
    "size with 0x": post(CHUNKED, body=b"0x1\r\nx\r\n0\r\n\r\n"),
    "size with _": post(CHUNKED, body=b"1_0\r\n0123456789abcdef\r\n0\r\n\r\n"),
    "size behind a space": post(CHUNKED, body=b" 1\r\nx\r\n0\r\n\r\n"),
    "size before a space": post(CHUNKED, body=b"1 \r\nx\r\n0\r\n\r\n"),
    "negative size": post(CHUNKED, body=b"-1\r\nx\r\n0\r\n\r\n"),
    "overflowing size": post(CHUNKED, body=b"10000000000000001\r\nx\r\n0\r\n\r\n"),
    "no line break behind data": post(CHUNKED, body=b"1\r\nx0\r\n\r\n"),
    "more data than the size": post(CHUNKED, body=b"1\r\nxy\r\n0\r\n\r\n"),
    "LF in an extension": post(CHUNKED, body=b"1;a\n\r\nx\r\n0\r\n\r\n"),
    "CR in an extension": post(CHUNKED, body=b"1;a\rb\r\nx\r\n0\r\n\r\n"),
    "Content-Length in a trailer": post(CHUNKED, body=b"0\r\nContent-Length: 9\r\n\r\n"),
    "Transfer-Encoding in a trailer": post(CHUNKED, body=b"0\r\nTransfer-Encoding: x\r\n\r\n"),
    "Host in a trailer": post(CHUNKED, body=b"0\r\nHost: other\r\n\r\n"),
    "LF in a trailer": post(CHUNKED, body=b"0\r\nA: b\n\r\n"),
    "folded trailer": post(CHUNKED, body=b"0\r\nA: b\r\n c\r\n\r\n"),
    "signed length": post(b"Content-Length: +0"),
    "hexadecimal length": post(b"Content-Length: 0x0"),
    "length with _": post(b"Content-Length: 0_0"),
    "length with other digits": post("Content-Length: \u0660".encode()),
    "no length": post(b"Content-Length:"),
    "huge length": post(b"Content-Length: " + b"9" * 40),
}


@pytest.mark.parametrize("size", [1, 1_000_000], ids=["octet by octet", "at once"])
@pytest.mark.parametrize("wire", SMUGGLING.values(), ids=SMUGGLING)
def test_smuggling(connection, recorder, wire, size):
    """400, the end of the connection, and the second request is never parsed (W1 to W3)."""
    answer = b"".join(connection.send(wire[n : n + size]) for n in range(0, len(wire), size))
    assert answer == b"HTTP/1.1 400 Bad Request\r\n\r\n"
    assert recorder.requests == []
    assert connection.closed or connection.transport.halfClosed
    assert connection.send(SMUGGLED) == b""


@pytest.mark.parametrize("size", [16, 1_000_000])
def test_endless_headers(connection, recorder, size):
    """100,000 headers are refused with 431 as soon as there are too many, and then forgotten."""
    wire = b"GET / HTTP/1.1\r\nHost: h\r\n" + b"A: bcdefghij\r\n" * 100_000
    answer = b""
    for place in range(0, len(wire), size):
        answer += connection.send(wire[place : place + size])
        assert len(connection.channel._buffer) <= connection.channel.totalHeadersSize + size
        if connection.closed:
            break
    assert answer.startswith(b"HTTP/1.1 431")
    assert answer.count(b"HTTP/1.1") == 1
    assert recorder.requests == []
    if size == 16:
        assert place < connection.channel.totalHeadersSize + _DISCARDED + size


def test_endless_extensions(connection, recorder):
    """Chunks that are nothing but extensions are refused, though each is allowed."""
    connection.send(b"POST / HTTP/1.1\r\nHost: h\r\n" + CHUNKED + b"\r\n\r\n")
    for _ in range(40):
        answer = connection.send(b"1;" + b"x" * 900 + b"\r\ny\r\n")
        if answer:
            break
    assert answer.status == 400
    assert recorder.requests == []


def test_flood(connect):
    """Floods of requests are answered one by one; no more are read than are worked off."""

    class Numbers(Resource):
        isLeaf = True
        waiting = []
        count = 0

        def render_GET(self, request):
            self.waiting.append((request, request.uri[1:]))
            return NOT_DONE_YET

    root = Numbers()
    connection = connect(root)
    number = 0
    answers = b""
    for _ in range(50):
        while connection.transport.producerState == "producing":
            wire = b"".join(
                b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n" % n for n in range(number, number + 100)
            )
            number += 100
            answers += connection.send(wire)
        assert len(root.waiting) == 1
        assert len(connection.channel._buffer) < _KEPT_AHEAD + len(wire)
        while connection.transport.producerState != "producing":
            request, name = root.waiting.pop()
            request.write(b"[%b]" % name)
            request.finish()
            answers += connection.take()
    order = [int(piece.partition(b"]")[0]) for piece in answers.split(b"[")[1:]]
    assert order == list(range(len(order)))
    assert len(order) > 1000


SPLITTING = [b"a\r\nSet-Cookie: b=c", b"a\nb", b"a\rb", b"a\0b"]


@pytest.mark.parametrize("value", SPLITTING)
def test_splitting(connect, value):
    """Nothing that a program passes on splits an answer: it raises before a byte leaves (W4)."""
    raised = []

    class Careless(Resource):
        isLeaf = True

        def render_GET(self, request):
            for method, arguments in (
                (request.setHeader, (b"x", value)),
                (request.setHeader, (value, b"x")),
                (request.responseHeaders.addRawHeader, (b"x", value)),
                (request.addCookie, (b"x", value)),
                (request.addCookie, (value, b"x")),
                (request.redirect, (value,)),
                (request.setETag, (value,)),
                (request.setResponseCode, (200, value)),
            ):
                with pytest.raises(ValueError, match=r"line break|control|name"):
                    method(*arguments)
                raised.append(method)
            return b"safe"

    answer = connect(Careless()).get()
    assert (answer.status, answer.body) == (200, b"safe")
    assert b"Set-Cookie" not in answer
    assert len(raised) == 8


def test_reflection(connect):
    """What clients send does not come back as markup, in no page of a server's own (W14)."""
    root = Resource()
    root.putChild(b"hosts", NameVirtualHost())
    connection = connect(root)
    for target in (b"/<script>", b"/%3Cscript%3E", b'/"><script>', b"/hosts/<script>?<script>"):
        for method in (b"GET", b"POST", b"<script>"):
            answer = connection.get(target, b"X: <script>", method=method)
            assert answer.status in (400, 404, 405, 501)
            assert b"<script>" not in answer.body
            if connection.closed:
                connection = connect(root)


def test_proxy_header():
    """No header becomes the variable that clients take for their proxy (CVE-2016-5385)."""
    request = DummyRequest([b""])
    request.requestHeaders.addRawHeader(b"Proxy", b"evil:80")
    request.requestHeaders.addRawHeader(b"Content-Length", b"5")
    assert "HTTP_PROXY" not in cgi_environment(request)


@pytest.mark.parametrize(
    "formatter", [http.combinedLogFormatter, http.proxiedLogFormatter], ids=["plain", "proxied"]
)
def test_logs(connect, recorder, formatter):
    """No client ends a line or a field of a log, or steers the terminal that shows it (W14)."""
    connection = connect(recorder)
    evil = b'x"\x1b[2J\x07\x7f\x9b\\\xff'
    connection.get(
        b'/"\x9b\xff\\x',
        *(name + b": " + evil for name in (b"User-Agent", b"Referer", b"X-Forwarded-For")),
    )
    line = formatter("[time]", connection.log[0])
    assert line.isascii()
    assert line.isprintable()
    unescaped = line.replace("\\\\", "").replace('\\"', "")
    assert unescaped.count('"') == 8
