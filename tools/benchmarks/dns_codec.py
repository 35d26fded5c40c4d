#!/usr/bin/env python3
"""
Time the codec of DNS in whichever Twisted the interpreter has.

    python tools/benchmarks/dns_codec.py

Prints a JSON object: the microseconds that a message of ten records takes, the best of many rounds.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from twisted.names import dns

CALLS = 500
ROUNDS = 60


def answer() -> dns.Message:
    """Addresses of a host, the servers of its zone, and their addresses."""
    message = dns.Message(id=4242, answer=1, auth=True)
    message.addQuery(b"www.example.org", dns.A)
    message.answers = [
        dns.RRHeader(b"www.example.org", dns.A, ttl=60, payload=dns.Record_A(f"192.0.2.{n}", 60))
        for n in range(4)
    ]
    servers = [b"ns1.example.org", b"ns2.example.org"]
    message.authority = [
        dns.RRHeader(b"example.org", dns.NS, ttl=60, payload=dns.Record_NS(server, 60))
        for server in servers
    ]
    for number, server in enumerate(servers):
        four = dns.Record_A(f"192.0.2.5{number}", 60)
        six = dns.Record_AAAA(f"2001:db8::5{number}", 60)
        message.additional += [
            dns.RRHeader(server, dns.A, ttl=60, payload=four),
            dns.RRHeader(server, dns.AAAA, ttl=60, payload=six),
        ]
    return message


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
    message = answer()
    octets = message.toStr()
    assert len(octets) < 512
    assert octets[6:12] == b"\0\4\0\2\0\4"
    results = {
        "encode": best(message.toStr),
        "decode": best(lambda: dns.Message().fromStr(octets)),
        "make and encode": best(lambda: answer().toStr()),
    }
    print(json.dumps(results))


if __name__ == "__main__":
    main()
