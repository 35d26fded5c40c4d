"""Tests with the published release of Twisted, by processes of both that talk to each other."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.peer, pytest.mark.timeout(300)]

PROGRAM = Path(__file__).with_name("both_releases.py")
ROOT = Path(__file__).resolve().parents[3]
VERSION = "26.10.0"


@pytest.fixture(scope="session")
def pythons() -> dict[str, str]:
    """An interpreter of each release; that of the published one is installed once and kept."""
    given = os.environ.get("PUBLISHED_TWISTED_PYTHON")
    if given is None:
        folder = ROOT / ".nox" / f"published-{VERSION}"
        python = folder / "bin" / "python"
        stamp = folder / "installed"
        if not stamp.exists():
            venv.create(folder, with_pip=True, clear=True)
            subprocess.run(
                [python, "-m", "pip", "install", "-q", f"Twisted=={VERSION}"], check=True
            )
            stamp.touch()
        given = str(python)
    return {"ours": sys.executable, "published": given}


@pytest.fixture
def serve(pythons) -> Iterator[Callable[[str], list[str]]]:
    """Start the server of a release; gives its ports."""
    processes = []

    def start(release: str) -> list[str]:
        process = subprocess.Popen(
            [pythons[release], str(PROGRAM), "server"], stdout=subprocess.PIPE, text=True
        )
        processes.append(process)
        assert process.stdout is not None
        return process.stdout.readline().split()

    yield start
    for process in processes:
        process.kill()
        process.communicate()


EXPECTED = {
    **{f"value {index}": True for index in range(17)},
    "refused": "__main__.Refusal: no",
    "no such method": "twisted.spread.flavors.NoSuchMethod: No such method: remote_nothing",
    "called": "('thing', (1,), {'b': 'c'})",
    "is the thing": True,
    "references": 2,
    "references afterwards": 1,
    "called back": "('thing', ('x',), {'y': None})",
    "failed back": "__main__.Refusal: from the client",
    "point": "('RemotePoint', [1, 'two'])",
    "point of": "here",
    "count": "(0, 0)",
    "increased": 1,
    "count afterwards": "(1, 1)",
    "is the counter": True,
    "stopped": 0,
    "stopped afterwards": 1,
    "pages": "[1000, 1000, 500]",
    "twice": True,
    "cancelled": "CancelledError: ",
    "goes on": "on",
    "never": "the connection was lost",
    "dead": "it is",
    "name": "b'ann'",
    "view": "b'ann'",
    "asked": "('thing', (5,), {})",
    "wrong password": "twisted.cred.error.UnauthorizedLogin: ",
    "anonymous": "b'nobody'",
}


@pytest.mark.parametrize(
    ("server", "client"),
    [("ours", "ours"), ("ours", "published"), ("published", "ours"), ("published", "published")],
)
def test_releases(pythons, serve, server, client):
    """Whichever release serves and calls, the same comes of it."""
    ports = serve(server)
    done = subprocess.run(
        [pythons[client], str(PROGRAM), "client", *ports],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == EXPECTED, done.stderr


# A service that is scaled out over several processes, with Redis as its registry

EXAMPLE = ROOT / "docs" / "examples" / "pb_workers.py"


@pytest.fixture
def redis(tmp_path) -> Iterator[str]:
    """A Redis server of this test's own; gives its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=tmp_path, text=True) as process:
        assert process.stdout is not None
        while "eady to accept connections" not in process.stdout.readline():
            assert process.poll() is None
        yield f"redis://127.0.0.1:{port}"
        process.kill()


@pytest.fixture
def workers(redis) -> Iterator[list[subprocess.Popen[str]]]:
    """Three workers, which have told their addresses."""
    command = [sys.executable, "-W", "error", str(EXAMPLE), "worker", redis]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("listening on")
    yield started
    for process in started:
        process.kill()
        process.communicate()


def sums(redis: str, count: int, how: str = "again") -> subprocess.Popen[str]:
    """A client that makes calls; prints which worker has made how many."""
    command = [sys.executable, "-W", "error", str(EXAMPLE), "sums", str(count), redis, how]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_workers(redis, workers):
    """Clients find the workers by the registry, and spread their calls over them."""
    output, _ = sums(redis, 500).communicate(timeout=60)
    shares = [int(line.split()[1]) for line in output.splitlines()]
    assert sum(shares) == 500
    assert len(shares) == 3


def test_worker_that_leaves(redis, workers):
    """A worker that is asked to end amid calls leaves, and all calls are answered."""
    client = sums(redis, 900)
    workers[0].terminate()
    output, _ = client.communicate(timeout=60)
    assert sum(int(line.split()[1]) for line in output.splitlines()) == 900
    assert workers[0].wait(timeout=15) == 0


@pytest.mark.parametrize("how", ["again", "once"])
def test_killed_worker(redis, workers, how):
    """
    No call is lost in silence when a worker is killed amid them.

    Others make what it has not made, or, if nothing may be made twice, the callers are told.
    """
    host, port = redis.removeprefix("redis://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"MONITOR\r\n")
        client = sums(redis, 900, how)
        lines = connection.makefile()
        while "zrangebyscore" not in lines.readline().lower():
            assert client.poll() is None
        workers[0].kill()
    output, _ = client.communicate(timeout=60)
    assert client.returncode == 0
    assert sum(int(line.split()[1]) for line in output.splitlines()) == 900
