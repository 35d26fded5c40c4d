"""Dictionaries of bytes, each value of which is a file in a folder."""

from __future__ import annotations

import base64
import glob
import os
import pickle
from collections.abc import Iterator
from typing import Any

from twisted.python.filepath import FilePath

__all__ = ["DirDBM", "Shelf", "open"]


class DirDBM:
    """
    A dictionary of bytes in a folder.

    A value is written to a new file that then takes the place of the old one: whoever reads, or
    starts again after the machine has failed, finds one or the other.

    @ivar dname: the path of the folder.
    """

    def __init__(self, name: bytes | str) -> None:
        """
        Open the folder, or make it; finish what was under way when the machine failed.

        @raise OSError: if that is not possible.
        """
        self.dname = os.path.abspath(os.fsencode(name))
        self._dnamePath = FilePath(self.dname)
        if not self._dnamePath.isdir():
            self._dnamePath.createDirectory()
            return
        for path in glob.glob(glob.escape(self.dname) + b"/*.new"):
            os.remove(path)
        for path in glob.glob(glob.escape(self.dname) + b"/*.rpl"):
            old = path[:-4]
            if os.path.exists(old):
                os.remove(path)
            else:
                os.rename(path, old)

    def _encode(self, k: bytes) -> bytes:
        """The name of the file of a key."""
        return base64.encodebytes(k).replace(b"\n", b"_").replace(b"/", b"-") or b"_"

    def _decode(self, k: bytes) -> bytes:
        """The key of the file of a name."""
        return base64.decodebytes(k.replace(b"_", b"\n").replace(b"-", b"/"))

    def _readFile(self, path: FilePath[bytes]) -> Any:
        with path.open() as file:
            return file.read()

    def _writeFile(self, path: FilePath[bytes], data: Any) -> None:
        with path.open("w") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def _path(self, key: bytes) -> FilePath[bytes]:
        if not isinstance(key, bytes):
            raise TypeError(f"keys of DirDBM are bytes, not {type(key).__name__}")
        return self._dnamePath.child(self._encode(key))

    def __len__(self) -> int:
        return len(self._dnamePath.listdir())

    def __setitem__(self, k: bytes, v: Any) -> None:
        """
        @raise TypeError: if the key or the value is of the wrong type.
        """
        path = self._path(k)
        self._checkValue(v)
        new = path.siblingExtension(b".rpl" if path.exists() else b".new")
        try:
            self._writeFile(new, v)
        except BaseException:
            new.remove()
            raise
        os.replace(new.path, path.path)

    def _checkValue(self, v: Any) -> None:
        if not isinstance(v, bytes):
            raise TypeError(f"values of DirDBM are bytes, not {type(v).__name__}")

    def __getitem__(self, k: bytes) -> Any:
        try:
            return self._readFile(self._path(k))
        except OSError:
            raise KeyError(k) from None

    def __delitem__(self, k: bytes) -> None:
        try:
            self._path(k).remove()
        except OSError:
            raise KeyError(k) from None

    def keys(self) -> Iterator[bytes]:
        """The keys."""
        return iter([self._decode(name) for name in self._dnamePath.listdir()])

    def values(self) -> Iterator[Any]:
        """The values."""
        return iter([self[key] for key in self.keys()])

    def items(self) -> Iterator[tuple[bytes, Any]]:
        """The keys and their values."""
        return iter([(key, self[key]) for key in self.keys()])

    def has_key(self, key: bytes) -> bool:
        """Whether there is a key."""
        return self._path(key).isfile()

    def setdefault(self, key: bytes, value: Any) -> Any:
        """The value of a key, which is set if it has none."""
        if key not in self:
            self[key] = value
            return value
        return self[key]

    def get(self, key: bytes, default: Any = None) -> Any:
        """The value of a key, or something else if it has none."""
        try:
            return self[key]
        except KeyError:
            return default

    def __contains__(self, key: bytes) -> bool:
        return self.has_key(key)

    def update(self, other: Any) -> None:
        """Set the values of another dictionary."""
        for key, value in other.items():
            self[key] = value

    def copyTo(self, path: bytes | str) -> DirDBM:
        """
        Copy everything to another folder, whose values are removed before.

        @return: the other dictionary.
        """
        path = os.path.abspath(os.fsencode(path))
        if path == self.dname:
            raise ValueError("a dictionary cannot be copied to itself")
        copied = self.__class__(path)
        copied.clear()
        for key in self.keys():
            copied[key] = self[key]
        return copied

    def clear(self) -> None:
        """Remove everything."""
        for key in self.keys():
            del self[key]

    def close(self) -> None:
        """Nothing: files are open only while they are read and written."""

    def getModificationTime(self, key: bytes) -> float:
        """
        When the value of a key was set last, in seconds since the epoch.

        @raise KeyError: if it has none.
        """
        path = self._path(key)
        if not path.isfile():
            raise KeyError(key)
        return path.getModificationTime()


class Shelf(DirDBM):
    """
    A dictionary of whatever can be pickled. Do not open folders that other users can write to: who
    writes a pickle decides what runs when it is read.
    """

    def _checkValue(self, v: Any) -> None:
        """Whatever can be pickled."""

    def __setitem__(self, k: bytes, v: Any) -> None:
        super().__setitem__(k, v)

    def _writeFile(self, path: FilePath[bytes], data: Any) -> None:
        super()._writeFile(path, pickle.dumps(data))

    def _readFile(self, path: FilePath[bytes]) -> Any:
        from twisted.persisted.sob import requireSecure

        requireSecure(os.fsdecode(path.path))
        return pickle.loads(super()._readFile(path))


def open(file: bytes | str, flag: object = None, mode: object = None) -> DirDBM:
    """
    Open a folder, for those who use modules of this kind.

    @param flag: of no use, as the following one.
    """
    return DirDBM(file)
