"""Angles, distances, speeds, and what else is told of positions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from constantly import NamedConstant, Names
from zope.interface import implementer

from twisted.positioning import ipositioning
from twisted.python.util import FancyEqMixin

__all__ = [
    "Altitude",
    "Angle",
    "Angles",
    "BasePositioningReceiver",
    "BeaconInformation",
    "Climb",
    "Coordinate",
    "Directions",
    "Heading",
    "InvalidChecksum",
    "InvalidSentence",
    "METERS_PER_FOOT",
    "MPS_PER_KNOT",
    "MPS_PER_KPH",
    "PositionError",
    "PositioningBeacon",
    "Satellite",
    "Speed",
]

MPS_PER_KNOT = 0.5144444444444444
MPS_PER_KPH = 0.27777777777777777
METERS_PER_FOOT = 0.3048


class Angles(Names):  # type: ignore[misc]
    """What an angle can be."""

    LATITUDE = NamedConstant()
    LONGITUDE = NamedConstant()
    HEADING = NamedConstant()
    VARIATION = NamedConstant()


class Directions(Names):  # type: ignore[misc]
    """The directions of the compass."""

    NORTH = NamedConstant()
    EAST = NamedConstant()
    SOUTH = NamedConstant()
    WEST = NamedConstant()


class InvalidSentence(ValueError):
    """A line is no sentence, or tells something that cannot be."""


class InvalidChecksum(Exception):
    """The checksum of a sentence is not that of its text."""


@implementer(ipositioning.IPositioningReceiver)
class BasePositioningReceiver:
    """Takes everything, and does nothing with it: a base for those that want some of it."""

    def timeReceived(self, time: Any) -> None:
        """The time; to be overridden."""

    def headingReceived(self, heading: Any) -> None:
        """The direction of movement; to be overridden."""

    def speedReceived(self, speed: Any) -> None:
        """The speed; to be overridden."""

    def climbReceived(self, climb: Any) -> None:
        """How fast the altitude grows; to be overridden."""

    def positionReceived(self, latitude: Any, longitude: Any) -> None:
        """The position; to be overridden."""

    def positionErrorReceived(self, positionError: Any) -> None:
        """How exact the position is; to be overridden."""

    def altitudeReceived(self, altitude: Any) -> None:
        """The altitude; to be overridden."""

    def beaconInformationReceived(self, beaconInformation: Any) -> None:
        """Which satellites are seen, and used; to be overridden."""


_RANGES: dict[Any, Callable[[float], bool]] = {
    Angles.LATITUDE: lambda angle: -90.0 < angle < 90.0,
    Angles.LONGITUDE: lambda angle: -180.0 < angle < 180.0,
    Angles.HEADING: lambda angle: 0 <= angle < 360,
    Angles.VARIATION: lambda angle: -180 < angle <= 180,
}


class Angle(FancyEqMixin):
    """
    An angle.

    @ivar angleType: what it is, of `Angles`; None if that is not known.
    """

    compareAttributes: ClassVar[Any] = ("angleType", "inDecimalDegrees")

    def __init__(self, angle: float | None = None, angleType: Any = None) -> None:
        """
        @param angle: in degrees; None if it is not known.
        @raise ValueError: if there are no such angles, or none of that size.
        """
        if angleType is not None and angleType not in _RANGES:
            raise ValueError(f"unknown type of angles: {angleType!r}")
        if angle is not None and angleType is not None and not _RANGES[angleType](angle):
            raise ValueError(f"{angle} degrees are no {angleType.name.lower()}")
        self.angleType = angleType
        self._angle = angle

    def __hash__(self) -> int:
        return hash((self.angleType, self._angle))

    @property
    def inDecimalDegrees(self) -> float | None:
        """The angle in degrees, or None."""
        return self._angle

    @property
    def inDegreesMinutesSeconds(self) -> tuple[int, int, int] | None:
        """The angle in whole degrees, minutes and seconds, the rest being cut off; or None."""
        if self._angle is None:
            return None
        degrees = abs(self._angle)
        minutes = (degrees - int(degrees)) * 60
        seconds = (minutes - int(minutes)) * 60
        return int(self._angle), int(minutes), int(seconds)

    def setSign(self, sign: int) -> None:
        """
        Make it positive or negative.

        @param sign: 1 or -1.
        @raise ValueError: if it is something else, or the angle is not known.
        """
        if sign not in (-1, 1):
            raise ValueError(f"a sign is 1 or -1, not {sign}")
        if self._angle is None:
            raise ValueError("an unknown angle has no sign")
        self._angle = sign * abs(self._angle)

    def __float__(self) -> float:
        """@raise TypeError: if it is not known."""
        return float(self._angle)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        return f"<{self._typeName} ({self._told})>"

    @property
    def _told(self) -> str:
        return "unknown value" if self._angle is None else f"{self._angle} degrees"

    @property
    def _typeName(self) -> str:
        if self.angleType is None:
            return "Angle of unknown type"
        return str(self.angleType.name.capitalize())


class Heading(Angle):
    """
    The direction of a movement.

    @ivar variation: how much magnetic north is to the east of true north there, an `Angle`; None if
        nothing is known of it.
    """

    compareAttributes: ClassVar[Any] = (*Angle.compareAttributes, "variation")

    def __init__(self, angle: float | None = None, variation: Any = None) -> None:
        """
        @param angle: in degrees from north, clockwise.
        @raise ValueError: if there is no such angle.
        """
        Angle.__init__(self, angle, Angles.HEADING)
        self.variation = variation

    def __hash__(self) -> int:
        return hash((self._angle, self.variation))

    @classmethod
    def fromFloats(
        cls, angleValue: float | None = None, variationValue: float | None = None
    ) -> Heading:
        """
        A heading of angles in degrees.

        @raise ValueError: if there are no such angles.
        """
        return cls(angleValue, Angle(variationValue, Angles.VARIATION))

    @property
    def correctedHeading(self) -> Angle | None:
        """The heading less the variation, or None."""
        if self._angle is None or self.variation is None:
            return None
        variation = self.variation.inDecimalDegrees
        if variation is None:
            return None
        return Angle((self._angle - variation) % 360, Angles.HEADING)

    def setSign(self, sign: int) -> None:
        """
        Make the variation positive or negative.

        @raise ValueError: if that is not possible.
        """
        if self.variation is None:
            raise ValueError("an unknown variation has no sign")
        self.variation.setSign(sign)

    def __repr__(self) -> str:
        variation = "unknown variation" if self.variation is None else repr(self.variation)
        return f"<Heading ({self._told}, {variation})>"


class Coordinate(Angle):
    """A latitude or a longitude."""

    def __init__(self, angle: float | None, coordinateType: Any = None) -> None:
        """
        @param angle: in degrees, of which those in the south and the west are negative.
        @param coordinateType: `Angles.LATITUDE`, `Angles.LONGITUDE`, or None if it is not known.
        @raise ValueError: if it is something else, or there is no such angle.
        """
        if coordinateType not in (None, Angles.LATITUDE, Angles.LONGITUDE):
            raise ValueError(f"no type of coordinates: {coordinateType!r}")
        Angle.__init__(self, angle, coordinateType)

    @property
    def hemisphere(self) -> Any:
        """
        The half of the earth, of `Directions`.

        @raise ValueError: if it is not known which.
        """
        if self.angleType is None or self._angle is None:
            raise ValueError("the hemisphere of an unknown coordinate is unknown")
        if self.angleType is Angles.LATITUDE:
            return Directions.NORTH if self._angle >= 0 else Directions.SOUTH
        return Directions.EAST if self._angle >= 0 else Directions.WEST


class Altitude(FancyEqMixin):
    """An altitude."""

    compareAttributes: ClassVar[Any] = ("inMeters",)

    def __init__(self, altitude: float) -> None:
        """
        @param altitude: in metres.
        """
        self._altitude = altitude

    def __hash__(self) -> int:
        return hash(self._altitude)

    @property
    def inFeet(self) -> float:
        """In feet."""
        return self._altitude / METERS_PER_FOOT

    @property
    def inMeters(self) -> float:
        """In metres."""
        return self._altitude

    def __float__(self) -> float:
        return float(self._altitude)

    def __repr__(self) -> str:
        return f"<Altitude ({self._altitude} m)>"


class _BaseSpeed(FancyEqMixin):
    """A speed."""

    compareAttributes: ClassVar[Any] = ("inMetersPerSecond",)

    def __init__(self, speed: float) -> None:
        """
        @param speed: in metres per second.
        """
        self._speed = speed

    def __hash__(self) -> int:
        return hash(self._speed)

    @property
    def inMetersPerSecond(self) -> float:
        """In metres per second."""
        return self._speed

    @property
    def inKnots(self) -> float:
        """In knots."""
        return self._speed / MPS_PER_KNOT

    def __float__(self) -> float:
        return float(self._speed)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} ({self._speed} m/s)>"


class Speed(_BaseSpeed):
    """A speed along the ground."""

    def __init__(self, speed: float) -> None:
        """
        @param speed: in metres per second.
        @raise ValueError: if it is negative.
        """
        if speed < 0:
            raise ValueError(f"a speed is not negative: {speed}")
        _BaseSpeed.__init__(self, speed)


class Climb(_BaseSpeed):
    """How fast an altitude grows."""

    def __init__(self, climb: float) -> None:
        """
        @param climb: in metres per second.
        """
        _BaseSpeed.__init__(self, climb)


class PositionError(FancyEqMixin):
    """
    How exact a position is, as dilution of precision: numbers to multiply the error of the device
    with.

    The square of that of the position is the sum of those of the horizontal and the vertical ones,
    so that each can be told from the two others.
    """

    _ALLOWABLE_THRESHOLD = 0.01

    compareAttributes: ClassVar[Any] = ("pdop", "hdop", "vdop")

    def __init__(
        self,
        pdop: float | None = None,
        hdop: float | None = None,
        vdop: float | None = None,
        testInvariant: bool = False,
    ) -> None:
        """
        @param pdop: that of the position.
        @param hdop: the horizontal one.
        @param vdop: the vertical one.
        @param testInvariant: whether the three have to go together.
        @raise ValueError: if they have to, and do not.
        """
        self._values = {"pdop": pdop, "hdop": hdop, "vdop": vdop}
        self._testInvariant = testInvariant
        self._check(self._values)

    def __hash__(self) -> int:
        return hash(tuple(self._values.items()))

    def _check(self, values: dict[str, float | None]) -> None:
        p, h, v = values["pdop"], values["hdop"], values["vdop"]
        if not self._testInvariant or p is None or h is None or v is None:
            return
        if abs(p - (h**2 + v**2) ** 0.5) > self._ALLOWABLE_THRESHOLD:
            raise ValueError(f"these do not go together: PDOP {p}, HDOP {h}, VDOP {v}")

    def _set(self, name: str, value: float | None) -> None:
        changed = {**self._values, name: value}
        self._check(changed)
        self._values = changed

    @property
    def pdop(self) -> float | None:
        """That of the position, or None."""
        h, v = self._values["hdop"], self._values["vdop"]
        if self._values["pdop"] is None and h is not None and v is not None:
            return float((h**2 + v**2) ** 0.5)
        return self._values["pdop"]

    @pdop.setter
    def pdop(self, value: float | None) -> None:
        self._set("pdop", value)

    def _other(self, name: str, known: str) -> float | None:
        """One of the horizontal and the vertical one, by way of the other."""
        p, other = self._values["pdop"], self._values[known]
        if self._values[name] is None and p is not None and other is not None and p >= other:
            return float((p**2 - other**2) ** 0.5)
        return self._values[name]

    @property
    def hdop(self) -> float | None:
        """The horizontal one, or None."""
        return self._other("hdop", "vdop")

    @hdop.setter
    def hdop(self, value: float | None) -> None:
        self._set("hdop", value)

    @property
    def vdop(self) -> float | None:
        """The vertical one, or None."""
        return self._other("vdop", "hdop")

    @vdop.setter
    def vdop(self, value: float | None) -> None:
        self._set("vdop", value)

    def __repr__(self) -> str:
        return f"<PositionError (pdop: {self.pdop}, hdop: {self.hdop}, vdop: {self.vdop})>"


class BeaconInformation:
    """
    Which beacons there are.

    @ivar seenBeacons: those that are seen, a set of `IPositioningBeacon`.
    @ivar usedBeacons: those of them that the position comes from.
    """

    def __init__(self, seenBeacons: Iterable[Any] = ()) -> None:
        self.seenBeacons = set(seenBeacons)
        self.usedBeacons: set[Any] = set()

    def __repr__(self) -> str:
        def told(beacons: Iterable[Any]) -> str:
            return ", ".join(map(repr, sorted(beacons, key=lambda each: each.identifier)))

        unused = self.seenBeacons - self.usedBeacons
        return (
            f"<BeaconInformation (used beacons ({len(self.usedBeacons)}): "
            f"[{told(self.usedBeacons)}], unused beacons: [{told(unused)}])>"
        )


@implementer(ipositioning.IPositioningBeacon)
class PositioningBeacon:
    """
    A beacon.

    @ivar identifier: what tells it apart from others.
    """

    def __init__(self, identifier: Any) -> None:
        self.identifier = identifier

    def __hash__(self) -> int:
        return hash(self.identifier)

    def __repr__(self) -> str:
        return f"<Beacon ({self.identifier})>"


class Satellite(PositioningBeacon):
    """
    A satellite, of which the identifier is the number of its pseudo-random noise.

    @ivar azimuth: in degrees from north, clockwise; None if it is not known.
    @ivar elevation: in degrees above the horizon.
    @ivar signalToNoiseRatio: in dB.
    """

    def __init__(
        self,
        identifier: Any,
        azimuth: float | None = None,
        elevation: float | None = None,
        signalToNoiseRatio: float | None = None,
    ) -> None:
        PositioningBeacon.__init__(self, identifier)
        self.azimuth = azimuth
        self.elevation = elevation
        self.signalToNoiseRatio = signalToNoiseRatio

    def __repr__(self) -> str:
        return (
            f"<Satellite ({self.identifier}), azimuth: {self.azimuth}, "
            f"elevation: {self.elevation}, snr: {self.signalToNoiseRatio}>"
        )
