"""Text for events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import localtime
from typing import Any

from twisted.logger._interfaces import LogEvent
from twisted.python.failure import Failure
from twisted.python.reflect import safe_repr

__all__ = [
    "eventAsText",
    "formatEvent",
    "formatEventAsClassicLogText",
    "formatTime",
    "formatUnformattableEvent",
    "formatWithCall",
    "timeFormatRFC3339",
]

#: RFC 3339, section 5.6, as `time.strftime` takes it.
timeFormatRFC3339 = "%Y-%m-%dT%H:%M:%S%z"

_formatter: Any = None


def _callingFormatter() -> Any:
    """
    The formatter of events: as `str.format`, and ``{name()}`` calls what it names.

    Made on first use: many programs log nothing.
    """
    global _formatter
    if _formatter is not None:
        return _formatter
    from string import Formatter

    class CallingFormatter(Formatter):
        def get_field(
            self, field_name: str, args: Any, kwargs: Mapping[str, Any]
        ) -> tuple[Any, str]:
            first, rest = _splitField(field_name)
            value = _resolve(kwargs[first.removesuffix("()")], first.endswith("()"))
            for isAttribute, key in rest:
                if isAttribute:
                    found = getattr(value, key.removesuffix("()"))
                    value = _resolve(found, key.endswith("()"))
                else:
                    value = value[key]
            return value, first

    _formatter = CallingFormatter()
    return _formatter


def _resolve(value: Any, call: bool) -> Any:
    """Call a value if that is asked for."""
    return value() if call else value


def _splitField(name: str) -> tuple[str, list[tuple[bool, Any]]]:
    """The first name of a field such as ``a.b()[c]``, and the steps from there."""
    # What string.Formatter itself uses.
    from _string import formatter_field_name_split  # type: ignore[import-not-found]

    first, rest = formatter_field_name_split(name)
    return str(first), list(rest)


def formatWithCall(formatString: str, mapping: Mapping[str, Any]) -> str:
    """
    As ``formatString.format(**mapping)``, where ``{name()}`` is the result of calling ``name``.
    """
    return str(_callingFormatter().vformat(formatString, (), mapping))


def formatEvent(event: LogEvent) -> str:
    """
    The message of an event; it never raises.

    @return: empty if the event has no format.
    """
    return eventAsText(event, includeTraceback=False, includeTimestamp=False, includeSystem=False)


def _message(event: LogEvent) -> str:
    """The message of an event, or what is wrong with it."""
    try:
        if "log_flattened" in event:
            from twisted.logger._flatten import flatFormat

            return flatFormat(event)
        format = event.get("log_format")
        if format is None:
            return ""
        if isinstance(format, bytes):
            format = format.decode("utf-8")
        elif not isinstance(format, str):
            raise TypeError(f"Log format must be str, not {format!r}")
        return formatWithCall(format, event)
    except BaseException as error:
        return formatUnformattableEvent(event, error)


def formatUnformattableEvent(event: LogEvent, error: BaseException) -> str:
    """What to show of an event whose format cannot be filled in."""
    try:
        return f"Unable to format event {event!r}: {error}"
    except BaseException:
        failure = Failure()
        pairs = ", ".join(f"{safe_repr(k)} = {safe_repr(v)}" for k, v in event.items())
        return (
            f"MESSAGE LOST: unformattable object logged: {safe_repr(error)}\n"
            f"Recoverable data: {pairs}\n"
            f"Exception during formatting:\n{failure.getTraceback()}"
        )


def formatTime(
    when: float | None, timeFormat: str | None = timeFormatRFC3339, default: str = "-"
) -> str:
    """
    A time as text in the local time zone.

    @param when: seconds since the epoch, or None.
    @param timeFormat: as `time.strftime` takes it, and ``%f`` for microseconds; None for no time.
    @param default: the text for no time.
    """
    if timeFormat is None or when is None:
        return default
    if "%f" in timeFormat:
        from datetime import datetime

        return datetime.fromtimestamp(when).astimezone().strftime(timeFormat)
    from time import strftime

    return strftime(timeFormat, localtime(when))


def formatEventAsClassicLogText(
    event: LogEvent, formatTime: Callable[[float | None], str] = formatTime
) -> str | None:
    """
    An event as a line of a log file: time, system, message; further lines are indented.

    @return: None if there is nothing to say.
    """
    text = eventAsText(event, formatTime=formatTime)
    if not text:
        return None
    return text.replace("\n", "\n\t") + "\n"


def _systemOf(event: LogEvent) -> str:
    """The part of the program that an event came from."""
    system = event.get("log_system")
    if system is None:
        level = event.get("log_level")
        name = "-" if level is None else level.name
        return f"{event.get('log_namespace', '-')}#{name}"
    try:
        return str(system)
    except Exception:
        return "UNFORMATTABLE"


def _tracebackOf(event: LogEvent) -> str:
    """The traceback of an event's failure, if it has one."""
    failure = event.get("log_failure")
    if failure is None:
        return ""
    try:
        return str(failure.getTraceback())
    except BaseException as error:
        return f"(UNABLE TO OBTAIN TRACEBACK FROM EVENT):{error}"


def eventAsText(
    event: LogEvent,
    includeTraceback: bool = True,
    includeTimestamp: bool = True,
    includeSystem: bool = True,
    formatTime: Callable[[float | None], str] = formatTime,
) -> str:
    """
    An event as text, with as much beside its message as is asked for.

    @return: empty if there is neither message nor traceback.
    """
    text = _message(event)
    if includeTraceback and "log_failure" in event:
        text = f"{text}\n{_tracebackOf(event)}"
    if not text:
        return text
    front = ""
    if includeTimestamp:
        front = f"{formatTime(event.get('log_time'))} "
    if includeSystem:
        front += f"[{_systemOf(event)}] "
    return front + text
