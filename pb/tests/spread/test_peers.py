"""Tests with the published release of Twisted, by processes of both that talk to each other."""

from __future__ import annotations

import json
import os
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
