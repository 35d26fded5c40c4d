"""A Perspective Broker server, for this project and the published one: prints its port."""

from twisted.internet import reactor
from twisted.spread import pb


class Echo(pb.Root):
    def remote_echo(self, value: object) -> object:
        return value


port = reactor.listenTCP(0, pb.PBServerFactory(Echo()), interface="127.0.0.1")
print(port.getHost().port, flush=True)
reactor.run()
