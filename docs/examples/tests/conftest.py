"""What the tests of the examples share: starting a program and talking to it over real sockets."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[1]


@pytest.fixture
def run() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run an example to its end."""

    def start(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "error", str(EXAMPLES / name), *arguments],
            capture_output=True,
            text=True,
            timeout=15,
        )

    return start


@pytest.fixture
def begin() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start examples; they are ended afterwards."""
    processes: list[subprocess.Popen[str]] = []

    def start(name: str, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", str(EXAMPLES / name), *arguments],
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.terminate()
        output, _ = process.communicate(timeout=15)
        assert process.returncode == 0, output


@pytest.fixture
def serve(begin: Callable[..., subprocess.Popen[str]]) -> Callable[..., int]:
    """Start an example that prints ``listening on PORT``; gives the port."""

    def start(name: str, *arguments: str) -> int:
        process = begin(name, *arguments)
        assert process.stdout is not None
        words = process.stdout.readline().split()
        assert words[:2] == ["listening", "on"]
        return int(words[2])

    return start


@pytest.fixture
def dial() -> Iterator[Callable[[int], socket.socket]]:
    """Connect to a port of 127.0.0.1; all connections are closed after the test."""
    connections: list[socket.socket] = []

    def connect(port: int) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        connections.append(connection)
        return connection

    yield connect
    for connection in connections:
        connection.close()
