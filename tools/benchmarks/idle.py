"""What a crowd of connections that say nothing costs a server."""

from __future__ import annotations

import resource
import socket
import time
from pathlib import Path

from measure import Competitor, cpu_seconds, running

COUNT = 10_000
WATCHED = 2.0


def raise_descriptor_limit() -> None:
    """Allow as many descriptors as the hard limit does, for this process and its children."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < COUNT + 100:
        raise SystemExit(f"bench: needs {COUNT + 100} descriptors, the hard limit is {hard}")


def resident_kilobytes(pid: int) -> int:
    """The resident set of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise SystemExit(f"bench: process {pid} has ended")


def idle_cost(competitor: Competitor) -> dict[str, float]:
    """Connect `COUNT` times: memory and time for each connection, and the CPU use then."""
    raise_descriptor_limit()
    with running(competitor) as (pid, port):
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(100)]
        round_trip(clients[-1])
        memory, cpu = resident_kilobytes(pid), cpu_seconds(pid)
        clients += [socket.create_connection(("127.0.0.1", port)) for _ in range(COUNT - 100)]
        round_trip(clients[-1])
        memory = resident_kilobytes(pid) - memory
        accepted = cpu_seconds(pid)
        time.sleep(WATCHED)
        idle = cpu_seconds(pid) - accepted
        for client in clients:
            client.close()
    return {
        "kB for a connection": memory / (COUNT - 100),
        "us to accept one": (accepted - cpu) / (COUNT - 100) * 1e6,
        "CPU % when idle": idle / WATCHED * 100,
    }


def round_trip(client: socket.socket) -> None:
    """Wait until the server has got round to this connection."""
    client.sendall(b"x")
    client.recv(1)
