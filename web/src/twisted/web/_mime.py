"""What kinds of files there are."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Callable, Iterable, Mapping

#: Types that the system's lists may lack.
_MORE_TYPES = {
    ".conf": "text/plain",
    ".diff": "text/plain",
    ".flac": "audio/x-flac",
    ".java": "text/plain",
    ".log": "text/plain",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".ogg": "audio/ogg",
    ".patch": "text/plain",
    ".wasm": "application/wasm",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}


def loadMimeTypes(
    mimetype_locations: Iterable[str] | None = None,
    init: Callable[..., object] = mimetypes.init,
) -> dict[str, str]:
    """
    The types of files by their extensions.

    @param mimetype_locations: files to read them from, beside those of the system.
    """
    init(mimetype_locations)
    return {**mimetypes.types_map, **_MORE_TYPES}


contentTypes = loadMimeTypes()


def getTypeAndEncoding(
    filename: str, types: Mapping[str, str], encodings: Mapping[str, str], defaultType: str
) -> tuple[str, str | None]:
    """
    The type and the encoding of a file, by its extensions.

    @param types: types by extensions.
    @param encodings: encodings by extensions that may follow.
    @param defaultType: given if there is none for its extension.
    """
    rest, extension = os.path.splitext(filename)
    extension = extension.lower()
    encoding = encodings.get(extension)
    if encoding is not None:
        extension = os.path.splitext(rest)[1].lower()
    return types.get(extension, defaultType), encoding


def formatFileSize(size: int) -> str:
    """A size in bytes for people, rounded down: ``976K``."""
    for shift, unit in ((0, "B"), (10, "K"), (20, "M")):
        if size < 1 << shift + 10:
            return f"{size >> shift}{unit}"
    return f"{size >> 30}G"
