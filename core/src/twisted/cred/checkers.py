"""What knows whose credentials are right: users in memory, in files, of the system."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from zope.interface import implementer

from twisted.cred import error
from twisted.cred._compare import inBytes, same
from twisted.cred._interfaces import (
    IAnonymous,
    ICredentialsChecker,
    IUsernameHashedPassword,
    IUsernamePassword,
)
from twisted.cred._threaded import ThreadedPasswordChecker
from twisted.cred.passwords import UnknownScheme, hashPassword, verifyPassword
from twisted.internet.defer import Deferred, fail, maybeDeferred, succeed
from twisted.logger import Logger

__all__ = [
    "ANONYMOUS",
    "AllowAnonymousAccess",
    "FilePasswordDB",
    "HashedPasswordFile",
    "ICredentialsChecker",
    "InMemoryUsernamePasswordDatabaseDontUse",
    "OnDiskUsernamePasswordDatabase",
    "PAMChecker",
]

#: Who somebody is who does not say so.
ANONYMOUS: tuple[()] = ()

_log = Logger()


@implementer(ICredentialsChecker)
class AllowAnonymousAccess:
    """Lets anybody in, as `ANONYMOUS`."""

    credentialInterfaces = (IAnonymous,)

    def requestAvatarId(self, credentials: Any) -> Deferred[tuple[()]]:
        """Let in."""
        return succeed(ANONYMOUS)


def _nameIfRight(matched: bool, username: bytes) -> bytes:
    if not matched:
        raise error.UnauthorizedLogin()
    return username


@implementer(ICredentialsChecker)
class InMemoryUsernamePasswordDatabaseDontUse:
    """
    Users and their passwords, in a dictionary: for tests and examples.

    @ivar users: the passwords by name.
    """

    credentialInterfaces = (IUsernamePassword, IUsernameHashedPassword)

    def __init__(self, **users: bytes) -> None:
        self.users: dict[Any, Any] = {name.encode("ascii"): word for name, word in users.items()}

    def addUser(self, username: bytes, password: bytes) -> None:
        """Add a user."""
        self.users[username] = password

    def requestAvatarId(self, credentials: Any) -> Deferred[bytes]:
        """Compare with the user's password."""
        name = credentials.username
        password = self.users.get(name, self.users.get(inBytes(name)))
        if password is None:
            return fail(error.UnauthorizedLogin())
        return maybeDeferred(credentials.checkPassword, password).addCallback(_nameIfRight, name)


@implementer(ICredentialsChecker)
class FilePasswordDB:
    """
    A file with one user in each line, read again for each login unless it is cached.

    If the passwords in it are hashed by a function of the caller's, only plain passwords can be
    checked, since nothing else can be hashed the same way. For hashes with a salt, use a
    `HashedPasswordFile`.

    @ivar cache: whether the file is kept in memory until it changes.
    """

    cache = False
    _cached: tuple[tuple[int, int, int], dict[bytes, tuple[bytes, bytes]]] | None = None

    def __init__(
        self,
        filename: str | os.PathLike[str],
        delim: bytes = b":",
        usernameField: int = 0,
        passwordField: int = 1,
        caseSensitive: bool = True,
        hash: Callable[[bytes, bytes, bytes], bytes] | None = None,
        cache: bool = False,
    ) -> None:
        """
        @param filename: the file.
        @param delim: what separates the fields of a line.
        @param usernameField: which of them is the name, from 0.
        @param passwordField: which of them is the password, or the hash of it.
        @param caseSensitive: whether C{A} and C{a} are different users.
        @param hash: gets the name, the password that was given, and what the file says; gives what
            the file would say if the password is right.
        @param cache: whether to keep the file in memory until it changes.
        """
        self.filename = filename
        self.delim = delim
        self.ufield = usernameField
        self.pfield = passwordField
        self.caseSensitive = caseSensitive
        self.hash = hash
        self.cache = cache
        self.credentialInterfaces: tuple[Any, ...] = (
            (IUsernamePassword,) if hash else (IUsernamePassword, IUsernameHashedPassword)
        )

    def __getstate__(self) -> dict[str, Any]:
        state = dict(vars(self))
        state.pop("_cached", None)
        return state

    def _loadCredentials(self) -> Iterator[tuple[bytes, bytes]]:
        """
        The users in the file and their passwords.

        @raise UnauthorizedLogin: if it cannot be read.
        """
        try:
            with open(self.filename, "rb") as file:
                for line in file:
                    fields = line.rstrip(b"\r\n").split(self.delim)
                    if len(fields) <= max(self.ufield, self.pfield):
                        continue
                    yield self._folded(fields[self.ufield]), fields[self.pfield]
        except OSError as problem:
            _log.error(
                "Nobody can log in: {file} cannot be read: {problem}",
                file=self.filename,
                problem=problem,
            )
            raise error.UnauthorizedLogin() from problem

    def _folded(self, username: bytes) -> bytes:
        return username if self.caseSensitive else username.lower()

    def getUser(self, username: bytes) -> tuple[bytes, bytes]:
        """
        Look for a user.

        @return: the name and what the file says of the password.
        @raise KeyError: if there is no such user.
        """
        wanted = self._folded(username)
        if self.cache:
            return self._kept()[wanted]
        for name, password in self._loadCredentials():
            if name == wanted:
                return name, password
        raise KeyError(wanted)

    def _kept(self) -> dict[bytes, tuple[bytes, bytes]]:
        try:
            status = os.stat(self.filename)
            now = (status.st_mtime_ns, status.st_size, status.st_ino)
        except OSError:
            now = (0, 0, 0)
        if self._cached is None or self._cached[0] != now:
            users: dict[bytes, tuple[bytes, bytes]] = {}
            for name, password in self._loadCredentials():
                users.setdefault(name, (name, password))
            self._cached = (now, users)
        return self._cached[1]

    def requestAvatarId(self, credentials: Any) -> Deferred[bytes]:
        """Compare with what the file says."""
        try:
            name, password = self.getUser(credentials.username)
        except (KeyError, error.UnauthorizedLogin):
            return fail(error.UnauthorizedLogin())
        given: Any = IUsernamePassword(credentials, None)
        if self.hash is None:
            matched = maybeDeferred(credentials.checkPassword, password)
        elif given is not None:
            hashed = self.hash(given.username, given.password, password)
            matched = succeed(same(hashed, password))
        else:
            return fail(error.UnhandledCredentials())
        return matched.addCallback(_nameIfRight, name)


OnDiskUsernamePasswordDatabase = FilePasswordDB


class HashedPasswordFile(ThreadedPasswordChecker):
    """
    A file with lines of a name, a colon, and a hash as `twisted.cred.passwords` makes and knows it.

    Hashes are compared in a thread, a few at a time, for they take long on purpose. Somebody who is
    not in the file has to wait as long as somebody who is.
    """

    def __init__(self, filename: str | os.PathLike[str], reactor: Any = None) -> None:
        super().__init__(reactor)
        self._file = FilePasswordDB(filename, cache=True)
        self._nobody: str | None = None

    def _check(self, username: bytes, password: bytes) -> bool:
        try:
            hashed, known = self._file.getUser(username)[1].decode("utf-8", "replace"), True
        except KeyError:
            hashed, known = self._anyHash(), False
        try:
            return verifyPassword(password, hashed) and known
        except UnknownScheme as problem:
            _log.error(
                "{user} cannot log in: {problem}", user=username, problem=problem, file=self._file
            )
            return False

    def _anyHash(self) -> str:
        """A hash for those who are not in the file, of the scheme of those who are."""
        for _, hashed in self._file._kept().values():
            return hashed.decode("utf-8", "replace")
        if self._nobody is None:
            self._nobody = hashPassword(b"")
        return self._nobody


class PAMChecker(ThreadedPasswordChecker):
    """
    Asks the Pluggable Authentication Modules of the system, in a thread.

    Needs ``twisted-core[unix]``, and usually to be run as root.
    """

    def __init__(self, service: str = "login", reactor: Any = None) -> None:
        """
        @param service: the name of a file in ``/etc/pam.d``.
        @raise ImportError: if python-pam is not installed.
        """
        super().__init__(reactor)
        import pam

        self._pam = pam
        self._service = service

    def _check(self, username: bytes, password: bytes) -> bool:
        # An object for each login: it keeps the result of the last.
        return bool(
            self._pam.PamAuthenticator().authenticate(
                username.decode("utf-8", "replace"),
                password.decode("utf-8", "replace"),
                service=self._service,
                resetcreds=False,
            )
        )
