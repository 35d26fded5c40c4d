"""Zones in databases of SQLite."""

from __future__ import annotations

import sqlite3
from typing import Any
from urllib.parse import quote

from twisted.names._dns.constants import SOA
from twisted.names._wire.names import ends_in, normal
from twisted.names._zones._errors import ZoneFileError
from twisted.names._zones._fields import Field, entries
from twisted.names._zones._load import makeRecord
from twisted.names._zones._values import nameOf

__all__ = ["Database"]

_SELECT = "SELECT rowid, name, ttl, type, data FROM records ORDER BY rowid"


class Database:
    """
    A database that holds records, which is only read.

    @ivar path: the name of its file.
    """

    def __init__(self, path: str) -> None:
        """
        @raise sqlite3.Error: there is no such database.
        """
        self.path = path
        self._connection = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True)
        self._version: int | None = None

    def close(self) -> None:
        """Close it."""
        self._connection.close()

    def changed(self) -> bool:
        """Tell whether another program has changed it since this was last called."""
        ((version,),) = self._connection.execute("PRAGMA data_version")
        before, self._version = self._version, version
        return bool(before != version)

    def read(self, origin: bytes | None) -> tuple[tuple[bytes, Any], dict[bytes, list[Any]]]:
        """
        Read a zone: its name with its SOA, and its records by their owners.

        @param origin: the name of the zone; None if the database holds a single one.
        @raise ZoneFileError: a record is wrong, whose number is the line; or there is no SOA, or
            more than one.
        @raise sqlite3.Error: there is no such table.
        """
        records: dict[bytes, list[Any]] = {}
        found: list[tuple[bytes, Any]] = []
        for row in self._connection.execute(_SELECT):
            name, record = self._record(*row)
            if origin is not None and not ends_in(name, origin):
                continue
            records.setdefault(name, []).append(record)
            if record.TYPE == SOA and origin in (None, name):
                found.append((name, record))
        if len(found) != 1:
            what = "no SOA" if not found else "more than one SOA"
            raise ZoneFileError(f"the zone has {what}", 1, 1, self.path)
        return found[0], records

    def _record(self, row: int, name: Any, ttl: Any, kind: Any, data: Any) -> tuple[bytes, Any]:
        """Make a record of a row."""

        def wrong(message: str) -> ZoneFileError:
            return ZoneFileError(message, row, 1, self.path)

        if not isinstance(name, str) or not isinstance(kind, str) or not isinstance(data, str):
            raise wrong("name, type and data must be text")
        if ttl is not None and (not isinstance(ttl, int) or not 0 <= ttl < 1 << 31):
            raise wrong(f"{ttl!r} is no time to live in seconds")
        try:
            owner = nameOf(name.encode(), b"").lower()
            # A line end is a mere blank, in parentheses or not.
            fields = [field for entry in entries(data.encode(), self.path) for field in entry]
            return normal(owner), makeRecord(Field.of(kind.encode()), fields, b"", ttl, self.path)
        except ZoneFileError as error:
            error.line = row
            raise
        except ValueError as error:
            raise wrong(str(error)) from error
