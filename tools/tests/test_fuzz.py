"""What feeds fuzz targets: damage, and what counts as broken."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from monorepo import fuzz


class Transport:
    """Keeps what is written."""

    disconnecting = False

    def __init__(self):
        self.said = b""

    def value(self):
        return self.said


class Counting:
    """Says how many octets came at once, which it should not."""

    def __init__(self, careful):
        self.transport, self.careful = Transport(), careful

    def dataReceived(self, data):
        self.transport.said += data if self.careful else b"%d" % len(data)

    def connectionLost(self, reason):
        pass


def test_damage():
    """All seeds and what is cut off from them is among it, and the same comes each time."""
    made = [*fuzz.damaged([b"hello", b"x"])]
    assert {b"hello", b"hell", b"hel", b"he", b"h", b"", b"x"} <= {*made}
    assert made == [*fuzz.damaged([b"hello", b"x"])]


def test_exceptions_escape():
    """What a parser raises is what is found."""

    def target(data):
        raise KeyError(data)

    with pytest.raises(KeyError):
        fuzz.checker(SimpleNamespace(fuzz=target))(b"x")


def test_pieces_matter():
    """A protocol that says something else when its input comes in pieces is broken."""
    fuzz.checker(SimpleNamespace(CONNECT=[lambda: Counting(True)]))(b"hello")
    broken = fuzz.checker(SimpleNamespace(CONNECT=[lambda: Counting(False)]))
    with pytest.raises(AssertionError, match="in pieces of 2"):
        broken(b"hello")


def test_targets():
    """They are found by distribution and by file."""
    every = fuzz.targets([])
    core = fuzz.targets(["core"])
    assert core
    assert {*core} < {*every}
    one = str(core[0].relative_to(fuzz.ROOT))
    assert fuzz.targets([one]) == core[:1]
    assert fuzz.load(core[0]).SEEDS


def test_nothing_is_sent():
    """The reactor that a target asks for is one in memory; the process's own is put back."""
    import twisted.internet
    from twisted.internet.protocol import ClientFactory

    before = vars(twisted.internet).get("reactor")
    found = []

    def target(data):
        from twisted.internet import reactor

        reactor.connectTCP("10.0.0.1", 80, ClientFactory())
        reactor.resolve("example.com").addCallback(found.append)

    fuzz.checker(SimpleNamespace(fuzz=target))(b"x")
    assert found == ["127.0.0.1"]
    assert vars(twisted.internet).get("reactor") is before
