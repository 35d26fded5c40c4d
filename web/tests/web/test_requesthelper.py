"""Stand-ins for requests, and what renders resources to their end."""

from __future__ import annotations

import pytest

from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from twisted.web.test import _util, test_web
from twisted.web.test.requesthelper import DummyChannel, DummyRequest, rendered


class Gives(Resource):
    def __init__(self, answer):
        super().__init__()
        self.render_GET = lambda request: answer


def test_an_answer_at_once():
    """What a resource returns is written, and the request finished."""
    request = DummyRequest([b""])
    done = []
    rendered(Gives(b"hello"), request).addCallback(done.append)
    assert done == [None]
    assert request.written == [b"hello"]
    assert request.finished == 1


def test_a_later_answer():
    """It is waited for."""
    request = DummyRequest([b""])
    done = []
    rendered(Gives(NOT_DONE_YET), request).addCallback(done.append)
    assert done == []
    request.finish()
    assert done == [None]
    rendered(Gives(NOT_DONE_YET), request).addCallback(done.append)
    assert done == [None, None]


def test_no_answer():
    """What is no answer is an error."""
    with pytest.raises(TypeError, match="no answer"):
        rendered(Gives("text"), DummyRequest([b""]))


def test_older_places():
    """Tests of programs find them where they have been."""
    assert _util._render is rendered
    assert test_web.DummyRequest is DummyRequest
    assert test_web.DummyChannel is DummyChannel
