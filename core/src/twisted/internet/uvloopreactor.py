"""
A reactor on uvloop whose connections and datagrams are carried by uvloop's own transports.

::

    from twisted.internet import uvloopreactor
    uvloopreactor.install()

    from twisted.internet import reactor

or ``twist --reactor=uvloop``. It needs the extra ``uvloop``. Programs for asyncio run in it as in
`twisted.internet.asyncioreactor`.

What uvloop's transports cannot do stays with the reactor: UNIX connections of protocols that take
descriptors (`IFileDescriptorReceiver`), UNIX datagrams, and whatever `addReader` watches.
"""

from __future__ import annotations

from typing import Any

import uvloop

from twisted.internet._carried import _tcp, _udp, _unix
from twisted.internet.asyncioreactor import AsyncioSelectorReactor

__all__ = ["UVLoopReactor", "install"]


class UVLoopReactor(AsyncioSelectorReactor):
    """
    A reactor whose bytes uvloop carries.

    @param eventloop: a loop of uvloop; a new one if it is None.
    @raise TypeError: the loop is another one.
    """

    _tcpPort = _tcp.Port
    _tcpConnector = _tcp.Connector
    _unixPort = _unix.Port
    _unixConnector = _unix.Connector
    _udpPort = _udp.Port
    _multicastPort = _udp.MulticastPort

    def __init__(self, eventloop: uvloop.Loop | None = None) -> None:
        if eventloop is None:
            eventloop = uvloop.new_event_loop()
        elif not isinstance(eventloop, uvloop.Loop):
            raise TypeError(f"{eventloop!r} is no loop of uvloop")
        # What the loop has been given to read.
        self._carried: set[Any] = set()
        super().__init__(eventloop)

    def getReaders(self) -> list[Any]:
        """List the descriptors watched for data that come."""
        return super().getReaders() + [each for each in self._carried if not each._readPaused]

    def removeAll(self) -> list[Any]:
        """Watch no descriptor any more, except the reactor's own; give back those watched."""
        carried = list(self._carried)
        self._carried.clear()
        for each in carried:
            each.stopReading()
        return super().removeAll() + carried


def install(eventloop: uvloop.Loop | None = None) -> None:
    """
    Make a `UVLoopReactor` the global reactor.

    @param eventloop: a loop of uvloop; a new one if it is None, which becomes the thread's, too.
    """
    from asyncio import set_event_loop

    from twisted.internet.main import installReactor

    made = UVLoopReactor(eventloop)
    set_event_loop(made._asyncioEventloop)
    installReactor(made)
