"""Comparing secrets without telling by the time how much of them is right."""

from __future__ import annotations

from hmac import compare_digest

__all__ = ["inBytes", "same"]


def same(first: object, second: object) -> bool:
    """Tell whether two secrets are the same; text counts as UTF-8."""
    left, right = inBytes(first), inBytes(second)
    return left is not None and right is not None and compare_digest(left, right)


def inBytes(secret: object) -> bytes | None:
    """A name or a secret as bytes; C{None} if it is neither bytes nor text."""
    if isinstance(secret, str):
        return secret.encode("utf-8", "surrogatepass")
    return bytes(secret) if isinstance(secret, (bytes, bytearray)) else None
