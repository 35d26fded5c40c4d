"""Who may do what with a file."""

from __future__ import annotations


class RWX:
    """
    What one class of users may do.

    @ivar read: whether they may read.
    @ivar write: whether they may write.
    @ivar execute: whether they may execute, or enter a directory.
    """

    __module__ = "twisted.python.filepath"

    compareAttributes = ("read", "write", "execute")

    def __init__(self, readable: bool, writable: bool, executable: bool) -> None:
        self.read = readable
        self.write = writable
        self.execute = executable

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RWX):
            return NotImplemented
        return self.shorthand() == other.shorthand()

    def __hash__(self) -> int:
        return hash(self.shorthand())

    def __repr__(self) -> str:
        return f"RWX(read={self.read}, write={self.write}, execute={self.execute})"

    def shorthand(self) -> str:
        """Three characters, as ``ls`` shows them: ``rw-``."""
        allowed = (self.read, self.write, self.execute)
        return "".join(letter if yes else "-" for letter, yes in zip("rwx", allowed, strict=True))


class Permissions:
    """
    What everybody may do.

    @ivar user: what the owner may.
    @ivar group: what members of the group may.
    @ivar other: what all others may.
    """

    __module__ = "twisted.python.filepath"

    compareAttributes = ("user", "group", "other")

    def __init__(self, statModeInt: int) -> None:
        """
        @param statModeInt: the mode, such as ``0o644``; other bits are passed over.
        """
        self.user, self.group, self.other = (
            RWX(bool(bits & 4), bool(bits & 2), bool(bits & 1))
            for bits in (statModeInt >> shift for shift in (6, 3, 0))
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Permissions):
            return NotImplemented
        return self.shorthand() == other.shorthand()

    def __hash__(self) -> int:
        return hash(self.shorthand())

    def __repr__(self) -> str:
        return f"[{self.user} | {self.group} | {self.other}]"

    def shorthand(self) -> str:
        """Nine characters, as ``ls`` shows them: ``rw-r--r--``."""
        return self.user.shorthand() + self.group.shorthand() + self.other.shorthand()
