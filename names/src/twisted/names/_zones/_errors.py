"""What is wrong with a zone file, and where."""

from __future__ import annotations

__all__ = ["UnknownRecordType", "ZoneFileError"]


class ZoneFileError(ValueError):
    """
    A zone file cannot be read.

    @ivar message: what is wrong.
    @ivar file: the name of the file, if it is known.
    @ivar line: the number of the line, from 1.
    @ivar column: the octet in that line, from 1.
    """

    __module__ = "twisted.names.authority"

    def __init__(self, message: str, line: int, column: int, file: str | None = None) -> None:
        ValueError.__init__(self, message)
        self.message = message
        self.line = line
        self.column = column
        self.file = file

    def __str__(self) -> str:
        return f"{self.file or '<zone>'}:{self.line}:{self.column}: {self.message}"


class UnknownRecordType(ZoneFileError, NotImplementedError):
    """A zone file has a record of a type that is not known by that name (RFC 3597 §5)."""

    __module__ = "twisted.names.authority"
