"""
A name server on Twisted, for this project and the published one, over UDP and TCP: prints its port.

    dns_twisted.py             on the default reactor
    dns_twisted.py uvloop      carried by uvloop; this project alone
"""

import sys
import tempfile

from dns_zone import ZONE

if sys.argv[-1] == "uvloop":
    from twisted.internet import uvloopreactor

    uvloopreactor.install()

from twisted.internet import reactor
from twisted.names import dns, server
from twisted.names.authority import PySourceAuthority

with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
    file.write(ZONE)
    file.flush()
    authority = PySourceAuthority(file.name)

factory = server.DNSServerFactory(authorities=[authority])
port = reactor.listenUDP(0, dns.DNSDatagramProtocol(factory), interface="127.0.0.1")
reactor.listenTCP(port.getHost().port, factory, interface="127.0.0.1")
print(port.getHost().port, flush=True)
reactor.run()
