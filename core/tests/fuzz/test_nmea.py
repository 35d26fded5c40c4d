"""Sentences of receivers of satellite navigation."""

from __future__ import annotations

from twisted.internet.testing import StringTransport
from twisted.positioning.base import BasePositioningReceiver
from twisted.positioning.nmea import NMEAAdapter, NMEAProtocol

SEEDS = [
    b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n",
    b"$GPGLL,4916.45,N,12311.12,W,225444,A*31\r\n",
    b"$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A\r\n",
    b"$GPGSA,A,3,19,28,14,18,27,22,31,39,,,,,1.7,1.0,1.3*34\r\n",
    b"$GPGSV,3,1,11,03,03,111,00,04,15,270,00,06,01,010,00,13,06,292,00*74\r\n",
    b"$GPHDT,038.005,T*3B\r\n",
    b"$GPGGA,,,,,,0,,,,,,,,\r\n",
]


def connect():
    protocol = NMEAProtocol(NMEAAdapter(BasePositioningReceiver()))
    protocol.makeConnection(StringTransport())
    return protocol


CONNECT = [connect]


def test_seeds(fuzzed):
    """Nothing breaks for the seeds, nor for what is damaged of them."""
    assert fuzzed > len(SEEDS)
