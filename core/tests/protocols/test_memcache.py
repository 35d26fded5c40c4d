"""memcached: every command, answers at every split, servers that misbehave, and the real one."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from twisted.internet.defer import TimeoutError
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.protocols.memcache import (
    ClientError,
    MemCacheProtocol,
    NoSuchCommand,
    ServerError,
)
from twisted.python.failure import Failure


class Connected:
    def __init__(self) -> None:
        self.clock = Clock()
        self.transport = StringTransport()
        self.protocol = MemCacheProtocol()
        self.protocol.callLater = self.clock.callLater
        self.protocol.makeConnection(self.transport)

    def ask(self, command: Callable[[MemCacheProtocol], Any]) -> list[Any]:
        outcome: list[Any] = []
        command(self.protocol).addBoth(outcome.append)
        return outcome


COMMANDS: list[tuple[Callable[[MemCacheProtocol], Any], bytes, bytes, Any]] = [
    (lambda p: p.get(b"k"), b"get k", b"VALUE k 7 5\r\na\r\nEN\r\nEND\r\n", (7, b"a\r\nEN")),
    (lambda p: p.get(b"k"), b"get k", b"VALUE k 0 0\r\n\r\nEND\r\n", (0, b"")),
    (lambda p: p.get(b"k"), b"get k", b"END\r\n", (0, None)),
    (lambda p: p.get(b"k", True), b"gets k", b"VALUE k 0 1 99\r\nx\r\nEND\r\n", (0, b"99", b"x")),
    (lambda p: p.get(b"k", True), b"gets k", b"END\r\n", (0, b"", None)),
    (
        lambda p: p.getMultiple([b"a", b"b"]),
        b"get a b",
        b"VALUE b 1 1\r\nx\r\nEND\r\n",
        {b"a": (0, None), b"b": (1, b"x")},
    ),
    (lambda p: p.set(b"k", b"v\r\nx", 1, 2), b"set k 1 2 4\r\nv\r\nx", b"STORED\r\n", True),
    (lambda p: p.add(b"k", b"v"), b"add k 0 0 1\r\nv", b"NOT_STORED\r\n", False),
    (lambda p: p.replace(b"k", b"v"), b"replace k 0 0 1\r\nv", b"NOT_STORED\r\n", False),
    (lambda p: p.append(b"k", b"v"), b"append k 0 0 1\r\nv", b"STORED\r\n", True),
    (lambda p: p.prepend(b"k", b"v"), b"prepend k 0 0 1\r\nv", b"STORED\r\n", True),
    (lambda p: p.checkAndSet(b"k", b"v", b"9"), b"cas k 0 0 1 9\r\nv", b"EXISTS\r\n", False),
    (lambda p: p.increment(b"k"), b"incr k 1", b"41\r\n", 41),
    (lambda p: p.decrement(b"k", 2), b"decr k 2", b"NOT_FOUND\r\n", False),
    (lambda p: p.delete(b"k"), b"delete k", b"DELETED\r\n", True),
    (
        lambda p: p.stats(),
        b"stats",
        b"STAT a b c\r\nSTAT d e\r\nEND\r\n",
        {b"a": b"b c", b"d": b"e"},
    ),
    (lambda p: p.stats(b"items"), b"stats items", b"END\r\n", {}),
    (lambda p: p.version(), b"version", b"VERSION 1.6\r\n", b"1.6"),
    (lambda p: p.flushAll(), b"flush_all", b"OK\r\n", True),
]


@pytest.mark.parametrize(("command", "sent", "answer", "result"), COMMANDS)
def test_command(command: Any, sent: bytes, answer: bytes, result: Any) -> None:
    for i in range(len(answer)):
        there = Connected()
        outcome = there.ask(command)
        assert there.transport.value() == sent + b"\r\n"
        there.protocol.dataReceived(answer[:i])
        assert outcome == []
        there.protocol.dataReceived(answer[i:])
        assert outcome == [result]
        assert there.clock.getDelayedCalls() == []


def test_answers_come_in_order() -> None:
    there = Connected()
    outcomes = [there.ask(command) for command, *_ in COMMANDS]
    there.protocol.dataReceived(b"".join(answer for _, _, answer, _ in COMMANDS))
    assert outcomes == [[result] for *_, result in COMMANDS]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"ERROR\r\n", NoSuchCommand),
        (b"CLIENT_ERROR bad\r\n", ClientError),
        (b"SERVER_ERROR out of memory\r\n", ServerError),
    ],
)
def test_errors(answer: bytes, kind: type[Exception]) -> None:
    there = Connected()
    outcome = there.ask(lambda p: p.version())
    there.protocol.dataReceived(answer)
    assert outcome[0].check(kind)
    assert not there.transport.disconnecting


@pytest.mark.parametrize("key", [b"", b"a" * 251, b"a b", b"a\r\nflush_all", b"a\0", "text"])
def test_keys_that_would_be_something_else(key: Any) -> None:
    there = Connected()
    for command in (
        lambda p: p.get(key),
        lambda p: p.set(key, b"v"),
        lambda p: p.delete(key),
        lambda p: p.getMultiple([b"good", key]),
    ):
        assert there.ask(command)[0].check(ClientError)
    assert there.transport.value() == b""
    assert there.ask(lambda p: p.set(b"k", "text"))[0].check(ClientError)  # type: ignore[arg-type]
    assert there.ask(lambda p: p.checkAndSet(b"k", b"", b"1\r\nx"))[0].check(ClientError)


@pytest.mark.parametrize(
    "answer",
    [
        b"VALUE other 0 1\r\nx\r\nEND\r\n",
        b"VALUE k 0 -1\r\n",
        b"VALUE k 0 999999999999\r\n",
        b"VALUE k\r\n",
        b"WHAT\r\n",
        b"STAT pid 1\r\n",
        b"1" * 5000 + b"\r\n",
        b"x" * 20_000,
    ],
)
def test_server_that_makes_no_sense(answer: bytes) -> None:
    there = Connected()
    outcome = there.ask(lambda p: p.get(b"k"))
    there.protocol.dataReceived(answer)
    assert there.transport.disconnecting
    if not outcome:
        there.protocol.connectionLost(Failure(ConnectionDone()))
    assert isinstance(outcome[0], Failure)


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (lambda p: p.set(b"k", b"v"), b"END\r\n"),
        (lambda p: p.version(), b"END\r\n"),
        (lambda p: p.stats(), b"".join(b"STAT %d x\r\n" % i for i in range(10_001))),
    ],
)
def test_answers_to_something_else(command: Any, answer: bytes) -> None:
    """What does not belong to the command, or never ends, ends the connection."""
    there = Connected()
    outcome = there.ask(command)
    there.protocol.dataReceived(answer)
    assert outcome[0].check(ServerError)
    assert there.transport.disconnecting


def test_answer_to_nothing() -> None:
    there = Connected()
    there.protocol.dataReceived(b"END\r\n")
    assert there.transport.aborting


def test_answer_that_does_not_come() -> None:
    there = Connected()
    outcomes = [there.ask(lambda p: p.get(b"k")) for _ in range(2)]
    there.protocol.dataReceived(b"VALUE k 0 1000\r\n")
    there.clock.advance(59)
    there.protocol.dataReceived(b"x")
    there.clock.advance(59)
    assert outcomes == [[], []]
    there.clock.advance(1)
    assert all(outcome[0].check(TimeoutError) for outcome in outcomes)
    assert there.transport.disconnecting


def test_connection_that_ends() -> None:
    there = Connected()
    outcome = there.ask(lambda p: p.version())
    there.protocol.connectionLost(Failure(ConnectionDone()))
    assert outcome[0].check(ConnectionDone)
    assert there.ask(lambda p: p.version())[0].check(RuntimeError)
    assert there.clock.getDelayedCalls() == []


@pytest.mark.peer
def test_memcached(epoll: Any, kit: Any) -> None:
    memcached = shutil.which("memcached")
    assert memcached is not None, "memcached is not installed"
    port = kit.freePort()
    user = ["-u", "nobody"]
    with subprocess.Popen([memcached, "-l", "127.0.0.1", "-p", str(port), *user]) as server:
        try:
            kit.spin(epoll, lambda: kit.listens(port))
            client = kit.Client(MemCacheProtocol)
            epoll.connectTCP("127.0.0.1", port, client)
            kit.spin(epoll, lambda: client.proto is not None and client.proto.connected)
            client.proto.callLater = epoll.callLater

            def ask(command: Callable[[MemCacheProtocol], Any]) -> Any:
                outcome: list[Any] = []
                command(client.proto).addBoth(outcome.append)
                kit.spin(epoll, lambda: outcome)
                return outcome[0]

            big = b"x" * 900_000
            assert ask(lambda p: p.set(b"k", big, 5))
            assert ask(lambda p: p.get(b"k")) == (5, big)
            _, version, _ = ask(lambda p: p.get(b"k", True))
            assert ask(lambda p: p.checkAndSet(b"k", b"1", version))
            assert not ask(lambda p: p.checkAndSet(b"k", b"1", version))
            assert ask(lambda p: p.increment(b"k", 41)) == 42
            assert not ask(lambda p: p.add(b"k", b"x"))
            assert ask(lambda p: p.append(b"k", b"!"))
            assert ask(lambda p: p.getMultiple([b"k", b"none"])) == {
                b"k": (0, b"42!"),
                b"none": (0, None),
            }
            assert b"pid" in ask(lambda p: p.stats())
            assert ask(lambda p: p.version())
            assert ask(lambda p: p.delete(b"k"))
            assert not ask(lambda p: p.delete(b"k"))
            assert ask(lambda p: p.flushAll())
            assert ask(lambda p: p.increment(b"k")) is False
            client.proto.transport.loseConnection()
            kit.spin(epoll, lambda: client.lost)
        finally:
            server.kill()
