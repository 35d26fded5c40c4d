"""Resolvers over kept connections, over TLS and over HTTPS."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL, crypto
from service_identity import VerificationError
from zope.interface import implementer

from twisted.internet import ssl
from twisted.internet.defer import Deferred, TimeoutError, fail, succeed
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.error import ConnectError, ConnectionDone
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import ServerFactory
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.names import client, dns
from twisted.names.error import DNSNameError, ResolverError
from twisted.python.failure import Failure


def results(looked: Deferred[Any]) -> list[Any]:
    """What a look-up gives, once it gives it."""
    found: list[Any] = []
    looked.addBoth(found.append)
    return found


def reply(question: bytes, **changes: Any) -> dns.Message:
    """A good answer to a question, with some things changed."""
    asked = dns.Message()
    asked.fromStr(question)
    made = dns.Message(id=asked.id, answer=1, maxSize=0)
    made.queries = asked.queries
    name = asked.queries[0].name.name
    made.answers = [dns.RRHeader(name, dns.A, ttl=60, payload=dns.Record_A("192.0.2.1", 60))]
    made.additional = [dns.OPTHeader()]
    for key, value in changes.items():
        setattr(made, key, value)
    return made


@implementer(IStreamClientEndpoint)
class Endpoint:
    """
    A server in memory.

    @ivar connections: protocols of clients and their transports.
    @ivar problem: why there is no connection, or None.
    """

    def __init__(self, problem: Exception | None = None, answers: bool = True) -> None:
        self.connections: list[tuple[Any, StringTransport]] = []
        self.problem, self.answers = problem, answers

    def connect(self, protocolFactory: Any) -> Deferred[Any]:
        if self.problem is not None:
            return fail(self.problem)
        if not self.answers:
            return Deferred()
        protocol = protocolFactory.buildProtocol(None)
        transport = StringTransport()
        protocol.makeConnection(transport)
        self.connections.append((protocol, transport))
        return succeed(protocol)

    def questions(self, index: int = -1) -> list[bytes]:
        """What was asked over a connection, as octets."""
        data = self.connections[index][1].value()
        found = []
        while data:
            size = int.from_bytes(data[:2], "big")
            found.append(data[2 : 2 + size])
            data = data[2 + size :]
        return found

    def send(self, message: dns.Message, index: int = -1) -> None:
        """Answer over a connection."""
        data = message.toStr()
        self.connections[index][0].dataReceived(len(data).to_bytes(2, "big") + data)

    def lose(self, index: int = -1) -> None:
        """Lose a connection."""
        self.connections[index][0].connectionLost(Failure(ConnectionDone()))


class TestStreams:
    """A resolver over connections."""

    def setup_method(self) -> None:
        self.clock = Clock()
        self.endpoint = Endpoint()
        self.resolver = client.StreamResolver([self.endpoint], reactor=self.clock)

    def test_one_connection(self) -> None:
        """Questions share a connection, and answers come in any order."""
        first = results(self.resolver.lookupAddress("a.example"))
        second = results(self.resolver.lookupAddress("b.example"))
        [one, other] = self.endpoint.questions()
        self.endpoint.send(reply(other))
        self.endpoint.send(reply(one))
        assert first[0][0][0].name == dns.Name(b"a.example")
        assert second[0][0][0].name == dns.Name(b"b.example")
        assert second[0][2] == []
        assert len(self.endpoint.connections) == 1

    def test_answers_to_nothing(self) -> None:
        """What nobody asked for, or is about something else, is dropped."""
        found = results(self.resolver.lookupAddress("a.example"))
        [asked] = self.endpoint.questions()
        self.endpoint.send(reply(asked, id=reply(asked).id ^ 1))
        self.endpoint.send(reply(asked, queries=[dns.Query(b"b.example")]))
        self.endpoint.send(reply(asked, answer=0))
        assert found == []
        assert self.resolver.dropped == 1
        self.endpoint.send(reply(asked))
        assert len(found) == 1

    def test_closed_meanwhile(self) -> None:
        """A connection that was kept and is closed by then is replaced, once."""
        results(self.resolver.lookupAddress("a.example"))
        self.endpoint.send(reply(self.endpoint.questions()[0]))
        found = results(self.resolver.lookupAddress("b.example"))
        self.endpoint.lose()
        assert len(self.endpoint.connections) == 2
        self.endpoint.send(reply(self.endpoint.questions()[0]))
        assert len(found[0][0]) == 1
        found = results(self.resolver.lookupAddress("c.example"))
        self.endpoint.lose()
        self.endpoint.lose()
        assert found[0].check(ConnectionDone)

    def test_next_server(self) -> None:
        """A server that cannot be reached, or does not answer, is followed by the next."""
        good = Endpoint()
        silent = Endpoint(answers=False)
        endpoints = [Endpoint(ConnectError()), silent, Endpoint(), good]
        resolver = client.StreamResolver(endpoints, timeout=3, reactor=self.clock)
        found = results(resolver.lookupAddress("a.example"))
        self.clock.advance(3)
        self.clock.advance(3)
        good.send(reply(good.questions()[0]))
        assert len(found[0]) == 3

    def test_errors(self) -> None:
        """Codes are errors, and so is silence."""
        found = results(self.resolver.lookupAddress("a.example"))
        self.endpoint.send(reply(self.endpoint.questions()[0], rCode=dns.ENAME, answers=[]))
        assert found[0].check(DNSNameError)
        found = results(self.resolver.lookupAddress("a.example", timeout=5))
        self.clock.advance(5)
        assert found[0].check(TimeoutError)
        with pytest.raises(ValueError):
            client.StreamResolver([], reactor=self.clock)

    def test_idle(self) -> None:
        """A connection on which nothing is asked is closed, and can be closed before."""
        results(self.resolver.lookupAddress("a.example"))
        self.clock.advance(9)
        transport = self.endpoint.connections[0][1]
        assert not transport.disconnecting
        self.endpoint.send(reply(self.endpoint.questions()[0]))
        self.clock.advance(10)
        assert transport.disconnecting
        self.endpoint.lose()
        assert self.clock.getDelayedCalls() == []
        results(self.resolver.lookupAddress("a.example"))
        self.resolver.close()
        assert self.endpoint.connections[1][1].disconnecting

    def test_padding(self) -> None:
        """Messages are of one length, whatever they ask, where that is wanted."""
        self.resolver.pad = True
        self.resolver.dnssecOK = True
        for name in ("a.example", "a-much-longer-name.example"):
            self.resolver.lookupAddress(name)
        assert {len(asked) for asked in self.endpoint.questions()} == {128}
        asked = dns.EDNSMessage()
        asked.fromStr(self.endpoint.questions()[0])
        assert asked.dnssecOK
        assert asked.options[0].code == 12


class Network:
    """A reactor that a test lets run."""

    def __init__(self) -> None:
        self.reactor = EPollReactor()
        self.reactor.startRunning(installSignalHandlers=False)

    def wait(self, deferred: Deferred[Any]) -> Any:
        """What a Deferred fires with; if it fails, the exception."""
        found = results(deferred)
        for _ in range(2000):
            if found:
                break
            self.reactor.iterate(0.005)
        (result,) = found
        return result.value if isinstance(result, Failure) else result

    def dispose(self) -> None:
        """End everything."""
        self.reactor.stop()
        for _ in range(3):
            self.reactor.iterate()
        waker = self.reactor.waker
        self.reactor.removeReader(waker)
        waker.connectionLost(None)
        self.reactor._poller.close()


@pytest.fixture
def network() -> Iterator[Network]:
    made = Network()
    yield made
    made.dispose()


def certificate(host: str) -> tuple[ssl.PrivateCertificate, ssl.Certificate]:
    """A certificate for a host, and who vouches for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    known = ssl.Certificate(crypto.X509.from_cryptography(signed))
    pair = ssl.KeyPair(crypto.PKey.from_cryptography_key(key))
    return ssl.PrivateCertificate.fromCertificateAndKeyPair(known, pair), known


class Answers(ServerFactory):
    """A server that answers all questions."""

    def __init__(self, reactor: Any) -> None:
        self.reactor = reactor
        self.connections: list[Any] = []

    def buildProtocol(self, addr: object) -> dns.DNSProtocol:
        return dns.DNSProtocol(self, self.reactor)

    def connectionMade(self, protocol: Any) -> None:
        self.connections.append(protocol)

    def connectionLost(self, protocol: Any) -> None:
        self.connections.remove(protocol)

    def messageReceived(self, message: dns.Message, protocol: Any, address: Any = None) -> None:
        protocol.writeMessage(reply(message.toStr()))


def test_over_tls(network: Network) -> None:
    """Over TLS, who is asked must have a certificate with the right name that is vouched for."""
    private, known = certificate("dns.example")
    reactor = network.reactor
    factory = Answers(reactor)
    port = reactor.listenSSL(0, factory, private.options(), interface="127.0.0.1")
    where = port.getHost().port
    trust = ssl.trustRootFromCertificates([known])
    resolver = client.TLSResolver(
        [("127.0.0.1", "dns.example", where)], 5, reactor=reactor, trustRoot=trust
    )
    answers, _, _ = network.wait(resolver.lookupAddress("www.example"))
    assert answers[0].payload.dottedQuad() == "192.0.2.1"
    assert len(factory.connections) == 1

    for server, root in (
        (("127.0.0.1", "other.example", where), trust),
        (("127.0.0.1", "dns.example", where), None),
    ):
        refused = client.TLSResolver([server], 5, reactor=reactor, trustRoot=root)
        problem = network.wait(refused.lookupAddress("www.example"))
        assert isinstance(problem, SSL.Error | VerificationError)
    resolver.close()
    network.wait(port.stopListening())
    for _ in range(5):
        reactor.iterate(0.01)


class TestHTTPS:
    """A resolver over HTTPS, without a web server."""

    def setup_method(self) -> None:
        self.clock = Clock()
        self.asked: list[bytes] = []
        self.reply: Any = reply
        self.resolver = client.HTTPSResolver(
            "https://dns.example/dns-query", reactor=self.clock, exchange=self.exchange
        )

    async def exchange(self, message: bytes) -> bytes:
        self.asked.append(message)
        answer: Any = self.reply(message)
        return (await answer) if isinstance(answer, Deferred) else answer.toStr()

    def test_question(self) -> None:
        """A message has the id 0, and one of few lengths (RFC 8484 §4.1, RFC 8467)."""
        self.resolver.dnssecOK = True
        [(answers, _, additional)] = results(self.resolver.lookupAddress("www.example"))
        assert answers[0].payload.dottedQuad() == "192.0.2.1"
        assert additional == []
        asked = dns.EDNSMessage()
        asked.fromStr(self.asked[0])
        assert (asked.id, asked.recDes, asked.dnssecOK) == (0, True, True)
        assert len(self.asked[0]) == 128

    def test_errors(self) -> None:
        """Codes are errors; so are answers to something else, no answers, and silence."""
        self.reply = lambda message: reply(message, rCode=dns.ENAME)
        assert results(self.resolver.lookupAddress("a"))[0].check(DNSNameError)
        self.reply = lambda message: reply(message, queries=[dns.Query(b"other")])
        assert results(self.resolver.lookupAddress("a"))[0].check(ResolverError)
        self.reply = lambda message: reply(message, answer=0)
        assert results(self.resolver.lookupAddress("a"))[0].check(ResolverError)
        self.reply = lambda message: succeed(b"nonsense")
        assert results(self.resolver.lookupAddress("a"))[0].check(dns.DNSDecodeError)
        self.reply = lambda message: Deferred()
        found = results(self.resolver.lookupAddress("a"))
        self.clock.advance(10)
        assert found[0].check(TimeoutError)

    def test_address(self) -> None:
        """Nothing but HTTPS will do."""
        with pytest.raises(ValueError):
            client.HTTPSResolver("http://dns.example/", reactor=self.clock)

    def test_without_web(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without twisted-web the error says what to install."""
        monkeypatch.setitem(sys.modules, "twisted.web.client", None)
        with pytest.raises(ImportError, match=r"twisted-names\[https\]"):
            client.HTTPSResolver("https://dns.example/", reactor=self.clock)
