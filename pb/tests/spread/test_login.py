"""Tests of logins to `twisted.spread.pb` servers."""

from __future__ import annotations

import gc
import hashlib

import pytest
from zope.interface import implementer

from twisted.cred.checkers import AllowAnonymousAccess, InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.credentials import Anonymous, UsernamePassword
from twisted.cred.error import UnauthorizedLogin, UnhandledCredentials
from twisted.cred.portal import IRealm, Portal
from twisted.internet.defer import Deferred, succeed
from twisted.logger import capturedLogs
from twisted.spread import pb


class View(pb.Viewable):
    def view_whose(self, perspective):
        return perspective.name


class User(pb.Avatar):
    def __init__(self, name, mind):
        self.name = name
        self.mind = mind

    def perspective_name(self):
        return self.name

    def perspective_view(self):
        return View()

    async def perspective_ask(self):
        return await self.mind.callRemote("answer")


class Guest(pb.Referenceable):
    def remote_name(self):
        return "guest"


@implementer(IRealm)
class Realm:
    def __init__(self):
        self.left = []

    def requestAvatar(self, avatarId, mind, *interfaces):
        assert interfaces == (pb.IPerspective,)
        avatar = User(avatarId, mind) if avatarId else Guest()
        return pb.IPerspective, avatar, lambda: self.left.append(avatarId)


class Mind(pb.Referenceable):
    def remote_answer(self):
        return 42


def made_portal(*checkers):
    users = InMemoryUsernamePasswordDatabaseDontUse(ann=b"secret", ben=b"other")
    return Portal(Realm(), checkers or [users, AllowAnonymousAccess()])


@pytest.fixture(params=["extended", "published"])
def connected(request, pair):
    """A client of a server with a portal, by either dialect."""
    return pair(made_portal(), published=request.param == "published")


def login(connected, name=b"ann", password=b"secret", mind=None):
    return connected.clientFactory.login(UsernamePassword(name, password), mind)


def test_password(connected):
    """Who knows the password gets an avatar, whose methods know who it is."""
    avatar = connected.now(login(connected))
    assert connected.now(avatar.callRemote("name")) == b"ann"
    view = connected.now(avatar.callRemote("view"))
    assert connected.now(view.callRemote("whose")) == b"ann"
    with capturedLogs():
        assert connected.failure(avatar.callRemote("nothing")).check(pb.NoSuchMethod)


def test_mind(connected):
    """The avatar can call the client."""
    avatar = connected.now(login(connected, mind=Mind()))
    assert connected.now(avatar.callRemote("ask")) == 42


def test_anonymous(connected):
    """Whoever does not say who it is gets what the realm has for such."""
    avatar = connected.now(connected.clientFactory.login(Anonymous()))
    assert connected.now(avatar.callRemote("name")) == "guest"


@pytest.mark.parametrize(("name", "password"), [(b"ann", b"wrong"), (b"nobody", b"secret")])
def test_wrong(connected, name, password):
    """Who does not know the password is refused, as is one whom nobody knows: in the same way."""
    with capturedLogs():
        failure = connected.failure(login(connected, name, password))
    assert failure.check(UnauthorizedLogin)
    assert failure.value == ""


def test_not_allowed(pair):
    """Nobody gets in by a way that the portal does not have."""
    connected = pair(made_portal(InMemoryUsernamePasswordDatabaseDontUse(ann=b"secret")))
    with capturedLogs():
        failure = connected.failure(connected.clientFactory.login(Anonymous()))
    assert failure.check(UnhandledCredentials)


def test_attempts_are_capped(connected):
    """P3: after five logins that have failed the connection ends."""
    with capturedLogs():
        for _ in range(5):
            assert connected.failure(login(connected, password=b"guess")).check(UnauthorizedLogin)
            connected.flush()
    assert connected.client.disconnected


def test_attempts_at_once_are_capped(connected):
    """P3: attempts that are under way at the same time are counted, too."""
    with capturedLogs():
        attempts = [login(connected, password=b"%d" % number) for number in range(20)]
        attempts.append(login(connected))
        failures = [connected.failure(attempt) for attempt in attempts]
    assert all(failure.check(UnauthorizedLogin, pb.PBConnectionLost) for failure in failures)
    assert connected.client.disconnected


def test_challenge_once(connected):
    """P3: a challenge takes one response."""
    asked, taker = connected.now(connected.root.callRemote("login", b"ann"))
    with capturedLogs():
        first = connected.failure(taker.callRemote("respond", b"wrong", None))
        again = connected.failure(taker.callRemote("respond", pb.respond(asked, b"secret"), None))
    assert first.check(UnauthorizedLogin)
    assert again.check(UnauthorizedLogin)


@pytest.mark.parametrize("response", [None, 5, "text", b"", [b"list"]])
def test_strange_responses(connected, response):
    """What is no response is a wrong one."""
    _, taker = connected.now(connected.root.callRemote("login", b"ann"))
    with capturedLogs():
        failure = connected.failure(taker.callRemote("respond", response, None))
    assert failure.check(UnauthorizedLogin)


def test_response():
    """The response is the one of the published release."""
    digest = hashlib.md5(b"password", usedforsecurity=False).digest()
    response = hashlib.md5(digest + b"challenge", usedforsecurity=False).digest()
    assert pb.respond(b"challenge", b"password") == response
    assert len(pb.challenge()) == 16
    assert pb.challenge() != pb.challenge()


def without_md5(monkeypatch):
    """A machine that allows no MD5."""

    def md5(*args, **kwargs):
        raise ValueError("[digital envelope routines] unsupported")

    monkeypatch.setattr(hashlib, "md5", md5)


def test_without_md5(pair, monkeypatch):
    """P3: where there is no MD5, two sides of this project agree on HMAC-SHA-256."""
    without_md5(monkeypatch)
    connected = pair(made_portal())
    assert connected.now(login(connected))
    with capturedLogs():
        assert connected.failure(login(connected, password=b"x")).check(UnauthorizedLogin)


def test_without_md5_with_the_published_release(pair, monkeypatch):
    """P3: where MD5 is the only way and there is none, the login fails and says so."""
    without_md5(monkeypatch)
    connected = pair(made_portal(), published=True)
    failure = connected.failure(login(connected))
    assert failure.check(pb.Error)
    assert "MD5" in str(failure.value)


def test_fips_flag(connected, monkeypatch):
    """P3: MD5 is asked for as what is not for security, as FIPS wants it."""
    original = hashlib.md5

    def md5(data=b"", *, usedforsecurity=True):
        assert not usedforsecurity
        return original(data, usedforsecurity=False)

    monkeypatch.setattr(hashlib, "md5", md5)
    assert connected.now(login(connected))


def test_checker_of_hashes(pair):
    """A checker that knows the MD5 of passwords alone works with both dialects."""

    class Hashes:
        credentialInterfaces = (pb.IUsernameMD5Password,)

        def requestAvatarId(self, credentials):
            known = hashlib.md5(b"secret", usedforsecurity=False).digest()
            if credentials.checkMD5Password(known):
                return credentials.username
            raise UnauthorizedLogin()

    for published in (False, True):
        connected = pair(made_portal(Hashes()), published=published)
        avatar = connected.now(login(connected))
        assert connected.now(avatar.callRemote("name")) == b"ann"


def test_logout_with_the_reference(connected):
    """The session ends when the client gives its reference up."""
    avatar = connected.now(login(connected))
    realm = connected.serverFactory.root.portal.realm
    assert realm.left == []
    del avatar
    gc.collect()
    connected.flush()
    assert realm.left == [b"ann"]
    assert not connected.server._localCleanup


def test_logout_with_the_connection(connected):
    """The session ends with the connection, once."""
    avatar = connected.now(login(connected))
    connected.lose()
    assert connected.serverFactory.root.portal.realm.left == [b"ann"]
    del avatar


def test_login_that_comes_too_late(pair):
    """A login that is decided after the end of the connection is ended at once."""
    deciding = Deferred()

    class Slow:
        credentialInterfaces = (pb.IUsernameMD5Password,)

        def requestAvatarId(self, credentials):
            return deciding

    connected = pair(made_portal(Slow()))
    attempt = login(connected)
    connected.flush()
    connected.lose()
    assert connected.failure(attempt).check(pb.PBConnectionLost)
    deciding.callback(b"ann")
    assert connected.serverFactory.root.portal.realm.left == [b"ann"]


def test_several_logins(connected):
    """A client can be several users over one connection."""
    ann = login(connected)
    ben = login(connected, b"ben", b"other")
    names = [connected.now(connected.now(each).callRemote("name")) for each in (ann, ben)]
    assert names == [b"ann", b"ben"]


def test_any_perspective(pair):
    """An avatar need not be an `Avatar`."""

    @implementer(pb.IPerspective)
    class Perspective:
        def perspectiveMessageReceived(self, broker, message, args, kwargs):
            args = broker.unserialize(args, self)
            kwargs = broker.unserialize(kwargs, self)
            return succeed(broker.serialize((message, args, kwargs)))

    @implementer(IRealm)
    class Any:
        def requestAvatar(self, avatarId, mind, *interfaces):
            return pb.IPerspective, Perspective(), lambda: None

    connected = pair(Portal(Any(), [AllowAnonymousAccess()]))
    avatar = connected.now(connected.clientFactory.login(Anonymous()))
    got = connected.now(avatar.callRemote("anything", 1, b=[2]))
    assert got == ("anything", (1,), {"b": [2]})
