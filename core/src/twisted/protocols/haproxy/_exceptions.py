"""What is wrong with a header."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["InvalidNetworkProtocol", "InvalidProxyHeader", "MissingAddressData", "convertError"]


class InvalidProxyHeader(Exception):
    """The bytes are no header of the PROXY protocol."""


class InvalidNetworkProtocol(InvalidProxyHeader):
    """The header is about a network protocol that is not known."""


class MissingAddressData(InvalidProxyHeader):
    """The header has no addresses, or not all of them, where it should."""


@contextmanager
def convertError(
    sourceType: type[BaseException], targetType: Callable[[], BaseException]
) -> Iterator[None]:
    """
    Raise another exception in place of one of the block.

    @param sourceType: the exception that the block raises.
    @param targetType: makes the other one.
    """
    try:
        yield
    except sourceType as error:
        raise targetType() from error
