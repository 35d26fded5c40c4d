"""Tests of the client of HTTP/2: what it sends, what it makes of answers, and its pool."""

from __future__ import annotations

from typing import Any

import pytest
from h2.errors import ErrorCodes
from h2.settings import SettingCodes
from zope.interface import implementer

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionLost, ConnectionRefusedError
from twisted.internet.protocol import Protocol
from twisted.logger import capturedLogs
from twisted.web._client._bodies import BytesBodyProducer
from twisted.web.client import (
    ConnectTimeout,
    HTTP2ConnectionPool,
    PoolFull,
    PoolTimeout,
    ReadTimeout,
    RequestGenerationFailed,
    RequestTransmissionFailed,
    ResponseDone,
    ResponseFailed,
    ResponseNeverReceived,
    StreamReset,
    WriteTimeout,
)
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer


@pytest.fixture(name="world")
def world_fixture(http2_world):
    """A pool, and servers."""
    return http2_world


def reason(result: Any) -> Any:
    """What is behind a failure."""
    return result.value.reasons[0].type


@implementer(IBodyProducer)
class Body:
    """A body whose pieces a test writes."""

    def __init__(self, length: Any = UNKNOWN_LENGTH) -> None:
        self.length = length
        self.log: list[str] = []

    def startProducing(self, consumer: Any) -> Deferred[None]:
        self.consumer = consumer
        self.done: Deferred[None] = Deferred()
        return self.done

    def pauseProducing(self) -> None:
        self.log.append("pause")

    def resumeProducing(self) -> None:
        self.log.append("resume")

    def stopProducing(self) -> None:
        self.log.append("stop")


class Receiver(Protocol):
    """Receives a body, as much as a test wants."""

    def __init__(self) -> None:
        self.data = b""
        self.reason: Any = None

    def dataReceived(self, data: bytes) -> None:
        self.data += data

    def connectionLost(self, reason: Any) -> None:
        self.reason = reason


class TestExchange:
    """Requests, and their answers."""

    def test_get(self, world):
        """A request has pseudo-headers, and none about a connection; its answer is a usual one."""
        headers = {b"x-y": [b"1", b"2"], b"connection": [b"close"], b"te": [b"trailers"]}
        answers = world.ask(b"example.org", b"/a?b", headers=headers)
        assert list(world.link.requests[1].items()) == [
            (b":method", b"GET"),
            (b":scheme", b"http"),
            (b":authority", b"example.org"),
            (b":path", b"/a?b"),
            (b"x-y", b"2"),
            (b"te", b"trailers"),
        ]
        world.link.head(1, 404, (b"x", b"1"), (b"x", b"2"), (b"content-length", b"2"))
        (answer,) = answers
        assert answer.version == (b"HTTP", 2, 0)
        assert (answer.code, answer.phrase, answer.length) == (404, b"Not Found", 2)
        assert answer.headers.getRawHeaders(b"X") == [b"1", b"2"]
        bodies = world.read(answers)
        assert bodies == []
        world.link.h2.send_data(1, b"ab", end_stream=True)
        world.flush()
        assert bodies == [b"ab"]

    def test_side_by_side(self, world):
        """Requests share a connection, and are answered in any order."""
        first, second, third = (world.ask(path=b"/%d" % number) for number in range(3))
        assert len(world.links) == 1
        for stream in (5, 1, 3):
            world.link.answer(stream, b"%d" % stream)
        assert [world.read(each) for each in (first, second, third)] == [[b"1"], [b"3"], [b"5"]]

    def test_without_body(self, world):
        """An answer may be its head; one to HEAD has no body, whatever its head says."""
        first, second = world.ask(), world.ask(method=b"HEAD")
        world.link.head(1, 204, end=True)
        world.link.head(3, 200, (b"content-length", b"5"), end=True)
        assert world.read(first) == world.read(second) == [b""]

    def test_informational_and_trailers(self, world):
        """What is before an answer is passed over; what is behind it can be seen."""
        answers = world.ask()
        world.link.h2.send_headers(1, [(b":status", b"103")])
        world.link.head(1)
        world.link.h2.send_data(1, b"x")
        assert answers[0].trailers is None
        world.link.h2.send_headers(1, [(b"sum", b"1")], end_stream=True)
        assert world.read(answers) == [b"x"]
        assert answers[0].trailers.getRawHeaders(b"sum") == [b"1"]

    def test_settings(self, world):
        """Pushing is not allowed, and the window for all streams is made larger."""
        world.ask()
        remote = world.link.h2.remote_settings
        assert remote[SettingCodes.ENABLE_PUSH] == 0
        assert remote[SettingCodes.INITIAL_WINDOW_SIZE] == 256 * 1024
        assert remote[SettingCodes.MAX_HEADER_LIST_SIZE] == 65536

    def test_bad_request(self, world):
        """A request that cannot be sent fails alone, and the connection is kept."""
        failed = world.ask(headers={b"host": [b"a", b"b"]})
        assert failed[0].check(RequestGenerationFailed)
        answers = world.ask()
        world.link.answer(1)
        assert answers[0].code == 200
        assert len(world.links) == 1


class TestRequestBodies:
    """Bodies that are sent."""

    def test_counted(self, world):
        """A body whose length is known says it."""
        answers = world.ask(method=b"PUT", body=BytesBodyProducer(b"hello"))
        assert world.link.requests[1][b"content-length"] == b"5"
        assert world.link.bodies[1] == b"hello"
        assert world.link.ended == [1]
        world.link.answer(1, b"ok")
        assert world.read(answers) == [b"ok"]

    def test_uncounted(self, world):
        """One whose length is not known does not, and has no other encoding."""
        body = Body()
        world.ask(method=b"POST", body=body)
        assert b"content-length" not in world.link.requests[1]
        assert b"transfer-encoding" not in world.link.requests[1]
        for piece in (b"a", b"b"):
            body.consumer.write(piece)
            world.flush()
        assert (world.link.bodies[1], world.link.ended) == (b"ab", [])
        body.done.callback(None)
        world.flush()
        assert world.link.ended == [1]

    def test_empty(self, world):
        """A request that usually has a body says that it has none."""
        world.ask(method=b"POST")
        assert world.link.requests[1][b"content-length"] == b"0"
        assert world.link.ended == [1]

    def test_back_pressure(self, world):
        """A producer waits while the server takes nothing, and others go on."""
        body = Body(200_000)
        world.ask(method=b"POST", body=body)
        world.link.window = False
        body.consumer.write(b"x" * 100_000)
        world.flush()
        assert len(world.link.bodies[1]) == 65535
        assert body.log == ["pause"]
        other = world.ask()
        world.link.answer(3)
        assert other[0].code == 200
        world.link.h2.increment_flow_control_window(200_000)
        world.link.h2.increment_flow_control_window(200_000, 1)
        world.flush()
        assert body.log == ["pause", "resume"]
        body.consumer.write(b"x" * 100_000)
        body.done.callback(None)
        world.flush()
        assert len(world.link.bodies[1]) == 200_000

    @pytest.mark.parametrize("written", [b"abc", b"a"])
    def test_wrong_length(self, world, written):
        """A body of another length than was promised ends the stream."""
        body = Body(2)
        failed = world.ask(method=b"POST", body=body)
        body.consumer.write(written)
        if written == b"a":
            body.done.callback(None)
        world.flush()
        assert failed[0].check(RequestGenerationFailed)
        assert world.link.resets == {1: ErrorCodes.CANCEL}

    def test_failing_producer(self, world):
        """So does one that cannot be made."""
        body = Body()
        failed = world.ask(method=b"POST", body=body)
        body.done.errback(KeyError())
        world.flush()
        assert reason(failed[0]) is KeyError
        assert world.link.resets == {1: ErrorCodes.CANCEL}

    def test_answer_before_all_is_sent(self, world):
        """A server may answer and want nothing more: the answer counts, the producer is stopped."""
        body = Body()
        answers = world.ask(method=b"POST", body=body)
        world.link.head(1, 413)
        world.link.h2.send_data(1, b"too much", end_stream=True)
        world.link.h2.reset_stream(1, 0)
        world.flush()
        assert answers[0].code == 413
        assert body.log == ["stop"]
        assert world.read(answers) == [b"too much"]


class TestResponseBodies:
    """Bodies that come."""

    def test_back_pressure(self, world):
        """What nobody wants is kept up to its window; other streams go on."""
        world.settings = {SettingCodes.MAX_CONCURRENT_STREAMS: 10}
        answers, others = world.ask(), world.ask()
        link = world.link
        link.head(1)
        receiver = Receiver()
        answers[0].deliverBody(receiver)
        receiver.transport.pauseProducing()
        sent = 0
        while link.h2.local_flow_control_window(1):
            size = min(16384, link.h2.local_flow_control_window(1))
            link.h2.send_data(1, b"x" * size)
            sent += size
            link.flush()
        assert sent == 256 * 1024
        assert receiver.data == b""
        link.answer(3, b"other")
        assert world.read(others) == [b"other"]
        receiver.transport.resumeProducing()
        link.flush()
        assert len(receiver.data) == sent
        assert link.h2.local_flow_control_window(1) >= 128 * 1024
        link.h2.end_stream(1)
        link.flush()
        assert receiver.reason.check(ResponseDone)

    @pytest.mark.parametrize("persistent", [True, False])
    def test_in_one_breath(self, world, persistent):
        """An answer of which all comes at once is a usual one, whether the connection is kept."""
        world.pool.persistent = persistent
        answers = world.ask()
        h2 = world.link.h2
        h2.send_headers(1, [(b":status", b"200"), (b"content-length", b"3")])
        h2.send_data(1, b"abc", end_stream=True)
        world.flush()
        assert answers[0].length == 3
        assert world.read(answers) == [b"abc"]
        assert world.link.closed is not persistent

    def test_large(self, world):
        """A body that is read is as large as it likes."""
        answers = world.ask()
        world.link.head(1)
        bodies = world.read(answers)
        for _ in range(200):
            world.link.h2.send_data(1, b"x" * 16384)
            world.flush()
        world.link.h2.end_stream(1)
        world.flush()
        assert len(bodies[0]) == 200 * 16384

    def test_stopped(self, world):
        """Who wants no more of a body ends the stream, not the connection."""
        answers = world.ask()
        world.link.head(1)
        receiver = Receiver()
        answers[0].deliverBody(receiver)
        world.link.h2.send_data(1, b"x")
        world.flush()
        receiver.transport.loseConnection()
        world.flush()
        assert receiver.reason.check(ResponseFailed)
        assert world.link.resets == {1: ErrorCodes.CANCEL}
        assert not world.link.closed

    def test_stopped_with_something_waiting(self, world):
        """A body that has come but was not taken is not complete for who stops."""
        answers = world.ask()
        world.link.answer(1, b"abc")
        receiver = Receiver()
        receiver.makeConnection = lambda transport: transport.stopProducing()
        answers[0].deliverBody(receiver)
        assert receiver.reason.check(ResponseFailed)
        assert receiver.data == b""

    def test_broken_receiver(self, world):
        """What a receiver raises is logged, and ends its stream alone."""
        answers, others = world.ask(), world.ask()
        receiver = Receiver()
        receiver.dataReceived = lambda data: 1 / 0
        world.link.head(1)
        answers[0].deliverBody(receiver)
        with capturedLogs() as logs:
            world.link.h2.send_data(1, b"x")
            world.flush()
        assert logs[0]["log_failure"].check(ZeroDivisionError)
        assert world.link.resets == {1: ErrorCodes.CANCEL}
        world.link.answer(3)
        assert others[0].code == 200

    def test_connection_lost(self, world):
        """A body that is cut off fails; nobody takes it for complete."""
        answers = world.ask()
        world.link.head(1)
        bodies = world.read(answers)
        world.link.lose()
        assert reason(bodies[0]) is ConnectionLost


class TestEnds:
    """Requests that end before their time."""

    def test_cancel(self, world):
        """Cancelling ends the stream, and stops the body; the connection goes on."""
        body = Body()
        failed = world.ask(method=b"POST", body=body)
        world.asked.cancel()
        world.flush()
        assert reason(failed[0]) is CancelledError
        assert body.log == ["stop"]
        assert world.link.resets == {1: ErrorCodes.CANCEL}
        # What comes all the same, and what is written all the same, is for nobody.
        body.consumer.write(b"x")
        body.done.callback(None)
        answers = world.ask()
        world.link.answer(3)
        assert answers[0].code == 200
        assert len(world.links) == 1

    def test_cancel_while_waiting(self, world):
        """One that waits for another to end is never sent."""
        world.settings = {SettingCodes.MAX_CONCURRENT_STREAMS: 1}
        first = world.ask()
        second = world.ask()
        world.asked.cancel()
        assert reason(second[0]) is CancelledError
        world.link.answer(1)
        assert first[0].code == 200
        assert list(world.link.requests) == [1]

    def test_cancel_while_connecting(self, world):
        """Whoever waits with others for a connection does not end it for them."""
        world.connecting = []
        first = world.ask()
        asked, second = world.asked, world.ask()
        asked.cancel()
        assert first[0].check(CancelledError)
        assert len(world.connecting) == 2
        world.connecting[1].callback(None)
        world.flush()
        world.link.answer(1)
        assert second[0].code == 200

    def test_reset(self, world):
        """A stream that the server resets fails, with its code, and is not asked for again."""
        failed = world.ask()
        world.link.h2.reset_stream(1, ErrorCodes.INTERNAL_ERROR)
        world.flush()
        assert failed[0].check(ResponseNeverReceived)
        assert failed[0].value.reasons[0].value.code == ErrorCodes.INTERNAL_ERROR
        assert len(world.links) == 1

    def test_reset_within_body(self, world):
        """So does a body."""
        answers = world.ask()
        world.link.head(1)
        bodies = world.read(answers)
        world.link.h2.reset_stream(1, ErrorCodes.CANCEL)
        world.flush()
        assert reason(bodies[0]) is StreamReset

    def test_abort(self, world):
        """Closing the pool ends what is under way."""
        failed = world.ask()
        closed: list[Any] = []
        world.pool.close().addCallback(closed.append)
        assert failed[0].check(ResponseNeverReceived)
        assert closed == [None]
        assert world.link.aborted
        world.link.protocol.abort().addCallback(closed.append)
        assert closed == [None, None]


class TestRetries:
    """Requests that are sent again."""

    def test_refused(self, world):
        """What the server has not looked at is sent again whatever it is, but not for ever."""
        answers = world.ask(method=b"POST")
        failed = world.ask(method=b"POST")
        for stream in (1, 3, 7, 9):
            world.link.h2.reset_stream(stream, ErrorCodes.REFUSED_STREAM)
            world.flush()
        world.link.answer(5)
        assert answers[0].code == 200
        assert len(failed) == 1
        assert failed[0].value.__class__.__name__ == "StreamRefused"

    def test_refused_with_body(self, world):
        """A body is sent again if it can be brought back to its beginning."""
        answers = world.ask(method=b"POST", body=BytesBodyProducer(b"abc"))
        failed = world.ask(method=b"POST", body=Body())
        for stream in (1, 3):
            world.link.h2.reset_stream(stream, ErrorCodes.REFUSED_STREAM)
            world.flush()
        assert world.link.bodies[5] == b"abc"
        assert list(world.link.requests) == [1, 3, 5]
        world.link.answer(5)
        assert answers[0].code == 200
        assert len(failed) == 1

    def test_goaway(self, world):
        """After GOAWAY what was not begun goes over another connection; the rest is finished."""
        answers = [world.ask(path=b"/%d" % number, method=b"POST") for number in range(3)]
        old = world.link
        old.h2.close_connection(last_stream_id=3)
        old.flush()
        assert len(world.links) == 2
        world.flush()
        assert world.link.requests[1][b":path"] == b"/2"
        world.link.answer(1)
        assert not old.closed
        later = world.ask()
        assert 3 in world.link.requests
        world.link.answer(3)
        old.raw(bytes.fromhex("000001010500000001") + b"\x88")
        assert not old.closed
        old.raw(bytes.fromhex("000001010500000003") + b"\x88")
        assert old.closed
        assert [each[0].code for each in [*answers, later]] == [200] * 4

    def test_goaway_when_idle(self, world):
        """A connection that the server leaves is not used again."""
        world.ask()
        world.link.answer(1)
        world.link.h2.close_connection()
        world.flush()
        assert world.link.closed
        world.ask()
        assert len(world.links) == 2

    def test_connections_that_serve_one(self, world):
        """However few requests a server takes on a connection, in the end it has got all."""
        answers = [world.ask() for _ in range(8)]
        for _ in range(8):
            link = world.link
            link.raw(bytes.fromhex("0000080700000000000000000100000000"))
            link.answer(1)
            world.flush()
        assert [each[0].code for each in answers] == [200] * 8

    def test_connections_that_serve_none(self, world):
        """If it takes none, that is the end."""
        failed = world.ask()
        for _ in range(3):
            world.link.h2.close_connection(last_stream_id=0)
            world.flush()
        assert failed[0].value.__class__.__name__ == "StreamRefused"
        assert len(world.links) == 3

    def test_waiting_when_goaway_comes(self, world):
        """What waits goes over another connection."""
        world.settings = {SettingCodes.MAX_CONCURRENT_STREAMS: 1}
        world.ask()
        second = world.ask(method=b"POST", body=Body())
        world.link.h2.close_connection(last_stream_id=1)
        world.flush()
        world.link.answer(1)
        assert second[0].code == 200

    def test_kept_connection_that_has_ended(self, world):
        """What does no harm is asked again if a connection ends that was used before."""
        fresh = world.ask()
        world.link.lose()
        assert fresh[0].check(ResponseNeverReceived)
        world.ask()
        world.link.answer(1)
        again, failed = world.ask(), world.ask(method=b"POST")
        world.link.lose()
        world.flush()
        assert failed[0].check(ResponseNeverReceived)
        world.link.answer(1)
        assert again[0].code == 200

    def test_unless_forbidden(self, world):
        """The pool may be told not to do so."""
        world.pool.retryAutomatically = False
        world.ask()
        world.link.answer(1)
        failed = world.ask()
        world.link.lose()
        assert failed[0].check(ResponseNeverReceived)


class TestNumbers:
    """How many requests and connections there may be."""

    def test_streams(self, world):
        """Requests beyond those that the server allows wait, in their order."""
        world.settings = {SettingCodes.MAX_CONCURRENT_STREAMS: 2}
        world.ask()
        for _ in range(4):
            world.ask()
        # Those of the first breath went before the server had said so.
        assert list(world.link.requests) == [1, 3]
        world.link.answer(3)
        assert list(world.link.requests) == [1, 3, 5]
        world.link.h2.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: 9})
        world.flush()
        assert list(world.link.requests) == [1, 3, 5, 7, 9]
        assert len(world.links) == 1

    def test_the_queue_is_bounded(self, world):
        """What waits is limited, in number and in time."""
        world.settings = {SettingCodes.MAX_CONCURRENT_STREAMS: 1}
        world.pool.maxWaiting = 2
        world.pool.poolTimeout = 5
        world.ask()
        waiting = [world.ask() for _ in range(2)]
        assert world.ask()[0].check(PoolFull)
        world.clock.advance(5)
        assert all(each[0].check(PoolTimeout) for each in waiting)

    def test_one_connection(self, world):
        """Requests that come while a connection is made wait for it, and share it."""
        world.connecting = []
        answers = [world.ask() for _ in range(3)]
        assert len(world.connecting) == 1
        world.connecting[0].callback(None)
        world.flush()
        assert list(world.link.requests) == [1, 3, 5]
        for stream in (1, 3, 5):
            world.link.answer(stream)
        assert [each[0].code for each in answers] == [200] * 3

    def test_one_that_cannot_be_made(self, world):
        """If it cannot be made, they all fail."""
        world.connecting = []
        failed = [world.ask() for _ in range(3)]
        world.connecting[0].errback(ConnectionRefusedError())
        assert all(each[0].check(ConnectionRefusedError) for each in failed)
        world.connecting = None
        world.ask()
        assert list(world.link.requests) == [1]

    def test_in_all(self, world):
        """A connection that is only kept is closed when another server's is wanted."""
        world.pool.maxConnections = 1
        world.ask(b"a")
        other = world.ask(b"b")
        assert len(world.links) == 1
        world.link.answer(1)
        assert world.links[0].closed
        assert world.links[0].goaway == 0
        world.flush()
        world.link.answer(1)
        assert other[0].code == 200
        world.ask(b"a")
        assert [link.closed for link in world.links] == [True, True, False]

    def test_the_old_one_counts(self, world):
        """One that finishes what it has counts until it has ended."""
        world.pool.maxConnectionsPerHost = 1
        first = world.ask()
        world.link.h2.close_connection(last_stream_id=1)
        world.flush()
        second = world.ask()
        assert len(world.links) == 1
        world.link.raw(bytes.fromhex("000001010500000001") + b"\x88")
        world.link.lose()
        world.flush()
        world.link.answer(1)
        assert first[0].code == second[0].code == 200

    def test_idle(self, world):
        """A connection without requests is kept for some time; requests stop the clock."""
        world.pool.cachedConnectionTimeout = 10
        world.ask()
        world.link.answer(1)
        world.clock.advance(9)
        world.ask()
        world.clock.advance(11)
        assert not world.link.closed
        world.link.answer(3)
        world.clock.advance(10)
        world.flush()
        assert world.link.closed
        assert world.link.goaway == 0

    def test_not_persistent(self, world):
        """A pool that keeps nothing closes a connection behind the last answer."""
        world.pool.persistent = False
        world.ask(), world.ask()
        world.link.answer(1)
        assert not world.link.closed
        world.link.answer(3)
        assert world.link.closed

    def test_close_cached(self, world):
        """Connections that are kept can be closed; those in use go on, but serve nothing new."""
        world.ask(b"a")
        world.link.answer(1)
        used = world.ask(b"b")
        closed: list[Any] = []
        world.pool.closeCachedConnections().addCallback(closed.append)
        assert closed == [None]
        assert world.links[0].aborted
        world.ask(b"b")
        assert len(world.links) == 3
        world.links[1].answer(1)
        assert used[0].code == 200
        assert world.links[1].closed


class TestTime:
    """What takes too long."""

    def test_connecting(self, world):
        """A connection that is not made in time fails, for all who wait for it."""
        world.connecting = []
        world.pool.connectTimeout = 3
        failed = [world.ask(), world.ask()]
        world.clock.advance(3)
        assert [bool(each[0].check(ConnectTimeout)) for each in failed] == [True, True]

    def test_reading(self, world):
        """A request ends for which nothing comes; others on the connection go on."""
        world.pool.readTimeout = 4
        failed, paused, moving = (world.ask() for _ in range(3))
        world.link.head(3)
        world.link.head(5)
        receiver = Receiver()
        paused[0].deliverBody(receiver)
        receiver.transport.pauseProducing()
        bodies = world.read(moving)
        for _ in range(6):
            world.clock.advance(1)
            world.link.h2.send_data(5, b"x")
            world.flush()
        assert reason(failed[0]) is ReadTimeout
        assert world.link.resets == {1: ErrorCodes.CANCEL}
        assert (receiver.reason, bodies) == (None, [])
        receiver.transport.resumeProducing()
        for _ in range(6):
            world.clock.advance(1)
        assert reason(receiver.reason) is ReadTimeout
        assert reason(bodies[0]) is ReadTimeout

    def test_writing(self, world):
        """A server that takes nothing of a body, by a window of nothing, is not waited for."""
        world.settings = {SettingCodes.INITIAL_WINDOW_SIZE: 0}
        world.pool.writeTimeout = 4
        world.ask()
        slow = Body()
        world.ask(method=b"POST", body=slow)
        failed = world.ask(method=b"POST", body=BytesBodyProducer(b"x"))
        for _ in range(6):
            world.clock.advance(1)
            world.flush()
        assert failed[0].check(RequestTransmissionFailed, ResponseNeverReceived)
        assert reason(failed[0]) is WriteTimeout
        assert world.link.resets[5] == ErrorCodes.CANCEL

    def test_ping(self, world):
        """A server that says nothing is asked whether it is there; without an answer it is left."""
        failed = world.ask()
        world.clock.advance(30)
        world.clock.advance(30)
        world.flush()
        assert world.link.pings == 1
        world.clock.advance(20)
        world.clock.advance(30)
        world.clock.advance(19)
        world.link.take()
        assert failed == []
        world.clock.advance(1)
        assert reason(failed[0]) is ConnectionLost
        assert world.link.aborted

    def test_no_ping(self, world):
        """It need not be asked."""
        world.pool.pingInterval = None
        world.ask()
        assert world.clock.getDelayedCalls() == []

    def test_server_that_does_not_read(self, world):
        """A connection whose end a server does not take note of is cut."""
        world.ask()
        world.link.raw(b"\0\0\0\x05\0\0\0\0\0")
        assert world.link.closed
        assert not world.link.aborted
        world.clock.advance(20)
        assert world.link.aborted

    def test_transport_full(self, world):
        """While the transport takes nothing, requests wait; heads do not count as backlog."""
        world.ask()
        world.link.protocol.pauseProducing()
        for _ in range(3):
            world.ask(headers={b"x": [b"y" * 8000]})
        assert list(world.link.requests) == [1]
        world.link.protocol.resumeProducing()
        world.flush()
        assert list(world.link.requests) == [1, 3, 5, 7]


def test_extra():
    """The pool has its public name."""
    assert HTTP2ConnectionPool.__module__ == "twisted.web.client"
