# twistd -ny echo.tac
"""An echo server for twistd; `twistd --workers 4 -y echo.tac` runs it in four processes."""

from twisted.application import service, strports
from twisted.internet import protocol


class Echo(protocol.Protocol):
    def dataReceived(self, data):
        self.transport.write(data)


application = service.Application("echo")
echo = strports.service("tcp:1234:interface=127.0.0.1", protocol.Factory.forProtocol(Echo))
echo.setServiceParent(application)
