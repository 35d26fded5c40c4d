"""Tests of `twisted.web.http.Request` and of what `twisted.web.http` has beside."""

from __future__ import annotations

import pytest

from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.web import http
from twisted.web.http import CACHED, Request
from twisted.web.test.requesthelper import DummyChannel


class Answering(Request):
    """A request that leaves everything to the test."""

    def process(self):
        self.processed = True


def make(target=b"/", *headers, method=b"GET", version=b"HTTP/1.1", body=b"", **options):
    """A request that was received, and its channel."""
    channel = DummyChannel()
    request = Answering(channel, **options)
    for name, value in headers:
        request.requestHeaders.addRawHeader(name, value)
    request.gotLength(len(body))
    request.handleContentChunk(body)
    request.requestReceived(method, target, version)
    return request, channel


def written(channel):
    """What was written."""
    return channel.transport.written.getvalue()


def test_attributes():
    """A request knows what was asked for."""
    request, _ = make(b"/a%20b?x=1&x=2", (b"a", b"1"), (b"a", b"2"), body=b"body")
    assert (request.method, request.uri, request.path) == (b"GET", b"/a%20b?x=1&x=2", b"/a%20b")
    assert request.args == {b"x": [b"1", b"2"]}
    assert request.clientproto == b"HTTP/1.1"
    assert request.content.read() == b"body"
    assert request.getHeader(b"A") == b"2"
    assert request.getHeader("a") == "2"
    assert request.getHeader("b") is None
    assert request.getAllHeaders() == {b"a": b"2"}
    assert request.getClientIP() == "192.168.1.1"
    assert request.getClientAddress() == IPv4Address("TCP", "192.168.1.1", 12344)
    assert request.getHost() == IPv4Address("TCP", "10.0.0.1", 80)
    assert not request.isSecure()
    assert "method=GET uri=/a%20b?x=1&x=2 clientproto=HTTP/1.1" in repr(request)


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/", b"/"),
        (b"//x", b"//x"),
        (b"*", b"*"),
        (b"http://example.org:80/a/b?c", b"/a/b"),
        (b"http://example.org", b"/"),
        (b"/?http://x", b"/"),
    ],
)
def test_target(target, path):
    """A target may be a path, a whole URL, or an asterisk (RFC 9112, section 3.2)."""
    assert make(target)[0].path == path


def test_large_body():
    """A large body, or one of unknown length, is kept in a file on the disk."""
    for length in (None, 1_000_000):
        request = Answering(DummyChannel())
        request.gotLength(length)
        request.handleContentChunk(b"x" * 1_000_000)
        request.requestReceived(b"PUT", b"/", b"HTTP/1.1")
        assert len(request.content.read()) == 1_000_000
        request.finish()
        assert request.content.closed


def test_form():
    """Fields of a posted form join those of the query, and the body can still be read."""
    kind = (b"content-type", b"application/x-www-form-urlencoded")
    request, _ = make(b"/?a=0", kind, method=b"POST", body=b"a=1&b=2")
    assert request.args == {b"a": [b"0", b"1"], b"b": [b"2"]}
    assert request.content.read() == b"a=1&b=2"
    assert make(b"/", kind, method=b"PUT", body=b"a=1")[0].args == {}
    plain = make(b"/", kind, method=b"POST", body=b"a=1", parsePOSTFormSubmission=False)[0]
    assert plain.args == {}


def upload(target=b"/", **options):
    """A request with a form of a text and a file, and its channel."""
    body = (
        b'--B\r\nContent-Disposition: form-data; name="t"\r\n\r\n1\r\n'
        b'--B\r\nContent-Disposition: form-data; name="f"; filename="a/b"\r\n\r\n2\r\n--B--\r\n'
    )
    kind = (b"content-type", b"multipart/form-data; boundary=B")
    return make(target, kind, method=b"POST", body=body, **options)


def test_files():
    """Files of a form are there as such, and what is in them among the fields."""
    request, _ = upload(b"/?t=0")
    ((file,),) = request.files.values()
    assert (file.name, file.filename, file.size) == (b"f", "b", 1)
    assert request.args == {b"t": [b"0", b"1"], b"f": [b"2"]}
    assert request.args == {b"t": [b"0", b"1"], b"f": [b"2"]}
    request.args = {}
    assert request.args == {}
    assert file.file.read() == b"2"
    assert make(b"/")[0].files == {}
    assert upload(parsePOSTFormSubmission=False)[0].files == {}


def test_files_after_the_end():
    """When a request is over, small files can still be read, and large ones are gone."""
    request, _ = upload()
    request.finish()
    assert request.args == {b"t": [b"1"], b"f": [b"2"]}
    request, _ = upload()
    ((file,),) = request.files.values()
    file.write(b"x" * 200_000)
    request.finish()
    with pytest.raises(ValueError, match="closed file"):
        file.content()


def test_limits_of_forms():
    """How many fields there may be, and how large a form, is a request's own affair."""

    class Strict(Answering):
        maxFormFields = 2
        maxFormSize = 4

    kind = (b"content-type", b"application/x-www-form-urlencoded")
    for target, body, status in (
        (b"/?a=1&b=2", b"a=1", 200),
        (b"/?a=1&b=2&c=3", b"", 400),
        (b"/", b"a=&b=&c=", 413),
        (b"/", b"&&&", 400),
    ):
        channel = DummyChannel()
        request = Strict(channel)
        request.requestHeaders.addRawHeader(*kind)
        request.gotLength(len(body))
        request.handleContentChunk(body)
        request.requestReceived(b"POST", target, b"HTTP/1.1")
        assert request.code == status


def test_bad_form():
    """A malformed form is answered with 400 and never reaches the application."""
    kind = (b"content-type", b"multipart/form-data; boundary=x")
    request, channel = make(b"/", kind, method=b"POST", body=b"nothing")
    assert written(channel).startswith(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n")
    assert request.finished
    assert not hasattr(request, "processed")
    assert channel.persistent is False
    many, channel = make(b"/?" + b"&".join([b"a=1"] * 1001))
    assert written(channel).startswith(b"HTTP/1.1 400")
    assert not hasattr(many, "processed")


def test_cookies_received():
    """Cookies that came are known by name."""
    request, _ = make(b"/", (b"cookie", b'a=1; b="2";c = 3 ;d'), (b"cookie", b"e=f=g"))
    assert request.received_cookies == {b"a": b"1", b"b": b'"2"', b"c ": b" 3 ", b"e": b"f=g"}
    assert request.getCookie(b"a") == b"1"
    assert request.getCookie(b"d") is None


@pytest.mark.parametrize(
    ("header", "user", "password"),
    [
        (b"Basic dTpw", b"u", b"p"),
        (b"basic dTpwOnE=", b"u", b"p:q"),
        (b"Basic dQ==", b"", b""),
        (b"Basic !", b"", b""),
        (b"Digest dTpw", b"", b""),
    ],
)
def test_credentials(header, user, password):
    """Credentials of Basic authentication are read; nonsense is no credentials."""
    assert make(b"/", (b"authorization", header))[0].getUser() == user
    assert make(b"/", (b"authorization", header))[0].getPassword() == password


@pytest.mark.parametrize(
    ("header", "name"),
    [(b"h", b"h"), (b"h:81", b"h"), (b"[::1]:81", b"::1"), (None, b"10.0.0.1")],
)
def test_hostname(header, name):
    """The name of the server is what the client says, or else the address."""
    request, _ = make(b"/", *([(b"host", header)] if header else []))
    assert request.getRequestHostname() == name


def test_set_host():
    """A program behind a proxy can say how clients reach it."""
    request, _ = make()
    request.setHost(b"example.org", 443, True)
    assert request.isSecure()
    assert request.getHeader(b"host") == b"example.org"
    request.setHost(b"example.org", 8080)
    assert request.getHeader(b"host") == b"example.org:8080"
    assert request.getHost().port == 8080


def test_client_without_ip():
    """A client of a UNIX socket has no IP address."""
    request = Answering(DummyChannel(UNIXAddress("/run/x")))
    assert request.getClientIP() is None


# Answers


def test_answer():
    """The first write takes the head along; what has no length comes in chunks."""
    request, channel = make()
    request.setHeader("x", "1")
    request.write(b"abc")
    request.write(b"")
    request.write(b"de")
    request.finish()
    head = b"HTTP/1.1 200 OK\r\nX: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert written(channel) == head + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    assert request.sentLength == 5


def test_old_client():
    """A client of HTTP/1.0 gets no chunks."""
    request, channel = make(version=b"HTTP/1.0")
    request.write(b"abc")
    request.finish()
    assert written(channel) == b"HTTP/1.0 200 OK\r\n\r\nabc"


@pytest.mark.parametrize("code", [204, 304])
def test_without_body(code):
    """Statuses without a body have neither a body nor a length."""
    request, channel = make()
    request.setResponseCode(code)
    request.setHeader(b"content-length", b"3")
    request.write(b"abc")
    request.finish()
    assert written(channel) == b"HTTP/1.1 %d %b\r\n\r\n" % (code, http.RESPONSES[code])


def test_head():
    """HEAD gets the head alone."""
    request, channel = make(method=b"HEAD")
    request.setHeader(b"content-length", b"3")
    request.write(b"abc")
    request.finish()
    assert written(channel) == b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"


def test_broken_promise(caplog):
    """An answer that is not as long as promised cannot be taken for something else."""
    request, channel = make()
    request.setHeader(b"content-length", b"3")
    request.write(b"ab")
    request.write(b"cdef")
    request.write(b"g")
    request.finish()
    assert written(channel).endswith(b"\r\n\r\nabc")
    assert channel.persistent is False
    request, channel = make()
    request.setHeader(b"content-length", b"3")
    request.write(b"ab")
    request.finish()
    assert channel.persistent is False


def test_status():
    """A status has the reason of RFC 9110, or one's own."""
    for arguments, line in (
        ((404,), b"404 Not Found"),
        ((299, b"Fine"), b"299 Fine"),
        ((999,), b"999 Unknown Status"),
    ):
        request, channel = make(version=b"HTTP/1.0")
        request.setResponseCode(*arguments)
        request.finish()
        assert written(channel).partition(b"\r\n")[0] == b"HTTP/1.0 " + line


def test_injection():
    """Line breaks and NUL from the application raise before a byte leaves."""
    request, channel = make()
    for act in (
        lambda: request.setResponseCode(200, b"OK\r\nX: 1"),
        lambda: request.setResponseCode(200, b"O\0K"),
        lambda: request.setHeader(b"x", b"1\r\n\r\nbody"),
        lambda: request.setHeader(b"x\n", b"1"),
        lambda: request.redirect(b"/\r\nX: 1"),
        lambda: request.setETag(b'"\n"'),
        lambda: request.addCookie(b"k", b"v\r\nX: 1"),
        lambda: request.addCookie(b"k\n", b"v"),
        lambda: request.addCookie(b"k", b"v", path="/\n"),
    ):
        with pytest.raises(ValueError, match=r"line break|control"):
            act()
    assert written(channel) == b""
    assert request.cookies == []


@pytest.mark.parametrize(("arguments", "error"), [(("200",), TypeError), ((200, "OK"), TypeError)])
def test_status_types(arguments, error):
    """A status is a number and a reason bytes."""
    with pytest.raises(error):
        make()[0].setResponseCode(*arguments)


def test_write_types():
    """A body is bytes."""
    with pytest.raises(TypeError, match="not str"):
        make()[0].write("text")


def test_cookies():
    """Cookies have all their attributes, and semicolons cannot add any."""
    request, channel = make(version=b"HTTP/1.0")
    request.addCookie(
        "k;", "v;w", "e", "d", "/", 5, "c", secure=True, httpOnly=True, sameSite="Lax"
    )
    request.addCookie(b"a", b"b")
    request.finish()
    assert written(channel) == (
        b"HTTP/1.0 200 OK\r\n"
        b"Set-Cookie: k =v w; Expires=e; Domain=d; Path=/; Max-Age=5; Comment=c; Secure; HttpOnly; "
        b"SameSite=lax\r\nSet-Cookie: a=b\r\n\r\n"
    )
    with pytest.raises(ValueError, match="sameSite"):
        request.addCookie(b"a", b"b", sameSite=b"some")


@pytest.mark.parametrize(
    ("condition", "cached"),
    [
        (b'"a"', True),
        (b'"b", "a"', True),
        (b'W/"a"', True),
        (b"*", True),
        (b'"b"', False),
        (None, False),
    ],
)
def test_etag(condition, cached):
    """A client that has the content gets 304, and 412 if it wanted to change it."""
    headers = [(b"if-none-match", condition)] if condition else []
    for method, code in ((b"GET", 304), (b"HEAD", 304), (b"PUT", 412)):
        request, channel = make(b"/", *headers, method=method)
        assert request.setETag(b'"a"') == (CACHED if cached else None)
        request.finish()
        assert request.code == (code if cached else 200)
        assert b'ETag: "a"\r\n' in written(channel)


@pytest.mark.parametrize(
    ("condition", "cached"),
    [
        (b"Thu, 01 Jan 1970 00:00:10 GMT", True),
        (b"Thu, 01 Jan 1970 00:00:11 GMT; length=3", True),
        (b"Thu, 01 Jan 1970 00:00:09 GMT", False),
        (b"some time ago", False),
    ],
)
def test_last_modified(condition, cached):
    """A client that has the content of that time gets 304; of several times the latest counts."""
    request, channel = make(b"/", (b"if-modified-since", condition))
    assert request.setLastModified(9.5) == (CACHED if cached else None)
    assert request.setLastModified(3) == (CACHED if cached else None)
    request.finish()
    assert request.code == (304 if cached else 200)
    assert b"Last-Modified: Thu, 01 Jan 1970 00:00:10 GMT" in written(channel)


def test_tag_before_date():
    """A date says nothing beside an entity tag (RFC 9110, section 13.1.3)."""
    conditions = (
        (b"if-none-match", b'"b"'),
        (b"if-modified-since", b"Thu, 01 Jan 2030 00:00:10 GMT"),
    )
    assert make(b"/", *conditions)[0].setLastModified(10) is None


def test_redirect():
    """A redirection is 302 with a place."""
    request, channel = make(version=b"HTTP/1.0")
    request.redirect("/there")
    request.finish()
    assert written(channel) == b"HTTP/1.0 302 Found\r\nLocation: /there\r\n\r\n"


def test_finish():
    """Those who wait for the end are told, once; nothing can be written behind it."""
    request, _ = make()
    results = []
    request.notifyFinish().addCallback(results.append)
    request.finish()
    assert results == [None]
    with pytest.warns(UserWarning, match="twice"):
        request.finish()
    with pytest.raises(RuntimeError, match=r"after Request\.finish"):
        request.write(b"x")
    assert request.channel is None


def test_producers():
    """One producer at a time; one that comes too late is stopped."""
    request, channel = make()
    producer = object()
    request.registerProducer(producer, 1)
    assert channel.transport.producers == [(producer, True)]
    with pytest.raises(ValueError, match="cannot be registered"):
        request.registerProducer(producer, 1)
    request.unregisterProducer()
    request.finish()

    class Late:
        stopped = False

        def stopProducing(self):
            self.stopped = True

    late = Late()
    request.registerProducer(late, False)
    assert late.stopped


# The rest of twisted.web.http


def test_logs():
    """What clients send cannot end lines or fields, nor steer a terminal (CWE-117)."""
    request, _ = make(
        b'/"\x1b[2J\xe9\\', (b"user-agent", b'a"\x1b'), (b"x-forwarded-for", b"9.9.9.9, 1.1.1.1")
    )
    line = '"GET /\\"\\x1b[2J\\xe9\\\\ HTTP/1.1" 200 - "-" "a\\"\\x1b"'
    assert http.combinedLogFormatter("[now]", request) == f'"192.168.1.1" - - [now] {line}'
    assert http.proxiedLogFormatter("[now]", request) == f'"9.9.9.9" - - [now] {line}'
    plain, _ = make()
    plain.sentLength = 3
    assert http.proxiedLogFormatter("[now]", plain) == (
        '"192.168.1.1" - - [now] "GET / HTTP/1.1" 200 3 "-" "-"'
    )


def test_urlparse():
    """URLs of HTTP are bytes."""
    assert http.urlparse(b"http://a:1/b?c#d") == (b"http", b"a:1", b"/b", b"", b"c", b"d")
    with pytest.raises(TypeError):
        http.urlparse("http://a")


def test_content_range():
    """A Content-Range is read, and nonsense is an error."""
    assert http.parseContentRange("bytes 1-2/3") == (1, 2, 3)
    assert http.parseContentRange("bytes 1-2/*") == (1, 2, None)
    for wrong in ("bytes 1-2", "lines 1-2/3", "bytes */3", ""):
        with pytest.raises(ValueError):
            http.parseContentRange(wrong)


def test_timegm():
    """Moments since the epoch have a number."""
    assert http.timegm(2001, 9, 9, 1, 46, 40) == 1_000_000_000
    with pytest.raises(ValueError, match="1970"):
        http.timegm(1969, 1, 1, 0, 0, 0)
