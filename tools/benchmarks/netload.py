#!/usr/bin/env python3
"""
Load for the servers of ``servers/net_*.py``: prints how many operations there were, and seconds.

    netload.py tls-bulk PORT SECONDS        megabytes echoed under TLS over four connections
    netload.py tls-handshake PORT SECONDS   handshakes
    netload.py udp PORT SECONDS             datagrams of 64 octets echoed, sixteen under way
    netload.py send PORT SECONDS            megabytes received
    netload.py close PORT SECONDS           connections made, and closed by the server
    netload.py websocket PORT SECONDS       texts of 64 octets echoed, one under way on each of 16
"""

import selectors
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

MODE, PORT, SECONDS = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
ADDRESS = ("127.0.0.1", PORT)
BLOCK = b"x" * 2**18


def context() -> ssl.SSLContext:
    made = ssl.create_default_context()
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


def tls_bulk(deadline: float) -> float:
    with context().wrap_socket(socket.create_connection(ADDRESS)) as secured:
        buffer = bytearray(2**16)
        count = 0
        while time.perf_counter() < deadline:
            secured.sendall(BLOCK)
            left = len(BLOCK)
            while left:
                left -= secured.recv_into(buffer)
            count += 1
    return count * len(BLOCK) / 1e6


def tls_handshake(deadline: float) -> float:
    settings = context()
    count = 0
    while time.perf_counter() < deadline:
        with settings.wrap_socket(socket.create_connection(ADDRESS)):
            count += 1
    return count


def udp(deadline: float) -> float:
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.connect(ADDRESS)
        sock.settimeout(0.1)
        count = 0
        for _ in range(16):
            sock.send(b"x" * 64)
        while time.perf_counter() < deadline:
            try:
                sock.recv(100)
                count += 1
            except TimeoutError:
                pass
            sock.send(b"x" * 64)
    return count


def send(deadline: float) -> float:
    buffer = bytearray(2**18)
    total = 0
    while time.perf_counter() < deadline:
        with socket.create_connection(ADDRESS) as sock:
            while received := sock.recv_into(buffer):
                total += received
    return total / 1e6


def close(deadline: float) -> float:
    count = 0
    while time.perf_counter() < deadline:
        with socket.create_connection(ADDRESS) as sock:
            sock.recv(1)
        count += 1
    return count


def websocket(deadline: float) -> float:
    """All connections in one thread, so that it has as little to do as it can."""
    message = b"\x81\xc0" + bytes(4) + b"x" * 64
    echoed = 2 + 64
    count = 0
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        for _ in range(16):
            sock = stack.enter_context(socket.create_connection(ADDRESS))
            sock.sendall(
                b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += sock.recv(4096)
            assert head.startswith(b"HTTP/1.1 101 "), head
            selector.register(sock, selectors.EVENT_READ)
            sock.sendall(message)
        while time.perf_counter() < deadline:
            for key, _ in selector.select():
                assert isinstance(key.fileobj, socket.socket)
                received = key.fileobj.recv(4096)
                assert len(received) == echoed, received
                count += 1
                key.fileobj.sendall(message)
    return count


LOADS: dict[str, tuple[Callable[[float], float], int]] = {
    "tls-bulk": (tls_bulk, 4),
    "tls-handshake": (tls_handshake, 2),
    "udp": (udp, 1),
    "send": (send, 2),
    "close": (close, 4),
    "websocket": (websocket, 1),
}


def main() -> None:
    load, threads = LOADS[MODE]
    counts: list[float] = []
    start = time.perf_counter()
    workers = [
        threading.Thread(target=lambda: counts.append(load(start + SECONDS)))
        for _ in range(threads)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print(sum(counts), time.perf_counter() - start)


main()
