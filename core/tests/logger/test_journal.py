"""Events in the journal."""

import os
import socket

import pytest
from zope.interface.verify import verifyObject

from twisted.logger import ILogObserver, JournalLogObserver, Logger


@pytest.fixture
def journal(tmp_path):
    """A socket that stands for the journal's."""
    address = str(tmp_path / "socket")
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(address)
    listening.settimeout(5)
    yield listening
    listening.close()


@pytest.fixture
def observer(journal):
    made = JournalLogObserver("program", address=journal.getsockname())
    yield made
    made.close()


def parsed(data):
    """The fields of an entry."""
    fields = {}
    while data:
        line, _, rest = data.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            length = int.from_bytes(rest[:8], "little")
            value, rest = rest[8 : 8 + length], rest[8 + length + 1 :]
        assert name.decode() not in fields
        fields[name.decode()] = value.decode()
        data = rest
    return fields


def test_fields(journal, observer):
    """The text, the level, and every value under a name of its own."""
    assert verifyObject(ILogObserver, observer)
    Logger("chat.room", observer=observer).warn(
        "{user} says\n{text}", user="ann", text="h\u00e9", nothing=None, odd_Key=[1]
    )
    assert parsed(journal.recv(65536)) == {
        "MESSAGE": "ann says\nh\u00e9",
        "PRIORITY": "4",
        "SYSLOG_IDENTIFIER": "program",
        "TW_LOG_NAMESPACE": "chat.room",
        "TW_USER": "ann",
        "TW_TEXT": "h\u00e9",
        "TW_ODD_KEY": "[1]",
    }


def test_failures(journal, observer):
    """The traceback is a field."""
    log = Logger("x", observer=observer)
    try:
        raise KeyError("lost")
    except KeyError:
        log.failure("it failed")
    fields = parsed(journal.recv(65536))
    assert fields["PRIORITY"] == "2"
    assert "KeyError: 'lost'" in fields["TRACEBACK"]


def test_what_no_datagram_can_hold(journal, observer):
    """It comes in a file."""
    Logger("x", observer=observer).info("{text}", text="x" * 1_000_000)
    _, [(_, _, rights)], _, _ = journal.recvmsg(10, 100)
    [file] = [int.from_bytes(rights, "little")]
    os.lseek(file, 0, os.SEEK_SET)
    with os.fdopen(file, "rb") as entry:
        assert len(parsed(entry.read())["MESSAGE"]) == 1_000_000


def test_nobody_listens(tmp_path):
    """Nothing happens."""
    observer = JournalLogObserver(address=str(tmp_path / "missing"))
    Logger("x", observer=observer).info("lost")
    observer.close()
    Logger("x", observer=observer).info("lost, too")
