"""
A TCP echo server.

    python echo_server.py [ENDPOINT]        (default: tcp:1234:interface=127.0.0.1)

Try it with ``nc localhost 1234``.
"""

import sys

from twisted.internet import reactor
from twisted.internet.endpoints import serverFromString
from twisted.internet.protocol import Factory, Protocol


class Echo(Protocol):
    def dataReceived(self, data):
        self.transport.write(data)


async def main(endpoint):
    port = await serverFromString(reactor, endpoint).listen(Factory.forProtocol(Echo))
    print("listening on", port.getHost().port, flush=True)


if __name__ == "__main__":
    from twisted.internet.defer import ensureDeferred

    ensureDeferred(main(*sys.argv[1:] or ["tcp:1234:interface=127.0.0.1"]))
    reactor.run()
