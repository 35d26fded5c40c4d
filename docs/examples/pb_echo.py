"""
Objects that are called over the network: a server, and a client of it.

    python pb_echo.py serve [ENDPOINT]          (default: tcp:8787:interface=127.0.0.1)
    python pb_echo.py call ENDPOINT TEXT...     e.g. tcp:localhost:8787 hello

Each text is sent back by a call of its own; all calls are under way at once.
"""

import sys

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import clientFromString, serverFromString
from twisted.internet.task import deferLater, react
from twisted.spread import pb


class EchoInterface(pb.RemoteInterface):
    """What the server can be asked for; both sides check the types."""

    async def echo(self, text: str) -> str: ...

    async def count(self, text: str, progress: object) -> dict[str, int]: ...


@pb.serves(EchoInterface)
class Echo(pb.Root):
    def __init__(self, reactor):
        self.reactor = reactor

    def remote_echo(self, text):
        return text

    async def remote_count(self, text, progress):
        """How often each letter occurs. @param progress: an object of the client's."""
        counted = {}
        for letter in text:
            counted[letter] = counted.get(letter, 0) + 1
            await deferLater(self.reactor, 0.01)
            await progress.callRemote("at", len(counted))
        return counted


class Progress(pb.Referenceable):
    """The server calls this while it works."""

    def __init__(self):
        self.steps = 0

    def remote_at(self, number):
        self.steps += 1


async def serve(reactor, endpoint="tcp:8787:interface=127.0.0.1"):
    factory = pb.PBServerFactory(Echo(reactor))
    port = await serverFromString(reactor, endpoint).listen(factory)
    print("listening on", port.getHost().port, flush=True)
    await Deferred()


async def call(reactor, endpoint, *texts):
    factory = pb.PBClientFactory()
    await clientFromString(reactor, endpoint).connect(factory)
    root = await factory.getRootObject()
    echo = EchoInterface(root.withTimeout(5, reactor))
    for text in await gatherResults([echo.echo(text) for text in texts]):
        print(text)
    progress = Progress()
    print(await echo.count(texts[0], progress), "in", progress.steps, "steps")
    factory.disconnect()


react({"serve": serve, "call": call}[sys.argv[1]], sys.argv[2:])
