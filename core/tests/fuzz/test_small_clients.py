"""Clients of memcached, dict, ident and Shoutcast, which wait for answers."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.protocols import dict as dictionaries
from twisted.protocols import ident, memcache, shoutcast

SEEDS = [
    b"VALUE key 0 5\r\nhello\r\nEND\r\nSTORED\r\n17\r\n",
    b"VALUE key 0 5 99\r\nhello\r\nVALUE other 1 0\r\n\r\nEND\r\n",
    b"STAT pid 1\r\nSTAT x\r\nEND\r\nVERSION 1\r\nERROR\r\nCLIENT_ERROR x\r\nSERVER_ERROR y\r\n",
    b'220 h <a.b> <1@h>\r\n150 1 found\r\n151 "w" d "D"\r\ntext\r\n..dot\r\n.\r\n250 ok\r\n',
    b"220 h\r\n110 2 there\r\na \"A\"\r\nb 'B'\r\n.\r\n250 ok\r\n552 no match\r\n421 end\r\n",
    b"1, 2 : USERID : UNIX : alice\r\n1, 2 : ERROR : NO-USER\r\n",
    b"ICY 200 OK\r\nicy-name: x\r\nicy-metaint: 8\r\n\r\n12345678\1StreamTitle='a';\0" + b"x" * 20,
]


def ignored(deferred):
    deferred.addErrback(lambda failure: None)


def connected(make, ask):
    def connect():
        protocol = make()
        protocol.callLater = Clock().callLater
        protocol.makeConnection(StringTransport())
        ask(protocol)
        return protocol

    return connect


def ask_memcached(client):
    for asked in (client.get(b"key"), client.getMultiple([b"key", b"other"]), client.stats()):
        ignored(asked)
    for asked in (client.set(b"key", b"x"), client.increment(b"key"), client.version()):
        ignored(asked)


def ask_dict(client):
    ignored(client.define("*", "word"))
    ignored(client.databases())


def ask_ident(client):
    ignored(client.lookup(1, 2))
    ignored(client.lookup(1, 2))


CONNECT = [
    connected(memcache.MemCacheProtocol, ask_memcached),
    connected(dictionaries.DictClient, ask_dict),
    connected(ident.IdentClient, ask_ident),
    connected(shoutcast.ShoutcastClient, lambda client: None),
]


def test_seeds(fuzzed):
    """Nothing breaks for the seeds, nor for what is damaged of them."""
    assert fuzzed > len(SEEDS)
