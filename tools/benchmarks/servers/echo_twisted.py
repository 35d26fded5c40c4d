"""
A TCP echo server on the reactor, for this project and the published one; prints its port.

    echo_twisted.py             on the default reactor
    echo_twisted.py uvloop      carried by uvloop; this project alone
"""

import sys

if sys.argv[-1] == "uvloop":
    from twisted.internet import uvloopreactor

    uvloopreactor.install()

from twisted.internet import reactor
from twisted.internet.protocol import Factory, Protocol


class Echo(Protocol):
    def dataReceived(self, data: bytes) -> None:
        self.transport.write(data)


port = reactor.listenTCP(0, Factory.forProtocol(Echo), backlog=1024, interface="127.0.0.1")
print(port.getHost().port, flush=True)
reactor.run()
