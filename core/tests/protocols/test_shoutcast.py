"""Listening to a station."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twisted.internet.testing import StringTransport
from twisted.protocols.shoutcast import ShoutcastClient

HEADER = b"ICY 200 OK\r\nicy-name:A Station\r\nicy-metaint:10\r\n\r\n"


def text(told: bytes) -> bytes:
    length = -(-len(told) // 16)
    return bytes([length]) + told.ljust(length * 16, b"\0")


class Listener(ShoutcastClient):
    def __init__(self, path: str = "/") -> None:
        super().__init__(path)
        self.music = b""
        self.titles: list[object] = []
        self.makeConnection(StringTransport())

    def gotMP3Data(self, data: bytes) -> None:
        self.music += data

    def gotMetaData(self, metadata: object) -> None:
        self.titles.append(metadata)


def test_request() -> None:
    request = Listener("/stream;1").transport.value()
    assert request.startswith(b"GET /stream;1 HTTP/1.0\r\n")
    assert b"\r\nIcy-MetaData: 1\r\n" in request
    assert request.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("path", ["", "stream", "/a b", "/a\r\nX: y", "/ü"])
def test_paths_that_are_none(path: str) -> None:
    with pytest.raises(ValueError):
        ShoutcastClient(path)


@pytest.mark.parametrize("size", [1, 3, 10, 1000])
def test_titles_among_music(size: int) -> None:
    listener = Listener()
    stream = b"0123456789" + text(b"StreamTitle='It's a song; really';StreamUrl='';")
    stream += b"abcdefghij" + b"\0" + b"ABCDEFGHIJ" + text("StreamTitle='ü';".encode("latin-1"))
    data = HEADER + stream + b"more"
    for start in range(0, len(data), size):
        listener.dataReceived(data[start : start + size])
    assert listener.headers[b"icy-name"] == b"A Station"
    assert listener.music == b"0123456789abcdefghijABCDEFGHIJmore"
    assert listener.titles == [
        [("StreamTitle", "It's a song; really"), ("StreamUrl", "")],
        [("StreamTitle", "ü")],
    ]


def test_a_station_without_titles() -> None:
    listener = Listener()
    listener.dataReceived(b"HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n" + b"music" * 9)
    assert listener.music == b"music" * 9


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.0 404 Not Found\r\n\r\n<html>",
        b"SSH-2.0-OpenSSH\r\n",
        b"ICY 200 OK\r\nicy-metaint:0\r\n\r\nmusic",
        b"ICY 200 OK\r\nicy-metaint:-8\r\n\r\nmusic",
        b"ICY 200 OK\r\nicy-metaint:99999999999999\r\n\r\nmusic",
        b"ICY 200 OK\r\n" + b"".join(b"h%d: 1\r\n" % n for n in range(200)),
        b"ICY 200 OK\r\n" + b"h" * 20_000,
    ],
)
def test_what_is_no_station(said: bytes) -> None:
    listener = Listener()
    listener.dataReceived(said)
    assert listener.transport.disconnecting
    assert listener.problem
    assert listener.music == b""


@given(st.binary(), st.integers(1, 300))
def test_anything(data: bytes, interval: int) -> None:
    listener = Listener()
    listener.dataReceived(b"ICY 200 OK\r\nicy-metaint: %d\r\n\r\n" % interval)
    for start in range(0, len(data), 50):
        listener.dataReceived(data[start : start + 50])
    assert len(listener.music) <= len(data)


@given(st.binary(max_size=100))
def test_any_header(data: bytes) -> None:
    listener = Listener()
    listener.dataReceived(data + b"\r\n\r\n")
    # It is understood, or refused.
    assert listener.line_mode == 0 or listener.problem or data.startswith((b"ICY", b"HTTP"))
