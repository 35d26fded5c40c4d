"""Records of DNSSEC (RFC 4034, 5155, 7344)."""

from __future__ import annotations

from collections.abc import Iterable

from twisted.names._dns import constants as c
from twisted.names._dns.primitives import TTL, Name, str2time
from twisted.names._dns.record import Record, name_field, register
from twisted.names._wire.fields import (
    U8,
    U16,
    U32,
    Algorithm,
    Base32Hash,
    HexString,
    Rest,
    Stamp,
    TypeBitmap,
    TypeCode,
)


@register("DS", c.DS)
class Record_DS(Record):
    """
    A digest of a key of a zone below (RFC 4034 §5).

    @ivar keyTag: a number of the key that is not unique.
    @ivar algorithm: of the key.
    @ivar digestType: how the digest is made.
    @ivar digest: its octets.
    """

    fields = (U16("keyTag"), Algorithm("algorithm"), U8("digestType"), Rest("digest"))

    def __init__(
        self,
        keyTag: int = 0,
        algorithm: int = 0,
        digestType: int = 0,
        digest: bytes = b"",
        ttl: TTL = None,
    ) -> None:
        self.keyTag, self.algorithm = keyTag, algorithm
        self.digestType, self.digest = digestType, digest
        self.ttl = str2time(ttl)


@register("CDS", c.CDS)
class Record_CDS(Record_DS):
    """A DS record that the zone below wants to have (RFC 7344)."""


@register("DNSKEY", c.DNSKEY)
class Record_DNSKEY(Record):
    """
    A public key of a zone (RFC 4034 §2).

    @ivar flags: 256 for a key of the zone, 1 more for one that signs keys.
    @ivar protocol: 3.
    @ivar algorithm: of the key.
    @ivar key: its octets.
    """

    fields = (U16("flags"), U8("protocol"), Algorithm("algorithm"), Rest("key", base64=True))

    def __init__(
        self,
        flags: int = 0,
        protocol: int = 3,
        algorithm: int = 0,
        key: bytes = b"",
        ttl: TTL = None,
    ) -> None:
        self.flags, self.protocol = flags, protocol
        self.algorithm, self.key = algorithm, key
        self.ttl = str2time(ttl)

    @property
    def keyTag(self) -> int:
        """The number that DS and RRSIG records name the key by (RFC 4034, appendix B)."""
        wire = self.toWire()
        total = sum(wire[0::2]) * 256 + sum(wire[1::2])
        return (total + (total >> 16 & 0xFFFF)) & 0xFFFF


@register("CDNSKEY", c.CDNSKEY)
class Record_CDNSKEY(Record_DNSKEY):
    """A key for which the zone below wants a DS record (RFC 7344)."""


@register("RRSIG", c.RRSIG)
class Record_RRSIG(Record):
    """
    The signature of all records of a name and a type (RFC 4034 §3).

    @ivar typeCovered: the type.
    @ivar algorithm: of the key.
    @ivar labels: how many labels the name has, without a wildcard.
    @ivar originalTTL: the time to live that was signed.
    @ivar expiration: seconds since 1970 until which it holds.
    @ivar inception: seconds since 1970 from which it holds.
    @ivar keyTag: a number of the key that is not unique.
    @ivar signer: the `Name` of the zone.
    @ivar signature: its octets.
    """

    fields = (
        TypeCode("typeCovered"),
        Algorithm("algorithm"),
        U8("labels"),
        U32("originalTTL"),
        Stamp("expiration"),
        Stamp("inception"),
        U16("keyTag"),
        name_field("signer"),
        Rest("signature", base64=True),
    )

    def __init__(
        self,
        typeCovered: int = 0,
        algorithm: int = 0,
        labels: int = 0,
        originalTTL: int = 0,
        expiration: int = 0,
        inception: int = 0,
        keyTag: int = 0,
        signer: str | bytes = b"",
        signature: bytes = b"",
        ttl: TTL = None,
    ) -> None:
        self.typeCovered, self.algorithm, self.labels = typeCovered, algorithm, labels
        self.originalTTL = originalTTL
        self.expiration, self.inception = expiration, inception
        self.keyTag, self.signer, self.signature = keyTag, Name(signer), signature
        self.ttl = str2time(ttl)


@register("NSEC", c.NSEC)
class Record_NSEC(Record):
    """
    The next name of a zone, and the types that this one has (RFC 4034 §4).

    @ivar nextName: the `Name`.
    @ivar types: a sorted list of numbers.
    """

    fields = (name_field("nextName"), TypeBitmap("types"))

    def __init__(
        self, nextName: str | bytes = b"", types: Iterable[int] = (), ttl: TTL = None
    ) -> None:
        self.nextName, self.types = Name(nextName), sorted(types)
        self.ttl = str2time(ttl)


@register("NSEC3", c.NSEC3)
class Record_NSEC3(Record):
    """
    The hash of the next name of a zone, and the types that this one has (RFC 5155 §3).

    @ivar hashAlgorithm: 1 for SHA-1.
    @ivar flags: 1 if there may be delegations in between that are not signed.
    @ivar iterations: how many more times names are hashed.
    @ivar salt: what is added to names before.
    @ivar nextHash: the octets of the hash.
    @ivar types: a sorted list of numbers.
    """

    fields = (
        U8("hashAlgorithm"),
        U8("flags"),
        U16("iterations"),
        HexString("salt"),
        Base32Hash("nextHash"),
        TypeBitmap("types"),
    )

    def __init__(
        self,
        hashAlgorithm: int = 1,
        flags: int = 0,
        iterations: int = 0,
        salt: bytes = b"",
        nextHash: bytes = b"",
        types: Iterable[int] = (),
        ttl: TTL = None,
    ) -> None:
        self.hashAlgorithm, self.flags, self.iterations = hashAlgorithm, flags, iterations
        self.salt, self.nextHash, self.types = salt, nextHash, sorted(types)
        self.ttl = str2time(ttl)


@register("NSEC3PARAM", c.NSEC3PARAM)
class Record_NSEC3PARAM(Record):
    """
    How the names of a zone are hashed (RFC 5155 §4).

    @ivar hashAlgorithm: 1 for SHA-1.
    @ivar flags: 0.
    @ivar iterations: how many more times names are hashed.
    @ivar salt: what is added to names before.
    """

    fields = (U8("hashAlgorithm"), U8("flags"), U16("iterations"), HexString("salt"))

    def __init__(
        self,
        hashAlgorithm: int = 1,
        flags: int = 0,
        iterations: int = 0,
        salt: bytes = b"",
        ttl: TTL = None,
    ) -> None:
        self.hashAlgorithm, self.flags = hashAlgorithm, flags
        self.iterations, self.salt = iterations, salt
        self.ttl = str2time(ttl)


@register("CSYNC", c.CSYNC)
class Record_CSYNC(Record):
    """
    What of a zone its parent should copy (RFC 7477).

    @ivar serial: the version of the zone.
    @ivar flags: 1 to do it at once, 2 to heed the version.
    @ivar types: a sorted list of numbers.
    """

    fields = (U32("serial"), U16("flags"), TypeBitmap("types"))

    def __init__(
        self, serial: int = 0, flags: int = 0, types: Iterable[int] = (), ttl: TTL = None
    ) -> None:
        self.serial, self.flags, self.types = serial, flags, sorted(types)
        self.ttl = str2time(ttl)


@register("ZONEMD", c.ZONEMD)
class Record_ZONEMD(Record):
    """
    A digest of a zone (RFC 8976).

    @ivar serial: the version of the zone.
    @ivar scheme: what is digested.
    @ivar hashAlgorithm: how.
    @ivar digest: its octets.
    """

    fields = (U32("serial"), U8("scheme"), U8("hashAlgorithm"), Rest("digest"))

    def __init__(
        self,
        serial: int = 0,
        scheme: int = 1,
        hashAlgorithm: int = 1,
        digest: bytes = b"",
        ttl: TTL = None,
    ) -> None:
        self.serial, self.scheme = serial, scheme
        self.hashAlgorithm, self.digest = hashAlgorithm, digest
        self.ttl = str2time(ttl)
