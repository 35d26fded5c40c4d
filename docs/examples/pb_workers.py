"""
Workers behind a registry: a service that is scaled out over several processes, or machines.

    python pb_workers.py worker [REDIS [HOST]]      (default: redis://127.0.0.1:6379 127.0.0.1)
    python pb_workers.py sums COUNT [REDIS [once]]

A worker listens on a port of its own, and tells Redis its address again and again; what it has not
told for three seconds is forgotten. One that is asked to end (SIGTERM) finishes its calls. The
client asks Redis who there is, and spreads its calls. A sum does no harm when it is made twice: if
a worker is lost, another makes it. With ``once`` none is made twice; those whose worker is lost are
counted.
"""

import sys
import time

import redis

from twisted.internet.defer import Deferred, ensureDeferred, gatherResults
from twisted.internet.endpoints import serverFromString
from twisted.internet.task import LoopingCall, deferLater, react
from twisted.internet.threads import deferToThread
from twisted.spread import pb
from twisted.spread.pool import WorkerPool

KEY = "pb-workers"
LIFETIME = 3


class Registry:
    """Who there is: a sorted set of addresses, by the time until which they are good."""

    def __init__(self, url):
        self.redis = redis.from_url(url, decode_responses=True)

    def announce(self, address):
        """Say that a worker is there, and forget those that have not said so for long."""
        now = time.time()
        pipeline = self.redis.pipeline()
        pipeline.zremrangebyscore(KEY, 0, now).zadd(KEY, {address: now + LIFETIME}).execute()

    def withdraw(self, address):
        """Say that a worker is not there any more."""
        self.redis.zrem(KEY, address)

    def find(self):
        """The addresses that are good."""
        return self.redis.zrangebyscore(KEY, time.time(), "+inf")


class Worker(pb.Root):
    def __init__(self, reactor):
        self.reactor = reactor
        self.name = "?"

    async def remote_sum(self, numbers):
        # Something that takes its time.
        await deferLater(self.reactor, 0.02)
        return self.name, sum(numbers)


async def work(reactor, url="redis://127.0.0.1:6379", host="127.0.0.1"):
    registry, worker = Registry(url), Worker(reactor)
    endpoint = serverFromString(reactor, f"tcp:0:interface={host}")
    port = (await endpoint.listen(pb.PBServerFactory(worker))).getHost().port
    worker.name = f"tcp:{host}:{port}"
    announcing = LoopingCall(deferToThread, registry.announce, worker.name)
    announcing.start(LIFETIME / 3, now=False)
    await deferToThread(registry.announce, worker.name)

    async def leave():
        # Clients see it within a second, and have another for what they have begun.
        announcing.stop()
        await deferToThread(registry.withdraw, worker.name)
        await deferLater(reactor, 2)

    reactor.addSystemEventTrigger("before", "shutdown", lambda: ensureDeferred(leave()))
    print(f"listening on {port}", flush=True)
    await Deferred()


async def sums(reactor, count, url="redis://127.0.0.1:6379", how="again"):
    pool = WorkerPool(lambda: deferToThread(registry.find))
    registry = Registry(url)
    pool.startService()
    calls = pool if how == "once" else pool.retrying()

    async def add(number):
        try:
            name, total = await calls.callRemote("sum", [number, 1])
        except pb.PBConnectionLost:
            if how != "once":
                raise
            return "lost"
        assert total == number + 1
        return name

    done = await gatherResults([ensureDeferred(add(number)) for number in range(int(count))])
    await pool.stopService()
    for name in sorted(set(done)):
        print(name, done.count(name), flush=True)


react({"worker": work, "sums": sums}[sys.argv[1]], sys.argv[2:])
