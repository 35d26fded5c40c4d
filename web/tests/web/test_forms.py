"""Tests of forms and queries."""

from __future__ import annotations

from io import BytesIO
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twisted.web._http._forms import MAX_FIELDS, form_fields, query_fields
from twisted.web._http._head import BadRequest
from twisted.web.http import parse_qs

URLENCODED = b"application/x-www-form-urlencoded"
MULTIPART = b"multipart/form-data; boundary=B"


def part(head, content=b"x"):
    """One part of a form."""
    return b"--B\r\n" + head + b"\r\n\r\n" + content + b"\r\n"


def field(name, content=b"x"):
    """A field of a form."""
    return part(b'Content-Disposition: form-data; name="%b"' % name, content)


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        (b"a=1&b=2&a=3", {b"a": [b"1", b"3"], b"b": [b"2"]}),
        (b"a=%41+%2B", {b"a": [b"A +"]}),
        (b"%61=1", {b"a": [b"1"]}),
        (b"a=1;b=2", {b"a": [b"1;b=2"]}),
        (b"a&b=&&c=%zz%", {b"b": [b""], b"c": [b"%zz%"]}),
        (b"", {}),
    ],
)
def test_query(query, fields):
    """Fields of a query are decoded; only the ampersand separates them."""
    assert query_fields(query) == fields


def test_strictness():
    """Fields without a value are passed over, kept, or errors, as the caller wants."""
    assert parse_qs(b"a=&b=1") == {b"b": [b"1"]}
    assert parse_qs(b"a=&b=1", True) == {b"a": [b""], b"b": [b"1"]}
    with pytest.raises(ValueError, match="without a value"):
        parse_qs(b"a", strict_parsing=True)


def test_too_many_fields():
    """The number of fields is limited in queries and in both kinds of forms."""
    assert len(query_fields(b"&".join([b"a=1"] * MAX_FIELDS))[b"a"]) == MAX_FIELDS
    with pytest.raises(BadRequest, match="more than 1000 fields"):
        query_fields(b"&".join([b"a=1"] * (MAX_FIELDS + 1)))
    with pytest.raises(BadRequest):
        form_fields(URLENCODED, BytesIO(b"&".join([b"a=1"] * (MAX_FIELDS + 1))))
    with pytest.raises(BadRequest):
        form_fields(MULTIPART, BytesIO(field(b"a") * (MAX_FIELDS + 1) + b"--B--\r\n"))


def test_urlencoded():
    """A form in one piece is read like a query."""
    assert form_fields(URLENCODED + b"; charset=utf-8", BytesIO(b"a=1")) == {b"a": [b"1"]}


def test_multipart():
    """A form in parts gives the contents of its fields and files."""
    big = bytes(range(256)) * 1000
    file = part(b'Content-Disposition: form-data; name="f"; filename="../../x"', big)
    content = field(b"a", b"1") + file + field(b"a", b"") + b"--B--\r\n"
    assert form_fields(MULTIPART, BytesIO(content)) == {b"a": [b"1", b""], b"f": [big]}


def test_other_content():
    """Any other content is no form."""
    assert form_fields(b"application/json", BytesIO(b"{}")) is None


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (b"multipart/form-data", b""),
        (b"multipart/form-data; boundary=" + b"x" * 71, b""),
        (MULTIPART, b""),
        (MULTIPART, field(b"a")),
        (MULTIPART, b"nothing"),
        (MULTIPART, part(b"Content-Type: text/plain") + b"--B--\r\n"),
        (MULTIPART, part(b"A: b\r\n" * 20 + b'Content-Disposition: form-data; name="a"')),
        (MULTIPART, part(b'Content-Disposition: form-data; name="' + b"x" * 9000 + b'"')),
    ],
)
def test_malformed(kind, content):
    """A malformed form is the client's mistake."""
    with pytest.raises(BadRequest):
        form_fields(kind, BytesIO(content))


@given(
    st.lists(
        st.sampled_from(
            [b"%", b"&", b"=", b"+", b"4", b"a", b"%41", b"%25", b"%26", b"%3D", b"%3d", b"%2b"]
        )
    ),
    st.sampled_from([b"", b"".join(b"%%%02x" % octet for octet in range(256))]),
)
def test_decoded_at_once(pieces, many):
    """Decoding all fields at once gives what decoding one by one does."""
    text = b"x=" + many + b"".join(pieces)
    expected = {}
    for field in text.split(b"&"):
        name, sign, value = field.partition(b"=")
        if sign:
            name, value = (unquote_to_bytes(part.replace(b"+", b" ")) for part in (name, value))
            expected.setdefault(name, []).append(value)
    assert parse_qs(text, 1) == expected
