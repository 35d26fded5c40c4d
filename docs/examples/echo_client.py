"""
A client that sends a line to an echo server, waits for the answer and prints it.

    python echo_client.py ENDPOINT TEXT     e.g. tcp:localhost:1234 hello
"""

import sys

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import clientFromString, connectProtocol
from twisted.internet.task import react
from twisted.protocols.basic import LineReceiver


class Caller(LineReceiver):
    def __init__(self):
        self.waiting = []

    def ask(self, line):
        """Send a line; the Deferred fires with the line that comes back."""
        answer = Deferred()
        self.waiting.append(answer)
        self.sendLine(line)
        return answer

    def lineReceived(self, line):
        self.waiting.pop(0).callback(line)

    def connectionLost(self, reason):
        for answer in self.waiting:
            answer.errback(reason)


async def main(reactor, endpoint, text):
    caller = await connectProtocol(clientFromString(reactor, endpoint), Caller())
    answer = await caller.ask(text.encode()).addTimeout(5, reactor)
    print(answer.decode())
    caller.transport.loseConnection()


react(main, sys.argv[1:])
