"""
Serial ports as transports::

    SerialPort(protocol, "/dev/ttyUSB0", reactor, baudrate=115200)

Needs pyserial (the extra ``serial``), which opens ports on POSIX systems.
"""

from __future__ import annotations

from typing import Any

import serial
from serial import (
    EIGHTBITS,
    FIVEBITS,
    PARITY_EVEN,
    PARITY_NONE,
    PARITY_ODD,
    SEVENBITS,
    SIXBITS,
    STOPBITS_ONE,
    STOPBITS_TWO,
)

from twisted.internet import fdesc
from twisted.internet.abstract import FileDescriptor
from twisted.internet.stdio import PipeAddress
from twisted.python.failure import Failure

__all__ = [
    "EIGHTBITS",
    "FIVEBITS",
    "PARITY_EVEN",
    "PARITY_NONE",
    "PARITY_ODD",
    "SEVENBITS",
    "STOPBITS_ONE",
    "STOPBITS_TWO",
    "SIXBITS",
    "BaseSerialPort",
    "SerialPort",
    "serial",
]


class BaseSerialPort:
    """
    What can be done with a serial port beside reading and writing.

    Where the device has no such line or setting, these raise an OSError.
    """

    #: Opens a port.
    _serialFactory: Any = serial.Serial
    _serial: Any

    def getBaudRate(self) -> int:
        """The speed, in bits per second."""
        return self._serial.baudrate  # type: ignore[no-any-return]

    def setBaudRate(self, baudrate: int) -> None:
        """
        Change the speed.

        @param baudrate: in bits per second.
        @raise ValueError: if the port has no such speed.
        """
        self._serial.baudrate = baudrate

    def inWaiting(self) -> int:
        """How many bytes have come and were not read yet."""
        return self._serial.in_waiting  # type: ignore[no-any-return]

    def outWaiting(self) -> int:
        """How many bytes the system has still to send."""
        return self._serial.out_waiting  # type: ignore[no-any-return]

    def flushInput(self) -> None:
        """Drop what has come and was not read yet."""
        self._serial.reset_input_buffer()

    def flushOutput(self) -> None:
        """Drop what the system has still to send."""
        self._serial.reset_output_buffer()

    def sendBreak(self) -> None:
        """Hold the line in the state of a break for a quarter of a second, and wait for that."""
        self._serial.send_break()

    def getDSR(self) -> bool:
        """Whether the data set is ready."""
        return self._serial.dsr  # type: ignore[no-any-return]

    def getCD(self) -> bool:
        """Whether a carrier is detected."""
        return self._serial.cd  # type: ignore[no-any-return]

    def getRI(self) -> bool:
        """Whether it rings."""
        return self._serial.ri  # type: ignore[no-any-return]

    def getCTS(self) -> bool:
        """Whether the other side is ready for data."""
        return self._serial.cts  # type: ignore[no-any-return]

    def setDTR(self, on: bool = True) -> None:
        """Say that this terminal is ready, or that it is not."""
        self._serial.dtr = bool(on)

    def setRTS(self, on: bool = True) -> None:
        """Ask to send, or do not."""
        self._serial.rts = bool(on)


class SerialPort(BaseSerialPort, FileDescriptor):
    """
    A serial port, open from the beginning until `loseConnection`, or until the device goes.
    """

    connected = 1

    def __init__(
        self,
        protocol: Any,
        deviceNameOrPortNumber: str,
        reactor: Any,
        baudrate: int = 9600,
        bytesize: int = EIGHTBITS,
        parity: str = PARITY_NONE,
        stopbits: float = STOPBITS_ONE,
        timeout: float | None = 0,
        xonxoff: bool = False,
        rtscts: bool = False,
    ) -> None:
        """
        @param deviceNameOrPortNumber: the path of the device, or a URL of pyserial with a
            descriptor.
        @param baudrate: in bits per second.
        @param bytesize: how many bits a character has.
        @param timeout: taken for the sake of programs that give it; nothing ever blocks.
        @param xonxoff: whether the flow of data is controlled by characters.
        @param rtscts: whether it is controlled by lines.
        @raise serial.SerialException: if the device cannot be opened.
        @raise ValueError: if it has no such settings.
        """
        FileDescriptor.__init__(self, reactor)
        self._serial = self._serialFactory(
            deviceNameOrPortNumber,
            baudrate=baudrate,
            bytesize=bytesize,
            parity=parity,
            stopbits=stopbits,
            timeout=timeout,
            xonxoff=xonxoff,
            rtscts=rtscts,
        )
        self.flushInput()
        self.flushOutput()
        self.protocol = protocol
        self.protocol.makeConnection(self)
        if not self.disconnecting and not self.disconnected:
            self.startReading()

    def fileno(self) -> int:
        """The number of the descriptor; -1 if the port is closed."""
        fd = self._serial.fd
        return -1 if fd is None else fd

    def writeSomeData(self, data: bytes | memoryview) -> int | Exception:
        """Hand data to the system. @return: how many bytes it took, or why it took none."""
        return fdesc.writeToFD(self.fileno(), bytes(data))

    def doRead(self) -> Exception | Failure | None:
        """Hand what has come to the protocol. @return: why there will be no more, or None."""
        return fdesc.readFromFD(self.fileno(), self.protocol.dataReceived)

    def connectionLost(self, reason: Failure) -> None:
        """Close the port, and tell the protocol."""
        FileDescriptor.connectionLost(self, reason)
        self._serial.close()
        self.protocol.connectionLost(reason)

    def getHost(self) -> PipeAddress:
        """No particular address."""
        return PipeAddress()

    def getPeer(self) -> PipeAddress:
        """No particular address."""
        return PipeAddress()
