"""
SOAP 1.1 on the wire: envelopes, to XML and from it, and the values in them.

Values are those of XML Schema, with their types (section 5 of the specification) or without them.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import datetime
import decimal
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from twisted.web._safexml import MAX_DEPTH, read

__all__ = [
    "ENCODING",
    "ENVELOPE",
    "MAX_ELEMENTS",
    "SCHEMA",
    "Fault",
    "Message",
    "Node",
    "dump",
    "dump_fault",
    "load",
    "schema_type",
    "value_of",
]

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
SCHEMA = "http://www.w3.org/2001/XMLSchema"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"

#: How many elements a message may have.
MAX_ELEMENTS = 100_000

#: How deep values that are sent may be nested, so that they can be read.
_MAX_LEVELS = MAX_DEPTH - 4

#: How many references to other elements may lead from one to the next.
_MAX_REFERENCES = 64

_NAME = re.compile(r"[^\W\d][\w.\-]*")

#: Characters that XML 1.0 cannot hold, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Fault(Exception):
    """
    A call that failed.

    @ivar faultcode: such as ``"Client"``, if the caller was wrong, or ``"Server"``.
    @ivar faultstring: what is wrong, for people.
    @ivar detail: a value for programs, or None.
    """

    __module__ = "twisted.web.soap"

    def __init__(self, faultcode: str, faultstring: str, detail: Any = None) -> None:
        super().__init__(faultcode, faultstring, detail)
        self.faultcode = faultcode
        self.faultstring = faultstring
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.faultcode}: {self.faultstring}"


class Node:
    """
    An element.

    @ivar tag: the namespace, a space and the name; the name alone outside of namespaces.
    @ivar attributes: values by names of the same kind.
    """

    __slots__ = ("attributes", "children", "pieces", "tag")

    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.tag = tag
        self.attributes = attributes
        self.children: list[Node] = []
        self.pieces: list[str] = []

    @property
    def name(self) -> str:
        """The name without the namespace."""
        return self.tag.rpartition(" ")[2]

    @property
    def namespace(self) -> str:
        """The namespace, or nothing."""
        return self.tag.rpartition(" ")[0]

    @property
    def text(self) -> str:
        """The text in it."""
        return "".join(self.pieces)

    def child(self, name: str) -> Node | None:
        """The first child of a name."""
        return next((child for child in self.children if child.name == name), None)


@dataclasses.dataclass
class Message:
    """
    A call, or the answer to one.

    @ivar body: the element that says what is called, or answered.
    @ivar headers: the elements of the header.
    @ivar typed: whether values have their types with them.
    @ivar references: the elements that others refer to, by their ids.
    """

    body: Node
    headers: list[Node]
    typed: bool
    references: dict[str, Node]


class _Builder:
    """Makes nodes of what a parser tells."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.references: dict[str, Node] = {}
        self._stack: list[Node] = []
        self._count = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Begin an element."""
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise ValueError(f"more than {MAX_ELEMENTS} elements")
        node = Node(tag, attributes)
        if "id" in attributes:
            self.references["#" + attributes["id"]] = node
        if self._stack:
            self._stack[-1].children.append(node)
        else:
            self.root = node
        self._stack.append(node)

    def end(self, tag: str) -> None:
        """End it."""
        self._stack.pop()

    def data(self, text: str) -> None:
        """Take text."""
        self._stack[-1].pieces.append(text)


def load(data: bytes) -> Message:
    """
    Read an envelope.

    @raise Fault: if it is one of another version of SOAP, or has headers that must be understood.
    @raise ValueError: if it is none.
    """
    builder = _Builder()
    read(data, builder, namespaces=True)
    envelope = builder.root
    assert envelope is not None
    if envelope.name != "Envelope":
        raise ValueError("there is no envelope")
    if envelope.namespace != ENVELOPE:
        raise Fault("VersionMismatch", "only SOAP 1.1 is known")
    header, body = envelope.child("Header"), envelope.child("Body")
    headers = header.children if header is not None else []
    for each in headers:
        if each.attributes.get(f"{ENVELOPE} mustUnderstand") in ("1", "true"):
            raise Fault("MustUnderstand", f"the header {each.name} is not understood")
    if body is None:
        raise ValueError("there is no body")
    # Elements behind the first one are only referred to.
    if not body.children:
        raise ValueError("there is nothing in the body")
    first = body.children[0]
    style = f"{ENVELOPE} encodingStyle"
    typed = any(style in node.attributes for node in (envelope, body, first)) or any(
        f"{INSTANCE} type" in node.attributes for node in first.children
    )
    return Message(first, headers, typed, builder.references)


# Values that come


def _integer(text: str) -> int:
    if re.fullmatch(r"\s*[+-]?[0-9]{1,1000}\s*", text) is None:
        raise ValueError(f"not an integer: {text[:40]!r}")
    return int(text)


def _boolean(text: str) -> bool:
    try:
        return {"true": True, "1": True, "false": False, "0": False}[text.strip()]
    except KeyError:
        raise ValueError(f"neither true nor false: {text[:40]!r}") from None


def _decimal(text: str) -> decimal.Decimal:
    try:
        return decimal.Decimal(text.strip()[:1000])
    except decimal.InvalidOperation:
        raise ValueError(f"not a number: {text[:40]!r}") from None


def _octets(text: str) -> bytes:
    return base64.b64decode("".join(text.split()), validate=True)


_READERS: dict[Any, Callable[[str], Any]] = {
    str: str,
    int: _integer,
    bool: _boolean,
    float: lambda text: float(text.strip().replace("INF", "inf")),
    decimal.Decimal: _decimal,
    bytes: _octets,
    datetime.datetime: lambda text: datetime.datetime.fromisoformat(text.strip()),
    datetime.date: lambda text: datetime.date.fromisoformat(text.strip()[:10]),
    datetime.time: lambda text: datetime.time.fromisoformat(text.strip()),
}

#: What the types of XML Schema are here.
_TYPES: dict[str, Any] = {
    **dict.fromkeys(("string", "normalizedString", "token", "anyURI", "QName", "anyType"), str),
    **dict.fromkeys(("int", "integer", "long", "short", "byte"), int),
    **dict.fromkeys(("unsignedInt", "unsignedLong", "unsignedShort", "unsignedByte"), int),
    **dict.fromkeys(("nonNegativeInteger", "positiveInteger", "negativeInteger"), int),
    **dict.fromkeys(("nonPositiveInteger",), int),
    **dict.fromkeys(("float", "double"), float),
    "decimal": decimal.Decimal,
    "boolean": bool,
    "base64Binary": bytes,
    "base64": bytes,
    "dateTime": datetime.datetime,
    "date": datetime.date,
    "time": datetime.time,
}


def value_of(node: Node, references: Mapping[str, Node], wanted: Any = None) -> Any:
    """
    The value of an element.

    @param references: the elements that others refer to.
    @param wanted: its type, such as ``int`` or ``list[str]``, or None if the element says that.
    @raise ValueError: if it is no such value.
    """
    return _Values(references).of(node, wanted, 0)


class _Values:
    """Reads the values of elements that may refer to others."""

    def __init__(self, references: Mapping[str, Node]) -> None:
        self._references = references
        # Values of what was referred to: a thousand references to one thing are one thing.
        self._known: dict[str, Any] = {}
        self._reading: set[str] = set()

    def of(self, node: Node, wanted: Any, depth: int) -> Any:
        """The value of an element that so many references lead to."""
        if node.attributes.get(f"{INSTANCE} nil") in ("1", "true"):
            return None
        reference = node.attributes.get("href")
        if reference is not None:
            return self._referred(reference, wanted, depth)
        wanted = _without_none(wanted)
        kind = node.attributes.get(f"{INSTANCE} type", "").rpartition(":")[2]
        origin = typing.get_origin(wanted) or wanted
        if origin in (list, tuple) or (wanted is None and _is_array(node, kind)):
            inner = (typing.get_args(wanted) or (None,))[0]
            return [self.of(child, inner, depth) for child in node.children]
        if dataclasses.is_dataclass(wanted) and isinstance(wanted, type):
            return self._record(node, wanted, depth)
        if wanted in _READERS:
            return _read_text(node, _READERS[wanted])
        if node.children:
            return self._struct(node, depth)
        if kind == "hexBinary":
            return _read_text(node, bytes.fromhex)
        return _read_text(node, _READERS[_TYPES.get(kind, str)])

    def _referred(self, reference: str, wanted: Any, depth: int) -> Any:
        target = self._references.get(reference)
        if target is None or reference in self._reading or depth >= _MAX_REFERENCES:
            raise ValueError(f"a reference that leads nowhere: {reference[:40]!r}")
        if reference not in self._known:
            self._reading.add(reference)
            self._known[reference] = self.of(target, wanted, depth + 1)
            self._reading.discard(reference)
        return self._known[reference]

    def _struct(self, node: Node, depth: int) -> dict[str, Any]:
        """A dictionary; names that come several times have lists."""
        found: dict[str, list[Any]] = {}
        for child in node.children:
            found.setdefault(child.name, []).append(self.of(child, None, depth))
        return {name: each if len(each) > 1 else each[0] for name, each in found.items()}

    def _record(self, node: Node, wanted: Any, depth: int) -> Any:
        """An instance of a data class."""
        hints = typing.get_type_hints(wanted)
        values = {
            child.name: self.of(child, hints[child.name], depth)
            for child in node.children
            if child.name in hints
        }
        try:
            return wanted(**values)
        except TypeError as problem:
            raise ValueError(f"not a {wanted.__name__}: {problem}") from None


def _is_array(node: Node, kind: str) -> bool:
    return kind == "Array" or f"{ENCODING} arrayType" in node.attributes


def _without_none(wanted: Any) -> Any:
    """A type without the possibility of None."""
    if typing.get_origin(wanted) in (typing.Union, types.UnionType):
        inner = [each for each in typing.get_args(wanted) if each is not types.NoneType]
        return inner[0] if len(inner) == 1 else None
    return None if wanted is Any else wanted


def _read_text(node: Node, reader: Callable[[str], Any]) -> Any:
    """
    @raise ValueError: if the text is no such value.
    """
    if node.children:
        raise ValueError(f"{node.name} has elements in it")
    try:
        return reader(node.text)
    except (ValueError, OverflowError, binascii.Error) as problem:
        raise ValueError(f"{node.name}: {problem}") from None


# Values that go


_SCHEMA_TYPES: dict[Any, str] = {
    str: "string",
    int: "integer",
    bool: "boolean",
    float: "double",
    bytes: "base64Binary",
    decimal.Decimal: "decimal",
    datetime.datetime: "dateTime",
    datetime.date: "date",
    datetime.time: "time",
}


def schema_type(kind: Any) -> str:
    """The type of XML Schema for a class, or ``anyType``."""
    return _SCHEMA_TYPES.get(kind, "anyType")


def _written(value: Any) -> tuple[str, str]:
    """
    The type and the text of a single value.

    @raise TypeError: if it is none.
    @raise ValueError: if XML cannot hold it.
    """
    if isinstance(value, bool):
        return "boolean", "true" if value else "false"
    if isinstance(value, int):
        if -(2**31) <= value < 2**31:
            return "int", str(value)
        return ("long" if -(2**63) <= value < 2**63 else "integer"), str(value)
    if isinstance(value, float):
        return "double", repr(value).replace("inf", "INF").replace("nan", "NaN")
    if isinstance(value, bytes | bytearray):
        return "base64Binary", base64.b64encode(value).decode()
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return schema_type(type(value)), value.isoformat()
    if isinstance(value, decimal.Decimal):
        return "decimal", f"{value:f}"
    if not isinstance(value, str):
        raise TypeError(f"a {type(value).__name__} cannot be sent")
    if _NOT_XML.search(value) is not None:
        raise ValueError("XML cannot hold this text; send bytes")
    return "string", escape(value, {"\r": "&#13;"})


def _element(name: str, value: Any, typed: bool, level: int = 0) -> str:
    """
    A value as an element.

    @raise TypeError: if it cannot be sent.
    @raise ValueError: likewise, or its name is none of XML.
    """
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise ValueError(f"no name of XML: {name!r}")
    if level > _MAX_LEVELS:
        raise ValueError("values are nested too deep")
    if value is None:
        return f'<{name} xsi:nil="true"/>'
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        inner = "".join(_element(key, each, typed, level + 1) for key, each in value.items())
        return f"<{name}>{inner}</{name}>"
    if isinstance(value, list | tuple):
        inner = "".join(_element("item", each, typed, level + 1) for each in value)
        kind = f' xsi:type="enc:Array" enc:arrayType="xsd:anyType[{len(value)}]"' if typed else ""
        return f"<{name}{kind}>{inner}</{name}>"
    kind, text = _written(value)
    attribute = f' xsi:type="xsd:{kind}"' if typed else ""
    return f"<{name}{attribute}>{text}</{name}>"


def _envelope(body: str, header: str = "", typed: bool = False) -> bytes:
    style = f' e:encodingStyle="{ENCODING}" xmlns:enc="{ENCODING}"' if typed else ""
    head = f"<e:Header>{header}</e:Header>" if header else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<e:Envelope xmlns:e="{ENVELOPE}" xmlns:xsd="{SCHEMA}" xmlns:xsi="{INSTANCE}"{style}>'
        f"{head}<e:Body>{body}</e:Body></e:Envelope>"
    ).encode()


def dump(
    name: str,
    namespace: str | None,
    values: Iterable[tuple[str, Any]],
    typed: bool,
    header: Mapping[str, Any] | None = None,
) -> bytes:
    """
    An envelope with a call, or an answer.

    @param name: what is called, or answered.
    @param namespace: what that is in.
    @param values: by names, in order.
    @param typed: whether values have their types with them.
    @raise TypeError: if something cannot be sent.
    @raise ValueError: likewise.
    """
    if _NAME.fullmatch(name) is None:
        raise ValueError(f"no name of XML: {name!r}")
    inner = "".join(_element(key, value, typed) for key, value in values)
    headers = "".join(_element(key, each, typed) for key, each in (header or {}).items())
    if namespace:
        body = f"<m:{name} xmlns:m={quoteattr(namespace)}>{inner}</m:{name}>"
    else:
        body = f"<{name}>{inner}</{name}>"
    return _envelope(body, headers, typed)


def dump_fault(fault: Fault) -> bytes:
    """
    An envelope with a fault.

    @raise TypeError: if its detail cannot be sent.
    @raise ValueError: likewise.
    """
    detail = "" if fault.detail is None else _element("detail", fault.detail, False)
    if detail and not isinstance(fault.detail, Mapping):
        detail = f"<detail>{_element('value', fault.detail, False)}</detail>"
    code = fault.faultcode
    known = code.partition(".")[0] in ("Client", "Server", "VersionMismatch", "MustUnderstand")
    return _envelope(
        f"<e:Fault><faultcode>{'e:' if known else ''}{_written(code)[1]}</faultcode>"
        f"<faultstring>{_written(fault.faultstring)[1]}</faultstring>{detail}</e:Fault>"
    )
