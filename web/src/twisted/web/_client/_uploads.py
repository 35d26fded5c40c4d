"""Bodies of requests: forms with files, and whatever a program makes as it goes."""

from __future__ import annotations

import mimetypes
import os
import re
import secrets
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any, TypeAlias

from zope.interface import implementer

from twisted.internet.defer import Deferred
from twisted.internet.task import Cooperator
from twisted.python.failure import Failure
from twisted.web._client._bodies import FileBodyProducer
from twisted.web._client._target import Fields, fieldPairs
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer

__all__ = ["Files", "IterableBodyProducer", "PiecesBodyProducer", "multipartForm"]

#: A file of a form: its content; or its name, its content and, if need be, its type.
Upload: TypeAlias = Any
Files: TypeAlias = Mapping[str, Upload] | Iterable[tuple[str, Upload]]

_LONE_LINE_END = re.compile(r"\r(?!\n)|(?<!\r)\n")
_ESCAPES = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


class _Pieces:
    """
    Pieces, each of them bytes or a file, read as one file.

    @ivar length: how many bytes there are, or `UNKNOWN_LENGTH`.
    """

    def __init__(self, pieces: Sequence[Any]) -> None:
        self._pieces = pieces
        extents = [_extent(piece) for piece in pieces]
        self._starts = [start for start, _ in extents]
        sizes = [size for _, size in extents if size is not None]
        self.length: Any = sum(sizes) if len(sizes) == len(extents) else UNKNOWN_LENGTH
        self._at = self._offset = 0

    def read(self, size: int) -> bytes:
        """
        Read what comes next.

        @raise TypeError: if a file gives text.
        """
        while self._at < len(self._pieces):
            piece = self._pieces[self._at]
            if isinstance(piece, bytes):
                data = piece[self._offset : self._offset + size]
                self._offset += len(data)
            else:
                data = piece.read(size)
            if data:
                if not isinstance(data, bytes):
                    raise TypeError(f"{piece!r} gives text; open it in binary mode")
                return data
            self._at += 1
            self._offset = 0
        return b""

    def rewind(self) -> bool:
        """Go back to the beginning; gives whether that can be done."""
        if None in self._starts:
            return False
        for piece, start in zip(self._pieces, self._starts, strict=True):
            if not isinstance(piece, bytes):
                piece.seek(start)
        self._at = self._offset = 0
        return True

    def close(self) -> None:
        """Files are closed by whoever has opened them."""


def _extent(piece: Any) -> tuple[int | None, int | None]:
    """Where a piece begins and how long it is, as far as that can be known."""
    if isinstance(piece, bytes):
        return 0, len(piece)
    try:
        start = piece.tell()
        end = piece.seek(0, os.SEEK_END)
        piece.seek(start)
    except (AttributeError, OSError):
        return None, None
    return start, end - start


class PiecesBodyProducer(FileBodyProducer):
    """
    Pieces, each of them bytes or a file, as the body of a request.

    Unlike another `FileBodyProducer` it leaves files open, and can be used more than once.
    """

    def __init__(self, pieces: Sequence[Any], reactor: Any) -> None:
        self._whole = _Pieces(pieces)
        cooperator = Cooperator(scheduler=lambda call: reactor.callLater(0, call))
        super().__init__(self._whole, cooperator)

    @staticmethod
    def _findLength(file: _Pieces) -> Any:
        return file.length

    def rewind(self) -> bool:
        """Make ready to be sent once more; gives whether that can be done."""
        return self._whole.rewind()


def _quoted(name: str) -> str:
    """
    A name as browsers write it in a form (the HTML standard, "multipart/form-data encoding
    algorithm").
    """
    return _LONE_LINE_END.sub("\r\n", name).translate(_ESCAPES)


def _upload(upload: Upload) -> tuple[str, Any, str]:
    """
    The name, the content and the type of a file.

    @raise TypeError: if something is none of the things that stand for a file.
    """
    name = kind = None
    content = upload
    if isinstance(upload, tuple):
        name, content, *rest = upload
        kind = rest[0] if rest else None
    if isinstance(content, str):
        content = content.encode("utf-8")
    if not isinstance(content, bytes) and not hasattr(content, "read"):
        raise TypeError(f"a file of a form is bytes or something to read from, not {content!r}")
    if name is None:
        path = getattr(content, "name", None)
        name = PurePath(path).name if isinstance(path, str) else "file"
    if kind is None:
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return name, content, kind


def multipartForm(fields: Fields, files: Files) -> tuple[list[Any], bytes]:
    """
    A form of type ``multipart/form-data`` (RFC 7578).

    @return: its pieces, each bytes or a file, and the value of ``Content-Type``.
    @raise TypeError: if something is no file.
    @raise ValueError: if a line break or NUL is in a type.
    """
    boundary = "----" + secrets.token_hex(16)
    pieces: list[Any] = []

    def add(head: str, content: Any) -> None:
        pieces.append(f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode())
        pieces.extend((content, b"\r\n"))

    for name, value in fieldPairs(fields):
        if isinstance(value, str):
            value = _LONE_LINE_END.sub("\r\n", value).encode()
        add(f'name="{_quoted(name)}"', value)
    for name, upload in files.items() if isinstance(files, Mapping) else files:
        filename, content, kind = _upload(upload)
        if not kind.isprintable():
            raise ValueError(f"not a type of content: {kind!r}")
        add(
            f'name="{_quoted(name)}"; filename="{_quoted(filename)}"\r\nContent-Type: {kind}',
            content,
        )
    pieces.append(f"--{boundary}--\r\n".encode())
    return _joined(pieces), f"multipart/form-data; boundary={boundary}".encode()


def _joined(pieces: list[Any]) -> list[Any]:
    """The same pieces, with bytes beside one another in one."""
    joined: list[Any] = []
    for piece in pieces:
        if joined and isinstance(piece, bytes) and isinstance(joined[-1], bytes):
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined


@implementer(IBodyProducer)
class IterableBodyProducer:
    """
    Pieces that a program makes as it goes, as the body of a request: no faster than they are sent.

    @ivar length: `UNKNOWN_LENGTH`.
    """

    length = UNKNOWN_LENGTH

    def __init__(self, pieces: Iterable[bytes] | AsyncIterable[bytes]) -> None:
        self._pieces = pieces
        self._paused: Deferred[None] | None = None
        self._stopped = False
        self._running: Deferred[None] | None = None

    def startProducing(self, consumer: Any) -> Deferred[None]:
        """
        Write the pieces to a consumer.

        @return: fires when all are written, or fails if making them does.
        """
        self._running = Deferred.fromCoroutine(self._run(consumer))
        return self._running.addErrback(self._unlessStopped)

    def _unlessStopped(self, failure: Failure) -> Any:
        return Deferred() if self._stopped else failure

    async def _run(self, consumer: Any) -> None:
        async for piece in _asynchronously(self._pieces):
            consumer.write(piece)
            if self._paused is not None:
                await self._paused

    def pauseProducing(self) -> None:
        """Write nothing until `resumeProducing`."""
        if self._paused is None:
            self._paused = Deferred()

    def resumeProducing(self) -> None:
        """Write again."""
        paused, self._paused = self._paused, None
        if paused is not None:
            paused.callback(None)

    def stopProducing(self) -> None:
        """Write no more."""
        self._stopped = True
        if self._running is not None:
            self._running.cancel()


async def _asynchronously(
    pieces: Iterable[bytes] | AsyncIterable[bytes],
) -> AsyncIterator[bytes]:
    if isinstance(pieces, AsyncIterable):
        async for piece in pieces:
            yield piece
    else:
        for piece in pieces:
            yield piece
