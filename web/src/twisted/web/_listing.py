"""Listings of directories."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any
from urllib.parse import quote, unquote

from twisted.python.filepath import FilePath
from twisted.web import resource
from twisted.web._look import FOOT, HEAD
from twisted.web._mime import contentTypes as _contentTypes
from twisted.web._mime import formatFileSize, getTypeAndEncoding


class DirectoryLister(resource.Resource):
    """
    A page with links to what is in a directory.

    @cvar template: the page, to be filled in with ``header``, ``tableContent`` and ``parent``, a
        link to the directory above.
    @cvar linePattern: a row of it, with ``class``, ``href``, ``text``, ``size``, ``type`` and
        ``encoding``.
    """

    __module__ = "twisted.web.static"

    template = (
        HEAD.replace("%", "%%").replace("TITLE", "%(header)s")
        + """\
<h1>%(header)s</h1>
%(parent)s<table aria-label="%(header)s">
<thead>
<tr>
    <th scope="col">Name</th>
    <th scope="col">Size</th>
    <th scope="col">Type</th>
    <th scope="col">Encoding</th>
</tr>
</thead>
<tbody>
%(tableContent)s
</tbody>
</table>
"""
        + FOOT
    )

    linePattern = """\
<tr class="%(class)s">
    <td><a href="%(href)s">%(text)s</a></td>
    <td>%(size)s</td>
    <td>%(type)s</td>
    <td>%(encoding)s</td>
</tr>
"""

    def __init__(
        self,
        pathname: str,
        dirs: Iterable[str] | None = None,
        contentTypes: Mapping[str, str] = _contentTypes,
        contentEncodings: Mapping[str, str] = {".gz": "gzip", ".bz2": "bzip2"},
        defaultType: str = "text/html",
    ) -> None:
        """
        @param pathname: the directory.
        @param dirs: the names to list; by default all that is in it.
        """
        resource.Resource.__init__(self)
        self.path = pathname
        self.dirs = dirs
        self.contentTypes = contentTypes
        self.contentEncodings = contentEncodings
        self.defaultType = defaultType

    def __repr__(self) -> str:
        return f"<DirectoryLister of {self.path!r}>"

    __str__ = __repr__

    def _entry(self, name: str) -> dict[str, Any] | None:
        """What a row says of a name, or None if nothing is behind it."""
        path = FilePath(self.path).child(name)
        if path.isdir():
            return {"name": name + "/", "size": "", "type": "[Directory]", "encoding": ""}
        if not path.exists():
            return None
        kind, encoding = getTypeAndEncoding(
            name, self.contentTypes, self.contentEncodings, self.defaultType
        )
        return {
            "name": name,
            "size": formatFileSize(path.getsize()),
            "type": f"[{kind}]",
            "encoding": f"[{encoding}]" if encoding else "",
        }

    def _rows(self, names: Iterable[str]) -> str:
        """The rows; directories come first."""
        entries = [entry for entry in map(self._entry, sorted(names)) if entry is not None]
        entries.sort(key=lambda entry: entry["type"] != "[Directory]")
        return "".join(
            self.linePattern
            % {
                "class": "even" if number % 2 else "odd",
                "href": escape(quote(os.fsencode(entry["name"]))),
                "text": escape(_readable(entry["name"])),
                "size": entry["size"],
                "type": escape(entry["type"]),
                "encoding": escape(entry["encoding"]),
            }
            for number, entry in enumerate(entries)
        )

    def render(self, request: Any) -> bytes:
        """The page."""
        request.setHeader(b"content-type", b"text/html; charset=utf-8")
        names = os.listdir(self.path) if self.dirs is None else self.dirs
        path = unquote(request.uri.partition(b"?")[0].decode("iso-8859-1"))
        page = self.template % {
            "header": escape("Directory listing for " + path),
            "tableContent": self._rows(names).rstrip("\n") or _EMPTY,
            "parent": _PARENT if path.strip("/") else "",
        }
        return page.encode("utf-8", "replace")


_EMPTY = '<tr>\n    <td colspan="4" class="empty">There is nothing here.</td>\n</tr>'
_PARENT = '<nav aria-label="Above"><p class="up"><a href="../">Parent directory</a></p></nav>\n'


def _readable(name: str) -> str:
    """A name for people: bytes that are not UTF-8 are replaced."""
    return os.fsencode(name).decode("utf-8", "replace")
