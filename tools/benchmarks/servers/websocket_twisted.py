"""A WebSocket echo server on `twisted.web`, this project's or the published; prints its port."""

from twisted.internet import reactor
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.websocket import WebSocketResource


class Echo:
    def negotiationStarted(self, transport):  # type: ignore[no-untyped-def]
        self.transport = transport

    def negotiationFinished(self):  # type: ignore[no-untyped-def]
        pass

    def textMessageReceived(self, message):  # type: ignore[no-untyped-def]
        self.transport.sendTextMessage(message)

    def bytesMessageReceived(self, data):  # type: ignore[no-untyped-def]
        self.transport.sendBytesMessage(data)

    def pongReceived(self, payload):  # type: ignore[no-untyped-def]
        pass

    def connectionLost(self, reason):  # type: ignore[no-untyped-def]
        pass


class Echoes:
    def buildProtocol(self, request):  # type: ignore[no-untyped-def]
        return Echo()


root = Resource()
root.putChild(b"", WebSocketResource(Echoes()))
port = reactor.listenTCP(0, Site(root), backlog=1024, interface="127.0.0.1")
print(port.getHost().port, flush=True)
reactor.run()
