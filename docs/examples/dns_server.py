"""
A name server for a zone file, and for names that stand for addresses.

    python dns_server.py 5353 example.org.zone
    dig @127.0.0.1 -p 5353 www.example.org
    dig @127.0.0.1 -p 5353 192-0-2-7.address.test
"""

import ipaddress
import sys

from twisted.internet import reactor
from twisted.internet.defer import fail, succeed
from twisted.internet.metrics import include
from twisted.names import dns
from twisted.names.authority import BindAuthority, NotInZone
from twisted.names.common import ResolverBase
from twisted.names.server import DNSServerFactory, RateLimit

SUFFIX = b".address.test"


class Addresses(ResolverBase):
    """Answers for the names of addresses, such as 192-0-2-7.address.test."""

    def _lookup(self, name, cls, type, timeout):
        label = name.lower().removesuffix(SUFFIX)
        try:
            address = ipaddress.IPv4Address(label.replace(b"-", b".").decode("ascii"))
        except ValueError:
            return fail(NotInZone(name))
        record = dns.RRHeader(name, dns.A, ttl=3600, payload=dns.Record_A(str(address)), auth=True)
        return succeed(([record] if type == dns.A else [], [], []))


port, zone = sys.argv[1:]
factory = DNSServerFactory([BindAuthority(zone), Addresses()], rateLimit=RateLimit(100))
include(reactor, factory.metrics.families)
udp = reactor.listenUDP(int(port), dns.DNSDatagramProtocol(factory), interface="127.0.0.1")
reactor.listenTCP(udp.getHost().port, factory, interface="127.0.0.1")
print("listening on", udp.getHost().port, flush=True)
reactor.run()
