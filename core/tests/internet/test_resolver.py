"""From names to addresses."""

from __future__ import annotations

import socket
import threading

import pytest
from zope.interface import implementer
from zope.interface.verify import verifyObject

from twisted.internet import interfaces
from twisted.internet._resolver import (
    ComplexResolverSimplifier,
    GAIResolver,
    SimpleResolverComplexifier,
)
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.base import BlockingResolver, ThreadedResolver
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import DNSLookupError


@implementer(interfaces.IResolutionReceiver)
class Receiver:
    """Keeps what it is told."""

    def __init__(self):
        self.began = None
        self.addresses = []
        self.complete = 0

    def resolutionBegan(self, resolutionInProgress):
        assert self.began is None
        self.began = resolutionInProgress

    def addressResolved(self, address):
        assert self.began is not None
        self.addresses.append(address)

    def resolutionComplete(self):
        self.complete += 1


V4 = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 80))
V6 = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("2001:db8::1", 80, 0, 3))
ODD = (socket.AF_UNIX, socket.SOCK_STREAM, 0, "", "name")
UDP = (socket.AF_INET, socket.SOCK_DGRAM, 17, "", ("192.0.2.2", 53))


class TestSystem:
    """The resolver that asks the system in a thread."""

    def resolve(self, epoll, kit, answer, name="a.name", port=80, **options):
        """Look up a name with a made-up system; give the receiver and what was asked."""
        asked = []

        def getaddrinfo(*args):
            asked.append((args, threading.get_ident()))
            if isinstance(answer, Exception):
                raise answer
            return answer

        resolver = GAIResolver(epoll, epoll.getThreadPool, getaddrinfo)
        receiver = Receiver()
        epoll.startRunning(installSignalHandlers=False)
        resolution = resolver.resolveHostName(receiver, name, port, **options)
        assert receiver.began is resolution
        assert resolution.name == name
        assert verifyObject(interfaces.IHostResolution, resolution)
        return receiver, asked, resolution

    def test_all_addresses(self, epoll, kit):
        """All IP addresses are reported in their order, and completion after them."""
        receiver, asked, _ = self.resolve(epoll, kit, [V6, ODD, V4])
        assert receiver.addresses == []
        kit.spin(epoll, lambda: receiver.complete)
        assert receiver.addresses == [
            IPv6Address("TCP", "2001:db8::1", 80, 0, 3),
            IPv4Address("TCP", "192.0.2.1", 80),
        ]
        (((args), thread),) = asked
        assert args == ("a.name", 80, socket.AF_UNSPEC, socket.SOCK_STREAM)
        assert thread != threading.get_ident()

    @pytest.mark.parametrize(
        ("types", "family"),
        [
            ([IPv4Address], socket.AF_INET),
            ([IPv6Address], socket.AF_INET6),
            ([IPv4Address, IPv6Address], socket.AF_UNSPEC),
            ([], socket.AF_UNSPEC),
        ],
    )
    def test_kinds(self, epoll, kit, types, family):
        """Only the kinds of addresses that the caller can use are asked for."""
        receiver, asked, _ = self.resolve(epoll, kit, [], addressTypes=types)
        kit.spin(epoll, lambda: receiver.complete)
        assert asked[0][0][2] == family

    def test_datagrams(self, epoll, kit):
        """Addresses for datagrams are of that type."""
        receiver, asked, _ = self.resolve(epoll, kit, [UDP], transportSemantics="UDP")
        kit.spin(epoll, lambda: receiver.complete)
        assert receiver.addresses == [IPv4Address("UDP", "192.0.2.2", 53)]
        assert asked[0][0][3] == socket.SOCK_DGRAM

    @pytest.mark.parametrize(
        "problem", [socket.gaierror(-2, "unknown"), UnicodeError("label too long")]
    )
    def test_unknown(self, epoll, kit, problem):
        """A name that is not known has no addresses; that is no error."""
        receiver, _, _ = self.resolve(epoll, kit, problem)
        kit.spin(epoll, lambda: receiver.complete)
        assert receiver.addresses == []

    def test_cancel(self, epoll, kit):
        """After cancelling nothing is reported any more."""
        receiver, asked, resolution = self.resolve(epoll, kit, [V4])
        resolution.cancel()
        kit.spin(epoll, lambda: asked)
        for _ in range(5):
            epoll.iterate(0.001)
        assert receiver.addresses == []
        assert not receiver.complete

    def test_receiver_that_fails(self, epoll, kit, errors):
        """What goes wrong in a receiver is logged."""
        receiver, _, _ = self.resolve(epoll, kit, [V4])
        receiver.addressResolved = lambda address: 1 / 0
        kit.spin(epoll, lambda: errors)
        assert len(errors.take(ZeroDivisionError)) == 1

    def test_real(self, epoll, kit):
        """The real system knows what an address stands for."""
        assert verifyObject(interfaces.IHostnameResolver, epoll.nameResolver)
        receiver = Receiver()
        epoll.startRunning(installSignalHandlers=False)
        epoll.nameResolver.resolveHostName(receiver, "127.0.0.1", 80)
        kit.spin(epoll, lambda: receiver.complete)
        assert receiver.addresses == [IPv4Address("TCP", "127.0.0.1", 80)]


class Simple:
    """A resolver that finds a single address."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = []

    def getHostByName(self, name, timeout=()):
        self.asked.append(name)
        return self.answer


class TestComplexifier:
    """All addresses from a resolver that finds one."""

    def resolve(self, answer, name="a.name"):
        receiver, simple = Receiver(), Simple(answer)
        complex = SimpleResolverComplexifier(simple)
        assert verifyObject(interfaces.IHostnameResolver, complex)
        resolution = complex.resolveHostName(receiver, name, 80)
        assert receiver.began is resolution
        return receiver, simple, resolution

    def test_found(self):
        """The address is reported, then completion."""
        receiver, simple, _ = self.resolve(succeed("192.0.2.1"))
        assert receiver.addresses == [IPv4Address("TCP", "192.0.2.1", 80)]
        assert receiver.complete == 1
        assert simple.asked == ["a.name"]

    def test_ipv6(self):
        """The address may be one of IPv6."""
        receiver, _, _ = self.resolve(succeed("::1"))
        assert receiver.addresses == [IPv6Address("TCP", "::1", 80)]

    def test_unknown(self):
        """A name that is not known has no addresses."""
        receiver, _, _ = self.resolve(fail(DNSLookupError("a.name")))
        assert receiver.addresses == []
        assert receiver.complete == 1

    def test_problem(self, errors):
        """Any other problem is logged, and completion reported all the same."""
        receiver, _, _ = self.resolve(fail(ZeroDivisionError()))
        assert receiver.complete == 1
        assert len(errors.take(ZeroDivisionError)) == 1

    def test_international(self):
        """A name with other than ASCII characters is translated."""
        receiver, simple, _ = self.resolve(succeed("192.0.2.1"), "f\xe9.example")
        assert simple.asked == ["xn--f-bga.example"]
        assert receiver.began.name == "xn--f-bga.example"

    def test_cancel(self):
        """After cancelling nothing is reported any more."""
        answer = Deferred()
        receiver, _, resolution = self.resolve(answer)
        resolution.cancel()
        answer.callback("192.0.2.1")
        assert receiver.addresses == []
        assert not receiver.complete


class TestSimplifier:
    """A single address from a resolver that finds all."""

    def resolve(self, answer):
        simple = ComplexResolverSimplifier(SimpleResolverComplexifier(Simple(answer)))
        assert verifyObject(interfaces.IResolverSimple, simple)
        results = []
        simple.getHostByName("a.name").addBoth(results.append)
        return results[0]

    def test_found(self):
        """The Deferred fires with the address."""
        assert self.resolve(succeed("192.0.2.1")) == "192.0.2.1"

    def test_unknown(self):
        """The Deferred fails for a name without addresses."""
        assert self.resolve(fail(DNSLookupError("x"))).check(DNSLookupError)

    def test_first(self):
        """Of several addresses the first one is given."""

        class Many:
            def resolveHostName(self, receiver, name, port, types, semantics):
                assert types == [IPv4Address]
                receiver.resolutionBegan(None or type("R", (), {"name": name}))
                receiver.addressResolved(IPv4Address("TCP", "192.0.2.1", 0))
                receiver.addressResolved(IPv4Address("TCP", "192.0.2.2", 0))
                receiver.resolutionComplete()

        results = []
        ComplexResolverSimplifier(Many()).getHostByName("a").addCallback(results.append)
        assert results == ["192.0.2.1"]


class TestReactor:
    """The resolvers of a reactor."""

    def test_resolve(self, epoll):
        """Addresses stand for themselves, nothing for every address of this machine."""
        results = []
        epoll.resolve("192.0.2.1").addCallback(results.append)
        epoll.resolve("").addCallback(results.append)
        assert results == ["192.0.2.1", "0.0.0.0"]

    def test_install(self, epoll):
        """Installing a resolver of either kind replaces both."""
        simple = Simple(None)
        simple.getHostByName = lambda name, timeout=(): succeed("192.0.2.1")
        previous = epoll.nameResolver
        epoll.installResolver(simple)
        results = []
        epoll.resolve("a.name").addCallback(results.append)
        assert results == ["192.0.2.1"]
        receiver = Receiver()
        epoll.nameResolver.resolveHostName(receiver, "a.name")
        assert receiver.complete
        assert epoll.installNameResolver(previous) is not previous
        assert epoll.nameResolver is previous
        assert epoll.resolver is not simple


class TestOlder:
    """The two older resolvers."""

    def ask(self, resolver, name, timeout=(1,)):
        assert verifyObject(interfaces.IResolverSimple, resolver)
        results = []
        resolver.getHostByName(name, timeout).addBoth(results.append)
        return results

    def test_blocking(self, monkeypatch):
        """It asks the system there and then."""
        assert self.ask(BlockingResolver(), "127.0.0.1") == ["127.0.0.1"]

        def unknown(name):
            raise OSError("no such name")

        monkeypatch.setattr(socket, "gethostbyname", unknown)
        (failure,) = self.ask(BlockingResolver(), "a.name")
        assert failure.check(DNSLookupError)

    def test_threaded(self, epoll, kit):
        """It asks the system in a thread."""
        epoll.startRunning(installSignalHandlers=False)
        results = self.ask(ThreadedResolver(epoll), "127.0.0.1")
        kit.spin(epoll, lambda: results)
        assert results == ["127.0.0.1"]
        assert epoll.getDelayedCalls() == []

    def test_threaded_unknown(self, epoll, kit, monkeypatch):
        """A name that is not known fails the Deferred."""

        def unknown(name):
            raise OSError("no such name")

        monkeypatch.setattr(socket, "gethostbyname", unknown)
        epoll.startRunning(installSignalHandlers=False)
        results = self.ask(ThreadedResolver(epoll), "a.name", ())
        kit.spin(epoll, lambda: results)
        assert results[0].check(DNSLookupError)

    def test_threaded_too_late(self, epoll, kit, monkeypatch):
        """An answer after the time has run out is not waited for."""
        go = threading.Event()
        monkeypatch.setattr(socket, "gethostbyname", lambda name: go.wait() and "192.0.2.1")
        epoll.startRunning(installSignalHandlers=False)
        results = self.ask(ThreadedResolver(epoll), "a.name", (0.005, 0.005))
        kit.spin(epoll, lambda: results)
        assert results[0].check(DNSLookupError)
        go.set()
        for _ in range(5):
            epoll.iterate(0.001)
        assert len(results) == 1
