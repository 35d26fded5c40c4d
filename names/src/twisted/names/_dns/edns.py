"""Extended messages: larger datagrams, more response codes, options (RFC 6891)."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from struct import Struct
from struct import error as StructError
from typing import IO, Any, ClassVar

from zope.interface import implementer

from twisted.names._dns.constants import OK, OP_QUERY, OPT
from twisted.names._dns.header import RRHeader
from twisted.names._dns.interfaces import IEncodable
from twisted.names._dns.message import Message, compactRepr
from twisted.names._dns.primitives import Name, readPrecisely
from twisted.names._dns.record import UnknownRecord
from twisted.names._wire.options import OPTIONS, EDNSOption
from twisted.python.compat import nativeString
from twisted.python.util import FancyEqMixin, FancyStrMixin

__all__ = ["_EDNSMessage", "_OPTHeader", "_OPTVariableOption"]

_option = Struct("!HH")
_ROOT = Name()


@implementer(IEncodable)
class _OPTVariableOption(FancyStrMixin, FancyEqMixin):
    """
    An option, as octets.

    @ivar code: its number.
    @ivar data: what it holds.
    """

    __module__ = "twisted.names.dns"

    showAttributes = ("code", ("data", nativeString))
    compareAttributes = ("code", "data")

    def __init__(self, code: int = 0, data: bytes = b"") -> None:
        self.code = code
        self.data = data

    @classmethod
    def of(cls, value: EDNSOption) -> _OPTVariableOption:
        """The option that holds a value."""
        return cls(value.CODE, value.toData())

    @property
    def value(self) -> EDNSOption | None:
        """
        What the octets stand for, or None if the option is not known.

        @raise DNSDecodeError: if they stand for nothing.
        """
        kind = OPTIONS.get(self.code)
        return None if kind is None else kind.fromData(self.data)

    def encode(self, strio: IO[bytes], compDict: dict[bytes, int] | None = None) -> None:
        """
        Write the option.

        @raise ValueError: if it is too long.
        """
        try:
            strio.write(_option.pack(self.code, len(self.data)) + self.data)
        except StructError as error:
            raise ValueError(f"the option {self.code} has no wire form: {error}") from error

    def decode(self, strio: IO[bytes], length: int | None = None) -> None:
        """
        Take the option from what the stream stands at.

        @raise EOFError: if the stream ends early.
        """
        self.code, size = _option.unpack(readPrecisely(strio, _option.size))
        self.data = readPrecisely(strio, size)


@implementer(IEncodable)
class _OPTHeader(FancyStrMixin, FancyEqMixin):
    """
    The record that extends a message.

    @ivar udpPayloadSize: the largest datagram that its sender takes.
    @ivar extendedRCODE: the upper eight bits of the response code.
    @ivar version: of EDNS.
    @ivar dnssecOK: whether its sender wants the records of DNSSEC.
    @ivar options: `_OPTVariableOption` objects.
    """

    __module__ = "twisted.names.dns"

    showAttributes = (
        ("name", str),
        "type",
        "udpPayloadSize",
        "extendedRCODE",
        "version",
        "dnssecOK",
        "options",
    )
    compareAttributes = (
        "name",
        "type",
        "udpPayloadSize",
        "extendedRCODE",
        "version",
        "dnssecOK",
        "options",
    )

    def __init__(
        self,
        udpPayloadSize: int = 4096,
        extendedRCODE: int = 0,
        version: int = 0,
        dnssecOK: bool = False,
        options: Iterable[Any] | None = None,
    ) -> None:
        self.udpPayloadSize = udpPayloadSize
        self.extendedRCODE = extendedRCODE
        self.version = version
        self.dnssecOK = dnssecOK
        self.options = [] if options is None else list(options)

    @property
    def name(self) -> Name:
        """The root: the record belongs to no name."""
        return _ROOT

    @property
    def type(self) -> int:
        """Its type."""
        return OPT

    def option(self, code: int) -> _OPTVariableOption | None:
        """The first option with a number, or None."""
        return next((option for option in self.options if option.code == code), None)

    def encode(self, strio: IO[bytes], compDict: dict[bytes, int] | None = None) -> None:
        """Write the record."""
        data = BytesIO()
        for option in self.options:
            option.encode(data)
        flags = self.extendedRCODE << 24 | self.version << 16 | bool(self.dnssecOK) << 15
        payload = UnknownRecord(data.getvalue())
        RRHeader(b"", OPT, self.udpPayloadSize, flags, payload).encode(strio)

    def decode(self, strio: IO[bytes], length: int | None = None) -> None:
        """
        Take the record from what the stream stands at.

        @raise DNSDecodeError: if it is not well-formed.
        """
        header = RRHeader()
        header.decode(strio)
        header.payload = UnknownRecord(readPrecisely(strio, header.rdlength or 0))
        vars(self).update(vars(type(self).fromRRHeader(header)))

    @classmethod
    def fromRRHeader(cls, rrHeader: Any) -> _OPTHeader:
        """
        The record, from the generic form that messages are read into.

        @raise DNSDecodeError: if its options are not well-formed.
        """
        options = []
        data = b"" if rrHeader.payload is None else rrHeader.payload.data
        stream = BytesIO(data)
        while stream.tell() < len(data):
            option = _OPTVariableOption()
            option.decode(stream)
            options.append(option)
        return cls(
            udpPayloadSize=rrHeader.cls,
            extendedRCODE=rrHeader.ttl >> 24,
            version=rrHeader.ttl >> 16 & 0xFF,
            dnssecOK=bool(rrHeader.ttl & 0x8000),
            options=options,
        )


class _EDNSMessage(FancyEqMixin):
    """
    A message with what EDNS adds to it.

    @ivar ednsVersion: 0, or None for a message without EDNS.
    @ivar dnssecOK: whether its sender wants the records of DNSSEC.
    @ivar maxSize: the largest datagram that its sender takes.
    @ivar options: `_OPTVariableOption` objects.

    All else is as in `Message`; ``rCode`` has up to twelve bits.
    """

    __module__ = "twisted.names.dns"

    _attributes: ClassVar[tuple[str, ...]] = (
        "id",
        "answer",
        "opCode",
        "auth",
        "trunc",
        "recDes",
        "recAv",
        "rCode",
        "ednsVersion",
        "dnssecOK",
        "authenticData",
        "checkingDisabled",
        "maxSize",
    )
    _sections: ClassVar[tuple[str, ...]] = ("queries", "answers", "authority", "additional")
    compareAttributes = (*_attributes, *_sections, "options")
    _messageFactory: Any = Message

    def __init__(
        self,
        id: int = 0,
        answer: bool = False,
        opCode: int = OP_QUERY,
        auth: bool = False,
        trunc: bool = False,
        recDes: bool = False,
        recAv: bool = False,
        rCode: int = OK,
        ednsVersion: int | None = 0,
        dnssecOK: bool = False,
        authenticData: bool = False,
        checkingDisabled: bool = False,
        maxSize: int = 512,
        queries: list[Any] | None = None,
        answers: list[Any] | None = None,
        authority: list[Any] | None = None,
        additional: list[Any] | None = None,
        options: list[Any] | None = None,
    ) -> None:
        self.id = id
        self.answer = answer
        self.opCode = opCode
        self.auth = auth
        self.trunc = trunc
        self.recDes = recDes
        self.recAv = recAv
        self.rCode = rCode
        self.ednsVersion = ednsVersion
        self.dnssecOK = dnssecOK
        self.authenticData = authenticData
        self.checkingDisabled = checkingDisabled
        self.maxSize = maxSize
        self.queries = [] if queries is None else queries
        self.answers = [] if answers is None else answers
        self.authority = [] if authority is None else authority
        self.additional = [] if additional is None else additional
        self.options = [] if options is None else options

    def __repr__(self) -> str:
        return compactRepr(
            self,
            flagNames=(
                "answer",
                "auth",
                "trunc",
                "recDes",
                "recAv",
                "authenticData",
                "checkingDisabled",
                "dnssecOK",
            ),
            fieldNames=("id", "opCode", "rCode", "maxSize", "ednsVersion"),
            sectionNames=self._sections,
            alwaysShow=("id",),
        )

    def _toMessage(self) -> Message:
        """The message, with the record that extends it in its additional section."""
        message: Message = self._messageFactory(
            id=self.id,
            answer=self.answer,
            opCode=self.opCode,
            auth=self.auth,
            trunc=self.trunc,
            recDes=self.recDes,
            recAv=self.recAv,
            rCode=self.rCode,
            authenticData=self.authenticData,
            checkingDisabled=self.checkingDisabled,
        )
        for section in self._sections:
            setattr(message, section, list(getattr(self, section)))
        if self.ednsVersion is not None:
            message.additional.append(
                _OPTHeader(
                    udpPayloadSize=self.maxSize,
                    extendedRCODE=self.rCode >> 4,
                    version=self.ednsVersion,
                    dnssecOK=self.dnssecOK,
                    options=self.options,
                )
            )
        message.maxSize = self.maxSize
        return message

    def toStr(self) -> bytes:
        """The octets of the message."""
        return self._toMessage().toStr()

    @classmethod
    def _fromMessage(cls, message: Message) -> _EDNSMessage:
        """
        The extended message; if it has several records that extend it, none counts.

        @raise DNSDecodeError: if the options are not well-formed.
        """
        extended = cls(
            id=message.id,
            answer=bool(message.answer),
            opCode=message.opCode,
            auth=bool(message.auth),
            trunc=bool(message.trunc),
            recDes=bool(message.recDes),
            recAv=bool(message.recAv),
            rCode=message.rCode,
            ednsVersion=None,
            authenticData=bool(message.authenticData),
            checkingDisabled=bool(message.checkingDisabled),
            queries=list(message.queries),
            answers=list(message.answers),
            authority=list(message.authority),
            additional=[header for header in message.additional if header.type != OPT],
        )
        found = [header for header in message.additional if header.type == OPT]
        if len(found) == 1:
            [header] = found
            if not isinstance(header, _OPTHeader):
                header = _OPTHeader.fromRRHeader(header)
            extended.ednsVersion = header.version
            extended.dnssecOK = header.dnssecOK
            extended.maxSize = header.udpPayloadSize
            extended.rCode |= header.extendedRCODE << 4
            extended.options = header.options
        return extended

    def fromStr(self, bytes: bytes) -> None:
        """
        Take all from octets.

        @raise DNSDecodeError: if they are no well-formed message.
        """
        message = self._messageFactory()
        message.fromStr(bytes)
        vars(self).update(vars(self._fromMessage(message)))
