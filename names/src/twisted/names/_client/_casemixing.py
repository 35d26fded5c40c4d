"""
Letters of questions in upper and lower case at random, so that an answer must know them.

Source: draft-vixie-dnsext-dns0x20.
"""

from __future__ import annotations

from collections.abc import Iterator
from secrets import randbits

from twisted.names import dns
from twisted.names._wire.fields import DomainName

__all__ = ["mixed", "restore"]


def mixed(name: bytes) -> bytes:
    """A name with each letter in upper or lower case at random."""
    bits = randbits(len(name)) if name else 0
    lower, upper = name.lower(), name.upper()
    return bytes(
        [up if bits >> i & 1 else low for i, (low, up) in enumerate(zip(lower, upper, strict=True))]
    )


def _names(message: dns.Message) -> Iterator[dns.Name]:
    """All names of a message."""
    for query in message.queries:
        yield query.name
    for section in (message.answers, message.authority, message.additional):
        for header in section:
            yield header.name
            payload = header.payload
            if isinstance(payload, dns.Record):
                for field in payload.fields:
                    if isinstance(field, DomainName):
                        yield getattr(payload, field.attribute)


def restore(message: dns.Message, asked: bytes, original: bytes) -> None:
    """
    Give names of an answer the case that the question had before it was mixed.

    Names end in what was asked for, as it was mixed, where a server compressed them.

    @param asked: the name in the question that was sent.
    @param original: what it was before.
    """
    endings = []
    at = 0
    while at < len(asked):
        endings.append((asked[at:], original[at:]))
        dot = asked.find(b".", at)
        if dot < 0:
            break
        at = dot + 1
    for name in _names(message):
        text = name.name
        for ending, before in endings:
            if text == ending or text.endswith(b"." + ending):
                name.name = text[: -len(ending)] + before
                break
