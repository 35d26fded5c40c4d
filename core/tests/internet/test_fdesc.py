"""Plain file descriptors."""

from __future__ import annotations

import os

import pytest

from twisted.internet import fdesc
from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST


@pytest.fixture
def pipe():
    """Both ends of a pipe that does not block."""
    ends = os.pipe()
    for fd in ends:
        fdesc.setNonBlocking(fd)
    yield ends
    for fd in ends:
        try:
            os.close(fd)
        except OSError:
            pass


def test_blocking(pipe):
    """The mode can be set either way."""
    assert not os.get_blocking(pipe[0])
    fdesc.setBlocking(pipe[0])
    assert os.get_blocking(pipe[0])


def test_inheritance(pipe):
    """Whether other programs inherit a descriptor can be set."""
    fdesc._unsetCloseOnExec(pipe[0])
    assert os.get_inheritable(pipe[0])
    fdesc._setCloseOnExec(pipe[0])
    assert not os.get_inheritable(pipe[0])


def test_through(pipe):
    """What is written can be read; an empty pipe is no end, a closed one is."""
    got = []
    read, write = pipe
    assert fdesc.readFromFD(read, got.append) is None
    assert got == []
    assert fdesc.writeToFD(write, b"hello") == 5
    assert fdesc.readFromFD(read, got.append) is None
    assert got == [b"hello"]
    os.close(write)
    assert fdesc.readFromFD(read, got.append) is CONNECTION_DONE


def test_full(pipe):
    """A full pipe takes nothing, which is no failure."""
    while fdesc.writeToFD(pipe[1], b"x" * 65536):
        pass
    assert fdesc.writeToFD(pipe[1], b"x" * 65536) == 0


def test_gone(pipe):
    """A closed descriptor, and a pipe nobody reads, are lost."""
    read, write = pipe
    os.close(read)
    assert fdesc.writeToFD(write, b"x") is CONNECTION_LOST
    assert fdesc.readFromFD(read, None) is CONNECTION_LOST
    os.close(write)
    assert fdesc.writeToFD(write, b"x") is CONNECTION_LOST
