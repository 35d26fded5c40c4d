"""Messages: a header, and four sections (RFC 1035 §4.1)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from struct import Struct
from struct import error as StructError
from typing import IO, Any

from twisted.names._dns.constants import ALL_RECORDS, IN, OP_QUERY, OPT
from twisted.names._dns.header import RRHeader, readRecords, writeRecord, writeRecords
from twisted.names._dns.primitives import HEADER_SIZE, Query, whole
from twisted.names._dns.record import recordClass
from twisted.names._wire.errors import EndOfData
from twisted.names._wire.names import MOST_CHAINED, Memo, read_name, write_name
from twisted.python.util import FancyEqMixin

__all__ = ["Message", "compactRepr", "responseFromMessage"]

_header = Struct("!HBBHHHH")
_unpack_header = _header.unpack_from
_question = Struct("!HH")

#: No message has more octets.
_MOST = 0xFFFF


def compactRepr(
    obj: object,
    alwaysShow: Sequence[str] | None = None,
    flagNames: Sequence[str] | None = None,
    fieldNames: Sequence[str] | None = None,
    sectionNames: Sequence[str] | None = None,
) -> str:
    """What an object is made of, without what has its default or is empty."""
    parameters = inspect.signature(type(obj).__init__).parameters
    shown = [f"<{type(obj).__name__}"]
    for name in fieldNames or ():
        value = getattr(obj, name)
        if name in (alwaysShow or ()) or value != parameters[name].default:
            shown.append(f"{name}={value!r}")
    flags = [name for name in flagNames or () if getattr(obj, name)]
    if flags:
        shown.append(f"flags={','.join(flags)}")
    for name in sectionNames or ():
        section = getattr(obj, name, None)
        if section:
            shown.append(f"{name}={section!r}")
    return " ".join(shown) + ">"


def responseFromMessage(responseConstructor: Any, message: Any, **kwargs: Any) -> Any:
    """
    An answer to a message: with its id and its questions.

    @param kwargs: what the constructor of the answer is given besides.
    """
    response = responseConstructor(id=message.id, answer=True, **kwargs)
    response.queries = message.queries[:]
    return response


class Message(FancyEqMixin):
    """
    A message.

    @ivar id: which answer belongs to which question.
    @ivar answer: whether it is an answer.
    @ivar opCode: what is asked to be done.
    @ivar auth: whether who answers is authoritative.
    @ivar trunc: whether the answer did not fit.
    @ivar recDes: whether the server is asked to ask others.
    @ivar recAv: whether it would.
    @ivar authenticData: whether who answers has validated the data (RFC 4035 §3.2.3).
    @ivar checkingDisabled: whether the server is asked not to (RFC 4035 §3.2.2).
    @ivar rCode: how it went.
    @ivar maxSize: the most octets that are written, 0 for no limit but the protocol's; whole
        records are left out, and `trunc` is set, if there are more.
    @ivar queries: `Query` objects.
    @ivar answers: `RRHeader` objects.
    @ivar authority: `RRHeader` objects: who is authoritative.
    @ivar additional: `RRHeader` objects: what may be of use besides.
    @cvar maxCompressionPointers: how many pointers may lead to further pointers in what is read.
    """

    __module__ = "twisted.names.dns"

    compareAttributes = (
        "id",
        "answer",
        "opCode",
        "recDes",
        "recAv",
        "auth",
        "rCode",
        "trunc",
        "maxSize",
        "authenticData",
        "checkingDisabled",
        "queries",
        "answers",
        "authority",
        "additional",
    )
    headerFmt = "!H2B4H"
    headerSize = HEADER_SIZE
    maxCompressionPointers = MOST_CHAINED

    queries: list[Any]
    answers: list[Any]
    authority: list[Any]
    additional: list[Any]

    def __init__(
        self,
        id: int = 0,
        answer: int = 0,
        opCode: int = OP_QUERY,
        recDes: int = 0,
        recAv: int = 0,
        auth: bool = False,
        rCode: int = 0,
        trunc: int = 0,
        maxSize: int = 512,
        authenticData: int = 0,
        checkingDisabled: int = 0,
    ) -> None:
        self.maxSize = maxSize
        self.id = id
        self.answer = answer
        self.opCode = opCode
        self.auth = auth
        self.trunc = trunc
        self.recDes = recDes
        self.recAv = recAv
        self.rCode = rCode
        self.authenticData = authenticData
        self.checkingDisabled = checkingDisabled
        self.queries = []
        self.answers = []
        self.authority = []
        self.additional = []

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
            ),
            fieldNames=("id", "opCode", "rCode", "maxSize"),
            sectionNames=("queries", "answers", "authority", "additional"),
            alwaysShow=("id",),
        )

    def addQuery(self, name: str | bytes, type: int = ALL_RECORDS, cls: int = IN) -> None:
        """Add a question."""
        self.queries.append(Query(name, type, cls))

    def encode(self, strio: IO[bytes]) -> None:
        """
        Write the message.

        @raise ValueError: if a value does not fit into its field.
        """
        strio.write(self.toStr())

    def toStr(self) -> bytes:
        """
        The octets of the message.

        @raise ValueError: if a value does not fit into its field.
        """
        limit = self.maxSize or _MOST
        names: dict[bytes, int] = {}
        pieces = [b""]
        at = self._write_queries(pieces, names)
        answers, authority, additional = self.answers, self.authority, self.additional
        if answers:
            at = writeRecords(answers, pieces, at, names)
        if authority:
            at = writeRecords(authority, pieces, at, names)
        if additional:
            at = writeRecords(additional, pieces, at, names)
        counts = [len(answers), len(authority), len(additional)]
        if at > limit:
            pieces, counts = self._shortened(limit)
        first = (
            (self.answer & 1) << 7
            | (self.opCode & 0xF) << 3
            | (self.auth & 1) << 2
            | (self.trunc & 1) << 1
            | (self.recDes & 1)
        )
        second = (
            (self.recAv & 1) << 7
            | (self.authenticData & 1) << 5
            | (self.checkingDisabled & 1) << 4
            | (self.rCode & 0xF)
        )
        try:
            pieces[0] = _header.pack(self.id, first, second, len(self.queries), *counts)
        except StructError as error:
            raise ValueError(f"{self!r} has no wire form: {error}") from error
        return b"".join(pieces)

    def _write_queries(self, pieces: list[bytes], names: dict[bytes, int]) -> int:
        """Write the questions, and give the offset behind them."""
        at = HEADER_SIZE
        for query in self.queries:
            name = write_name(query.name.name, at, names)
            try:
                pieces += (name, _question.pack(query.type, query.cls))
            except StructError as error:
                raise ValueError(f"{query!r} has no wire form: {error}") from error
            at += len(name) + 4
        return at

    def _shortened(self, limit: int) -> tuple[list[bytes], list[int]]:
        """
        The message with as many records as fit, and how many of each section those are.

        The OPT record stays, for it says that EDNS is spoken (RFC 6891 §7).
        """
        self.trunc = 1
        kept = [header for header in self.additional if header.type == OPT]
        options = [writeRecord(header, HEADER_SIZE, {}) for header in kept]
        room = limit - sum(map(len, options))
        names: dict[bytes, int] = {}
        pieces = [b""]
        at = self._write_queries(pieces, names)
        counts = []
        others = [header for header in self.additional if header.type != OPT]
        for section in (self.answers, self.authority, others):
            count = 0
            for header in section:
                piece = writeRecord(header, at, names)
                at += len(piece)
                if at > room:
                    # Names of this record are where nothing will stand: none may follow.
                    break
                pieces.append(piece)
                count += 1
            counts.append(count)
        counts[-1] += len(kept)
        return pieces + options, counts

    def decode(self, strio: IO[bytes], length: int | None = None) -> None:
        """
        Take all from what the stream stands at.

        @raise DNSDecodeError: if it is not well-formed; an `EOFError` besides if it ends early.
        """
        self.fromStr(strio.read())

    def fromStr(self, str: bytes) -> None:
        """
        Take all from octets; what follows the message is ignored.

        What is missing of a message that says that it was truncated is no error.

        @raise DNSDecodeError: if it is not well-formed; an `EOFError` besides if it ends early.
        """
        data = str if type(str) is bytes else bytes(str)
        try:
            self.id, first, second, *counts = _unpack_header(data)
        except StructError:
            raise EndOfData(f"a message of {len(data)} octets") from None
        self.maxSize = 0
        self.answer = first >> 7
        self.opCode = first >> 3 & 0xF
        self.auth = first >> 2 & 1
        self.trunc = first >> 1 & 1
        self.recDes = first & 1
        self.recAv = second >> 7
        self.authenticData = second >> 5 & 1
        self.checkingDisabled = second >> 4 & 1
        self.rCode = second & 0xF
        self.queries, self.answers, self.authority, self.additional = [], [], [], []
        memo = Memo(chained=self.maxCompressionPointers)
        at = HEADER_SIZE
        try:
            for _ in range(counts[0]):
                name, at = read_name(data, at, memo)
                kind, klass = _question.unpack_from(data, at)
                self.queries.append(Query.of(name, kind, klass))
                at += 4
            for section, count in zip(
                (self.answers, self.authority, self.additional), counts[1:], strict=True
            ):
                if count:
                    at = self._read_records(section, count, data, at, memo)
        except (StructError, EndOfData) as error:
            if not self.trunc:
                raise EndOfData(f"the message ends early: {error}") from None

    def _read_records(
        self, section: list[RRHeader], count: int, data: bytes, at: int, memo: Memo
    ) -> int:
        """Read the records of a section, and give the offset behind them."""
        kindOf: Callable[[int], Any] | None = self.lookupRecordType
        if getattr(kindOf, "__func__", None) is Message.lookupRecordType:
            kindOf = None
        return readRecords(data, at, count, memo, kindOf, self.auth, section)

    def parseRecords(self, list: list[RRHeader], num: int, strio: IO[bytes]) -> None:
        """
        Read records from what the stream stands at.

        @param list: what they are added to.
        @param num: how many.
        @raise DNSDecodeError: if they are not well-formed.
        """
        data = whole(strio)
        strio.seek(self._read_records(list, num, data, strio.tell(), Memo()))

    def lookupRecordType(self, type: int) -> Any:
        """The class of the data of a type; may be overridden to have others."""
        return recordClass(type)
