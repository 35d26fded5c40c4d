"""Run a server under load and read what one operation cost it."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from environments import CACHE

SERVERS = Path(__file__).with_name("servers")
SERVER_CPU = 0
LOAD_CPU = 1

Load = Callable[[int, float], tuple[float, float]]
"""Takes a port and seconds; gives operations and the seconds they really took."""


@dataclass(frozen=True)
class Sample:
    """One measurement: operations a second, and the server's CPU time for each in microseconds."""

    rate: float
    cpu: float


@dataclass(frozen=True)
class Competitor:
    """
    A server program.

    @ivar name: what it is called in tables.
    @ivar command: starts it, and prints a port.
    @ivar load: a load of its own, where others of the comparison speak another protocol.
    """

    name: str
    command: tuple[str, ...]
    load: Load | None = None


def server(name: str, python: Path, script: str, *arguments: str) -> Competitor:
    """A competitor whose program is one of the scripts in the folder ``servers``."""
    return Competitor(name, (str(python), str(SERVERS / script), *arguments))


def pin(cpu: int) -> Callable[[], None]:
    """A ``preexec_fn`` that keeps a child on one CPU where the machine has more than one."""

    def keep() -> None:
        if (os.cpu_count() or 1) > 1:
            os.sched_setaffinity(0, {cpu})

    return keep


def cpu_seconds(pid: int) -> float:
    """CPU time that all threads of a process have used, in seconds."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


@contextmanager
def running(competitor: Competitor) -> Iterator[tuple[int, int]]:
    """Start a competitor; gives its process id and port, and ends it afterwards."""
    with subprocess.Popen(
        competitor.command, stdout=subprocess.PIPE, preexec_fn=pin(SERVER_CPU), text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line.strip().isdigit():
                raise SystemExit(f"bench: {competitor.name} did not start: {line!r}")
            yield process.pid, int(line)
        finally:
            process.kill()


def sample(competitor: Competitor, load: Load, seconds: float) -> Sample:
    """Measure a competitor once, after a short warm-up."""
    load = competitor.load or load
    with running(competitor) as (pid, port):
        load(port, min(1.0, seconds / 3))
        before = cpu_seconds(pid)
        count, took = load(port, seconds)
        used = cpu_seconds(pid) - before
    return Sample(rate=count / took, cpu=used / count * 1e6)


def compare(
    competitors: list[Competitor], load: Load, seconds: float, rounds: int
) -> dict[str, Sample]:
    """Measure all competitors one after the other, ``rounds`` times; gives each one's medians."""
    samples: dict[str, list[Sample]] = {competitor.name: [] for competitor in competitors}
    for _ in range(rounds):
        for competitor in competitors:
            samples[competitor.name].append(sample(competitor, load, seconds))
    return {
        name: Sample(median(s.rate for s in taken), median(s.cpu for s in taken))
        for name, taken in samples.items()
    }


def echo_load(program: Path, connections: int, size: int) -> Load:
    """The compiled echo client: one message of ``size`` bytes under way on each connection."""

    def load(port: int, seconds: float) -> tuple[float, float]:
        output = subprocess.run(
            [program, str(port), str(connections), str(size), str(seconds)],
            check=True,
            capture_output=True,
            text=True,
            preexec_fn=pin(LOAD_CPU),
        ).stdout.split()
        return float(output[0]), float(output[1])

    return load


def net_load(mode: str) -> Load:
    """One of the loads of ``netload.py``."""
    return script_load(Path(sys.executable), "netload.py", mode)


def script_load(python: Path, script: str, mode: str) -> Load:
    """One of the loads of a script beside this one."""

    def load(port: int, seconds: float) -> tuple[float, float]:
        output = subprocess.run(
            [python, Path(__file__).with_name(script), mode, str(port), str(seconds)],
            check=True,
            capture_output=True,
            text=True,
            preexec_fn=pin(LOAD_CPU),
        ).stdout.split()
        return float(output[0]), float(output[1])

    return load


def wrk_load(connections: int, script: str | None = None) -> Load:
    """
    wrk with one thread, requesting ``/`` over ``connections`` kept alive.

    A script beside this module may say what is sent.
    """
    scripted = [] if script is None else ["-s", str(Path(__file__).with_name(script))]

    def load(port: int, seconds: float) -> tuple[float, float]:
        output = subprocess.run(
            [
                "wrk",
                "-t1",
                f"-c{connections}",
                f"-d{max(1, round(seconds))}s",
                *scripted,
                f"http://127.0.0.1:{port}/",
            ],
            check=True,
            capture_output=True,
            text=True,
            preexec_fn=pin(LOAD_CPU),
        ).stdout
        if "Non-2xx" in output or "Socket errors" in output:
            raise SystemExit(f"bench: the server answered with errors\n{output}")
        found = re.search(r"(\d+) requests in ([\d.]+)(m?)s", output)
        if found is None:
            raise SystemExit(f"bench: wrk printed no result\n{output}")
        return float(found[1]), float(found[2])

    return load


def h2load_load(connections: int, streams: int) -> Load:
    """h2load with one thread: so many requests for ``/`` at once on each connection, under TLS."""

    def load(port: int, seconds: float) -> tuple[float, float]:
        # A number of requests, for in a time given some servers hardly get beyond the handshakes.
        requests = round(3000 * seconds)
        output = subprocess.run(
            [
                *("h2load", "-t1", f"-c{connections}", f"-m{streams}", f"-n{requests}"),
                f"https://127.0.0.1:{port}/",
            ],
            check=True,
            capture_output=True,
            text=True,
            preexec_fn=pin(LOAD_CPU),
        ).stdout
        took = re.search(r"finished in ([\d.]+)(m?)s", output)
        if took is None or f"{requests} succeeded" not in output or "protocol: h2" not in output:
            raise SystemExit(f"bench: h2load had no answers by HTTP/2\n{output}")
        return float(requests), float(took[1]) / (1000 if took[2] else 1)

    return load


def slowest(competitor: Competitor, connections: int, rate: float, seconds: float) -> float:
    """
    The time that 99 of a hundred requests take at most, in milliseconds.

    @param rate: how many come in each second, over all connections, however slow the answers are.
    """
    with running(competitor) as (_, port), tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        subprocess.run(
            [
                *("h2load", "--h1", "-t1", f"-c{connections}", f"--rps={rate / connections}"),
                *(f"--duration={max(1, round(seconds))}", "--warm-up-time=1", f"--log-file={log}"),
                f"http://127.0.0.1:{port}/",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            preexec_fn=pin(LOAD_CPU),
        )
        lines = [line.split() for line in log.read_text().splitlines()]
    if not lines or any(status != "200" for _, status, _ in lines):
        raise SystemExit(f"bench: {competitor.name} answered with errors")
    return quantiles((float(took) for _, _, took in lines), n=100)[-1] / 1000


def dns_load(questions: str = "questions", transport: str = "udp") -> Load:
    """
    dnsperf with one thread and a hundred questions under way; all must be answered.

    ``questions`` names the function of ``dns_zone.py`` that gives them.
    """
    file = CACHE / questions
    file.write_text(runpy.run_path(str(SERVERS / "dns_zone.py"))[questions]())

    def load(port: int, seconds: float) -> tuple[float, float]:
        output = subprocess.run(
            [
                *("dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", str(file)),
                *("-l", str(max(1, round(seconds))), "-q", "100", "-c", "1", "-T", "1"),
                *("-m", transport),
            ],
            check=True,
            capture_output=True,
            text=True,
            preexec_fn=pin(LOAD_CPU),
        ).stdout
        completed = re.search(r"Queries completed: +(\d+)", output)
        took = re.search(r"Run time \(s\): +([\d.]+)", output)
        wrong = "SERVFAIL" in output or "REFUSED" in output
        if completed is None or took is None or completed[1] == "0" or wrong:
            raise SystemExit(f"bench: the questions were not answered\n{output}")
        return float(completed[1]), float(took[1])

    return load


@dataclass(frozen=True)
class Startup:
    """What it takes to run a command: best wall time in ms, largest resident set in MB."""

    milliseconds: float
    megabytes: float


def startup(command: list[str], rounds: int = 15) -> Startup:
    """Run a command several times and give its best wall time and its peak memory."""
    best = float("inf")
    peak = 0
    for _ in range(rounds):
        start = time.perf_counter()
        # A child forked from a large parent starts with the parent's peak; spawned, it does not.
        pid = os.posix_spawn(
            command[0],
            command,
            dict(os.environ, PYTHONDONTWRITEBYTECODE=""),
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            ],
        )
        _, status, usage = os.wait4(pid, 0)
        best = min(best, time.perf_counter() - start)
        peak = usage.ru_maxrss
        if status:
            raise SystemExit(f"bench: {' '.join(command)} failed")
    return Startup(best * 1000, peak / 1024)
