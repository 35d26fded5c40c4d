"""Describing methods in WSDL 1.1, for clients that want to be told what there is."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any
from xml.sax.saxutils import quoteattr

from twisted.web._soapwire import SCHEMA, schema_type

__all__ = ["describe", "signature_of"]

_WSDL = "http://schemas.xmlsoap.org/wsdl/"
_BINDING = "http://schemas.xmlsoap.org/wsdl/soap/"


@dataclasses.dataclass
class Signature:
    """
    What a method takes and gives.

    @ivar parameters: types by names, None for unknown ones; or None if it takes anything.
    @ivar result: a type, or None.
    """

    parameters: dict[str, Any] | None
    result: Any


def signature_of(function: Callable[..., Any]) -> Signature:
    """What a method takes and gives, as far as its annotations say."""
    try:
        hints = typing.get_type_hints(function)
    except (NameError, TypeError):
        hints = {}
    parameters = inspect.signature(function).parameters.values()
    if any(each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD) for each in parameters):
        return Signature(None, hints.get("return"))
    return Signature({p.name: hints.get(p.name) for p in parameters}, hints.get("return"))


class _Schema:
    """Collects the types that methods need."""

    def __init__(self) -> None:
        self.types: dict[str, str] = {}

    def element(self, name: str, kind: Any, many: bool = False) -> str:
        """An element of a type; it may be missing if that may be None."""
        inner = [each for each in typing.get_args(kind) if each is not type(None)]
        origin = typing.get_origin(kind)
        optional = origin is not None and origin not in (list, tuple) and len(inner) == 1
        kind = inner[0] if optional else kind
        occurs = ' minOccurs="0" maxOccurs="unbounded"' if many else ""
        occurs = occurs or (' minOccurs="0"' if optional else "")
        kinds = f'type="{self._type(kind)}" nillable="true"{occurs}'
        return f"<xsd:element name={quoteattr(name)} {kinds}/>"

    def _type(self, kind: Any) -> str:
        """The name of a type."""
        if typing.get_origin(kind) in (list, tuple):
            inner = typing.get_args(kind)[0]
            name = f"ArrayOf_{self._type(inner).partition(':')[2]}"
            self._complex(name, lambda: self.element("item", inner, many=True))
            return f"t:{name}"
        if dataclasses.is_dataclass(kind) and isinstance(kind, type):
            hints = typing.get_type_hints(kind)
            self._complex(
                kind.__name__,
                lambda: "".join(self.element(name, hint) for name, hint in hints.items()),
            )
            return f"t:{kind.__name__}"
        return f"xsd:{schema_type(kind)}"

    def _complex(self, name: str, content: Callable[[], str]) -> None:
        if name not in self.types:
            # Types may have themselves in them.
            self.types[name] = ""
            self.types[name] = (
                f'<xsd:complexType name="{name}"><xsd:sequence>{content()}</xsd:sequence>'
                "</xsd:complexType>"
            )


def describe(functions: Mapping[str, Callable[..., Any]], namespace: str, url: str) -> bytes:
    """
    Describe methods, as documents whose elements are wrapped in one that is called like the method.

    @param functions: by their names.
    @param namespace: what their names are in.
    @param url: where they are called.
    """
    schema = _Schema()
    elements, messages, operations, bindings = [], [], [], []
    for name, function in functions.items():
        signature = signature_of(function)
        if signature.parameters is None:
            continue
        takes = "".join(schema.element(*item) for item in signature.parameters.items())
        nothing = signature.result is type(None)
        gives = "" if nothing else schema.element("return", signature.result)
        for element, content in ((name, takes), (f"{name}Response", gives)):
            elements.append(
                f'<xsd:element name="{element}"><xsd:complexType><xsd:sequence>{content}'
                "</xsd:sequence></xsd:complexType></xsd:element>"
            )
            part = f'<part name="parameters" element="t:{element}"/>'
            messages.append(f'<message name="{element}">{part}</message>')
        operations.append(
            f'<operation name="{name}"><input message="t:{name}"/>'
            f'<output message="t:{name}Response"/></operation>'
        )
        bindings.append(
            f'<operation name="{name}"><s:operation soapAction=""/>'
            '<input><s:body use="literal"/></input><output><s:body use="literal"/></output>'
            "</operation>"
        )
    space = quoteattr(namespace)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<definitions xmlns="{_WSDL}" xmlns:s="{_BINDING}" xmlns:xsd="{SCHEMA}" xmlns:t={space} '
        f"targetNamespace={space}>"
        f"<types><xsd:schema targetNamespace={space}>{''.join(schema.types.values())}"
        f"{''.join(elements)}</xsd:schema></types>{''.join(messages)}"
        f'<portType name="Port">{"".join(operations)}</portType>'
        '<binding name="Binding" type="t:Port">'
        '<s:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>'
        f"{''.join(bindings)}</binding>"
        '<service name="Service"><port name="Port" binding="t:Binding">'
        f"<s:address location={quoteattr(url)}/></port></service></definitions>"
    ).encode()
