"""The client of dictionaries."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twisted.internet import error
from twisted.internet.defer import CancelledError
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.protocols import dict as dictionary
from twisted.protocols.dict import DictClient, DictError, InvalidResponse
from twisted.python.failure import Failure

NET = (
    b"150 2 definitions retrieved\r\n"
    b'151 "net" jargon "The \\"Jargon\\" File"\r\n'
    b"net\r\n..com is not a net\r\n.\r\n"
    b"151 net 'web1913' \"Webster's\"\r\n"
    b"N\xc3\xa9t\r\n.\r\n"
    b"250 ok\r\n"
)


class Asked:
    """A client whose server is the test."""

    def __init__(self, greeting: bytes = b"220 hello\r\n") -> None:
        self.clock = Clock()
        self.client = DictClient()
        self.client.callLater = self.clock.callLater  # type: ignore[method-assign]
        self.transport = StringTransport()
        self.client.makeConnection(self.transport)
        self.client.dataReceived(greeting)

    def ask(self, *arguments: str, of: str = "define") -> list[Any]:
        outcome: list[Any] = []
        getattr(self.client, of)(*arguments).addBoth(outcome.append)
        return outcome

    def sent(self) -> bytes:
        sent = self.transport.value()
        self.transport.clear()
        return sent

    def lose(self, reason: type[Exception] = error.ConnectionDone) -> None:
        self.client.connectionLost(Failure(reason()))


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_define(size: int) -> None:
    there = Asked()
    outcome = there.ask("*", "net")
    assert there.sent() == b'DEFINE "*" "net"\r\n'
    for start in range(0, len(NET), size):
        there.client.dataReceived(NET[start : start + size])
    first, second = outcome[0]
    assert (first.name, first.db, first.dbdesc) == ("net", "jargon", 'The "Jargon" File')
    assert first.text == ["net", ".com is not a net"]
    assert (second.db, second.dbdesc, second.text) == ("web1913", "Webster's", ["Nét"])
    assert there.clock.getDelayedCalls() == []


def test_match_and_lists() -> None:
    there = Asked()
    pairs = [("jargon", "net"), ("jargon", "net address")]
    text = b'jargon "net"\r\njargon "net address"\r\n.\r\n250 ok\r\n'
    for of, arguments, command, status in (
        ("match", ("*", "prefix", "net"), b'MATCH "*" "prefix" "net"', b"152 2 matches"),
        ("databases", (), b"SHOW DB", b"110 2 databases"),
        ("strategies", (), b"SHOW STRAT", b"111 2 strategies"),
    ):
        outcome = there.ask(*arguments, of=of)
        assert there.sent() == command + b"\r\n"
        there.client.dataReceived(status + b"\r\n" + text)
        assert outcome == [pairs]


def test_nothing_is_found() -> None:
    there = Asked()
    outcome = there.ask("*", "xyzzy")
    there.client.dataReceived(b"552 no match\r\n")
    assert outcome == [[]]


def test_refusals() -> None:
    there = Asked()
    outcome = there.ask("none", "net")
    there.client.dataReceived(b"550 invalid database\r\n")
    assert outcome[0].check(DictError)
    assert (outcome[0].value.code, outcome[0].value.message) == (550, "invalid database")


def test_commands_wait_for_each_other_and_for_the_greeting() -> None:
    there = Asked(greeting=b"")
    outcomes = [there.ask("*", word) for word in ("a", "b", "c")]
    assert there.sent() == b""
    there.client.dataReceived(b"220 hello\r\n")
    assert there.sent() == b'DEFINE "*" "a"\r\n'
    there.client.dataReceived(b"552 no match\r\n")
    assert there.sent() == b'DEFINE "*" "b"\r\n'
    there.client.dataReceived(b"552 no match\r\n552 no match\r\n")
    assert outcomes == [[[]]] * 3


def test_a_command_out_of_the_result_of_another() -> None:
    there = Asked()
    there.client.define("*", "a").addCallback(lambda _: there.client.define("*", "b"))
    there.sent()
    there.client.dataReceived(b"552 no match\r\n")
    assert there.sent() == b'DEFINE "*" "b"\r\n'


def test_a_server_that_refuses_clients() -> None:
    there = Asked(greeting=b"")
    outcome = there.ask("*", "a")
    there.client.dataReceived(b"530 access denied\r\n")
    assert outcome[0].value.code == 530
    assert there.transport.disconnecting
    assert there.ask("*", "b")[0].check(DictError)


def test_cancelling() -> None:
    there = Asked()
    first, second = there.client.define("*", "a"), there.client.define("*", "b")
    outcome = there.ask("*", "c")
    for each in (first, second):
        each.addErrback(lambda f: f.trap(CancelledError))
        each.cancel()
    there.sent()
    # The answer to the first one still comes, and the second one is never asked.
    there.client.dataReceived(NET)
    assert there.sent() == b'DEFINE "*" "c"\r\n'
    there.client.dataReceived(b"552 no match\r\n")
    assert outcome == [[]]


@pytest.mark.parametrize("word", ["", "a\r\nQUIT", "a\0", b"a\n", "a\x7f"])
def test_words_that_are_none(word: Any) -> None:
    there = Asked()
    for ask in (
        lambda: there.client.define("*", word),
        lambda: there.client.match("*", word, "a"),
        lambda: dictionary.define("127.0.0.1", 1, "*", word),
        lambda: dictionary.match("127.0.0.1", 1, "*", ".", word),
    ):
        with pytest.raises(ValueError):
            ask()
    assert there.sent() == b""


def test_quoting() -> None:
    there = Asked()
    there.ask("*", 'a "b" \\ ü')
    assert there.sent() == 'DEFINE "*" "a \\"b\\" \\\\ ü"\r\n'.encode()


@pytest.mark.parametrize(
    "said",
    [
        b"what\r\n",
        b'151 "net jargon\r\n',
        b"x" * 20_000,
        b"151 net jargon d\r\n" + b"line of text\r\n" * 400_000,
        b"250 ok\r\n250 nobody asked\r\n",
    ],
)
def test_servers_that_say_something_else(said: bytes) -> None:
    there = Asked()
    outcome = there.ask("*", "a")
    for start in range(0, len(said), 65536):
        there.client.dataReceived(said[start : start + 65536])
    assert outcome[0] == [] or outcome[0].check(InvalidResponse)
    assert there.transport.disconnected or there.transport.disconnecting
    assert there.ask("*", "b")[0].check(InvalidResponse)
    assert there.clock.getDelayedCalls() == []


@pytest.mark.parametrize("of", ["define", "match"])
def test_answers_of_another_form(of: str) -> None:
    there = Asked()
    outcome = there.ask(*["a"] * (2 if of == "define" else 3), of=of)
    there.client.dataReceived(b"151 net\r\n.\r\n152 1\r\nalone\r\n.\r\n250 ok\r\n")
    assert outcome[0].check(InvalidResponse)


def test_silence() -> None:
    there = Asked()
    there.clock.advance(600)
    # Nothing is asked, so nothing has to be said.
    outcome = there.ask("*", "a")
    there.clock.advance(59)
    there.client.dataReceived(b"150 1 definition\r\n")
    there.clock.advance(59)
    assert not outcome
    there.clock.advance(1)
    assert outcome[0].check(error.TimeoutError)
    assert there.clock.getDelayedCalls() == []


def test_the_connection_is_lost() -> None:
    there = Asked()
    outcomes = [there.ask("*", "a"), there.ask("*", "b")]
    there.lose()
    assert all(outcome[0].check(error.ConnectionDone) for outcome in outcomes)
    assert there.ask("*", "c")[0].check(error.ConnectionDone)
    assert there.clock.getDelayedCalls() == []


@given(st.binary(max_size=200))
def test_anything(said: bytes) -> None:
    there = Asked(greeting=b"")
    outcome = there.ask("*", "a")
    there.client.dataReceived(said + b"\r\n")
    there.lose()
    assert len(outcome) == 1


class Server(Protocol):
    def connectionMade(self) -> None:
        self.transport.write(b"220 hello\r\n")

    def dataReceived(self, data: bytes) -> None:
        if data.startswith(b"DEFINE"):
            self.transport.write(NET)


def test_over_a_connection(epoll: Any, kit: Any) -> None:
    factory = kit.Server(Server)
    port = epoll.listenTCP(0, factory, interface="127.0.0.1").getHost().port
    outcome: list[Any] = []

    def start() -> None:
        d = dictionary.define("127.0.0.1", port, "*", "net", reactor=epoll)
        d.addBoth(outcome.append).addBoth(lambda _: epoll.stop())

    kit.run(epoll, start)
    assert [each.db for each in outcome[0]] == ["jargon", "web1913"]


@pytest.fixture
def readable() -> Iterator[Path]:
    """A directory that servers may read who are not who runs the tests."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


@pytest.mark.peer
def test_dictd(readable: Path, epoll: Any, kit: Any) -> None:
    """With the server of Debian."""
    dictd, form = shutil.which("dictd"), shutil.which("dictfmt")
    assert dictd is not None, "dictd is not installed"
    assert form is not None, "dictfmt is not installed"
    words = "_____\n\nnet\n   something with holes\n   .and a dot\n_____\n\nnet address\n   where\n"
    make = [form, "-c5", "--utf8", "-s", "A test", str(readable / "words")]
    subprocess.run(make, input=words, text=True, check=True, capture_output=True)
    port = kit.freePort()
    configuration = readable / "dictd.conf"
    configuration.write_text(
        f'database words {{ data "{readable}/words.dict"\nindex "{readable}/words.index" }}\n'
    )
    command = [dictd, "-d", "nodetach", "--listen-to", "127.0.0.1", "--port", str(port)]
    command += ["--config", str(configuration), "--pid-file", str(readable / "pid")]
    with subprocess.Popen([*command, "--locale", "C.UTF-8"]) as server:
        try:
            kit.spin(epoll, lambda: kit.listens(port))
            client = kit.Client(DictClient)
            epoll.connectTCP("127.0.0.1", port, client)
            kit.spin(epoll, lambda: client.proto is not None and client.proto.connected)

            def ask(d: Any) -> Any:
                outcome: list[Any] = []
                d.addBoth(outcome.append)
                kit.spin(epoll, lambda: outcome)
                return outcome[0]

            (definition,) = ask(client.proto.define("*", "net"))
            assert (definition.name, definition.db) == ("net", "words")
            assert [line.strip() for line in definition.text if line.strip()] == [
                "net",
                "something with holes",
                ".and a dot",
            ]
            assert ask(client.proto.match("*", "prefix", "ne")) == [
                ("words", "net"),
                ("words", "net address"),
            ]
            assert ask(client.proto.define("*", "nothing")) == []
            assert ask(client.proto.define("none", "net")).value.code == 550
            assert [name for name, _ in ask(client.proto.databases())] == ["words"]
            assert "prefix" in [name for name, _ in ask(client.proto.strategies())]
            client.proto.quit()
            kit.spin(epoll, lambda: client.lost)
        finally:
            server.terminate()
