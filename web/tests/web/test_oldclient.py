"""Tests of what `twisted.web.http` keeps for old programs."""

from __future__ import annotations

import pytest

from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web import http
from twisted.web._http._oldclient import HTTPClient


class Client(HTTPClient):
    """Asks, and keeps what comes."""

    def __init__(self) -> None:
        self.events: list[object] = []

    def connectionMade(self) -> None:
        self.sendCommand(b"GET", b"/x")
        self.sendHeader(b"host", b"h")
        self.sendHeader(b"x-number", 5)
        self.endHeaders()

    def handleStatus(self, version: bytes, status: bytes, message: bytes) -> None:
        self.events.append((version, status, message))

    def handleHeader(self, key: bytes, val: bytes) -> None:
        self.events.append((key, val))

    def handleEndHeaders(self) -> None:
        self.events.append("head")

    def handleResponsePart(self, data: bytes) -> None:
        self.events.append(data)

    def handleResponseEnd(self) -> None:
        self.events.append("end")


@pytest.fixture
def client() -> Client:
    made = Client()
    made.makeConnection(StringTransport())
    return made


def test_asks(client: Client) -> None:
    sent = client.transport.value()  # type: ignore[attr-defined]
    assert sent == b"GET /x HTTP/1.0\r\nhost: h\r\nx-number: 5\r\n\r\n"
    with pytest.raises(ValueError, match="line break"):
        client.sendHeader(b"x", b"a\r\nb: c")


def test_answer_of_known_length(client: Client) -> None:
    client.dataReceived(b"HTTP/1.0 200\r\nA: b\r\n c\r\nContent-Length: 3\r\n\r\nabcrest\r\n")
    assert client.events[:6] == [
        (b"HTTP/1.0", b"200", b""),
        (b"A", b"b c"),
        (b"Content-Length", b"3"),
        "head",
        b"abc",
        "end",
    ]


def test_answer_until_the_end(client: Client) -> None:
    client.dataReceived(b"HTTP/1.0 404 Not Found\r\n\r\nbo")
    client.dataReceived(b"dy")
    client.connectionLost(Failure(ConnectionDone()))
    assert client.events == [(b"HTTP/1.0", b"404", b"Not Found"), "head", b"bo", b"dy", "end"]


def test_deprecated() -> None:
    with pytest.warns(DeprecationWarning, match="Agent"):
        assert http.HTTPClient is HTTPClient


def test_string_transport() -> None:
    transport = http.StringTransport()
    transport.writeSequence([b"a", b"b"])
    transport.write(b"c")
    assert transport.getvalue() == b"abc"
