"""Which proxy is asked for what: as the program says, or as the environment does."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import unquote

from twisted.web._client._uri import URI

__all__ = ["Proxies", "Proxy"]

#: Kinds of proxies, as URLs name them, with what they are and their usual ports.
_KINDS = {
    "http": ("http", 80),
    "https": ("https", 443),
    "socks": ("socks5", 1080),
    "socks5": ("socks5", 1080),
    "socks5h": ("socks5", 1080),
    "socks4": ("socks4", 1080),
    "socks4a": ("socks4", 1080),
}

_URL = re.compile(
    r"(?:(?P<kind>[A-Za-z0-9]+)://)?"
    r"(?:(?P<user>[^:@/]*)(?::(?P<password>[^@/]*))?@)?"
    r"(?P<host>\[[^\]]+\]|[^:/@\s]+)"
    r"(?::(?P<port>[0-9]{1,5}))?/?"
)


@dataclass(frozen=True)
class Proxy:
    """
    A proxy.

    @ivar kind: ``"http"``, ``"https"`` for one that is itself reached by TLS, ``"socks5"`` or
        ``"socks4"``.
    @ivar host: its name or address.
    @ivar port: its port.
    @ivar credentials: a user name and a password, or None.
    """

    kind: str
    host: str
    port: int
    credentials: tuple[str, str] | None = field(default=None, repr=False)

    @classmethod
    def fromURL(cls, url: str) -> Proxy:
        """
        The proxy that a URL names: ``http://user:password@proxy.example:3128``, for example, or
        ``socks5://127.0.0.1``; without a scheme it is one of HTTP.

        @raise ValueError: if the URL names none. The text does not repeat it, for it may hold a
            password.
        """
        found = _URL.fullmatch(url.strip())
        kind = _KINDS.get((found["kind"] or "http").lower()) if found else None
        if found is None or kind is None:
            raise ValueError("the URL of a proxy begins with http, https, socks5 or socks4")
        port = int(found["port"] or kind[1])
        if not 0 < port < 65536:
            raise ValueError("the port of a proxy is between 1 and 65535")
        credentials = None
        if found["user"]:
            credentials = unquote(found["user"]), unquote(found["password"] or "")
        return cls(kind[0], found["host"].strip("[]"), port, credentials)


# Within the class `dataclass` would look there for what annotations mean.
Proxy.__module__ = "twisted.web.client"


class Proxies:
    """
    Says which proxy, if any, is asked for a URL.

    What is exempt are names of hosts, with all below them: ``example.com`` stands for
    ``www.example.com``, too; addresses, and networks of addresses such as ``10.0.0.0/8``; each of
    these with a port, if it is meant for that alone; and ``*`` for everything.
    """

    __module__ = "twisted.web.client"

    def __init__(
        self,
        http: Proxy | str | None = None,
        https: Proxy | str | None = None,
        exempt: str = "",
    ) -> None:
        """
        @param http: the proxy for URLs of HTTP.
        @param https: the proxy for those of HTTPS.
        @param exempt: what is asked without any, separated by commas or spaces.
        @raise ValueError: if a proxy is given by a URL that names none.
        """
        self._proxies = {
            scheme: Proxy.fromURL(proxy) if isinstance(proxy, str) else proxy
            for scheme, proxy in ((b"http", http), (b"https", https))
        }
        self._exempt = [_Exempt(item) for item in re.split(r"[\s,]+", exempt) if item]

    @classmethod
    def fromEnvironment(cls, environ: Mapping[str, str] | None = None) -> Proxies:
        """
        What the variables ``http_proxy``, ``https_proxy``, ``all_proxy`` and ``no_proxy`` say.

        Names in capital letters count as well, but ``HTTP_PROXY`` not where ``REQUEST_METHOD`` is
        set: in a CGI program it is a client that has set it (CVE-2016-5385).

        @param environ: by default that of the process.
        @raise ValueError: if a variable names no proxy.
        """
        variables = os.environ if environ is None else environ

        def read(name: str) -> str | None:
            capital = name.upper()
            if name == "http_proxy" and "REQUEST_METHOD" in variables:
                capital = name
            return variables.get(name) or variables.get(capital) or None

        every = read("all_proxy")
        return cls(
            read("http_proxy") or every, read("https_proxy") or every, read("no_proxy") or ""
        )

    def proxyFor(self, uri: URI) -> Proxy | None:
        """The proxy for a URL, or None if its server is asked directly."""
        proxy = self._proxies.get(uri.scheme)
        if proxy is None:
            return None
        host = uri.host.decode("ascii", "replace").lower().rstrip(".")
        if any(exempt.covers(host, uri.port) for exempt in self._exempt):
            return None
        return proxy


class _Exempt:
    """A host, or several, that no proxy is asked for."""

    def __init__(self, item: str) -> None:
        name, port = item.lower(), None
        network: Any = _network(name)
        if network is None:
            before, sign, digits = name.rpartition(":")
            if sign and digits.isdigit():
                name, port = before, int(digits)
            network = _network(name.strip("[]"))
        self._port = port
        self._network = network
        self._name = name.removeprefix("*").strip(".")
        self._any = name == "*"

    def covers(self, host: str, port: int) -> bool:
        """Whether a host and a port are meant."""
        if self._port not in (None, port):
            return False
        if self._any:
            return True
        if self._network is not None:
            try:
                return ip_address(host) in self._network
            except ValueError:
                return False
        return host == self._name or host.endswith("." + self._name)


def _network(text: str) -> Any:
    """A network, or that of a single address; None for any other text."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
