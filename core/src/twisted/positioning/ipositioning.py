"""What takes positions, and what takes sentences of NMEA."""

from zope.interface import Attribute, Interface

__all__ = ["INMEAReceiver", "IPositioningBeacon", "IPositioningReceiver"]


class IPositioningReceiver(Interface):
    """Takes what a device finds out."""

    def positionReceived(latitude, longitude):  # type: ignore[no-untyped-def]
        """
        Called with a position.

        @param latitude: a `twisted.positioning.base.Coordinate`.
        @param longitude: a `twisted.positioning.base.Coordinate`.
        """

    def positionErrorReceived(positionError):  # type: ignore[no-untyped-def]
        """@param positionError: a `twisted.positioning.base.PositionError`."""

    def timeReceived(time):  # type: ignore[no-untyped-def]
        """@param time: a `datetime.datetime`, in UTC, without a time zone."""

    def headingReceived(heading):  # type: ignore[no-untyped-def]
        """@param heading: a `twisted.positioning.base.Heading`."""

    def altitudeReceived(altitude):  # type: ignore[no-untyped-def]
        """@param altitude: a `twisted.positioning.base.Altitude`, above the level of the sea."""

    def speedReceived(speed):  # type: ignore[no-untyped-def]
        """@param speed: a `twisted.positioning.base.Speed`, along the ground."""

    def climbReceived(climb):  # type: ignore[no-untyped-def]
        """@param climb: a `twisted.positioning.base.Climb`."""

    def beaconInformationReceived(beaconInformation):  # type: ignore[no-untyped-def]
        """@param beaconInformation: a `twisted.positioning.base.BeaconInformation`."""


class IPositioningBeacon(Interface):
    """Something whose signals tell a device where it is."""

    identifier = Attribute("What tells it apart from others.")


class INMEAReceiver(Interface):
    """Takes sentences of NMEA."""

    def sentenceReceived(sentence):  # type: ignore[no-untyped-def]
        """@param sentence: a `twisted.positioning.nmea.NMEASentence`."""
