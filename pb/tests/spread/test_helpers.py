"""Tests of `twisted.spread.util` and `twisted.spread.publish`."""

from __future__ import annotations

import io

import pytest
from zope.interface import Interface, implementer

from twisted.internet.defer import Deferred, succeed
from twisted.logger import capturedLogs
from twisted.spread import jelly, pb, publish, util


class Local(util.LocalAsRemote):
    def sync_add(self, a, b):
        return a + b

    def async_add(self, a, b):
        raise AssertionError("the other is preferred")

    def async_later(self, value):
        return value

    def async_fail(self):
        raise ZeroDivisionError()


def test_local_as_remote():
    """Methods of a local object are called as those of the other side."""
    local = Local()
    assert local.callRemote("add", 1, b=2) == 3
    assert local.remoteMethod("add")(1, 2) == 3
    results = []
    local.callRemote("later", 5).addCallback(results.append)
    assert results == [5]


@pytest.mark.parametrize("report", [0, 1])
def test_local_failures(report):
    """What fails gives a Deferred that has failed, and is logged if it is to be."""
    local = Local()
    local.reportAllTracebacks = report
    failures = []
    with capturedLogs() as events:
        local.callRemote("fail").addErrback(failures.append)
        local.callRemote("nothing").addErrback(failures.append)
    assert [failure.type for failure in failures] == [ZeroDivisionError, AttributeError]
    assert len(events) == 2 * report


class ICalled(Interface):
    def now():
        """A result."""

    def later():
        """A Deferred."""


@implementer(ICalled)
class Called:
    def now(self):
        return 1

    def later(self):
        return succeed(2)

    def other(self):
        return 3


def test_forwarder():
    """Only the methods of the interface are called; others give None, or fail if they shall."""
    results = []
    forwarder = util.LocalAsyncForwarder(Called(), ICalled)
    for name in ("now", "later", "other"):
        forwarder.callRemote(name).addCallback(results.append)
    assert results == [1, 2, None]
    failing = util.LocalAsyncForwarder(Called(), ICalled, 1).callRemote("other")
    failing.addErrback(results.append)
    assert results[-1].check(NotImplementedError)
    with pytest.raises(AssertionError):
        util.LocalAsyncForwarder(object(), ICalled)


class Files(pb.Root):
    def remote_pages(self, collector):
        self.ended = []
        util.FilePager(collector, self.file, lambda *args: self.ended.append(args), "all")


@pytest.mark.parametrize("size", [0, 10, 200_000])
def test_file(pair, size):
    """A file is sent in pages, and closed; then the callback is called."""
    root = Files()
    root.file = io.BytesIO(b"x" * size)
    connected = pair(root)
    pages = util.getAllPages(connected.root, "pages")
    for _ in range(20):
        connected.flush()
        connected.server.transport._checkProducer()
    assert b"".join(connected.now(pages)) == b"x" * size
    assert root.file.closed
    assert root.ended == [("all",)]
    assert not connected.server.pageProducers


def test_pages_that_fail(pair):
    """A call that fails makes the pages fail."""
    connected = pair(pb.Root())
    with capturedLogs():
        assert connected.failure(util.getAllPages(connected.root, "pages")).check(pb.NoSuchMethod)


@pytest.mark.parametrize("limit", [{"maxPages": 3}, {"maxSize": 30}])
def test_too_many_pages(limit):
    """Pages without end are refused."""
    collector = util.CallbackPageCollector(lambda pages: None)
    vars(collector).update(limit)
    for _ in range(3):
        collector.remote_gotPage(b"x" * 10)
    with pytest.raises(ValueError):
        collector.remote_gotPage(b"x" * 10)
    assert not collector.pages


class News(publish.Publishable):
    def getStateToPublish(self):
        return {"text": "state"}


class RemoteNews(publish.RemotePublished):
    activations = 0

    def activated(self):
        self.activations += 1


class Publisher(pb.Root):
    def __init__(self, name):
        self.news = News(name)

    def remote_news(self):
        return self.news


@pytest.fixture
def folder(tmp_path, monkeypatch, registered):
    """Where states are kept."""
    registered.setUnjellyableForClass(News, RemoteNews)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_published(folder, pair):
    """The state is asked for once, and kept until it changes."""
    publisher = Publisher("name")
    for kept in (0, 1):
        connected = pair(publisher)
        news = connected.now(connected.root.callRemote("news"))
        connected.flush()
        assert (news.text, news.isActivated, news.activations) == ("state", 1, 1)
        assert news._wasCleanWhenLoaded == kept
    assert [path.name for path in folder.iterdir()] == ["None-None-name.pub"]
    publisher.news.republish()
    connected = pair(publisher)
    assert connected.call("news")._wasCleanWhenLoaded == 0


def test_when_ready(folder, pair):
    """A Deferred waits until the state is there."""
    connected = pair(Publisher("name"))
    ready = publish.whenReady(connected.root.callRemote("news"))
    news = connected.now(ready)
    assert news.text == "state"
    again = []
    publish.whenReady(succeed(news)).addCallback(again.append)
    assert again == [news]


@pytest.mark.parametrize("name", ["../up", "a/b", "/etc/passwd", "x\0y", "x" * 10 + "\n"])
def test_names_of_files(folder, pair, name):
    """A name that is no part of the name of a file is refused: nothing is written elsewhere."""
    connected = pair(Publisher(name))
    with capturedLogs():
        failure = connected.failure(connected.root.callRemote("news"))
    assert failure.check(ValueError)
    assert not list(folder.iterdir())


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x02\x80\x06\x82module\x02\x82os"])
def test_kept_nonsense(folder, pair, content):
    """A file that is damaged is not used, and what is not allowed is not made of it."""
    (folder / "None-None-name.pub").write_bytes(content)
    connected = pair(Publisher("name"))
    with capturedLogs() as events:
        news = connected.call("news")
        connected.flush()
    assert news.text == "state"
    assert events[0]["log_failure"].check(jelly.InsecureJelly, Exception)


def test_interfaces_of_a_deferred():
    """A page collector's callback may be that of a Deferred."""
    pages: Deferred[list[object]] = Deferred()
    collector = util.CallbackPageCollector(pages.callback)
    collector.remote_gotPage(b"1")
    collector.remote_endedPaging()
    assert pages.result == [b"1"]
