"""
The records of a zone by their owners, as a dictionary of lists that notices when it is changed.

What has been worked out from a zone, such as whole answers, holds as long as nothing changes.  So
that a look tells, each zone counts its changes, and so does `CHANGES` for all zones together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from io import BytesIO
from typing import Any, SupportsIndex

__all__ = ["CHANGES", "Changes", "RecordList", "ZoneRecords", "rdata"]


class Changes:
    """
    Counts changes.

    @ivar count: how many there have been.
    """

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


#: Counts the changes of all zones of this process.
CHANGES = Changes()


def _noting(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method that changes something, and has that counted afterwards."""

    @wraps(method)
    def change(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        finally:
            self.changes.count += 1
            CHANGES.count += 1

    return change


def _note(base: type, *names: str) -> Callable[[type], type]:
    """Have a class count what these methods of its base change."""

    def decorate(cls: Any) -> Any:
        for name in names:
            setattr(cls, name, _noting(getattr(base, name)))
        return cls

    return decorate


class RecordList(list[Any]):
    """
    The records of one name.

    @ivar changes: counts the changes of the whole zone.
    """

    __slots__ = ("changes",)

    def __init__(self, records: Iterable[Any], changes: Changes) -> None:
        self.changes = changes
        list.__init__(self, records)

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        """A copy is a mere list."""
        return list, (list(self),)


_note(list, "append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse")(RecordList)
_note(list, "__setitem__", "__delitem__", "__iadd__", "__imul__")(RecordList)


class ZoneRecords(dict[bytes, list[Any]]):
    """
    The records of a zone by their owners, absolute names in lower case without a final dot.

    A record whose attributes are changed is none that is noticed: C{touch} tells of that.

    @ivar changes: counts the changes.
    """

    __slots__ = ("changes",)

    def __init__(self, records: Mapping[bytes, Iterable[Any]] | None = None) -> None:
        dict.__init__(self)
        self.changes = Changes()
        self.update(records or {})

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        """A copy is one of the same records."""
        return type(self), ({name: list(found) for name, found in self.items()},)

    def __setitem__(self, name: bytes, records: Iterable[Any]) -> None:
        dict.__setitem__(self, name, RecordList(records, self.changes))
        self.touch()

    def setdefault(self, name: bytes, default: Any = ()) -> list[Any]:
        """Give the records of a name, which are those given if there are none."""
        if name not in self:
            self[name] = default
        return self[name]

    def update(self, *others: Any, **more: Any) -> None:
        """Take over the records of others."""
        for name, records in dict(*others, **more).items():
            dict.__setitem__(self, name, RecordList(records, self.changes))
        self.touch()

    def touch(self) -> None:
        """Let it be known that a record has changed."""
        self.changes.count += 1
        CHANGES.count += 1


_note(dict, "pop", "popitem", "clear", "__delitem__", "__ior__")(ZoneRecords)


def rdata(record: Any, at: int = 0, names: dict[bytes, int] | None = None) -> bytes:
    """
    The octets of a record's data.

    @param record: one of this package, or any other that is
        L{IEncodableRecord<twisted.names.dns.IEncodableRecord>}.
    @param at: where in a message they will be.
    @param names: where names were written before.
    """
    write = getattr(record, "toWire", None)
    if write is not None:
        return bytes(write(at, names))
    # Its offsets do not count the header of the message.
    begin = max(at - _HEADER, 0)
    stream = BytesIO(bytes(begin))
    stream.seek(begin)
    record.encode(stream, names)
    return stream.getvalue()[begin:]


_HEADER = 12
