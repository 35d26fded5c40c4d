"""
Servers on the reactor, for this project and the published one: prints its port.

    net_twisted.py tls CERTIFICATE      echo under TLS
    net_twisted.py udp                  echo of datagrams
    net_twisted.py send                 sends 256 MiB to whoever connects
    net_twisted.py close                closes each connection at once

With a further argument ``uvloop`` it is carried by uvloop; this project alone.
"""

import sys

if sys.argv[-1] == "uvloop":
    from twisted.internet import uvloopreactor

    uvloopreactor.install()

from twisted.internet import reactor
from twisted.internet.protocol import DatagramProtocol, Factory, Protocol

MODE = sys.argv[1]
BLOCK = b"x" * 65536


class Echo(Protocol):
    def dataReceived(self, data: bytes) -> None:
        self.transport.write(data)


class Datagrams(DatagramProtocol):
    def datagramReceived(self, datagram: bytes, addr: object) -> None:
        self.transport.write(datagram, addr)


class Send(Protocol):
    left = 4096

    def connectionMade(self) -> None:
        self.transport.registerProducer(self, False)

    def resumeProducing(self) -> None:
        if self.left:
            self.left -= 1
            self.transport.write(BLOCK)
        else:
            self.transport.unregisterProducer()
            self.transport.loseConnection()

    def stopProducing(self) -> None:
        pass


class Close(Protocol):
    def connectionMade(self) -> None:
        self.transport.loseConnection()


if MODE == "udp":
    port = reactor.listenUDP(0, Datagrams(), interface="127.0.0.1")
elif MODE == "tls":
    from twisted.internet import ssl

    with open(sys.argv[2]) as file:
        options = ssl.PrivateCertificate.loadPEM(file.read()).options()
    factory = Factory.forProtocol(Echo)
    port = reactor.listenSSL(0, factory, options, backlog=1024, interface="127.0.0.1")
else:
    factory = Factory.forProtocol({"send": Send, "close": Close}[MODE])
    factory.noisy = False
    port = reactor.listenTCP(0, factory, backlog=1024, interface="127.0.0.1")
print(port.getHost().port, flush=True)
reactor.run()
