"""The nodes of documents."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

from twisted.python.util import InsensitiveDict
from twisted.web._microdom._text import escape, sink, unescape

__all__ = [
    "CDATASection",
    "CharacterData",
    "Comment",
    "Document",
    "Element",
    "EntityReference",
    "Node",
    "Text",
    "genprefix",
    "getElementsByTagName",
    "getElementsByTagNameNoCase",
]

#: Elements of HTML that have no end, those that begin and end on a line of their own when they are
#: written for people, and those whose children do, too.
_EMPTY = frozenset(
    (
        *("area", "base", "basefont", "br", "col", "frame", "hr", "img", "input", "isindex"),
        *("link", "meta", "param"),
    )
)
_BLOCKS = frozenset(
    (
        *("address", "applet", "blockquote", "body", "del", "div", "dl", "fieldset", "form", "h1"),
        *("h2", "h3", "h4", "h5", "h6", "head", "hr", "html", "ins", "map", "noscript", "object"),
        *("ol", "p", "pre", "script", "table", "tr", "ul"),
    )
)
_LISTS = frozenset({"head", "ol", "tr", "ul"})


def _prefixes() -> Iterator[str]:
    number = 0
    while True:
        yield f"p{number}"
        number += 1


#: Prefixes for namespaces that have none.
genprefix = _prefixes()


def walk(node: Any) -> Iterator[Any]:
    """A node and all below it, in the order of the document."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(node.childNodes)


def getElementsByTagName(iNode: Any, name: str) -> list[Any]:
    """The elements of a name, with that case, among a node and those below it."""
    return [node for node in walk(iNode) if node.nodeName == name]


def getElementsByTagNameNoCase(iNode: Any, name: str) -> list[Any]:
    """The elements of a name, in any case, among a node and those below it."""
    name = name.lower()
    return [node for node in walk(iNode) if node.nodeName.lower() == name]


def _node(value: Any) -> Node:
    """
    @raise TypeError: for what is no node.
    """
    if not isinstance(value, Node):
        raise TypeError("expected Node instance")
    return value


class Node:
    """
    A place in a document.

    @ivar parentNode: the node that this one is in, or None.
    @ivar childNodes: the nodes that are in this one.
    @cvar nodeName: what an element is called.
    """

    __module__ = "twisted.web.microdom"

    nodeName = "Node"

    def __init__(self, parentNode: Any = None) -> None:
        self.parentNode = parentNode
        self.childNodes: list[Any] = []

    def isEqualToNode(self, other: Any) -> bool:
        """Whether another node says the same, and has the same children."""
        waiting = [(self, other)]
        while waiting:
            one, two = waiting.pop()
            if not one._isLike(two) or len(one.childNodes) != len(two.childNodes):
                return False
            waiting += zip(one.childNodes, two.childNodes, strict=True)
        return True

    def _isLike(self, other: Any) -> bool:
        """Whether another node says the same, whatever is in either."""
        return True

    def writexml(
        self,
        stream: Any,
        indent: str = "",
        addindent: str = "",
        newl: str = "",
        strip: bool | int = 0,
        nsprefixes: dict[str, str] | None = None,
        namespace: str | None = "",
    ) -> None:
        """
        Write this as XML; kinds of nodes say how.

        @param stream: takes text, or bytes, which are UTF-8 then.
        @param indent: stands before lines.
        @param addindent: what is added to that for children.
        @param newl: ends lines.
        @param strip: whether space around text is left out.
        @param nsprefixes: the prefixes that are known here, by namespaces.
        @param namespace: what names without a prefix are in.
        """
        raise TypeError(f"a {type(self).__name__} cannot be written")

    def toxml(
        self,
        indent: str = "",
        addindent: str = "",
        newl: str = "",
        strip: bool | int = 0,
        nsprefixes: dict[str, str] | None = None,
        namespace: str | None = "",
    ) -> str:
        """This as XML; see `writexml`."""
        stream = StringIO()
        self.writexml(stream, indent, addindent, newl, strip, nsprefixes or {}, namespace)
        return stream.getvalue()

    def writeprettyxml(
        self,
        stream: Any,
        indent: str = "",
        addindent: str = " ",
        newl: str = "\n",
        strip: bool | int = 0,
    ) -> None:
        """Write this as XML in which people find their way."""
        self.writexml(stream, indent, addindent, newl, strip, {})

    def toprettyxml(
        self, indent: str = "", addindent: str = " ", newl: str = "\n", strip: bool | int = 0
    ) -> str:
        """This as XML in which people find their way."""
        return self.toxml(indent, addindent, newl, strip)

    def cloneNode(self, deep: bool | int = 0, parent: Any = None) -> Any:
        """
        A copy.

        @param deep: whether there are copies of the children in it.
        @param parent: what it is in.
        """
        raise TypeError(f"a {type(self).__name__} cannot be copied")

    def hasChildNodes(self) -> bool:
        """Whether there is anything in this."""
        return bool(self.childNodes)

    def appendChild(self, child: Any) -> None:
        """
        Put a node behind the others.

        @raise TypeError: if it is none.
        """
        self.childNodes.append(_node(child))
        child.parentNode = self

    def insertBefore(self, new: Any, ref: Any) -> Any:
        """
        Put a node before one of the others; gives it.

        @raise TypeError: if either is none.
        @raise ValueError: if the other one is not in this.
        """
        place = self._placeOf(_node(ref), _node(new))
        new.parentNode = self
        self.childNodes.insert(place, new)
        return new

    def removeChild(self, child: Any) -> Any:
        """
        Take a node out; gives it.

        @raise TypeError: if it is none.
        @raise ValueError: if it is not in this.
        """
        if _node(child) in self.childNodes:
            self.childNodes.remove(child)
            child.parentNode = None
        return child

    def replaceChild(self, newChild: Any, oldChild: Any) -> Any:
        """
        Put a node in the place of another one; gives that.

        @raise TypeError: if either is none.
        @raise ValueError: if the other one is not in this.
        """
        place = self._placeOf(_node(oldChild), _node(newChild))
        self.childNodes[place] = newChild
        oldChild.parentNode, newChild.parentNode = None, self
        return oldChild

    def _placeOf(self, child: Node, _: Node) -> int:
        """Where a child is."""
        for place, each in enumerate(self.childNodes):
            if each is child:
                return place
        raise ValueError(f"{child!r} is not a child of this node")

    def firstChild(self) -> Any:
        """The first node in this."""
        return self.childNodes[0]

    def lastChild(self) -> Any:
        """The last node in this."""
        return self.childNodes[-1]


class Document(Node):
    """
    A whole document, with one node in it.

    @ivar doctype: its type, as it is written, or None.
    """

    __module__ = "twisted.web.microdom"

    doctype: str | None = None

    def __init__(self, documentElement: Any = None) -> None:
        Node.__init__(self)
        if documentElement is not None:
            self.appendChild(documentElement)

    @property
    def documentElement(self) -> Any:
        """
        The node in it.

        @raise IndexError: if there is none.
        """
        return self.childNodes[0]

    def cloneNode(self, deep: bool | int = 0, parent: Any = None) -> Document:
        """A copy, with a copy of the node in it."""
        copy = Document()
        copy.doctype = self.doctype
        for child in self.childNodes:
            copy.appendChild(child.cloneNode(deep, copy))
        return copy

    def isEqualToDocument(self, n: Any) -> bool:
        """Whether another document has the same type, and the same node in it."""
        return self.isEqualToNode(n)

    def _isLike(self, other: Any) -> bool:
        return isinstance(other, Document) and self.doctype == other.doctype

    def appendChild(self, child: Any) -> None:
        """
        Put the node in it.

        @raise TypeError: if it is none.
        @raise ValueError: if there is one.
        """
        _node(child)
        if self.childNodes:
            raise ValueError("only one element per document")
        Node.appendChild(self, child)

    def writexml(
        self,
        stream: Any,
        indent: str = "",
        addindent: str = "",
        newl: str = "",
        strip: bool | int = 0,
        nsprefixes: dict[str, str] | None = None,
        namespace: str | None = "",
    ) -> None:
        """Write it with a declaration before it."""
        out = sink(stream)
        out.write('<?xml version="1.0"?>' + newl)
        if self.doctype:
            out.write(f"<!DOCTYPE {self.doctype}>{newl}")
        self.documentElement.writexml(
            out, indent, addindent, newl, strip, nsprefixes or {}, namespace
        )

    def createElement(self, name: str, **kw: Any) -> Element:
        """An element, which is not yet in it; see `Element`."""
        return Element(name, **kw)

    def createTextNode(self, text: str) -> Text:
        """Text, which is not yet in it."""
        return Text(text)

    def createComment(self, text: str) -> Comment:
        """A comment, which is not yet in it."""
        return Comment(text)

    def getElementsByTagName(self, name: str) -> list[Any]:
        """The elements of a name."""
        if self.documentElement.caseInsensitive:
            return getElementsByTagNameNoCase(self, name)
        return getElementsByTagName(self, name)

    def getElementById(self, id: str) -> Any:
        """The first element whose ``id`` is this, or None."""
        for node in walk(self):
            if isinstance(node, Element) and node.getAttribute("id") == id:
                return node
        return None


class EntityReference(Node):
    """
    A reference to an entity.

    @ivar eref: its name.
    """

    __module__ = "twisted.web.microdom"

    def __init__(self, eref: str, parentNode: Any = None) -> None:
        Node.__init__(self, parentNode)
        self.eref = eref
        self.nodeValue = self.data = f"&{eref};"

    def isEqualToEntityReference(self, n: Any) -> bool:
        """Whether another reference is to the same entity."""
        return self.isEqualToNode(n)

    def _isLike(self, other: Any) -> bool:
        return isinstance(other, EntityReference) and self.eref == other.eref

    def writexml(
        self,
        stream: Any,
        indent: str = "",
        addindent: str = "",
        newl: str = "",
        strip: bool | int = 0,
        nsprefixes: dict[str, str] | None = None,
        namespace: str | None = "",
    ) -> None:
        """Write it."""
        sink(stream).write(self.nodeValue)

    def cloneNode(self, deep: bool | int = 0, parent: Any = None) -> EntityReference:
        """A copy."""
        return EntityReference(self.eref, parent)


class CharacterData(Node):
    """
    Some text.

    @ivar data: the text; ``value`` and ``nodeValue`` are the same at first.
    """

    __module__ = "twisted.web.microdom"

    def __init__(self, data: Any, parentNode: Any = None) -> None:
        Node.__init__(self, parentNode)
        self.value = self.data = self.nodeValue = data

    def isEqualToCharacterData(self, n: Any) -> bool:
        """Whether another one has the same text."""
        return isinstance(n, CharacterData) and bool(self.value == n.value)

    def _isLike(self, other: Any) -> bool:
        return self.isEqualToCharacterData(other)


class Comment(CharacterData):
    """A comment."""

    __module__ = "twisted.web.microdom"

    def writexml(
        self,
        stream: Any,
        indent: str = "",
        addindent: str = "",
        newl: str = "",
        strip: bool | int = 0,
        nsprefixes: dict[str, str] | None = None,
        namespace: str | None = "",
    ) -> None:
        """
        Write it.

        @raise ValueError: if it would end before its end.
        """
        text = str(self.data)
        if "-->" in text:
            raise ValueError(f"no comment can hold {text!r}")
        if text.startswith((">", "->")):
            # Browsers would take that for its end.
            text = " " + text
        sink(stream).write(f"<!--{text}-->")

    def cloneNode(self, deep: bool | int = 0, parent: Any = None) -> Comment:
        """A copy."""
        return Comment(self.nodeValue, parent)


class Text(CharacterData):
    """
    Text.

    @ivar raw: whether it is written as it is, because it is markup.
    """

    __module__ = "twisted.web.microdom"

    def __init__(self, data: Any, parentNode: Any = None, raw: bool | int = 0) -> None:
        CharacterData.__init__(self, data, parentNode)
        self.raw = raw

    def _isLike(self, other: Any) -> bool:
        return self.isEqualToCharacterData(other) and self.raw == getattr(other, "raw", None)

    def writexml(
        self,
        stream: Any,
        indent: str = "",
        addindent: str = "",
        newl: str = "",
        strip: bool | int = 0,
        nsprefixes: dict[str, str] | None = None,
        namespace: str | None = "",
    ) -> None:
        """Write it."""
        text = str(self.nodeValue)
        if not self.raw:
            text = escape(text.strip() if strip else text)
        sink(stream).write(text)

    def cloneNode(self, deep: bool | int = 0, parent: Any = None) -> Text:
        """A copy."""
        return Text(self.nodeValue, parent, self.raw)

    def __repr__(self) -> str:
        return f"Text({self.nodeValue!r})"


class CDATASection(CharacterData):
    """Text that is written as it is between two marks."""

    __module__ = "twisted.web.microdom"

    def writexml(
        self,
        stream: Any,
        indent: str = "",
        addindent: str = "",
        newl: str = "",
        strip: bool | int = 0,
        nsprefixes: dict[str, str] | None = None,
        namespace: str | None = "",
    ) -> None:
        """Write it; if it holds the mark of its end, as two."""
        text = str(self.nodeValue).replace("]]>", "]]]]><![CDATA[>")
        sink(stream).write(f"<![CDATA[{text}]]>")

    def cloneNode(self, deep: bool | int = 0, parent: Any = None) -> CDATASection:
        """A copy."""
        return CDATASection(self.nodeValue, parent)


class Element(Node):
    """
    An element.

    @ivar tagName: its name; ``nodeName`` is the same.
    @ivar endTagName: the name at its end, which may be written otherwise.
    @ivar attributes: values by names.
    @ivar namespace: what its name is in, or None if nobody has said.
    @ivar nsprefixes: the prefixes that it declares, by namespaces.
    """

    __module__ = "twisted.web.microdom"

    preserveCase: bool | int = 0
    caseInsensitive: bool | int = 1
    nsprefixes: dict[str, str] | None = None

    def __init__(
        self,
        tagName: str,
        attributes: Any = None,
        parentNode: Any = None,
        filename: str | None = None,
        markpos: tuple[int, int] | None = None,
        caseInsensitive: bool | int = 1,
        preserveCase: bool | int = 0,
        namespace: str | None = None,
    ) -> None:
        """
        @param attributes: values, as they are written in markup, by names.
        @param filename: where it stands.
        @param markpos: the line and the column of that.
        @param caseInsensitive: whether names are the same in any case.
        @param preserveCase: whether names are kept as they are written, not in lower case.
        """
        Node.__init__(self, parentNode)
        self.preserveCase = bool(preserveCase)
        self.caseInsensitive = caseInsensitive
        values = {name: unescape(value) for name, value in (attributes or {}).items()}
        self.attributes: Any = InsensitiveDict({}, preserve=preserveCase)
        if not caseInsensitive:
            self.attributes = {}
        self.attributes.update(values)
        self.endTagName = self.nodeName = self.tagName = self._cased(tagName)
        self._filename = filename
        self._markpos = markpos
        self.namespace = namespace

    def _cased(self, name: str) -> str:
        return name if self.preserveCase else name.lower()

    def addPrefixes(self, pfxs: dict[str, str]) -> None:
        """Declare prefixes for namespaces."""
        self.nsprefixes = {**(self.nsprefixes or {}), **pfxs}

    def endTag(self, endTagName: str) -> None:
        """Note how the name at the end is written."""
        self.endTagName = self._cased(endTagName)

    def isEqualToElement(self, n: Any) -> bool:
        """Whether another one has the same name, attributes and children."""
        return self.isEqualToNode(n)

    def _isLike(self, other: Any) -> bool:
        if not isinstance(other, Element) or self.namespace != other.namespace:
            return False
        mine, its = self.nodeName, other.nodeName
        if self.caseInsensitive:
            mine, its = mine.lower(), its.lower()
        return mine == its and dict(self._comparable()) == dict(other._comparable())

    def _comparable(self) -> Iterator[tuple[Any, str]]:
        """The attributes, their names in lower case if that says nothing."""
        for name, value in self.attributes.items():
            lower = self.caseInsensitive and isinstance(name, str)
            yield (name.lower() if lower else name), value

    def cloneNode(self, deep: bool | int = 0, parent: Any = None) -> Element:
        """A copy."""
        copy = Element(
            self.tagName,
            parentNode=parent,
            namespace=self.namespace,
            preserveCase=self.preserveCase,
            caseInsensitive=self.caseInsensitive,
        )
        copy.endTagName = self.endTagName
        copy.attributes.update(self.attributes)
        if self.nsprefixes is not None:
            copy.nsprefixes = dict(self.nsprefixes)
        if deep:
            copy.childNodes = [child.cloneNode(1, copy) for child in self.childNodes]
        return copy

    def getElementsByTagName(self, name: str) -> list[Any]:
        """The elements of a name, this one included."""
        if self.caseInsensitive:
            return getElementsByTagNameNoCase(self, name)
        return getElementsByTagName(self, name)

    def hasAttributes(self) -> bool:
        """Whether there are attributes."""
        return bool(self.attributes)

    def getAttribute(self, name: Any, default: Any = None) -> Any:
        """The value of an attribute."""
        return self.attributes.get(name, default)

    def getAttributeNS(self, ns: str, name: str, default: Any = None) -> Any:
        """The value of an attribute of a namespace; those without a prefix are in the element's."""
        if ns == self.namespace and name in self.attributes:
            return self.attributes[name]
        prefix = (self.nsprefixes or {}).get(ns)
        if prefix and f"{prefix}:{name}" in self.attributes:
            return self.attributes[f"{prefix}:{name}"]
        return self.attributes.get((ns, name), default)

    def getAttributeNode(self, name: str) -> CharacterData:
        """An attribute as a node, whose ``value`` it is."""
        return CharacterData(self.getAttribute(name), self)

    def setAttribute(self, name: Any, attr: Any) -> None:
        """Set an attribute."""
        self.attributes[name] = attr

    def removeAttribute(self, name: Any) -> None:
        """Remove an attribute, if it is there."""
        if name in self.attributes:
            del self.attributes[name]

    def hasAttribute(self, name: Any) -> bool:
        """Whether there is an attribute of a name."""
        return name in self.attributes

    def writexml(
        self,
        stream: Any,
        indent: str = "",
        addindent: str = "",
        newl: str = "",
        strip: bool | int = 0,
        nsprefixes: dict[str, str] | None = None,
        namespace: str | None = "",
    ) -> None:
        """Write it, with the declarations of namespaces that it needs."""
        out = sink(stream)
        known = nsprefixes or {}
        start, end = self._cased(self.tagName), self._cased(self.endTagName)
        declared = {ns: p for ns, p in (self.nsprefixes or {}).items() if p and known.get(ns) != p}
        inner = {**known, **declared}
        default = namespace
        written: list[tuple[str, Any]] = []
        if self.namespace is not None and self.namespace != namespace:
            prefix = known.get(self.namespace)
            if prefix:
                start, end = f"{prefix}:{start}", f"{prefix}:{end}"
            else:
                written.append(("xmlns", self.namespace))
                default = self.namespace
        for name, value in sorted(self.attributes.items(), key=_nameOf):
            if not isinstance(name, str):
                space, name = name
                if space not in inner:
                    inner[space] = declared[space] = next(genprefix)
                name = f"{inner[space]}:{name}"
            written.append((name, value))
        written += [(f"xmlns:{prefix}", space) for space, prefix in sorted(declared.items())]
        pretty = newl + indent
        if newl and start in _BLOCKS:
            out.write(pretty)
        attributes = "".join(f' {name}="{escape(str(value))}"' for name, value in written)
        if not self.childNodes and start.lower() in _EMPTY:
            out.write(f"<{start}{attributes} />")
            return
        out.write(f"<{start}{attributes}>")
        for child in self.childNodes:
            if newl and start in _LISTS:
                out.write(pretty + addindent)
            child.writexml(out, indent + addindent, addindent, newl, strip, inner, default)
        if newl and start in _BLOCKS and self.childNodes:
            out.write(pretty)
        out.write(f"</{end}>")

    def __repr__(self) -> str:
        parts = [repr(self.nodeName)]
        if self.attributes:
            parts.append(f"attributes={self.attributes!r}")
        if self._filename:
            parts.append(f"filename={self._filename!r}")
        if self._markpos:
            parts.append(f"markpos={self._markpos!r}")
        return f"Element({', '.join(parts)})"

    def __str__(self) -> str:
        place = ""
        if self._filename or self._markpos:
            line, column = self._markpos or ("?", "?")
            place = f" ({self._filename!r} line {line} column {column})"
        attributes = "".join(f" {name}={value!r}" for name, value in self.attributes.items())
        if self.childNodes:
            return f"<{self.nodeName}{place}{attributes} >...</{self.nodeName}>"
        return f"<{self.nodeName}{place}{attributes} />"


def _nameOf(item: tuple[Any, Any]) -> tuple[str, ...]:
    """What attributes are sorted by when they are written."""
    return (item[0],) if isinstance(item[0], str) else item[0]
