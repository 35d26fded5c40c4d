"""Addresses and paths as FTP writes them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

__all__ = [
    "InvalidPath",
    "decodeExtendedAddress",
    "decodeHostPort",
    "encodeExtendedAddress",
    "encodeHostPort",
    "isGlobbingExpression",
    "parsePWDResponse",
    "quotedPath",
    "sameHost",
    "toSegments",
]


class InvalidPath(Exception):
    """A path leads nowhere: above the root, or it holds NUL."""

    __module__ = "twisted.protocols.ftp"


def toSegments(cwd: Sequence[str], path: str) -> list[str]:
    """
    The segments of a path, from the root on.

    @param cwd: those of the current directory.
    @param path: with slashes; absolute if it begins with one.
    @raise InvalidPath: if it leads above the root, or holds NUL.
    """
    segments = [] if path.startswith("/") else list(cwd)
    for segment in path.split("/"):
        if segment == "..":
            if not segments:
                raise InvalidPath(cwd, path)
            segments.pop()
        elif "\0" in segment:
            raise InvalidPath(cwd, path)
        elif segment not in (".", ""):
            segments.append(segment)
    return segments


def isGlobbingExpression(segments: Sequence[str] | None = None) -> bool:
    """Whether the last segment of a path is a pattern of the shell's."""
    return bool(segments) and re.search(r"[*?\[]", segments[-1]) is not None  # type: ignore[index]


def quotedPath(segments: Sequence[str]) -> str:
    """An absolute path as it stands between the quotes of a reply (RFC 959, appendix II)."""
    return ("/" + "/".join(segments)).replace('"', '""')


def parsePWDResponse(response: str) -> str | None:
    """The path in the reply to PWD; None if there is none (RFC 959, appendix II)."""
    match = re.search(r'"((?:[^"]|"")*)"', response)
    return None if match is None else match[1].replace('""', '"')


def decodeHostPort(line: str) -> tuple[str, int]:
    """
    The address in an argument of PORT, or in the reply to PASV.

    @raise ValueError: if there is none.
    """
    match = re.search(r"(\d{1,9}),(\d{1,9}),(\d{1,9}),(\d{1,9}),(\d{1,9}),(\d{1,9})", line, re.A)
    if match is None:
        raise ValueError(f"no address: {line!r}")
    numbers = [int(number) for number in match.groups()]
    if max(numbers) > 255:
        raise ValueError(f"an address of numbers above 255: {line!r}")
    return ".".join(map(str, numbers[:4])), numbers[4] << 8 | numbers[5]


def encodeHostPort(host: str, port: int) -> str:
    """An address of IPv4 as an argument of PORT, or in the reply to PASV."""
    return f"{host.replace('.', ',')},{port >> 8},{port & 255}"


def decodeExtendedAddress(address: str) -> tuple[str, str, int]:
    """
    The parts of an address of RFC 2428: the number of the protocol, the host, and the port.

    @raise ValueError: if it is none.
    """
    delimiter = address[:1]
    parts = address.split(delimiter) if delimiter else []
    if len(parts) != 5 or parts[0] or parts[4] or not re.fullmatch("[0-9]{1,5}", parts[3]):
        raise ValueError(f"no extended address: {address!r}")
    return parts[1], parts[2], int(parts[3])


def encodeExtendedAddress(host: str, port: int) -> str:
    """An address as RFC 2428 writes it."""
    return f"|{2 if ':' in host else 1}|{host}|{port}|"


def sameHost(one: str, other: str) -> bool:
    """
    Whether two IP addresses are one host's: equal, IPv4 within IPv6 included, or both of this host.
    """
    try:
        first, second = _plain(one), _plain(other)
    except ValueError:
        return one == other
    return first == second or (first.is_loopback and second.is_loopback)


def _plain(host: str) -> IPv4Address | IPv6Address:
    """An address, of IPv4 if it is one in the guise of IPv6."""
    address = ip_address(host)
    return getattr(address, "ipv4_mapped", None) or address
