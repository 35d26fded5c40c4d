"""Boxes of AMP, to a service with arguments of all kinds."""

from __future__ import annotations

from twisted.internet.testing import StringTransport
from twisted.protocols import amp


class Everything(amp.Command):
    arguments = [
        (b"integer", amp.Integer(optional=True)),
        (b"float", amp.Float(optional=True)),
        (b"boolean", amp.Boolean(optional=True)),
        (b"text", amp.Unicode(optional=True)),
        (b"decimal", amp.Decimal(optional=True)),
        (b"time", amp.DateTime(optional=True)),
        (b"list", amp.ListOf(amp.Integer(), optional=True)),
        (b"boxes", amp.AmpList([(b"a", amp.Integer())], optional=True)),
    ]


class Service(amp.AMP):
    @Everything.responder
    def everything(self, **arguments):
        return {}


def pair(key: bytes, value: bytes) -> bytes:
    return len(key).to_bytes(2, "big") + key + len(value).to_bytes(2, "big") + value


BEGINNING = pair(b"_ask", b"1") + pair(b"_command", b"Everything")
SEEDS = [
    BEGINNING + pair(name, value) + b"\0\0"
    for name, value in [
        (b"integer", b"17"),
        (b"float", b"1.5e300"),
        (b"boolean", b"True"),
        (b"text", "ß".encode()),
        (b"decimal", b"-1.50E+7"),
        (b"time", b"2012-01-23T12:34:56.054321-01:23"),
        (b"list", b"\0\x011\0\x012"),
        (b"boxes", pair(b"a", b"1") + b"\0\0"),
    ]
] + [
    pair(b"_answer", b"1") + b"\0\0",
    pair(b"_error", b"1")
    + pair(b"_error_code", b"X")
    + pair(b"_error_description", b"Y")
    + b"\0\0",
]


def connect():
    protocol = Service()
    protocol.makeConnection(StringTransport())
    return protocol


CONNECT = [connect]

# What nobody can be told, since no answer was asked for.
LOGGED = (amp.AmpError,)


def test_seeds(fuzzed):
    """Nothing breaks for the seeds, nor for what is damaged of them."""
    assert fuzzed > len(SEEDS)
