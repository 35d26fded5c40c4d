"""Tests of brokers whose other side is hostile, or broken."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twisted.internet.defer import Deferred
from twisted.internet.testing import StringTransport
from twisted.logger import capturedLogs
from twisted.spread import pb
from twisted.spread._banana._decoder import Decoder
from twisted.spread._banana._encoder import Encoder
from twisted.spread._banana._format import PB_WORDS
from twisted.spread._pb import _plain

WORDS = {number: word for word, number in PB_WORDS.items()}
encode = Encoder(PB_WORDS).encode
TUPLE, DICT = [b"tuple"], [b"dictionary"]


class Root(pb.Root):
    def __init__(self):
        self.got: list[Any] = []
        self.thing = pb.Referenceable()

    def remote_take(self, *args):
        self.got.append(args)

    def remote_wait(self):
        return Deferred()

    def remote_new(self):
        return pb.Referenceable()

    def remote_thing(self):
        return self.thing


class Stranger:
    """
    Talks to a broker in expressions of its own.

    @ivar broker: the server's.
    """

    def __init__(self, broker: Any = None) -> None:
        self.root = Root()
        factory = pb.PBServerFactory(self.root)
        if broker is not None:
            factory.protocol = broker
        self.broker = factory.buildProtocol(None)
        self.transport = StringTransport()
        self.broker.makeConnection(self.transport)
        self.decoder = Decoder(WORDS)
        self.broker.dataReceived(encode(b"pb") + encode([b"version", 6]))
        self.answers()

    def say(self, *expressions: Any) -> None:
        """Send expressions."""
        for expression in expressions:
            self.broker.dataReceived(encode(expression))

    def call(self, number: int, name: bytes, *args: Any) -> None:
        """Call a method of the root."""
        self.say([b"message", number, b"root", name, 1, [b"tuple", *args], DICT])

    def answers(self) -> list[Any]:
        """What has come back."""
        self.decoder.feed(self.transport.value())
        self.transport.clear()
        found = []
        while read := self.decoder.read():
            found += read
        return found

    @property
    def gone(self) -> bool:
        """Whether the connection was cut."""
        return bool(self.transport.aborting)


@pytest.fixture
def stranger():
    with capturedLogs() as events:
        made = Stranger()
        made.events = events
        yield made
    for event in events:
        assert "log_failure" not in event or event["log_failure"].check(pb.NoSuchMethod)


#: What ends the connection.
WRONG = {
    "octets": b"string",
    "a number": 5,
    "nothing": [],
    "a number as a word": [5, 5],
    "a word that there is not": [b"frobnicate"],
    "a private word": [b"_frobnicate"],
    "another version": [b"version", 5],
    "a version too many": [b"version", 6, 6],
    "a call without arguments": [b"message", 1],
    "a call whose number is none": [b"message", b"1", b"root", b"take", 1, TUPLE, DICT],
    "a call of a number": [b"message", 1, b"root", 5, 1, TUPLE, DICT],
    "a call of what is no text": [b"message", 1, b"root", b"\xff", 1, TUPLE, DICT],
    "an answer to no question": [b"answer", 77, 1],
    "an answer to a list": [b"answer", [b"list"], 1],
    "an error to no question": [b"error", 77, b"x"],
    "a reference less than none": [b"decref", 77],
    "a reference less to a name": [b"decref", b"root"],
    "a reference less to a list": [b"decref", [1]],
    "a copy less than none": [b"decache", 77],
    "a copy less of a list": [b"decache", [1]],
    "an end of no copy": [b"uncache", 77],
    "an end of a list": [b"uncache", [1]],
    "a cancellation of a list": [b"cancel", [1]],
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong(stranger, what):
    """What the protocol does not have cuts the connection, with one line in the log."""
    stranger.say(WRONG[what])
    assert stranger.gone
    assert len(stranger.events) == 1
    assert "log_failure" not in stranger.events[0]
    stranger.call(9, b"take", 5)
    assert not stranger.root.got


#: Arguments that a call fails for.
ARGUMENTS = {
    "an object that there is not": [b"local", 77],
    "an object whose number is a list": [b"local", [1]],
    "a copy that there is not": [b"lcache", 77],
    "a copy that has not come": [b"cached", 77],
    "a reference without a number": [b"remote"],
    "a reference with a text": [b"remote", [b"unicode", b"x"]],
    "a module": [b"module", b"os"],
    "a function": [b"function", b"os.system"],
    "an instance": [b"subprocess.Popen", DICT],
    "a method": [b"method", b"x", [b"None"], [b"class", b"os.PathLike"]],
    "a reference to nothing": [b"dereference", 5],
    "a text that is none": [b"unicode", b"\xff"],
    "a failure of lists": [b"twisted.spread.pb.CopyableFailure", [b"list"]],
}


@pytest.mark.parametrize("what", ARGUMENTS)
def test_arguments(stranger, what):
    """P1: arguments that stand for nothing, or for what is not allowed, make the call fail."""
    with capturedLogs():
        stranger.call(1, b"take", ARGUMENTS[what])
    ((word, number, _),) = stranger.answers()
    assert (word, number) == (b"error", 1)
    assert not stranger.root.got
    assert not stranger.gone


def test_objects_of_others():
    """P1: a number of an object means one of the same connection."""
    one, other = Stranger(), Stranger()
    one.call(1, b"thing")
    ((_, _, (_, luid)),) = one.answers()
    with capturedLogs():
        other.say([b"message", 1, luid, b"anything", 1, TUPLE, DICT])
    ((word, _, failure),) = other.answers()
    assert word == b"error"
    assert b"Invalid Object ID" in repr(failure).encode()


def test_no_such_object(stranger):
    """A call of an object that there is not fails, and is not logged as a failure."""
    stranger.say([b"message", 1, 55, b"x", 1, TUPLE, DICT])
    stranger.say([b"message", 2, [1], b"x", 1, TUPLE, DICT])
    stranger.say([b"cachemessage", 3, [1], b"x", 1, TUPLE, DICT])
    assert [answer[:2] for answer in stranger.answers()] == [[b"error", n] for n in (1, 2, 3)]


def test_no_tracebacks(stranger):
    """P2: the other side learns the type and the text of a failure, and no traceback."""
    stranger.call(1, b"nothing")
    assert b"Traceback unavailable" in repr(stranger.answers()).encode()


@pytest.mark.parametrize("name", [b"__class__", b"__init__", b"", "ß".encode()])
def test_names(name):
    """Only methods with the prefix can be called, whatever the name is."""
    made = Stranger()
    with capturedLogs():
        made.say([b"message", 1, b"root", name, 1, TUPLE, DICT])
    ((word, *_),) = made.answers()
    assert word == b"error"


def test_deep_arguments(stranger):
    """P2: what is nested too deep cuts the connection; nothing recurses."""
    deep = b"\x02\x80\x08\x87" * 2000
    stranger.broker.dataReceived(b"\x07\x80\x1a\x87\x01\x81\x04\x82root\x04\x82take\x01\x81" + deep)
    assert stranger.gone


def test_deep_pairs(stranger):
    """P2: the same in dicts."""
    deep = b"\x02\x80\x05\x87\x02\x80\x01\x81" * 2000
    head = b"\x07\x80\x1a\x87\x01\x81\x04\x82root\x04\x82take\x01\x81\x02\x80\x0b\x87"
    stranger.broker.dataReceived(head + deep)
    assert stranger.gone


def test_large_claims(stranger):
    """P2: a list that claims to be long takes no memory before it has come."""
    head = b"\x07\x80\x1a\x87\x01\x81\x04\x82root\x04\x82take\x01\x81"
    stranger.broker.dataReceived(head + b"\x7f\x7f\x26\x80\x05\x87")
    assert not stranger.gone
    stranger.broker.dataReceived(b"\x7f\x7f\x7f\x7f\x80")
    assert stranger.gone


def test_too_many_references(stranger):
    """P2: more references than the limit cut the connection."""
    for number in range(pb.MAX_BROKER_REFS + 5):
        stranger.call(number, b"new")
    assert stranger.transport.disconnecting
    assert len(stranger.broker.localObjects) <= pb.MAX_BROKER_REFS + 1


def test_references_come_and_go(stranger):
    """References that are given back do not count."""
    for number in range(1, 2 * pb.MAX_BROKER_REFS):
        stranger.call(number, b"new")
        ((_, _, (_, luid)),) = stranger.answers()
        stranger.say([b"decref", luid])
    assert not stranger.transport.disconnecting
    assert len(stranger.broker.localObjects) == 1


def test_reference_given_back_twice(stranger):
    """P2: a reference that is given back twice cuts the connection, and harms no object."""
    stranger.call(1, b"thing")
    ((_, _, (_, luid)),) = stranger.answers()
    stranger.say([b"decref", luid], [b"decref", luid])
    assert stranger.gone


def test_copies_without_end(registered):
    """P2: a side that sends copies and never says that they are over has a limit."""

    class Copy(pb.RemoteCache):
        pass

    registered.setUnjellyableForClass("some.Thing", Copy)
    made = Stranger()
    with capturedLogs():
        for number in range(pb.MAX_BROKER_REFS + 1):
            made.call(number, b"take", [b"some.Thing", number, DICT])
            made.root.got.clear()
    gc.collect()
    assert made.answers()[-1][0] in (b"decache", b"error")
    assert len(made.broker.locallyCachedObjects) == pb.MAX_BROKER_REFS


def test_copy_twice(registered):
    """The number of a copy belongs to one object."""

    class Copy(pb.RemoteCache):
        pass

    registered.setUnjellyableForClass("some.Thing", Copy)
    made = Stranger()
    made.call(1, b"take", [b"some.Thing", 5, DICT])
    with capturedLogs():
        made.call(2, b"take", [b"some.Thing", 5, DICT])
    assert [answer[0] for answer in made.answers()] == [b"answer", b"error"]


def test_calls_without_end():
    """P2: more calls than the limit that have no result yet fail at once."""

    class Small(pb.Broker):
        maxPendingCalls = 3

    made = Stranger(Small)
    for number in range(5):
        made.call(number, b"wait")
    assert [answer[:2] for answer in made.answers()] == [[b"error", 3], [b"error", 4]]


def test_number_of_a_call_twice(stranger):
    """Two calls that are worked on cannot have one number."""
    stranger.call(1, b"wait")
    stranger.call(1, b"wait")
    assert stranger.gone


def test_peer_that_never_reads():
    """P2: what waits for a peer that does not read has a limit."""

    class Small(pb.Broker):
        maxUnsent = 1000

    made = Stranger(Small)

    class Stalled(StringTransport):
        unsentSize = 1001

    made.broker.transport = Stalled()
    with capturedLogs() as events:
        made.call(1, b"take")
    assert made.broker.transport.aborting
    assert "does not read" in events[0]["log_format"]


def test_nothing_is_done_after_the_end(stranger):
    """What comes with what cuts the connection is not done."""
    call = encode([b"message", 1, b"root", b"take", 1, [b"tuple", 5], DICT])
    stranger.broker.dataReceived(encode([b"decref", 7]) + call)
    assert stranger.gone
    assert not stranger.root.got


@given(st.binary(max_size=300))
def test_anything(data):
    """P2: whatever octets come, nothing is raised."""
    with capturedLogs():
        made = Stranger()
        made.broker.dataReceived(data)


commands = st.sampled_from(
    [b"message", b"cachemessage", b"answer", b"error", b"decref", b"decache", b"uncache", b"cancel"]
)
things = st.recursive(
    st.integers(-2, 5) | st.sampled_from([b"root", b"take", b"wait", b"thing", *PB_WORDS]),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=8,
)


@given(st.lists(st.tuples(commands, st.lists(things, max_size=6)), max_size=5))
def test_any_expressions(expressions):
    """P2: whatever expressions come, nothing is raised."""
    with capturedLogs() as events:
        made = Stranger()
        for word, rest in expressions:
            made.say([word, *rest])
    for event in events:
        assert "could not be handled" not in event["log_format"]


def test_keys_of_plain_data():
    """P2: dicts with many keys whose hashes can be foreseen are left to jelly, which counts."""
    for key, read in ((5, True), ([b"tuple", 5], False)):
        pairs = [[key, number] for number in range(200)]
        answer = Encoder(PB_WORDS).encode([b"answer", 1, [b"dictionary", *pairs]])
        assert (_plain.readFrame(answer, 0) is not None) is read
