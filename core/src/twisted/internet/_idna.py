"""Names of hosts in letters beyond ASCII (IDNA 2008, RFC 5891)."""

from __future__ import annotations

__all__ = ["idnaBytes", "idnaText"]


def idnaBytes(text: str) -> bytes:
    """
    The form of the name of a host that goes over the wire.

    @raise UnicodeError: it is not the name of a host.
    """
    try:
        import idna
    except ImportError:
        return text.encode("idna")
    return idna.encode(text)


def idnaText(octets: bytes) -> str:
    """
    The form of the name of a host that people read.

    @raise UnicodeError: it is not the name of a host.
    """
    try:
        import idna
    except ImportError:
        return octets.decode("idna")
    return idna.decode(octets)


_idnaBytes = idnaBytes
_idnaText = idnaText
