"""Serial ports, by way of pseudo-terminals, which are much like them."""

from __future__ import annotations

import os
import select
import termios
import tty
from collections.abc import Iterator
from typing import Any

import pytest
import serial

from twisted.internet import error, serialport


@pytest.fixture
def line(reactor: Any, kit: Any) -> Iterator[Any]:
    """A port that is open, its protocol, and the other end of the line."""
    other, device = os.openpty()
    tty.setraw(device)
    os.set_blocking(other, False)
    protocol = kit.Recorder()
    port = serialport.SerialPort(protocol, os.ttyname(device), reactor, baudrate=19200)
    os.close(device)
    line = type("Line", (), {"port": port, "protocol": protocol, "other": other})
    yield line
    if not port.disconnected:
        port.loseConnection()
        kit.spin(reactor, lambda: port.disconnected)
    if line.other is not None:
        os.close(line.other)


def test_data(line: Any, reactor: Any, kit: Any) -> None:
    assert line.protocol.made
    os.write(line.other, b"to the program")
    kit.spin(reactor, lambda: line.protocol.received == b"to the program")
    line.port.write(b"to the ")
    line.port.writeSequence([b"dev", b"ice"])
    got = bytearray()

    def read() -> bool:
        try:
            got.extend(os.read(line.other, 100))
        except BlockingIOError:
            pass
        return bytes(got) == b"to the device"

    kit.spin(reactor, read)


def test_much_is_written_as_the_line_takes_it(line: Any, reactor: Any, kit: Any) -> None:
    data = os.urandom(200_000)
    line.port.write(data)
    line.port.loseConnection()
    got = bytearray()

    def read() -> bool:
        try:
            got.extend(os.read(line.other, 4096))
        except BlockingIOError:
            pass
        return len(got) == len(data)

    kit.spin(reactor, read)
    assert bytes(got) == data
    kit.spin(reactor, lambda: line.protocol.lost)
    assert line.protocol.lost.check(error.ConnectionDone)
    assert line.port.fileno() == -1


def test_the_device_goes(line: Any, reactor: Any, kit: Any) -> None:
    os.close(line.other)
    line.other = None
    kit.spin(reactor, lambda: line.protocol.lost)
    assert line.protocol.lost.check(error.ConnectionLost, error.ConnectionDone)
    assert not line.port._serial.is_open


def test_settings(line: Any) -> None:
    assert line.port.getBaudRate() == 19200
    line.port.setBaudRate(57600)
    assert termios.tcgetattr(line.other)[5] == termios.B57600
    with pytest.raises(ValueError):
        line.port.setBaudRate(-1)
    os.write(line.other, b"12345")
    # A pseudo-terminal hands data on in its own time.
    assert select.select([line.port.fileno()], [], [], 5)[0]
    assert line.port.inWaiting() == 5
    line.port.flushInput()
    assert line.port.inWaiting() == 0
    assert line.port.outWaiting() == 0
    line.port.flushOutput()


def test_lines_that_a_device_lacks(line: Any) -> None:
    for ask in (line.port.getDSR, line.port.getCD, line.port.getRI, line.port.getCTS):
        with pytest.raises(OSError):
            ask()


def test_lines(monkeypatch: Any, line: Any) -> None:
    """What is asked of pyserial."""
    asked = type("Asked", (), {"dsr": True, "cd": False, "ri": True, "cts": False})()
    with monkeypatch.context() as patch:
        patch.setattr(line.port, "_serial", asked)
        assert (line.port.getDSR(), line.port.getCD()) == (True, False)
        assert (line.port.getRI(), line.port.getCTS()) == (True, False)
        line.port.setDTR()
        line.port.setRTS(0)
    assert (asked.dtr, asked.rts) == (True, False)


def test_what_cannot_be_opened(epoll: Any, kit: Any) -> None:
    protocol = kit.Recorder()
    with pytest.raises(serial.SerialException):
        serialport.SerialPort(protocol, "/dev/no such device", epoll)
    assert not protocol.made


def test_a_protocol_that_closes_at_once(epoll: Any, kit: Any) -> None:
    _, device = os.openpty()

    class Closes(kit.Recorder):  # type: ignore[misc, name-defined]
        def connectionMade(self) -> None:
            self.transport.loseConnection()

    protocol = Closes()
    serialport.SerialPort(protocol, os.ttyname(device), epoll)
    kit.spin(epoll, lambda: protocol.lost)
    assert protocol.lost.check(error.ConnectionDone)
    os.close(_)
    os.close(device)
