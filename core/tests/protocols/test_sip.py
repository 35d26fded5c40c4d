"""SIP: addresses, messages in whatever pieces, a proxy, and a registrar."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zope.interface import implementer

from twisted.cred import checkers, credentials, portal
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.protocols import sip

# Addresses


@pytest.mark.parametrize(
    "text",
    [
        "sip:example.com",
        "sip:me@example.com",
        "sip:me:secret@example.com:5061;transport=tcp",
        "sip:me@[2001:db8::1]:5061;user=phone;ttl=3;maddr=h;method=M;tag=t;blah;x=y?a=b&c=d",
    ],
)
def test_urls(text):
    """A URI that is read is written the same."""
    assert sip.parseURL(text).toString() == str(sip.parseURL(text)) == text


def test_parts_of_a_url():
    """Each part is told; some can be replaced, and some be taken away."""
    url = sip.parseURL("sip:me@example.com:5061;ttl=3;transport=udp?a=b", host="h", port=1)
    assert (url.username, url.host, url.port, url.ttl, url.headers) == ("me", "h", 1, 3, {"a": "b"})
    sip.cleanRequestURL(url)
    assert url.toString() == "sip:me@h:1"
    assert "me" in repr(url)


@pytest.mark.parametrize(
    "text", ["", "http://x", "sip:x:y", "sip:x:70000", "sip:[::1", "sip:x;ttl=256", "sip:x;ttl=a"]
)
def test_no_urls(text):
    """What makes no sense is an error."""
    with pytest.raises(ValueError):
        sip.parseURL(text)


@pytest.mark.parametrize(
    ("text", "name", "parameters"),
    [
        ("sip:a@b", "", {}),
        ("<sip:a@b>", "", {}),
        ('"A. \\"B\\" <C>" <sip:a@b>;tag=x', 'A. "B" <C>', {"tag": "x"}),
        ("Someone  <sip:a@b> ;tag=x; y=z", "Someone", {"tag": "x", "y": "z"}),
    ],
)
def test_addresses(text, name, parameters):
    """An address has a name for people, and parameters of its own."""
    found = sip.parseAddress(text)
    assert (found[0], found[1].toString(), found[2]) == (name, "sip:a@b", parameters)


@pytest.mark.parametrize("text", ["", "me", "<me>", "<sip:a", '"x <sip:a>', '"' * 5000])
def test_no_addresses(text):
    """What makes no sense is an error, at once."""
    with pytest.raises(ValueError):
        sip.parseAddress(text)


def test_via():
    """A station is read with all that it says; what is not known is kept."""
    text = "SIP/2.0/UDP [::1]:4000;hidden;ttl=16;branch=b;maddr=m;received=r;rport=5;x;y=z"
    via = sip.parseViaHeader(text)
    assert via.toString() == text
    assert (via.host, via.port, via.rport, via.rportRequested) == ("[::1]", 4000, 5, False)
    asked = sip.parseViaHeader("SIP / 2.0 / TCP  host ; rport (a comment)")
    assert (asked.transport, asked.host, asked.port, asked.rport) == ("TCP", "host", 5060, True)
    asked.rport = 7
    assert asked.toString() == "SIP/2.0/TCP host:5060;rport=7"
    with pytest.deprecated_call():
        assert sip.Via("host", rport=True).toString().endswith(";rport")


@pytest.mark.parametrize(
    "text", ["", "SIP/2.0/UDP", "SIP/3.0/UDP host", "SIP/2.0/UDP h:x", "SIP/2.0/UDP h;rport=x"]
)
def test_no_via(text):
    """What makes no sense is an error."""
    with pytest.raises(ValueError):
        sip.parseViaHeader(text)


# Messages

INVITE = (
    "INVITE sip:foo SIP/2.0\r\nVia: SIP/2.0/UDP host\r\nf: me\r\nSubject: two\r\n  lines\r\n"
    "CSeq: 1 INVITE\r\nl: 5\r\n\r\nzw\xf6lf"[:-1]
)
OK = "SIP/2.0 200 Very well\r\nCall-ID: x\r\nContent-Length: 0\r\n\r\n"


def parsed(*pieces, done=True):
    got = []
    parser = sip.MessagesParser(got.append)
    for piece in pieces:
        parser.dataReceived(piece)
    if done:
        parser.dataDone()
    return got


def test_request_and_response():
    """Messages come out of a stream as they were put in."""
    request, response = parsed("\r\n\r\n" + INVITE + OK)
    assert (request.method, request.uri.toString(), request.body) == (
        "INVITE",
        "sip:foo",
        "zw\xf6l",
    )
    assert request.headers["from"] == ["me"]
    assert request.headers["subject"] == ["twolines"]
    assert (response.code, response.phrase) == (200, "Very well")
    assert response.toString() == OK
    assert parsed(request.toString())[0].toString() == request.toString()
    assert "INVITE" in repr(request)
    assert "200" in repr(response)


@given(st.lists(st.integers(0, len((INVITE + OK).encode())), max_size=6))
def test_any_pieces(cuts):
    """However a stream is cut into pieces, the messages are the same."""
    data = (INVITE + OK).encode()
    places = [0, *sorted(cuts), len(data)]
    pieces = [data[a:b] for a, b in pairwise(places)]
    assert [m.toString() for m in parsed(*pieces, done=False)] == [
        m.toString() for m in parsed(INVITE + OK)
    ]


def test_without_a_length():
    """A datagram ends a message that does not say how long it is."""
    (message,) = parsed("INVITE sip:foo SIP/2.0\r\nFrom: me\r\n\r\nbody\r\n")
    assert message.body == "body\r\n"
    assert parsed("INVITE sip:foo SIP/2.0\r\nFrom: me\r\n\r\nbody", done=False) == []


@pytest.mark.parametrize(
    "text",
    [
        "nonsense\r\n\r\n",
        "INVITE sip:foo SIP/1.0\r\n\r\n",
        "INVITE http://x SIP/2.0\r\n\r\n",
        "IN(VITE sip:foo SIP/2.0\r\n\r\n",
        "SIP/2.0 999 x\r\n\r\n",
        "SIP/2.0 abc x\r\n\r\n",
        "INVITE sip:foo SIP/2.0\r\nno header\r\n\r\n",
        "INVITE sip:foo SIP/2.0\r\n continued\r\n\r\n",
        "INVITE sip:foo SIP/2.0\r\nContent-Length: -5\r\n\r\n",
        "INVITE sip:foo SIP/2.0\r\nContent-Length: 99999999999\r\n\r\n",
        "INVITE sip:foo SIP/2.0\r\nContent-Length: 9999999\r\n\r\n",
        "INVITE sip:foo SIP/2.0\r\nContent-Length: 5\r\n\r\nabc",
        "INVITE sip:foo SIP/2.0\r\n" + "a: b\r\n" * 300 + "\r\n",
        "INVITE sip:foo SIP/2.0\r\na: b\r\n" + " more" * 4000 + "\r\n\r\n",
        "INVITE sip:foo SIP/2.0\r\na: b\r\n" + (" more" * 400 + "\r\n") * 20 + "\r\n",
        "INVITE sip:foo SIP/2.0\r\n\r\n" + "x" * 2_000_000,
        "INVITE " + "x" * 20_000,
    ],
)
def test_no_messages(text):
    """What is none is dropped, and the next datagram is read all the same."""
    got = []
    parser = sip.MessagesParser(got.append)
    parser.dataReceived(text)
    parser.dataDone()
    assert got == []
    parser.dataReceived(OK)
    assert len(got) == 1


def test_one_kind_only():
    """A parser may want only requests, or only responses."""
    for kind, wanted in (("acceptRequests", OK), ("acceptResponses", INVITE)):
        got = []
        parser = sip.MessagesParser(got.append)
        setattr(parser, kind, 0)
        for text in (INVITE, OK):
            parser.dataReceived(text)
            parser.dataDone()
        assert [m.toString() for m in got] == [m.toString() for m in parsed(wanted)]


def test_no_line_ends_in_headers():
    """What a program puts into a header begins no other one."""
    with pytest.raises(ValueError, match="line end"):
        sip.Request("INVITE", "sip:foo").addHeader("to", "x\r\nEvil: y")
    with pytest.raises(NotImplementedError):
        sip.Message().toString()


# Protocols


class Wire:
    """A transport that keeps what is sent."""

    def __init__(self):
        self.sent = []

    def write(self, data, addr):
        self.sent.append((data.decode(), addr))


@implementer(sip.ILocator)
class Locator:
    """Knows one answer."""

    def __init__(self, answer):
        self.answer = answer

    def getAddress(self, url):
        return self.answer


def request(method="INVITE", via="SIP/2.0/UDP 10.0.0.1:5060", **headers):
    """A request as it is sent."""
    made = sip.Request(method, headers.pop("uri", "sip:joe@example.com"))
    for value in [via] if isinstance(via, str) else via:
        made.addHeader("via", value)
    made.addHeader("to", headers.pop("to", "<sip:joe@example.com>"))
    for name, value in headers.items():
        made.addHeader(name.replace("_", "-"), value)
    return made.toString().encode()


def proxied(data, answer=None, kind=sip.Proxy, addr=("10.0.0.1", 5060), **attributes):
    """What a proxy sends for a datagram."""
    proxy = kind("10.0.0.9")
    proxy.locator = Locator(succeed(sip.URL("10.0.0.5", port=5070)) if answer is None else answer)
    for name, value in attributes.items():
        setattr(proxy, name, value)
    proxy.transport = Wire()
    proxy.datagramReceived(data, addr)
    return [(parsed(text)[0], where) for text, where in proxy.transport.sent]


def test_a_request_is_handed_on():
    """To where its user is, with a note of the station, and one stop less."""
    ((sent, where),) = proxied(request(max_forwards="5"))
    assert where == ("10.0.0.5", 5070)
    assert sent.headers["via"] == ["SIP/2.0/UDP 10.0.0.9:5060", "SIP/2.0/UDP 10.0.0.1:5060"]
    assert sent.headers["max-forwards"] == ["4"]


@pytest.mark.parametrize(
    ("via", "noted"),
    [
        ("SIP/2.0/UDP 10.0.0.1", "SIP/2.0/UDP 10.0.0.1:5060"),
        ("SIP/2.0/UDP inside", "SIP/2.0/UDP inside:5060;received=10.0.0.1"),
        ("SIP/2.0/UDP 10.0.0.1:9", "SIP/2.0/UDP 10.0.0.1:9;rport=5060"),
        (
            "SIP/2.0/UDP 10.0.0.1;rport",
            "SIP/2.0/UDP 10.0.0.1:5060;received=10.0.0.1;rport=5060",
        ),
    ],
)
def test_where_a_request_came_from(via, noted):
    """If that is not what it says, it is noted for the way back."""
    ((sent, _),) = proxied(request(via=via))
    assert sent.headers["via"][1] == noted


@pytest.mark.parametrize(
    ("data", "answer", "code"),
    [
        (request(), fail(LookupError()), 404),
        (request(max_forwards="0"), None, 483),
        (request(max_forwards="x"), None, 400),
        (request(to="nonsense"), None, 400),
        (request(), fail(sip.SIPError(486)), 486),
    ],
)
def test_refusals(data, answer, code):
    """What cannot be handed on is answered."""
    ((sent, where),) = proxied(data, answer)
    assert (sent.code, where) == (code, ("10.0.0.1", 5060))
    assert sent.headers["via"] == ["SIP/2.0/UDP 10.0.0.1:5060"]


def test_defects(errors):
    """What a locator raises is logged, and answered."""
    ((sent, _),) = proxied(request(), fail(KeyError("x").with_traceback(None)))
    assert sent.code == 404
    ((sent, _),) = proxied(request(), fail(ZeroDivisionError()))
    assert sent.code == 500
    assert len(errors.take(ZeroDivisionError)) == 1
    assert proxied(request("ACK"), fail(LookupError())) == []


@pytest.mark.parametrize(
    "data",
    [
        request(via=[]),
        request(via="nonsense"),
        request(via=["SIP/2.0/UDP 10.0.0.1", "SIP/2.0/UDP 10.0.0.9:5060"]),
        b"SIP/2.0 200 OK\r\n\r\n",
        b"SIP/2.0 200 OK\r\nVia: nonsense\r\n\r\n",
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.8\r\n\r\n",
        b"\xff\xfe",
        b"",
    ],
)
def test_dropped(data):
    """What makes no sense, or runs in a loop, is dropped without a word."""
    assert proxied(data) == []


def test_responses():
    """A response goes back by the stations that its request has passed."""
    response = sip.Response(200)
    response.addHeader("via", "SIP/2.0/UDP 10.0.0.9:5060")
    data = response.toString().encode()
    got = []
    assert proxied(data, gotResponse=lambda *args: got.append(args)) == []
    assert got[0][0].headers["via"] == []
    for via, where in (
        ("SIP/2.0/UDP 10.0.0.2:5080", ("10.0.0.2", 5080)),
        ("SIP/2.0/UDP inside:5080;received=10.0.0.3", ("10.0.0.3", 5080)),
        ("SIP/2.0/UDP inside:5080;received=10.0.0.3;rport=7", ("10.0.0.3", 7)),
    ):
        response = sip.Response(200)
        response.addHeader("via", "SIP/2.0/UDP 10.0.0.9:5060")
        response.addHeader("via", via)
        ((sent, sentTo),) = proxied(response.toString().encode())
        assert (sent.headers["via"], sentTo) == ([via], where)


def test_names_are_looked_up(monkeypatch):
    """A host that is named is looked up; one that is not found gets nothing."""
    from twisted.protocols._sip import _proxy

    found = Deferred()

    class Reactor:
        def resolve(self, name):
            assert name == "there.example"
            return found

    monkeypatch.setattr(_proxy, "currentReactor", Reactor)
    base = sip.Base()
    base.transport = Wire()
    base.sendMessage(sip.URL("there.example"), sip.Request("INVITE", "sip:x"))
    assert base.transport.sent == []
    found.callback("10.0.0.7")
    assert base.transport.sent[0][1] == ("10.0.0.7", 5060)
    found = fail(LookupError())
    base.sendMessage(sip.URL("there.example"), sip.Request("INVITE", "sip:x"))
    with pytest.raises(RuntimeError):
        base.sendMessage(sip.URL("h", transport="tcp"), sip.Request("INVITE", "sip:x"))
    for handle in (base.handle_request, base.handle_response):
        with pytest.raises(NotImplementedError):
            handle(None, None)


# Registrations


class Registrar:
    """A registrar of example.com, and its clock."""

    def __init__(self, **attributes):
        self.clock = Clock()
        self.registry = sip.InMemoryRegistry("example.com", self.clock)
        self.attributes = attributes

    def ask(self, contact="<sip:joe@inside:9>", **headers):
        headers.setdefault("uri", "sip:example.com")
        if contact is not None:
            headers["contact"] = contact
        sent = proxied(
            request("REGISTER", **headers),
            kind=sip.RegisterProxy,
            registry=self.registry,
            **self.attributes,
        )
        return [message for message, _ in sent]


def test_registration():
    """A user is found where the registration came from, for an hour; or until it is taken back."""
    made = Registrar()
    (answer,) = made.ask()
    assert (answer.code, answer.headers["expires"]) == (200, ["3600"])
    assert answer.headers["contact"] == ["sip:joe@10.0.0.1:5060"]
    made.clock.advance(600)
    (answer,) = made.ask(contact=None)
    assert answer.headers["expires"] == ["3000"]
    made.ask()
    made.clock.advance(3599)
    assert made.registry.users
    made.clock.advance(1)
    assert made.registry.users == {}
    made.ask()
    (answer,) = made.ask(contact="*", expires="0")
    assert answer.headers["expires"] == ["0"]
    assert made.registry.users == {}
    assert made.clock.getDelayedCalls() == []
    assert made.ask(contact="*", expires="0") == []


@pytest.mark.parametrize(
    "headers", [{"uri": "sip:other.com"}, {"to": "sip:joe@other.com"}, {"contact": None}]
)
def test_registrations_of_others(headers):
    """What is of no concern is not answered."""
    assert Registrar().ask(**headers) == []


def test_registrations_that_make_no_sense():
    """They are answered as errors; and there is a limit to how many there are."""
    for headers in ({"expires": "soon"}, {"contact": "nonsense"}):
        (answer,) = Registrar().ask(**headers)
        assert answer.code == 400
    made = Registrar()
    made.registry.maxUsers = 1
    made.ask()
    assert made.ask(to="sip:jane@example.com") == []
    assert len(made.registry.users) == 1


@implementer(sip.IAuthorizer)
class Plain:
    """A scheme that hides nothing."""

    def __init__(self, challenge=None):
        self.challenge = challenge

    def getChallenge(self, peer):
        return self.challenge

    def decode(self, response):
        name, sign, password = response.partition(":")
        if not sign:
            raise sip.SIPError(400)
        return credentials.UsernamePassword(name, password)


class Realm:
    def requestAvatar(self, avatarId, mind, *interfaces):
        return interfaces[0], None, lambda: None


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, 401),
        ("Plain joe:secret", 200),
        ("Plain joe:wrong", 401),
        ("Plain nonsense", 400),
        ("Other joe:secret", 401),
    ],
)
def test_logins(authorization, code):
    """With a portal only users register."""
    users = checkers.InMemoryUsernamePasswordDatabaseDontUse(**{"joe@10.0.0.9": "secret"})
    made = Registrar(
        portal=portal.Portal(Realm(), [users]),
        authorizers={"plain": Plain(), "digest": Plain('nonce="x"')},
    )
    headers = {} if authorization is None else {"authorization": authorization}
    (answer,) = made.ask(**headers)
    assert answer.code == code
    assert len(made.registry.users) == (code == 200)
    if code == 401:
        assert answer.headers["www-authenticate"] == [
            'Plain realm="10.0.0.9"',
            'Digest nonce="x",realm="10.0.0.9"',
        ]
