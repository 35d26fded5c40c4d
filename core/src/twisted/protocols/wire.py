"""
Services of the smallest kind, mostly for trying out networks: echo (RFC 862), discard (RFC 863),
character generator (RFC 864), daytime (RFC 867), time (RFC 868), quote of the day (RFC 865), and
active users (RFC 866).
"""

from __future__ import annotations

import time
from typing import ClassVar

from zope.interface import implementer

from twisted.internet.interfaces import IProducer, IPushProducer
from twisted.internet.protocol import Protocol

__all__ = ["QOTD", "Chargen", "Daytime", "Discard", "Echo", "Time", "Who"]

#: Seconds between the beginnings of 1900, from where RFC 868 counts, and of 1970.
_SINCE_1900 = 2208988800


@implementer(IPushProducer)
class Echo(Protocol):
    """Sends back what comes (RFC 862); one that reads too slowly is read from no faster."""

    #: How much may wait to be sent while more is read, in octets.
    _MOST = 2**16

    def dataReceived(self, data: bytes) -> None:
        """Send back."""
        transport = self.transport
        transport.write(data)
        if getattr(transport, "unsentSize", 0) > self._MOST and transport.producer is None:
            transport.registerProducer(self, True)

    def pauseProducing(self) -> None:
        """Much waits to be sent: read no more."""
        self.transport.pauseProducing()

    def resumeProducing(self) -> None:
        """It has been sent."""
        self.transport.unregisterProducer()
        self.transport.resumeProducing()

    def stopProducing(self) -> None:
        """The connection is over."""


class Discard(Protocol):
    """Drops what comes (RFC 863)."""

    def dataReceived(self, data: bytes) -> None:
        """Drop."""


@implementer(IProducer)
class Chargen(Protocol):
    """Sends characters for as long as anybody takes them (RFC 864)."""

    noise: ClassVar[bytes] = (
        b'@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~ !"#$%&?'
    )

    def connectionMade(self) -> None:
        """Begin."""
        self.transport.registerProducer(self, False)

    def resumeProducing(self) -> None:
        """Send a line."""
        self.transport.write(self.noise)

    def pauseProducing(self) -> None:
        """Nothing is sent before `resumeProducing`."""

    def stopProducing(self) -> None:
        """Nothing is sent any more."""


class QOTD(Protocol):
    """Sends a quote, and closes (RFC 865)."""

    def connectionMade(self) -> None:
        """Send."""
        self.transport.write(self.getQuote())
        self.transport.loseConnection()

    def getQuote(self) -> bytes:
        """The quote; to be overridden."""
        return b"An apple a day keeps the doctor away.\r\n"


class Who(Protocol):
    """Sends who is logged in, and closes (RFC 866)."""

    def connectionMade(self) -> None:
        """Send."""
        self.transport.write(self.getUsers())
        self.transport.loseConnection()

    def getUsers(self) -> bytes:
        """The users, one in a line; to be overridden."""
        return b"root\r\n"


class Daytime(Protocol):
    """Sends the date and the time as text, in UTC, and closes (RFC 867)."""

    def connectionMade(self) -> None:
        """Send."""
        self.transport.write(time.asctime(time.gmtime()).encode("ascii") + b"\r\n")
        self.transport.loseConnection()


class Time(Protocol):
    """Sends the seconds since 1900, in four octets, and closes (RFC 868)."""

    def connectionMade(self) -> None:
        """Send."""
        self.transport.write((int(time.time() + _SINCE_1900) % 2**32).to_bytes(4, "big"))
        self.transport.loseConnection()
