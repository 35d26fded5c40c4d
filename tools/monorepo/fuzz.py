"""
Fuzz what reads the bytes of strangers, guided by coverage.

A target is a test module in ``<distribution>/tests/fuzz`` with `SEEDS` and one of

- ``fuzz(data)``: feed a parser; its own errors for bad input are caught there, any other escapes;
- ``CONNECT``: functions that give a protocol which has been connected to a `StringTransport`.
  Each gets the input whole, in halves and octet by octet: it must not raise, and must say the
  same each time (once ``comparable(said)``, if there is that, has taken out the time of day).

The reactor of the process is one in memory meanwhile, where every name has an address, so that
nothing is sent.  No failure may be logged but of the exceptions in ``LOGGED``, if there is that.
An input has at most ``MOST`` octets, 4,096 by default; one that takes ten seconds or a gigabyte is
reported.

    python -m monorepo.fuzz                              every target, 10 seconds each
    python -m monorepo.fuzz core web --seconds 60        those of some distributions
    python -m monorepo.fuzz web/tests/fuzz/test_ranges.py --seconds 600

Needs atheris.  What breaks a target is kept in ``.fuzz/``; found inputs belong into its `SEEDS`.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MOST = 4096
LONGEST_SECONDS = 10
LARGEST_MEGABYTES = 1024


def damaged(seeds: Sequence[bytes]) -> Iterator[bytes]:
    """The seeds, all that is cut off from them, and some of what chance makes of them."""
    chance = random.Random(0)
    for seed in seeds:
        yield seed
        yield from (seed[:end] for end in range(0, len(seed), max(1, len(seed) // 64)))
        for _ in range(64):
            at, other = chance.randrange(len(seed) + 1), chance.choice(seeds)
            piece = chance.choice(
                [b"", bytes([chance.randrange(256)]), seed[at : at + 9] * 3, other, b"\0\xff\r\n"]
            )
            yield seed[:at] + piece + seed[at + chance.randrange(4) :]


def checker(target: ModuleType) -> Callable[[bytes], None]:
    """What feeds a target with an input and raises if anything is wrong then."""
    from twisted.logger import globalLogPublisher

    if hasattr(target, "fuzz"):
        feeds = [target.fuzz]
    else:
        comparable = getattr(target, "comparable", bytes)
        feeds = [_conversation(connect, comparable) for connect in target.CONNECT]
    expected = getattr(target, "LOGGED", ())
    failures: list[Any] = []

    def note(event: Any) -> None:
        failure = event.get("log_failure")
        if failure is not None and not isinstance(failure.value, expected):
            failures.append(failure)

    def check(data: bytes) -> None:
        globalLogPublisher.addObserver(note)
        try:
            with reactor_in_memory():
                for feed in feeds:
                    feed(data)
        finally:
            globalLogPublisher.removeObserver(note)
        if failures:
            raise AssertionError("a failure was logged") from failures.pop().value

    return check


@contextmanager
def reactor_in_memory() -> Iterator[None]:
    """For a while, let the reactor of the process be one that does nothing."""
    import twisted.internet
    from twisted.internet.defer import Deferred, succeed
    from twisted.internet.testing import MemoryReactorClock

    class Reactor(MemoryReactorClock):
        def resolve(self, name: str, timeout: Any = 10) -> Deferred[str]:
            return succeed("127.0.0.1")

    # Where `from twisted.internet import reactor` looks.
    name, where = "reactor", vars(twisted.internet)
    installed = where.get(name)
    where[name] = Reactor()
    try:
        yield
    finally:
        if installed is None:
            del where[name]
        else:
            where[name] = installed


def _conversation(
    connect: Callable[[], Any], comparable: Callable[[bytes], bytes]
) -> Callable[[bytes], None]:
    """What feeds a protocol with an input in several ways."""

    def said(data: bytes, size: int) -> bytes:
        from twisted.internet.error import ConnectionDone
        from twisted.python.failure import Failure

        protocol = connect()
        transport = protocol.transport
        for start in range(0, len(data), size):
            if transport.disconnecting:
                break
            protocol.dataReceived(data[start : start + size])
        protocol.connectionLost(Failure(ConnectionDone()))
        return comparable(transport.value())

    def feed(data: bytes) -> None:
        sizes = (max(1, len(data)), max(1, len(data) // 2), 1)
        whole, *others = (said(data, size) for size in sizes)
        for size, other in zip(sizes[1:], others, strict=True):
            assert other == whole, f"in pieces of {size}: {other[:200]!r}, whole: {whole[:200]!r}"

    return feed


def load(path: Path) -> ModuleType:
    """A target's module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Data classes look their modules up.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def targets(wanted: Sequence[str]) -> list[Path]:
    """The files of targets: those of the distributions named, those named, or all."""
    found = sorted(ROOT.glob("*/tests/fuzz/test_*.py"))
    return [
        path
        for path in found
        if not wanted or {path.relative_to(ROOT).parts[0], str(path.relative_to(ROOT))} & {*wanted}
    ]


def guided(path: Path, seconds: int) -> None:
    """Fuzz one target in this process, guided by coverage; does not return."""
    import atheris

    with atheris.instrument_imports(include=["twisted"]):
        target = load(path)
    most = getattr(target, "MOST", MOST)
    kept = ROOT / ".fuzz" / path.relative_to(ROOT).parts[0] / path.stem
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(target.SEEDS):
            Path(corpus, f"seed-{number}").write_bytes(seed)
        options = {
            "max_total_time": seconds,
            "timeout": LONGEST_SECONDS,
            "rss_limit_mb": LARGEST_MEGABYTES,
            "max_len": most,
            "artifact_prefix": f"{kept}/",
            "verbosity": 0,
            "print_final_stats": 1,
        }
        words = [f"-{name}={value}" for name, value in options.items()]
        atheris.Setup([path.stem, *words, corpus], checker(target))
        atheris.Fuzz()


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz what the command line asks for. @return: an exit status."""
    parser = argparse.ArgumentParser(prog="fuzz", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("targets", nargs="*", help="distributions, or files of targets")
    parser.add_argument("--seconds", type=int, default=10, help="for each target")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    found = targets(options.targets)
    if not found:
        parser.error("no such target")
    if options.here:
        guided(found[0], options.seconds)
    broken = []
    for path in found:
        name = str(path.relative_to(ROOT))
        command = [sys.executable, "-m", "monorepo.fuzz", "--here", name]
        done = subprocess.run(
            [*command, "--seconds", str(options.seconds)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        tried = [line for line in done.stdout.splitlines() if "number_of_executed_units" in line]
        print(f"{name}: {tried[0].split()[-1] if tried else 'no'} inputs", flush=True)
        if done.returncode:
            broken.append(name)
            print(done.stdout[-6000:])
    print(f"{len(found)} targets, broken: {', '.join(broken) or 'none'}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
