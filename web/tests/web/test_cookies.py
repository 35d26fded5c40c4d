"""Cookies as they are written and read."""

from __future__ import annotations

import pytest

from twisted.web._http._cookies import read_cookies, set_cookie


def test_written():
    """Attributes that are None and flags that are false are left out; the order is kept."""
    assert set_cookie("a", b"b", {}, {}, None) == b"a=b"
    attributes = {b"Path": "/", b"Domain": None, b"Max-Age": 5}
    flags = {b"Secure": True, b"HttpOnly": False}
    written = set_cookie(b"a", "ß", attributes, flags, "Lax")
    assert written == "a=ß; Path=/; Max-Age=5; Secure; SameSite=lax".encode()


def test_semicolons():
    """They would begin an attribute, so they become spaces."""
    assert set_cookie("a", "b; Domain=evil", {b"Path": "/;x"}, {}, None) == (
        b"a=b  Domain=evil; Path=/ x"
    )


@pytest.mark.parametrize("bad", [b"x\r\ny", "x\n", b"x\0"])
def test_line_breaks(bad):
    """They would begin another header, so they are refused wherever they are."""
    for name, value, path, same_site in (
        (bad, "", "", None),
        ("a", bad, "", None),
        ("a", "", bad, None),
        ("a", "", "", bad),
    ):
        with pytest.raises(ValueError, match=r"line break|sameSite"):
            set_cookie(name, value, {b"Path": path}, {}, same_site)


def test_same_site():
    """Only policies that exist are written."""
    with pytest.raises(ValueError, match="sameSite"):
        set_cookie("a", "b", {}, {}, "sometimes")


def test_read():
    """All that have a name are read; the value goes on to the semicolon."""
    assert [*read_cookies(b'a=b; c="d=e";nothing; f=')] == [
        (b"a", b"b"),
        (b"c", b'"d=e"'),
        (b"f", b""),
    ]
