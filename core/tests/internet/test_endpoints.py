"""Tests of `twisted.internet.endpoints`, in memory."""

from __future__ import annotations

import os
import socket
from typing import Any

import pytest
from zope.interface import implementer

from twisted import plugin
from twisted.internet import endpoints, error
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import CancelledError
from twisted.internet.endpoints import clientFromString, serverFromString
from twisted.internet.interfaces import IStreamServerEndpointStringParser
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import (
    MemoryReactorClock,
    RaisingMemoryReactor,
    StringTransport,
)
from twisted.python.failure import Failure
from twisted.python.systemd import ListenFDs


@pytest.fixture
def reactor():
    """A reactor in memory."""
    return MemoryReactorClock()


@pytest.fixture
def factory():
    """A factory of protocols that do nothing."""
    return Factory.forProtocol(Protocol)


def results(deferred):
    """A list that the result goes to."""
    seen = []
    deferred.addBoth(seen.append)
    return seen


# Servers


@pytest.mark.parametrize(
    ("description", "arguments"),
    [
        ("tcp:80", (80, 50, "")),
        ("tcp:port=80:backlog=5:interface=127.0.0.1", (80, 5, "127.0.0.1")),
        ("tcp6:80", (80, 50, "::")),
        (r"tcp6:80:interface=\:\:1", (80, 50, "::1")),
    ],
)
def test_listening(reactor, factory, description, arguments):
    """TCP is listened on as a description says."""
    (port,) = results(serverFromString(reactor, description).listen(factory))
    (server,) = reactor.tcpServers
    assert (server[0], server[2], server[3]) == arguments
    assert port.getHost() is not None


@pytest.mark.parametrize(
    ("description", "arguments"),
    [
        ("unix:/run/x", ("/run/x", 50, 0o666, True)),
        ("unix:address=/run/x:mode=600:backlog=1:lockfile=0", ("/run/x", 1, 0o600, False)),
        ("unix:/run/x:lockfile=0", ("/run/x", 50, 0o666, False)),
    ],
)
def test_listening_on_unix(reactor, factory, description, arguments):
    """A UNIX socket is listened on as a description says."""
    results(serverFromString(reactor, description).listen(factory))
    (server,) = reactor.unixServers
    path, _, backlog, mode, lock = server
    assert (path, backlog, mode, bool(lock)) == arguments


def test_adopting(reactor, factory):
    """A socket that somebody else has opened is listened on; its number is not used twice."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        number = os.dup(opened.fileno())
        endpoint = serverFromString(reactor, f"fd:{number}")
        assert len(results(endpoint.listen(factory))) == 1
        assert results(endpoint.listen(factory))[0].check(error.AlreadyListened)
    adopted = reactor.adoptedPorts[0]
    assert (adopted[0], adopted[1]) == (number, socket.AF_INET)


def test_systemd(reactor, factory, monkeypatch):
    """Sockets of systemd are found by their number or name."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        numbers = [os.dup(opened.fileno()) for _ in range(2)]
        environment = {
            "LISTEN_PID": str(os.getpid()),
            "LISTEN_FDS": "2",
            "LISTEN_FDNAMES": "web:other",
        }
        found = ListenFDs.fromEnvironment(environment, start=numbers[0])
        assert found.inheritedDescriptors() == [numbers[0], numbers[0] + 1]
        for number in numbers:
            os.close(number)


@pytest.mark.parametrize(
    "description",
    [
        "",
        "nothing:1",
        "tcp",
        "tcp:",
        "tcp:x",
        "tcp:-1",
        "tcp:65536",
        "tcp:80:backlog=x",
        "tcp:80:backlog=-1",
        "tcp:80:nothing=1",
        "tcp:80:port=81",
        "unix",
        "unix:/x:mode=9",
        "fd:x",
        "fd:1:domain=NOTHING",
        "systemd:index=x",
        "systemd:domain=INET:index=99",
        "systemd:domain=INET:name=nothing",
        "systemd:domain=INET",
    ],
)
def test_bad_descriptions(reactor, description):
    """A description that makes no sense is refused at once, with a text that says why."""
    with pytest.raises((ValueError, TypeError)) as caught:
        serverFromString(reactor, description)
    assert str(caught.value)


def test_listening_fails(factory):
    """What the system says against listening is the failure."""
    endpoint = endpoints.TCP4ServerEndpoint(RaisingMemoryReactor(ValueError("no")), 80)
    assert results(endpoint.listen(factory))[0].check(ValueError)


def test_plugins(reactor, monkeypatch):
    """Plugins may know other kinds of endpoints."""

    @implementer(plugin.IPlugin, IStreamServerEndpointStringParser)
    class Parser:
        prefix = "other"

        def parseStreamServer(self, reactor, *arguments, **named):
            return ("made", arguments, named)

    monkeypatch.setattr(plugin, "getPlugins", lambda interface, package=None: [Parser()])
    assert serverFromString(reactor, "other:1:a=b") == ("made", ("1",), {"a": "b"})


@pytest.mark.parametrize("text", ["a:b", "a\\b", "a=b", ":", "", "x"])
def test_quoting(text):
    """What is quoted is one argument again."""
    quoted = endpoints.quoteStringArgument(text)
    reactor = MemoryReactorClock()
    endpoint = serverFromString(reactor, f"unix:address={quoted or 'x'}")
    endpoint.listen(Factory())
    assert reactor.unixServers[0][0] == (text or "x")


# Clients


@pytest.mark.parametrize(
    ("description", "host", "port", "timeout"),
    [
        ("tcp:192.0.2.1:80", "192.0.2.1", 80, 30),
        ("tcp:host=192.0.2.1:port=80:timeout=5", "192.0.2.1", 80, 5),
    ],
)
def test_connecting(reactor, factory, description, host, port, timeout):
    """A client connects as a description says, and gets the protocol."""
    connected = results(clientFromString(reactor, description).connect(factory))
    client = reactor.tcpClients[0]
    assert client[:2] == (host, port)
    assert client[3] == timeout
    assert connected == []
    made = client[2].buildProtocol(None)
    made.makeConnection(StringTransport())
    assert isinstance(connected[0], Protocol)


def test_connecting_to_unix(reactor, factory):
    """A client connects to a UNIX socket as a description says."""
    results(clientFromString(reactor, "unix:/run/x:lockfile=1:timeout=5").connect(factory))
    (client,) = reactor.unixClients
    assert (client[0], client[2], bool(client[3])) == ("/run/x", 5, True)


def test_connecting_fails(reactor, factory):
    """A connection that is refused is the failure."""
    endpoint = endpoints.TCP4ClientEndpoint(reactor, "192.0.2.1", 80)
    connected = results(endpoint.connect(factory))
    reactor.tcpClients[0][2].clientConnectionFailed(None, Failure(error.ConnectionRefusedError()))
    assert connected[0].check(error.ConnectionRefusedError)


def test_connecting_cancelled(reactor, factory):
    """A client that gives up stops connecting."""
    endpoint = endpoints.TCP4ClientEndpoint(reactor, "192.0.2.1", 80)
    attempt = endpoint.connect(factory)
    connected = results(attempt)
    attempt.cancel()
    assert reactor.connectors[0].stoppedConnecting
    assert connected[0].check(error.ConnectingCancelledError, CancelledError)


def test_no_protocol(reactor):
    """A factory that makes no protocol makes no connection."""

    class None_(Factory):
        def buildProtocol(self, addr):
            return None

    endpoint = endpoints.TCP4ClientEndpoint(reactor, "192.0.2.1", 80)
    connected = results(endpoint.connect(None_()))
    assert reactor.tcpClients[0][2].buildProtocol(None) is None
    assert connected[0].check(error.NoProtocol)


@pytest.mark.parametrize(
    "description",
    ["", "nothing:1", "tcp", "tcp:x", "tcp:h:x", "tcp:h:1:timeout=x", "tcp:h:1:x=1", "unix"],
)
def test_bad_client_descriptions(reactor, description):
    """A description that makes no sense is refused at once, with a text that says why."""
    with pytest.raises((ValueError, TypeError)) as caught:
        clientFromString(reactor, description)
    assert str(caught.value)


def test_connect_protocol(reactor):
    """One protocol may be connected without a factory."""
    protocol = Protocol()
    endpoint = endpoints.TCP4ClientEndpoint(reactor, "192.0.2.1", 80)
    connected = results(endpoints.connectProtocol(endpoint, protocol))
    reactor.tcpClients[0][2].buildProtocol(None).makeConnection(StringTransport())
    assert connected == [protocol]


# Happy eyeballs


class Resolution:
    """A resolver that gives some addresses."""

    def __init__(self, *addresses):
        self.addresses = addresses

    def resolveHostName(self, receiver, hostName, portNumber=0, *arguments, **named):
        """Give the addresses at once."""
        receiver.resolutionBegan(self)
        for address in self.addresses:
            kind = IPv6Address if ":" in address else IPv4Address
            receiver.addressResolved(kind("TCP", address, portNumber))
        receiver.resolutionComplete()
        return self

    def cancel(self):
        """Do nothing."""


def hosts(reactor):
    """Where was connected to."""
    return [client[0] for client in reactor.tcpClients]


def test_happy_eyeballs(reactor, factory):
    """Addresses are tried one after the other, a little apart, both kinds in turn (RFC 8305)."""
    reactor.installNameResolver(Resolution("::1", "::2", "192.0.2.1"))
    connected = results(
        endpoints.HostnameEndpoint(reactor, "example.org", 80, attemptDelay=0.3).connect(factory)
    )
    assert hosts(reactor) == ["::1"]
    reactor.advance(0.2)
    assert len(hosts(reactor)) == 1
    reactor.advance(0.1)
    assert hosts(reactor) == ["::1", "192.0.2.1"]
    reactor.tcpClients[1][2].buildProtocol(None).makeConnection(StringTransport())
    assert isinstance(connected[0], Protocol)
    assert reactor.connectors[0].stoppedConnecting
    reactor.advance(10)
    assert len(hosts(reactor)) == 2
    assert reactor.getDelayedCalls() == []


def test_next_at_once(reactor, factory):
    """When an attempt fails the next one begins at once; if all fail, so does the connection."""
    reactor.installNameResolver(Resolution("192.0.2.1", "192.0.2.2"))
    connected = results(endpoints.HostnameEndpoint(reactor, "h", 80).connect(factory))
    reactor.tcpClients[0][2].clientConnectionFailed(None, Failure(error.ConnectionRefusedError()))
    assert hosts(reactor) == ["192.0.2.1", "192.0.2.2"]
    reactor.tcpClients[1][2].clientConnectionFailed(None, Failure(error.TimeoutError()))
    assert isinstance(connected[0], Failure)
    assert connected[0].check(error.ConnectError)


def test_unknown_name(reactor, factory):
    """A name without addresses is an error that says so."""
    reactor.installNameResolver(Resolution())
    connected = results(endpoints.HostnameEndpoint(reactor, "nowhere", 80).connect(factory))
    assert connected[0].check(error.DNSLookupError)
    assert "nowhere" in str(connected[0].value)


def test_race_cancelled(reactor, factory):
    """Who gives up stops all attempts."""
    reactor.installNameResolver(Resolution("192.0.2.1", "192.0.2.2"))
    attempt = endpoints.HostnameEndpoint(reactor, "h", 80).connect(factory)
    connected = results(attempt)
    reactor.advance(1)
    attempt.cancel()
    assert all(connector.stoppedConnecting for connector in reactor.connectors)
    assert isinstance(connected[0], Failure)
    assert reactor.getDelayedCalls() == []


def test_bad_names(reactor, factory):
    """A name that cannot be one is a failure, not an exception."""
    for name in ("a" * 64 + ".example", "\u2603" * 70, "a..b"):
        connected = results(endpoints.HostnameEndpoint(reactor, name, 80).connect(factory))
        assert isinstance(connected[0], Failure)


# Processes


def test_process_as_a_connection(epoll: Any, kit: Any) -> None:
    protocol = kit.Recorder()
    client = endpoints.clientFromString(epoll, "process:sh:-c:cat; exit 3")
    made: list[Any] = []
    endpoints.connectProtocol(client, protocol).addCallback(made.append)
    assert made == [protocol]
    protocol.transport.write(b"to and ")
    protocol.transport.writeSequence([b"f", b"ro"])
    kit.spin(epoll, lambda: protocol.received == b"to and fro")
    assert protocol.transport.getPeer() is not None
    protocol.transport.loseConnection()
    kit.spin(epoll, lambda: protocol.lost)
    assert protocol.lost.value.exitCode in (3, None)


def test_process_that_ends_well(epoll: Any, kit: Any, events: Any) -> None:
    protocol = kit.Recorder()
    endpoint = endpoints.ProcessEndpoint(epoll, "sh", ["sh", "-c", "echo out; echo err >&2"], None)
    endpoints.connectProtocol(endpoint, protocol)
    kit.spin(epoll, lambda: protocol.lost)
    assert protocol.received == b"out\n"
    assert protocol.lost.check(error.ConnectionDone)
    assert any(event.get("data") == b"err\n" for event in events)


def test_program_that_is_not_there(epoll: Any, kit: Any) -> None:
    failed: list[Any] = []
    client = endpoints.clientFromString(epoll, "process:/there/is/none")
    endpoints.connectProtocol(client, kit.Recorder()).addErrback(failed.append)
    assert failed[0].check(FileNotFoundError)


def test_standard_input_and_output(kit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(
        "twisted.internet.stdio.StandardIO", lambda protocol, reactor: seen.append(protocol)
    )
    server = kit.Server()
    endpoints.serverFromString(object(), "stdio:").listen(server)
    assert seen == server.protocols


def test_arguments_without_names_follow_those_with(epoll: Any) -> None:
    client = clientFromString(epoll, "tcp:host=example.com:1234")
    assert (client._host, client._port) == ("example.com", 1234)
    with pytest.raises(TypeError, match="expected"):
        clientFromString(epoll, "tcp:a:1:2:3:4:5:host=b")
