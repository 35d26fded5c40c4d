"""
XML-RPC on the wire: calls and answers, to XML and from it.

What comes is read by expat, without any document type or entity, up to a depth (CWE-776, CWE-611).
"""

from __future__ import annotations

import xmlrpc.client
from typing import Any
from xml.parsers import expat

__all__ = ["MAX_DEPTH", "dump_call", "dump_response", "load"]

#: How deep elements may be nested.
MAX_DEPTH = 64


def load(data: bytes, useDateTime: bool = False) -> tuple[tuple[Any, ...], str | None]:
    """
    The values of a call or an answer, and the name of the method if it is a call.

    @param useDateTime: whether dates become `datetime.datetime`.
    @raise xmlrpc.client.Fault: if the answer is one.
    @raise ValueError: if it is no XML-RPC.
    """
    unmarshaller = xmlrpc.client.Unmarshaller(use_datetime=useDateTime)
    parser = expat.ParserCreate()
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise ValueError("elements are nested too deep")
        unmarshaller.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        unmarshaller.end(tag)

    def refuse(*_: object) -> None:
        raise ValueError("there is a document type")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = unmarshaller.data
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    # It is given text, not octets.
    unmarshaller.xml(None, None)  # type: ignore[arg-type]
    try:
        parser.Parse(data, True)
        return unmarshaller.close(), unmarshaller.getmethodname()
    except xmlrpc.client.Fault:
        raise
    except (
        expat.ExpatError,
        xmlrpc.client.Error,
        AttributeError,
        IndexError,
        LookupError,
        TypeError,
        ValueError,
    ) as problem:
        raise ValueError(f"not XML-RPC: {problem}") from None


def dump_call(method: str, arguments: tuple[Any, ...], allowNone: bool) -> bytes:
    """
    A call.

    @raise TypeError: if something cannot be sent.
    """
    return _encoded(xmlrpc.client.dumps(arguments, method, allow_none=allowNone))


def dump_response(value: Any, allowNone: bool) -> bytes:
    """
    An answer: a value, or a fault.

    @raise TypeError: if it cannot be sent.
    """
    if not isinstance(value, xmlrpc.client.Fault):
        value = (value,)
    return _encoded(xmlrpc.client.dumps(value, methodresponse=True, allow_none=allowNone))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "xmlcharrefreplace")
