"""
An echo server under TLS that a client verifies, both in one program.

    python secure_echo.py

It makes a certificate for itself; a real server has one in a file, and listens at
``tls:FOLDER:port=4433``.
"""

from twisted.internet import ssl
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import (
    HostnameEndpoint,
    TCP4ServerEndpoint,
    connectProtocol,
    wrapClientTLS,
    wrapServerTLS,
)
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import react
from twisted.protocols.wire import Echo


class Once(Protocol):
    """Sends a text, and tells what comes back."""

    def __init__(self):
        self.answer = Deferred()

    def connectionMade(self):
        self.transport.write(b"hello")

    def dataReceived(self, data):
        certificate = ssl.Certificate.peerFromTransport(self.transport)
        self.answer.callback((data, certificate.getSubject().CN))
        self.transport.loseConnection()

    def connectionLost(self, reason):
        if not self.answer.called:
            self.answer.errback(reason)


async def main(reactor):
    certificate = ssl.KeyPair.generate().selfSignedCert(1, CN="localhost")
    server = wrapServerTLS(
        certificate.options(), TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
    )
    port = await server.listen(Factory.forProtocol(Echo))

    believed = ssl.optionsForClientTLS("localhost", trustRoot=certificate)
    there = HostnameEndpoint(reactor, "localhost", port.getHost().port)
    client = await connectProtocol(wrapClientTLS(believed, there), Once())
    data, name = await client.answer
    print(f"{name.decode()} answers {data.decode()}")

    # Nobody believes a certificate that has signed itself, unless told to.
    doubting = ssl.optionsForClientTLS("localhost")
    client = await connectProtocol(wrapClientTLS(doubting, there), Once())
    try:
        await client.answer
    except ssl.CertificateVerifyError as problem:
        print(problem)
    await port.stopListening()


react(main)
