"""
A TCP forwarder with back-pressure: a slow reader on one side slows the writer on the other down.

    python forward.py LISTEN TARGET         e.g. tcp:8000 tcp:localhost:8080
"""

import sys

from twisted.internet import reactor
from twisted.internet.defer import ensureDeferred
from twisted.internet.endpoints import clientFromString, connectProtocol, serverFromString
from twisted.internet.error import ConnectError
from twisted.internet.protocol import Factory, Protocol


class Half(Protocol):
    """One side of a forwarded connection; `other` is the side that its bytes go to."""

    other = None

    def join(self, other):
        self.other, other.other = other, self
        # Each side paces the other: a transport whose buffer is full pauses its producer.
        self.transport.registerProducer(other.transport, streaming=True)
        other.transport.registerProducer(self.transport, streaming=True)

    def dataReceived(self, data):
        self.other.transport.write(data)

    def connectionLost(self, reason):
        if self.other is not None:
            self.other.transport.unregisterProducer()
            self.other.transport.loseConnection()


class Incoming(Half):
    def connectionMade(self):
        self.transport.pauseProducing()  # until there is somebody to read what it sends
        ensureDeferred(self.connect())

    async def connect(self):
        try:
            self.join(await connectProtocol(self.factory.target, Half()))
        except ConnectError:
            self.transport.abortConnection()
        else:
            self.transport.resumeProducing()


async def main(listen, target):
    factory = Factory.forProtocol(Incoming)
    factory.target = clientFromString(reactor, target)
    port = await serverFromString(reactor, listen).listen(factory)
    print("listening on", port.getHost().port, flush=True)


if __name__ == "__main__":
    ensureDeferred(main(*sys.argv[1:]))
    reactor.run()
