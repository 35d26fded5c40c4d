"""What parsers of headers, and their results, provide."""

from typing import Any

from zope.interface import Attribute, Interface

__all__ = ["IProxyInfo", "IProxyParser"]


class IProxyInfo(Interface):
    """What a header says."""

    header = Attribute("The octets of the header.")
    source = Attribute("The address of the client, or None if it is not known.")
    destination = Attribute("The address that the client connected to, or None.")


class IProxyParser(Interface):
    """Finds a header at the beginning of a connection."""

    def feed(data: Any) -> Any:
        """
        Take octets.

        @return: the `IProxyInfo`, once it is known, and the octets after the header; until then
            None and nothing.
        @raise InvalidProxyHeader: there is no header.
        """

    def parse(line: Any) -> Any:
        """
        The `IProxyInfo` of a whole header.

        @raise InvalidProxyHeader: it makes no sense.
        """
