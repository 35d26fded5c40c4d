"""What is wrong with bytes that should be a DNS message."""

from __future__ import annotations

__all__ = ["DNSDecodeError", "EndOfData"]


class DNSDecodeError(ValueError):
    """Bytes are no well-formed DNS data."""

    __module__ = "twisted.names.dns"


class EndOfData(DNSDecodeError, EOFError):
    """The bytes end before what they announce does."""

    __module__ = "twisted.names.dns"
