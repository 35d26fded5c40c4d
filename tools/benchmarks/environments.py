"""The interpreters that are compared: a virtual environment for each, made once and kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".bench"
PUBLISHED_VERSION = "26.10.0"


@dataclass(frozen=True)
class Environment:
    """A virtual environment and what pip installs into it."""

    name: str
    requirements: tuple[str, ...]

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return CACHE / self.name / "bin" / "python"

    def prepare(self) -> None:
        """Make the environment unless the same requirements were installed before."""
        stamp = CACHE / self.name / "requirements.txt"
        wanted = "\n".join((sys.version, *self.requirements))
        if stamp.exists() and stamp.read_text() == wanted:
            return
        print(f"preparing the environment {self.name!r} ...", file=sys.stderr)
        venv.create(CACHE / self.name, with_pip=True, clear=True)
        subprocess.run(
            [self.python, "-m", "pip", "install", "--quiet", *self.requirements],
            check=True,
            stderr=subprocess.DEVNULL if os.environ.get("CI") else None,
        )
        stamp.write_text(wanted)


# Users run what is installed from wheels, so this project's environment is no editable install
# either: pip copies the source trees in, and `refresh` brings them up to date.
OURS = Environment(
    "ours",
    (
        f"{ROOT / 'core'}[tls,uvloop]",
        f"{ROOT / 'web'}[http2,websocket]",
        *(str(ROOT / folder) for folder in ("names", "pb")),
    ),
)
PUBLISHED = Environment("published", (f"Twisted[tls,http2,websocket]=={PUBLISHED_VERSION}",))
PEERS = Environment(
    "peers",
    (
        "aiohttp",
        "websockets",
        "httpx",
        "uvicorn",
        "httptools",
        "uvloop",
        "hypercorn",
        "dnspython",
        "dnslib",
        "rpyc",
        "Pyro5",
    ),
)


def refresh() -> None:
    """Install the checkout's present state into the environment `OURS`."""
    OURS.prepare()
    pip = [str(OURS.python), "-m", "pip", "install", "--quiet", "--no-deps", "--force-reinstall"]
    subprocess.run([*pip, *OURS.requirements], check=True, stderr=subprocess.DEVNULL)


def certificate() -> Path:
    """A private key and its certificate in one file, for servers under TLS."""
    file = CACHE / "certificate.pem"
    if not file.exists():
        made = (
            "from twisted.internet import ssl\n"
            "key = ssl.KeyPair.generate(size=2048)\n"
            "print(key.selfSignedCert(1, CN='localhost').dumpPEM().decode())\n"
        )
        output = subprocess.run(
            [OURS.python, "-c", made], check=True, capture_output=True, text=True
        ).stdout
        file.write_text(output)
    return file


def compile_load_generator() -> Path:
    """Compile ``echoload.c`` if it changed, and give the program's path."""
    source = Path(__file__).with_name("echoload.c")
    program = CACHE / "echoload"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if compiler is None:
            raise SystemExit("bench: no C compiler found (install the package gcc)")
        CACHE.mkdir(exist_ok=True)
        subprocess.run([compiler, "-O2", "-o", program, source], check=True)
    return program
