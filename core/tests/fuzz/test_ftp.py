"""Commands to a server of FTP, with files that nobody may change."""

from __future__ import annotations

import tempfile

from twisted.cred import checkers, credentials, portal
from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.protocols import ftp

LOGIN = b"USER anonymous\r\nPASS x@y\r\n"
SEEDS = [
    LOGIN + b"PWD\r\nCWD /a/../b\r\nCDUP\r\nTYPE I\r\nMODE S\r\nSTRU F\r\nSYST\r\nFEAT\r\nNOOP\r\n",
    LOGIN + b"SIZE x\r\nMDTM x\r\nRETR x\r\nSTOR x\r\nDELE x\r\nMKD x\r\nRMD x\r\nRNFR x\r\n",
    LOGIN + b"PORT 127,0,0,1,4,0\r\nEPRT |1|127.0.0.1|1024|\r\nOPTS UTF8 ON\r\nREST 5\r\n",
    b"USER alice\r\nPASS wrong\r\nHELP\r\nSTAT\r\nABOR\r\nQUIT\r\n",
    b"\xff\xf4\xff\xf2ABOR\r\nUSER \xff\r\nNOTHING\r\n",
]
EMPTY = tempfile.mkdtemp()


def connect():
    users = checkers.InMemoryUsernamePasswordDatabaseDontUse(alice="secret")
    made = portal.Portal(ftp.FTPRealm(EMPTY, EMPTY), [users])
    made.registerChecker(checkers.AllowAnonymousAccess(), credentials.IAnonymous)
    factory = ftp.FTPFactory(made)
    factory.clock = Clock()
    protocol = factory.buildProtocol(None)
    protocol.reactor = Clock()
    protocol.makeConnection(StringTransport(peerAddress=IPv4Address("TCP", "127.0.0.1", 1)))
    return protocol


CONNECT = [connect]


def test_seeds(fuzzed):
    """Nothing breaks for the seeds, nor for what is damaged of them."""
    assert fuzzed > len(SEEDS)
