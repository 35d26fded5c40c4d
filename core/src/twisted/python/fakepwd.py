"""Stand-ins, for tests, of the databases of users that the modules ``pwd`` and ``spwd`` ask."""

from __future__ import annotations

import itertools
import pwd
from typing import NamedTuple

__all__ = ["ShadowDatabase", "UserDatabase"]

_FIRST_FREE_UID = 10_101


class UserDatabase:
    """Users, asked for as by the module ``pwd``."""

    def __init__(self) -> None:
        self._users: list[pwd.struct_passwd] = []
        self._free = itertools.count(_FIRST_FREE_UID)

    def addUser(
        self,
        username: str,
        password: str = "password",
        uid: int | None = None,
        gid: int | None = None,
        gecos: str = "",
        home: str = "",
        shell: str = "/bin/sh",
    ) -> None:
        """
        Add a user.

        @param uid: by default one that is not taken.
        @param gid: by default the same as the uid.
        """
        if uid is None:
            uid = next(self._free)
        fields = (username, password, uid, uid if gid is None else gid, gecos, home, shell)
        self._users.append(pwd.struct_passwd(fields))

    def getpwnam(self, name: str) -> pwd.struct_passwd:
        """
        The user of a name.

        @raise KeyError: if there is none.
        @raise TypeError: if it is not text.
        """
        if not isinstance(name, str):
            raise TypeError(f"getpwnam() argument must be str, not {type(name).__name__}")
        return self._find(0, name)

    def getpwuid(self, uid: int) -> pwd.struct_passwd:
        """
        The user of a number.

        @raise KeyError: if there is none.
        """
        return self._find(2, uid)

    def _find(self, field: int, value: object) -> pwd.struct_passwd:
        for user in self._users:
            if user[field] == value:
                return user
        raise KeyError(value)

    def getpwall(self) -> list[pwd.struct_passwd]:
        """All users."""
        return list(self._users)


class _ShadowRecord(NamedTuple):
    sp_namp: str
    sp_pwdp: str
    sp_lstchg: int
    sp_min: int
    sp_max: int
    sp_warn: int
    sp_inact: int
    sp_expire: int
    sp_flag: int

    @property
    def sp_nam(self) -> str:
        """The name."""
        return self.sp_namp

    @property
    def sp_pwd(self) -> str:
        """The password, hashed."""
        return self.sp_pwdp


class ShadowDatabase:
    """Hashed passwords, asked for as by the module ``spwd``."""

    def __init__(self) -> None:
        self._records: list[_ShadowRecord] = []

    def addUser(
        self,
        username: str,
        password: str,
        lastChange: int,
        min: int,
        max: int,
        warn: int,
        inact: int,
        expire: int,
        flag: int,
    ) -> None:
        """Add a record; its fields are those of ``struct spwd`` in C."""
        self._records.append(
            _ShadowRecord(username, password, lastChange, min, max, warn, inact, expire, flag)
        )

    def getspnam(self, username: str) -> _ShadowRecord:
        """
        The record of a user.

        @raise KeyError: if there is none.
        @raise TypeError: if the name is not text.
        """
        if not isinstance(username, str):
            raise TypeError(f"getspnam() argument must be str, not {type(username).__name__}")
        for record in self._records:
            if record.sp_namp == username:
                return record
        raise KeyError(username)

    def getspall(self) -> list[_ShadowRecord]:
        """All records."""
        return list(self._records)
