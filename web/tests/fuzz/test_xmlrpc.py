"""XML-RPC: whatever is posted, the answer is one of XML-RPC."""

from __future__ import annotations

from xmlrpc.client import Fault

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.web._xmlrpcwire import dump_call, load
from twisted.web.server import Site
from twisted.web.xmlrpc import XMLRPC, addIntrospection

CALLS = [{"methodName": "echo", "params": [1]}, {"methodName": "none", "params": []}]
SEEDS = [
    dump_call("echo", (1, "ä", [True, 2.5, {"a": b"b"}], None), True),
    dump_call("fail", (), False),
    dump_call("system.multicall", (CALLS,), False),
    dump_call("system.methodHelp", ("echo",), False),
    dump_call("echo", ({"methodName": "\n<&>", "b": [[[[]]]]},), False),
    b"<methodCall><methodName>echo</methodName><params><param><value><int>9999999999999</int>"
    b"</value></param><param><value><i8>1</i8></value></param></params></methodCall>",
]


class Calls(XMLRPC):
    def xmlrpc_echo(self, *arguments):
        return arguments

    def xmlrpc_fail(self):
        raise RuntimeError


root = Calls(allowNone=True)
addIntrospection(root)
site = Site(root, reactor=Clock())
HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n"
#: That of the method which fails, and that of one which gives a number too large to be sent.
LOGGED = (RuntimeError, OverflowError)


def fuzz(data):
    channel = site.buildProtocol(None)
    transport = StringTransport(lenient=True)
    channel.makeConnection(transport)
    channel.dataReceived(HEAD % len(data) + data)
    head, _, body = transport.value().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    try:
        load(body)
    except Fault:
        pass


def test_seeds(fuzzed):
    """Nothing breaks for the seeds, nor for what is damaged of them."""
    assert fuzzed > len(SEEDS)
