"""Addresses as SIP writes them (RFC 3261, sections 19.1, 20.10 and 20.42)."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import Any

__all__ = [
    "PORT",
    "URL",
    "Via",
    "cleanRequestURL",
    "parseAddress",
    "parseURL",
    "parseViaHeader",
    "unq",
]

PORT = 5060

_UNSET: Any = object()


def unq(s: str) -> str:
    """A text without the quotes around it."""
    return s[1:-1] if len(s) > 1 and s[0] == s[-1] == '"' else s


def _hostAndPort(text: str) -> tuple[str, int | None]:
    """
    The parts of an address, of which a host of IPv6 is in brackets.

    @raise ValueError: if the port is none.
    """
    match = re.fullmatch(r"(\[[^\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?", text.strip(), re.A)
    if match is None or (match[2] is not None and int(match[2]) > 65535):
        raise ValueError(f"no host and port: {text!r}")
    return match[1], None if match[2] is None else int(match[2])


class URL:
    """
    A SIP URI.

    @ivar host: the host, of IPv6 in brackets.
    @ivar port: None if it is not named.
    @ivar usertype: the parameter C{user}.
    @ivar tag: the parameter C{tag}.
    @ivar other: parameters that are not known, as they are written.
    @ivar headers: what stands behind the question mark.
    """

    __module__ = "twisted.protocols.sip"

    def __init__(
        self,
        host: str,
        username: str | None = None,
        password: str | None = None,
        port: int | None = None,
        transport: str | None = None,
        usertype: str | None = None,
        method: str | None = None,
        ttl: int | None = None,
        maddr: str | None = None,
        tag: str | None = None,
        other: list[str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.username = username
        self.host = host
        self.password = password
        self.port = port
        self.transport = transport
        self.usertype = usertype
        self.method = method
        self.ttl = ttl
        self.maddr = maddr
        self.tag = tag
        self.other = [] if other is None else other
        self.headers = {} if headers is None else headers

    def toString(self) -> str:
        """It as it is written."""
        written = ["sip:"]
        if self.username is not None:
            secret = "" if self.password is None else f":{self.password}"
            written.append(f"{self.username}{secret}@")
        written.append(self.host)
        if self.port is not None:
            written.append(f":{self.port}")
        parameters = {
            "user": self.usertype,
            "transport": self.transport,
            "ttl": self.ttl,
            "maddr": self.maddr,
            "method": self.method,
            "tag": self.tag,
        }
        written += [f";{name}={value}" for name, value in parameters.items() if value is not None]
        written += [f";{each}" for each in self.other]
        if self.headers:
            written.append("?" + "&".join(f"{name}={self.headers[name]}" for name in self.headers))
        return "".join(written)

    def __str__(self) -> str:
        return self.toString()

    def __repr__(self) -> str:
        return (
            f"<URL {self.username}:{self.password}@{self.host}:{self.port!r}/{self.method}"
            f" {self.headers}>"
        )


def parseURL(url: str, host: str | None = None, port: int | None = None) -> URL:
    """
    Read a SIP URI.

    @param host: takes the place of the host that it names.
    @param port: takes the place of the port.
    @raise ValueError: if it is none.
    """
    if not url.lower().startswith("sip:"):
        raise ValueError(f"unsupported scheme: {url[:4]!r}")
    rest, _, headers = url[4:].partition("?")
    address, *parameters = rest.split(";")
    named, sign, hostPart = address.rpartition("@")
    found = URL("")
    if sign:
        found.username, colon, password = named.partition(":")
        if colon:
            found.password = password
    found.host, found.port = _hostAndPort(hostPart)
    for parameter in parameters:
        _parameter(found, parameter.strip())
    for pair in headers.split("&") if headers else ():
        name, _, value = pair.partition("=")
        found.headers = {**found.headers, name: value}
    if host is not None:
        found.host = host
    if port is not None:
        found.port = port
    return found


def _parameter(url: URL, text: str) -> None:
    """
    Take a parameter of a URI.

    @raise ValueError: if its value makes no sense.
    """
    name, sign, value = text.partition("=")
    if sign and name == "user":
        url.usertype = value
    elif sign and name == "ttl":
        url.ttl = _number(value, 255)
    elif sign and name in ("transport", "maddr", "method", "tag"):
        setattr(url, name, value)
    elif text:
        url.other.append(text)


def _number(text: str, most: int) -> int:
    """@raise ValueError: if a text is no number, or too large a one."""
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= most):
        raise ValueError(f"no number up to {most}: {text!r}")
    return int(text)


def cleanRequestURL(url: URL) -> None:
    """Take from a URI what does not belong into the first line of a request."""
    url.transport = None
    url.maddr = None
    url.ttl = None
    url.headers = {}


def parseAddress(
    address: str, host: str | None = None, port: int | None = None, clean: int = 0
) -> tuple[str, URL, dict[str, str]]:
    """
    Read the value of a header such as C{From}.

    @param host: takes the place of the host in its URI.
    @param port: takes the place of the port.
    @param clean: whether the URI is cleaned, see `cleanRequestURL`.
    @return: the name for people, the URI, and the parameters of the header.
    @raise ValueError: if it makes no sense.
    """
    text = address.strip()
    if text.lower().startswith("sip:"):
        name, uri, parameters = "", text, ""
    else:
        match = re.fullmatch(r'("(?:[^"\\]|\\.)*"\s*|[^"<]*)<([^>]*)>(.*)', text, re.S)
        if match is None:
            raise ValueError(f"no address: {address!r}")
        name, uri = unq(match[1].strip()), match[2]
        name = re.sub(r"\\(.)", r"\1", name)
        parameters = match[3]
    found = parseURL(uri, host=host, port=port)
    told = {}
    for parameter in parameters.split(";")[1:]:
        key, _, value = parameter.strip().partition("=")
        told[key] = value
    if clean:
        cleanRequestURL(found)
    return name, found, told


class Via:
    """
    A station of a request (RFC 3261, section 20.42; RFC 3581).

    @ivar rportValue: the port that the request came from, as the next station has seen it.
    @ivar rportRequested: whether it is asked to note that.
    @ivar otherParams: parameters that are not known; None stands for no value.
    """

    __module__ = "twisted.protocols.sip"

    def __init__(
        self,
        host: str,
        port: int = PORT,
        transport: str = "UDP",
        ttl: int | None = None,
        hidden: bool | int = False,
        received: str | None = None,
        rport: Any = _UNSET,
        branch: str | None = None,
        maddr: str | None = None,
        **kw: str | None,
    ) -> None:
        """
        @param rport: a port; None to ask for it.
        """
        self.transport = transport
        self.host = host
        self.port = port
        self.ttl = ttl
        self.hidden = hidden
        self.received = received
        self.rportValue: int | None = None
        self.rportRequested = False
        if rport is True:
            warnings.warn(
                "rport=True is deprecated since Twisted 9.0.",
                DeprecationWarning,
                stacklevel=2,
            )
            self.rportRequested = True
        elif rport is None:
            self.rportRequested = True
        elif rport is not _UNSET:
            self.rportValue = rport
        self.branch = branch
        self.maddr = maddr
        self.otherParams = kw

    @property
    def rport(self) -> Any:
        """The port, or whether it is asked for."""
        return True if self.rportRequested else self.rportValue

    @rport.setter
    def rport(self, newRPort: int) -> None:
        self.rportRequested = False
        self.rportValue = newRPort

    def toString(self) -> str:
        """It as it is written."""
        written = f"SIP/2.0/{self.transport} {self.host}:{self.port}"
        if self.hidden:
            written += ";hidden"
        for name in ("ttl", "branch", "maddr", "received"):
            value = getattr(self, name)
            if value is not None:
                written += f";{name}={value}"
        if self.rportRequested:
            written += ";rport"
        elif self.rportValue is not None:
            written += f";rport={self.rportValue}"
        for name, other in self.otherParams.items():
            written += f";{name}" if other is None else f";{name}={other}"
        return written


def parseViaHeader(value: str) -> Via:
    """
    Read the value of a header C{Via}.

    @raise ValueError: if it makes no sense.
    """
    sent, *parameters = re.sub(r"\([^)]*\)", "", value).split(";")
    match = re.fullmatch(r"\s*SIP\s*/\s*2\.0\s*/\s*(\S+)\s+(\S.*?)\s*", sent, re.I)
    if match is None:
        raise ValueError(f"wrong protocol or version: {value!r}")
    host, port = _hostAndPort(match[2])
    found: dict[str, Any] = {}
    for parameter in parameters:
        name, sign, text = (part.strip() for part in parameter.partition("="))
        if name == "hidden" and not sign:
            found[name] = 1
        elif name == "rport":
            found[name] = _number(text, 65535) if sign else None
        elif name == "ttl" and sign:
            found[name] = _number(text, 255)
        elif name in ("host", "port", "transport", "self"):
            continue
        elif name:
            found[name] = text if sign else None
    via = Via(host, PORT if port is None else port, transport=match[1], **found)
    via.hidden = found.get("hidden", 0)
    return via
