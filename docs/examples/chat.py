"""
A chat room: what one says, all others read.

    python chat.py [ENDPOINT]               (default: tcp:1025:interface=127.0.0.1)

The first line that a client sends is its name.
"""

import sys

from twisted.internet import reactor
from twisted.internet.defer import ensureDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineReceiver


class Guest(LineReceiver):
    delimiter = b"\n"
    name = None

    def connectionMade(self):
        self.sendLine(b"Who are you?")

    def lineReceived(self, line):
        line = line.strip()
        if self.name is None:
            self.enter(line)
        else:
            self.factory.tell(self.name + b": " + line, but=self)

    def enter(self, name):
        if not name or name in self.factory.guests:
            self.sendLine(b"That name is taken.")
            return
        self.name = name
        self.factory.guests[name] = self
        self.factory.tell(name + b" came in.")

    def connectionLost(self, reason):
        if self.name is not None:
            del self.factory.guests[self.name]
            self.factory.tell(self.name + b" left.")


class Room(Factory):
    protocol = Guest

    def __init__(self):
        self.guests = {}

    def tell(self, line, but=None):
        for guest in self.guests.values():
            if guest is not but:
                guest.sendLine(line)


async def main(endpoint):
    port = await serverFromString(reactor, endpoint).listen(Room())
    print("listening on", port.getHost().port, flush=True)


if __name__ == "__main__":
    ensureDeferred(main(*sys.argv[1:] or ["tcp:1025:interface=127.0.0.1"]))
    reactor.run()
