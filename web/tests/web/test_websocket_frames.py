"""Frames of WebSocket, compared with those of wsproto."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage
from wsproto.extensions import PerMessageDeflate

from twisted.web._websocket._frames import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    Deflate,
    FrameReader,
    WebSocketError,
    close_payload,
    frame,
)

MOST = 100_000
SIZES = st.sampled_from([0, 1, 3, 4, 125, 126, 127, 65535, 65536])
VALUES = st.one_of(
    st.text(max_size=200),
    st.binary(max_size=200),
    SIZES.map(lambda size: b"\xfe" * size),
    SIZES.map(lambda size: "y" * size),
)


def agreed(**parameters):
    """The extension, as both sides have agreed on it."""
    extension = PerMessageDeflate(**parameters)
    extension._enabled = True
    return extension


def read_in_pieces(reader, data, size):
    """What a reader makes of data that comes in pieces."""
    found = []
    for start in range(0, len(data), size):
        found += reader.receive(data[start : start + size], MOST)
    return found


def events_of(messages):
    """Messages as events of wsproto, each in two frames, and a ping between these."""
    for value in messages:
        kind = TextMessage if isinstance(value, str) else BytesMessage
        half = len(value) // 2
        yield kind(value[:half], message_finished=False)
        yield Ping(b"between")
        yield kind(value[half:])


@given(st.lists(VALUES, max_size=4), st.integers(1, 70_000), st.booleans(), st.booleans())
def test_read_what_wsproto_sends(messages, size, from_client, forgets):
    """Messages in several frames are put together, compressed or not, however they come."""
    names = ("client_no_context_takeover", "server_no_context_takeover")
    for deflated in (False, True):
        extensions = [agreed(**dict.fromkeys(names, forgets))] if deflated else []
        sender = Connection(
            ConnectionType.CLIENT if from_client else ConnectionType.SERVER, extensions
        )
        data = b"".join(sender.send(event) for event in events_of(messages))
        deflate = Deflate(extensions[0], not from_client) if deflated else None
        found = read_in_pieces(FrameReader(from_client, deflate), data, size)
        expected = []
        for value in messages:
            expected.append((PING, b"between"))
            expected.append((TEXT if isinstance(value, str) else BINARY, value))
        assert found == expected


@given(st.lists(VALUES, max_size=4), st.booleans(), st.booleans())
def test_wsproto_reads_what_is_sent(messages, from_client, forgets):
    """What is sent is what wsproto understands."""
    names = ("client_no_context_takeover", "server_no_context_takeover")
    for deflated in (False, True):
        extensions = [agreed(**dict.fromkeys(names, forgets))] if deflated else []
        deflate = Deflate(extensions[0], from_client) if deflated else None
        reader = Connection(
            ConnectionType.SERVER if from_client else ConnectionType.CLIENT, extensions
        )
        found = []
        for value in messages:
            opcode, payload = (TEXT, value.encode()) if isinstance(value, str) else (BINARY, value)
            if deflate is not None:
                payload = deflate.compress(payload)
            reader.receive_data(frame(opcode, payload, from_client, deflated))
            events = list(reader.events())
            assert events[-1].message_finished
            found.append(type(value)().join(type(value)(event.data) for event in events))
        assert found == messages
        for opcode, kind in ((PING, Ping), (PONG, Pong)):
            reader.receive_data(frame(opcode, b"x", from_client))
            assert list(reader.events()) == [kind(b"x")]
        reader.receive_data(frame(CLOSE, close_payload(1001, "away"), from_client))
        assert list(reader.events()) == [CloseConnection(1001, "away")]


def test_bombs():
    """No more is unpacked than a message may have."""
    bomb = zlib.compressobj(wbits=-15)
    packed = bomb.compress(bytes(50_000_000)) + bomb.flush(zlib.Z_SYNC_FLUSH)
    reader = FrameReader(False, Deflate(agreed(), True))
    with pytest.raises(WebSocketError, match="too large") as caught:
        list(reader.receive(frame(BINARY, packed[:-4], False, True), MOST))
    assert caught.value.code == 1009


def test_as_large_as_it_may_be():
    """A message may have all the octets that it may have, compressed or not."""
    for value in (bytes(MOST), bytes(MOST + 1)):
        for deflate in (None, Deflate(agreed(), True)):
            payload = value if deflate is None else deflate.compress(value)
            data = frame(BINARY, payload, False, deflate is not None)
            read = FrameReader(False, Deflate(agreed(), True)).receive(data, MOST)
            if len(value) > MOST:
                with pytest.raises(WebSocketError):
                    list(read)
            else:
                assert list(read) == [(BINARY, value)]


def test_ended_streams():
    """Whoever compresses may end the stream of blocks in a message (RFC 7692, 7.2.3.4)."""
    reader = FrameReader(False, Deflate(agreed(), True))
    data = frame(TEXT, b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", False, True)
    assert list(reader.receive(data * 2, MOST)) == [(TEXT, "Hello")] * 2


@pytest.mark.parametrize("payload", [b"\xff\xff\xff", b"\x06"])
def test_not_compressed(payload):
    """What claims to be compressed, and is not, is said to be invalid."""
    reader = FrameReader(False, Deflate(agreed(), True))
    with pytest.raises(WebSocketError) as caught:
        list(reader.receive(frame(TEXT, payload, False, True), MOST))
    assert caught.value.code == 1007


def test_nothing_is_kept_of_a_message_that_is_too_large():
    """That is said as soon as the head of a frame says it."""
    with pytest.raises(WebSocketError):
        list(FrameReader(False, None).receive(b"\x82\x7f" + (2**62).to_bytes(8, "big"), MOST))


@pytest.mark.parametrize(
    ("code", "reason", "payload"),
    [
        (None, "", b""),
        (1000, "", b"\x03\xe8"),
        (1006, "", b"\x03\xe8"),
        (4999, "x" * 200, b"\x13\x87" + b"x" * 123),
        (1001, "é" * 62, b"\x03\xe9" + "é".encode() * 61),
    ],
)
def test_close(code, reason, payload):
    """Reasons are cut between characters; codes that are never sent are not sent."""
    assert close_payload(code, reason) == payload
