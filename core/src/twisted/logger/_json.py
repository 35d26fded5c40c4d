"""Events as JSON, and back."""

from __future__ import annotations

from collections.abc import Iterator
from json import dumps, loads
from typing import IO, Any
from uuid import UUID

from constantly import NamedConstant

from twisted.logger._file import FileLogObserver
from twisted.logger._flatten import flattenEvent
from twisted.logger._interfaces import LogEvent
from twisted.logger._levels import LogLevel
from twisted.python.failure import Failure

__all__ = ["eventAsJSON", "eventFromJSON", "eventsFromJSONLogFile", "jsonFileLogObserver"]

_LEVEL = UUID("02E59486-F24D-46AD-8224-3ACDF2A5732A")
_FAILURE = UUID("E76887E2-20ED-49BF-A8F8-BA25CC586F2D")
_CLASS_KEY = "__class_uuid__"
_RECORD_SEPARATOR = "\x1e"


def _failureState(failure: Failure) -> dict[str, Any]:
    """What is kept of a failure: its type by name, message and frames."""
    return {
        "count": failure.count,
        "type": {"__module__": failure.type.__module__, "__name__": failure.type.__name__},
        "value": failure.value,
        "captureVars": failure.captureVars,
        "tb": None,
        "parents": failure.parents,
        "stack": [],
        "frames": failure.frames,
        "pickled": 1,
    }


def _failureFromState(state: dict[str, Any]) -> Failure:
    """A failure as far as it was kept."""
    failure = Failure.__new__(Failure)
    kind = state["type"]
    failure.__setstate__(
        {
            "count": state.get("count"),
            "type": type(kind["__name__"], (), {"__module__": kind["__module__"]}),
            "value": state.get("value"),
            "captureVars": state.get("captureVars", False),
            "tb": None,
            "pickled": 1,
            "_parents": state.get("parents", []),
            "_recorded": tuple(tuple(frame) for frame in state.get("frames", ())),
        }
    )
    return failure


def _encode(thing: Any) -> Any:
    """A thing that JSON does not know, in things that it does."""
    if isinstance(thing, bytes):
        return thing.decode("charmap")
    if isinstance(thing, NamedConstant) and thing in LogLevel.iterconstants():
        return {"name": thing.name, _CLASS_KEY: str(_LEVEL)}
    if isinstance(thing, Failure):
        return {**_failureState(thing), _CLASS_KEY: str(_FAILURE)}
    return {"unpersistable": True}


def _decode(thing: dict[str, Any]) -> Any:
    """The object for a JSON object that `_encode` made."""
    if _CLASS_KEY not in thing:
        return thing
    try:
        kind = UUID(thing.pop(_CLASS_KEY))
    except (ValueError, AttributeError, TypeError):
        return thing
    if kind == _LEVEL:
        return getattr(LogLevel, str(thing.get("name")), thing)
    if kind == _FAILURE:
        return _failureFromState(thing)
    return thing


def eventAsJSON(event: LogEvent) -> str:
    """
    An event as a JSON object, with the values of all fields of its format.

    What JSON cannot hold becomes ``{"unpersistable": true}``; bytes become text of the same codes.
    """
    try:
        flattenEvent(event)
    except Exception:
        # It cannot be formatted now either: its data is of use all the same.
        event.pop("log_flattened", None)
    return dumps(_withTextKeys(event), default=_encode, skipkeys=True)


def _withTextKeys(thing: Any) -> Any:
    """An event whose keys may be bytes, with text for keys."""
    return {_key(key): value for key, value in thing.items()}


def _key(key: Any) -> Any:
    """A key of a JSON object."""
    return key.decode("charmap") if isinstance(key, bytes) else key


def eventFromJSON(eventText: str) -> LogEvent:
    """
    The event that `eventAsJSON` made a text of.

    @raise ValueError: if the text is no JSON.
    """
    event: LogEvent = loads(eventText, object_hook=_decode)
    return event


def jsonFileLogObserver(
    outFile: IO[Any], recordSeparator: str = _RECORD_SEPARATOR
) -> FileLogObserver:
    """
    Write events as a JSON text sequence (RFC 7464), or as JSON lines.

    @param recordSeparator: comes before each event; ``""`` for JSON lines.
    """
    return FileLogObserver(outFile, lambda event: f"{recordSeparator}{eventAsJSON(event)}\n")


def eventsFromJSONLogFile(
    inFile: IO[Any], recordSeparator: str | None = None, bufferSize: int = 4096
) -> Iterator[LogEvent]:
    """
    The events of a file that `jsonFileLogObserver` wrote.

    What is damaged, such as the end of a file that is being written, is logged and left out.

    @param recordSeparator: by default found out from the file's first character.
    @param bufferSize: how much to read at a time.
    """
    from codecs import getincrementaldecoder

    from twisted.logger._logger import Logger

    log = Logger()
    decoder = getincrementaldecoder("utf-8")("replace")

    def read() -> str:
        data = inFile.read(bufferSize)
        if isinstance(data, bytes):
            # An empty read that is no end, of a character cut in two, is read on.
            return decoder.decode(data) or (read() if data else "")
        return str(data)

    def parse(record: str) -> LogEvent | None:
        try:
            return eventFromJSON(record)
        except ValueError:
            log.error("Unable to read truncated JSON record: {record!r}", record=record)
            return None

    buffer = read()
    if recordSeparator is None:
        recordSeparator = _RECORD_SEPARATOR if buffer.startswith(_RECORD_SEPARATOR) else ""
    separator = recordSeparator or "\n"
    while True:
        *records, buffer = buffer.split(separator)
        for record in records:
            if record.strip():
                event = parse(record)
                if event is not None:
                    yield event
        more = read()
        if not more:
            break
        buffer += more
    if buffer.strip():
        event = parse(buffer)
        if event is not None:
            yield event
