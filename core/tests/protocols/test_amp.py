"""AMP: boxes at every split, types of arguments, errors, TLS, switching, hostile input."""

from __future__ import annotations

import os
import tempfile
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twisted.internet import defer, error, ssl
from twisted.internet.protocol import ClientFactory, Protocol
from twisted.internet.testing import StringTransport
from twisted.protocols import amp
from twisted.python.failure import Failure
from twisted.python.filepath import FilePath


class ZeroTotal(Exception):
    """The total is zero."""


class Fatal(Exception):
    """It is all over."""


class Sum(amp.Command):
    arguments = [(b"a", amp.Integer()), (b"b", amp.Integer(optional=True))]
    response = [(b"total", amp.Integer())]
    errors = {ZeroTotal: b"ZERO"}
    fatalErrors = {Fatal: b"FATAL"}


class Later(amp.Command):
    commandName = b"later"
    response = [(b"class", amp.Unicode())]


class Tell(amp.Command):
    arguments = [(b"what-it-is", amp.String())]
    requiresAnswer = False


class Nobody(amp.Command):
    """Nobody responds to it."""


class Service(amp.AMP):
    def __init__(self) -> None:
        super().__init__()
        self.told: list[bytes] = []
        self.pending: list[defer.Deferred[Any]] = []

    @Sum.responder
    def sum(self, a: int, b: int | None) -> dict[str, Any]:
        total = a + (b or 0)
        if total == 0:
            raise ZeroTotal("nothing at all")
        if total == -1:
            raise Fatal("the end")
        if total == -2:
            raise KeyError("secret")
        return {"total": "text" if total == -3 else total}

    @Later.responder
    async def later(self) -> dict[str, Any]:
        waiting: defer.Deferred[str] = defer.Deferred()
        self.pending.append(waiting)
        return {"Class": await waiting}

    @Tell.responder
    def tell(self, what_it_is: bytes) -> dict[str, Any]:
        self.told.append(what_it_is)
        return {}

    def amp_PLAIN(self, box: amp.Box) -> amp.Box:
        return amp.Box(echo=box[b"word"])


class Two:
    """Two sides, connected in memory."""

    def __init__(self, client: Any = None, service: Any = None) -> None:
        self.client = client or amp.AMP()
        self.service = service or Service()
        self.ends = []
        for protocol in (self.client, self.service):
            transport = StringTransport()
            protocol.makeConnection(transport)
            self.ends.append((protocol, transport))

    def pump(self) -> None:
        moved = True
        while moved:
            moved = False
            for (_, source), (target, _) in zip(self.ends, reversed(self.ends), strict=True):
                data = source.value()
                source.clear()
                if data:
                    moved = True
                    target.dataReceived(data)

    def ask(self, *args: Any, **kw: Any) -> Any:
        outcome: list[Any] = []
        self.client.callRemote(*args, **kw).addBoth(outcome.append)
        self.pump()
        return outcome[0] if outcome else None


def test_question_and_answer() -> None:
    two = Two()
    assert two.ask(Sum, a=1, b=2) == {"total": 3}
    assert two.ask(Sum, a=5) == {"total": 5}
    assert two.ask(Later) is None
    two.client.callRemote(Tell, what_it_is=b"news")
    two.pump()
    assert two.service.told == [b"news"]
    answers: list[Any] = []
    two.client.callRemoteString(b"plain", word=b"hello").addBoth(answers.append)
    two.pump()
    assert answers[0][b"echo"] == b"hello"


def test_answers_in_any_order() -> None:
    two = Two()
    answers: list[Any] = []
    for name in ("first", "second"):
        two.client.callRemote(Later).addCallback(
            lambda answer, name=name: answers.append((name, answer))
        )
    two.pump()
    two.service.pending[1].callback("b")
    two.service.pending[0].callback("a")
    two.pump()
    assert answers == [("second", {"Class": "b"}), ("first", {"Class": "a"})]


def test_errors_that_are_known() -> None:
    two = Two()
    failure = two.ask(Sum, a=1, b=-1)
    assert failure.check(ZeroTotal)
    assert str(failure.value) == "nothing at all"
    assert two.ask(Nobody).check(amp.UnhandledCommand)
    assert not two.ends[1][1].disconnecting
    assert two.ask(Sum, a=-1).check(Fatal)
    assert two.ends[1][1].disconnecting


@pytest.mark.parametrize(("a", "kind"), [(-2, KeyError), (-3, amp.BadLocalReturn)])
def test_errors_that_are_not_known_tell_nothing(a: int, kind: type[Exception], errors: Any) -> None:
    two = Two()
    failure = two.ask(Sum, a=a)
    assert failure.check(amp.UnknownRemoteError)
    assert "secret" not in str(failure.value)
    assert errors.take(kind)
    assert two.ends[1][1].disconnecting


def test_arguments_that_are_not_the_commands() -> None:
    two = Two()
    assert two.ask(Sum, b=1).check(amp.InvalidSignature)
    with pytest.raises(amp.InvalidSignature):
        two.client.callRemote(Sum, a=1, c=3)
    for box in (
        amp.Box(_ask=b"1", _command=b"Sum"),
        amp.Box(_ask=b"1", _command=b"Sum", a=b"x"),
        amp.Box(_ask=b"1", _command=b"Sum", a=b"9" * 60_000),
    ):
        other = Two()
        other.service.dataReceived(box.serialize())
        answer = amp.parseString(other.ends[1][1].value())[0]
        assert answer[b"_error_code"] == b"UNKNOWN"
        assert other.ends[1][1].disconnecting


def test_definitions_are_checked() -> None:
    for wrong in (
        {"commandName": "text"},
        {"arguments": [("text", amp.Integer())]},
        {"response": [("text", amp.Integer())]},
        {"errors": {KeyError: "text"}},
    ):
        with pytest.raises(TypeError):
            type("Wrong", (amp.Command,), wrong)


def test_commands_and_responders_are_inherited() -> None:
    class More(Sum):
        commandName = b"Sum"
        errors = {LookupError: b"LOOKUP"}

    assert More.reverseErrors == {b"ZERO": ZeroTotal, b"FATAL": Fatal, b"LOOKUP": LookupError}

    class Derived(Service):
        def sum(self, a: int, b: int | None) -> dict[str, Any]:
            return {"total": 42}

    assert Two(service=Derived()).ask(Sum, a=1) == {"total": 42}


def test_connection_that_ends() -> None:
    two = Two()
    outcome: list[Any] = []
    two.client.callRemote(Later).addErrback(outcome.append)
    two.client.connectionLost(Failure(error.ConnectionDone()))
    assert outcome[0].check(error.ConnectionDone)
    two.client.callRemote(Later).addErrback(outcome.append)
    assert outcome[1].check(error.ConnectionDone)


def test_answer_after_the_end_is_dropped() -> None:
    two = Two()
    two.client.callRemote(Later).addErrback(lambda _: None)
    two.pump()
    two.service.connectionLost(Failure(error.ConnectionDone()))
    two.service.pending[0].callback("too late")


# Boxes


@given(
    st.lists(
        st.dictionaries(
            st.binary(min_size=1, max_size=255), st.binary(max_size=300), min_size=1, max_size=5
        ),
        max_size=4,
    ),
    st.data(),
)
def test_boxes_at_any_split(boxes: list[dict[bytes, bytes]], data: Any) -> None:
    octets = b"".join(amp.Box(box).serialize() for box in boxes)
    assert amp.parseString(octets) == boxes

    class Receiver:
        def __init__(self) -> None:
            self.boxes: list[Any] = []
            self.ampBoxReceived = self.boxes.append

        def startReceivingBoxes(self, sender: Any) -> None: ...

    receiver = Receiver()
    protocol = amp.BinaryBoxProtocol(receiver)
    protocol.makeConnection(StringTransport())
    while octets:
        size = data.draw(st.integers(1, len(octets)))
        protocol.dataReceived(octets[:size])
        octets = octets[size:]
    assert receiver.boxes == boxes


@given(st.binary(max_size=400))
def test_anything_is_taken_or_ends_the_connection(data: bytes) -> None:
    two = Two()
    two.service.dataReceived(data)


@pytest.mark.parametrize(
    "data",
    [
        b"\x01\x00" + b"k" * 256,
        b"\x00\x00",
        amp.Box(_answer=b"1").serialize(),
        amp.Box(_error=b"1", _error_code=b"X", _error_description=b"").serialize(),
        amp.Box(nothing=b"known").serialize(),
        b"".join(b"\x00\x04%04d\xff\xff" % i + bytes(65535) for i in range(300)),
    ],
)
def test_what_is_no_box_ends_the_connection(data: bytes) -> None:
    two = Two()
    two.service.dataReceived(data)
    assert two.ends[1][1].aborting


def test_boxes_that_are_too_long() -> None:
    for box in (amp.Box({b"k" * 256: b""}), amp.Box(k=b"v" * 65536)):
        with pytest.raises(amp.TooLong):
            box.serialize()
    with pytest.raises(TypeError):
        amp.Box(k="text").serialize()
    with pytest.raises(EOFError):
        amp.parseString(b"\x00\x01k\x00\x05x")
    two = Two()
    with pytest.raises(amp.TooLong):
        two.client.callRemote(Tell, what_it_is=b"x" * 70_000)


# Types


ZONE = timezone(timedelta(hours=-3, minutes=-30))


@pytest.mark.parametrize(
    ("kind", "value", "octets"),
    [
        (amp.Integer(), -(10**30), b"-1" + b"0" * 30),
        (amp.String(), b"\0\xff", b"\0\xff"),
        (amp.Unicode(), "\N{SNOWMAN}", b"\xe2\x98\x83"),
        (amp.Float(), 1.5, b"1.5"),
        (amp.Float(), float("inf"), b"inf"),
        (amp.Boolean(), True, b"True"),
        (amp.Boolean(), False, b"False"),
        (amp.Path(), FilePath("/a/b"), b"/a/b"),
        (amp.Decimal(), Decimal("1.50"), b"1.50"),
        (amp.ListOf(amp.Integer()), [1, 20], b"\x00\x011\x00\x0220"),
        (amp.ListOf(amp.ListOf(amp.Unicode())), [["a"], []], b"\x00\x03\x00\x01a\x00\x00"),
        (
            amp.AmpList([(b"a", amp.Integer()), (b"in", amp.String(optional=True))]),
            [{"a": 1, "In": b"x"}, {"a": 2, "In": None}],
            b"\x00\x01a\x00\x011\x00\x02in\x00\x01x\x00\x00\x00\x01a\x00\x012\x00\x00",
        ),
        (
            amp.DateTime(),
            datetime(2020, 1, 2, 3, 4, 5, 6, amp.utc),
            b"2020-01-02T03:04:05.000006-00:00",
        ),
        (amp.DateTime(), datetime(2020, 1, 2, tzinfo=ZONE), b"2020-01-02T00:00:00.000000-03:30"),
    ],
)
def test_types_both_ways(kind: Any, value: Any, octets: bytes) -> None:
    assert kind.toStringProto(value, None) == octets
    assert kind.fromStringProto(octets, None) == value


@pytest.mark.parametrize(
    ("kind", "octets"),
    [
        (amp.Integer(), b"1_000"),
        (amp.Integer(), b" 1"),
        (amp.Integer(), b"1" * 5000),
        (amp.Float(), b"x"),
        (amp.Boolean(), b"true"),
        (amp.Unicode(), b"\xff"),
        (amp.Decimal(), b"x"),
        (amp.DateTime(), b"2020-01-02"),
        (amp.DateTime(), b"2020-13-02T00:00:00.000000-03:30"),
        (amp.ListOf(amp.Integer()), b"\x00\x051"),
        (amp.AmpList([(b"a", amp.Integer())]), b"\x00\x01b\x00\x011\x00\x00"),
    ],
)
def test_octets_that_are_no_value(kind: Any, octets: bytes) -> None:
    with pytest.raises((ValueError, TypeError, ArithmeticError, amp.AmpError, EOFError)):
        kind.fromStringProto(octets, None)


def test_values_that_are_no_octets() -> None:
    for kind, value in (
        (amp.Float(), 1),
        (amp.Decimal(), 1.5),
        (amp.DateTime(), datetime(2020, 1, 2)),
    ):
        with pytest.raises(ValueError, match=r"is not a|has no"):
            kind.toStringProto(value, None)


# Other protocols


class Keeper(Protocol):
    def __init__(self) -> None:
        self.received = b""
        self.lost: Any = None

    def connectionMade(self) -> None:
        self.transport.write(b"hello")

    def dataReceived(self, data: bytes) -> None:
        self.received += data

    def connectionLost(self, reason: Any) -> None:  # type: ignore[override]
        self.lost = reason


class Switch(amp.ProtocolSwitchCommand):
    pass


def test_other_protocol_takes_over() -> None:
    there = Keeper()

    class Switching(Service):
        @Switch.responder
        def switch(self) -> Any:
            return there

    two = Two(service=Switching())
    here = Keeper()
    factory = ClientFactory()
    factory.noisy = False  # type: ignore[attr-defined]
    factory.buildProtocol = lambda addr: here  # type: ignore[method-assign]
    two.ask(Switch, factory)
    assert here.received == there.received == b"hello"
    with pytest.raises(amp.ProtocolSwitched):
        two.client.callRemote(Sum, a=1)
    two.client.connectionLost(Failure(error.ConnectionDone()))
    assert here.lost.check(error.ConnectionDone)


def test_other_protocol_is_refused() -> None:
    two = Two()
    failed: list[Any] = []
    factory = ClientFactory()
    factory.clientConnectionFailed = lambda _, reason: failed.append(reason)  # type: ignore
    assert two.ask(Switch, factory).check(amp.UnhandledCommand)
    assert len(failed) == 1
    assert two.ask(Sum, a=1) == {"total": 1}


# Over sockets


@pytest.fixture(scope="module")
def certificate() -> ssl.PrivateCertificate:
    return ssl.KeyPair.generate().selfSignedCert(1, CN="localhost")


def test_tls(reactor: Any, kit: Any, certificate: ssl.PrivateCertificate) -> None:
    class Secure(Service):
        @amp.StartTLS.responder
        def secure(self) -> dict[str, Any]:
            return {"tls_localCertificate": certificate, "tls_verifyAuthorities": [certificate]}

    pair = kit.Pair(reactor, Secure, amp.AMP)
    client, service = pair.clientFactory.proto, pair.serverFactory.protocols[0]
    answers: list[Any] = []
    client.callRemote(
        amp.StartTLS, tls_localCertificate=certificate, tls_verifyAuthorities=[certificate]
    ).addBoth(answers.append)
    client.callRemote(Sum, a=1, b=2).addBoth(answers.append)
    kit.spin(reactor, lambda: len(answers) == 2)
    assert answers[1] == {"total": 3}
    assert client.transport.TLS
    assert client.peerCertificate == certificate
    assert service.peerCertificate == certificate
    with pytest.raises(amp.OnlyOneTLS):
        client.callRemote(amp.StartTLS)
    # One that asks all the same is cut off.
    client.sendBox(amp.Box(_ask=b"9", _command=b"StartTLS"))
    kit.spin(reactor, lambda: client.transport is None and service.transport is None)


def test_what_comes_in_plain_text_behind_the_last_box_is_dropped(
    epoll: Any, kit: Any, certificate: ssl.PrivateCertificate
) -> None:
    class Secure(Service):
        @amp.StartTLS.responder
        def secure(self) -> dict[str, Any]:
            return {"tls_localCertificate": certificate}

    pair = kit.Pair(epoll, Secure)
    service = pair.serverFactory.protocols[0]
    injected = amp.Box({b"_command": b"Tell", b"what-it-is": b"injected"}).serialize()
    question = amp.Box(_ask=b"1", _command=b"StartTLS").serialize()
    pair.clientFactory.proto.transport.write(question + injected)
    kit.spin(epoll, lambda: getattr(service.transport, "TLS", False))
    for _ in range(5):
        epoll.iterate(0.001)
    assert service.told == []
    pair.clientFactory.proto.transport.abortConnection()
    kit.spin(epoll, lambda: service.transport is None)


def test_side_that_is_somebody_else_is_told(
    epoll: Any, kit: Any, certificate: ssl.PrivateCertificate
) -> None:
    stranger = ssl.KeyPair.generate().selfSignedCert(2, CN="stranger")

    class Secure(Service):
        @amp.StartTLS.responder
        def secure(self) -> dict[str, Any]:
            return {"tls_localCertificate": certificate}

    pair = kit.Pair(epoll, Secure, amp.AMP)
    client = pair.clientFactory.proto
    client.callRemote(
        amp.StartTLS, tls_localCertificate=stranger, tls_verifyAuthorities=[stranger]
    ).addErrback(lambda _: None)
    outcome: list[Any] = []
    client.callRemote(Sum, a=1).addErrback(outcome.append)
    kit.spin(epoll, lambda: outcome)
    assert outcome[0].check(error.PeerVerifyError)
    assert "certificate verify failed" in str(outcome[0].value)


class Give(amp.Command):
    arguments = [(b"file", amp.Descriptor())]


def test_descriptors(epoll: Any, kit: Any, tmp_path: Any) -> None:
    got: list[bytes] = []

    class Taking(amp.AMP):
        @Give.responder
        def give(self, file: int) -> dict[str, Any]:
            got.append(os.read(file, 100))
            os.close(file)
            return {}

    path = str(tmp_path / "socket")
    server = kit.Server(Taking)
    epoll.listenUNIX(path, server)
    client = kit.Client(amp.AMP)
    epoll.connectUNIX(path, client)
    kit.spin(epoll, lambda: client.proto is not None and client.proto.transport)
    with tempfile.TemporaryFile() as file:
        file.write(b"what is in it")
        file.seek(0)
        answers: list[Any] = []
        client.proto.callRemote(Give, file=file.fileno()).addBoth(answers.append)
        kit.spin(epoll, lambda: answers)
    assert answers == [{}]
    assert got == [b"what is in it"]
    client.proto.transport.loseConnection()
    kit.spin(epoll, lambda: client.lost)
