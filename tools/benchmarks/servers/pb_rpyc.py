"""
A server of rpyc: prints its port.

Its thread outlives connections, so that the time that it has used can be read afterwards.
"""

import rpyc
from rpyc.utils.server import ThreadPoolServer


class Echo(rpyc.Service):
    def exposed_echo(self, value: object) -> object:
        return value


server = ThreadPoolServer(Echo, hostname="127.0.0.1", port=0, nbThreads=1)
print(server.port, flush=True)
server.start()
