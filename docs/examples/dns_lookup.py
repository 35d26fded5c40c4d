"""
Look up the records of a name.

    python dns_lookup.py www.example.org AAAA
    python dns_lookup.py --server 127.0.0.1:5353 example.org SOA
    python dns_lookup.py --server 9.9.9.9 --tls dns.quad9.net --validate example.com
"""

import argparse
import sys

from twisted.internet import task
from twisted.names import client, dns, dnssec, error

parser = argparse.ArgumentParser()
parser.add_argument("name")
parser.add_argument("type", nargs="?", default="A")
parser.add_argument(
    "--server", help="the address of a server, and its port; else those of this host"
)
parser.add_argument(
    "--tls", metavar="NAME", help="ask over TLS a server whose certificate has a name"
)
parser.add_argument("--validate", action="store_true", help="check signatures")


def resolver(options):
    """What asks."""
    host, _, port = (options.server or "").partition(":")
    if options.tls:
        made = client.TLSResolver([(host, options.tls, int(port or 853))])
    elif host:
        made = client.Resolver(servers=[(host, int(port or 53))], timeout=(2, 4))
    else:
        made = client.Resolver("/etc/resolv.conf")
    return dnssec.ValidatingResolver(made) if options.validate else made


async def main(reactor, *arguments):
    options = parser.parse_args(arguments)
    query = dns.Query(options.name, dns.REV_TYPES[options.type.upper()])
    try:
        answers, _, _ = await resolver(options).query(query)
    except error.DNSNameError:
        sys.exit(f"there is no {options.name}")
    for header in answers:
        checked = "  (signed)" if header.authenticated else ""
        kind = dns.QUERY_TYPES.get(header.type, header.type)
        print(f"{header.name} {header.ttl} {kind} {header.payload.toText()}{checked}")


task.react(main, sys.argv[1:])
