"""Tests of `twisted.spread.pb`: what works."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.python.failure import Failure
from twisted.spread import banana, jelly, pb, util
from twisted.spread._banana._decoder import Decoder
from twisted.spread._banana._encoder import Encoder
from twisted.spread._banana._format import PB_WORDS
from twisted.spread._pb import _plain


class Refusal(pb.Error):
    """An error that a method raises for its caller."""


class Point(pb.Copyable):
    def __init__(self, x):
        self.x = x


class RemotePoint(pb.RemoteCopy):
    pass


class Counter(pb.Cacheable):
    def __init__(self):
        self.count = 0
        self.observers = []
        self.stopped = 0

    def getStateToCacheAndObserveFor(self, perspective, observer):
        self.observers.append(observer)
        return {"count": self.count}

    def stoppedObserving(self, perspective, observer):
        self.observers.remove(observer)
        self.stopped += 1

    def increase(self):
        self.count += 1
        return [observer.callRemote("count", self.count) for observer in self.observers]


class CounterCopy(pb.RemoteCache):
    def observe_count(self, count):
        self.count = count
        return "noted"


class Thing(pb.Referenceable):
    def remote_name(self):
        return "thing"


class Root(pb.Root):
    def __init__(self):
        self.counter = Counter()
        self.thing = Thing()
        self.kept = None
        self.slow = Deferred(self.noteCancelled)
        self.cancelled = 0

    def noteCancelled(self, _):
        self.cancelled += 1

    def remote_echo(self, value, **kw):
        return (value, kw) if kw else value

    async def remote_later(self, value):
        await self.slow
        return value

    def remote_slow(self):
        return self.slow

    def remote_fail(self):
        raise ZeroDivisionError("secret path")

    def remote_refuse(self):
        raise Refusal("no")

    async def remote_refuseLater(self):
        raise Refusal("no, later")

    def remote_thing(self):
        return self.thing

    def remote_isThing(self, thing):
        return thing is self.thing

    def remote_counter(self):
        return [self.counter]

    def remote_isCounter(self, counter):
        return counter is self.counter

    def remote_keep(self, reference):
        self.kept = reference

    def remote_call(self, reference, *args):
        return reference.callRemote(*args)

    def remote_point(self):
        return Point(3)

    def remote_large(self):
        return self.large

    def remote_object(self):
        return object()

    def remote_pages(self, collector, data):
        util.StringPager(collector, data, 100)


@pytest.fixture(params=["extended", "published"])
def both(request, pair, registered):
    """A pair that has agreed on this project's dialect, and one on the published release's."""
    registered.setUnjellyableForClass(Point, RemotePoint)
    registered.setUnjellyableForClass(Counter, CounterCopy)
    return pair(Root(), published=request.param == "published")


@pytest.fixture
def extended(pair, registered):
    """A pair that has agreed on this project's dialect."""
    return pair(Root())


@pytest.mark.parametrize(
    "value",
    [
        1,
        -(2**40),
        2**300,
        1.5,
        "text",
        "\xfc" * 300,
        b"octets",
        b"\x00" * 1000,
        b"list",
        "tuple",
        None,
        True,
        False,
        [],
        {},
        (),
        {"a": [1, (2, {"b": None})], 5: b"x"},
        {1, 2},
        [[1]] * 2,
        list(range(500)),
    ],
)
def test_values(both, value):
    """Plain data comes back as it went, also as a keyword argument."""
    assert both.call("echo", value) == value
    assert both.call("echo", 1, again=value) == (1, {"again": value})


def test_no_such_method(both):
    """A method without its prefix, or that there is not, cannot be called."""
    with capturedLogs():
        for name in ("rootObject", "__class__", "nothing"):
            failure = both.failure(both.root.callRemote(name))
            assert failure.check(pb.NoSuchMethod)


def test_failure(both):
    """What fails is logged where it fails, and the caller gets its type and text, no traceback."""
    with capturedLogs() as events:
        failure = both.failure(both.root.callRemote("fail"))
    assert [event["log_failure"].type for event in events] == [ZeroDivisionError]
    assert failure.type == b"builtins.ZeroDivisionError"
    assert failure.value == "secret path"
    assert failure.check(ArithmeticError)
    assert failure.traceback == "Traceback unavailable\n"
    assert "test_pb" not in failure.getTraceback()


def test_unsafe_tracebacks(pair):
    """A server that is told so sends tracebacks."""
    factory = pb.PBServerFactory(Root(), unsafeTracebacks=True)
    connected = pair(None, serverFactory=factory)
    with capturedLogs():
        failure = connected.failure(connected.root.callRemote("fail"))
    assert "remote_fail" in failure.getTraceback()


@pytest.mark.parametrize("method", ["refuse", "refuseLater"])
def test_error(both, method):
    """An `Error` is for the caller, and logged nowhere."""
    with capturedLogs() as events:
        failure = both.failure(both.root.callRemote(method))
    assert not events
    assert failure.check(Refusal, pb.Error) is Refusal


def test_failure_in_a_coroutine(both):
    """A coroutine that awaits a call gets a `RemoteError`."""

    async def wait():
        try:
            await both.root.callRemote("refuse")
        except pb.RemoteError as error:
            return error.remoteType, str(error)

    name = f"{__name__}.Refusal".encode()
    assert both.now(Deferred.fromCoroutine(wait())) == (name, "no")


def test_trap(both):
    """An errback that expects something else passes a failure of the other side on as it is."""
    seen = []
    call = both.root.callRemote("refuse")
    call.addErrback(lambda failure: failure.trap(KeyError))
    call.addErrback(lambda failure: seen.append((failure, failure.trap(pb.Error))))
    both.flush()
    assert seen[0][1] is pb.Error
    assert isinstance(seen[0][0], pb.CopiedFailure)


def test_failure_sent_on(both):
    """A failure of the other side that is sent back keeps its name."""

    class Failing(pb.Referenceable):
        def remote_go(self):
            raise Refusal("deep")

    failure = both.failure(both.root.callRemote("call", Failing(), "go"))
    assert failure.check(Refusal)
    assert failure.value == "deep"


def test_exceptions_that_may_travel(both, registered):
    """An exception of a class that is allowed arrives as one."""

    class Known(pb.Error, pb.RemoteCopy):
        pass

    registered.setUnjellyableForClass(Known, Known)
    registered.globalSecurity.allowInstancesOf(Known)

    class Failing(pb.Referenceable):
        def remote_go(self):
            raise Known("x")

    both.server.setNameForLocal("failing", Failing())
    failure = both.failure(both.client.remoteForName("failing").callRemote("go"))
    assert type(failure.value) is Known


def test_coroutine(both):
    """A method may be a coroutine."""
    call = both.root.callRemote("later", [1])
    both.flush()
    both.serverFactory.root.slow.callback(None)
    assert both.now(call) == [1]


def test_references(both):
    """A reference that goes back is the object itself, and keeps it alive as long as it lives."""
    thing = both.call("thing")
    assert both.now(thing.callRemote("name")) == "thing"
    again = both.call("thing")
    assert thing == again
    assert hash(thing) == hash(again)
    assert both.call("isThing", thing) is True
    luid = thing.luid
    assert both.server.localObjects[luid].refcount == 2
    del again, thing
    gc.collect()
    both.flush()
    assert luid not in both.server.localObjects
    assert not both.server.luids


def test_references_of_others(pair):
    """A reference goes back to its own broker only; to others it cannot be sent."""
    one, other = pair(Root()), pair(Root())
    thing = one.call("thing")
    got = other.call("echo", thing)
    assert isinstance(got, jelly.Unpersistable)


def test_server_calls_client(both):
    """The server calls what the client has given it."""
    assert both.call("call", Thing(), "name") == "thing"


def test_remote_methods(both):
    """A method of a reference can be kept, and compared."""
    echo = both.root.remoteMethod("echo")
    assert both.now(echo(3)) == 3
    assert echo == both.root.remoteMethod("echo")
    assert hash(echo) == hash(both.root.remoteMethod("echo"))
    assert echo != both.root.remoteMethod("fail")


def test_no_answer(both):
    """A call can want no answer."""
    assert both.root.callRemote("keep", 5, pbanswer=False) is None
    both.flush()
    assert both.serverFactory.root.kept == 5
    assert not both.client.waitingForAnswers


def test_answer_to_callbacks(both):
    """The answer can go to functions."""
    results = []
    assert both.root.callRemote("echo", 5, pbcallback=results.append) is None
    both.root.callRemote("refuse", pberrback=results.append)
    both.flush()
    assert results[0] == 5
    assert results[1].check(Refusal)


def test_copies(both):
    """A `Copyable` arrives as what was registered for it."""
    point = both.call("point")
    assert type(point) is RemotePoint
    assert point.x == 3


def test_what_cannot_be_sent(both):
    """In place of an object of a class that is not allowed there is an `Unpersistable`."""
    assert isinstance(both.call("object"), jelly.Unpersistable)
    assert isinstance(both.call("echo", object()), jelly.Unpersistable)


def test_argument_that_fails(both):
    """An argument whose state cannot be got makes the call fail, and nothing is sent."""

    class Bad(pb.Copyable):
        def getStateToCopyFor(self, perspective):
            raise ZeroDivisionError()

    assert both.failure(both.root.callRemote("echo", Bad())).check(ZeroDivisionError)
    assert both.call("echo", 1) == 1


def test_caches(both):
    """A copy of a `Cacheable` is one object, is kept up to date, and means the original."""
    counter = both.serverFactory.root.counter
    (copy,) = both.call("counter")
    (again,) = both.call("counter")
    assert copy is again
    assert copy.count == 0
    (noted,) = counter.increase()
    assert both.now(noted) == "noted"
    assert copy.count == 1
    assert both.call("isCounter", copy) is True


def test_caches_are_forgotten(both):
    """A copy that nobody uses any more is told of nothing, and both sides forget it."""
    counter = both.serverFactory.root.counter
    kept = both.call("counter") + both.call("counter")
    luid = kept[0].luid
    assert both.server.remotelyCachedObjects[luid].refcount == 2
    kept.clear()
    gc.collect()
    both.flush()
    assert counter.stopped == 1
    assert not both.server.remotelyCachedObjects
    assert not both.client.locallyCachedObjects
    (copy,) = both.call("counter")
    assert copy.count == 0


def test_cache_that_comes_as_it_goes(both):
    """A copy that is sent again while the other side gives it up has its state all the same."""
    counter = both.serverFactory.root.counter
    kept = both.call("counter")
    counter.increase()
    both.flush()
    call = both.root.callRemote("counter")
    kept.clear()
    gc.collect()
    (copy,) = both.now(call)
    assert copy.count == 1
    counter.increase()
    both.flush()
    assert copy.count == 2


def test_caches_end_with_the_connection(both):
    """When the connection ends, nobody observes any more."""
    (copy,) = both.call("counter")
    both.lose()
    assert both.serverFactory.root.counter.stopped == 1
    assert copy.count == 0


def test_state_does_not_decide_about_the_connection(both):
    """A copy's state says nothing about its broker and its number."""

    class Liar(Counter):
        def getStateToCacheAndObserveFor(self, perspective, observer):
            self.observers.append(observer)
            return {"broker": 5, "luid": 77}

        def getTypeToCopyFor(self, perspective):
            return f"{__name__}.Counter"

    both.serverFactory.root.counter = Liar()
    (copy,) = both.call("counter")
    assert copy.broker is both.client
    assert copy.luid != 77


def test_views(pair):
    """An object is seen by each perspective for itself."""

    class Seen(pb.Viewable):
        def view_who(self, perspective, word):
            return f"{word} {perspective}"

    connected = pair(Root())
    view = pb.ViewPoint("somebody", Seen())
    connected.server.setNameForLocal("view", view)
    seen = connected.client.remoteForName("view")
    assert connected.now(seen.callRemote("who", "hello")) == "hello somebody"
    with capturedLogs():
        assert connected.failure(seen.callRemote("nobody")).check(pb.NoSuchMethod)


def test_disconnection(both):
    """When the connection ends, calls fail, and those are told who have asked for it."""
    told = []
    thing = both.call("thing")
    thing.notifyOnDisconnect(told.append)
    both.root.notifyOnDisconnect(told.append)
    both.root.dontNotifyOnDisconnect(told.append)
    both.client.notifyOnDisconnect(lambda: told.append("broker"))
    call = both.root.callRemote("slow")
    both.flush()
    both.lose()
    assert told == [thing, "broker"]
    assert both.failure(call).check(pb.PBConnectionLost)
    with pytest.raises(pb.DeadReferenceError):
        thing.callRemote("name")


def test_notify_on_connect(pair):
    """A function is called when the broker can make calls, or at once if it can."""
    told = []
    connected = pair(Root())
    connected.client.notifyOnConnect(lambda: told.append(1))
    fresh = pb.Broker()
    fresh.notifyOnConnect(lambda: told.append(2))
    fresh.notifyOnFail(lambda: told.append(3))
    fresh.connectionFailed()
    assert told == [1, 3]


def test_pages(both):
    """Large data comes in pages."""
    pages = both.now(util.getAllPages(both.root, "pages", b"0123456789" * 25))
    assert [len(page) for page in pages] == [100, 100, 50]


def test_cancellation(extended):
    """Cancelling a call cancels the work at the other side; nobody logs anything."""
    root = extended.serverFactory.root
    call = extended.root.callRemote("slow")
    extended.flush()
    with capturedLogs() as events:
        call.cancel()
        assert extended.failure(call).check(CancelledError)
    assert root.cancelled == 1
    assert not events
    assert not extended.client.waitingForAnswers
    assert not extended.server._incoming.working


def test_cancellation_of_a_coroutine(extended):
    """A coroutine that works on a call is told of its cancellation."""
    call = extended.root.callRemote("later", 1)
    extended.flush()
    call.cancel()
    extended.failure(call)
    assert extended.serverFactory.root.cancelled == 1


def test_cancellation_with_the_published_dialect(pair):
    """A side that does not know cancellation is not told, and its answer is dropped."""
    connected = pair(Root(), published=True)
    call = connected.root.callRemote("slow")
    connected.flush()
    call.cancel()
    assert connected.failure(call).check(CancelledError)
    assert list(connected.client.waitingForAnswers.values()) == [None]
    connected.serverFactory.root.slow.callback(1)
    connected.flush()
    assert not connected.client.waitingForAnswers
    assert connected.call("echo", 1) == 1


def test_timeout(extended):
    """A call by a reference with a time limit fails when the time is up, and is cancelled."""
    clock = Clock()
    call = extended.root.withTimeout(5, clock).callRemote("slow")
    extended.flush()
    clock.advance(5)
    assert extended.failure(call).check(TimeoutError)
    assert extended.serverFactory.root.cancelled == 1
    quick = extended.root.withTimeout(5, clock).remoteMethod("echo")(1)
    assert extended.now(quick) == 1
    assert not clock.getDelayedCalls()


def test_security_of_a_factory(pair):
    """A factory's own options are those of its brokers; errors are understood all the same."""
    security = jelly.SecurityOptions()
    security.allowTypes("tuple", "dictionary")
    factory = pb.PBServerFactory(Root(), security=security)
    connected = pair(None, serverFactory=factory)
    assert connected.call("echo", "text") == "text"
    with capturedLogs():
        failure = connected.failure(connected.root.callRemote("echo", [1]))
    assert failure.check(jelly.InsecureJelly)


def test_security_that_changes(pair, registered):
    """What is taken back of the options is refused from then on."""
    connected = pair(Root())
    assert connected.call("echo", {}) == {}
    del registered.globalSecurity.allowedTypes[b"list"]
    with capturedLogs():
        assert connected.failure(connected.root.callRemote("echo", [1])).check(jelly.InsecureJelly)


def test_own_tasters(pair):
    """Options of another class are asked for each type."""

    class NoTexts(jelly.SecurityOptions):
        def isTypeAllowed(self, typeName):
            return typeName != b"unicode" and super().isTypeAllowed(typeName)

    security = NoTexts()
    security.allowBasicTypes()
    connected = pair(None, serverFactory=pb.PBServerFactory(Root(), security=security))
    assert connected.call("echo", [1]) == [1]
    with capturedLogs():
        failure = connected.failure(connected.root.callRemote("echo", "text"))
    assert failure.check(jelly.InsecureJelly)


# Plain data at once

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False)
    | st.text(max_size=200)
    | st.binary(max_size=200)
    | st.sampled_from(sorted(PB_WORDS))
    | st.sampled_from([word.decode() for word in sorted(PB_WORDS)]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=4)
    ),
    max_leaves=15,
)
WORDS = {number: word for word, number in PB_WORDS.items()}


def equal(one: Any, other: Any) -> bool:
    """Whether two values are the same, types included."""
    if type(one) is not type(other) or one != other:
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(map(equal, one.values(), other.values()))
    return not isinstance(one, (list, tuple)) or all(map(equal, one, other))


@given(values, st.dictionaries(st.text(max_size=5), values, max_size=3))
def test_plain_octets(value, kw):
    """Plain data that is written at once has the octets of jelly and Banana in two steps."""
    try:
        once = _plain.message(_plain.MESSAGE, 300, b"root", b"method", (value,), kw)
    except _plain.NotPlain:
        return
    args = jelly.jelly((value,)), jelly.jelly(kw)
    assert once == Encoder(PB_WORDS).encode([b"message", 300, b"root", b"method", 1, *args])
    try:
        ready = _plain.Ready(value)
    except _plain.NotPlain:
        return
    twice = Encoder(PB_WORDS).encode([b"answer", 7, jelly.jelly(value)])
    assert ready.answer(7) == twice


@given(values, st.dictionaries(st.text(max_size=5), values, max_size=3), st.binary(max_size=9))
def test_plain_objects(value, kw, rest):
    """Octets that are read at once are what Banana and jelly make of them in two steps."""
    expression = [b"message", 3, 5, b"name", 1, jelly.jelly((value,)), jelly.jelly(kw)]
    data = Encoder(PB_WORDS).encode(expression)
    read = _plain.readFrame(b"xx" + data + rest, 2)
    if read is not None:
        at, message = read
        assert at == 2 + len(data)
        assert (message.number, message.target, message.name) == (3, 5, b"name")
        assert equal(message.args, (value,))
        assert equal(message.kw, kw)
    for end in range(0, len(data), 7):
        assert _plain.readFrame(data[:end], 0) is None


@given(st.binary(max_size=60))
def test_plain_or_nothing(data):
    """Whatever comes is read at once as in two steps, or left to them."""
    start = b"\x03\x80\x1b\x87\x05\x81"
    read = _plain.readFrame(start + data, 0)
    if read is None:
        return
    at, (number, value) = read
    decoder = Decoder(WORDS)
    decoder.feed((start + data)[:at])
    ((_, again, sexp),) = decoder.read()
    assert number == again == 5
    assert equal(jelly.unjelly(sexp, jelly.globalSecurity), value)


def test_texts_are_remembered_within_bounds():
    """The octets of keys are kept for the next time, but not of all keys that there ever were."""
    for number in range(10_000):
        _plain.Ready({f"key {number}": 1})
    assert len(_plain._keys) <= _plain._MOST_KEYS


def test_answers_that_are_too_large(both):
    """An answer that cannot be sent makes the call fail, and no other."""
    for value in (b"x" * (banana.SIZE_LIMIT + 1), {"y" * (banana.SIZE_LIMIT + 1)}):
        both.serverFactory.root.large = value
        with capturedLogs():
            failure = both.failure(both.root.callRemote("large"))
        assert failure.check(banana.BananaError)
    assert both.call("echo", 1) == 1


def test_local_cleanup_failure(pair):
    """What fails at the end of a connection is logged, and the rest is done."""
    connected = pair(Root())
    done = []
    connected.client.notifyOnDisconnect(lambda: 1 / 0)
    connected.client.notifyOnDisconnect(lambda: done.append(1))
    with capturedLogs() as events:
        connected.lose()
    assert done == [1]
    assert events[0]["log_failure"].check(ZeroDivisionError)


def test_references_collected_in_threads(pair, monkeypatch):
    """A reference that is collected in another thread is given up in the connection's."""
    import threading

    from twisted.spread._pb import _broker

    class Reactor:
        calls: list[Any] = []

        def callFromThread(self, function, *args):
            self.calls.append((function, args))

    monkeypatch.setattr(_broker, "currentReactor", lambda reactor=None: Reactor())
    connected = pair(Root())
    things = [connected.call("thing")]
    luid = things[0].luid
    thread = threading.Thread(target=things.clear)
    thread.start()
    thread.join()
    connected.flush()
    assert luid in connected.server.localObjects
    ((function, args),) = Reactor.calls
    function(*args)
    connected.flush()
    assert luid not in connected.server.localObjects


def test_failure_without_a_connection(pair):
    """Failures to connect reach those who wait for the root."""
    factory = pb.PBClientFactory()
    waiting = factory.getRootObject()
    factory.clientConnectionFailed(None, Failure(ZeroDivisionError()))
    failures = []
    waiting.addErrback(failures.append)
    assert failures[0].check(ZeroDivisionError)


def test_root_after_the_end(pair):
    """A root of a connection that has ended is given to nobody."""
    connected = pair(Root())
    connected.lose()
    waiting = connected.clientFactory.getRootObject()
    assert not waiting.called
    waiting.cancel()
    waiting.addErrback(lambda failure: failure.trap(CancelledError))
