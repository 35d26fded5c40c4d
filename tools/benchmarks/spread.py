"""
Micro-benchmark of Perspective Broker's codecs; runs under this project and the published Twisted.

Prints one JSON object: the best of several rounds, in microseconds of CPU time, to encode or decode
the small dict of ``pbload.py``.
"""

import json
import sys
from collections.abc import Callable
from time import process_time
from typing import Any

from pbload import SMALL

from twisted.internet.testing import StringTransport
from twisted.spread import banana, jelly

COUNT = 200
ROUNDS = 100


class Peer(banana.Banana):
    """A side that has agreed on the dialect of Perspective Broker."""

    def __init__(self) -> None:
        super().__init__()
        self.makeConnection(StringTransport())
        self.dataReceived(banana.encode([b"pb", b"none"]))

    def expressionReceived(self, lst: Any) -> None:
        self.received = lst


class Sink(StringTransport):
    """Forgets what is written to it."""

    def write(self, data: bytes) -> None:
        pass


def best(operation: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        start = process_time()
        for _ in range(COUNT):
            operation()
        times.append(process_time() - start)
    return min(times) / COUNT * 1e6


def main() -> None:
    expression = jelly.jelly(SMALL)
    peer = Peer()
    transport = peer.transport
    transport.clear()
    peer.sendEncoded(expression)
    octets = transport.value()
    peer.dataReceived(octets)
    assert peer.received == expression
    assert jelly.unjelly(expression, jelly.globalSecurity) == SMALL
    peer.transport = Sink()
    json.dump(
        {
            "banana, encode": best(lambda: peer.sendEncoded(expression)),
            "banana, decode": best(lambda: peer.dataReceived(octets)),
            "jelly": best(lambda: jelly.jelly(SMALL)),
            "unjelly": best(lambda: jelly.unjelly(expression, jelly.globalSecurity)),
        },
        sys.stdout,
    )


main()
