"""Building documents from what `twisted.web.sux` tells of."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any, NoReturn

from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web._microdom._nodes import (
    CDATASection,
    Comment,
    Document,
    Element,
    EntityReference,
    Node,
    Text,
)
from twisted.web.sux import ParseError, XMLParser

__all__ = [
    "MAX_DEPTH",
    "MicroDOMParser",
    "MismatchedTags",
    "parse",
    "parseString",
    "parseXML",
    "parseXMLString",
]

#: How deep elements may be nested; all that is done with a document goes as deep in calls.
MAX_DEPTH = 200

_PORTION = 65536

#: A CDATA section in a script, behind what makes a comment of its mark.
_SCRIPT_CDATA = re.compile(r"(\s*/[/*]\s*)<!\[CDATA\[(.*)\]\]>", re.S)


class MismatchedTags(Exception):
    """
    An element ends that had not begun, or not as the last one.

    @ivar filename: where.
    @ivar expect: what should have ended.
    @ivar got: what did.
    """

    __module__ = "twisted.web.microdom"

    def __init__(
        self,
        filename: str,
        expect: str,
        got: str,
        endLine: int,
        endCol: int,
        begLine: int,
        begCol: int,
    ) -> None:
        super().__init__(filename, expect, got, endLine, endCol, begLine, begCol)
        self.filename = filename
        self.expect = expect
        self.got = got
        self.begLine = begLine
        self.begCol = begCol
        self.endLine = endLine
        self.endCol = endCol

    def __str__(self) -> str:
        return (
            f"expected </{self.expect}>, got </{self.got}> line: {self.endLine} col: {self.endCol},"
            f" began line: {self.begLine} col: {self.begCol}"
        )


class MicroDOMParser(XMLParser):
    """
    Makes nodes of what it receives.

    @ivar documents: the nodes that are in no other.
    @ivar elementstack: the elements that have begun, and not ended.
    @cvar soonClosers: elements of HTML that end when anything follows, if everything is read.
    @cvar laterClosers: elements that end when one of some others begins in them, likewise.
    @cvar maxDepth: how deep elements may be nested.
    """

    __module__ = "twisted.web.microdom"

    soonClosers: Any = ["area", "link", "br", "img", "hr", "input", "base", "meta"]
    laterClosers: Any = {
        "p": ["p", "dt"],
        "dt": ["dt", "dd"],
        "dd": ["dt", "dd"],
        "li": ["li"],
        "tbody": ["thead", "tfoot", "tbody"],
        "thead": ["thead", "tfoot", "tbody"],
        "tfoot": ["thead", "tfoot", "tbody"],
        "colgroup": ["colgroup"],
        "col": ["col"],
        "tr": ["tr"],
        "td": ["td"],
        "th": ["th"],
        "head": ["body"],
        "title": ["head", "body"],
        "option": ["option"],
    }
    maxDepth = MAX_DEPTH

    def __init__(
        self,
        beExtremelyLenient: bool | int = 0,
        caseInsensitive: bool | int = 1,
        preserveCase: bool | int = 0,
        soonClosers: Any = soonClosers,
        laterClosers: Any = laterClosers,
    ) -> None:
        """
        @param beExtremelyLenient: whether anything is read, as browsers do.
        @param caseInsensitive: whether names are the same in any case.
        @param preserveCase: whether names are kept as they are written.
        """
        self.beExtremelyLenient = beExtremelyLenient
        self.caseInsensitive = caseInsensitive
        self.preserveCase = preserveCase or not caseInsensitive
        self.soonClosers = soonClosers
        self.laterClosers = laterClosers
        self.documents: list[Node] = []
        self.elementstack: list[Element] = []
        self._doctype: str | None = None
        self._text: list[str] = []
        # The namespace of names without a prefix, in the elements of the stack and before.
        self._namespaces: list[str | None] = [None]

    def _same(self, one: str, other: str) -> bool:
        """Whether two names are the same."""
        return one.lower() == other.lower() if self.caseInsensitive else one == other

    def _add(self, node: Node) -> None:
        """Put a node where it belongs."""
        if self.beExtremelyLenient and self.elementstack:
            top = self.elementstack[-1]
            if top.tagName.lower() in self.soonClosers:
                self._pop()
        if self.elementstack:
            self.elementstack[-1].appendChild(node)
        elif self.beExtremelyLenient or isinstance(node, Element):
            self.documents.append(node)

    def _pop(self) -> Element:
        self._namespaces.pop()
        return self.elementstack.pop()

    def shouldPreserveSpace(self) -> bool:
        """Whether space alone is text here, as it is in ``pre`` and where ``xml:space`` says so."""
        return any(
            element.tagName == "pre" or element.getAttribute("xml:space") == "preserve"
            for element in self.elementstack
        )

    def gotTagStart(self, name: str, attributes: dict[str, str]) -> None:
        """Begin an element."""
        self._flush()
        line, column = self.saveMark()
        if self.beExtremelyLenient:
            self._closeLater(name)
        if len(self.elementstack) >= self.maxDepth:
            raise ParseError(self.filename, line, column, "elements are nested too deep")
        namespace = self._namespaces[-1]
        prefixes: dict[str, str] = {}
        for each in [each for each in attributes if each.lower().startswith("xmlns")]:
            if len(each) == 5:
                namespace = attributes.pop(each)
            elif each[5] == ":":
                prefixes[attributes.pop(each)] = each[6:]
        element = Element(
            name,
            attributes,
            None,
            self.filename,
            (line, column),
            caseInsensitive=self.caseInsensitive,
            preserveCase=self.preserveCase,
            namespace=namespace,
        )
        if prefixes:
            element.addPrefixes(prefixes)
        self._add(element)
        self.elementstack.append(element)
        self._namespaces.append(namespace)

    def _closeLater(self, name: str) -> None:
        """Close what ends where an element of this name begins."""
        while self.elementstack:
            closers = self.laterClosers.get(self.elementstack[-1].tagName.lower(), ())
            if name.lower() not in closers:
                break
            self._pop()

    def gotTagEnd(self, name: str) -> None:
        """
        End an element.

        @raise MismatchedTags: if it is not the last one that has begun.
        """
        self._flush()
        stack = self.elementstack
        if not stack:
            if not self.beExtremelyLenient:
                self._mismatch("NOTHING", name, (0, 0))
        elif self._same(stack[-1].tagName, name):
            self._pop().endTag(name)
        elif not self.beExtremelyLenient:
            self._mismatch(stack[-1].tagName, name, stack[-1]._markpos or (0, 0))
        elif any(self._same(element.tagName, name) for element in stack):
            while not self._same(stack[-1].tagName, name):
                self._pop()
            self._pop().endTag(name)

    def _mismatch(self, expected: str, got: str, begun: tuple[int, int]) -> NoReturn:
        raise MismatchedTags(self.filename, expected, got, *self.saveMark(), *begun)

    def gotText(self, data: str) -> None:
        """Take a piece of text."""
        self._text.append(data)

    def _flush(self) -> None:
        """Make a node of the text that has come."""
        if not self._text:
            return
        text = "".join(self._text)
        self._text.clear()
        within = self.elementstack[-1].tagName.lower() if self.elementstack else ""
        if self.beExtremelyLenient and within == "script":
            self._addScript(text)
        elif text.strip() or self.shouldPreserveSpace():
            self._add(Text(text))

    def _addScript(self, text: str) -> None:
        """Add the text of a script, of which all may be hidden from old browsers."""
        hidden = _SCRIPT_CDATA.fullmatch(text)
        if hidden is not None:
            self._add(Text(hidden[1]))
            self._add(CDATASection(hidden[2]))
            return
        bare = text.strip()
        if bare.startswith("<!--") and bare.endswith("-->") and "-->" not in bare[4:-3]:
            self._add(Comment(bare[4:-3]))
        elif bare.startswith("<![CDATA[") and bare.endswith("]]>"):
            self._add(CDATASection(bare[9:-3]))
        elif bare:
            self._add(Text(text))

    def gotEntityReference(self, entityRef: str) -> None:
        """Add a reference."""
        self._flush()
        self._add(EntityReference(entityRef))

    def gotComment(self, data: str) -> None:
        """Add a comment."""
        self._flush()
        self._add(Comment(data))

    def gotCData(self, cdata: str) -> None:
        """Add a CDATA section."""
        self._flush()
        self._add(CDATASection(cdata))

    def gotDoctype(self, doctype: str) -> None:
        """Note the type."""
        self._doctype = doctype

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        That was all.

        @raise MismatchedTags: if an element has not ended.
        """
        XMLParser.connectionLost(self, reason)
        self._flush()
        if self.elementstack and not self.beExtremelyLenient:
            last = self.elementstack[-1]
            self._mismatch(last.tagName, "END_OF_FILE", last._markpos or (0, 0))

    def document(self) -> Document:
        """
        What has come, as a document; several nodes that are in no other are put into one.

        @raise ParseError: if there is nothing.
        """
        if not self.documents:
            raise ParseError(self.filename, 0, 0, "No top-level Nodes in document")
        root = self.documents[0]
        if self.beExtremelyLenient and (len(self.documents) > 1 or not isinstance(root, Element)):
            root = Element("html")
            for node in self.documents:
                root.appendChild(node)
        document = Document(root)
        document.doctype = self._doctype
        return document


def parse(readable: Any, *args: Any, **kwargs: Any) -> Document:
    """
    Read a document.

    @param readable: a file, or the name of one.
    @param args: for `MicroDOMParser`.
    @raise ParseError: if it is none.
    @raise MismatchedTags: if its elements are not one in another.
    """
    if not hasattr(readable, "read"):
        with open(readable, "rb") as file:
            return parse(file, *args, **kwargs)
    parser = MicroDOMParser(*args, **kwargs)
    parser.filename = str(getattr(readable, "name", None) or "<xmlfile />")
    parser.connectionMade()
    while portion := readable.read(_PORTION):
        parser.dataReceived(portion.encode("utf-8") if isinstance(portion, str) else portion)
    parser.connectionLost(Failure(connectionDone.value))
    return parser.document()


def parseString(st: bytes | str, *args: Any, **kw: Any) -> Document:
    """Read a document that is in a string; see `parse`."""
    return parse(BytesIO(st.encode("utf-8") if isinstance(st, str) else st), *args, **kw)


def parseXML(readable: Any) -> Document:
    """Read a document in which upper and lower case differ; see `parse`."""
    return parse(readable, caseInsensitive=0, preserveCase=1)


def parseXMLString(st: bytes | str) -> Document:
    """Read a document in a string, in which upper and lower case differ; see `parse`."""
    return parseString(st, caseInsensitive=0, preserveCase=1)
