"""Tests of `twisted.web.server`."""

from __future__ import annotations

import gzip
import io

import pytest

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.web.resource import EncodingResourceWrapper, Resource
from twisted.web.server import (
    NOT_DONE_YET,
    GzipEncoderFactory,
    Session,
    Site,
    UnsupportedMethod,
    version,
)


class Page(Resource):
    """A leaf that calls a function for GET."""

    isLeaf = True

    def __init__(self, function):
        super().__init__()
        self.function = function

    def render_GET(self, request):
        return self.function(request)


def test_headers(connection):
    """An answer has a server, a date, a length and a type."""
    answer = connection.get()
    assert list(answer.headers) == [b"server", b"date", b"content-length", b"content-type"]
    assert answer.headers[b"server"] == version
    assert answer.headers[b"content-type"] == b"text/html"
    assert answer.headers[b"content-length"] == b"5"


@pytest.mark.parametrize(
    ("target", "prepath", "postpath"),
    [
        (b"/", [b""], []),
        (b"/a/b%2Fc/", [b"a"], [b"b/c", b""]),
        (b"/a//x%20y", [b"a"], [b"", b"x y"]),
    ],
)
def test_walk(connect, recorder, target, prepath, postpath):
    """A request walks down to a leaf; segments are decoded after they are cut."""
    root = Resource()
    root.putChild(b"a", recorder)
    root.putChild(b"", recorder)
    connect(root).get(target)
    (request,) = recorder.requests
    assert (request.prepath, request.postpath) == (prepath, postpath)


def test_not_found(connect):
    """What is not there is answered with 404, in which nothing from the URL stands unescaped."""
    answer = connect(Resource()).get(b"/<script>")
    assert answer.status == 404
    assert b"<script>" not in answer


def test_later(connect):
    """A resource may answer later."""
    kept = []
    connection = connect(Page(lambda request: kept.append(request) or NOT_DONE_YET))
    assert connection.get() == b""
    kept[0].write(b"now")
    kept[0].finish()
    assert b"now" in connection.take().body


def test_options(connect):
    """OPTIONS is answered with the methods that a resource has, or by the resource itself."""
    answer = connect(Page(lambda request: b"")).get(method=b"OPTIONS")
    assert answer.status == 200
    assert set(answer.headers[b"allow"].split(b", ")) == {b"GET", b"HEAD", b"OPTIONS"}
    assert answer.headers[b"content-length"] == b"0"
    page = Page(lambda request: b"")
    page.render_OPTIONS = lambda request: b"own"
    assert connect(page).get(method=b"OPTIONS").body == b"own"


@pytest.mark.parametrize("method", [b"PUT", b"DELETE", b"POST", b"PATCH"])
def test_not_allowed(connect, method):
    """A known method that a resource has no answer for is 405, with those that it has."""
    answer = connect(Page(lambda request: b"")).get(method=method)
    assert answer.status == 405
    assert set(answer.headers[b"allow"].split(b", ")) == {b"GET", b"HEAD"}


def test_not_implemented(connect):
    """A method that nobody knows is 501."""
    assert connect(Page(lambda request: b"")).get(method=b"BREW").status == 501


def test_head(connect):
    """HEAD has the headers of GET and no body; without GET it is not allowed."""
    answer = connect(Page(lambda request: b"hello")).get(method=b"HEAD")
    assert (answer.headers[b"content-length"], answer.body) == (b"5", b"")
    assert connect(Resource()).get(b"/x", method=b"HEAD").status == 404

    class OnlyPost(Resource):
        isLeaf = True

        def render_POST(self, request):
            return b""

    answer = connect(OnlyPost()).get(method=b"HEAD")
    assert (answer.status, answer.headers[b"allow"]) == (405, b"POST")


def test_declared_methods(connect):
    """A resource may declare its methods instead."""
    page = Page(lambda request: b"")
    page.allowedMethods = (b"GET", b"BREW")
    assert connect(page).get(method=b"PUT").headers[b"allow"] == b"GET, BREW"


def test_options_of_server(connection):
    """``OPTIONS *`` is about the server; other methods have no such target."""
    assert connection.get(b"*", method=b"OPTIONS").status == 200
    answer = connection.get(b"*")
    assert (answer.status, answer.headers[b"allow"]) == (405, b"OPTIONS")


def fail(request):
    """An error."""
    raise ValueError("the secret of <the> program")


def test_errors(connect):
    """An error is logged once, and the client learns nothing of it; the connection stays."""
    connection = connect(Page(fail))
    with capturedLogs() as events:
        answer = connection.get()
    assert answer.status == 500
    assert b"secret" not in answer
    assert [event["log_failure"].type for event in events if "log_failure" in event] == [ValueError]
    assert not connection.closed


def test_displayed_errors(connect):
    """A site for development shows particulars, escaped."""
    connection = connect(Page(fail))
    connection.site.displayTracebacks = True
    with capturedLogs():
        answer = connection.get()
    assert answer.status == 500
    assert b"ValueError" in answer
    assert b"&lt;the&gt;" in answer
    assert b"<the>" not in answer
    assert b"in <b>fail</b>" in answer


def test_error_in_answer(connect):
    """An error in the middle of an answer cuts it short, so that nobody takes it for complete."""

    def begin(request):
        request.write(b"some")
        fail(request)

    connection = connect(Page(begin))
    with capturedLogs():
        answer = connection.get()
    assert answer.endswith(b"4\r\nsome\r\n")
    assert connection.closed


@pytest.mark.parametrize("body", ["text", None, 5])
def test_not_bytes(connect, body):
    """A resource that gives something else than bytes is an error, whose particulars are logged."""
    with capturedLogs() as events:
        answer = connect(Page(lambda request: body)).get()
    assert answer.status == 500
    assert len(events) == 1


def test_unsupported_method():
    """The methods that are allowed are a sequence."""
    assert UnsupportedMethod([b"GET"]).allowedMethods == [b"GET"]
    with pytest.raises(TypeError):
        UnsupportedMethod(3)


# Sessions


def cookie(answer):
    """The name and value of the cookie that an answer sets."""
    return answer.headers[b"set-cookie"].partition(b";")[0]


def test_session(connect):
    """A client has the same session as long as it sends the cookie and uses it."""
    seen = []
    page = Page(lambda request: seen.append(request.getSession()) or b"")
    connection = connect(page, timeout=None)
    answer = connection.get()
    first = cookie(answer)
    assert answer.headers[b"set-cookie"].endswith(b"; Path=/; HttpOnly; SameSite=lax")
    assert first.startswith(b"TWISTED_SESSION=")
    connection.clock.advance(899)
    assert b"set-cookie" not in connection.get(b"/", b"Cookie: " + first).headers
    connection.clock.advance(899)
    connection.get(b"/", b"Cookie: " + first)
    assert seen[0] is seen[1] is seen[2]
    connection.clock.advance(900)
    assert cookie(connection.get(b"/", b"Cookie: " + first)) != first
    assert seen[3] is not seen[0]


def test_session_lifetime(connect, monkeypatch):
    """However much it is used, a session ends a day after it has begun, or when it was told to."""
    for lifetime in (86_400, 2000, None):
        monkeypatch.setattr(Session, "lifetime", lifetime)
        connection = connect(Page(lambda request: request.getSession().uid), timeout=None)
        first = connection.get()
        passed = 0
        while passed < 90_000:
            connection.clock.advance(400)
            passed += 400
            if connection.get(b"/", b"Cookie: " + cookie(first)).body != first.body:
                break
        assert passed == (lifetime or 90_000)


def test_session_within_request(connect):
    """One request has one session, and may have another when that has ended."""
    results = []

    def render(request):
        session = request.getSession()
        results.append(request.getSession() is session is request.session)
        session.expire()
        results.append(request.getSession() is not session)
        return b""

    connect(Page(render)).get()
    assert results == [True, True]


def test_secure_session(connect):
    """Over HTTPS a session is another one, whose cookie goes over HTTPS alone."""

    def render(request):
        insecure = request.getSession()
        request._forceSSL = True
        assert request.getSession() is not insecure
        assert request.getSession(forceNotSecure=True) is insecure
        return b""

    answer = connect(Page(render)).get()
    assert answer.status == 200
    assert answer.count(b"Set-Cookie") == 2
    assert b"Set-Cookie: TWISTED_SECURE_SESSION=" in answer
    assert b"; Path=/; Secure; HttpOnly" in answer


def test_session_end():
    """Those who asked are told when a session ends, and its timer goes."""
    clock = Clock()
    site = Site(Resource(), reactor=clock)
    session = site.makeSession()
    assert len(session.uid) == 64
    assert site.getSession(session.uid) is session
    told = []
    session.notifyOnExpire(lambda: told.append(1))
    session.expire()
    assert told == [1]
    assert clock.getDelayedCalls() == []
    with pytest.raises(KeyError):
        site.getSession(session.uid)
    assert isinstance(Session(site, b"x", clock), Session)


# Encoding


@pytest.mark.parametrize(
    ("accepted", "encoded"),
    [
        (b"gzip", True),
        (b"br, GZIP;q=0.5", True),
        (b"gzip;q=0", False),
        (b"gzip; q=0.00", False),
        (b"br", False),
        (b"", False),
    ],
)
def test_gzip(connect, accepted, encoded):
    """Answers are compressed for clients that take it."""
    text = b"many words " * 1000
    root = EncodingResourceWrapper(Page(lambda request: text), [GzipEncoderFactory()])
    answer = connect(root).get(b"/", b"Accept-Encoding: " + accepted)
    if not encoded:
        assert answer.body == text
        return
    assert answer.headers[b"content-encoding"] == b"gzip"
    assert b"content-length" not in answer.headers
    size, _, rest = answer.body.partition(b"\r\n")
    chunks = io.BytesIO()
    while int(size, 16):
        chunks.write(rest[: int(size, 16)])
        size, _, rest = rest[int(size, 16) + 2 :].partition(b"\r\n")
    assert gzip.decompress(chunks.getvalue()) == text


def test_gzip_of_part(connect):
    """A part of a content is not encoded: it would not be a part of what is."""

    def part(request):
        request.setResponseCode(206)
        return b"part"

    root = EncodingResourceWrapper(Page(part), [GzipEncoderFactory()])
    answer = connect(root).get(b"/", b"Accept-Encoding: gzip")
    assert (answer.body, answer.headers.get(b"content-encoding")) == (b"part", None)


def test_gzip_of_nothing(connect):
    """An answer that is finished without a body is a complete stream of gzip."""

    def finish(request):
        request.finish()
        return NOT_DONE_YET

    root = EncodingResourceWrapper(Page(finish), [GzipEncoderFactory()])
    answer = connect(root).get(b"/", b"Accept-Encoding: gzip")
    assert answer.headers[b"content-encoding"] == b"gzip"
    assert answer.endswith(b"0\r\n\r\n")


# URLs


@pytest.mark.parametrize(
    ("host", "port", "secure", "url"),
    [
        (b"h", 80, False, b"http://h/a%20b/"),
        (b"h", 443, True, b"https://h/a%20b/"),
        (b"h", 81, False, b"http://h:81/a%20b/"),
    ],
)
def test_urls(connect, recorder, host, port, secure, url):
    """A request knows the URL of its resource."""
    recorder.isLeaf = False
    recorder.getChild = lambda name, request: recorder
    connection = connect(recorder)
    connection.get(b"/a%20b/?q=1")
    (request,) = recorder.requests
    request.setHost(host, port, secure)
    assert request.prePathURL() == url
    assert str(request.URLPath()) == url.decode()
    assert request.getRootURL() is None
    request.rememberRootURL()
    assert request.childLink(b"x") == b"x"
    assert request.sibLink(b"x") == b"x"


@pytest.mark.parametrize(
    ("prepath", "postpath", "child", "sibling"),
    [
        ([b"a"], [], b"a/x", b"x"),
        ([b"a", b""], [], b"x", b"x"),
        ([b"a"], [b"b", b"c"], b"../x", b"../../x"),
    ],
)
def test_links(connect, recorder, prepath, postpath, child, sibling):
    """Links beside and below a resource are relative to what the client asked for."""
    connect(recorder).get()
    (request,) = recorder.requests
    request.prepath, request.postpath = prepath, postpath
    assert request.childLink(b"x") == child
    assert request.sibLink(b"x") == sibling


# The site


def test_access_log(tmp_path, connect, recorder):
    """A site writes a line for each answer into its file, with the time of its reactor."""
    path = tmp_path / "access.log"
    connection = connect(recorder, logPath=str(path))
    del connection.site.log
    connection.site.startFactory()
    connection.get(b"/x", b"Referer: r", b"User-Agent: a")
    connection.site.stopFactory()
    connection.get()
    assert path.read_text() == (
        '"192.0.2.7" - - [09/Sep/2001:01:46:40 +0000] "GET /x HTTP/1.1" 200 5 "r" "a"\n'
    )


def test_log_formatter(tmp_path, connect, recorder):
    """A site may write other lines."""
    path = tmp_path / "access.log"
    connection = connect(recorder, logPath=path, logFormatter=lambda date, request: "line")
    del connection.site.log
    connection.site.startFactory()
    connection.get()
    connection.site.stopFactory()
    assert path.read_text() == "line\n"


def test_program_log(connect, recorder):
    """Without a file, lines go to the log of the program."""
    connection = connect(recorder)
    del connection.site.log
    connection.site.startFactory()
    with capturedLogs() as events:
        connection.get()
    assert '"GET / HTTP/1.1" 200 5' in str(events[0])
    connection.site.stopFactory()


def test_request_factory(connect, recorder):
    """A site may make other requests."""

    class Other(Site.requestFactory):
        pass

    connection = connect(recorder, requestFactory=Other)
    connection.get()
    assert type(recorder.requests[0]) is Other
    assert connection.site.acceptableProtocols() == [b"h2", b"http/1.1"]


def test_site_as_resource(connect, recorder):
    """A site stands for its root."""
    root = Resource()
    root.putChild(b"a", recorder)
    connection = connect(recorder)
    site = Site(root, reactor=connection.clock)
    connection.get()
    (request,) = recorder.requests
    assert site.getChildWithDefault(b"a", request) is recorder
    assert request.site is site


def test_head_of_a_resource_that_knows_only_get(connect):
    """HEAD is answered as GET, without a body, by a resource that says that it knows GET alone."""

    class Only(Resource):
        isLeaf = True

        def render(self, request):
            if request.method != b"GET":
                raise UnsupportedMethod([b"GET"])
            if request.path == b"/later":
                request.write(b"now")
                return NOT_DONE_YET
            return b"body"

    connection = connect(Only())
    answer = connection.get(method=b"HEAD")
    assert (answer.status, answer.headers[b"content-length"], answer.body) == (200, b"4", b"")
    assert connection.get().body == b"body"
    assert connection.get(b"/later", method=b"HEAD").body == b""


def test_url_of_ipv6(connect, silent):
    """An address of IPv6 is in brackets in URLs."""
    connection = connect(silent)
    connection.send(b"GET /a HTTP/1.1\r\nHost: [::1]\r\n\r\n")
    (request,) = silent.requests
    request.prepath = [b"a"]
    assert request.prePathURL() == b"http://[::1]/a"


def test_content_file_of_the_site(connect, recorder):
    """A site may say where bodies are kept."""
    connection = connect(recorder)
    lengths = []

    def getContentFile(length):
        lengths.append(length)
        return io.BytesIO()

    connection.site.getContentFile = getContentFile
    connection.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc")
    assert lengths == [3]
    assert recorder.bodies == [b"abc"]


class TestLater:
    """Answers that methods of resources give as Deferreds and coroutines."""

    @pytest.fixture(params=["deferred", "coroutine"])
    def later(self, request, connect):
        """A connection to a resource that waits, and what it waits for."""
        waiting = Deferred()

        def deferred(_):
            return waiting

        async def coroutine(_):
            return await waiting

        function = deferred if request.param == "deferred" else coroutine
        return connect(Page(function)), waiting

    def test_body(self, later):
        """The body is written when it is known."""
        connection, waiting = later
        assert connection.get() == b""
        waiting.callback(b"at last")
        answer = connection.take()
        assert (answer.status, answer.body) == (200, b"at last")
        assert answer.headers[b"content-length"] == b"7"

    def test_at_once(self, connect):
        """A coroutine that waits for nothing answers at once."""

        async def function(request):
            return b"now"

        assert connect(Page(function)).get().body == b"now"

    def test_error(self, later):
        """An error is logged, and answered with 500."""
        connection, waiting = later
        connection.get()
        with capturedLogs() as events:
            waiting.errback(ZeroDivisionError())
        assert connection.take().status == 500
        assert events[0]["log_failure"].type is ZeroDivisionError

    def test_no_bytes(self, later):
        """What is no bytes is logged, and answered with 500."""
        connection, waiting = later
        connection.get()
        with capturedLogs() as events:
            waiting.callback("text")
        assert connection.take().status == 500
        assert len(events) == 1

    def test_method(self, later):
        """It may turn out that the method is none."""
        connection, waiting = later
        connection.get()
        waiting.errback(UnsupportedMethod([b"POST"]))
        answer = connection.take()
        assert (answer.status, answer.headers[b"allow"]) == (405, b"POST")

    def test_written_before(self, connect):
        """A coroutine may write, and say that it is going to finish."""

        async def function(request):
            request.write(b"a")
            await succeed(None)
            request.write(b"b")
            request.finish()
            return NOT_DONE_YET

        assert b"a" in connect(Page(function)).get()

    def test_client_leaves(self, later):
        """What nobody wants any more is cancelled."""
        connection, waiting = later
        connection.get()
        with capturedLogs() as events:
            connection.lose()
        assert waiting.called
        assert events == []


class TestDraining:
    """A site that serves what is asked now, and no more."""

    def waiting(self, deferred):
        """What a Deferred has given so far."""
        results = []
        deferred.addCallback(results.append)
        return results

    def test_idle(self, connection):
        """Idle connections are closed, and new ones refused."""
        connection.get()
        done = self.waiting(connection.site.drain(10))
        assert connection.closed
        assert connection.site.buildProtocol(None) is None
        assert done == []
        connection.lose()
        assert done == [None]
        assert connection.clock.getDelayedCalls() == []

    def test_nothing_is_left(self, connection):
        """Without connections there is nothing to wait for."""
        connection.lose()
        assert self.waiting(connection.site.drain(10)) == [None]

    def test_answer_under_way(self, connect, silent):
        """What is being answered is finished, and said to be the last."""
        connection = connect(silent)
        connection.get()
        connection.site.drain(10)
        assert not connection.closed
        (request,) = silent.requests
        request.write(b"answer")
        request.finish()
        answer = connection.take()
        assert answer.headers[b"connection"] == b"close"
        assert connection.closed

    @pytest.mark.parametrize(
        "part", [b"GET / HT", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na"]
    )
    def test_request_under_way(self, connection, part):
        """What is being received is answered."""
        connection.send(part)
        connection.site.drain(10)
        assert not connection.closed
        rest = b"TP/1.1\r\nHost: h\r\n\r\n" if part.startswith(b"GET") else b"bc"
        answer = connection.send(rest)
        assert (answer.status, answer.headers[b"connection"]) == (200, b"close")
        assert connection.closed

    def test_limit(self, connect, silent):
        """What takes too long is cut."""
        connection = connect(silent)
        connection.get()
        connection.site.drain(10)
        connection.clock.advance(10)
        assert connection.transport.disconnected

    def test_port_is_closed(self, connection):
        """When nobody listens any more, connections come to their end, too."""
        connection.site.doStart()
        connection.get()
        connection.site.doStop()
        assert connection.closed
        connection.site.doStart()
        assert connection.site.buildProtocol(None) is not None
        connection.site.doStop()
