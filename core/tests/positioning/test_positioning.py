"""Positions out of the sentences of receivers."""

from __future__ import annotations

import datetime
from functools import reduce
from operator import xor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from twisted.internet.testing import StringTransport
from twisted.positioning import base, ipositioning, nmea

GGA = b"GPGGA,123519,4807.038,N,01131.000,W,1,08,0.9,545.4,M,46.9,M,,"
RMC = b"GPRMC,123519,A,4807.038,S,01131.000,E,022.4,084.4,230394,003.1,W"
GSA = b"GPGSA,A,3,04,05,,09,12,,,24,,,,,2.5,1.5,2.0"
GSV = (
    b"GPGSV,2,1,08,04,40,083,46,02,17,308,41,12,07,344,39,14,22,228,45",
    b"GPGSV,2,2,08,24,11,061,,25,,,",
)


def line(text: bytes, start: bytes = b"$") -> bytes:
    return start + text + b"*%02X\r\n" % reduce(xor, text, 0)


class Told(base.BasePositioningReceiver):
    """Keeps what it is told last, by the name of the method."""

    def __init__(self) -> None:
        self.told: dict[str, tuple] = {}
        for name in ipositioning.IPositioningReceiver:
            setattr(self, name, lambda name=name, **told: self.told.update({name: told}))


class Device:
    """A device that is read from."""

    def __init__(self) -> None:
        self.receiver = Told()
        self.adapter = nmea.NMEAAdapter(self.receiver)
        self.sentences: list = []
        self.protocol = nmea.NMEAProtocol(self.adapter, self.sentences.append)
        self.transport = StringTransport()
        self.protocol.makeConnection(self.transport)

    def send(self, *texts: bytes) -> dict[str, tuple]:
        """Send lines; return what was told for them."""
        self.receiver.told.clear()
        self.protocol.dataReceived(b"".join(map(line, texts)))
        return dict(self.receiver.told)


@pytest.fixture
def device() -> Device:
    return Device()


class TestSentences:
    def test_a_fix(self, device: Device) -> None:
        told = device.send(GGA)
        assert float(told["positionReceived"]["latitude"]) == pytest.approx(48 + 7.038 / 60)
        assert float(told["positionReceived"]["longitude"]) == pytest.approx(-(11 + 31 / 60))
        assert float(told["altitudeReceived"]["altitude"]) == 545.4
        assert told["positionErrorReceived"]["positionError"].hdop == 0.9
        # There is a time, and no day that it belongs to.
        assert "timeReceived" not in told

    def test_movement_and_time(self, device: Device) -> None:
        told = device.send(RMC)
        assert told["timeReceived"]["time"] == datetime.datetime(1994, 3, 23, 12, 35, 19)
        assert told["speedReceived"]["speed"].inKnots == pytest.approx(22.4)
        heading = told["headingReceived"]["heading"]
        assert heading.inDecimalDegrees == 84.4
        assert heading.correctedHeading.inDecimalDegrees == pytest.approx(87.5)
        assert told["positionReceived"]["latitude"].hemisphere is base.Directions.SOUTH

    def test_the_day_of_one_sentence_and_the_time_of_another(self, device: Device) -> None:
        device.send(RMC)
        told = device.send(GGA.replace(b"123519", b"123520.5"))
        assert told["timeReceived"]["time"] == datetime.datetime(1994, 3, 23, 12, 35, 20)

    def test_years_have_a_threshold(self, device: Device) -> None:
        device.adapter.yearThreshold = 1995
        told = device.send(RMC)
        assert told["timeReceived"]["time"].year == 2094

    def test_satellites(self, device: Device) -> None:
        assert "beaconInformationReceived" not in device.send(GSA, GSV[0])
        seen = device.send(GSV[1])["beaconInformationReceived"]["beaconInformation"]
        assert {each.identifier for each in seen.seenBeacons} == {2, 4, 12, 14, 24, 25}
        assert {each.identifier for each in seen.usedBeacons} == {4, 12, 24}
        values = {each.identifier: each for each in seen.seenBeacons}
        assert (values[4].elevation, values[4].azimuth) == (40, 83)
        assert values[4].signalToNoiseRatio == 46
        assert values[24].signalToNoiseRatio is None

    def test_a_list_that_begins_anew_forgets_the_one_before(self, device: Device) -> None:
        device.send(GSV[0])
        told = device.send(b"GPGSV,1,1,01,31,40,083,46")
        seen = told["beaconInformationReceived"]["beaconInformation"]
        assert {each.identifier for each in seen.seenBeacons} == {31}

    def test_errors_are_completed(self, device: Device) -> None:
        told = device.send(b"GPGSA,A,3,04,,,,,,,,,,,,5.0,3.0,")
        assert told["positionErrorReceived"]["positionError"].vdop == 4.0

    @pytest.mark.parametrize("talker", ["GN", "GL", "GA", "BD", "QZ"])
    def test_other_systems(self, device: Device, talker: str) -> None:
        assert "positionReceived" in device.send(GGA.replace(b"GP", talker.encode()))
        assert device.sentences[0].type == f"{talker}GGA"

    @pytest.mark.parametrize(
        "invalid",
        [
            GGA.replace(b",1,08", b",0,08"),
            RMC.replace(b",A,", b",V,"),
            GSA.replace(b",3,", b",1,"),
        ],
    )
    def test_a_device_that_does_not_know(self, device: Device, invalid: bytes) -> None:
        assert device.send(invalid) == {}

    def test_clear_forgets(self, device: Device) -> None:
        device.send(RMC)
        device.adapter.clear()
        assert "timeReceived" not in device.send(GGA)

    def test_a_checksum_can_lack(self, device: Device) -> None:
        device.protocol.dataReceived(b"$" + RMC + b"*\r\n")
        assert "positionReceived" in device.receiver.told

    def test_values_are_attributes(self, device: Device) -> None:
        device.send(RMC)
        (sentence,) = device.sentences
        assert sentence.speedInKnots == "022.4"
        assert sentence.altitude is None
        assert {"type", "timestamp"} <= set(sentence.presentAttributes)
        with pytest.raises(AttributeError):
            _ = sentence.colour
        assert repr(sentence).startswith("<NMEASentence (GPRMC) {dataMode: A, ")


class TestBadInput:
    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            (b"$GPRMC", base.InvalidSentence),
            (b"", base.InvalidSentence),
            (b"$GPXYZ,1*", base.InvalidSentence),
            (b"$" + RMC + b"*00", base.InvalidChecksum),
            (b"$" + RMC + b"*zz", base.InvalidChecksum),
        ],
    )
    def test_lines_that_are_no_sentences(
        self, device: Device, text: bytes, problem: type[Exception]
    ) -> None:
        with pytest.raises(problem):
            device.protocol.lineReceived(text)
        # In a stream they are passed over, and what follows is not.
        device.protocol.dataReceived(text + b"\r\n" + line(RMC))
        assert "positionReceived" in device.receiver.told

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b"4807.038", b"nan"),
            (b"4807.038", b"9907.038"),
            (b",S,", b",E,"),
            (b",E,", b",SE,"),
            (b"022.4", b"inf"),
            (b"022.4", b"-1"),
            (b"084.4", b"360"),
            (b"230394", b"310294"),
            (b"230394", b"2303940"),
            (b"123519", b"250000"),
            (b",W", b",X"),
        ],
    )
    def test_values_that_cannot_be(self, device: Device, old: bytes, new: bytes) -> None:
        """Nothing of such a sentence is told or kept."""
        assert device.send(RMC.replace(old, new)) == {}
        assert "timeReceived" not in device.send(GGA)

    def test_errors_of_the_program_are_not_hidden(self, device: Device) -> None:
        def fail(**told: object) -> None:
            raise ValueError("the program's own")

        device.receiver.positionReceived = fail  # type: ignore[method-assign]
        with pytest.raises(ValueError, match="own"):
            device.send(RMC)

    def test_a_list_of_satellites_without_end(self, device: Device) -> None:
        for number in range(1000):
            device.send(b"GPGSV,9,2,08,%d,40,083,46" % number)
        seen = device.adapter._state["_partialBeaconInformation"].seenBeacons
        assert len(seen) == 256
        assert "beaconInformationReceived" in device.send(b"GPGSV,1,1,01,04,40,083,46")

    def test_a_line_without_end(self, device: Device) -> None:
        for _ in range(100):
            device.protocol.dataReceived(b"$" * 1000)
        device.protocol.dataReceived(b"\r\n" + line(RMC))
        assert "positionReceived" in device.receiver.told

    @given(st.binary(max_size=200))
    def test_anything(self, data: bytes) -> None:
        device = Device()
        device.protocol.dataReceived(data + b"\r\n" + line(RMC))
        assert "positionReceived" in device.receiver.told

    @given(st.lists(st.text("0123456789.-NSEWAV", max_size=8), max_size=20), st.data())
    def test_any_values(self, values: list[str], data: st.DataObject) -> None:
        device = Device()
        kind = data.draw(st.sampled_from(sorted(nmea.NMEAProtocol._SENTENCE_CONTENTS)))
        device.send(",".join([kind, *values]).encode())
        assert "positionReceived" in device.send(RMC)


class TestValues:
    @pytest.mark.parametrize(
        ("kind", "degrees"),
        [
            (base.Angles.LATITUDE, 90.1),
            (base.Angles.LONGITUDE, -181),
            (base.Angles.HEADING, -1),
            (base.Angles.VARIATION, 181),
            ("no kind", 0),
        ],
    )
    def test_angles_that_there_are_not(self, kind: object, degrees: float) -> None:
        with pytest.raises(ValueError):
            base.Angle(degrees, kind)

    def test_degrees_minutes_seconds(self) -> None:
        assert base.Angle(-12.50390625).inDegreesMinutesSeconds == (-12, 30, 14)
        assert base.Angle().inDegreesMinutesSeconds is None

    def test_signs(self) -> None:
        angle = base.Angle(5)
        angle.setSign(-1)
        assert angle == base.Angle(-5)
        for wrong, sign in ((angle, 0), (base.Angle(), 1), (base.Heading(3), 1)):
            with pytest.raises(ValueError):
                wrong.setSign(sign)

    def test_hemispheres(self) -> None:
        east = base.Coordinate(11, base.Angles.LONGITUDE)
        assert east.hemisphere is base.Directions.EAST
        with pytest.raises(ValueError):
            _ = base.Coordinate(11).hemisphere

    def test_units(self) -> None:
        assert base.Altitude(1).inFeet == pytest.approx(3.2808, abs=1e-4)
        assert base.Speed(1).inKnots == pytest.approx(1.9438, abs=1e-4)
        assert float(base.Climb(-2)) == -2
        with pytest.raises(ValueError):
            base.Speed(-1)

    def test_errors_go_together(self) -> None:
        error = base.PositionError(pdop=5, hdop=3, testInvariant=True)
        assert error.vdop == 4
        with pytest.raises(ValueError):
            error.vdop = 1
        assert error.vdop == 4

    def test_equal_values_are_equal_keys(self) -> None:
        assert len({base.Heading.fromFloats(3, 1), base.Heading.fromFloats(3, 1)}) == 1
        assert len({base.Altitude(3), base.Altitude(3), base.Altitude(4)}) == 2


def test_interfaces() -> None:
    assert verifyObject(ipositioning.IPositioningReceiver, base.BasePositioningReceiver())
    assert verifyObject(ipositioning.INMEAReceiver, nmea.NMEAAdapter(Told()))
    assert verifyObject(ipositioning.IPositioningBeacon, base.Satellite(3))
