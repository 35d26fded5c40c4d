"""
Authoritative servers: zones from files, and what they answer.

A zone is a dictionary of records by their owners, whatever it is read from: a file of Python
(`PySourceAuthority`), a master file as BIND reads them (`BindAuthority`), or a database of SQLite
(`SQLiteAuthority`).  `twisted.names.server.DNSServerFactory` serves them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.names import common, dns
from twisted.names._zones._answers import ANY, NO_NAME, RR, Answer, Zone
from twisted.names._zones._errors import UnknownRecordType, ZoneFileError
from twisted.names._zones._fields import Entry, Field, entries
from twisted.names._zones._history import History, difference
from twisted.names._zones._load import dotted, makeRecord, typeNumber, withMailbox
from twisted.names._zones._reader import Reader, Written, folderIncluder, readZoneFile
from twisted.names._zones._records import ZoneRecords
from twisted.names._zones._sqlite import Database
from twisted.names._zones._write import zoneText
from twisted.names.error import AuthoritativeDomainError, DomainError
from twisted.python import failure

__all__ = [
    "BindAuthority",
    "FileAuthority",
    "NotInZone",
    "PySourceAuthority",
    "SQLiteAuthority",
    "UnknownRecordType",
    "ZoneFileError",
    "getSerial",
]


class NotInZone(DomainError):
    """A name is in none of the zones of an authority, which is no answer to it."""


def getSerial(filename: str = "/tmp/twisted-names.serial") -> str:
    """
    Give a serial number for a zone: the date and a counter, as in C{2026112101}.

    @param filename: where the last one is kept.
    @raise OSError: the file cannot be written, or is a symbolic link.
    """
    today = time.strftime("%Y%m%d")
    descriptor = os.open(filename, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "r+") as file:
        words = file.read(100).split()
        last = int(words[1]) if len(words) == 2 and words[0] == today else 0
        file.seek(0)
        file.truncate()
        file.write(f"{today} {last + 1}")
    return f"{today}{last + 1:02d}"


class FileAuthority(common.ResolverBase):
    """
    An authority for one zone, read from a file.

    A subclass defines C{loadFile}, which sets C{soa} and C{records}.

    @ivar filename: the file.
    @ivar soa: the name of the zone in lower case, and its SOA; None if there is no zone.
    @ivar records: lists of records by their owners, which are names in lower case without a final
        dot.  What is set is copied into a dictionary that notices when it is changed.
    """

    _soa: tuple[bytes, Any] | None = None
    _records: ZoneRecords | None = None
    _zone: Zone | None = None
    _history: History | None = None
    _watchers: tuple[Callable[[FileAuthority], None], ...] = ()
    filename: Any = None

    def __init__(self, filename: Any) -> None:
        common.ResolverBase.__init__(self)
        self.filename = filename
        self.loadFile(filename)

    def reload(self) -> None:
        """Read the file again; if that fails, the zone stays as it was."""
        self.loadFile(self.filename)

    def loadFile(self, filename: Any) -> None:
        """Read the zone from a file; subclasses define it."""
        raise TypeError(f"{type(self).__name__} does not say how to read {filename!r}")

    @property
    def soa(self) -> tuple[bytes, Any] | None:
        """The name of the zone, and its SOA."""
        return self._soa

    @soa.setter
    def soa(self, soa: tuple[bytes, Any] | None) -> None:
        self._soa = None if soa is None else (soa[0].lower(), soa[1])
        self._zone = None
        if self._records is not None:
            self._records.touch()

    @property
    def records(self) -> Any:
        """The records of the zone by their owners."""
        return self._records

    @records.setter
    def records(self, records: Mapping[bytes, Iterable[Any]] | None) -> None:
        if self._records is not None:
            self._records.touch()
        self._records = None if records is None else ZoneRecords(records)
        self._zone = None

    def zone(self) -> Zone | None:
        """What answers from the records as they are; None while there are none."""
        if self._zone is None and self._soa is not None and self._records is not None:
            self._zone = Zone(*self._soa, self._records)
        return self._zone

    def responsibleFor(self) -> bytes | None:
        """The name of the zone, whether it is there or not; None if that is not known."""
        return None if self._soa is None else self._soa[0]

    def watch(self, callback: Callable[[FileAuthority], None]) -> None:
        """Have a function called, with this authority, whenever there is a new version."""
        self._watchers = (*self._watchers, callback)

    def history(self) -> History:
        """The versions that the zone had before."""
        if self._history is None:
            self._history = History()
        return self._history

    def replace(self, soa: tuple[bytes, Any], records: Mapping[bytes, Iterable[Any]]) -> None:
        """
        Go on with a newer version of the zone.

        What has changed is remembered, for secondaries that have the version before.
        """
        before = self.zone()
        self.soa = soa
        self.records = records
        after = self.zone()
        if before is not None and after is not None and before.origin == after.origin:
            if before.soa.serial != after.soa.serial:
                self.history().note(difference(before, after))
        else:
            self.history().clear()
        for callback in self._watchers:
            callback(self)

    def toText(self) -> str:
        """
        Write the zone as a master file.

        @raise ValueError: there is none.
        """
        if self._soa is None or self._records is None:
            raise ValueError("there is no zone to write")
        return zoneText(*self._soa, self._records)

    # As a resolver.

    def lookupZone(self, name: str | bytes, timeout: Any = 10) -> Deferred[Any]:
        """All records of the zone between two copies of its SOA."""
        wanted = dns.domainString(name).lower()
        zone = self.zone()
        if zone is None or wanted != zone.origin:
            return fail(failure.Failure(DomainError(wanted)))
        soa = zone.rr(zone.origin, zone.soa)
        others = [
            zone.rr(owner, record)
            for owner, records in zone.records.items()
            for record in records
            if record.TYPE != dns.SOA
        ]
        return succeed(([self._header(rr, True) for rr in [soa, *others, soa]], (), ()))

    def _lookup(self, name: bytes, cls: int, type: int, timeout: Any = None) -> common.Lookup:
        """Answer a question; the owners in the answer are spelled as in it."""
        wanted = dns.domainString(name)
        lowered = wanted.lower().removesuffix(b".")
        zone = self.zone()
        found = None if zone is None else zone.answer(lowered, type)
        if zone is None or found is None:
            return fail(failure.Failure(NotInZone(wanted)))
        if found.code == NO_NAME and not found.answers:
            return fail(failure.Failure(AuthoritativeDomainError(wanted)))
        if type == dns.CNAME:
            self._addAddresses(zone, found)
        for rr in found.authority:
            if rr.record is zone.soa and not found.answers:
                # Who asks for the records themselves sees the SOA as it stands; what is sent
                # has the time to live of RFC 2308.
                found.authority = [RR(rr.name, zone.defaultTTL, rr.record)]
        authoritative = found.authoritative

        def headers(section: list[RR]) -> list[Any]:
            made = []
            for rr in section:
                header = self._header(rr, authoritative)
                if rr.name == lowered:
                    header.name = dns.Name(wanted)
                made.append(header)
            return made

        return succeed(
            (headers(found.answers), headers(found.authority), headers(found.additional))
        )

    def _addAddresses(self, zone: Zone, found: Answer) -> None:
        """Add the addresses of an alias to what was asked for: the alias."""
        for rr in list(found.answers):
            if rr.record.TYPE == dns.CNAME:
                target = zone.answer(rr.record.name.name.lower(), ANY)
                found.answers += [
                    address
                    for address in (target.answers if target is not None else ())
                    if address.record.TYPE in (dns.A, dns.AAAA)
                ]

    def _header(self, rr: RR, authoritative: bool) -> Any:
        """A record as resolvers give them."""
        return dns.RRHeader(
            rr.name,
            rr.record.TYPE,
            dns.IN,
            rr.ttl,
            rr.record,
            auth=authoritative,
        )


class PySourceAuthority(FileAuthority):
    """
    A zone that is read from a file of Python.

    The file is run, and is as trusted as the program; it sets C{zone} to a list of records, whose
    types are functions that take the owner first::

        zone = [
            SOA("example.org", mname="ns1.example.org", rname="hostmaster.example.org", serial=1,
                refresh="2H", retry="1H", expire="4W", minimum="1H"),
            A("www.example.org", "192.0.2.1"),
        ]
    """

    def loadFile(self, filename: Any) -> None:
        """
        Run the file.

        @raise ValueError: it sets no C{zone}, or one without a SOA.
        """
        namespace = self.setupConfigNamespace()
        source = readZoneFile(os.fsdecode(filename))
        # What a zone is written in is a program, by definition of this format.
        exec(compile(source, os.fsdecode(filename), "exec"), namespace)
        if not namespace.get("zone"):
            raise ValueError(f"No zone defined in {filename}")
        records: dict[bytes, list[Any]] = {}
        soa = None
        for owner, record in namespace["zone"]:
            name = owner.lower().removesuffix(b".")
            if record.TYPE == dns.SOA:
                soa = (name, record)
            records.setdefault(name, []).append(record)
        if soa is None:
            raise ValueError(f"The zone in {filename} has no SOA")
        self.replace(soa, records)

    def wrapRecord(self, type: Callable[..., Any]) -> Callable[..., tuple[bytes, Any]]:
        """A function that makes records of a class, and takes their owner before the rest."""

        def made(name: str | bytes, *args: Any, **kwargs: Any) -> tuple[bytes, Any]:
            return dns.domainString(name), type(*args, **kwargs)

        return made

    def setupConfigNamespace(self) -> dict[str, Any]:
        """The names that the file may use: one for each type of records."""
        prefix = "Record_"
        return {
            name.removeprefix(prefix): self.wrapRecord(getattr(dns, name))
            for name in dns.__all__
            if name.startswith(prefix)
        }


class BindAuthority(FileAuthority):
    """
    A zone that is read from a master file (RFC 1035 §5).

    The directives C{$ORIGIN}, C{$TTL}, C{$INCLUDE} and C{$GENERATE} are understood, types by their
    number, too (RFC 3597).  Included files are looked for where the one that includes them is; they
    are in the folder of the zone, or below it.

    @ivar origin: what relative names in the file end in, with a final dot.
    """

    def __init__(
        self, filename: Any, origin: str | bytes | None = None, includeAnywhere: bool = False
    ) -> None:
        """
        @param origin: the name of the zone, where the file does not say it.
        @param includeAnywhere: whether files of other folders may be included.
        """
        self.origin = b"" if origin is None else dns.domainString(origin).removesuffix(b".") + b"."
        self._anywhere = includeAnywhere
        self._read(None)
        FileAuthority.__init__(self, filename)

    def _read(self, file: str | None) -> None:
        """Begin to read a file."""
        origin = self.origin.removesuffix(b".") if self.origin else None
        folder = Path(file).parent if file is not None else Path(".")
        self._reader = Reader(origin, file, folderIncluder(folder, self._anywhere))
        self._loading: dict[bytes, list[Any]] = {}

    def loadFile(self, filename: Any) -> None:
        """
        Read the file.

        @raise ZoneFileError: something is wrong in it; it says where.
        @raise OSError: it cannot be read.
        """
        file = os.fsdecode(filename)
        self._read(file)
        self.parseLines(entries(readZoneFile(file), file))
        self._take(file)

    def _take(self, file: str) -> None:
        """Go on with the records that have been read."""
        owners = [
            (name, record)
            for name, records in self._loading.items()
            for record in records
            if record.TYPE == dns.SOA
        ]
        if len(owners) != 1:
            what = "no SOA" if not owners else "more than one SOA"
            raise ZoneFileError(f"the zone has {what}", 1, 1, file)
        name, soa = owners[0]
        for records in self._loading.values():
            for record in records:
                if record.ttl is None:
                    record.ttl = soa.minimum
        self.replace((name, soa), self._loading)

    # How a file is read, step by step.

    def stripComments(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """The lines without their comments and line ends."""
        for number, line in enumerate(lines, 1):
            yield _withoutComment(line, number)

    def collapseContinuations(self, lines: Iterable[bytes]) -> Iterator[Entry]:
        """The fields of each entry of some lines, over which parentheses may reach."""
        return entries(b"\n".join(line.rstrip(b"\r\n") for line in lines))

    def parseLines(self, lines: Iterable[list[Any]]) -> None:
        """
        Read entries: directives, and records, which are added.

        @param lines: the fields of each.
        """
        for written in self._reader.readEntries(map(_entry, lines)):
            self._add(written)
        if self._reader.origin is not None:
            self.origin = self._reader.origin + b"."

    def parseRecordLine(self, origin: bytes, ttl: int | None, line: list[Any]) -> None:
        """
        Read a record, and add it.

        @param origin: what relative names end in.
        @param ttl: in seconds, if the record says nothing else.
        @param line: its fields.
        """
        reader = Reader(origin.removesuffix(b"."), ttl=ttl)
        self._add(reader.record(_entry(line)))

    def _add(self, written: Written) -> None:
        """Add a record that has been read."""
        typeNumber(written.type, written.file)
        self._file = written.file
        self._type = written.type
        self.addRecord(
            written.owner + b".",
            written.ttl,
            written.type.decode("ascii").upper(),
            written.origin + b".",
            dns.QUERY_CLASSES.get(written.cls, f"CLASS{written.cls}"),
            written.data,
        )

    _file: str | None = None
    _type: Field | None = None

    def addRecord(
        self,
        owner: bytes,
        ttl: int | None,
        type: str,
        domain: bytes,
        cls: str,
        rdata: list[Any],
    ) -> None:
        """
        Add a record.

        @param owner: its name, which is relative to C{domain} without a final dot.
        @param type: the name of its type.
        @param domain: what relative names end in.
        @param cls: the name of its class.
        @param rdata: the fields of its data.
        @raise NotImplementedError: the class is not C{IN}.
        """
        origin = domain.removesuffix(b".")
        name = owner if owner.endswith(b".") else owner + b"." + origin
        add = getattr(self, f"class_{cls}", None)
        if add is None:
            where = self._type if self._type is not None else Field.of(cls.encode())
            message = f"Record class {cls!r} not supported"
            raise UnknownRecordType(message, where.line, where.column, self._file)
        self._domain = origin
        add(ttl, type, name.lower().removesuffix(b"."), rdata)

    _domain = b""

    def class_IN(self, ttl: int | None, type: str, domain: bytes, rdata: list[Any]) -> None:
        """
        Add a record of the class C{IN}.

        @param domain: its owner, absolute and without a final dot.
        """
        kind = self._type if self._type is not None else Field.of(type.encode())
        data = [Field.of(field) for field in rdata]
        number = typeNumber(kind, self._file)
        data = dotted(number, withMailbox(number, data), self._domain)
        record = makeRecord(kind, data, self._domain, ttl, self._file)
        self._loading.setdefault(domain, []).append(record)


def _entry(fields: list[Any]) -> Entry:
    """Fields as an entry."""
    return fields if isinstance(fields, Entry) else Entry(map(Field.of, fields))


def _withoutComment(line: bytes, number: int) -> bytes:
    """A line up to the semicolon that is neither in quotes nor escaped."""
    quoted = escaped = False
    for position, octet in enumerate(line):
        if escaped:
            escaped = False
        elif octet == 0x5C:
            escaped = True
        elif octet == 0x22:
            quoted = not quoted
        elif octet == 0x3B and not quoted:
            return line[:position]
    return line.rstrip(b"\r\n")


class SQLiteAuthority(FileAuthority):
    """
    A zone that is read from a database of SQLite.

    Its table C{records} has the columns C{name}, C{ttl}, C{type} and C{data}, of which C{data} is
    written as in master files, and C{ttl} may be null; all names are absolute.
    """

    def __init__(self, filename: Any, origin: str | bytes | None = None) -> None:
        """
        @param origin: which zone it is, if the database holds several; by default the only one.
        """
        self._origin = None if origin is None else dns.domainString(origin).lower()
        FileAuthority.__init__(self, filename)

    def loadFile(self, filename: Any) -> None:
        """
        Read the database.

        @raise ZoneFileError: a record in it is wrong; the line is the number of its row.
        @raise sqlite3.Error: it cannot be read.
        """
        self._database = Database(os.fsdecode(filename))
        self.refresh()

    def refresh(self) -> bool:
        """
        Read the database again if it has changed, and tell whether it has.

        @raise ZoneFileError: a record in it is wrong; the zone stays as it was.
        """
        if not self._database.changed():
            return False
        self.replace(*self._database.read(self._origin))
        return True

    def close(self) -> None:
        """Close the database; the zone stays as it is."""
        self._database.close()
