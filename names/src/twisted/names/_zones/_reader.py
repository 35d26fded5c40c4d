"""
Master files as records, in the order in which they are written (RFC 1035 §5.1).

What a record's type makes of its data is none of this module's business: it deals with directives,
owners, times to live and classes, and passes the fields of the data on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from twisted.names._zones._errors import ZoneFileError
from twisted.names._zones._fields import Entry, Field, entries
from twisted.names._zones._generate import generate
from twisted.names._zones._values import fieldText, findClass, isTime, nameOf, parseTime

__all__ = [
    "MOST_FILES",
    "MOST_FILE_OCTETS",
    "MOST_INCLUDES_DEEP",
    "Includer",
    "Reader",
    "Written",
    "folderIncluder",
    "readZoneFile",
]

#: How many files one zone may be made of, and how deep they may include each other.
MOST_FILES = 100
MOST_INCLUDES_DEEP = 10

#: The largest zone file, in octets.
MOST_FILE_OCTETS = 1 << 30

#: Gives the content of an included file and what it is called, for its name and that of the file
#: that includes it; raises OSError or ValueError.
Includer = Callable[[str, str | None], tuple[bytes, str]]


@dataclass(frozen=True, slots=True)
class Written:
    """
    A record as it is written.

    @ivar owner: the absolute name, in lower case, without a final dot.
    @ivar ttl: in seconds; None if neither the record nor the file says.
    @ivar cls: the number of its class.
    @ivar type: the name of its type, as it is written.
    @ivar data: the fields of its data.
    @ivar origin: what relative names in the data end in.
    @ivar file: the name of the file.
    """

    owner: bytes
    ttl: int | None
    cls: int
    type: Field
    data: list[Field]
    origin: bytes
    file: str | None


def readZoneFile(path: str | Path) -> bytes:
    """
    Read a zone file whole.

    @raise ValueError: it is larger than `MOST_FILE_OCTETS`.
    """
    with open(path, "rb") as file:
        content = file.read(MOST_FILE_OCTETS + 1)
    if len(content) > MOST_FILE_OCTETS:
        raise ValueError(f"{path} is larger than {MOST_FILE_OCTETS} octets")
    return content


def folderIncluder(folder: Path, anywhere: bool = False) -> Includer:
    """
    Include files from a folder and those in it.

    @param anywhere: whether files elsewhere may be included, too.
    """
    root = folder.resolve()

    def include(name: str, includer: str | None) -> tuple[bytes, str]:
        base = root if includer is None else Path(includer).resolve().parent
        path = (base / name).resolve()
        if not anywhere and not path.is_relative_to(root):
            raise ValueError(f"{name} is outside of the zone's folder {root}")
        return readZoneFile(path), str(path)

    return include


def _nothing(name: str, includer: str | None) -> tuple[bytes, str]:
    """Include no file at all."""
    raise ValueError("files cannot be included here")


@dataclass
class _Place:
    """
    What a file is being read as: each included file has a place of its own.

    @ivar owner: of the record before, for those that leave it out.
    """

    file: str | None
    origin: bytes | None
    depth: int
    owner: bytes | None = None


@dataclass
class Reader:
    """
    Reads the records of a zone file and of those that it includes.

    @ivar startOrigin: what relative names end in; None if only the file can say.
    @ivar file: the name of the file, for errors and for what it includes.
    @ivar include: finds included files.
    @ivar ttl: the time to live of records that have none (``$TTL``).
    """

    startOrigin: bytes | None = None
    file: str | None = None
    include: Includer = _nothing
    ttl: int | None = None
    _files: int = field(default=1, init=False)
    # The last time to live that a record had of its own (RFC 1035 §5.1).
    _lastTTL: int | None = field(default=None, init=False)
    _place: _Place = field(init=False)

    def __post_init__(self) -> None:
        self._place = _Place(self.file, self.startOrigin, 0)

    def read(self, text: bytes) -> Iterator[Written]:
        """
        Give the records of a file.

        @raise ZoneFileError: something is wrong in it, or in one that it includes.
        """
        return self.readEntries(entries(text, self._place.file))

    def readEntries(self, found: Iterator[Entry] | list[Entry]) -> Iterator[Written]:
        """Give the records of entries, which L{entries<twisted.names._zones._fields>} has found."""
        for entry in found:
            first = entry[0]
            if first.startswith(b"$") and not entry.indented and not first.quoted:
                yield from self._direct(entry)
            else:
                yield self.record(entry)

    @property
    def origin(self) -> bytes | None:
        """What relative names end in where the reader is."""
        return self._place.origin

    def wrong(self, message: str, where: Field) -> ZoneFileError:
        """An error at a field of the file that is being read."""
        return ZoneFileError(message, where.line, where.column, self._place.file)

    # Directives.

    def _direct(self, entry: Entry) -> Iterator[Written]:
        """Do what a directive says."""
        name, *arguments = entry
        directive = name.upper()
        if directive == b"$ORIGIN":
            (origin,) = self._arguments(name, arguments, 1, 1)
            self._place.origin = self.absolute(origin)
        elif directive == b"$TTL":
            (time,) = self._arguments(name, arguments, 1, 1)
            self.ttl = self._time(time)
        elif directive == b"$INCLUDE":
            yield from self._included(name, self._arguments(name, arguments, 1, 2))
        elif directive == b"$GENERATE":
            yield from self._generated(self._arguments(name, arguments, 4, None))
        else:
            raise self.wrong(f"there is no directive {fieldText(name)}", name)

    def _arguments(
        self, name: Field, given: list[Field], least: int, most: int | None
    ) -> list[Field]:
        """See that a directive has as many arguments as it needs."""
        if len(given) < least:
            raise self.wrong(f"{fieldText(name)} lacks an argument", given[-1] if given else name)
        if most is not None and len(given) > most:
            raise self.wrong(f"{fieldText(name)} has an argument too many", given[most])
        return given

    def _included(self, directive: Field, arguments: list[Field]) -> Iterator[Written]:
        """Read a file in the middle of another, whose origin and owner stay as they are."""
        name = arguments[0]
        outer = self._place
        if outer.depth >= MOST_INCLUDES_DEEP:
            raise self.wrong(f"files include each other over {MOST_INCLUDES_DEEP} deep", directive)
        if self._files >= MOST_FILES:
            raise self.wrong(f"the zone has more than {MOST_FILES} files", directive)
        self._files += 1
        origin = self.absolute(arguments[1]) if len(arguments) == 2 else outer.origin
        try:
            text, file = self.include(fieldText(name), outer.file)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise self.wrong(f"{fieldText(name)} cannot be included: {reason}", name) from error
        self._place = _Place(file, origin, outer.depth + 1, outer.owner)
        # Not in a `finally`: an error tells of the place that it is at.
        yield from self.readEntries(entries(text, file))
        self._place = outer

    def _generated(self, arguments: list[Field]) -> Iterator[Written]:
        """Read the records that a pattern stands for."""
        span, *pattern = arguments
        try:
            for fields in generate(span, pattern):
                yield self.record(Entry(fields))
        except ZoneFileError:
            raise
        except ValueError as error:
            raise self.wrong(str(error), span) from error

    # Records.

    def record(self, entry: Entry) -> Written:
        """
        Read a record: the owner unless it is the same, time to live and class in any order, or not
        at all, the type, and the data.
        """
        rest = list(entry)
        if not entry.indented:
            self._place.owner = self.absolute(rest.pop(0))
        owner = self._place.owner
        if owner is None:
            raise self.wrong("there is no record before whose owner could be meant", entry[0])
        ttl: int | None = None
        cls: int | None = None
        while rest:
            head = rest[0]
            if ttl is None and isTime(head):
                ttl = self._lastTTL = self._time(head)
            elif cls is None and (number := findClass(head)) is not None:
                cls = number
            else:
                break
            del rest[0]
        if not rest:
            raise self.wrong("the record has no type", entry[-1])
        kind = rest.pop(0)
        if ttl is None:
            ttl = self.ttl if self.ttl is not None else self._lastTTL
        place = self._place
        return Written(
            owner=owner,
            ttl=ttl,
            cls=1 if cls is None else cls,
            type=kind,
            data=rest,
            origin=place.origin or b"",
            file=place.file,
        )

    def absolute(self, name: Field) -> bytes:
        """Make a name absolute, without its final dot."""
        origin = self._place.origin
        if origin is None and (name == b"@" or not name.endswith(b".") or name.endswith(b"\\.")):
            raise self.wrong("the name is relative, but there is no $ORIGIN", name)
        try:
            return nameOf(name, origin or b"").lower()
        except ValueError as error:
            raise self.wrong(str(error), name) from error

    def _time(self, time: Field) -> int:
        """A time to live."""
        try:
            return parseTime(time)
        except ValueError as error:
            raise self.wrong(str(error), time) from error
