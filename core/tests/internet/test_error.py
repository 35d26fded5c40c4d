"""Tests of `twisted.internet.error` and `twisted.internet.address`."""

from __future__ import annotations

import errno
import os
import socket

import pytest
from zope.interface.verify import verifyObject

from twisted.internet import error
from twisted.internet.address import HostnameAddress, IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IAddress

# Errors


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENETUNREACH, error.NoRouteError),
        (errno.ECONNREFUSED, error.ConnectionRefusedError),
        (errno.ETIMEDOUT, error.TCPTimedOutError),
        (errno.EIO, error.ConnectError),
    ],
)
def test_connect_errors(number, kind):
    """What the system says against connecting has a class of its own."""
    made = error.getConnectError(OSError(number, os.strerror(number)))
    assert type(made) is kind
    assert made.osError == number
    assert os.strerror(number) in str(made)
    assert type(error.getConnectError((number, "text"))) is kind


def test_other_connect_errors():
    """A name without an address, and anything else, are errors of connecting, too."""
    unknown = error.getConnectError(socket.gaierror(socket.EAI_NONAME, "no such name"))
    assert type(unknown) is error.UnknownHostError
    assert type(error.getConnectError("text")) is error.ConnectError


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (error.ConnectionDone(), "Connection was closed cleanly."),
        (
            error.ConnectionLost("a", "b"),
            "Connection to the other side was lost in a non-clean fashion: a b.",
        ),
        (
            error.CannotListenError("h", 80, OSError(1, "no")),
            "Couldn't listen on h:80: [Errno 1] no.",
        ),
        (
            error.CannotListenError("", 80, OSError(1, "no")),
            "Couldn't listen on any:80: [Errno 1] no.",
        ),
        (error.ConnectError(string="why"), "An error occurred while connecting: why."),
    ],
)
def test_texts(made, text):
    """Errors say in a sentence what was wrong."""
    assert str(made) == text


def test_kinds():
    """Errors are found by their general kinds."""
    assert issubclass(error.ConnectionDone, error.ConnectionClosed)
    assert issubclass(error.ConnectionAborted, error.ConnectionLost)
    assert issubclass(error.TimeoutError, error.ConnectError)
    assert issubclass(error.CannotListenError, error.BindError)
    assert issubclass(error.AlreadyCalled, ValueError)
    assert issubclass(error.DNSLookupError, IOError)
    assert issubclass(error.ReactorAlreadyInstalledError, AssertionError)


def test_process_errors():
    """The end of a process tells how it ended."""
    done = error.ProcessDone(0)
    assert (done.exitCode, done.signal, done.status) == (0, None, 0)
    terminated = error.ProcessTerminated(3, None, 768)
    assert "3" in str(terminated)
    assert "9" in str(error.ProcessTerminated(None, 9, 9))


def test_cancelled_connecting():
    """Who gave up connecting knows to what."""
    address = IPv4Address("TCP", "192.0.2.1", 80)
    assert error.ConnectingCancelledError(address).address is address


# Addresses


@pytest.mark.parametrize(
    ("made", "same", "other", "text"),
    [
        (
            IPv4Address("TCP", "192.0.2.1", 80),
            IPv4Address("TCP", "192.0.2.1", 80),
            IPv4Address("UDP", "192.0.2.1", 80),
            "IPv4Address(type='TCP', host='192.0.2.1', port=80)",
        ),
        (
            IPv6Address("TCP", "::1", 80),
            IPv6Address("TCP", "::1", 80, 0, 0),
            IPv6Address("TCP", "::1", 80, 0, 1),
            "IPv6Address(type='TCP', host='::1', port=80, flowInfo=0, scopeID=0)",
        ),
        (
            HostnameAddress(b"h", 80),
            HostnameAddress(b"h", 80),
            HostnameAddress(b"i", 80),
            "HostnameAddress(hostname=b'h', port=80)",
        ),
        (UNIXAddress("/x"), UNIXAddress("/x"), UNIXAddress("/y"), "UNIXAddress('/x')"),
        (UNIXAddress(None), UNIXAddress(None), UNIXAddress("/y"), "UNIXAddress(None)"),
    ],
)
def test_addresses(made, same, other, text):
    """Addresses are compared by what they are, can be keys, and show themselves."""
    verifyObject(IAddress, made)
    assert made == same
    assert hash(made) == hash(same)
    assert made != other
    assert made != text
    assert repr(made) == text


@pytest.mark.parametrize("kind", [IPv4Address, IPv6Address])
def test_address_types(kind):
    """An address of IP is of TCP or UDP."""
    with pytest.raises(ValueError, match=r"."):
        kind("SCTP", "::1", 80)


def test_same_file(tmp_path):
    """Addresses of UNIX sockets are the same if they lead to the same file."""
    (tmp_path / "a").write_text("")
    os.symlink(tmp_path / "a", tmp_path / "b")
    assert UNIXAddress(str(tmp_path / "a")) == UNIXAddress(str(tmp_path / "b"))
    assert hash(UNIXAddress(str(tmp_path / "a"))) == hash(UNIXAddress(str(tmp_path / "b")))
