"""TLS: handshakes, ends, identities, what an attacker may try."""

from __future__ import annotations

import os
import shutil
import socket
import ssl as stdlib
import subprocess
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL, crypto
from zope.interface import directlyProvides, implementer

from twisted.internet import endpoints, error, ssl
from twisted.internet._tls import _producers
from twisted.internet.interfaces import (
    IHandshakeListener,
    IOpenSSLServerConnectionCreator,
    IProtocolNegotiationFactory,
    ISSLTransport,
)
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock, Cooperator
from twisted.internet.testing import StringTransport
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure

# Certificates


class Authority:
    """Signs certificates for the tests."""

    def __init__(self, name: str = "authority") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        signed = self._signed(self.name, self.key.public_key(), []).sign(self.key, hashes.SHA256())
        self.certificate = ssl.Certificate(crypto.X509.from_cryptography(signed))

    def _signed(
        self, subject: x509.Name, key: Any, names: list[x509.GeneralName], expired: bool = False
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(
            issuer_name=self.name,
            subject_name=subject,
            public_key=key,
            serial_number=x509.random_serial_number(),
            not_valid_before=now - timedelta(days=20),
            not_valid_after=now + timedelta(days=-10 if expired else 10),
        ).add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder

    def sign(self, *hosts: str, expired: bool = False) -> ssl.PrivateCertificate:
        """A certificate about some hosts, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        names: list[x509.GeneralName] = []
        for host in hosts:
            try:
                names.append(x509.IPAddress(ip_address(host)))
            except ValueError:
                names.append(x509.DNSName(host))
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, hosts[0])])
        signed = self._signed(subject, key.public_key(), names, expired).sign(
            self.key, hashes.SHA256()
        )
        return ssl.PrivateCertificate.fromCertificateAndKeyPair(
            ssl.Certificate(crypto.X509.from_cryptography(signed)),
            ssl.KeyPair(crypto.PKey.from_cryptography_key(key)),
        )


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def server(authority: Authority) -> ssl.PrivateCertificate:
    return authority.sign("example.com", "127.0.0.1", "localhost")


# Two sides in memory


@implementer(IHandshakeListener)
class Recorder(Protocol):
    """Keeps what happens to it."""

    def __init__(self) -> None:
        self.received = b""
        self.pieces = 0
        self.shaken = 0
        self.lost: Any = None

    def handshakeCompleted(self) -> None:
        self.shaken += 1

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        self.pieces += 1

    def connectionLost(self, reason: Any) -> None:  # type: ignore[override]
        assert self.lost is None
        self.lost = reason


class Side:
    """One side of a connection in memory."""

    def __init__(self, options: Any, isClient: bool, protocols: list[bytes] | None) -> None:
        self.clock = Clock()
        self.proto = Recorder()
        factory = Factory.forProtocol(lambda: self.proto)
        factory.noisy = False  # type: ignore[attr-defined]
        if protocols is not None:
            offered = protocols

            @implementer(IProtocolNegotiationFactory)
            class Negotiating(Factory):
                def buildProtocol(inner, addr: Any) -> Any:
                    return self.proto

                def acceptableProtocols(inner) -> list[bytes]:
                    return offered

            factory = Negotiating()  # type: ignore[assignment]
        self.factory = TLSMemoryBIOFactory(options, isClient, factory, self.clock)
        self.tls = self.factory.buildProtocol(None)
        self.transport = StringTransport()

    def begin(self) -> None:
        self.tls.makeConnection(self.transport)


class Two:
    """Both sides of a connection in memory."""

    def __init__(
        self,
        clientOptions: Any,
        serverOptions: Any,
        clientProtocols: list[bytes] | None = None,
        serverProtocols: list[bytes] | None = None,
    ) -> None:
        self.client = Side(clientOptions, True, clientProtocols)
        self.server = Side(serverOptions, False, serverProtocols)
        self.server.begin()
        self.client.begin()
        self.pump()

    def pump(self) -> None:
        """Carry everything to and fro until nothing moves, the ends of connections too."""
        for side in (self.client, self.server):
            side.clock.advance(0)
        while True:
            moved = False
            for source, target in ((self.client, self.server), (self.server, self.client)):
                data = source.transport.value()
                source.transport.clear()
                if data and target.proto.lost is None:
                    moved = True
                    target.tls.dataReceived(data)
                    target.clock.advance(0)
            if not moved:
                break
        for one, other in ((self.client, self.server), (self.server, self.client)):
            aborted = one.transport.aborting
            if (one.transport.disconnecting or aborted) and one.proto.lost is None:
                self.end(one, error.ConnectionAborted() if aborted else error.ConnectionDone())
                if other.proto.lost is None:
                    self.end(other, error.ConnectionLost() if aborted else error.ConnectionDone())

    @staticmethod
    def end(side: Side, reason: Exception) -> None:
        side.tls.connectionLost(Failure(reason))


def connected(authority: Authority, server: ssl.PrivateCertificate, **kw: Any) -> Two:
    return Two(
        ssl.optionsForClientTLS("example.com", authority.certificate), server.options(), **kw
    )


def test_data_both_ways(authority: Authority, server: ssl.PrivateCertificate) -> None:
    two = connected(authority, server)
    assert two.client.proto.shaken == two.server.proto.shaken == 1
    two.client.tls.write(b"hello")
    two.server.tls.writeSequence([b"wor", b"ld" * 100_000])
    two.pump()
    assert two.server.proto.received == b"hello"
    assert two.client.proto.received == b"wor" + b"ld" * 100_000
    assert ISSLTransport.providedBy(two.client.proto.transport)
    peer = ssl.Certificate.peerFromTransport(two.client.proto.transport)
    assert peer == server or peer.digest() == server.digest()
    assert ssl.Certificate.hostFromTransport(two.server.proto.transport).digest() == peer.digest()
    with pytest.raises(error.CertificateError):
        ssl.Certificate.peerFromTransport(two.server.proto.transport)


def test_many_small_writes_are_few_records(
    authority: Authority, server: ssl.PrivateCertificate
) -> None:
    two = connected(authority, server)
    before = len(two.client.transport.value())
    for _ in range(1000):
        two.client.tls.write(b"x")
    two.client.clock.advance(0)
    assert len(two.client.transport.value()) - before < 1100
    two.pump()
    assert two.server.proto.received == b"x" * 1000


def test_what_is_written_before_the_handshake_arrives(
    authority: Authority, server: ssl.PrivateCertificate
) -> None:
    side = Side(ssl.optionsForClientTLS("example.com", authority.certificate), True, None)
    side.proto.connectionMade = lambda: side.proto.transport.write(b"early")  # type: ignore
    other = Side(server.options(), False, None)
    two = object.__new__(Two)
    two.client, two.server = side, other
    other.begin()
    side.begin()
    two.pump()
    assert side.tls.unsentSize == 0
    assert other.proto.received == b"early"


def test_clean_end(authority: Authority, server: ssl.PrivateCertificate) -> None:
    two = connected(authority, server)
    two.client.tls.write(b"last")
    two.client.tls.loseConnection()
    two.client.tls.write(b"too late")
    two.pump()
    assert two.server.proto.received == b"last"
    for side in (two.client, two.server):
        assert side.proto.lost.check(error.ConnectionDone)
        assert side.clock.getDelayedCalls() == []


def test_cut_short_is_told_apart(authority: Authority, server: ssl.PrivateCertificate) -> None:
    two = connected(authority, server)
    two.end(two.server, error.ConnectionDone())
    assert two.server.proto.lost.check(error.ConnectionLost)
    # Half a record is no better.
    two.client.tls.write(b"x" * 100)
    two.client.clock.advance(0)
    other = connected(authority, server)
    other.client.tls.write(b"x" * 100)
    other.client.clock.advance(0)
    other.server.tls.dataReceived(other.client.transport.value()[:-5])
    other.end(other.server, error.ConnectionDone())
    assert other.server.proto.received == b""
    assert other.server.proto.lost.check(error.ConnectionLost)


def test_peer_that_never_closes_is_not_waited_for_long(
    authority: Authority, server: ssl.PrivateCertificate
) -> None:
    two = connected(authority, server)
    two.server.tls.loseConnection()
    assert not two.server.transport.disconnecting
    two.server.clock.advance(TLSMemoryBIOProtocol.closeTimeout)  # type: ignore[arg-type]
    assert two.server.transport.aborting


def test_peer_that_reads_slowly_gets_everything(
    authority: Authority, server: ssl.PrivateCertificate
) -> None:
    two = connected(authority, server)
    limit = TLSMemoryBIOProtocol.closeTimeout
    assert limit is not None
    two.server.transport.unsentSize = 300  # type: ignore[attr-defined]
    two.server.tls.loseConnection()
    for left in (200, 100, 0):
        two.server.transport.unsentSize = left  # type: ignore[attr-defined]
        two.server.clock.advance(limit)
        assert not two.server.transport.aborting
    two.server.clock.advance(limit)
    assert two.server.transport.aborting


def test_stalled_handshake_ends(server: ssl.PrivateCertificate) -> None:
    side = Side(server.options(), False, None)
    side.begin()
    side.tls.dataReceived(b"\x16\x03\x01\x02\x00")
    side.clock.advance(TLSMemoryBIOProtocol.handshakeTimeout)  # type: ignore[arg-type]
    assert side.transport.aborting
    Two.end(side, error.ConnectionAborted())
    assert side.proto.lost.check(error.TimeoutError)
    assert "handshake" in str(side.proto.lost.value)
    assert side.clock.getDelayedCalls() == []


@pytest.mark.parametrize(
    "garbage",
    [b"GET / HTTP/1.0\r\n\r\n", os.urandom(100), b"\x00" * 50, b"\x15\x03\x03\x00\x02\x02\x28"],
)
def test_garbage_ends_the_connection(server: ssl.PrivateCertificate, garbage: bytes) -> None:
    side = Side(server.options(), False, None)
    side.begin()
    side.tls.dataReceived(garbage + garbage)
    if not side.transport.disconnecting:
        # It may look like the beginning of something.
        Two.end(side, error.ConnectionDone())
        assert side.proto.lost.check(error.ConnectionLost, SSL.Error)
        return
    side.tls.dataReceived(b"more")
    Two.end(side, error.ConnectionDone())
    assert side.proto.lost.check(SSL.Error)
    assert side.proto.received == b""
    assert side.proto.shaken == 0


def test_garbage_after_the_handshake(authority: Authority, server: ssl.PrivateCertificate) -> None:
    two = connected(authority, server)
    two.server.tls.dataReceived(b"\x17\x03\x03\x00\x20" + b"x" * 32)
    assert two.server.transport.disconnecting
    Two.end(two.server, error.ConnectionDone())
    assert two.server.proto.lost.check(SSL.Error)


# Identity


@pytest.mark.parametrize(
    ("hosts", "wanted", "good"),
    [
        (["example.com"], "example.com", True),
        (["example.com"], "EXAMPLE.com", True),
        (["*.example.com"], "www.example.com", True),
        (["*.example.com"], "a.b.example.com", False),
        (["example.com"], "example.org", False),
        (["example.com"], "127.0.0.1", False),
        (["127.0.0.1"], "127.0.0.1", True),
        (["::1"], "::1", True),
        (["127.0.0.1"], "127.0.0.2", False),
        (["xn--exmple-cua.com"], "exämple.com", True),
    ],
)
def test_identity(authority: Authority, hosts: list[str], wanted: str, good: bool) -> None:
    two = Two(
        ssl.optionsForClientTLS(wanted, authority.certificate), authority.sign(*hosts).options()
    )
    assert bool(two.client.proto.shaken) is good
    if good:
        assert two.client.proto.lost is None
    else:
        assert two.client.proto.lost.check(ssl.VerificationError)
        two.client.tls.write(b"secret")
        assert two.server.proto.received == b""


def test_unknown_authority_is_named(server: ssl.PrivateCertificate) -> None:
    two = Two(
        ssl.optionsForClientTLS("example.com", Authority("another").certificate), server.options()
    )
    assert two.client.proto.shaken == 0
    lost = two.client.proto.lost
    assert lost.check(ssl.CertificateVerifyError)
    assert "unable to get issuer cert" in str(lost.value)
    assert "CN=example.com" in str(lost.value)
    assert two.server.proto.lost.check(SSL.Error)


def test_expired_certificate_is_named(authority: Authority) -> None:
    two = Two(
        ssl.optionsForClientTLS("example.com", authority.certificate),
        authority.sign("example.com", expired=True).options(),
    )
    assert "cert has expired" in str(two.client.proto.lost.value)


def test_system_does_not_trust_the_authority(server: ssl.PrivateCertificate) -> None:
    two = Two(ssl.optionsForClientTLS("example.com"), server.options())
    assert two.client.proto.lost.check(SSL.Error)


def test_client_certificates(authority: Authority, server: ssl.PrivateCertificate) -> None:
    settings = ssl.CertificateOptions(
        privateKey=server.privateKey.original,
        certificate=server.original,
        trustRoot=authority.certificate,
    )

    def client(certificate: Any) -> Any:
        return ssl.optionsForClientTLS("example.com", authority.certificate, certificate)

    two = Two(client(authority.sign("alice")), settings)
    two.client.tls.write(b"I am Alice")
    two.pump()
    assert two.server.proto.received == b"I am Alice"
    peer = ssl.Certificate.peerFromTransport(two.server.proto.transport)
    assert peer.getSubject().CN == b"alice"
    for bad in (None, Authority("mallory").sign("alice")):
        two = Two(client(bad), settings)
        assert two.server.proto.shaken == 0
        assert two.server.proto.lost.check(SSL.Error)


def test_server_name_chooses_the_certificate(authority: Authority) -> None:
    certificates = {
        name: authority.sign(name).options().getContext() for name in ("a.example", "b.example")
    }
    asked = []

    def choose(name: bytes | None) -> SSL.Context | None:
        asked.append(name)
        return certificates.get((name or b"").decode())

    default = authority.sign("127.0.0.1")
    settings = ssl.CertificateOptions(
        privateKey=default.privateKey.original,
        certificate=default.original,
        contextForServerName=choose,
    )
    for name in ("a.example", "b.example", "127.0.0.1"):
        two = Two(ssl.optionsForClientTLS(name, authority.certificate), settings)
        assert two.client.proto.shaken == 1
    assert asked == [b"a.example", b"b.example", None]


# Application protocols


def test_application_protocol_is_agreed_on(
    authority: Authority, server: ssl.PrivateCertificate
) -> None:
    two = connected(
        authority, server, clientProtocols=[b"h2", b"http/1.1"], serverProtocols=[b"http/1.1"]
    )
    assert two.client.tls.negotiatedProtocol == b"http/1.1"
    assert two.server.tls.negotiatedProtocol == b"http/1.1"


def test_settings_of_one_server_serve_several_protocols(
    authority: Authority, server: ssl.PrivateCertificate
) -> None:
    settings = server.options()
    for name in (b"one", b"two"):
        two = Two(
            ssl.optionsForClientTLS("example.com", authority.certificate),
            settings,
            clientProtocols=[name],
            serverProtocols=[name],
        )
        assert two.server.tls.negotiatedProtocol == name


def test_no_application_protocol_in_common_is_refused(
    authority: Authority, server: ssl.PrivateCertificate
) -> None:
    two = connected(authority, server, clientProtocols=[b"h2"], serverProtocols=[b"http/1.1"])
    assert two.client.proto.shaken == 0
    assert "h2" in str(two.server.proto.lost.value)
    assert two.client.proto.lost.check(SSL.Error)
    two = connected(authority, server, serverProtocols=[b"http/1.1"])
    assert two.server.tls.negotiatedProtocol is None
    assert two.server.proto.shaken == 1


# Policy


def python_client(address: tuple[str, int], context: stdlib.SSLContext, host: str) -> str:
    with (
        socket.create_connection(address, timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        return str(secured.version())


@pytest.fixture
def listening(epoll: Any, server: ssl.PrivateCertificate) -> Callable[[Any], tuple[str, int]]:
    ports = []

    def listen(options: Any) -> tuple[str, int]:
        factory = Factory.forProtocol(Recorder)
        factory.noisy = False  # type: ignore[attr-defined]
        port = epoll.listenSSL(0, factory, options, interface="127.0.0.1")
        ports.append(port)
        return "127.0.0.1", port.getHost().port

    return listen


@pytest.mark.parametrize(
    ("newest", "good"),
    [("TLSv1", False), ("TLSv1_1", False), ("TLSv1_2", True), ("TLSv1_3", True)],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_old_versions_are_refused(
    epoll: Any,
    listening: Callable[[Any], tuple[str, int]],
    server: ssl.PrivateCertificate,
    newest: str,
    good: bool,
) -> None:
    context = stdlib.create_default_context()
    context.check_hostname = False
    context.verify_mode = stdlib.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = stdlib.TLSVersion.TLSv1
    context.maximum_version = stdlib.TLSVersion[newest]
    address = listening(server.options())
    outcome: list[Any] = []

    def attempt() -> None:
        try:
            outcome.append(python_client(address, context, "example.com"))
        except OSError as problem:
            outcome.append(problem)

    thread = threading.Thread(target=attempt)
    thread.start()
    while not outcome:
        epoll.iterate(0.01)
    thread.join()
    assert isinstance(outcome[0], str) is good


def test_settings_of_versions() -> None:
    version = ssl.TLSVersion
    for wrong in (
        {"raiseMinimumTo": version.TLSv1_3, "lowerMaximumSecurityTo": version.TLSv1_2},
        {"raiseMinimumTo": "TLSv1_3"},
    ):
        with pytest.raises(ValueError):
            ssl.CertificateOptions(**wrong)
    for wrong in (
        {"raiseMinimumTo": version.TLSv1_3, "insecurelyLowerMinimumTo": version.TLSv1_0},
        {"method": SSL.TLS_METHOD, "raiseMinimumTo": version.TLSv1_3},
        {"trustRoot": ssl.platformTrust(), "caCerts": []},
    ):
        with pytest.raises(TypeError):
            ssl.CertificateOptions(**wrong)


def test_settings_that_make_no_sense(server: ssl.PrivateCertificate) -> None:
    for wrong in (
        {"privateKey": server.privateKey.original},
        {"verify": True},
        {"extraCertChain": [server.original]},
        {"acceptableCiphers": ssl.AcceptableCiphers([])},
        {"acceptableProtocols": [b""]},
    ):
        with pytest.raises(ValueError):
            ssl.CertificateOptions(**wrong)  # type: ignore[arg-type]


def test_default_ciphers_have_forward_secrecy() -> None:
    connection = ssl.CertificateOptions().clientConnectionForTLS(None)
    names = connection.get_cipher_list()
    assert "TLS_AES_256_GCM_SHA384" in names
    for name in names:
        assert name.startswith(("TLS_", "ECDHE-", "DHE-"))
        assert "GCM" in name or "CHACHA20" in name


def test_only_one_version_with_chosen_ciphers(
    authority: Authority, server: ssl.PrivateCertificate
) -> None:
    ciphers = ssl.AcceptableCiphers.fromOpenSSLCipherString("ECDHE-ECDSA-AES128-GCM-SHA256")
    settings = ssl.CertificateOptions(
        privateKey=server.privateKey.original,
        certificate=server.original,
        lowerMaximumSecurityTo=ssl.TLSVersion.TLSv1_2,
        acceptableCiphers=ciphers,
    )
    two = Two(ssl.optionsForClientTLS("example.com", authority.certificate), settings)
    handle = two.client.tls.getHandle()
    assert handle.get_cipher_name() == "ECDHE-ECDSA-AES128-GCM-SHA256"
    assert handle.get_protocol_version_name() == "TLSv1.2"
    # Renegotiation is refused.
    with pytest.raises(SSL.Error, match="no renegotiation"):
        handle.renegotiate()


def test_sessions_are_resumed_by_tickets(
    authority: Authority, server: ssl.PrivateCertificate
) -> None:
    settings = ssl.CertificateOptions(
        privateKey=server.privateKey.original,
        certificate=server.original,
        enableSessionTickets=True,
        lowerMaximumSecurityTo=ssl.TLSVersion.TLSv1_2,
    )
    first = Two(ssl.optionsForClientTLS("example.com", authority.certificate), settings)
    assert first.client.proto.shaken == 1
    session = first.client.tls.getHandle().get_session()
    assert session is not None


# Producers


class Producer:
    def __init__(self) -> None:
        self.calls: list[str] = []

    def pauseProducing(self) -> None:
        self.calls.append("pause")

    def resumeProducing(self) -> None:
        self.calls.append("resume")

    def stopProducing(self) -> None:
        self.calls.append("stop")


def test_push_producer_waits_for_the_handshake(
    authority: Authority, server: ssl.PrivateCertificate
) -> None:
    client = Side(ssl.optionsForClientTLS("example.com", authority.certificate), True, None)
    producer = Producer()
    client.begin()
    client.tls.registerProducer(producer, True)
    client.tls.write(b"first")
    client.clock.advance(0)
    assert producer.calls == ["pause"]
    client.tls.loseConnection()
    other = Side(server.options(), False, None)
    other.begin()
    two = object.__new__(Two)
    two.client, two.server = client, other
    two.pump()
    assert producer.calls == ["pause", "resume"]
    # The end waits for the producer.
    assert other.proto.lost is None
    client.tls.write(b" last")
    client.tls.unregisterProducer()
    two.pump()
    assert other.proto.received == b"first last"
    assert other.proto.lost.check(error.ConnectionDone)
    late = Producer()
    client.tls.registerProducer(late, True)
    assert late.calls == ["stop"]


def test_what_a_producer_writes_while_the_handshake_lasts_is_sent_before_the_end(
    authority: Authority, server: ssl.PrivateCertificate
) -> None:
    client = Side(ssl.optionsForClientTLS("example.com", authority.certificate), True, None)
    client.begin()
    client.tls.write(b"first")
    client.tls.registerProducer(Producer(), True)
    client.tls.loseConnection()
    client.tls.write(b" last")
    client.tls.unregisterProducer()
    other = Side(server.options(), False, None)
    other.begin()
    # No timer of the client runs before the handshake is done.
    for _ in range(3):
        for source, target in ((client, other), (other, client)):
            data = source.transport.value()
            source.transport.clear()
            if data:
                target.tls.dataReceived(data)
    assert other.proto.received == b"first last"


def test_pull_producer_over_sockets(
    reactor: Any,
    kit: Any,
    authority: Authority,
    server: ssl.PrivateCertificate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The global cooperator has the global reactor.
    cooperator = Cooperator(scheduler=lambda f: reactor.callLater(0, f))
    monkeypatch.setattr(_producers, "cooperate", cooperator.cooperate)
    factory = kit.Server(Recorder)
    port = reactor.listenSSL(0, factory, server.options(), interface="127.0.0.1")
    client = kit.Client(Recorder)
    reactor.connectSSL(
        "127.0.0.1",
        port.getHost().port,
        client,
        ssl.optionsForClientTLS("localhost", authority.certificate),
    )
    kit.spin(reactor, lambda: client.proto is not None and client.proto.shaken)

    class Pull:
        left = 50

        def resumeProducing(self) -> None:
            if self.left:
                self.left -= 1
                client.proto.transport.write(b"x" * 20_000)
            else:
                client.proto.transport.unregisterProducer()
                client.proto.transport.loseConnection()

        def stopProducing(self) -> None:
            raise AssertionError("it is done by itself")

    client.proto.transport.registerProducer(Pull(), False)
    kit.spin(reactor, lambda: client.lost is not None and factory.protocols[0].lost)
    assert len(factory.protocols[0].received) == 1_000_000
    assert client.lost.check(error.ConnectionDone)


# Over sockets


def test_listen_and_connect(
    reactor: Any, kit: Any, authority: Authority, server: ssl.PrivateCertificate
) -> None:
    factory = kit.Server(Recorder)
    port = reactor.listenSSL(0, factory, server.options(), interface="127.0.0.1")
    client = kit.Client(Recorder)
    reactor.connectSSL(
        "127.0.0.1",
        port.getHost().port,
        client,
        ssl.optionsForClientTLS("127.0.0.1", authority.certificate),
    )
    kit.spin(reactor, lambda: client.proto is not None and client.proto.shaken)
    payload = os.urandom(3_000_000)
    client.proto.transport.write(payload)
    client.proto.transport.loseConnection()
    kit.spin(reactor, lambda: client.lost is not None and factory.protocols[0].lost)
    assert factory.protocols[0].received == payload
    assert client.lost.check(error.ConnectionDone)
    assert factory.protocols[0].lost.check(error.ConnectionDone)
    port.stopListening()


def test_start_tls_drops_nothing_and_leaks_nothing(
    reactor: Any, kit: Any, authority: Authority, server: ssl.PrivateCertificate
) -> None:
    class Upgrading(Recorder):
        options: Any = None

        def dataReceived(self, data: bytes) -> None:
            super().dataReceived(data)
            if data == b"STARTTLS":
                self.transport.write(b"OK")
                self.transport.startTLS(server.options())
            elif data == b"OK":
                self.transport.startTLS(ssl.optionsForClientTLS("localhost", authority.certificate))
                self.transport.write(b"secret")
                assert self.transport.TLS

    pair = kit.Pair(reactor, Upgrading, Upgrading)
    client, service = pair.clientFactory.proto, pair.serverFactory.protocols[0]
    client.transport.write(b"STARTTLS")
    kit.spin(reactor, lambda: service.received.endswith(b"secret"))
    assert service.received == b"STARTTLSsecret"
    assert client.shaken == service.shaken == 1
    assert ISSLTransport.providedBy(client.transport)
    assert ssl.Certificate.peerFromTransport(client.transport).digest() == server.digest()
    assert client.transport.negotiatedProtocol is None
    with pytest.raises(RuntimeError):
        client.transport.startTLS(server.options())
    service.transport.loseConnection()
    kit.spin(reactor, lambda: client.lost and service.lost)
    assert client.lost.check(error.ConnectionDone)
    assert service.lost.check(error.ConnectionDone)


def test_start_tls_from_the_other_side(
    reactor: Any, kit: Any, authority: Authority, server: ssl.PrivateCertificate
) -> None:
    pair = kit.Pair(reactor, Recorder, Recorder)
    client, service = pair.clientFactory.proto, pair.serverFactory.protocols[0]
    client.transport.startTLS(server.options(), normal=False)
    service.transport.startTLS(
        ssl.optionsForClientTLS("localhost", authority.certificate), normal=False
    )
    service.transport.write(b"x" * 200_000)
    kit.spin(reactor, lambda: len(client.received) == 200_000)
    client.transport.abortConnection()
    kit.spin(reactor, lambda: client.lost and service.lost)
    assert client.lost.check(error.ConnectionAborted)
    assert service.lost.check(error.ConnectionLost)


class Unusable:
    def getContext(self) -> Any:
        raise ZeroDivisionError

    def serverConnectionForTLS(self, protocol: Any) -> Any:
        raise ZeroDivisionError


def test_settings_that_cannot_be_used(reactor: Any, kit: Any, errors: Any) -> None:
    directlyProvides(unusable := Unusable(), IOpenSSLServerConnectionCreator)
    with pytest.raises(ZeroDivisionError):
        reactor.listenSSL(0, kit.Server(), Unusable(), interface="127.0.0.1")
    factory = kit.Server(Recorder)
    port = reactor.listenSSL(0, factory, unusable, interface="127.0.0.1")
    client = kit.Client()
    reactor.connectTCP("127.0.0.1", port.getHost().port, client)
    kit.spin(reactor, lambda: client.lost)
    assert len(errors.take(ZeroDivisionError)) == 1
    assert factory.protocols[0].lost is None
    pair = kit.Pair(reactor)
    service = pair.serverFactory.protocols[0]
    with pytest.raises(ZeroDivisionError):
        service.transport.startTLS(unusable)
    service.transport.write(b"as it was")
    kit.spin(reactor, lambda: pair.clientFactory.proto.received == b"as it was")
    service.transport.loseConnection()
    kit.spin(reactor, lambda: service.lost)


# Endpoints


def pems(folder: Path, authority: Authority, *hosts: str) -> None:
    for host in hosts:
        (folder / f"{host}.pem").write_bytes(authority.sign(host).dumpPEM())


def test_string_endpoints_with_a_folder_of_certificates(
    epoll: Any, kit: Any, authority: Authority, tmp_path: Path
) -> None:
    certificates = tmp_path / "certificates"
    trusted = tmp_path / "trusted"
    certificates.mkdir()
    trusted.mkdir()
    pems(certificates, authority, "a.example", "b.example")
    (trusted / "authority.pem").write_bytes(authority.certificate.dumpPEM())
    factory = kit.Server(Recorder)
    ports: list[Any] = []
    endpoints.serverFromString(epoll, f"tls:{certificates}:port=0:interface=127.0.0.1").listen(
        factory
    ).addCallback(ports.append)
    number = ports[0].getHost().port
    for name in ("a.example", "b.example"):
        below = endpoints.quoteStringArgument(f"tcp:127.0.0.1:{number}")
        client = endpoints.clientFromString(
            epoll, f"tls:{name}:{number}:trustRoots={trusted}:endpoint={below}"
        )
        made: list[Any] = []
        client.connect(kit.Client(Recorder)).addBoth(made.append)
        kit.spin(epoll, lambda made=made: made and made[0].shaken)
        assert name.encode() == ssl.Certificate.peerFromTransport(made[0].transport).getSubject().CN
        made[0].transport.abortConnection()
        kit.spin(epoll, lambda made=made: made[0].lost)


def test_certificates_are_read_again_when_they_change(
    authority: Authority, tmp_path: Path, errors: Any
) -> None:
    from twisted.internet._tls._servernames import CertificateDirectory

    pems(tmp_path, authority, "a.example")
    clock = Clock()
    directory = CertificateDirectory(str(tmp_path), clock)

    def reaches(name: str) -> bool:
        two = Two(ssl.optionsForClientTLS(name, authority.certificate), directory)
        return bool(two.client.proto.shaken)

    assert reaches("a.example")
    pems(tmp_path, authority, "c.example")
    assert not reaches("c.example")
    clock.advance(11)
    assert reaches("c.example")
    assert reaches("a.example")
    # A file that is being written does no harm.
    (tmp_path / "d.pem").write_text("-----BEGIN CERT")
    clock.advance(11)
    assert reaches("a.example")
    assert errors.take(ValueError)


def test_a_certificate_and_its_key_in_two_files(
    authority: Authority, tmp_path: Path, errors: Any
) -> None:
    from twisted.internet._tls._servernames import CertificateDirectory

    def write(name: str, folder: Path) -> None:
        pems(folder, authority, name)
        end = "-----END CERTIFICATE-----\n"
        certificate, _, key = (folder / f"{name}.pem").read_text().partition(end)
        (tmp_path / "cert").write_text(certificate + end)
        (tmp_path / "key").write_text(key)

    made = tmp_path / "made"
    made.mkdir()
    write("a.example", made)
    clock = Clock()
    directory = CertificateDirectory(
        str(tmp_path / "cert"), clock, privateKey=str(tmp_path / "key")
    )

    def reaches(name: str) -> bool:
        two = Two(ssl.optionsForClientTLS(name, authority.certificate), directory)
        return bool(two.client.proto.shaken)

    assert reaches("a.example")
    before = (tmp_path / "cert").read_text()
    write("c.example", made)
    after = (tmp_path / "cert").read_text()
    # While they do not go together, what was known goes on.
    (tmp_path / "cert").write_text(before)
    clock.advance(11)
    assert reaches("a.example")
    (tmp_path / "cert").write_text(after)
    clock.advance(11)
    assert reaches("c.example")
    assert errors.take(ValueError)


def test_ssl_strings(
    epoll: Any, kit: Any, authority: Authority, server: ssl.PrivateCertificate, tmp_path: Path
) -> None:
    (tmp_path / "server.pem").write_bytes(server.dumpPEM())
    (tmp_path / "authority.pem").write_bytes(authority.certificate.dumpPEM())
    factory = kit.Server(Recorder)
    ports: list[Any] = []
    endpoints.serverFromString(
        epoll, f"ssl:0:privateKey={tmp_path}/server.pem:interface=127.0.0.1"
    ).listen(factory).addCallback(ports.append)
    number = ports[0].getHost().port
    for arguments, good in (("", True), (":hostname=localhost", True), (":hostname=x.org", False)):
        client = endpoints.clientFromString(
            epoll, f"ssl:127.0.0.1:{number}:caCertsDir={tmp_path}{arguments}"
        )
        recorder = Recorder()
        endpoints.connectProtocol(client, recorder)
        kit.spin(epoll, lambda recorder=recorder: recorder.shaken or recorder.lost)
        assert bool(recorder.shaken) is good
        recorder.transport.abortConnection()
        kit.spin(epoll, lambda recorder=recorder: recorder.lost)
    for wrong in (f"ssl:0:privateKey={tmp_path}/server.pem:sslmethod=x", "ssl:x"):
        with pytest.raises((ValueError, OSError)):
            endpoints.serverFromString(epoll, wrong)


# Certificates as objects


def test_requests_and_signatures() -> None:
    issuer = ssl.KeyPair.generate().selfSignedCert(1, CN="issuer", O="us")
    key = ssl.KeyPair.generate()
    wanted = ssl.DN(commonName="host.example", organizationName="them")
    request = key.certificateRequest(wanted)
    asked: list[ssl.DN] = []

    def verify(dn: ssl.DN) -> bool:
        asked.append(dn)
        return dn.O == b"them"

    signed = key.newCertificate(issuer.signCertificateRequest(request, verify, 7))
    assert asked == [wanted]
    assert signed.getSubject() == wanted
    assert signed.getIssuer() == issuer.getSubject()
    assert signed.serialNumber() == 7
    assert "host.example" in signed.inspect()
    assert ssl.PrivateCertificate.loadPEM(signed.dumpPEM()) == signed
    with pytest.raises(ssl.VerifyError):
        issuer.signCertificateRequest(request, lambda dn: False, 8)
    with pytest.raises(ssl.VerifyError):
        ssl.PrivateCertificate.fromCertificateAndKeyPair(signed, issuer.privateKey)
    two = Two(ssl.optionsForClientTLS("host.example", issuer), signed.options())
    assert two.client.proto.shaken == 1


def test_names() -> None:
    name = ssl.DN(CN="a", OU=b"b")
    assert (name.commonName, name.OU, dict(name)) == (
        b"a",
        b"b",
        {"commonName": b"a", "organizationalUnitName": b"b"},
    )
    assert name.inspect().splitlines()[0].strip() == "Common Name: a"
    with pytest.raises(AttributeError):
        ssl.DN(nothing="x")
    with pytest.raises(AttributeError):
        name.C


def test_trust_must_be_certificates() -> None:
    with pytest.raises(TypeError, match="5"):
        ssl.trustRootFromCertificates([5])
    with pytest.raises(TypeError, match="bytes"):
        ssl.optionsForClientTLS(b"host")  # type: ignore[arg-type]


# Others


def talk(epoll: Any, kit: Any, command: list[str]) -> bytes:
    """Run a program beside the reactor. @return: what it writes."""
    outcome: list[bytes] = []

    def run() -> None:
        done = subprocess.run(
            command, input=b"", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20
        )
        outcome.append(done.stdout)

    thread = threading.Thread(target=run)
    thread.start()
    kit.spin(epoll, lambda: outcome)
    thread.join()
    return outcome[0]


@pytest.mark.peer
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3", "-tls1_1"])
def test_client_of_openssl(
    epoll: Any,
    kit: Any,
    authority: Authority,
    server: ssl.PrivateCertificate,
    tmp_path: Path,
    version: str,
) -> None:
    openssl = shutil.which("openssl")
    assert openssl is not None, "openssl is not installed"
    (tmp_path / "authority.pem").write_bytes(authority.certificate.dumpPEM())

    class Greeting(Protocol):
        def connectionMade(self) -> None:
            self.transport.write(b"greetings from the server\n")
            self.transport.loseConnection()

    port = epoll.listenSSL(0, kit.Server(Greeting), server.options(), interface="127.0.0.1")
    command = [openssl, "s_client", version, "-connect", f"127.0.0.1:{port.getHost().port}"]
    command += ["-CAfile", str(tmp_path / "authority.pem"), "-verify_return_error", "-ign_eof"]
    command += ["-verify_hostname", "example.com", "-servername", "example.com"]
    output = talk(epoll, kit, command)
    assert (b"greetings from the server" in output) is (version != "-tls1_1")
    if version != "-tls1_1":
        assert b"Verification: OK" in output


@pytest.mark.peer
def test_server_of_openssl(
    epoll: Any,
    kit: Any,
    authority: Authority,
    server: ssl.PrivateCertificate,
    tmp_path: Path,
) -> None:
    openssl = shutil.which("openssl")
    assert openssl is not None, "openssl is not installed"
    (tmp_path / "server.pem").write_bytes(server.dumpPEM())
    port = kit.freePort()
    command = [openssl, "s_server", "-rev", "-accept", f"127.0.0.1:{port}"]
    command += ["-cert", str(tmp_path / "server.pem"), "-alpn", "echo"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as peer:
        try:
            client: Any = None
            while client is None or client.failed:
                client = kit.Client(Recorder)
                options = ssl.optionsForClientTLS(
                    "localhost", authority.certificate, acceptableProtocols=[b"echo"]
                )
                epoll.connectSSL("127.0.0.1", port, client, options)
                kit.spin(epoll, lambda client=client: client.failed or client.proto)
            kit.spin(epoll, lambda: client.proto.shaken)
            assert client.proto.transport.negotiatedProtocol == b"echo"
            client.proto.transport.write(b"hello\n")
            kit.spin(epoll, lambda: client.proto.received == b"olleh\n")
            client.proto.transport.loseConnection()
            kit.spin(epoll, lambda: client.lost)
            assert client.lost.check(error.ConnectionDone)
        finally:
            peer.kill()
