#!/usr/bin/env python3
"""
Time the codecs of dnspython and dnslib with the message of ``dns_codec.py``.

    python tools/benchmarks/dns_codec_peers.py

Prints a JSON object: the microseconds that it takes, the best of many rounds.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import dns.message
import dnslib

CALLS = 100
ROUNDS = 20

TEXT = """id 4242
opcode QUERY
rcode NOERROR
flags QR AA
;QUESTION
www.example.org. IN A
;ANSWER
www.example.org. 60 IN A 192.0.2.0
www.example.org. 60 IN A 192.0.2.1
www.example.org. 60 IN A 192.0.2.2
www.example.org. 60 IN A 192.0.2.3
;AUTHORITY
example.org. 60 IN NS ns1.example.org.
example.org. 60 IN NS ns2.example.org.
;ADDITIONAL
ns1.example.org. 60 IN A 192.0.2.50
ns1.example.org. 60 IN AAAA 2001:db8::50
ns2.example.org. 60 IN A 192.0.2.51
ns2.example.org. 60 IN AAAA 2001:db8::51
"""


def best(operation: Callable[[], object]) -> float:
    """The microseconds of one call, in the best round."""
    found = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(CALLS):
            operation()
        found = min(found, time.process_time() - start)
    return found / CALLS * 1e6


def main() -> None:
    """Print what encoding and decoding take."""
    message = dns.message.from_text(TEXT)
    octets = message.to_wire()
    record = dnslib.DNSRecord.parse(octets)
    results = {
        "dnspython, encode": best(message.to_wire),
        "dnspython, decode": best(lambda: dns.message.from_wire(octets)),
        "dnslib, encode": best(record.pack),
        "dnslib, decode": best(lambda: dnslib.DNSRecord.parse(octets)),
    }
    print(json.dumps(results))


if __name__ == "__main__":
    main()
