"""What has a wire form."""

from __future__ import annotations

from zope.interface import Attribute, Interface

__all__ = ["IEncodable", "IEncodableRecord", "IRecord"]


class IEncodable(Interface):
    """What can be written to, and read from, a stream of octets."""

    def encode(strio, compDict=None):  # type: ignore[no-untyped-def]
        """
        Write the wire form.

        @param strio: the binary file that holds the body of the message so far.
        @param compDict: offsets in the message of the names written before, by their text; names
            are compressed and added if it is given.
        """

    def decode(strio, length=None):  # type: ignore[no-untyped-def]
        """
        Take the values from the wire form.

        @param strio: a binary file that stands at the beginning of it.
        @param length: its octets, where the form itself does not tell.
        """


class IRecord(Interface):
    """The data of a resource record."""

    TYPE = Attribute("The number of its type.")


class IEncodableRecord(IEncodable, IRecord):
    """The data of a resource record, with a wire form."""
