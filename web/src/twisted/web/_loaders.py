"""Templates from XML, and from tags."""

from __future__ import annotations

from html.entities import html5
from typing import IO, Any
from warnings import warn
from xml.parsers.expat import ExpatError, ParserCreate
from xml.sax import SAXParseException
from xml.sax.xmlreader import Locator

from zope.interface import implementer

from twisted.python.filepath import FilePath
from twisted.web._stan import CDATA, Comment, Tag, slot
from twisted.web.iweb import ITemplateLoader

__all__ = ["TEMPLATE_NAMESPACE", "TagLoader", "XMLFile", "XMLString"]

TEMPLATE_NAMESPACE = "http://twistedmatrix.com/ns/twisted.web.template/0.1"


class _At(Locator):
    """A place in a source."""

    def __init__(self, name: str | None, line: int, column: int) -> None:
        self._name, self._line, self._column = name, line, column

    def getSystemId(self) -> str | None:
        return self._name

    def getLineNumber(self) -> int:
        return self._line

    def getColumnNumber(self) -> int:
        return self._column


class _Builder:
    """
    Builds tags while a parser reads.

    Names stay as they are written; only those of the namespace for templates mean something.
    """

    def __init__(self, parser: Any, name: str | None) -> None:
        self.document: list[Any] = []
        self._parser = parser
        self._name = name
        # For each open element: what its content goes to, and the prefixes of the namespace in it.
        self._open: list[tuple[Any, frozenset[str]]] = []
        self._text: list[str] = []
        parser.buffer_text = True
        parser.ordered_attributes = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.CommentHandler = self._comment
        parser.StartCdataSectionHandler = self._startCDATA
        parser.EndCdataSectionHandler = self._endCDATA
        # Names of characters that HTML has and XML has not.
        parser.UseForeignDTD(True)
        parser.ExternalEntityRefHandler = lambda *_: 1
        parser.SkippedEntityHandler = self._entity

    def _add(self, node: Any) -> None:
        """Put something where the parser is."""
        (self._open[-1][0].children if self._open else self.document).append(node)

    def _flush(self) -> None:
        if self._text:
            self._add("".join(self._text))
            self._text.clear()

    def _start(self, name: str, flat: list[str]) -> None:
        self._flush()
        attributes: dict[Any, Any] = dict(zip(flat[::2], flat[1::2], strict=True))
        prefixes = self._prefixes(attributes)
        ours = {
            key.partition(":")[2]: attributes.pop(key)
            for key in list(attributes)
            if ":" in key and key.partition(":")[0] in prefixes
        }
        prefix, _, local = name.rpartition(":")
        if prefix in prefixes:
            made = self._directive(local, {**attributes, **ours})
        else:
            made = self._tag(name, attributes, ours.get("render"))
            self._add(made)
        self._open.append((made, prefixes))

    def _end(self, name: str) -> None:
        self._flush()
        self._open.pop()

    def _prefixes(self, attributes: dict[str, str]) -> frozenset[str]:
        """The prefixes that mean the namespace; their declarations are taken out."""
        prefixes = set(self._open[-1][1]) if self._open else set()
        for key in list(attributes):
            if key == "xmlns" or key.startswith("xmlns:"):
                prefix = key[6:]
                if attributes[key] == TEMPLATE_NAMESPACE:
                    prefixes.add(prefix)
                    del attributes[key]
                else:
                    prefixes.discard(prefix)
        return frozenset(prefixes)

    def _directive(self, name: str, attributes: dict[str, str]) -> Any:
        """
        Take an element of the namespace.

        @raise AssertionError: if an ``attr`` has no name, or no tag around it.
        """
        if name == "slot":
            made: Any = slot(attributes["name"], attributes.get("default"), *self._position())
            self._add(made)
            return made
        made = self._tag("", {}, attributes.get("render"))
        if name != "attr":
            self._add(made)
            return made
        if not self._open or "name" not in attributes:
            raise AssertionError(f"<{name}> needs a name and a tag around it")
        self._open[-1][0].attributes[attributes["name"]] = made
        return made

    def _position(self) -> tuple[str | None, int, int]:
        return self._name, self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber

    def _tag(self, name: str, attributes: dict[Any, Any], render: str | None) -> Tag:
        return Tag(name, attributes, [], render, *self._position())

    def _comment(self, text: str) -> None:
        self._flush()
        self._add(Comment(text))

    def _startCDATA(self) -> None:
        self._flush()

    def _endCDATA(self) -> None:
        self._add(CDATA("".join(self._text)))
        self._text.clear()

    def _entity(self, name: str, isParameter: bool) -> None:
        character = html5.get(f"{name};")
        if character is None:
            raise SAXParseException("undefined entity", None, _At(*self._position()))
        self._text.append(character)


def _parse(source: bytes, name: str | None) -> list[Any]:
    """
    The tags of a document of XML.

    @param name: what the source is called, or None.
    @raise SAXParseException: if it is not well-formed.
    """
    parser = ParserCreate()
    builder = _Builder(parser, name)
    try:
        parser.Parse(source, True)
    except ExpatError as problem:
        where = _At(name, problem.lineno, problem.offset)
        raise SAXParseException(str(problem), problem, where) from None
    return builder.document


@implementer(ITemplateLoader)
class TagLoader:
    """
    A template that is a tag, or whatever else documents consist of.

    @ivar tag: what it is.
    """

    def __init__(self, tag: Any) -> None:
        self.tag = tag

    def load(self) -> list[Any]:
        """The template."""
        return [self.tag]


@implementer(ITemplateLoader)
class XMLString:
    """A template in a string of XML; names in `TEMPLATE_NAMESPACE` mean something."""

    def __init__(self, s: str | bytes) -> None:
        """
        @raise SAXParseException: if it is not well-formed.
        """
        source = s.encode("utf-8") if isinstance(s, str) else s
        self._document = _parse(source, None)

    def load(self) -> list[Any]:
        """The template."""
        return self._document


@implementer(ITemplateLoader)
class XMLFile:
    """A template in a file of XML, which is read when it is first needed."""

    def __init__(self, path: FilePath[Any]) -> None:
        """
        @param path: a `FilePath`; names and open files still do.
        """
        if not isinstance(path, FilePath):
            warn(
                "Passing filenames or file objects to XMLFile is deprecated since Twisted 12.1. "
                " Pass a FilePath instead.",
                DeprecationWarning,
                stacklevel=2,
            )
        self._path: FilePath[Any] | IO[Any] | str = path
        self._document: list[Any] | None = None

    def load(self) -> list[Any]:
        """
        The template.

        @raise OSError: if the file cannot be read.
        @raise SAXParseException: if it is not well-formed.
        """
        if self._document is None:
            self._document = self._read()
        return self._document

    def _read(self) -> list[Any]:
        path = self._path
        if isinstance(path, str):
            path = FilePath(path)
        if isinstance(path, FilePath):
            return _parse(path.getContent(), str(path.path))
        content = path.read()
        return _parse(content.encode("utf-8") if isinstance(content, str) else content, None)

    def __repr__(self) -> str:
        return f"<XMLFile of {self._path!r}>"
