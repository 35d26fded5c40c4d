"""Values of headers, addresses and forms: what reads them takes any bytes."""

from __future__ import annotations

import io

from twisted.web import http
from twisted.web._client._uri import URI, joined
from twisted.web._http._forms import Form, query_fields, read_form
from twisted.web._http._head import BadRequest
from twisted.web._ranges import parse_ranges
from twisted.web.http_headers import Headers

SEEDS = [
    b"bytes=0-4,6-,-3",
    b"Sun, 06 Nov 1994 08:49:37 GMT",
    b"Sunday, 06-Nov-94 08:49:37 GMT",
    b"Sun Nov  6 08:49:37 1994",
    b"http://user:pw@[::1]:8080/p;q?a=b#c",
    b"../x/./y?z",
    b"a=1&b=%41+c&=&d",
    b'--b\r\nContent-Disposition: form-data; name="a"; filename="../x"\r\n\r\nhello\r\n--b--\r\n',
]


def fuzz(data):
    for first, last in parse_ranges(data, 10) or ():
        assert first >= 0
        assert first + last <= 10 or first <= last <= 10
    for read in (http.stringToDatetime, URI.fromBytes):
        try:
            read(data)
        except ValueError:
            pass
    try:
        joined(b"http://h/a/b", data)
    except ValueError:
        pass
    query_fields(data)
    Headers({b"x": [data.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"")]})
    for kind in (b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=b", data):
        try:
            form = read_form(kind, io.BytesIO(data))
        except BadRequest:
            continue
        if isinstance(form, Form):
            form.contents()
            form.files()
            form.spool.close()


def test_seeds(fuzzed):
    """Nothing breaks for the seeds, nor for what is damaged of them."""
    assert fuzzed > len(SEEDS)
