"""SIP: datagrams to a registrar, and addresses."""

from __future__ import annotations

from twisted.cred import portal
from twisted.internet.testing import FakeDatagramTransport
from twisted.protocols import sip

REQUEST = (
    b"%b sip:joe@example.com SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 10.0.0.1:5061;branch=z9;rport, SIP/2.0/UDP h\r\n"
    b'From: "A. B" <sip:a@example.com>;tag=1\r\nTo: sip:joe@example.com\r\nCall-ID: 1@h\r\n'
    b"CSeq: 1 %b\r\nContact: <sip:joe@10.0.0.1>;expires=3600\r\nl: 5\r\n\r\nhello"
)
SEEDS = [
    REQUEST % (b"REGISTER", b"REGISTER"),
    REQUEST % (b"INVITE", b"INVITE"),
    REQUEST % (b"OPTIONS", b"OPTIONS"),
    b"SIP/2.0 200 OK\r\nv: SIP/2.0/UDP example.com:5060\r\nv: SIP/2.0/UDP h\r\nl: 0\r\n\r\n",
]


def fuzz(data):
    registrar = sip.RegisterProxy(host="example.com", port=5060)
    registrar.registry = registrar.locator = sip.InMemoryRegistry("example.com")
    registrar.portal = portal.Portal(None)
    registrar.transport = FakeDatagramTransport()
    registrar.datagramReceived(data, ("10.0.0.1", 5061))
    text = data.decode("latin-1")
    for read in (sip.parseURL, sip.parseViaHeader, sip.parseAddress):
        try:
            read(text)
        except ValueError:
            pass


def test_seeds(fuzzed):
    """Nothing breaks for the seeds, nor for what is damaged of them."""
    assert fuzzed > len(SEEDS)
