"""
Clients that call a method with a small dict, 100 calls under way on one connection.

    pbload.py pb PORT SECONDS       octets that were made before, so that the client costs little
    pbload.py rpyc PORT SECONDS     asynchronous calls; the dict as a tuple of pairs, by value
    pbload.py pyro PORT SECONDS     batches of 100 calls

Prints how many were answered, and the seconds that they took.
"""

from __future__ import annotations

import socket
import sys
import time

UNDER_WAY = 100
SMALL = {"name": "widget", "id": 12345, "price": 9.95, "tags": ["red", "small"], "active": True}

#: What PB sends before the arguments, but for the number of the request, and after them.
HELLO = b"\x02\x82pb\x02\x80\x13\x87\x06\x81"
CALL = b"\x07\x80\x1a\x87%b\x81\x04\x82root\x04\x82echo\x01\x81\x02\x80\x0b\x87%b\x01\x80\x05\x87"


def _text(text: bytes) -> bytes:
    return b"\x02\x80\x07\x82unicode%c\x82%b" % (len(text), text)


#: The dict `SMALL` on the wire.
DICT = (
    b"\x06\x80\x05\x87"
    + (b"\x02\x80" + _text(b"name") + _text(b"widget"))
    + (b"\x02\x80" + _text(b"id") + b"\x39\x60\x81")
    + (b"\x02\x80" + _text(b"price") + b"\x84\x40\x23\xe6\x66\x66\x66\x66\x66")
    + (b"\x02\x80" + _text(b"tags") + b"\x03\x80\x08\x87" + _text(b"red") + _text(b"small"))
    + (b"\x02\x80" + _text(b"active") + b"\x02\x80\x07\x82boolean\x04\x82true")
)


def pb(port: int, seconds: float) -> tuple[int, float]:
    """Calls of Perspective Broker."""
    # Numbers of three octets, so that all answers are of one length.
    calls = [CALL % (bytes((n & 127, n >> 7 & 127, 1)), DICT) for n in range(1, 16384)]
    length = len(b"\x03\x80\x1b\x87...\x81" + DICT)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(HELLO)
        greeting = b""
        while not greeting.endswith(b"\x02\x80\x13\x87\x06\x81"):
            greeting += connection.recv(4096)
        start = time.perf_counter()
        connection.sendall(b"".join(calls[:UNDER_WAY]))
        sent = UNDER_WAY
        received = answered = 0
        while time.perf_counter() - start < seconds:
            received += len(connection.recv(1 << 20))
            fresh = received // length - answered
            if fresh:
                answered += fresh
                at = sent % (len(calls) - UNDER_WAY)
                connection.sendall(b"".join(calls[at : at + fresh]))
                sent += fresh
        return answered, time.perf_counter() - start


def rpyc(port: int, seconds: float) -> tuple[int, float]:
    """Calls of rpyc, which copies tuples and gives references to dicts."""
    import rpyc as library  # type: ignore[import-not-found,unused-ignore]

    connection = library.connect("127.0.0.1", port)
    echo = library.async_(connection.root.echo)
    value = tuple((k, tuple(v) if isinstance(v, list) else v) for k, v in SMALL.items())
    start = time.perf_counter()
    answered = 0
    while time.perf_counter() - start < seconds:
        results = [echo(value) for _ in range(UNDER_WAY)]
        for result in results:
            result.wait()
        answered += UNDER_WAY
    return answered, time.perf_counter() - start


def pyro(port: int, seconds: float) -> tuple[int, float]:
    """Batches of Pyro5."""
    import Pyro5.api  # type: ignore[import-not-found,unused-ignore]

    proxy = Pyro5.api.Proxy(f"PYRO:echo@127.0.0.1:{port}")
    start = time.perf_counter()
    answered = 0
    while time.perf_counter() - start < seconds:
        batch = Pyro5.api.BatchProxy(proxy)
        for _ in range(UNDER_WAY):
            batch.echo(SMALL)
        answered += sum(1 for _ in batch())
    return answered, time.perf_counter() - start


if __name__ == "__main__":
    load = {"pb": pb, "rpyc": rpyc, "pyro": pyro}[sys.argv[1]]
    print(*load(int(sys.argv[2]), float(sys.argv[3])))
