"""Addresses from a file in the form of hosts(5)."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

from twisted.internet.defer import fail, succeed
from twisted.names import dns
from twisted.names.common import Lookup, ResolverBase
from twisted.names.error import DomainError
from twisted.python.filepath import FilePath

__all__ = ["Resolver", "searchFileFor", "searchFileForAll"]


def _addresses(lines: list[bytes], name: bytes) -> Iterator[str]:
    """The addresses of a name, in the order of the lines."""
    wanted = name.lower()
    for line in lines:
        words = line.partition(b"#")[0].lower().split()
        if wanted not in words[1:]:
            continue
        try:
            yield str(ip_address(words[0].decode("ascii").partition("%")[0]))
        except ValueError:
            continue


def searchFileForAll(hostsFile: FilePath[Any], name: bytes) -> list[str]:
    """All addresses of a name, in the order of the file; none if it cannot be read."""
    try:
        lines = hostsFile.getContent().splitlines()
    except OSError:
        return []
    return list(_addresses(lines, name))


def searchFileFor(file: str | bytes, name: bytes) -> str | None:
    """The first address of a name in a file, or None."""
    found = searchFileForAll(FilePath(file), name)
    return found[0] if found else None


class Resolver(ResolverBase):
    """
    A resolver that knows what stands in a file.

    @ivar file: its path.
    @ivar ttl: the seconds for which what it says may be kept.
    """

    def __init__(self, file: str | bytes = b"/etc/hosts", ttl: int = 3600) -> None:
        super().__init__()
        self.file = file
        self.ttl = ttl

    def _records(self, name: bytes, version: int) -> Lookup:
        """The records of the addresses of one kind."""
        kind = dns.Record_A if version == 4 else dns.Record_AAAA
        found = [
            str(address)
            for address in map(ip_address, searchFileForAll(FilePath(self.file), name))
            if address.version == version
        ]
        if not found:
            return fail(DomainError(name))
        records = tuple(
            dns.RRHeader(name, kind.TYPE or 0, dns.IN, self.ttl, kind(address, self.ttl))
            for address in found
        )
        return succeed((records, (), ()))

    def lookupAddress(self, name: str | bytes, timeout: Any = None) -> Lookup:
        """Find IPv4 addresses in the file."""
        return self._records(dns.domainString(name), 4)

    def lookupIPV6Address(self, name: str | bytes, timeout: Any = None) -> Lookup:
        """Find IPv6 addresses in the file."""
        return self._records(dns.domainString(name), 6)

    #: The file is there for addresses; who asks for all is content with those of IPv4.
    lookupAllRecords = lookupAddress
