"""Tests of reading heads of requests."""

from __future__ import annotations

import pytest

from twisted.web._http._head import BadRequest, find_end, read_head


def request(*lines: bytes, start: bytes = b"GET / HTTP/1.1", host: bytes = b"Host: h") -> bytes:
    """A head of some lines."""
    return b"\r\n".join([start, host, *lines, b"", b""])


def test_parts():
    """Method, target, version and headers are read; names in lower case, values without space."""
    head = read_head(request(b"A: 1", b"a:  2 \t", b"B:", start=b"GET /x?y=1 HTTP/1.1"))
    assert (head.method, head.target, head.version) == (b"GET", b"/x?y=1", b"HTTP/1.1")
    assert head.headers == {b"host": [b"h"], b"a": [b"1", b"2"], b"b": [b""]}
    assert (head.length, head.expectContinue) == (0, False)


@pytest.mark.parametrize(
    ("version", "read"),
    [(b"HTTP/1.0", b"HTTP/1.0"), (b"HTTP/1.1", b"HTTP/1.1"), (b"HTTP/1.9", b"HTTP/1.1")],
)
def test_versions(version, read):
    """Later versions of HTTP/1 are served as 1.1."""
    assert read_head(request(start=b"GET / " + version)).version == read


@pytest.mark.parametrize(
    ("lines", "length"),
    [
        ([b"Content-Length: 12"], 12),
        ([b"Content-Length: 0"], 0),
        ([b"Transfer-Encoding: chunked"], None),
        ([b"Transfer-Encoding: Chunked"], None),
    ],
)
def test_length(lines, length):
    """The length of the body is known, or that it comes in chunks."""
    assert read_head(request(*lines)).length == length


@pytest.mark.parametrize(
    "host", [b"h", b"h:80", b"[::1]", b"[::1]:8080", b"127.0.0.1", b"xn--bcher-kva.example", b""]
)
def test_good_hosts(host):
    """Names and addresses, with and without ports, are good hosts."""
    assert read_head(request(host=b"Host: " + host)).headers[b"host"] == [host]


def test_old_without_host():
    """HTTP/1.0 knows no Host header."""
    assert read_head(b"GET / HTTP/1.0\r\n\r\n").headers == {}


SMUGGLING = [
    [b"Content-Length: 3", b"Transfer-Encoding: chunked"],
    [b"Transfer-Encoding: chunked", b"Content-Length: 3"],
    [b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"],
    [b"Transfer-Encoding: chunked, chunked"],
    [b"Transfer-Encoding: gzip, chunked"],
    [b"Transfer-Encoding: identity"],
    [b"Transfer-Encoding: xchunked"],
    [b"Transfer-Encoding: chunked;q=1"],
    [b"Transfer-Encoding:"],
    [b"Content-Length: 3", b"Content-Length: 4"],
    [b"Content-Length: 3", b"Content-Length: 3"],
    [b"Content-Length: 3, 3"],
    [b"Content-Length: +3"],
    [b"Content-Length: -3"],
    [b"Content-Length: 0x3"],
    [b"Content-Length: 1_0"],
    [b"Content-Length: 3 0"],
    [b"Content-Length: 3.0"],
    [b"Content-Length: \xb2"],
    [b"Content-Length:"],
    [b"Content-Length: " + b"9" * 30],
    [b"Content-Length : 3"],
    [b"Content-Length\t: 3"],
    [b" Content-Length: 3"],
    [b"A: 1", b" folded"],
    [b"A: 1", b"\tfolded"],
    [b"A: 1\nB: 2"],
    [b"A: 1\rB: 2"],
    [b"A: 1\0"],
    [b"A\0: 1"],
    [b": 1"],
    [b"no colon"],
    [b"A(: 1"],
    [b"\xe9: 1"],
    [b"Host: h"],
]


@pytest.mark.parametrize("lines", SMUGGLING)
def test_smuggling(lines):
    """What two servers in a row might read differently is refused with 400."""
    with pytest.raises(BadRequest) as caught:
        read_head(request(*lines))
    assert caught.value.code == 400


@pytest.mark.parametrize(
    "start",
    [
        b"GET /",
        b"GET  / HTTP/1.1",
        b"GET / HTTP/1.1 ",
        b" GET / HTTP/1.1",
        b"GET / a HTTP/1.1",
        b"GET\t/\tHTTP/1.1",
        b"GET / http/1.1",
        b"GET / HTTP/11",
        b"GET / HTTP/1.10",
        b"G@T / HTTP/1.1",
        b"GET /\x01 HTTP/1.1",
        b"GET /\0 HTTP/1.1",
        b"GET /\n HTTP/1.1",
        b"",
    ],
)
def test_bad_first_lines(start):
    """A first line is exactly a method, a target and a version."""
    with pytest.raises(BadRequest) as caught:
        read_head(request(start=start))
    assert caught.value.code == 400


def test_other_major_version():
    """Other versions of HTTP are answered with 505."""
    with pytest.raises(BadRequest) as caught:
        read_head(request(start=b"GET / HTTP/2.0"))
    assert caught.value.code == 505


@pytest.mark.parametrize(
    "host",
    [b"A: 1", b"Host: a b", b"Host: a/b", b"Host: u@h", b"Host: h:x", b"Host: [::1"],
)
def test_bad_hosts(host):
    """A request of HTTP/1.1 names one good host (RFC 9112, section 3.2)."""
    with pytest.raises(BadRequest, match="Host"):
        read_head(request(host=host))


@pytest.mark.parametrize(
    ("target", "host"),
    [
        (b"http://h/", b"h"),
        (b"http://H:80?x", b"h"),
        (b"HTTPS://h:443", b"h"),
        (b"http://h:8080/", b"h:8080"),
        (b"http://[::1]/", b"[::1]"),
        (b"*", b"h"),
        (b"h:443", b"h"),
    ],
)
def test_whole_urls(target, host):
    """A target may be a whole URL of the host that the header names."""
    assert read_head(request(start=b"GET %b HTTP/1.1" % target, host=b"Host: " + host))


@pytest.mark.parametrize(
    "target",
    [b"http://other/", b"http://h:81/", b"http:///", b"http://u@h/", b"http://h\\@other/"],
)
def test_other_host_in_target(target):
    """A target that names another host than the header does is refused with 400."""
    with pytest.raises(BadRequest) as caught:
        read_head(request(start=b"GET %b HTTP/1.1" % target))
    assert caught.value.code == 400


def test_transfer_encoding_of_old():
    """HTTP/1.0 knows no transfer codings."""
    with pytest.raises(BadRequest):
        read_head(request(b"Transfer-Encoding: chunked", start=b"POST / HTTP/1.0"))


def test_expect():
    """A client may wait for leave to send the body, and for nothing else."""
    assert read_head(request(b"Expect: 100-Continue")).expectContinue
    old = read_head(request(b"Expect: 100-continue", start=b"GET / HTTP/1.0"))
    assert not old.expectContinue
    with pytest.raises(BadRequest) as caught:
        read_head(request(b"Expect: more"))
    assert caught.value.code == 417


def test_too_many_headers():
    """The number of headers is limited."""
    assert len(read_head(request(*[b"A: 1"] * 9), 10).headers[b"a"]) == 9
    with pytest.raises(BadRequest) as caught:
        read_head(request(*[b"A: 1"] * 10), 10)
    assert caught.value.code == 431


def test_find_end():
    """The end of a head is found wherever it is split, without searching anything twice."""
    head = request(b"A: 1")
    for split in range(len(head)):
        assert find_end(head[:split], 0) == -1
        assert find_end(head + b"more", split) == len(head)


def test_too_large():
    """A head that is not complete within its limit is refused with 431."""
    with pytest.raises(BadRequest) as caught:
        find_end(b"x" * 100, 0, 100)
    assert caught.value.code == 431
    assert find_end(b"x" * 99, 0, 100) == -1


def test_the_same_headers_again():
    """What was checked is not checked again, and each request has lists of its own."""
    first = read_head(request(b"A: 1"))
    first.headers[b"a"].append(b"2")
    first.headers[b"x"] = [b"y"]
    again = read_head(request(b"A: 1", start=b"POST /x HTTP/1.1"), before=first.fields)
    assert again.fields is first.fields
    assert again.headers == {b"host": [b"h"], b"a": [b"1"]}
    assert (again.method, again.target) == (b"POST", b"/x")
    other = read_head(request(b"A: 2"), before=first.fields)
    assert other.headers[b"a"] == [b"2"]


def test_the_same_headers_in_another_version():
    """They may mean something else there."""
    old = read_head(b"GET / HTTP/1.0\r\n\r\n")
    with pytest.raises(BadRequest):
        read_head(b"GET / HTTP/1.1\r\n\r\n", before=old.fields)
