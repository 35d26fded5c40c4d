"""Whole programs, run as users run them."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys

import pytest

ECHO = """
from twisted.internet import endpoints, protocol, reactor

class Shout(protocol.Protocol):
    def dataReceived(self, data):
        self.transport.write(data.upper())

class ShoutFactory(protocol.Factory):
    def buildProtocol(self, addr):
        return Shout()

def listening(port):
    print(port.getHost().port, flush=True)

endpoints.serverFromString(reactor, "tcp:0:interface=127.0.0.1").listen(
    ShoutFactory()
).addCallback(listening)
reactor.run()
"""

PLAIN_ECHO = """
from twisted.internet import protocol
from twisted.internet import reactor

class Shout(protocol.Protocol):
    def dataReceived(self, data):
        self.transport.write(data.upper())

class ShoutFactory(protocol.ServerFactory):
    protocol = Shout

port = reactor.listenTCP(0, ShoutFactory(), interface="127.0.0.1")
print(port.getHost().port, flush=True)
reactor.run()
"""

CHAT = """
from twisted.internet import endpoints, protocol, reactor
from twisted.protocols import basic

class Member(basic.LineReceiver):
    def connectionMade(self):
        self.factory.members.append(self)
        self.sendLine(b"%d here" % len(self.factory.members))

    def connectionLost(self, reason):
        self.factory.members.remove(self)

    def lineReceived(self, line):
        where = "<{}> ".format(self.transport.getHost()).encode("ascii")
        for member in self.factory.members:
            member.sendLine(where + line)

class Room(protocol.Factory):
    protocol = Member

    def __init__(self):
        self.members = []

endpoints.serverFromString(reactor, "tcp:0:interface=127.0.0.1").listen(Room()).addCallback(
    lambda port: print(port.getHost().port, flush=True)
)
reactor.run()
"""

THREADS = """
from twisted.internet import reactor

total = 0

def add(number):
    global total
    total += number
    if total == 5 * sum(range(1, 21)):
        print(total)
        reactor.stop()

def work(number):
    for _ in range(5):
        reactor.callFromThread(add, number)

for number in range(1, 21):
    reactor.callInThread(work, number)
reactor.run()
"""


class Program:
    """A server in a process of its own that prints its port."""

    def __init__(self, code: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", code],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(self.process.communicate()[1])
        self.port = int(line)

    def connect(self) -> socket.socket:
        """Connect to the server."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=5)

    def stop(self) -> None:
        """Ask the server to stop; it has to do that in good order and without a word."""
        self.process.send_signal(signal.SIGTERM)
        output, errors = self.process.communicate(timeout=10)
        assert (self.process.returncode, output, errors) == (0, "", "")


@pytest.mark.parametrize("code", [ECHO, PLAIN_ECHO], ids=["endpoint", "listenTCP"])
def test_echo(code):
    """A server answers several clients at once, and stops on a signal while they are there."""
    program = Program(code)
    with program.connect() as one, program.connect() as two:
        two.sendall(b"second")
        one.sendall(b"first")
        assert one.recv(100) == b"FIRST"
        assert two.recv(100) == b"SECOND"
        big = b"x" * 200_000
        one.sendall(big)
        got = b""
        while len(got) < len(big):
            got += one.recv(1_000_000)
        assert got == big.upper()
        program.stop()


def test_chat():
    """What one member of a room says, all members hear, and others when they have left."""
    program = Program(CHAT)
    with program.connect() as one, one.makefile("rb") as first:
        assert first.readline() == b"1 here\r\n"
        with program.connect() as two, two.makefile("rb") as second:
            assert second.readline() == b"2 here\r\n"
            two.sendall(b"hel")
            two.sendall(b"lo\r\nagain\r\n")
            for member in (first, second):
                line = member.readline()
                assert re.fullmatch(rb"<IPv4Address\(.*\)> hello\r\n", line)
                assert member.readline().endswith(b"> again\r\n")
        with program.connect() as three, three.makefile("rb") as third:
            third.readline()
            one.sendall(b"bye\r\n")
            assert first.readline() == third.readline()
        program.stop()


def test_threads():
    """Threads hand their results to the reactor, none is lost, and the program ends."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", THREADS], capture_output=True, text=True, timeout=15
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "1050\n", "")
