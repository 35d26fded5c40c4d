"""A server of Pyro5: prints its port."""

import Pyro5.api


@Pyro5.api.expose
class Echo:
    def echo(self, value: object) -> object:
        return value


with Pyro5.api.Daemon(host="127.0.0.1") as daemon:
    daemon.register(Echo(), "echo")
    print(daemon.locationStr.rpartition(":")[2], flush=True)
    daemon.requestLoop()
