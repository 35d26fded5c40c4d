#!/usr/bin/env python3
"""
Compare this project with the published Twisted and the best peers, one after the other in one run.

    python tools/benchmarks/run.py                      everything
    python tools/benchmarks/run.py echo http            some
    python tools/benchmarks/run.py --seconds 5 --json results.json

Prints, for servers, operations a second and the server's CPU time for each operation, and ratios
to the published release, or to this one if that has nothing of the kind.  The server is kept on
one CPU and the load generator on another.  Needs Linux, a C compiler, wrk for `http`, `asgi` and
`latency`, h2load (of nghttp2-client) for that and `http2`, and dnsperf for `dns-server`.
Environments are kept in ``.bench/`` of the repository.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
from dataclasses import asdict, replace
from pathlib import Path
from statistics import median

from environments import OURS, PEERS, PUBLISHED, certificate, compile_load_generator, refresh
from idle import idle_cost
from measure import (
    Competitor,
    Load,
    Sample,
    compare,
    dns_load,
    echo_load,
    h2load_load,
    net_load,
    script_load,
    server,
    slowest,
    startup,
    wrk_load,
)

HERE = Path(__file__).parent
STARTUPS = {
    "bare interpreter": "",
    "twisted.internet.defer": "import twisted.internet.defer",
    "twisted.internet.reactor": "from twisted.internet import reactor",
    "twisted.web.server": "import twisted.web.server",
    "asyncio": "import asyncio",
}

Results = dict[str, dict[str, dict[str, float]]]


def show_servers(title: str, results: dict[str, Sample]) -> None:
    """Print the table of a comparison of servers."""
    base = results.get("published") or results["ours"]
    print(f"\n{title:<28}{'ops/s':>12}{'ratio':>8}{'CPU us/op':>12}{'ratio':>8}")
    for name, result in results.items():
        print(
            f"{name:<28}{result.rate:>12,.0f}{result.rate / base.rate:>8.2f}"
            f"{result.cpu:>12.2f}{result.cpu / base.cpu:>8.2f}"
        )


def show_times(title: str, ours: dict[str, float], published: dict[str, float], unit: str) -> None:
    """Print the table of a comparison of times that both releases were measured for."""
    print(f"\n{title:<40}{'ours':>10}{'published':>12}{'ratio':>8}")
    for name, time in ours.items():
        if name in published:
            there = published[name]
            print(f"{name:<40}{time:>10.3f}{there:>12.3f}{time / there:>8.2f}  {unit}")


def servers(
    title: str, competitors: list[Competitor], load: Load, options: argparse.Namespace
) -> Results:
    """Run and print one comparison of servers."""
    results = compare(competitors, load, options.seconds, options.rounds)
    show_servers(title, results)
    return {title: {name: asdict(result) for name, result in results.items()}}


def echo(options: argparse.Namespace) -> Results:
    """TCP echo."""
    load = echo_load(compile_load_generator(), options.connections, options.size)
    return servers("TCP echo", echo_servers(), load, options)


def echo_servers() -> list[Competitor]:
    """The TCP echo servers that are compared."""
    return [
        server("ours", OURS.python, "echo_twisted.py"),
        server("ours, carried by uvloop", OURS.python, "echo_twisted.py", "uvloop"),
        server("published", PUBLISHED.python, "echo_twisted.py"),
        server("asyncio", PEERS.python, "echo_asyncio.py"),
        server("uvloop", PEERS.python, "echo_asyncio.py", "uvloop"),
    ]


def net_servers(*arguments: str) -> list[Competitor]:
    """The servers of one kind of ``servers/net_*.py`` that are compared."""
    return [
        server("ours", OURS.python, "net_twisted.py", *arguments),
        server("ours, carried by uvloop", OURS.python, "net_twisted.py", *arguments, "uvloop"),
        server("published", PUBLISHED.python, "net_twisted.py", *arguments),
        server("asyncio", PEERS.python, "net_asyncio.py", *arguments),
        server("uvloop", PEERS.python, "net_asyncio.py", *arguments, "uvloop"),
    ]


def tls(options: argparse.Namespace) -> Results:
    """Megabytes echoed under TLS, and handshakes."""
    competitors = net_servers("tls", str(certificate()))
    bulk = servers("TLS bulk echo, MB", competitors, net_load("tls-bulk"), options)
    return bulk | servers("TLS handshake", competitors, net_load("tls-handshake"), options)


def udp(options: argparse.Namespace) -> Results:
    """Datagrams echoed."""
    return servers("UDP echo", net_servers("udp"), net_load("udp"), options)


def send(options: argparse.Namespace) -> Results:
    """Megabytes sent over TCP."""
    return servers("TCP send, MB", net_servers("send"), net_load("send"), options)


def accept(options: argparse.Namespace) -> Results:
    """Connections accepted and closed."""
    return servers("accept and close", net_servers("close"), net_load("close"), options)


def http(options: argparse.Namespace) -> Results:
    """HTTP over kept-alive connections: hello, files of 100 kB and 10 MB, a form of 10 kB."""
    if shutil.which("wrk") is None:
        raise SystemExit("bench: wrk not found (install the package wrk)")
    uvicorn = server(
        "uvicorn httptools uvloop", PEERS.python, "asgi_uvicorn.py", "httptools", "uvloop"
    )
    carried = server("ours, carried by uvloop", OURS.python, "http_twisted.py", "hello", "uvloop")
    results: Results = {}
    for title, kind, further, scripted in (
        ("HTTP hello", "hello", [carried, uvicorn], None),
        ("HTTP file, 100 kB", "file", [], None),
        ("HTTP file, 10 MB", "large", [], None),
        ("HTTP form, 10 kB", "form", [], "form.lua"),
    ):
        competitors = [
            server("ours", OURS.python, "http_twisted.py", kind),
            server("published", PUBLISHED.python, "http_twisted.py", kind),
            server("aiohttp", PEERS.python, "http_aiohttp.py", kind),
            *further,
        ]
        results |= servers(title, competitors, wrk_load(options.connections, scripted), options)
    return results


def asgi(options: argparse.Namespace) -> Results:
    """The same from an application of ASGI."""
    if shutil.which("wrk") is None:
        raise SystemExit("bench: wrk not found (install the package wrk)")
    competitors = [
        server("ours", OURS.python, "asgi_twisted.py"),
        server("ours, carried by uvloop", OURS.python, "asgi_twisted.py", "uvloop"),
        server("uvicorn h11", PEERS.python, "asgi_uvicorn.py", "h11"),
        server("uvicorn httptools", PEERS.python, "asgi_uvicorn.py", "httptools"),
        server("uvicorn httptools uvloop", PEERS.python, "asgi_uvicorn.py", "httptools", "uvloop"),
        server("hypercorn", PEERS.python, "asgi_hypercorn.py"),
    ]
    return servers("ASGI hello", competitors, wrk_load(options.connections), options)


def http2(options: argparse.Namespace) -> Results:
    """HTTP/2 hello under TLS, ten requests at once on each connection."""
    if shutil.which("h2load") is None:
        raise SystemExit("bench: h2load not found (install the package nghttp2-client)")
    pem = str(certificate())
    competitors = [
        server("ours", OURS.python, "http_twisted.py", "hello", pem),
        server("published", PUBLISHED.python, "http_twisted.py", "hello", pem),
        server("hypercorn", PEERS.python, "http_hypercorn.py", pem),
        server("hypercorn uvloop", PEERS.python, "http_hypercorn.py", pem, "uvloop"),
    ]
    return servers("HTTP/2 hello", competitors, h2load_load(options.connections, 10), options)


def pb(options: argparse.Namespace) -> Results:
    """Calls of Perspective Broker with a small dict, 100 under way; rpyc and Pyro5 for scale."""
    load = script_load(PEERS.python, "pbload.py", "pb")
    competitors = [
        server("ours", OURS.python, "pb_twisted.py"),
        server("published", PUBLISHED.python, "pb_twisted.py"),
    ]
    for name, script, mode in (("rpyc", "pb_rpyc.py", "rpyc"), ("Pyro5", "pb_pyro.py", "pyro")):
        own = script_load(PEERS.python, "pbload.py", mode)
        competitors.append(replace(server(name, PEERS.python, script), load=own))
    return servers("calls of objects", competitors, load, options)


def latency(options: argparse.Namespace) -> Results:
    """How long the slowest requests of a hundred take, at half of the load that aiohttp bears."""
    if shutil.which("wrk") is None or shutil.which("h2load") is None:
        raise SystemExit("bench: wrk or h2load not found (install wrk and nghttp2-client)")
    aiohttp = server("aiohttp", PEERS.python, "http_aiohttp.py", "hello")
    borne = compare([aiohttp], wrk_load(options.connections), options.seconds, options.rounds)
    competitors = [
        server("ours", OURS.python, "http_twisted.py", "hello"),
        server("published", PUBLISHED.python, "http_twisted.py", "hello"),
        aiohttp,
    ]
    rate = borne["aiohttp"].rate / 2
    taken: dict[str, list[float]] = {competitor.name: [] for competitor in competitors}
    for _ in range(options.rounds):
        for competitor in competitors:
            slow = slowest(competitor, options.connections, rate, options.seconds)
            taken[competitor.name].append(slow)
    print(f"\n{f'HTTP hello, {rate:,.0f} requests/s':<40}{'p99, ms':>10}")
    results = {name: median(each) for name, each in taken.items()}
    for name, milliseconds in results.items():
        print(f"{name:<40}{milliseconds:>10.2f}")
    return {"latency": {name: {"p99": found} for name, found in results.items()}}


def websocket(options: argparse.Namespace) -> Results:
    """Texts of 64 octets echoed over WebSocket."""
    competitors = [
        server("ours", OURS.python, "websocket_twisted.py"),
        server("published", PUBLISHED.python, "websocket_twisted.py"),
        server("aiohttp", PEERS.python, "websocket_aiohttp.py"),
        server("websockets", PEERS.python, "websocket_websockets.py"),
    ]
    return servers("WebSocket echo", competitors, net_load("websocket"), options)


def dns_server(options: argparse.Namespace) -> Results:
    """Questions to name servers: few names over UDP and TCP, and names that never come twice."""
    if shutil.which("dnsperf") is None:
        raise SystemExit("bench: dnsperf not found (install the package dnsperf)")
    competitors = [
        server("ours", OURS.python, "dns_twisted.py"),
        server("ours, carried by uvloop", OURS.python, "dns_twisted.py", "uvloop"),
        server("published", PUBLISHED.python, "dns_twisted.py"),
        server("dnspython on asyncio", PEERS.python, "dns_dnspython.py"),
        server("dnslib on asyncio", PEERS.python, "dns_dnslib.py"),
    ]
    found = servers("DNS over UDP", competitors, dns_load(), options)
    found |= servers("DNS over UDP, new names", competitors, dns_load("others"), options)
    return found | servers("DNS over TCP", competitors[:3], dns_load(transport="tcp"), options)


def idle(options: argparse.Namespace) -> Results:
    """Ten thousand connections that say nothing."""
    results = {competitor.name: idle_cost(competitor) for competitor in echo_servers()}
    for name, costs in results.items():
        print(f"\n10,000 idle connections: {name}")
        for what, cost in costs.items():
            print(f"    {what:<24}{cost:>10.2f}")
    return {"idle": results}


def script(name: str, options: argparse.Namespace) -> Results:
    """A script that prints its times as JSON, run under both releases in turns; the best count."""
    best: dict[str, dict[str, float]] = {"ours": {}, "published": {}}
    for _ in range(options.rounds):
        for environment in (OURS, PUBLISHED):
            output = subprocess.run(
                [environment.python, HERE / name], check=True, capture_output=True, text=True
            ).stdout
            known = best[environment.name]
            for operation, time in json.loads(output).items():
                known[operation] = min(time, known.get(operation, time))
    show_times(name, best["ours"], best["published"], "us")
    return {name: best}


def deferred(options: argparse.Namespace) -> Results:
    """Deferred micro-operations."""
    return script("deferred.py", options)


def timers(options: argparse.Namespace) -> Results:
    """Reactor timers."""
    return script("timers.py", options)


def logger(options: argparse.Namespace) -> Results:
    """Events that nobody wants, and those that are written."""
    return script("logger.py", options)


def beside(name: str, ours: dict[str, float], options: argparse.Namespace) -> dict[str, float]:
    """A script that prints the times of others as JSON; the best count, and stand beside ours."""
    peers: dict[str, float] = {}
    for _ in range(options.rounds):
        output = subprocess.run(
            [PEERS.python, HERE / name], check=True, capture_output=True, text=True
        ).stdout
        for operation, time in json.loads(output).items():
            peers[operation] = min(time, peers.get(operation, time))
    print()
    for operation, time in (ours | peers).items():
        print(f"{operation:<40}{time:>10.3f}  us")
    return peers


def client(options: argparse.Namespace) -> Results:
    """Requests of the web client, and of others."""
    results = script("client.py", options)
    ours = {"Client": results["client.py"]["ours"]["Client"]}
    results["client.py"]["peers"] = beside("client_peers.py", ours, options)
    return results


def dns_codec(options: argparse.Namespace) -> Results:
    """Messages of DNS with ten records."""
    results = script("dns_codec.py", options)
    ours = results["dns_codec.py"]["ours"]
    results["dns_codec.py"]["peers"] = beside("dns_codec_peers.py", ours, options)
    return results


def spread(options: argparse.Namespace) -> Results:
    """Banana and jelly."""
    return script("spread.py", options)


def start_up(options: argparse.Namespace) -> Results:
    """Import time, memory, and ``twist --help``."""
    times: dict[str, dict[str, float]] = {"ours": {}, "published": {}}
    memory: dict[str, dict[str, float]] = {"ours": {}, "published": {}}
    for environment in (OURS, PUBLISHED):
        commands = {name: [str(environment.python), "-c", code] for name, code in STARTUPS.items()}
        commands["twist --help"] = [str(environment.python.with_name("twist")), "--help"]
        for name, command in commands.items():
            found = startup(command)
            times[environment.name][name] = found.milliseconds
            memory[environment.name][name] = found.megabytes
    show_times("start-up", times["ours"], times["published"], "ms")
    show_times("peak memory", memory["ours"], memory["published"], "MB")
    return {"start-up": times, "peak memory": memory}


SUITES = {
    "echo": echo,
    "tls": tls,
    "udp": udp,
    "send": send,
    "accept": accept,
    "http": http,
    "asgi": asgi,
    "http2": http2,
    "pb": pb,
    "latency": latency,
    "websocket": websocket,
    "dns-server": dns_server,
    "idle": idle,
    "deferred": deferred,
    "timers": timers,
    "logger": logger,
    "client": client,
    "spread": spread,
    "dns-codec": dns_codec,
    "startup": start_up,
}


def main() -> None:
    """Parse the command line, run the suites asked for and print their tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "suites", nargs="*", metavar="suite", help=f"of {', '.join(SUITES)} (default: all)"
    )
    parser.add_argument("--connections", type=int, default=50, help="connections of a load (50)")
    parser.add_argument("--size", type=int, default=64, help="bytes of an echo message (64)")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of one measurement (3)")
    parser.add_argument(
        "--rounds", type=int, default=3, help="measurements of each; medians count (3)"
    )
    parser.add_argument("--json", type=Path, help="write all results into this file, too")
    options = parser.parse_args()
    unknown = set(options.suites) - set(SUITES)
    if unknown:
        parser.error(f"no suite is named {', '.join(sorted(unknown))}")
    refresh()
    PUBLISHED.prepare()
    PEERS.prepare()
    results: Results = {}
    for name in options.suites or SUITES:
        results |= SUITES[name](options)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
