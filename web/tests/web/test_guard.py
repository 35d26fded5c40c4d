"""Tests of `twisted.web.guard`."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Any

import pytest
from zope.interface import implementer

from twisted.cred.checkers import AllowAnonymousAccess, InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.portal import IRealm, Portal
from twisted.logger import capturedLogs
from twisted.web.guard import (
    BasicCredentialFactory,
    DigestCredentialFactory,
    HTTPAuthSessionWrapper,
)
from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET


class Own(Resource):
    """What belongs to a user."""

    def __init__(self, name: Any) -> None:
        super().__init__()
        self.name = name
        self.requests: list[Any] = []

    def getChild(self, name: bytes, request: Any) -> Any:
        return self

    def render_GET(self, request: Any) -> Any:
        if request.path == b"/slow":
            self.requests.append(request)
            return NOT_DONE_YET
        return b"of %b: %b" % (self.name or b"nobody", b"/".join(request.prepath))


@implementer(IRealm)
class Realm:
    """Gives each user what belongs to them."""

    def __init__(self) -> None:
        self.out: list[bytes] = []

    def requestAvatar(self, avatarId: Any, mind: Any, *interfaces: Any) -> Any:
        self.own = Own(avatarId)
        return IResource, self.own, lambda: self.out.append(avatarId)


@pytest.fixture
def realm() -> Realm:
    return Realm()


@pytest.fixture
def portal(realm: Realm) -> Portal:
    return Portal(realm, [InMemoryUsernamePasswordDatabaseDontUse(ann=b"secret:1")])


def basic(pair: bytes) -> bytes:
    return b"Authorization: Basic " + b64encode(pair)


def test_basic(connect: Any, portal: Portal, realm: Realm) -> None:
    wrapper = HTTPAuthSessionWrapper(portal, [BasicCredentialFactory('a "realm"')])
    connection = connect(wrapper)
    answer = connection.get(b"/x")
    assert answer.status == 401
    assert answer.headers[b"www-authenticate"] == b'basic realm="a \\"realm\\""'
    for bad in (
        basic(b"ann:wrong"),
        basic(b"bob:secret:1"),
        basic(b"ann"),
        b"Authorization: Basic x",
        b"Authorization: Basic",
        b"Authorization: Odd x",
        b"Authorization:",
    ):
        assert connection.get(b"/x", bad).status == 401
    assert connection.get(b"/x/y", basic(b"ann:secret:1")).body == b"of ann: x/y"
    assert connection.get(b"/", basic(b"ann:secret:1")).body == b"of ann: "
    assert realm.out == [b"ann"] * 2


def test_logged_out_when_the_client_leaves(connect: Any, portal: Portal, realm: Realm) -> None:
    connection = connect(HTTPAuthSessionWrapper(portal, [BasicCredentialFactory(b"r")]))
    connection.get(b"/slow", basic(b"ann:secret:1"))
    assert realm.out == []
    connection.lose()
    assert realm.out == [b"ann"]


def test_digest(connect: Any, portal: Portal) -> None:
    wrapper = HTTPAuthSessionWrapper(portal, [DigestCredentialFactory(b"sha-256", b"r")])
    connection = connect(wrapper)
    challenge = connection.get(b"/x").headers[b"www-authenticate"]
    fields = dict(
        part.strip().split(b"=", 1) for part in challenge.removeprefix(b"digest ").split(b",")
    )
    nonce, opaque = fields[b"nonce"].strip(b'"'), fields[b"opaque"].strip(b'"')

    def hashed(text: bytes) -> bytes:
        return sha256(text).hexdigest().encode()

    def answer(password: bytes, uri: bytes = b"/x") -> bytes:
        first, second = hashed(b"ann:r:" + password), hashed(b"GET:" + uri)
        response = hashed(b":".join([first, nonce, b"00000001", b"c", b"auth", second]))
        return (
            b'Authorization: Digest username="ann", realm="r", nonce="%b", uri="%b", qop=auth,'
            b' nc=00000001, cnonce="c", response="%b", opaque="%b", algorithm=sha-256'
            % (nonce, uri, response, opaque)
        )

    assert connection.get(b"/x", answer(b"wrong")).status == 401
    assert connection.get(b"/x", answer(b"secret:1")).body == b"of ann: x"


def test_nobody(connect: Any, portal: Portal) -> None:
    portal.registerChecker(AllowAnonymousAccess())
    connection = connect(HTTPAuthSessionWrapper(portal, [BasicCredentialFactory(b"r")]))
    assert connection.get(b"/x").body == b"of nobody: x"


def test_error_in_a_factory(connect: Any, portal: Portal) -> None:
    class Broken:
        scheme = b"broken"

        def decode(self, response: bytes, request: Any) -> Any:
            raise ZeroDivisionError()

    connection = connect(HTTPAuthSessionWrapper(portal, [Broken()]))
    with capturedLogs() as events:
        assert connection.get(b"/x", b"Authorization: Broken x").status == 500
    assert [event["log_failure"].type for event in events] == [ZeroDivisionError]


def test_error_in_the_realm(connect: Any, portal: Portal, realm: Realm) -> None:
    realm.requestAvatar = None  # type: ignore[method-assign,assignment]
    connection = connect(HTTPAuthSessionWrapper(portal, [BasicCredentialFactory(b"r")]))
    with capturedLogs() as events:
        assert connection.get(b"/x", basic(b"ann:secret:1")).status == 500
    assert len(events) == 1


def test_no_children(portal: Portal) -> None:
    with pytest.raises(NotImplementedError):
        HTTPAuthSessionWrapper(portal, []).putChild(b"x", Resource())
