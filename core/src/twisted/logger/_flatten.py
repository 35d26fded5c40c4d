"""
Events that can be formatted after what they refer to is gone.

An event is flattened by noting, under ``log_flattened``, the text or plain value of each field that
its format mentions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from twisted.logger._format import _callingFormatter
from twisted.logger._interfaces import LogEvent

__all__ = ["KeyFlattener", "extractField", "flatFormat", "flattenEvent"]

_PLAIN = (str, int, float, bool, type(None))


class KeyFlattener:
    """
    Makes keys for the fields of one format: ``name!conversion:spec``.

    A field that is mentioned again gets ``/2``, ``/3``: a call may give another result each time.
    """

    def __init__(self) -> None:
        self.keys: defaultdict[str, int] = defaultdict(int)

    def flatKey(self, fieldName: str, formatSpec: str | None, conversion: str | None) -> str:
        """The key of the next mention of a field."""
        key = f"{fieldName}!{conversion or ''}:{formatSpec or ''}"
        self.keys[key] += 1
        count = self.keys[key]
        return key if count == 1 else f"{key}/{count}"


def _fields(format: str) -> Iterator[tuple[str, str | None, str | None, str | None]]:
    """The parts of a format: literal text, and name, spec and conversion of the field behind it."""
    if isinstance(format, bytes):
        format = format.decode("utf-8")
    parts: Iterator[Any] = _callingFormatter().parse(format)
    return parts


def flattenEvent(event: LogEvent) -> None:
    """Note the values of all fields of an event's format in the event, unless that was done."""
    format = event.get("log_format")
    if format is None or "log_flattened" in event:
        return
    keys = KeyFlattener()
    fields: dict[str, Any] = {}
    formatter = _callingFormatter()
    for _, name, spec, conversion in _fields(format):
        if name is None:
            continue
        key = keys.flatKey(name, spec, conversion if conversion == "r" else "s")
        value, _ = formatter.get_field(name, (), event)
        shown = repr(value) if conversion == "r" else value
        fields[key] = _formatted(shown, spec) if spec else str(shown)
        if isinstance(value, _PLAIN):
            fields.setdefault(f"{name}!:{spec or ''}", value)
    event["log_flattened"] = fields


def _formatted(value: Any, spec: str) -> str:
    """A value in the format of a field."""
    return format(value, spec)


def extractField(field: str, event: LogEvent) -> Any:
    """
    The value of a field as a format would name it, from an event that may be flattened.

    @raise KeyError: if the event does not have it.
    """
    if "log_flattened" in event:
        fields = event["log_flattened"]
        [(_, name, spec, conversion)] = list(_fields("{" + field + "}"))
        for key in (f"{name}!{conversion or ''}:{spec or ''}", f"{name}!s:{spec or ''}"):
            if key in fields:
                return fields[key]
        raise KeyError(field)
    [(_, name, spec, conversion)] = list(_fields("{" + field + "}"))
    value, _ = _callingFormatter().get_field(name or "", (), event)
    if conversion == "r":
        return repr(value)
    if conversion == "s":
        return str(value)
    return value


def flatFormat(event: LogEvent) -> str:
    """The message of a flattened event."""
    fields = event["log_flattened"]
    keys = KeyFlattener()
    pieces: list[str] = []
    for literal, name, spec, conversion in _fields(event["log_format"]):
        pieces.append(literal)
        if name is not None:
            key = keys.flatKey(name, spec, conversion if conversion == "r" else "s")
            pieces.append(str(fields[key]))
    return "".join(pieces)
