"""
XML-RPC on the wire: calls and answers, to XML and from it.
"""

from __future__ import annotations

import xmlrpc.client
from typing import Any, cast

from twisted.web._safexml import MAX_DEPTH, read

__all__ = ["MAX_DEPTH", "dump_call", "dump_response", "load"]


def _end_struct(unmarshaller: xmlrpc.client.Unmarshaller, data: str) -> None:
    """
    A structure is complete.

    @raise ValueError: if one of its members has no name.
    """
    xmlrpc.client.Unmarshaller.dispatch["struct"](unmarshaller, data)
    members = cast("dict[Any, Any]", unmarshaller._stack[-1])
    if not all(isinstance(name, str) for name in members):
        raise ValueError("a member without a name")


_ENDS = {**xmlrpc.client.Unmarshaller.dispatch, "struct": _end_struct}


def load(data: bytes, useDateTime: bool = False) -> tuple[tuple[Any, ...], str | None]:
    """
    The values of a call or an answer, and the name of the method if it is a call.

    @param useDateTime: whether dates become `datetime.datetime`.
    @raise xmlrpc.client.Fault: if the answer is one.
    @raise ValueError: if it is no XML-RPC.
    """
    unmarshaller = xmlrpc.client.Unmarshaller(use_datetime=useDateTime)
    unmarshaller.dispatch = _ENDS
    # It is given text, not octets.
    unmarshaller.xml(None, None)  # type: ignore[arg-type]
    try:
        read(data, unmarshaller)
        return unmarshaller.close(), unmarshaller.getmethodname()
    except xmlrpc.client.Fault:
        raise
    except (
        xmlrpc.client.Error,
        AttributeError,
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
