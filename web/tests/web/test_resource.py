"""Tests of `twisted.web.resource`, `.pages`, `.util`, `.error`, `.html` and `.demo`."""

from __future__ import annotations

import pytest

from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs
from twisted.python.failure import Failure
from twisted.web import demo, error, html, pages, resource, util
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from twisted.web.test.requesthelper import DummyRequest


def test_children():
    """Children are found by name; others come from ``getChild``."""
    root, child, dynamic = Resource(), Resource(), Resource()
    root.putChild(b"a", child)
    request = DummyRequest([b"a"])
    assert root.getChildForRequest(request) is child
    assert (request.prepath, request.postpath) == ([b"a"], [])
    assert root.getChildWithDefault(b"b", request).code == 404
    root.getChild = lambda name, request: dynamic
    assert root.getChildWithDefault(b"b", request) is dynamic
    assert root.getDynamicEntity(b"b", request) is dynamic
    assert root.getDynamicEntity(b"a", request) is None
    assert root.getStaticEntity(b"a") is child
    assert root.listNames() == root.listStaticNames() == [b"a"]
    assert root.listEntities() == root.listStaticEntities() == [(b"a", child)]
    root.delEntity(b"a")
    root.reallyPutEntity(b"c", child)
    assert root.listNames() == [b"c"]


def test_segments_are_bytes():
    """A name that is text would never be found."""
    with pytest.raises(TypeError):
        Resource().putChild("a", Resource())


def test_leaf():
    """A leaf takes the rest of the path."""
    leaf = Resource()
    leaf.isLeaf = True
    request = DummyRequest([b"a", b"b"])
    assert resource.getChildForRequest(leaf, request) is leaf
    assert request.postpath == [b"a", b"b"]


@pytest.mark.parametrize(
    ("page", "code", "escaped"),
    [
        (pages.notFound("<b>", "<d>"), 404, True),
        (pages.forbidden("<b>", "<d>"), 403, True),
        (pages.errorPage(418, "<b>", "<d>"), 418, True),
        (resource._UnsafeNoResource("<d>"), 404, False),
        (resource._UnsafeForbiddenResource("<d>"), 403, False),
        (resource._UnsafeErrorPage(418, "<b>", "<d>"), 418, False),
    ],
)
def test_pages(page, code, escaped):
    """Pages about errors have their status; the details of newer ones are escaped."""
    request = DummyRequest([])
    text = page.render(request)
    assert request.responseCode == code
    assert b"<b>" not in text
    assert (b"&lt;d&gt;" in text) is escaped
    assert page.getChild(b"x", request) is page
    assert str(code) in repr(page)


def test_redirect():
    """A redirection escapes its URL, which has to be bytes."""
    request = DummyRequest([])
    text = util.redirectTo(b'/"<x>', request)
    assert request.responseCode == 302
    assert request.responseHeaders.getRawHeaders(b"location") == [b'/"<x>']
    assert b"<x>" not in text
    with pytest.raises(TypeError):
        util.redirectTo("/", request)
    with pytest.raises(ValueError, match="line break"):
        util.redirectTo(b"/\r\nX: 1", request)


@pytest.mark.parametrize(
    ("url", "linked"),
    [
        (b"https://h/", True),
        (b"/x:y", True),
        (b"?a=javascript:", True),
        (b"JavaScript:alert(1)", False),
        (b" java\tscript:alert(1)", False),
        (b"data:text/html,x", False),
    ],
)
def test_links_of_redirections(url, linked):
    """The page of a redirection has a link only to where no script runs in the site's name."""
    assert (b"href" in util.redirectTo(url, DummyRequest([]))) is linked


def test_redirect_resources():
    """Resources may be elsewhere, or above."""
    request = DummyRequest([])
    elsewhere = util.Redirect(b"/x")
    assert elsewhere.getChild(b"y", request) is elsewhere
    elsewhere.render(request)
    assert request.responseHeaders.getRawHeaders(b"location") == [b"/x"]
    for prepath, url in (([b"a"], b"./"), ([b"a", b""], b"../")):
        request = DummyRequest([])
        request.prepath = prepath
        util.ParentRedirect().render(request)
        assert request.responseHeaders.getRawHeaders(b"location") == [url]


class Leaf(Resource):
    isLeaf = True

    def render_GET(self, request):
        return b"later"


def test_deferred_resource():
    """A resource that is known later renders then."""
    known = Deferred()
    later = util.DeferredResource(known)
    request = DummyRequest([b"x"])
    assert later.getChild(b"x", request) is later
    assert later.render(request) is NOT_DONE_YET
    known.callback(Leaf())
    assert (request.written, request.finished) == ([b"later"], 1)


def test_deferred_resource_fails():
    """A resource that is never known is an error, unless nobody waits for it any more."""
    known, request = Deferred(), DummyRequest([])
    util.DeferredResource(known).render(request)
    ended = request.notifyFinish()
    reasons = []
    ended.addErrback(reasons.append)
    known.errback(Failure(ValueError("no")))
    assert reasons[0].check(ValueError)
    for outcome in (lambda d: d.callback(Leaf()), lambda d: d.errback(Failure(ValueError()))):
        known, request = Deferred(), DummyRequest([])
        util.DeferredResource(known).render(request)
        request.processingFailed(Failure(ConnectionError()))
        outcome(known)
        assert request.written == []


def test_format_failure():
    """A failure is shown with the source of its frames, escaped and in ASCII."""
    try:
        raise ValueError("<\u2603>")
    except ValueError:
        text = util.formatFailure(Failure())
    assert b"ValueError: &lt;&#9731;&gt;" in text
    assert b"raise ValueError" in text


def test_errors():
    """Errors have a status, the reason of it, and a text."""
    made = error.Error(404)
    assert (made.status, made.message, made.response) == (b"404", b"Not Found", None)
    assert str(made) == "404 Not Found"
    assert str(error.Error(b"999")) == "999"
    assert str(error.PageRedirect(302, location=b"/x")) == "302 Found to /x"
    assert error.PageRedirect(302).location is None
    loop = error.InfiniteRedirection(301, b"Moved", b"body", b"/y")
    assert (str(loop), loop.response) == ("301 Moved to /y", b"body")
    nowhere = error.RedirectWithNoLocation(302, b"Found", b"/u")
    assert (str(nowhere), nowhere.uri) == ("302 Found to /u", b"/u")
    with pytest.raises(ValueError, match="status"):
        error.Error(b"abc")


def test_html():
    """Little helpers for HTML."""
    assert html.PRE("<") == "<pre>&lt;</pre>"
    assert html.linkList([("/a", "b")]) == '<ul>\n<li><a href="/a">b</a></li>\n</ul>\n'
    assert html.output(lambda x: x, "y") == "y"
    with capturedLogs() as events:
        assert "error" in html.output(lambda: 1 / 0)
    assert len(events) == 1


def test_demo(connect):
    """The page of a server that was told nothing says that it works."""
    answer = connect(demo.Test()).get(b"/any/thing")
    assert answer.status == 200
    assert b"It works" in answer.body


def test_dummy_request():
    """The stand-in for requests keeps what is written, and asks producers until they end."""
    request = DummyRequest([], client=None)

    class Producer:
        def resumeProducing(self):
            request.write(b"x")
            if len(request.written) == 3:
                request.unregisterProducer()

    request.setHeader(b"a", b"b")
    request.addArg(b"k", b"v")
    session = request.getSession()
    request.registerProducer(Producer(), False)
    assert request.written == [b"x"] * 3
    assert request.args == {b"k": [b"v"]}
    assert request.getHeader(b"a") is None
    assert request.getClientIP() is None
    assert request.getSession() is session
    with pytest.raises(TypeError):
        request.write("x")


@pytest.mark.parametrize("name", ["ErrorPage", "NoResource", "ForbiddenResource"])
def test_pages_that_do_not_escape_are_deprecated(name):
    """Each of them tells of a page that does."""
    with pytest.warns(DeprecationWarning, match="properly escapes HTML"):
        assert getattr(resource, name) is getattr(resource, f"_Unsafe{name}")
