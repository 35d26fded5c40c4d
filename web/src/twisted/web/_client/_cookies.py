"""Which cookies are believed."""

from __future__ import annotations

from functools import cache
from http.cookiejar import Cookie, CookieJar, DefaultCookiePolicy
from importlib.util import find_spec
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

__all__ = ["CarefulCookiePolicy", "newCookieJar"]


@cache
def _publicSuffixes() -> Any:
    """The list of public suffixes, if there is one; reading it takes some time."""
    if find_spec("publicsuffixlist") is None:
        return None
    # It needs an extra.
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


class CarefulCookiePolicy(DefaultCookiePolicy):
    """
    Refuses cookies by which one site could get at another's (RFC 6265, and what is to follow it):

    - for a domain that is a public suffix, such as ``co.uk``, or for an address that is not that of
      the server; with the extra ``cookies``, by the list of public suffixes, otherwise by rules
      that know the usual ones;
    - whose name begins with ``__Secure-`` or ``__Host-`` without their being so;
    - that are secure, or would replace such a one, over plain HTTP.
    """

    __module__ = "twisted.web.client"

    def __init__(self, jar: CookieJar | None = None) -> None:
        """
        @param jar: where cookies are kept, if those that are secure shall not be replaced.
        """
        super().__init__(
            strict_domain=True,
            strict_ns_domain=DefaultCookiePolicy.DomainStrictNoDots,
            strict_ns_set_initial_dollar=True,
        )
        self._jar = jar

    def set_ok(self, cookie: Cookie, request: Any) -> bool:
        """Whether a cookie that came with an answer is kept."""
        if not super().set_ok(cookie, request):
            return False
        return (
            self._isOfItsDomain(cookie, request)
            and self._isAsItsNameSays(cookie, request)
            and (request.type == "https" or not (cookie.secure or self._hasSecure(cookie)))
        )

    @staticmethod
    def _isOfItsDomain(cookie: Cookie, request: Any) -> bool:
        if not cookie.domain_specified:
            return True
        if _isAddress(urlsplit(request.get_full_url()).hostname or ""):
            # An address is no domain that others could be below.
            return False
        suffixes = _publicSuffixes()
        return suffixes is None or suffixes.privatesuffix(cookie.domain.strip(".")) is not None

    @staticmethod
    def _isAsItsNameSays(cookie: Cookie, request: Any) -> bool:
        name = cookie.name.lower()
        if not name.startswith(("__secure-", "__host-")):
            return True
        if not cookie.secure or request.type != "https":
            return False
        return name.startswith("__secure-") or (
            not cookie.domain_specified and cookie.path_specified and cookie.path == "/"
        )

    def _hasSecure(self, cookie: Cookie) -> bool:
        """Whether there is a secure cookie of the same name for the host (leave them alone)."""
        return any(
            kept.secure
            and kept.name == cookie.name
            and _covers(kept.domain.lstrip("."), cookie.domain.lstrip("."))
            for kept in self._jar or ()
        )


def _isAddress(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _covers(one: str, other: str) -> bool:
    """Whether one domain is the other, or either is below the other."""
    return one == other or one.endswith("." + other) or other.endswith("." + one)


def newCookieJar() -> CookieJar:
    """A jar, with a policy that is careful."""
    jar = CookieJar()
    jar.set_policy(CarefulCookiePolicy(jar))
    return jar
