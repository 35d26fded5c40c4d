"""
Sentences of NMEA 0183, as receivers of satellite navigation send them.

`NMEAProtocol` reads lines, most of the time from a `twisted.internet.serialport.SerialPort`, and
hands sentences on; `NMEAAdapter` makes of them what an `IPositioningReceiver` takes.

Sources: gpsd, "NMEA Revealed"; the documentation of common receivers. The standard itself is not
public.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Mapping
from functools import reduce
from operator import xor
from typing import Any, ClassVar

from constantly import ValueConstant, Values
from zope.interface import implementer

from twisted.logger import Logger
from twisted.positioning import _sentence, base, ipositioning
from twisted.positioning.base import Angles
from twisted.protocols.basic import LineReceiver

__all__ = ["NMEAAdapter", "NMEAProtocol", "NMEASentence"]

_log = Logger()

#: What sentences of systems begin with that send the same as GPS does: several at once, GLONASS,
#: Galileo, BeiDou, QZSS, NavIC.
_TALKERS = ("GN", "GL", "GA", "GB", "BD", "GQ", "QZ", "GI")


#: How many satellites can be told of at once; a device that never ends its list is cut off there.
_MOST_SATELLITES = 256


class GPGGAFixQualities(Values):  # type: ignore[misc]
    """How a position was found."""

    INVALID_FIX = ValueConstant("0")
    GPS_FIX = ValueConstant("1")
    DGPS_FIX = ValueConstant("2")
    PPS_FIX = ValueConstant("3")
    RTK_FIX = ValueConstant("4")
    FLOAT_RTK_FIX = ValueConstant("5")
    DEAD_RECKONING = ValueConstant("6")
    MANUAL = ValueConstant("7")
    SIMULATION = ValueConstant("8")


class GPGLLGPRMCFixQualities(Values):  # type: ignore[misc]
    """Whether data can be used."""

    ACTIVE = ValueConstant("A")
    VOID = ValueConstant("V")


class GPGSAFixTypes(Values):  # type: ignore[misc]
    """How much of a position is known."""

    GSA_NO_FIX = ValueConstant("1")
    GSA_2D_FIX = ValueConstant("2")
    GSA_3D_FIX = ValueConstant("3")


def _split(sentence: bytes) -> list[bytes]:
    """
    The parts of a sentence, without its checksum.

    @raise InvalidSentence: if it is none.
    """
    if sentence[-3:-2] == b"*":
        sentence = sentence[:-3]
    elif sentence[-1:] == b"*":
        sentence = sentence[:-1]
    else:
        raise base.InvalidSentence(f"no sentence: {sentence!r}")
    return sentence.lstrip(b"$!").split(b",")


def _validateChecksum(sentence: bytes) -> None:
    """
    See whether the checksum of a sentence, if it has one, is right.

    @raise InvalidChecksum: if it is not.
    """
    if sentence[-3:-2] != b"*":
        return
    text, told = sentence[1:-3], sentence[-2:]
    try:
        right = int(told, 16) == reduce(xor, text, 0)
    except ValueError:
        right = False
    if not right:
        raise base.InvalidChecksum(f"{sentence!r} has another checksum")


def _satellites(*names: str) -> list[str]:
    return [f"{name}_{number}" for number in range(4) for name in names]


class NMEAProtocol(LineReceiver, _sentence._PositioningSentenceProducerMixin):
    """
    Reads sentences.

    @ivar receiver: an `INMEAReceiver`.
    @ivar sentenceCallback: called with each sentence before that; or None.
    """

    # A sentence has 82 octets at most; some devices send longer ones.
    MAX_LENGTH = 1024

    def __init__(
        self, receiver: Any, sentenceCallback: Callable[[Any], object] | None = None
    ) -> None:
        self._receiver = receiver
        self._sentenceCallback = sentenceCallback

    def dataReceived(self, data: bytes) -> None:
        """Take some of what a device sends; lines that are no sentences are passed over."""
        while True:
            try:
                return super().dataReceived(data)  # type: ignore[no-any-return]
            except (base.InvalidSentence, base.InvalidChecksum) as problem:
                _log.debug("a line is passed over: {why}", why=problem)
                data = b""

    def lineLengthExceeded(self, line: bytes) -> None:
        """What is too long is no sentence; another one will come."""

    def lineReceived(self, rawSentence: bytes) -> None:
        """
        Take a sentence.

        @raise InvalidSentence: if it is none, if its type is not known, or if the receiver cannot
            make sense of it.
        @raise InvalidChecksum: if its checksum is not right.
        """
        if isinstance(rawSentence, str):
            rawSentence = rawSentence.encode("ascii", "replace")
        raw = rawSentence.strip()
        _validateChecksum(raw)
        kind, *contents = (part.decode("ascii", "replace") for part in _split(raw))
        keys = self._SENTENCE_CONTENTS.get(_known(kind))
        if keys is None:
            raise base.InvalidSentence(f"unknown sentence type {kind!r}")
        data = {key: value for key, value in zip(keys, contents, strict=False) if key and value}
        sentence = NMEASentence({"type": kind, **data})
        if self._sentenceCallback is not None:
            self._sentenceCallback(sentence)
        self._receiver.sentenceReceived(sentence)

    _SENTENCE_CONTENTS: ClassVar[Mapping[Any, Any]] = {
        "GPGGA": [
            "timestamp",
            "latitudeFloat",
            "latitudeHemisphere",
            "longitudeFloat",
            "longitudeHemisphere",
            "fixQuality",
            "numberOfSatellitesSeen",
            "horizontalDilutionOfPrecision",
            "altitude",
            "altitudeUnits",
            "heightOfGeoidAboveWGS84",
            "heightOfGeoidAboveWGS84Units",
            # The age of corrections, and the station that they come from.
            None,
            None,
        ],
        "GPRMC": [
            "timestamp",
            "dataMode",
            "latitudeFloat",
            "latitudeHemisphere",
            "longitudeFloat",
            "longitudeHemisphere",
            "speedInKnots",
            "trueHeading",
            "datestamp",
            "magneticVariation",
            "magneticVariationDirection",
        ],
        "GPGSV": [
            "numberOfGSVSentences",
            "GSVSentenceIndex",
            "numberOfSatellitesSeen",
            *_satellites("satellitePRN", "elevation", "azimuth", "signalToNoiseRatio"),
        ],
        "GPGLL": [
            "latitudeFloat",
            "latitudeHemisphere",
            "longitudeFloat",
            "longitudeHemisphere",
            "timestamp",
            "dataMode",
        ],
        "GPHDT": ["trueHeading"],
        "GPTRF": [
            "datestamp",
            "timestamp",
            "latitudeFloat",
            "latitudeHemisphere",
            "longitudeFloat",
            "longitudeHemisphere",
            "elevation",
            "numberOfIterations",
            "numberOfDopplerIntervals",
            "updateDistanceInNauticalMiles",
            "satellitePRN",
        ],
        "GPGSA": [
            "dataMode",
            "fixType",
            *(f"usedSatellitePRN_{number}" for number in range(12)),
            "positionDilutionOfPrecision",
            "horizontalDilutionOfPrecision",
            "verticalDilutionOfPrecision",
        ],
    }


def _known(kind: str | None) -> str | None:
    """The type that GPS has for a type of sentences."""
    if kind is not None and kind[:2] in _TALKERS:
        return "GP" + kind[2:]
    return kind


class NMEASentence(_sentence._BaseSentence):
    """
    A sentence: its values, as texts, are attributes; those that it does not have are None.
    """

    ALLOWED_ATTRIBUTES = NMEAProtocol.getSentenceAttributes()

    def _isFirstGSVSentence(self) -> bool:
        """Whether it is the first of several that tell of satellites."""
        return bool(self.GSVSentenceIndex == "1")

    def _isLastGSVSentence(self) -> bool:
        """Whether it is the last of them."""
        return bool(self.GSVSentenceIndex == self.numberOfGSVSentences)


def _is(value: Any, constant: Any) -> bool:
    """Whether a value is a constant, or what that stands for."""
    return value is constant or value == constant.value


def _number(text: str) -> float:
    """@raise ValueError: if it is none."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"no number: {text!r}")
    return number


#: What a value in a unit is multiplied with to be in metres, or metres per second.
_UNITS = {"M": 1.0, "N": base.MPS_PER_KNOT, "K": base.MPS_PER_KPH}

#: The signs of hemispheres and of variations.
_SIGNS = {"N": 1, "E": 1, "S": -1, "W": -1}


@implementer(ipositioning.INMEAReceiver)
class NMEAAdapter:
    """
    Makes positions of sentences.

    What one sentence tells is kept, for others tell the rest. A method of the receiver is called
    when something of what it takes is new, and all of it is known.

    @ivar yearThreshold: the earliest year that there can be, for years are sent without centuries.
    """

    yearThreshold = 1980

    #: The methods of the receiver, and what they take.
    _CALLBACKS: ClassVar[dict[str, tuple[str, ...]]] = {
        "positionReceived": ("latitude", "longitude"),
        "positionErrorReceived": ("positionError",),
        "speedReceived": ("speed",),
        "climbReceived": ("climb",),
        "headingReceived": ("heading",),
        "timeReceived": ("time",),
        "altitudeReceived": ("altitude",),
        "beaconInformationReceived": ("beaconInformation",),
    }

    def __init__(self, receiver: Any) -> None:
        """
        @param receiver: an `IPositioningReceiver`.
        """
        self._state: dict[str, Any] = {}
        self._sentenceData: dict[str, Any] = {}
        self._receiver = receiver
        self.currentSentence: Any = None

    def clear(self) -> None:
        """Forget everything."""
        self._state.clear()
        self._sentenceData.clear()

    def sentenceReceived(self, sentence: Any) -> None:
        """
        Take a sentence; one of a device that does not know where it is is ignored.

        @raise InvalidSentence: if a value makes no sense; then all of it is ignored.
        """
        self.currentSentence = sentence
        self._sentenceData = {}
        if not self._isValid(sentence):
            return
        present = set(sentence.presentAttributes)
        try:
            for names, fix in self._FIXES:
                if present.intersection(names):
                    fix(self)
        except ValueError as problem:
            self._sentenceData = {}
            raise base.InvalidSentence(f"{sentence!r}: {problem}") from problem
        self._state.update(self._sentenceData)
        if "_partialBeaconInformation" in self._state and "beaconInformation" in self._sentenceData:
            del self._state["_partialBeaconInformation"]
        self._fire()

    @staticmethod
    def _isValid(sentence: Any) -> bool:
        """Whether the device knows what it tells."""
        return not (
            _is(sentence.fixQuality, GPGGAFixQualities.INVALID_FIX)
            or _is(sentence.dataMode, GPGLLGPRMCFixQualities.VOID)
            or _is(sentence.fixType, GPGSAFixTypes.GSA_NO_FIX)
        )

    def _fire(self) -> None:
        """Call those methods of the receiver for which there is something new."""
        for name, wanted in self._CALLBACKS.items():
            if self._sentenceData.keys() & set(wanted) and self._state.keys() >= set(wanted):
                getattr(self._receiver, name)(**{key: self._state[key] for key in wanted})

    # Each turns some values of a sentence into one of `_sentenceData`.

    def _fixTime(self) -> None:
        """The time, and with the date the moment."""
        sentence = self.currentSentence
        if sentence.timestamp is not None:
            text = sentence.timestamp.split(".")[0]
            moment = datetime.datetime.strptime(text, "%H%M%S")
            self._sentenceData["_time"] = moment.time()
        if sentence.datestamp is not None:
            self._sentenceData["_date"] = self._date(sentence.datestamp)
        known = {**self._state, **self._sentenceData}
        if "_time" in known and "_date" in known:
            self._sentenceData["time"] = datetime.datetime.combine(known["_date"], known["_time"])

    def _date(self, text: str) -> datetime.date:
        """@raise ValueError: if there is no such day."""
        if len(text) != 6:
            raise ValueError(f"no date: {text!r}")
        day, month, year = (int(text[place : place + 2]) for place in (0, 2, 4))
        year += self.yearThreshold - self.yearThreshold % 100
        if year < self.yearThreshold:
            year += 100
        return datetime.date(year, month, day)

    def _fixCoordinates(self) -> None:
        """The position."""
        for name, kind in (("latitude", Angles.LATITUDE), ("longitude", Angles.LONGITUDE)):
            text = getattr(self.currentSentence, name + "Float")
            sign = self._getHemisphereSign(name)
            if text is not None:
                # Degrees and minutes stand side by side.
                degrees, minutes = divmod(_number(text), 100)
                coordinate = base.Coordinate(degrees + minutes / 60, kind)
                if sign is not None:
                    coordinate.setSign(sign)
                self._sentenceData[name] = coordinate

    def _getHemisphereSign(self, coordinate: str) -> int | None:
        """
        The sign of a coordinate; None if nothing is said of it.

        @raise ValueError: if there is no such coordinate, or no such hemisphere.
        """
        if coordinate not in ("latitude", "longitude"):
            raise ValueError(f"no coordinate: {coordinate!r}")
        hemisphere = getattr(self.currentSentence, coordinate + "Hemisphere")
        if hemisphere is None:
            return None
        if hemisphere not in ("NS" if coordinate == "latitude" else "EW"):
            raise ValueError(f"no hemisphere of a {coordinate}: {hemisphere!r}")
        return _SIGNS[hemisphere]

    def _fixUnits(
        self,
        unitKey: str | None = None,
        valueKey: str | None = None,
        sourceKey: str | None = None,
        unit: str | None = None,
    ) -> None:
        """
        Turn a value into metres, or metres per second.

        @param unitKey: the name of the unit; without it C{unit} is in the sentence.
        @param valueKey: the name of what is made; by default that of the unit, without C{Units}.
        @param sourceKey: the name of the value; by default the same.
        @param unit: the unit.
        @raise ValueError: if it is not known what is meant, or there is no such unit.
        """
        if unit is None and unitKey is not None:
            unit = getattr(self.currentSentence, unitKey)
        if valueKey is None:
            if unitKey is None:
                raise ValueError("neither a value nor a unit is named")
            valueKey = unitKey.removesuffix("Units")
        if unit not in _UNITS:
            raise ValueError(f"unit {unit!r} is not known")
        value = getattr(self.currentSentence, sourceKey or valueKey)
        self._sentenceData[valueKey] = _number(value) * _UNITS[unit]

    def _fixAltitudes(self) -> None:
        """The altitude, and that of the geoid."""
        for name in ("altitude", "heightOfGeoidAboveWGS84"):
            if getattr(self.currentSentence, name) is not None:
                unit = getattr(self.currentSentence, name + "Units") or "M"
                self._fixUnits(valueKey=name, unit=unit)
                self._sentenceData[name] = base.Altitude(self._sentenceData[name])

    def _fixSpeed(self) -> None:
        """The speed."""
        self._fixUnits(valueKey="speed", sourceKey="speedInKnots", unit="N")
        self._sentenceData["speed"] = base.Speed(self._sentenceData["speed"])

    def _fixHeading(self) -> None:
        """The heading and the variation, of which a sentence may have one alone."""
        sentence, before = self.currentSentence, self._state.get("heading")
        angle = None if before is None else before.inDecimalDegrees
        variation = None if before is None else before.variation
        if sentence.trueHeading is not None:
            angle = _number(sentence.trueHeading)
        if sentence.magneticVariation is not None:
            variation = base.Angle(_number(sentence.magneticVariation), Angles.VARIATION)
            direction = sentence.magneticVariationDirection
            if direction is not None:
                if direction not in "EW":
                    raise ValueError(f"no direction of a variation: {direction!r}")
                variation.setSign(_SIGNS[direction])
        self._sentenceData["heading"] = base.Heading(angle, variation)

    def _fixErrors(self) -> None:
        """How exact the position is."""
        before = self._state.get("positionError")
        known = {} if before is None else dict(before._values)
        for name in ("position", "horizontal", "vertical"):
            value = getattr(self.currentSentence, name + "DilutionOfPrecision")
            if value is not None:
                known[name[0] + "dop"] = _number(value)
        self._sentenceData["positionError"] = base.PositionError(**known)

    def _fixUsed(self) -> None:
        """Which satellites are used."""
        sentence = self.currentSentence
        used = [getattr(sentence, f"usedSatellitePRN_{number}") for number in range(12)]
        self._sentenceData["_usedPRNs"] = {int(number) for number in used if number}

    def _fixSatellites(self) -> None:
        """Which satellites are seen, which several sentences may tell one after the other."""
        sentence = self.currentSentence
        if sentence._isFirstGSVSentence():
            seen = base.BeaconInformation()
        else:
            before = self._state.get("_partialBeaconInformation")
            seen = base.BeaconInformation(() if before is None else before.seenBeacons)
        for number in range(4):
            values = [
                getattr(sentence, f"{name}_{number}")
                for name in ("satellitePRN", "azimuth", "elevation", "signalToNoiseRatio")
            ]
            if values[0] is not None:
                angles = [None if value is None else _number(value) for value in values[1:]]
                seen.seenBeacons.add(base.Satellite(int(values[0]), *angles))
        if len(seen.seenBeacons) > _MOST_SATELLITES:
            raise ValueError("so many satellites are never seen")
        if not sentence._isLastGSVSentence():
            self._sentenceData["_partialBeaconInformation"] = seen
            return
        used = self._state.get("_usedPRNs", ())
        seen.usedBeacons = {each for each in seen.seenBeacons if each.identifier in used}
        self._sentenceData["beaconInformation"] = seen

    #: What turns which values of a sentence into something else.
    _FIXES: ClassVar[tuple[tuple[tuple[str, ...], Callable[[Any], None]], ...]] = (
        (("timestamp", "datestamp"), _fixTime),
        (
            ("latitudeFloat", "latitudeHemisphere", "longitudeFloat", "longitudeHemisphere"),
            _fixCoordinates,
        ),
        (("altitude", "heightOfGeoidAboveWGS84"), _fixAltitudes),
        (("speedInKnots",), _fixSpeed),
        (("trueHeading", "magneticVariation"), _fixHeading),
        (
            (
                "positionDilutionOfPrecision",
                "horizontalDilutionOfPrecision",
                "verticalDilutionOfPrecision",
            ),
            _fixErrors,
        ),
        (tuple(f"usedSatellitePRN_{number}" for number in range(12)), _fixUsed),
        (("GSVSentenceIndex",), _fixSatellites),
    )
