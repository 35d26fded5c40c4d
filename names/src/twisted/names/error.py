"""What can go wrong when names are looked up."""

from __future__ import annotations

from twisted.internet.defer import TimeoutError

__all__ = [
    "AuthoritativeDomainError",
    "DNSFormatError",
    "DNSNameError",
    "DNSNotImplementedError",
    "DNSQueryRefusedError",
    "DNSQueryTimeoutError",
    "DNSServerError",
    "DNSUnknownError",
    "DomainError",
    "ResolverError",
]


class DomainError(ValueError):
    """A look-up failed, and other servers may know more."""


class AuthoritativeDomainError(ValueError):
    """A look-up failed, and who is authoritative said so."""


class DNSQueryTimeoutError(TimeoutError):
    """
    There was no answer in time.

    @ivar id: the id of the message, or the question.
    """

    def __init__(self, id: object) -> None:
        super().__init__()
        self.id = id


class DNSFormatError(DomainError):
    """The server could not make sense of the question (FORMERR)."""


class DNSServerError(DomainError):
    """The server could not answer (SERVFAIL)."""


class DNSNameError(DomainError):
    """There is no such name (NXDOMAIN)."""


class DNSNotImplementedError(DomainError):
    """The server does not know such questions (NOTIMP)."""


class DNSQueryRefusedError(DomainError):
    """The server does not answer such questions, or not this client (REFUSED)."""


class DNSUnknownError(DomainError):
    """The server answered with another code for errors."""


class ResolverError(Exception):
    """A resolver cannot work: it knows of no server, or none of its parts does."""
