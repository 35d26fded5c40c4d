"""Resources that other processes answer for."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from twisted.spread import pb
from twisted.test.iosim import FakeTransport
from twisted.test.iosim import connect as pump
from twisted.web import distrib, static
from twisted.web._distrib import _copies, _requests, _subscriptions
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site
from twisted.web.test.requesthelper import DummyRequest


class Farm:
    """
    A site that clients connect to, ``front``, whose ``/far`` another one answers for.

    @ivar requests: those that the other one has answered, as they were logged there.
    """

    def __init__(self, connect, reactor, resource):
        self.reactor = reactor
        self.far = Site(resource, reactor=Clock())
        self.requests = []
        self.far.log = self.requests.append
        self.publisher = distrib.ResourcePublisher(self.far)
        self.subscription = distrib.ResourceSubscription("192.0.2.1", 8787)
        self.root = Resource()
        self.root.putChild(b"far", self.subscription)
        self.connect = connect
        self.front = connect(self.root)

    def link(self, root=None):
        """Let the connection between the two be made."""
        factory = self.reactor.tcpClients.pop()[2]
        self.server = pb.PBServerFactory(root or self.publisher).buildProtocol(None)
        self.client = factory.buildProtocol(None)
        self.clock = self.server.clock = self.client.clock = Clock()
        self.pump = pump(
            self.server,
            FakeTransport(self.server, True),
            self.client,
            FakeTransport(self.client, False),
        )
        self.factory = factory
        self.flush()

    def flush(self):
        """Carry octets until there are none."""
        for _ in range(3):
            self.pump.flush()
            self.clock.advance(0)

    def send(self, data, front=None):
        """Send a request; gives the answer, as far as there is one."""
        front = front or self.front
        front.send(data)
        if self.reactor.tcpClients:
            self.link()
        self.flush()
        front.clock.advance(0)
        return front.take()

    def get(self, target=b"/far", *headers, method=b"GET", **options):
        """Make a request without a body."""
        lines = [b"%b %b HTTP/1.1" % (method, target), b"Host: example.org", *headers, b"", b""]
        return self.send(b"\r\n".join(lines), **options)

    def post(self, body, *headers):
        """Make a request with a body."""
        lines = [b"POST /far HTTP/1.1", b"Host: x", b"Content-Length: %d" % len(body), *headers]
        return self.send(b"\r\n".join([*lines, b"", b""]) + body)

    def unlink(self):
        """Break the connection between the two."""
        reason = Failure(pb.PBConnectionLost("broken"))
        for broker in (self.client, self.server):
            broker.connectionLost(reason)
        self.factory.clientConnectionLost(None, reason)


@pytest.fixture
def memory(monkeypatch):
    """The reactor that subscriptions connect by."""
    reactor = MemoryReactorClock()
    monkeypatch.setattr(_subscriptions, "currentReactor", lambda: reactor)
    return reactor


@pytest.fixture
def farm(connect, memory):
    """Make a `Farm` of the resource that answers."""
    return lambda resource: Farm(connect, memory, resource)


class Far(Resource):
    """Has a test say what it answers."""

    isLeaf = True

    def __init__(self, work):
        super().__init__()
        self.work = work
        self.requests = []

    def render(self, request):
        self.requests.append(request)
        return self.work(request)


def plain(answer):
    """A body in chunks without them."""
    rest, body = answer.body, b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        body += rest[: int(size, 16)]
        rest = rest[int(size, 16) + 2 :]
    return body


def test_request(farm):
    """The other process sees the request as this one would."""
    seen = {}

    def work(request):
        seen.update(vars(request), args=request.args, content=request.content.read())
        seen["secure"], seen["peer"] = request.isSecure(), request.getClientAddress()
        seen["url"], seen["reached"] = request.prePathURL(), request.getHost()
        return b"hello"

    made = farm(Far(work))
    answer = made.get(b"/far/a%20b/c?d=e&d=", b"Cookie: x=y", b"X-A: 1", b"X-A: 2")
    assert (answer.status, answer.body) == (200, b"hello")
    assert answer.headers[b"content-length"] == b"5"
    assert seen["method"], seen["uri"] == (b"GET", b"/far/a%20b/c?d=e&d=")
    assert (seen["prepath"], seen["postpath"]) == ([b"far"], [b"a b", b"c"])
    assert (seen["args"], seen["content"]) == ({b"d": [b"e", b""]}, b"")
    assert seen["received_cookies"] == {b"x": b"y"}
    assert seen["requestHeaders"].getRawHeaders(b"x-a") == [b"1", b"2"]
    assert seen["peer"] == IPv4Address("TCP", "192.0.2.7", 4321)
    assert seen["reached"] == IPv4Address("TCP", "10.0.0.1", 80)
    assert (seen["secure"], seen["url"]) == (False, b"http://example.org/far")
    assert [request.code for request in made.requests] == [200]


def test_tree(farm):
    """The path goes on in the tree of the other process."""
    root = Resource()
    root.putChild(b"child", Far(lambda request: b"/".join(request.postpath)))
    assert farm(root).get(b"/far/child/x").body == b"x"
    assert farm(root).get(b"/far/other").status == 404


def test_form(farm):
    """Forms are read by the process that answers, files included."""
    far = Far(lambda request: repr((request.args, request.files)).encode())
    made = farm(far)
    kind = b"Content-Type: application/x-www-form-urlencoded"
    assert made.post(b"a=1&b=2", kind).body == b"({b'a': [b'1'], b'b': [b'2']}, {})"
    body = (
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="n"\r\n\r\n%b\r\n--x--\r\n'
        % (b"z" * 10)
    )
    answer = made.post(body, b"Content-Type: multipart/form-data; boundary=x").body
    assert answer == b"({b'f': [b'zzzzzzzzzz']}, {b'f': [<UploadedFile 'n' of 10 bytes>]})"


@pytest.mark.parametrize("size", [distrib.SIZE_LIMIT, distrib.SIZE_LIMIT + 1, 5 * _copies.PORTION])
def test_long_body(farm, size):
    """Long bodies come in pieces."""
    body = os.urandom(size)
    got = []
    made = farm(Far(lambda request: got.append(request.content.read()) or b"ok"))
    assert made.post(body).body == b"ok"
    assert got == [body]


def test_body_too_long(farm):
    """What is longer than the other process takes is refused; it is not asked for all of it."""
    far = Far(lambda request: b"ok")
    made = farm(far)
    made.publisher.maxBodySize = 2 * _copies.PORTION
    assert made.post(bytes(3 * _copies.PORTION)).status == 413
    assert far.requests == []


def test_body_does_not_come(farm):
    """If the client leaves while its long body is fetched, nothing is answered."""
    far = Far(lambda request: b"ok")
    made = farm(far)
    made.get(b"/far")
    size = 3 * _copies.PORTION
    made.front.send(b"POST /far HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
    made.front.send(bytes(size))
    made.front.lose()
    made.flush()
    assert len(far.requests) == 1
    gc.collect()
    made.flush()
    assert not made.client.localObjects


def test_answer(farm):
    """Status, reason, headers, cookies and pieces of the body come through."""

    def work(request):
        request.setResponseCode(201, b"Done")
        request.setHeader(b"X-A", b"1")
        request.responseHeaders.setRawHeaders(b"X-B", [b"1", b"2"])
        request.addCookie(b"c", b"d", httpOnly=True)
        request.addCookie(b"e", b"f")
        request.setETag(b'"v1"')
        request.write(b"one, ")
        request.write(b"two")
        request.finish()
        return NOT_DONE_YET

    answer = farm(Far(work)).get()
    assert answer.startswith(b"HTTP/1.1 201 Done\r\n")
    head = answer.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert {b"X-A: 1", b"X-B: 1", b"X-B: 2"} <= set(head)
    assert {b"Set-Cookie: c=d; HttpOnly", b"Set-Cookie: e=f", b'ETag: "v1"'} <= set(head)
    assert plain(answer) == b"one, two"


def test_head(farm):
    """HEAD gets no body."""
    made = farm(Far(lambda request: b"hello"))
    answer = made.get(method=b"HEAD")
    assert (answer.headers[b"content-length"], answer.body) == (b"5", b"")
    assert made.get().body == b"hello"


def test_empty(farm):
    """An empty body is one, even if it is text."""
    assert plain(farm(Far(lambda request: "")).get()) == b""


def test_long_answer(farm):
    """What is longer than Perspective Broker takes at once is sent in pieces."""
    body = os.urandom(2 * distrib.SIZE_LIMIT + 1)
    assert farm(Far(lambda request: body)).get().body == body


def test_error(farm, logged_failures):
    """What fails is logged where it does, and the client learns nothing else."""

    def work(request):
        raise RuntimeError("secret")

    answer = farm(Far(work)).get()
    assert answer.status == 500
    assert b"secret" not in answer
    assert [failure.type for failure in logged_failures] == [RuntimeError]


@pytest.fixture
def logged_failures():
    """The failures that were logged."""
    from twisted.logger import globalLogPublisher

    found = []

    def observe(event):
        if "log_failure" in event:
            found.append(event["log_failure"])

    globalLogPublisher.addObserver(observe)
    yield found
    globalLogPublisher.removeObserver(observe)


def test_error_midway(farm, logged_failures):
    """If the answer fails after it has begun, the client's connection is cut."""

    def work(request):
        request.write(b"begun")
        raise RuntimeError

    made = farm(Far(work))
    answer = made.get()
    assert b"begun" in answer
    assert not answer.endswith(b"0\r\n\r\n")
    assert made.front.closed
    assert len(logged_failures) == 1


@pytest.mark.parametrize("range", [None, (b"bytes=5-9", b"56789"), (b"bytes=0-0,2-3", None)])
def test_file(farm, tmp_path, range):
    """Files and parts of files are sent as fast as the client reads."""
    path = tmp_path / "file.txt"
    path.write_bytes(b"0123456789" * 30_000)
    made = farm(static.File(str(tmp_path)))
    headers = [b"Range: " + range[0]] if range else []
    made.front.send(b"\r\n".join([b"GET /far/file.txt HTTP/1.1", b"Host: x", *headers, b"", b""]))
    made.link()
    while made.front.transport.producer not in (None, made.front.channel):
        made.front.transport.producer.resumeProducing()
        made.flush()
    answer = made.front.take()
    if range is None:
        assert answer.body == path.read_bytes()
    else:
        assert answer.status == 206
        assert range[1] is None or answer.body == range[1]


class Producer:
    """A producer that notes what it is told."""

    def __init__(self):
        self.told = []

    def pauseProducing(self):
        self.told.append("pause")

    def resumeProducing(self):
        self.told.append("resume")

    def stopProducing(self):
        self.told.append("stop")


def streaming(producer):
    """A resource with a producer."""

    def work(request):
        request.write(b"begun")
        request.registerProducer(producer, True)
        return NOT_DONE_YET

    return Far(work)


def test_slow_client(farm):
    """The producer waits for a client that reads slowly."""
    producer = Producer()
    far = streaming(producer)
    made = farm(far)
    made.get()
    made.front.transport.producer.pauseProducing()
    made.flush()
    assert producer.told == ["pause"]
    made.front.transport.producer.resumeProducing()
    made.flush()
    assert producer.told == ["pause", "resume"]
    far.requests[0].unregisterProducer()
    far.requests[0].finish()
    made.flush()
    assert made.front.take().endswith(b"0\r\n\r\n")


def test_slow_process(farm):
    """The producer waits while too much of what it has written is on its way."""
    producer = Producer()
    far = streaming(producer)
    made = farm(far)
    made.get()
    far.requests[0].write(bytes(_requests.HIGH_WATER))
    assert producer.told == []
    far.requests[0].write(b"more")
    assert producer.told == ["pause"]
    made.flush()
    assert producer.told == ["pause", "resume"]


def test_slow_both(farm):
    """It goes on when neither the client nor the other process wants it to wait."""
    producer = Producer()
    far = streaming(producer)
    made = farm(far)
    made.get()
    made.front.transport.producer.pauseProducing()
    made.flush()
    far.requests[0].write(bytes(_requests.HIGH_WATER + 1))
    made.flush()
    assert producer.told == ["pause"]
    made.front.transport.producer.resumeProducing()
    made.flush()
    assert producer.told == ["pause", "resume"]


def test_client_leaves(farm):
    """The process that answers learns that the client has left, and its producer stops."""
    producer, gone = Producer(), []
    far = streaming(producer)
    made = farm(far)
    made.get()
    far.requests[0].notifyFinish().addErrback(gone.append)
    made.front.lose()
    made.flush()
    assert len(gone) == 1
    assert producer.told == ["stop"]
    far.requests[0].write(b"into the void")
    made.flush()
    assert not made.client.transport.disconnecting
    assert len(made.subscription._issues) == 0


def test_client_leaves_a_page(farm):
    """A coroutine that answers is cancelled when the client leaves."""
    waiting = Deferred()

    async def answer():
        await waiting

    made = farm(Far(lambda request: answer()))
    made.get()
    assert not waiting.called
    made.front.lose()
    made.flush()
    assert waiting.called


def test_process_ends(farm):
    """Clients whose answers have not begun learn that, others are cut off; then it goes on."""
    far = Far(lambda request: NOT_DONE_YET)
    made = farm(far)
    made.get()
    second = made.connect(made.root)
    made.get(front=second)
    far.requests[1].write(b"begun")
    made.flush()
    gone = []
    for request in far.requests:
        request.notifyFinish().addErrback(gone.append)
    made.unlink()
    assert made.front.take().status == 500
    assert second.closed
    assert not second.take().endswith(b"0\r\n\r\n")
    assert len(gone) == 2
    far.work = lambda request: b"again"
    assert made.get(front=made.connect(made.root)).body == b"again"


def test_not_there(farm):
    """Without a connection, those who wait get 502; the next one has it tried again."""
    made = farm(Far(lambda request: b"hello"))
    other = made.connect(made.root)
    for front in (made.front, other):
        front.get(b"/far")
    ((_, _, factory, timeout, _),) = made.reactor.tcpClients
    assert timeout == made.subscription.connectTimeout
    factory.clientConnectionFailed(None, Failure(ConnectionRefusedError()))
    assert [front.take().status for front in (made.front, other)] == [502, 502]
    made.reactor.tcpClients.clear()
    assert made.get().body == b"hello"


def test_unix(memory):
    """It can be connected to by a UNIX socket."""
    subscription = distrib.ResourceSubscription("unix", "/run/far")
    subscription.render(DummyRequest([b""]))
    assert [client[0] for client in memory.unixClients] == ["/run/far"]


def test_too_many(farm):
    """No more requests than allowed are under way; the next wait, and those beyond are refused."""
    far = Far(lambda request: NOT_DONE_YET)
    made = farm(far)
    made.subscription.maxRequests = made.subscription.maxPending = 2
    fronts = [made.connect(made.root) for _ in range(6)]
    made.get(front=fronts[0])
    answers = [front.get(b"/far") for front in fronts[1:5]]
    made.flush()
    assert len(far.requests) == 2
    assert [answer[9:12] for answer in answers] == [b"", b"", b"", b"503"]
    fronts[3].lose()
    far.requests[0].finish()
    made.flush()
    assert len(far.requests) == 3
    assert len(made.subscription.pending) == 0


def test_many(farm):
    """References do not pile up, however many requests there are."""
    made = farm(Far(lambda request: b"hello"))
    made.get()
    made.client.maxBrokerRefs = made.server.maxBrokerRefs = 20
    for _ in range(50):
        assert made.get().body == b"hello"
    assert len(made.client.localObjects) < 10
    assert len(made.server.localObjects) < 10


# Those who are not trusted


def answer_of(farm):
    """An `Answer` to a request that waits for one, and the farm."""
    made = farm(Far(lambda request: NOT_DONE_YET))
    made.get()
    (issue,) = made.subscription._issues
    return made, _copies.Answer(issue.request)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("setResponseCode", (101,)),
        ("setResponseCode", (True,)),
        ("setResponseCode", ("200",)),
        ("setResponseCode", (1000,)),
        ("setResponseCode", (200, b"a\r\nb")),
        ("setHeader", (b"x", b"a\r\nb: c")),
        ("setHeader", ("x", "y")),
        ("setHeader", (b"x y", b"z")),
        ("setHeader", (b"content-length", b"+5")),
        ("addRawHeader", (b"Content-Length", b"5, 6")),
        ("addCookie", (b"a\nb", b"c")),
        ("write", ("text",)),
        ("registerProducer", (object(), True)),
        ("setETag", (b"a\nb",)),
    ],
)
def test_hostile_answers(farm, name, arguments):
    """What would break the client's connection is refused."""
    made, answer = answer_of(farm)
    with pytest.raises((pb.Error, ValueError, TypeError)):
        getattr(answer, "remote_" + name)(*arguments)
    assert made.front.transport.value() == b""


def test_hop_by_hop(farm):
    """How the client's connection is used is not the other process's affair."""
    made, answer = answer_of(farm)
    for name in (b"Transfer-Encoding", b"Connection", b"Upgrade", b"keep-alive", b"TE"):
        answer.remote_setHeader(name, b"x")
    answer.remote_addRawHeader(b"content-length", b"9")
    answer.remote_addRawHeader(b"content-length", b"5")
    answer.remote_write(b"hello world")
    answer.remote_finish()
    sent = made.front.take()
    assert sent.body == b"hello"
    assert not sent.headers.keys() & {b"transfer-encoding", b"connection", b"upgrade"}
    with pytest.raises(pb.Error):
        answer.remote_write(b"after the end")
    with pytest.raises(pb.Error):
        answer.remote_whenOver()


class Told(pb.Copyable):
    """A request that somebody made up."""

    def __init__(self, state):
        self.state = state

    def getTypeToCopy(self):
        return _copies.REQUEST_TYPE

    def getStateToCopy(self):
        return self.state


GOOD = {
    "clientproto": b"HTTP/1.1",
    "content_data": b"",
    "method": b"GET",
    "postpath": [],
    "prepath": [],
    "remote": pb.Referenceable(),
    "requestHeaders": [(b"host", [b"x"])],
    "uri": b"/",
}


@pytest.mark.parametrize(
    "change",
    [
        {"remote": 5},
        {"requestHeaders": [(b"a", [b"b\r\nc: d"])]},
        {"requestHeaders": 7},
        {"requestHeaders": [("a", [5])]},
        {"requestHeaders": [5]},
        {"content_data": "text"},
        {"content_data": None},
        {"postpath": ["text"]},
        {"prepath": 5},
        {"method": 5},
        {"uri": None},
        {"clientproto": ["x"]},
    ],
)
def test_hostile_requests(farm, change):
    """What is no request is refused, and the connection serves others."""
    far = Far(lambda request: b"hello")
    made = farm(far)
    made.get()
    failures = []
    state = {**GOOD, **change}
    made.subscription.publisher.callRemote("request", Told(state)).addErrback(failures.append)
    made.flush()
    assert [failure.check(pb.Error) for failure in failures] == [pb.Error]
    assert len(far.requests) == 1
    assert made.get().body == b"hello"


@pytest.mark.parametrize("missing", sorted(GOOD.keys() - {"prepath", "postpath"}))
def test_incomplete_requests(farm, missing):
    """A request of which something is missing is refused."""
    made = farm(Far(lambda request: b"hello"))
    made.get()
    failures = []
    state = {name: value for name, value in GOOD.items() if name != missing}
    made.subscription.publisher.callRemote("request", Told(state)).addErrback(failures.append)
    made.flush()
    assert [failure.check(pb.Error) for failure in failures] == [pb.Error]


class Older(pb.Referenceable):
    """Stands for the answer at a client of the published release, which has fewer words."""

    def __init__(self):
        self.told = []

    def remote_setResponseCode(self, code, message=None):
        self.told.append((code, message))

    def remote_setHeader(self, name, value):
        self.told.append((name, value))

    def remote_addCookie(self, name, value, **attributes):
        self.told.append((name, value, attributes))

    def remote_write(self, data):
        self.told.append(data)

    def remote_finish(self):
        self.told.append("finished")


def test_published_client(farm):
    """A client of the published release is told in words that it knows."""

    def work(request):
        request.responseHeaders.setRawHeaders(b"X-B", [b"1", b"2"])
        request.addCookie(b"c", b"d", httpOnly=True)
        reply.append(request)
        return NOT_DONE_YET

    reply, older = [], Older()
    made = farm(Far(work))
    made.get()
    made.subscription.publisher.callRemote("request", Told({**GOOD, "remote": older}))
    made.flush()
    reply[1].write(b"body")
    reply[1].finish()
    made.flush()
    assert older.told[:2] == [(b"c", b"d", {"httpOnly": True}), (200, b"OK")]
    assert (b"X-B", b"1, 2") in older.told
    assert older.told[-2:] == [b"body", "finished"]


def test_no_request(farm):
    """What is no request at all is refused."""
    made = farm(Far(lambda request: b"hello"))
    made.get()
    failures = []
    made.subscription.publisher.callRemote("request", 5).addErrback(failures.append)
    made.flush()
    assert len(failures) == 1


def test_hostile_body(farm):
    """A body that is none ends the request alone."""

    class Wrong(pb.Referenceable):
        def remote_read(self):
            return "text"

    far = Far(lambda request: b"hello")
    made = farm(far)
    made.get()
    failures = []
    state = {**GOOD, "content_data": None, "body": Wrong()}
    made.subscription.publisher.callRemote("request", Told(state)).addErrback(failures.append)
    made.flush()
    assert len(failures) == 1
    assert made.get().body == b"hello"


def test_address():
    """Addresses that make no sense are those of nobody."""
    for value in (None, (), ("INET", 5, 5), ("X25", "a", 1), ("INET", "a", "b"), 7):
        assert _requests._address(value) == UNIXAddress(None)
    assert _requests._address(("INET6", "::1", 80)).host == "::1"


# People


@pytest.fixture
def people(tmp_path):
    """A directory of two people, of whom one has pages and a server."""
    for name in ("ann", "bob", "<eve>"):
        (tmp_path / name).mkdir()
    (tmp_path / "ann" / "public_html").mkdir()
    (tmp_path / "ann" / "public_html" / "index.html").write_text("ann's")
    (tmp_path / "ann" / ".twistd-web-pb").write_text("")
    (tmp_path / "<eve>" / "public_html").mkdir()
    for name in ("public_html", ".twistd-web-pb"):
        (tmp_path / "bob" / name).symlink_to(tmp_path / "ann" / name)
    users = {
        name: (name, "x", 1, 1, f"{name.title()} <b>,1", str(tmp_path / name), "/bin/sh")
        for name in ("ann", "bob", "<eve>")
    }
    return distrib.UserDirectory(
        SimpleNamespace(getpwall=lambda: list(users.values()), getpwnam=users.__getitem__)
    )


def test_list(people, connect):
    """Those are listed who have something to show, with names that are no markup."""
    body = connect(people).get().body
    assert b'<a href="ann/">Ann &lt;b&gt; (file)</a>' in body
    assert b'<a href="ann.twistd/">Ann &lt;b&gt; (twistd)</a>' in body
    assert b'<a href="%3Ceve%3E/">' in body
    assert b"<b>" not in body


def test_pages(people, connect):
    """The pages of people are theirs; there are none of others, nor by links out of a home."""
    root = Resource()
    root.putChild(b"people", people)
    connection = connect(root)
    for name in (b"bob/", b"nobody/", b"bob.twistd/", b"nobody.twistd/", b"%00/", b"../"):
        assert connection.get(b"/people/" + name).status == 404
    answer = connection.get(b"/people/ann/")
    while connection.transport.producer not in (None, connection.channel):
        connection.transport.producer.resumeProducing()
    assert (answer + connection.take()).endswith(b"\r\n\r\nann's")


def test_personal_server(people, memory):
    """All requests for a person's server share a connection."""
    found = people.getChildWithDefault(b"ann.twistd", DummyRequest([b"ann.twistd"]))
    assert isinstance(found, distrib.ResourceSubscription)
    assert (found.host, os.path.basename(found.port)) == ("unix", ".twistd-web-pb")
    assert people.getChildWithDefault(b"ann.twistd", DummyRequest([b""])) is found


def test_real_users(connect):
    """Without another database it is that of the system."""
    assert connect(distrib.UserDirectory()).get().status == 200


def test_without_perspective_broker():
    """Without it the rest of the package works, and who asks for this learns what is missing."""
    program = """
import sys
sys.modules["twisted.spread"] = None
from twisted.web import server, tap
for options in (["--personal"], ["--user"]):
    try:
        tap.Options().parseOptions(options)
    except tap.usage.UsageError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.count("twisted-web[distrib]") == 2, done.stderr


def test_processes(network, tmp_path, monkeypatch):
    """A personal server in another process answers at the socket in its user's home."""
    monkeypatch.setattr(_subscriptions, "currentReactor", lambda: network.reactor)
    (tmp_path / "page.txt").write_text("personal")
    environment = {**os.environ, "HOME": str(tmp_path)}
    command = [sys.executable, "-m", "twisted", "web", "--personal", "--path", str(tmp_path)]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "starting on" in line:
                break
        root = Resource()
        path = str(tmp_path / ".twistd-web-pb")
        root.putChild(b"me", distrib.ResourceSubscription("unix", path))
        url = network.listen(root)
        from twisted.web.client import Agent, readBody

        response = network.wait(Agent(network.reactor).request(b"GET", url + b"me/page.txt"))
        assert response.code == 200
        assert network.wait(readBody(response)) == b"personal"
    finally:
        process.terminate()
        process.communicate()
