"""Tests of which cookies `twisted.web.client.CarefulCookiePolicy` believes."""

from __future__ import annotations

import pytest

from twisted.web._client import _cookies
from twisted.web._client._following import CookieRequest, CookieResponse
from twisted.web.client import Response
from twisted.web.http_headers import Headers


def kept(*answers: tuple[str, str]) -> list[tuple[str, str]]:
    """The names and domains of cookies that are kept, of pairs of a URL and what it sets."""
    jar = _cookies.newCookieJar()
    for url, header in answers:
        headers = Headers({"set-cookie": [header]})
        response = Response((b"HTTP", 1, 1), 200, b"OK", headers, None)
        jar.extract_cookies(CookieResponse(response), CookieRequest(url.encode()))  # type: ignore[arg-type]
    return sorted((cookie.name, cookie.domain) for cookie in jar)


HTTPS = "https://www.example.co.uk/a/b"

CASES = [
    ("a=b", "www.example.co.uk"),
    ("a=b; Domain=example.co.uk", ".example.co.uk"),
    ("a=b; Domain=.www.example.co.uk", ".www.example.co.uk"),
    ("a=b; Domain=co.uk", None),
    ("a=b; Domain=.co.uk", None),
    ("a=b; Domain=uk", None),
    ("a=b; Domain=.", None),
    ("a=b; Domain=ple.co.uk", None),
    ("a=b; Domain=other.co.uk", None),
    ("a=b; Domain=a.www.example.co.uk", None),
    ("__Secure-a=b; Secure", "www.example.co.uk"),
    ("__Secure-a=b", None),
    ("__Host-a=b; Secure; Path=/", "www.example.co.uk"),
    ("__host-a=b; Secure; Path=/", "www.example.co.uk"),
    ("__Host-a=b; Secure; Path=/a", None),
    ("__Host-a=b; Secure", None),
    ("__Host-a=b; Path=/", None),
    ("__Host-a=b; Secure; Path=/; Domain=www.example.co.uk", None),
]


@pytest.mark.parametrize(("header", "domain"), CASES)
@pytest.mark.parametrize("listed", [True, False])
def test_over_https(
    header: str, domain: str | None, listed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cookies for others than the server's own domain are refused, with and without the list."""
    if not listed:
        monkeypatch.setattr(_cookies, "_publicSuffixes", lambda: None)
    assert [where for _, where in kept((HTTPS, header))] == ([] if domain is None else [domain])


@pytest.mark.parametrize(
    ("url", "header"),
    [
        ("http://www.example.org/", "a=b; Secure"),
        ("http://www.example.org/", "__Secure-a=b; Secure"),
        ("https://me.github.io/", "a=b; Domain=github.io"),
        ("https://127.0.0.1/", "a=b; Domain=0.0.1"),
        ("https://127.0.0.1/", "a=b; Domain=.0.1"),
        ("https://[::1]/", "a=b; Domain=::1"),
    ],
)
def test_refused(url: str, header: str) -> None:
    """Neither are secure ones kept that came over HTTP, nor such of suffixes and addresses."""
    assert kept((url, header)) == []


def test_of_an_address() -> None:
    """A cookie of an address is that of one host alone."""
    assert kept(("http://127.0.0.1/", "a=b")) == [("a", "127.0.0.1")]


def test_secure_ones_are_left_alone() -> None:
    """A secure cookie is not replaced, or covered, by one that came over HTTP."""
    secure = ("https://www.example.org/", "a=b; Secure; Domain=example.org")
    assert kept(secure, ("http://www.example.org/", "a=evil")) == [("a", ".example.org")]
    assert len(kept(secure, ("http://www.example.org/", "other=b"))) == 2
    assert len(kept(secure, ("https://www.example.org/", "a=c"))) == 2
