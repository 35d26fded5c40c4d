"""Answers to a client of FTP, and listings of directories."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.protocols import ftp

SEEDS = [
    b'220 hello\r\n331 who\r\n230 in\r\n257 "/a ""b""/c"\r\n250 ok\r\n213 5\r\n221 bye\r\n',
    b"220-many\r\n 220 lines\r\n220 end\r\n230-x\r\n230 y\r\n550 no\r\n500 what\r\n421 away\r\n",
    b"220 hello\r\n230 in\r\n227 (10,0,0,1,4,0)\r\n229 (|||1024|)\r\n150 go\r\n226 done\r\n",
    b"-rw-r--r-- 1 root other 531 Jan 29 03:26 README\r\ndrwxr-xr-x 2 a b 512 Apr  8 1994 etc\r\n",
    b"lrwxrwxrwx 1 root other 7 Jan 25 00:17 bin -> usr/bin\r\nnonsense\r\n",
]


def connect():
    protocol = ftp.FTPClient("alice", "secret")
    protocol.callLater = Clock().callLater
    protocol.makeConnection(StringTransport())
    for asked in (protocol.pwd(), protocol.cwd("x"), protocol.makeDirectory("y"), protocol.quit()):
        asked.addErrback(lambda failure: None)
    return protocol


def listing():
    protocol = ftp.FTPFileListProtocol()
    protocol.makeConnection(StringTransport())
    return protocol


CONNECT = [connect, listing]


def test_seeds(fuzzed):
    """Nothing breaks for the seeds, nor for what is damaged of them."""
    assert fuzzed > len(SEEDS)
