"""A name server on Twisted, for this project and the published one: prints its port."""

import tempfile

from dns_zone import ZONE

from twisted.internet import reactor
from twisted.names import dns, server
from twisted.names.authority import PySourceAuthority

with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
    file.write(ZONE)
    file.flush()
    authority = PySourceAuthority(file.name)

factory = server.DNSServerFactory(authorities=[authority])
port = reactor.listenUDP(0, dns.DNSDatagramProtocol(factory), interface="127.0.0.1")
print(port.getHost().port, flush=True)
reactor.run()
