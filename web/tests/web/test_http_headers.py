"""Tests of `twisted.web.http_headers`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twisted.web.http_headers import Headers


def test_names_and_values():
    """Names are the same in any case; values are kept in order."""
    headers = Headers({b"Content-type": [b"a"]})
    headers.addRawHeader("content-TYPE", "b")
    headers.setRawHeaders(b"etag", [b"e"])
    assert headers.getRawHeaders(b"content-type") == [b"a", b"b"]
    assert headers.getRawHeaders("Content-Type") == ["a", "b"]
    assert list(headers.getAllRawHeaders()) == [
        (b"Content-Type", [b"a", b"b"]),
        (b"ETag", [b"e"]),
    ]
    assert headers.hasHeader("ETAG")
    headers.removeHeader(b"Etag")
    headers.removeHeader(b"Etag")
    assert headers.getRawHeaders(b"etag") is None
    assert headers.getRawHeaders(b"etag", 3) == 3


def test_text():
    """Text is kept as UTF-8, and values that are not are given as text all the same."""
    headers = Headers({"x": ["\u2603"]})
    assert headers.getRawHeaders(b"x") == ["\u2603".encode()]
    headers.setRawHeaders(b"x", [b"\xff"])
    assert headers.getRawHeaders("x") == ["\ufffd"]


def test_equality_and_copies():
    """Headers of the same content are equal; a copy goes its own way."""
    headers = Headers({b"a": [b"1", b"2"]})
    copy = headers.copy()
    assert headers == copy == Headers({b"A": [b"2", b"1"]})
    copy.addRawHeader(b"a", b"3")
    assert headers != copy
    assert headers != {b"a": [b"1", b"2"]}
    assert repr(headers) == "Headers({b'A': [b'1', b'2']})"


@pytest.mark.parametrize("wrong", ["a\r\nb", b"a\nb", b"a\rb", "a\0b"])
def test_injection(wrong):
    """Line breaks and NUL raise before anything is kept (CWE-113)."""
    headers = Headers()
    for act in (
        lambda: headers.setRawHeaders(b"x", [wrong]),
        lambda: headers.setRawHeaders(wrong, [b"x"]),
        lambda: headers.addRawHeader(b"x", wrong),
        lambda: headers.addRawHeader(wrong, b"x"),
        lambda: Headers({b"x": [wrong]}),
    ):
        with pytest.raises(ValueError, match="line break or NUL"):
            act()
    assert list(headers.getAllRawHeaders()) == []


def test_types():
    """Names and values are text or bytes, and values come in lists."""
    headers = Headers()
    for act in (
        lambda: headers.setRawHeaders(b"x", b"y"),
        lambda: headers.setRawHeaders(b"x", [1]),
        lambda: headers.setRawHeaders(1, [b"x"]),
        lambda: headers.addRawHeader(1, b"x"),
        lambda: headers.addRawHeader(b"x", None),
    ):
        with pytest.raises(TypeError):
            act()


@given(st.from_regex(rb"[a-zA-Z-]{1,20}", fullmatch=True))
def test_written_names(name):
    """A name is written with a capital letter for each part, whatever way it came."""
    ((written, _),) = Headers({name: [b""]}).getAllRawHeaders()
    assert written.lower() == name.lower()
    assert Headers({name.swapcase(): [b""]}) == Headers({name: [b""]})
