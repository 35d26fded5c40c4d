"""
Resources in files of Python: ``.rpy`` files define ``resource``, and ``.epy`` files write.

Such files run with all rights of the server: only those who may change the server may write them.
"""

from __future__ import annotations

import os
from typing import Any

from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.python.filepath import FilePath
from twisted.web import http, resource, server, static
from twisted.web.pages import errorPage, notFound
from twisted.web.util import formatFailure

__all__ = [
    "AlreadyCached",
    "CacheScanner",
    "PythonScript",
    "ResourceScript",
    "ResourceScriptDirectory",
    "ResourceScriptWrapper",
    "ResourceTemplate",
    "noRsrc",
    "rpyNoResource",
]

_log = Logger()

rpyNoResource = """<p>You forgot to assign to the variable "resource" in your script.
For example:</p>
<pre>
# MyCoolWebApp.rpy

import mygreatresource

resource = mygreatresource.MyGreatResource()
</pre>
"""


class AlreadyCached(Exception):
    """A script says that what it has made before is still good."""


class CacheScanner:
    """
    What a script calls to have its resource kept.

    @ivar doCache: whether `cache` was called.
    """

    def __init__(self, path: str, registry: Any) -> None:
        self.path = path
        self.registry = registry
        self.doCache = 0

    def cache(self) -> None:
        """
        Have the resource kept.

        @raise AlreadyCached: if it is.
        """
        found = self.registry.getCachedPath(self.path)
        if found is not None:
            raise AlreadyCached(found)
        self.recache()

    def recache(self) -> None:
        """Have the resource kept instead of what was kept before."""
        self.doCache = 1


noRsrc = errorPage(500, "Whoops! Internal Error", "A script defines no resource.")


def _text(path: Any) -> str:
    return os.fsdecode(path)


def ResourceScript(path: Any, registry: Any) -> Any:
    """
    The resource that a file defines.

    @param registry: a `twisted.web.static.Registry`.
    """
    path = _text(path)
    scanner = CacheScanner(path, registry)
    names: dict[str, Any] = {
        "__file__": path,
        "resource": noRsrc,
        "registry": registry,
        "cache": scanner.cache,
        "recache": scanner.recache,
    }
    try:
        _run(path, names)
    except AlreadyCached as kept:
        return kept.args[0]
    made = names["resource"]
    if scanner.doCache and made is not noRsrc:
        registry.cachePath(path, made)
    return made


def _run(path: str, names: dict[str, Any]) -> None:
    """Run a file of Python."""
    with open(path, "rb") as file:
        exec(compile(file.read(), path, "exec"), names)


def ResourceTemplate(path: Any, registry: Any) -> Any:
    """The resource that a file defines in the language of Quixote's templates."""
    from quixote import ptl_compile  # type: ignore[import-not-found]

    names: dict[str, Any] = {
        "__file__": _text(path),
        "resource": errorPage(500, "Whoops! Internal Error", rpyNoResource),
        "registry": registry,
    }
    with open(path) as file:
        exec(ptl_compile.compile_template(file, path), names)
    return names["resource"]


class ResourceScriptWrapper(resource.Resource):
    """A resource that is defined anew by a file for each request."""

    def __init__(self, path: Any, registry: Any = None) -> None:
        """
        @param path: the file.
        """
        resource.Resource.__init__(self)
        self.path = path
        self.registry = registry or static.Registry()

    def render(self, request: Any) -> Any:
        """Have the resource render."""
        return ResourceScript(self.path, self.registry).render(request)

    def getChildWithDefault(self, path: bytes, request: Any) -> Any:
        """A child of the resource, or that itself if it is a leaf."""
        made = ResourceScript(self.path, self.registry)
        if made.isLeaf and request.prepath:
            request.postpath.insert(0, request.prepath.pop())
            return made
        return made.getChildWithDefault(path, request)


class ResourceScriptDirectory(resource.Resource):
    """A directory whose ``.rpy`` files are resources; nothing else in it is served."""

    def __init__(self, pathname: Any, registry: Any = None) -> None:
        """
        @param pathname: the directory.
        """
        resource.Resource.__init__(self)
        self.path = pathname
        self.registry = registry or static.Registry()

    def getChild(self, path: Any, request: Any) -> Any:
        """The resource of a file."""
        name = _text(path)
        if name not in ("", ".", "..") and os.sep not in name and "\0" not in name:
            file = FilePath(_text(self.path)).child(name)
            if file.exists():
                return ResourceScript(file.path, self.registry)
        return notFound()

    def render(self, request: Any) -> Any:
        """Say that there is nothing here."""
        return notFound().render(request)


class PythonScript(resource.Resource):
    """
    A file of Python that writes the answer: it has the name ``request``.
    """

    isLeaf = True

    def __init__(self, filename: Any, registry: Any) -> None:
        resource.Resource.__init__(self)
        self.filename = filename
        self.registry = registry

    def render(self, request: Any) -> int:
        """Run the file; the answer is complete when it ends, unless it has a producer."""
        path = _text(self.filename)
        request.setHeader(b"x-powered-by", b"Twisted")
        names = {"request": request, "__file__": path, "registry": self.registry}
        try:
            _run(path, names)
        except OSError as problem:
            if problem.filename != path:
                self._failed(request)
            else:
                request.setResponseCode(http.NOT_FOUND)
                body = notFound("File not found.", "There is no such file.").render(request)
                request.write(body)
        except BaseException:
            self._failed(request)
        request.finish()
        return server.NOT_DONE_YET

    @staticmethod
    def _failed(request: Any) -> None:
        """Log what has gone wrong, and write it, which is what such files are made for."""
        failure = Failure()
        _log.failure("A script failed", failure=failure)
        request.write(formatFailure(failure))
