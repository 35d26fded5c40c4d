"""
Objects kept in files, and read back when the program starts again.

A pickle runs whatever whoever wrote it liked: files that another user could have written are not
loaded.
"""

from __future__ import annotations

import os
import pickle
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from zope.interface import Interface, implementer

from twisted.logger import Logger
from twisted.persisted import styles
from twisted.python.runtime import platformType

__all__ = [
    "IPersistable",
    "InsecureFile",
    "Persistant",
    "Persistent",
    "guessType",
    "load",
    "loadValueFromFile",
]

_log = Logger()


class InsecureFile(Exception):
    """Another user could have written to a file, or put another one in its place."""


class IPersistable(Interface):
    """Something that can be kept in a file."""

    def setStyle(style: str) -> None:
        """
        Choose how it is kept.

        @param style: ``pickle`` or ``source``.
        """

    def save(
        tag: str | None = None, filename: str | None = None, passphrase: object = None
    ) -> None:
        """
        Write it to a file.

        @param tag: what is added to its name to name the file.
        @param filename: the name of the file instead.
        @param passphrase: not supported any more.
        """


_EXTENSIONS = {"pickle": "tap", "source": "tas"}


@implementer(IPersistable)
class Persistent:
    """
    Keeps an object in a file.

    @ivar original: the object.
    @ivar name: the beginning of the name of the file.
    @ivar style: ``pickle`` or ``source``.
    """

    style = "pickle"

    def __init__(self, original: Any, name: str) -> None:
        self.original = original
        self.name = name

    def setStyle(self, style: str) -> None:
        """Choose how it is kept: ``pickle`` or ``source``."""
        self.style = style

    def _getFilename(self, filename: str | None, ext: str, tag: str | None) -> tuple[str, str]:
        """The name of the file, and one to write to before."""
        if filename:
            return filename, f"{filename}-2"
        if tag:
            return f"{self.name}-{tag}.{ext}", f"{self.name}-{tag}-2.{ext}"
        return f"{self.name}.{ext}", f"{self.name}-2.{ext}"

    def save(
        self, tag: str | None = None, filename: str | None = None, passphrase: object = None
    ) -> None:
        """
        Write it to a file, which is there whole or not at all, and only for this user.

        @raise TypeError: if a passphrase is given.
        @raise ValueError: if the style is unknown.
        """
        if passphrase is not None:
            raise TypeError("passphrase must be None")
        if self.style not in _EXTENSIONS:
            raise ValueError(f"{self.style!r} is not a style")
        final, temporary = self._getFilename(filename, _EXTENSIONS[self.style], tag)
        _log.info("Saving {name} application to {final}...", name=self.name, final=final)
        # A new file, not what somebody may have put or linked there.
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            if self.style == "source":
                from twisted.persisted.aot import jellyToSource

                file.write(jellyToSource(self.original).encode("utf-8"))
            else:
                pickle.dump(self.original, file, 2)
        os.replace(temporary, final)
        _log.info("Saved.")


# The name was spelt so for years.
Persistant = Persistent


class _EverythingEphemeral(styles.Ephemeral):
    """Stands for the main module while an object is loaded, whose classes may be in it."""

    initRun = 0

    def __init__(self, mainMod: Any) -> None:
        self.mainMod = mainMod

    def __getattr__(self, key: str) -> Any:
        try:
            return getattr(self.mainMod, key)
        except AttributeError:
            if self.initRun:
                raise
            _log.warn("Warning!  Loading from __main__: {key}", key=key)
            return styles.Ephemeral()


@contextmanager
def _mainStandIn() -> Iterator[None]:
    main = sys.modules["__main__"]
    standIn = _EverythingEphemeral(main)
    sys.modules["__main__"] = standIn  # type: ignore[assignment]
    standIn.initRun = 1
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _isPrivate(gid: int) -> bool:
    """Whether a group is this user's alone: it has the same name, and no other members."""
    import grp
    import pwd

    try:
        name = pwd.getpwuid(os.geteuid()).pw_name
        group = grp.getgrgid(gid)
    except KeyError:
        return False
    return group.gr_name == name and set(group.gr_mem) <= {name}


def requireSecure(filename: str) -> None:
    """
    See that nobody but this user, and root, could have written a file.

    @raise InsecureFile: otherwise.
    @raise OSError: if there is no such file.
    """
    if platformType != "posix":
        return
    path = os.path.realpath(filename)
    for place in (path, os.path.dirname(path)):
        status = os.stat(place)
        if status.st_uid not in (0, os.geteuid()):
            raise InsecureFile(f"{place} belongs to another user: it is not loaded")
        writers = stat.S_IWOTH if _isPrivate(status.st_gid) else stat.S_IWOTH | stat.S_IWGRP
        sticky = stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX
        if status.st_mode & writers and not sticky:
            raise InsecureFile(f"other users can write to {place}: it is not loaded")


def load(filename: str, style: str) -> Any:
    """
    Read an object from a file.

    @param style: ``pickle`` or ``source``.
    @raise InsecureFile: if another user could have written it.
    @raise ValueError: if the style is unknown.
    """
    readers: dict[str, Callable[[Any], Any]] = {"pickle": pickle.load, "source": _loadSource}
    if style not in readers:
        raise ValueError(f"{style!r} is not a style")
    requireSecure(filename)
    with _mainStandIn(), open(filename, "rb") as file:
        value = readers[style](file)
    styles.doUpgrade()
    persistable = IPersistable(value, None)
    if persistable is not None:
        persistable.setStyle(style)
    return value


def _loadSource(file: Any) -> Any:
    from twisted.persisted.aot import unjellyFromSource

    return unjellyFromSource(file.read().decode("utf-8"))


def loadValueFromFile(filename: str, variable: str) -> Any:
    """
    Run a file of Python, and give the value of one of its variables.

    @raise KeyError: if it has no such variable.
    """
    with open(filename, "rb") as file:
        code = compile(file.read(), filename, "exec")
    namespace = {"__file__": filename}
    exec(code, namespace, namespace)
    return namespace[variable]


def guessType(filename: str) -> str:
    """How an object is kept in a file, by the extension of its name."""
    extension = os.path.splitext(filename)[1]
    return {
        ".tac": "python",
        ".etac": "python",
        ".py": "python",
        ".tap": "pickle",
        ".etap": "pickle",
        ".tas": "source",
        ".etas": "source",
    }[extension]
