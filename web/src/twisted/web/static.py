"""Resources of files and of bytes."""

from __future__ import annotations

import errno
import os
import secrets
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from stat import S_ISLNK
from typing import IO, Any

from twisted.logger import Logger
from twisted.python.components import Componentized
from twisted.python.filepath import FilePath, InsecurePath, LinkError
from twisted.web import http, resource
from twisted.web._encoding import accepts
from twisted.web._http._incoming import path_and_query
from twisted.web._listing import DirectoryLister
from twisted.web._mime import contentTypes, formatFileSize, getTypeAndEncoding, loadMimeTypes
from twisted.web._ranges import content_range, parse_ranges
from twisted.web._staticproducers import (
    MultipleRangeStaticProducer,
    NoRangeStaticProducer,
    SingleRangeStaticProducer,
    StaticProducer,
)
from twisted.web.pages import notFound
from twisted.web.server import NOT_DONE_YET
from twisted.web.util import redirectTo

__all__ = [
    "ASISProcessor",
    "Data",
    "DirectoryLister",
    "File",
    "MultipleRangeStaticProducer",
    "NoRangeStaticProducer",
    "Redirect",
    "Registry",
    "SingleRangeStaticProducer",
    "StaticProducer",
    "addSlash",
    "dangerousPathError",
    "formatFileSize",
    "getTypeAndEncoding",
    "isDangerous",
    "loadMimeTypes",
]

_log = Logger()

#: Files beside others that are the same, but compressed; the first that a client takes counts.
_COMPRESSED = ((".br", b"br"), (".gz", b"gzip"))

_NOT_PLAIN = frozenset({"", os.curdir, os.pardir})

dangerousPathError = notFound(message="Invalid request URL.")


def isDangerous(path: bytes) -> bool:
    """Whether a segment leads up, or is more than one."""
    return path == b".." or b"/" in path or os.fsencode(os.sep) in path or b"\0" in path


class Data(resource.Resource):
    """Bytes of some type."""

    def __init__(self, data: bytes, type: str) -> None:
        """
        @param type: such as ``"text/plain; charset=utf-8"``.
        """
        resource.Resource.__init__(self)
        self.data = data
        self.type = type

    def render_GET(self, request: Any) -> bytes:
        """The bytes."""
        request.setHeader(b"content-type", self.type.encode("utf-8"))
        request.setHeader(b"content-length", b"%d" % len(self.data))
        return b"" if request.method == b"HEAD" else self.data

    render_HEAD = render_GET


def addSlash(request: Any) -> bytes:
    """The path that was asked for, with a slash at its end, and with its query."""
    path, query = path_and_query(bytes(request.uri))
    # Two slashes at the beginning would lead to another host; some clients read \\ as one.
    path = path.strip(b"/").replace(b"\\", b"%5C")
    return b"/" + (path + b"/" if path else b"") + (b"?" + query if query else b"")


class Redirect(resource.Resource):
    """Sends clients to the same path with a slash at its end."""

    def __init__(self, request: Any) -> None:
        resource.Resource.__init__(self)
        self.url = addSlash(request)

    def render(self, request: Any) -> bytes:
        """Send the client there."""
        return redirectTo(self.url, request)


class Registry(Componentized):
    """What processors of files share."""

    def __init__(self) -> None:
        Componentized.__init__(self)
        self._pathCache: dict[str, Any] = {}

    def cachePath(self, path: str, rsrc: Any) -> None:
        """Remember the resource of a path."""
        self._pathCache[path] = rsrc

    def getCachedPath(self, path: str) -> Any:
        """The resource of a path, or None."""
        return self._pathCache.get(path)


class File(resource.Resource, FilePath[str]):  # type: ignore[misc]
    """
    A file, or a directory with all that is below it.

    Nothing else is reached, whatever the path that a client asks for, unless a symbolic link leads
    there and `followLinksOutside` is set.

    @cvar contentTypes: types of files by extensions, in lower case.
    @cvar contentEncodings: encodings by extensions.
    @cvar processors: what makes resources of files, by extensions: called with a path and the
        registry.
    @cvar indexNames: files that stand for their directory.
    @cvar childNotFound: the resource for what is not there.
    @cvar forbidden: the resource for what may not be read.
    @cvar followLinksOutside: whether symbolic links may lead out of the directory.
    @ivar precompressed: whether ``a.txt.br`` or ``a.txt.gz``, if it is there, is sent in place of
        ``a.txt`` to clients that take that encoding.
    """

    contentTypes: Mapping[str, str] = contentTypes
    contentEncodings: Mapping[str, str] = {".gz": "gzip", ".bz2": "bzip2"}
    processors: Mapping[str, Callable[[str, Any], Any]] = {}
    indexNames: Sequence[str] = ["index", "index.html", "index.htm", "index.rpy"]
    childNotFound: Any = notFound(message="File not found.")
    forbidden: Any = resource._UnsafeForbiddenResource()
    followLinksOutside = False
    precompressed = False
    type: str | None = None
    encoding: str | None = None

    _root: str | None = None
    # Whether this was found to be below the root.
    _inside = False

    def __init__(
        self,
        path: str,
        defaultType: str = "text/html",
        ignoredExts: Sequence[str] | bool | int = (),
        registry: Registry | None = None,
        allowExt: bool | int = 0,
    ) -> None:
        """
        @param defaultType: the type of files whose extension tells none.
        @param ignoredExts: extensions that may be left out; ``"*"`` for any.
        @param registry: what processors share.
        @param allowExt: whether any extension may be left out.
        """
        resource.Resource.__init__(self)
        FilePath.__init__(self, path)
        self.defaultType = defaultType
        if isinstance(ignoredExts, int):
            warnings.warn("ignoredExts should receive a list, not a boolean", stacklevel=2)
            ignoredExts = ["*"] if ignoredExts else []
        self.ignoredExts = list(ignoredExts) or (["*"] if allowExt else [])
        self.registry = Registry() if registry is None else registry

    def ignoreExt(self, ext: str) -> None:
        """Let an extension be left out."""
        self.ignoredExts.append(ext)

    def createSimilarFile(self, path: str) -> File:
        """A resource of the same kind for another file."""
        made = self.__class__(path, self.defaultType, self.ignoredExts, self.registry)
        made.processors = self.processors
        made.indexNames = self.indexNames
        made.childNotFound = self.childNotFound
        made.forbidden = self.forbidden
        made.followLinksOutside = self.followLinksOutside
        made.precompressed = self.precompressed
        made._root = self._root or self.path
        return made

    def directoryListing(self) -> resource.Resource:
        """The resource for a directory without an index."""
        names = [
            name
            for name in self.listNames()
            if not self.child(name).islink() or self._isInside(self.child(name))
        ]
        return DirectoryLister(
            self.path, names, self.contentTypes, self.contentEncodings, self.defaultType
        )

    def _isInside(self, path: FilePath[str]) -> bool:
        """Whether a path leads to something below the root, with all links followed."""
        if self.followLinksOutside:
            return True
        known = self._inside or self._root is None
        if known and os.path.dirname(path.path) == self.path and not os.path.islink(path.path):
            return True
        try:
            real = os.path.realpath(path.path, strict=True)
        except (OSError, LinkError):
            return False
        root = os.path.realpath(self._root or self.path)
        return real == root or real.startswith(root.rstrip(os.sep) + os.sep)

    def getChild(self, path: bytes | str, request: Any) -> Any:
        """The resource of something in this directory, or one that says that it is not there."""
        try:
            name = path if isinstance(path, str) else path.decode("utf-8")
        except UnicodeDecodeError:
            return self.childNotFound
        if not self.isdir():
            self.restat(reraise=False)
            if not self.isdir():
                return self.childNotFound
        child = self._plainChild(name)
        if child is None:
            found = self._find(name)
            if found is None:
                return self.childNotFound
            if found is self:
                return self.directoryListing()
            child = found.path
        if self.processors:
            processor = self.processors.get(os.path.splitext(child)[1].lower())
            if processor is not None:
                return resource.IResource(processor(child, self.registry))
        made = self.createSimilarFile(child)
        if isinstance(made, File):
            made._inside = True
        return made

    def _plainChild(self, name: str) -> str | None:
        """
        The path of a child, or of the index, that is there under just this name, and is no link.

        That is what most requests are for; `_find` finds everything else.
        """
        if not (self._inside or self._root is None):
            return None
        for each in (name,) if name else self.indexNames:
            if "/" in each or "\0" in each or os.sep in each or each in _NOT_PLAIN:
                return None
            path = os.path.join(self.path, each)
            try:
                status = os.lstat(path)
            except OSError:
                continue
            return None if S_ISLNK(status.st_mode) else path
        return None

    def _find(self, name: str) -> FilePath[str] | None:
        """The path of a child; this, if there is no index; or None."""
        found: FilePath[str] | None
        if name:
            try:
                found = self.child(name)
            except InsecurePath:
                return None
            if not found.exists():
                found = found.siblingExtensionSearch(*self.ignoredExts)
        else:
            found = self.childSearchPreauth(*self.indexNames)
            if found is None:
                return self
        if found is None or not self._isInside(found):
            return None
        return found

    def openForReading(self) -> IO[bytes]:
        """
        Open the file.

        @raise OSError: if that is not possible.
        """
        return self.open()

    def getFileSize(self) -> int:
        """The size in bytes."""
        return self.getsize()

    def _setContentHeaders(self, request: Any, size: int | None = None) -> None:
        """Say how large the content is, and what."""
        if size is None:
            size = self.getFileSize()
        request.setHeader(b"content-length", b"%d" % size)
        if self.type:
            request.setHeader(b"content-type", self.type.encode("utf-8"))
        if self.encoding:
            request.setHeader(b"content-encoding", self.encoding.encode("utf-8"))

    def makeProducer(self, request: Any, fileForReading: IO[bytes]) -> StaticProducer:
        """
        What sends the file, or the parts that the client asks for; the headers are set here.
        """
        size = self.getFileSize()
        header = request.getHeader(b"range")
        parts = None
        if header is not None and self._isUnchanged(request):
            parts = parse_ranges(header, size)
        if parts is None:
            self._setContentHeaders(request)
            request.setResponseCode(http.OK)
            return NoRangeStaticProducer(request, fileForReading)
        if not parts:
            # RFC 9110, section 15.5.17.
            request.setResponseCode(http.REQUESTED_RANGE_NOT_SATISFIABLE)
            request.setHeader(b"content-range", b"bytes */%d" % size)
            self._setContentHeaders(request, 0)
            return SingleRangeStaticProducer(request, fileForReading, 0, 0)
        request.setResponseCode(http.PARTIAL_CONTENT)
        if len(parts) == 1:
            offset, length = parts[0]
            request.setHeader(b"content-range", content_range(offset, length, size))
            self._setContentHeaders(request, length)
            return SingleRangeStaticProducer(request, fileForReading, offset, length)
        return self._makeMultiple(request, fileForReading, parts, size)

    def _makeMultiple(
        self, request: Any, file: IO[bytes], parts: list[tuple[int, int]], size: int
    ) -> StaticProducer:
        """What sends several parts (RFC 9110, section 14.6)."""
        boundary = secrets.token_hex(16).encode("ascii")
        kind = (self.type or self.defaultType).encode("utf-8")
        information = [
            (
                b"\r\n--%b\r\nContent-type: %b\r\nContent-range: %b\r\n\r\n"
                % (boundary, kind, content_range(offset, length, size)),
                offset,
                length,
            )
            for offset, length in parts
        ]
        information.append((b"\r\n--" + boundary + b"--\r\n", 0, 0))
        total = sum(len(announcement) + length for announcement, _, length in information)
        self._setContentHeaders(request, total)
        request.setHeader(b"content-type", b'multipart/byteranges; boundary="%b"' % boundary)
        request.responseHeaders.removeHeader(b"content-encoding")
        return MultipleRangeStaticProducer(request, file, information)

    def _isUnchanged(self, request: Any) -> bool:
        """Whether the client's parts are still parts of this (RFC 9110, section 13.1.5)."""
        condition = request.getHeader(b"if-range")
        if condition is None or condition == self._etag():
            return True
        try:
            return http.stringToDatetime(condition) == int(self.getModificationTime())
        except ValueError:
            return False

    def _etag(self) -> bytes:
        """Which version of the content this is, as far as time and size tell."""
        return b'"%x-%x"' % (self._stat().st_mtime_ns, self.getsize())

    def render_GET(self, request: Any) -> bytes | int:
        """Send the file."""
        self.restat(False)
        if self.type is None:
            self.type, self.encoding = getTypeAndEncoding(
                self.basename(), self.contentTypes, self.contentEncodings, self.defaultType
            )
        known = self._root is None or (self._inside and not os.path.islink(self.path))
        if not self.exists() or not (known or self._isInside(self)):
            answer: bytes = self.childNotFound.render(request)
            return answer
        if self.isdir():
            return self.redirect(request)
        if not self.isfile():
            # Opening a pipe or a device may take for ever.
            answer = self.forbidden.render(request)
            return answer
        if self.precompressed and (found := self._compressed(request)) is not None:
            return found.render_GET(request)
        request.setHeader(b"accept-ranges", b"bytes")
        try:
            file = self.openForReading()
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EPERM):
                raise
            answer = self.forbidden.render(request)
            return answer
        return self._send(request, file)

    render_HEAD = render_GET

    def _compressed(self, request: Any) -> File | None:
        """What is beside this, the same but compressed, if the client takes it; or None."""
        request.responseHeaders.addRawHeader(b"vary", b"Accept-Encoding")
        if self.encoding:
            return None
        for extension, encoding in _COMPRESSED:
            beside: FilePath[str] = FilePath(self.path + extension)
            if accepts(request, encoding) and beside.isfile():
                if os.path.islink(beside.path) and not self._isInside(beside):
                    continue
                made = self.createSimilarFile(beside.path)
                made._inside = True
                made.precompressed = False
                made.type, made.encoding = self.type, encoding.decode("ascii")
                return made
        return None

    def _send(self, request: Any, file: IO[bytes]) -> bytes | int:
        """Send what is in the open file, unless the client has it or asks for its headers alone."""
        cached = request.setETag(self._etag()) is http.CACHED
        cached = request.setLastModified(self.getModificationTime()) is http.CACHED or cached
        if cached:
            file.close()
            return b""
        if request.method == b"HEAD":
            # A range says something about GET only (RFC 9110, section 14.2).
            file.close()
            self._setContentHeaders(request)
            request.write(b"")
            request.finish()
            return NOT_DONE_YET
        self.makeProducer(request, file).start()
        return NOT_DONE_YET

    def redirect(self, request: Any) -> bytes:
        """Send the client to the same path with a slash at its end."""
        return redirectTo(addSlash(request), request)

    def listNames(self) -> list[str]:  # type: ignore[override]
        """The names of what is in the directory."""
        return sorted(self.listdir()) if self.isdir() else []

    def listEntities(self) -> list[Any]:
        """Resources of what is in the directory."""
        return [self.createSimilarFile(self.child(name).path) for name in self.listNames()]


class ASISProcessor(resource.Resource):
    """Sends files that hold a head and a body, as they are; for `File.processors`."""

    def __init__(self, path: str, registry: Registry | None = None) -> None:
        resource.Resource.__init__(self)
        self.path = path
        self.registry = registry or Registry()

    def render(self, request: Any) -> bytes | int:
        """Send the file without a head of one's own."""
        request.startedWriting = 1
        return File(self.path, registry=self.registry).render(request)


#: Which kind of platform this is.
platformType = "posix" if os.name == "posix" else sys.platform
