"""
Micro-benchmark of the web client; runs under this project and under the published Twisted.

A server of the same release runs in a process of its own. Prints one JSON object: the best of
several rounds, in microseconds of CPU time of the client for one request.
"""

import json
import subprocess
import sys
import warnings
from collections.abc import Callable, Generator
from pathlib import Path
from time import process_time
from typing import Any

from twisted.internet import defer, task
from twisted.web.client import Agent, HTTPConnectionPool, readBody

COUNT = 200
CONNECTIONS = 10
ROUNDS = 7


@defer.inlineCallbacks
def ask(agent: Agent, url: bytes) -> Generator[Any, Any, None]:
    for _ in range(COUNT):
        response = yield agent.request(b"GET", url)
        yield readBody(response)


async def get(client: Any, url: str) -> None:
    for _ in range(COUNT):
        response = await client.get(url)
        await response.text()


@defer.inlineCallbacks
def best(start: Callable[[], Any]) -> Generator[Any, Any, float]:
    times = []
    for _ in range(ROUNDS):
        before = process_time()
        yield defer.gatherResults([start() for _ in range(CONNECTIONS)])
        times.append(process_time() - before)
    return min(times) / COUNT / CONNECTIONS * 1e6


@defer.inlineCallbacks
def main(reactor: Any, port: int) -> Generator[Any, Any, None]:
    url = f"http://127.0.0.1:{port}/"
    pool = HTTPConnectionPool(reactor)
    pool.maxPersistentPerHost = CONNECTIONS
    agent = Agent(reactor, pool=pool)
    results = {"Agent with a pool": (yield best(lambda: ask(agent, url.encode())))}
    yield pool.closeCachedConnections()
    try:
        from twisted.web.client import HTTP2ConnectionPool
        from twisted.web.httpclient import Client
    except ImportError:
        pass
    else:
        shared = HTTP2ConnectionPool(reactor)
        shared.priorKnowledge = True
        agent = Agent(reactor, pool=shared)
        results["Agent, HTTP/2"] = yield best(lambda: ask(agent, url.encode()))
        yield shared.closeCachedConnections()
        client = Client(reactor)
        results["Client"] = yield best(lambda: defer.Deferred.fromCoroutine(get(client, url)))
        yield client.close()
    print(json.dumps(results))


warnings.simplefilter("ignore")
script = Path(__file__).with_name("servers") / "http_twisted.py"
with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as server:
    assert server.stdout is not None
    try:
        task.react(main, [int(server.stdout.readline())])
    finally:
        server.kill()
