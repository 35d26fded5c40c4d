"""Files that forms bring."""

from __future__ import annotations

import os
import re
import shutil
from tempfile import SpooledTemporaryFile
from typing import IO

#: Files above this many bytes are kept on the disk.
KEPT_IN_MEMORY = 100_000

_SEPARATORS = re.compile(r"[/\\]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


def bare_name(name: str) -> str:
    """
    The last part of a path, of either kind, without controls; empty if nothing good is left.
    """
    last = _CONTROLS.sub("", _SEPARATORS.split(name)[-1]).strip()
    return "" if last in (".", "..") else last


class UploadedFile:
    """
    A file that a form brought; it is gone when the request is over.

    @ivar name: what the form calls it.
    @ivar filename: how the client called the file, without folders; it may be empty, and still is
        nothing to trust: two clients may use the same.
    @ivar contentType: what the client says that is in it.
    @ivar file: what is in it, from the beginning.
    @ivar size: in bytes.
    """

    __module__ = "twisted.web.http"

    def __init__(self, name: bytes, filename: str, contentType: str) -> None:
        self.name = name
        self.filename = bare_name(filename)
        self.contentType = contentType
        self.file: IO[bytes] = SpooledTemporaryFile(max_size=KEPT_IN_MEMORY)  # noqa: SIM115
        self.size = 0

    def __repr__(self) -> str:
        return f"<UploadedFile {self.filename!r} of {self.size} bytes>"

    def content(self) -> bytes:
        """All that is in it."""
        self.file.seek(0)
        data = self.file.read()
        self.file.seek(0)
        return data

    def save(self, path: str | os.PathLike[str]) -> None:
        """
        Write it to a new file.  For large ones do this in a thread.

        @raise FileExistsError: if there is one of that name.
        """
        self.file.seek(0)
        with open(path, "xb") as target:
            shutil.copyfileobj(self.file, target)
        self.file.seek(0)
