"""The programs that need the distribution for DNS."""

import socket
import struct
from pathlib import Path

import pytest

from twisted.names import dns

EXAMPLES = Path(__file__).resolve().parents[1]


def ask(port, name, kind=dns.A, *, stream=False):
    """Ask a server, and give what it answers."""
    message = dns.Message(1, recDes=1)
    message.addQuery(name, kind)
    request = message.toStr()
    with socket.socket(type=socket.SOCK_STREAM if stream else socket.SOCK_DGRAM) as asking:
        asking.settimeout(10)
        asking.connect(("127.0.0.1", port))
        if stream:
            asking.sendall(struct.pack("!H", len(request)) + request)
            with asking.makefile("rb") as replies:
                (length,) = struct.unpack("!H", replies.read(2))
                reply = replies.read(length)
        else:
            asking.send(request)
            reply = asking.recv(4096)
    answer = dns.Message()
    answer.fromStr(reply)
    return answer


@pytest.mark.parametrize("stream", [False, True])
def test_dns_server(serve, stream):
    """The server knows the zone of its file, and the names that it makes up."""
    port = serve("dns_server.py", "0", str(EXAMPLES / "example.org.zone"))
    alias, address = ask(port, b"www.example.org", stream=stream).answers
    assert (alias.type, address.payload.dottedQuad()) == (dns.CNAME, "192.0.2.3")
    (generated,) = ask(port, b"client-007.example.org", stream=stream).answers
    assert generated.payload.dottedQuad() == "192.0.2.107"
    (made,) = ask(port, b"192-0-2-7.address.test", stream=stream).answers
    assert made.payload.dottedQuad() == "192.0.2.7"
    assert ask(port, b"example.net", stream=stream).rCode == dns.EREFUSED
    assert ask(port, b"nobody.example.org", stream=stream).rCode == dns.ENAME


def test_dns_lookup(run, serve):
    """Records are looked up from a server, and what is not there is said."""
    port = serve("dns_server.py", "0", str(EXAMPLES / "example.org.zone"))
    server = ("--server", f"127.0.0.1:{port}")
    found = run("dns_lookup.py", *server, "client-007.example.org")
    assert found.stdout.splitlines() == ["client-007.example.org 3600 A 192.0.2.107"], found
    found = run("dns_lookup.py", *server, "www.example.org", "a")
    assert [line.split()[2] for line in found.stdout.splitlines()] == ["CNAME", "A"]
    found = run("dns_lookup.py", *server, "nobody.example.org")
    assert (found.returncode, found.stderr) == (1, "there is no nobody.example.org\n")
