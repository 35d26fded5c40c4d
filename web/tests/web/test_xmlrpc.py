"""Tests of `twisted.web.xmlrpc`."""

from __future__ import annotations

import datetime
import threading
import xmlrpc.client
import xmlrpc.server
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from zope.interface import implementer

from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.portal import IRealm, Portal
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.ssl import PrivateCertificate
from twisted.logger import capturedLogs
from twisted.web import error
from twisted.web._xmlrpcwire import MAX_DEPTH, load
from twisted.web.client import ResponseNeverReceived
from twisted.web.guard import BasicCredentialFactory, HTTPAuthSessionWrapper
from twisted.web.resource import IResource, Resource
from twisted.web.server import Site
from twisted.web.xmlrpc import (
    XMLRPC,
    Binary,
    DateTime,
    Fault,
    Handler,
    Proxy,
    addIntrospection,
    withRequest,
)


class Slow(Handler):
    """Answers later."""

    def run(self, *args: Any) -> None:
        self.resource.waiting.append(self.result)


class Methods(XMLRPC):
    """Methods of all kinds."""

    def __init__(self, **kw: Any) -> None:
        super().__init__(**kw)
        self.waiting: list[Deferred[Any]] = []

    def xmlrpc_echo(self, value: Any) -> Any:
        """Give a value back."""
        return value

    xmlrpc_echo.signature = [["int", "int"]]  # type: ignore[attr-defined]

    def xmlrpc_later(self, value: Any) -> Any:
        return succeed(value)

    async def xmlrpc_coroutine(self, value: Any) -> Any:
        return await succeed(value)

    def xmlrpc_fault(self) -> Any:
        raise Fault(12, "my fault")

    def xmlrpc_deferredFault(self) -> Any:
        return fail(Fault(13, "my fault"))

    def xmlrpc_broken(self) -> Any:
        raise ZeroDivisionError("secret")

    def xmlrpc_none(self) -> None:
        return None

    def xmlrpc_slow(self) -> Any:
        return Slow(self)

    def xmlrpc_waits(self) -> Any:
        self.waiting.append(Deferred())
        return self.waiting[-1]

    @withRequest
    def xmlrpc_who(self, request: Any, value: Any) -> Any:
        return [request.method.decode(), request.getUser().decode(), value]

    def notPublic(self) -> str:
        return "never"


@pytest.fixture
def methods() -> Methods:
    return Methods()


@pytest.fixture
def call(network: Any, methods: Methods) -> Any:
    """Call a method, and wait for what comes of it."""
    addIntrospection(methods)
    inner = Methods()
    methods.putSubHandler("inner", inner)
    url = network.listen(methods)

    def callRemote(name: str, *args: Any, **kw: Any) -> Any:
        return network.wait(Proxy(url, reactor=network.reactor, **kw).callRemote(name, *args))

    callRemote.url = url  # type: ignore[attr-defined]
    return callRemote


@pytest.mark.parametrize(
    "value",
    [
        5,
        -1.5,
        True,
        "a <b> & ☃",
        [1, ["x"], {}],
        {"a": [1], "b": {"c": "d"}},
        Binary(b"\0\xff"),
        DateTime("20260102T03:04:05"),
        "",
    ],
)
def test_values(call: Any, value: Any) -> None:
    for method in ("echo", "later", "coroutine", "inner.echo"):
        assert call(method, value) == value


def test_dates(network: Any, methods: Methods) -> None:
    moment = datetime.datetime(2026, 1, 2, 3, 4, 5)
    proxy = Proxy(network.listen(methods), reactor=network.reactor, useDateTime=True)
    assert network.wait(proxy.callRemote("echo", moment)) == moment


@pytest.mark.parametrize(
    ("method", "code", "text"),
    [
        ("fault", 12, "my fault"),
        ("deferredFault", 13, "my fault"),
        ("nothing", 8001, "procedure nothing not found"),
        ("notPublic", 8001, "procedure notPublic not found"),
        ("__class__", 8001, "procedure __class__ not found"),
        ("outer.echo", 8001, "no such subHandler outer"),
    ],
)
def test_faults(call: Any, method: str, code: int, text: str) -> None:
    fault = call(method)
    assert isinstance(fault, Fault)
    assert (fault.faultCode, fault.faultString) == (code, text)


@pytest.mark.parametrize("arguments", [(), (1, 2)])
def test_errors_say_nothing(call: Any, arguments: Any) -> None:
    with capturedLogs() as events:
        fault = call("broken") if not arguments else call("echo", *arguments)
    assert (fault.faultCode, fault.faultString) == (8002, "error")
    assert len([event for event in events if "log_failure" in event]) == 1


def test_none(network: Any, methods: Methods, call: Any) -> None:
    with capturedLogs():
        assert call("none").faultCode == 8002
    assert isinstance(call("echo", None), TypeError)
    methods.allowNone = True
    assert call("none") is None
    assert call("echo", None, allowNone=True) is None


def test_handler(call: Any, network: Any, methods: Methods) -> None:
    asking = Proxy(call.url, reactor=network.reactor).callRemote("slow")
    network.reactor.callLater(0.02, lambda: methods.waiting[0].callback("at last"))
    assert network.wait(asking) == "at last"


def test_credentials(call: Any, network: Any) -> None:
    assert call("who", 1, user=b"ann", password=b"s") == ["POST", "ann", 1]
    url = call.url.replace(b"//", b"//bob:s@")
    assert network.wait(Proxy(url, reactor=network.reactor).callRemote("who", 2))[1] == "bob"


def test_cancelled(call: Any, network: Any, methods: Methods) -> None:
    asking = Proxy(call.url, reactor=network.reactor).callRemote("waits")
    for _ in range(1000):
        if methods.waiting:
            break
        network.reactor.iterate(0.002)
    asking.addErrback(lambda _: None)
    asking.cancel()
    results: list[Any] = []
    methods.waiting[0].addErrback(results.append)
    for _ in range(1000):
        if results:
            break
        network.reactor.iterate(0.002)
    assert methods.waiting[0].called


def test_introspection(call: Any) -> None:
    names = call("system.listMethods")
    assert {"echo", "inner.echo", "system.listMethods", "system.multicall"} <= set(names)
    assert call("system.methodHelp", "echo") == "Give a value back."
    assert call("system.methodHelp", "none") == ""
    assert call("system.methodSignature", "echo") == [["int", "int"]]
    assert call("system.methodSignature", "none") == ""
    assert call("system.methodHelp", "absent").faultCode == 8001


def test_multicall(call: Any) -> None:
    calls = [
        {"methodName": "echo", "params": [1]},
        {"methodName": "fault", "params": []},
        {"methodName": "system.multicall", "params": [[]]},
        {"nonsense": 1},
        {"methodName": "inner.echo", "params": ["x"]},
    ]
    results = call("system.multicall", calls)
    assert (results[0], results[4]) == ([1], ["x"])
    assert [each["faultCode"] for each in results[1:4]] == [12, 8002, 8002]
    assert call("system.multicall", 5).faultCode == 8002


CALL = b"<methodCall><methodName>echo</methodName><params>%b</params></methodCall>"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no xml",
        b"<methodCall/>",
        b"<methodResponse><params><param><value>1</value></param></params></methodResponse>",
        CALL % b"<param><value><int>x</int></value></param>",
        CALL % b"<param><value><odd>x</odd></value></param>",
        CALL % b"<param><value><struct><member><value><int>1</int></value><value/></member>"
        b"</struct></value></param>",
        b'<!DOCTYPE x [<!ENTITY a "b">]>' + CALL % b"<param><value>&a;</value></param>",
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd">' + CALL % b"",
        CALL % (b"<param><value>" + b"<array><data><value>" * 30 + b"</value></data></array>" * 30),
        CALL % (b"<param>" + b"<value><array><data>" * 40),
    ],
)
def test_bad_calls(connect: Any, methods: Methods, body: bytes) -> None:
    connection = connect(methods)
    head = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % len(body)
    answer = connection.send(head + body)
    assert answer.status == 200
    with pytest.raises(Fault, match="deserialize"):
        load(answer.body)


def test_depth() -> None:
    deep = b"<value><array><data>" * MAX_DEPTH + b"</data></array></value>" * MAX_DEPTH
    with pytest.raises(ValueError, match="too deep"):
        load(b"<params><param>" + deep + b"</param></params>")


def test_large_call(connect: Any, methods: Methods) -> None:
    methods.maxBodySize = 10
    connection = connect(methods)
    with pytest.raises(Fault, match="too large"):
        load(
            connection.send(
                b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n" + b"x" * 11
            ).body
        )


def test_only_post(connect: Any, methods: Methods) -> None:
    answer = connect(methods).get()
    assert (answer.status, answer.headers[b"allow"]) == (405, b"POST")


class Fixed(Resource):
    """Answers with something that is fixed."""

    isLeaf = True

    def __init__(self, code: int, body: bytes) -> None:
        super().__init__()
        self.code, self.body = code, body

    def render_POST(self, request: Any) -> bytes:
        request.setResponseCode(self.code)
        return self.body


@pytest.mark.parametrize(
    ("code", "body", "kind"),
    [
        (404, b"", error.Error),
        (200, b"nonsense", ValueError),
        (200, b"<methodResponse><params/></methodResponse>", ValueError),
        (200, b"<!DOCTYPE a><methodResponse/>", ValueError),
    ],
)
def test_bad_answers(network: Any, code: int, body: bytes, kind: type[Exception]) -> None:
    proxy = Proxy(network.listen(Fixed(code, body)), reactor=network.reactor)
    assert isinstance(network.wait(proxy.callRemote("x")), kind)


def test_large_answer(network: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Proxy, "maxAnswerSize", 100)
    proxy = Proxy(network.listen(Fixed(200, b"x" * 101)), reactor=network.reactor)
    assert "more than 100 bytes" in str(network.wait(proxy.callRemote("x")))


def test_client_of_python(call: Any, network: Any) -> None:
    results: list[Any] = []

    def ask() -> None:
        with xmlrpc.client.ServerProxy(call.url.decode()) as server:
            results.append(server.echo({"a": [1, "☃"]}))
            many = xmlrpc.client.MultiCall(server)
            many.echo(1)
            many.inner.echo(2)
            results.append(list(many()))
            try:
                server.fault()
            except xmlrpc.client.Fault as fault:
                results.append(fault.faultCode)

    thread = threading.Thread(target=ask)
    thread.start()
    for _ in range(4000):
        if not thread.is_alive():
            break
        network.reactor.iterate(0.005)
    thread.join()
    assert results == [{"a": [1, "☃"]}, [1, 2], 12]


def test_header_of_credentials() -> None:
    proxy = Proxy(b"http://u:p@h/x", reactor=object())
    assert proxy._headers.getRawHeaders(b"authorization") == [b"Basic " + b64encode(b"u:p")]
    assert proxy._url == b"http://h/x"


def test_server_of_python(network: Any) -> None:
    """The server of Python's library answers the proxy: values, faults, introspection, None."""
    server = xmlrpc.server.SimpleXMLRPCServer(
        ("127.0.0.1", 0), logRequests=False, allow_none=True, use_builtin_types=False
    )
    server.register_introspection_functions()
    server.register_multicall_functions()
    server.register_function(lambda value: value, "echo")
    server.register_function(lambda: None, "none")
    url = b"http://127.0.0.1:%d/RPC2" % server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        proxy = Proxy(url, reactor=network.reactor, allowNone=True)

        def ask(*args: Any) -> Any:
            return network.wait(proxy.callRemote(*args))

        value = {"a": [1, "<\u2603>", None, True, 1.5], "b": Binary(b"\0")}
        assert ask("echo", value) == value
        assert ask("none") is None
        assert "echo" in ask("system.listMethods")
        assert ask("absent").faultCode == 1
        assert ask("system.multicall", [{"methodName": "echo", "params": [1]}]) == [[1]]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@implementer(IRealm)
class Realm:
    """Gives those who log in the methods."""

    def __init__(self, methods: Methods) -> None:
        self.methods = methods

    def requestAvatar(self, user: Any, mind: Any, *interfaces: Any) -> Any:
        return IResource, self.methods, lambda: None


def test_logins(network: Any, methods: Methods) -> None:
    """Methods behind a login are for those alone who have the password."""
    portal = Portal(Realm(methods), [InMemoryUsernamePasswordDatabaseDontUse(ann=b"s")])
    url = network.listen(HTTPAuthSessionWrapper(portal, [BasicCredentialFactory(b"x")]))
    for password, expected in ((b"s", 1), (b"wrong", None)):
        proxy = Proxy(url, b"ann", password, reactor=network.reactor)
        result = network.wait(proxy.callRemote("echo", 1))
        if expected is None:
            assert isinstance(result, error.Error)
            assert result.status == b"401"
        else:
            assert result == expected


def test_tls(
    network: Any, methods: Methods, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Methods are called over TLS, and only if the server proves who it is."""
    pair = PrivateCertificate.loadPEM(certificate.read_bytes())
    port = network.reactor.listenSSL(
        0, Site(methods, reactor=network.reactor), pair.options(), interface="127.0.0.1"
    )
    url = b"https://localhost:%d/" % port.getHost().port
    refused = network.wait(Proxy(url, reactor=network.reactor).callRemote("echo", 1))
    assert isinstance(refused, ResponseNeverReceived)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert network.wait(Proxy(url, reactor=network.reactor).callRemote("echo", 1)) == 1
