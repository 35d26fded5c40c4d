"""Tests of `twisted.web.soap`."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import math
import subprocess
import sys
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import capturedLogs
from twisted.web import error
from twisted.web._safexml import MAX_DEPTH
from twisted.web._soapwire import ENCODING, ENVELOPE, MAX_ELEMENTS, dump, dump_fault, load, value_of
from twisted.web.resource import Resource
from twisted.web.soap import Fault, Proxy, SOAPPublisher


@dataclasses.dataclass
class Point:
    """Two numbers."""

    x: int
    y: float = 0.5


class Methods(SOAPPublisher):
    """Methods of all kinds."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[Deferred[Any]] = []

    def soap_add(self, a: int, b: int) -> int:
        """Two numbers."""
        return a + b

    def soap_echo(self, value):  # type: ignore[no-untyped-def]
        return value

    def soap_later(self, value: Any) -> Any:
        return succeed(value)

    async def soap_join(self, words: list[str], by: str | None = None) -> str:
        return await succeed((by or "-").join(words))

    def soap_move(self, point: Point, by: int = 1) -> Point:
        return Point(point.x + by, point.y)

    def soap_keywords(self, **kw: Any) -> Any:
        return kw

    soap_keywords.useKeywords = True  # type: ignore[attr-defined]

    def soap_fault(self) -> None:
        raise Fault("Client.Odd", "no <way>", {"a": 1})

    def soap_deferredFault(self) -> Any:
        return fail(Fault("Server", "mine", "why"))

    def soap_badFault(self) -> None:
        raise Fault("Server", "mine", object())

    def soap_broken(self) -> None:
        raise ZeroDivisionError("secret")

    def soap_unsendable(self) -> Any:
        return object()

    def soap_nothing(self) -> None:
        return None

    def soap_waits(self) -> Any:
        self.waiting.append(Deferred())
        return self.waiting[-1]

    def notPublic(self) -> str:
        return "never"

    soap_noFunction = 5


@pytest.fixture
def methods() -> Methods:
    return Methods()


@pytest.fixture
def call(network: Any, methods: Methods) -> Any:
    """Call a method, and wait for what comes of it."""
    url = network.listen(methods)

    def callRemote(name: str, *args: Any, proxy: Any = {}, **kw: Any) -> Any:
        made = Proxy(url, reactor=network.reactor, **proxy)
        return network.wait(made.callRemote(name, *args, **kw))

    callRemote.url = url  # type: ignore[attr-defined]
    return callRemote


VALUES = [
    5,
    -(2**40),
    2**70,
    -1.5,
    math.inf,
    True,
    False,
    None,
    "",
    "a <b> & \u2603 ]]> \r\n\t",
    b"\0\xff",
    decimal.Decimal("1.50"),
    datetime.datetime(2026, 1, 2, 3, 4, 5),
    datetime.date(2026, 1, 2),
    datetime.time(3, 4),
    [1, ["x", None], []],
    {"a": [1, 2], "b": {"c": "d"}},
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values(call: Any, value: Any) -> None:
    """Values of all types come back as they went."""
    for method in ("echo", "later"):
        assert call(method, value) == value
        assert call(method, value=value, proxy={"namespace": "urn:x&y"}) == value


SIMPLE = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.binary()
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"))


@given(st.recursive(SIMPLE | TEXT, st.lists, max_leaves=8))
def test_round_trip(value: Any) -> None:
    """What is written with its types is read as the same."""
    message = load(dump("x", None, [("v", value)], True))
    assert message.typed
    assert value_of(message.body.children[0], message.references) == value


def test_by_annotations(call: Any) -> None:
    """Without types on the wire, values are what the method's annotations say."""
    plain = {"encoded": False}
    assert call("add", 1, 2, proxy=plain) == "3"
    assert call("add", b=1, a=2, proxy=plain) == "3"
    assert call("join", words=["a", "b"], proxy=plain) == "a-b"
    assert call("join", words=[], by="x", proxy=plain) == ""
    assert call("join", words=["a", "b"], by=None, proxy=plain) == "a-b"
    assert call("move", point=Point(1), proxy=plain) == {"x": "2", "y": "0.5"}
    assert call("move", point={"x": 1}, by=4) == {"x": 5, "y": 0.5}
    assert call("nothing", proxy=plain) is None
    assert call("nothing") is None


def test_keywords(call: Any) -> None:
    """A method that wants so gets arguments by their names."""
    assert call("keywords", a=1, b="x") == {"a": 1, "b": "x"}
    assert call("keywords", a=2, proxy={"header": {"h": 1}}) == {"a": 2}


@pytest.mark.parametrize(
    ("method", "args", "code", "text"),
    [
        ("fault", (), "Client.Odd", "no <way>"),
        ("deferredFault", (), "Server", "mine"),
        ("none", (), "Client", "Method none not found"),
        ("notPublic", (), "Client", "Method notPublic not found"),
        ("noFunction", (), "Client", "Method noFunction not found"),
        ("add", (1,), "Client", "wrong arguments: missing a required argument: 'b'"),
        ("add", (1, 2, 3), "Client", "wrong arguments: too many positional arguments"),
        ("add", ("x", 2), "Client", "wrong arguments: v1: not an integer: 'x'"),
        ("move", ({},), "Client", None),
    ],
)
def test_faults(call: Any, method: str, args: Any, code: str, text: str | None) -> None:
    """Callers learn what they did wrong, or what the method says."""
    fault = call(method, *args)
    assert isinstance(fault, Fault)
    assert fault.faultcode == code
    assert text is None or fault.faultstring == text


def test_details(call: Any) -> None:
    """A fault may have a detail, with names or without."""
    assert call("fault").detail == {"a": "1"}
    assert call("deferredFault").detail == {"value": "why"}
    assert str(call("fault")) == "Client.Odd: no <way>"


@pytest.mark.parametrize("method", ["broken", "unsendable", "badFault"])
def test_errors_say_nothing(call: Any, method: str) -> None:
    """Of other errors callers learn only that there was one; they are logged."""
    with capturedLogs() as events:
        fault = call(method)
    assert (fault.faultcode, fault.faultstring, fault.detail) == ("Server", "error", None)
    assert len([event for event in events if "log_failure" in event]) == 1


def test_client_leaves(call: Any, network: Any, methods: Methods) -> None:
    """A method whose caller has left is cancelled, and nothing is logged."""
    asking = Proxy(call.url, reactor=network.reactor).callRemote("waits")
    for _ in range(1000):
        if methods.waiting:
            break
        network.reactor.iterate(0.002)
    with capturedLogs() as events:
        asking.addErrback(lambda _: None).cancel()
        for _ in range(1000):
            if methods.waiting[0].called:
                break
            network.reactor.iterate(0.002)
    assert methods.waiting[0].called
    assert not [event for event in events if "log_failure" in event]


def envelope(body: str, attributes: str = "", header: str = "") -> bytes:
    """An envelope."""
    return (
        f'<e:Envelope xmlns:e="{ENVELOPE}" xmlns:enc="{ENCODING}"'
        ' xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
        f"{attributes}>{header}<e:Body>{body}</e:Body></e:Envelope>"
    ).encode()


def post(connection: Any, body: bytes) -> Any:
    """Post a body; gives the answer, and the fault in it."""
    head = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % len(body)
    answer = connection.send(head + body)
    found = ElementTree.fromstring(answer.body).find(f".//{{{ENVELOPE}}}Fault")
    return answer, None if found is None else (found.findtext("faultcode") or "")


HEADER = '<e:Header><x e:mustUnderstand="{}"/></e:Header>'


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "e:Client"),
        (b"no xml", "e:Client"),
        (b"<x/>", "e:Client"),
        (b"<Envelope xmlns='http://www.w3.org/2003/05/soap-envelope'/>", "e:VersionMismatch"),
        (f"<Envelope xmlns='{ENVELOPE}'/>".encode(), "e:Client"),
        (envelope(""), "e:Client"),
        (envelope("<echo/>", header=HEADER.format(1)), "e:MustUnderstand"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]>' + envelope("<echo>&a;</echo>"), "e:Client"),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd">' + envelope("<echo/>"), "e:Client"),
        (envelope("<echo>" + "<a>" * MAX_DEPTH + "</a>" * MAX_DEPTH + "</echo>"), "e:Client"),
        (envelope("<echo>" + "<a/>" * MAX_ELEMENTS + "</echo>"), "e:Client"),
        (envelope('<echo><v i:type="x:int">x</v></echo>'), "e:Client"),
        (envelope('<echo><v i:type="x:int">' + "9" * 5000 + "</v></echo>"), "e:Client"),
        (envelope('<echo><v i:type="x:decimal">x</v></echo>'), "e:Client"),
        (envelope('<echo><v i:type="x:boolean">x</v></echo>'), "e:Client"),
        (envelope('<echo><v i:type="x:base64Binary">!</v></echo>'), "e:Client"),
        (envelope('<echo><v i:type="x:dateTime">now</v></echo>'), "e:Client"),
        (envelope('<echo><v href="#none"/></echo>'), "e:Client"),
        (envelope('<echo><v href="#a"/></echo><m id="a" href="#a"/>'), "e:Client"),
        (envelope("<add><a><x/></a><b>1</b></add>"), "e:Client"),
        (b"<?xml version='1.0' encoding='nonsense'?>" + envelope("<echo/>"), "e:Client"),
    ],
)
def test_bad_calls(connect: Any, methods: Methods, body: bytes, code: str) -> None:
    """What is no call, or not a safe one, is the caller's fault."""
    answer, fault = post(connect(methods), body)
    assert (answer.status, fault) == (500, code)


def test_large_call(connect: Any, methods: Methods) -> None:
    """A call has a limit."""
    methods.maxBodySize = 10
    assert post(connect(methods), b"x" * 11)[1] == "e:Client"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('<v i:type="x:int"> 5 </v>', b"5"),
        ('<v i:type="x:hexBinary">00ff</v>', b"AP8="),
        ('<v i:nil="1"/>', b"<echoResponse></echoResponse>"),
        ('<v href="#a"/>', b"<b>1</b>"),
        ('<v enc:arrayType="x:int[2]"><n>1</n><n>2</n></v>', b"<item>1</item><item>2</item>"),
        ("<v><a>1</a><a>2</a><b/></v>", b"<a><item>1</item><item>2</item></a><b></b>"),
    ],
)
def test_forms(connect: Any, methods: Methods, value: str, expected: bytes) -> None:
    """Values are understood in all the forms that section 5 of SOAP 1.1 knows."""
    text = envelope(f'<echo>{value}</echo><m id="a"><b>1</b></m>', header=HEADER.format(0))
    answer, fault = post(connect(methods), text)
    assert (answer.status, fault) == (200, None)
    plain = answer.body.replace(b' xsi:type="xsd:int"', b"").replace(b' xsi:type="xsd:string"', b"")
    assert expected in plain


def test_shared_references() -> None:
    """A thousand references to one thing are one thing, however often that is done."""
    levels = "".join(f'<m id="a{n}">' + f'<v href="#a{n + 1}"/>' * 10 + "</m>" for n in range(30))
    message = load(envelope(f'<x><v href="#a0"/></x>{levels}<m id="a30">end</m>'))
    value = value_of(message.body.children[0], message.references)
    for _ in range(30):
        value = value["v"][-1]
    assert value == "end"
    chain = "".join(f'<m id="a{n}" href="#a{n + 1}"/>' for n in range(100))
    message = load(envelope(f'<x><v href="#a0"/></x>{chain}<m id="a100">end</m>'))
    with pytest.raises(ValueError, match="leads nowhere"):
        value_of(message.body.children[0], message.references)


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("x", object(), TypeError),
        ("x", "\0", ValueError),
        ("x", "\ud800", ValueError),
        ("x", {1: 2}, ValueError),
        ("x", {"a b": 2}, ValueError),
        ("x><y", 1, ValueError),
        ("", 1, ValueError),
    ],
)
def test_unsendable(name: str, value: Any, kind: type[Exception]) -> None:
    """What XML cannot hold raises before anything is sent, and so do names that are none."""
    with pytest.raises(kind):
        dump("call", None, [(name, value)], True)
    with pytest.raises(kind):
        dump_fault(Fault("Server", "x", {name: value}))


def test_too_deep() -> None:
    """What is nested deeper than it could be read, or without end, is not sent."""
    value: list[Any] = []
    value.append(value)
    with pytest.raises(ValueError, match="too deep"):
        dump("call", None, [("x", value)], True)
    with pytest.raises(ValueError, match="no name"):
        dump("a b", None, [], True)


def test_not_posted(connect: Any, methods: Methods) -> None:
    """Other methods than POST are not allowed, but GET for the description."""
    answer = connect(methods).get(b"/")
    assert (answer.status, answer.headers[b"allow"]) == (405, b"POST")


def test_description(connect: Any, methods: Methods) -> None:
    """Methods are described, with the types that their annotations tell."""
    answer = connect(methods).get(b"/?wsdl")
    assert answer.headers[b"content-type"] == b"text/xml; charset=utf-8"
    root = ElementTree.fromstring(answer.body)
    schema = "{http://www.w3.org/2001/XMLSchema}"
    wsdl = "{http://schemas.xmlsoap.org/wsdl/}"
    operations = {each.get("name") for each in root.iterfind(f"{wsdl}portType/{wsdl}operation")}
    assert {"add", "join", "move"} <= operations
    assert not {"keywords", "noFunction"} & operations
    types = {each.get("name"): each for each in root.iter(f"{schema}complexType")}
    point = [
        (each.get("name"), each.get("type")) for each in types["Point"].iter(schema + "element")
    ]
    assert point == [("x", "xsd:integer"), ("y", "xsd:double")]
    assert "ArrayOf_string" in types
    assert b'location="http://example.org/"' in answer.body


class Fixed(Resource):
    """Answers with something that is fixed."""

    isLeaf = True

    def __init__(self, code: int, body: bytes) -> None:
        super().__init__()
        self.code, self.body = code, body

    def render_POST(self, request: Any) -> bytes:
        self.action = request.getHeader(b"soapaction")
        request.setResponseCode(self.code)
        return self.body


@pytest.mark.parametrize(
    ("code", "body", "kind"),
    [
        (404, b"", error.Error),
        (200, b"nonsense", ValueError),
        (500, b"<!DOCTYPE a><x/>", ValueError),
        (500, envelope("<e:Fault/>"), Fault),
        (200, envelope('<x><v href="#a"/></x>'), ValueError),
    ],
)
def test_bad_answers(network: Any, code: int, body: bytes, kind: type[Exception]) -> None:
    """Answers that are none are errors."""
    resource = Fixed(code, body)
    proxy = Proxy(network.listen(resource).decode(), reactor=network.reactor)
    assert isinstance(network.wait(proxy.callRemote("x")), kind)
    assert resource.action == b'""'


def test_several_results(network: Any) -> None:
    """Several results come by their names."""
    proxy = Proxy(
        network.listen(Fixed(200, envelope("<x><a>1</a><b>2</b></x>"))), reactor=network.reactor
    )
    assert network.wait(proxy.callRemote("x")) == {"a": "1", "b": "2"}


ZEEP = """
import sys, zeep
service = zeep.Client(sys.argv[1] + "?wsdl").service
assert service.add(1, 2) == 3
assert service.add(a=2**70, b=1) == 2**70 + 1
assert service.join(words={"item": ["a", "<b>"]}) == "a-<b>"
assert service.join(words={"item": ["a", "b"]}, by="+") == "a+b"
moved = service.move(point={"x": 1, "y": 2.5}, by=4)
assert (moved.x, moved.y) == (5, 2.5)
assert service.nothing() is None
try:
    service.fault()
except zeep.exceptions.Fault as fault:
    assert (fault.code, fault.message) == ("e:Client.Odd", "no <way>")
print("done")
"""


@pytest.mark.peer
@pytest.mark.timeout(60)
def test_zeep(network: Any, methods: Methods) -> None:
    """zeep reads the description, calls methods and understands what they answer."""
    url = network.listen(methods).decode()
    with subprocess.Popen(
        [sys.executable, "-c", ZEEP, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while process.poll() is None:
            network.reactor.iterate(0.01)
        output, errors = process.communicate()
    assert output == "done\n", errors
