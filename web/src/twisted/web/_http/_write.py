"""Writing heads of responses: values in, bytes out."""

from __future__ import annotations

import re

from twisted.web.http_headers import _canonical, _canonicalName

#: What a reason may hold (RFC 9112, section 4): no line break, NUL or other control.
_REASON = re.compile(rb"[\t \x21-\x7e\x80-\xff]*")

#: Status lines that were written before, and how many are remembered.
_status_lines: dict[tuple[bytes, int | bytes, bytes], bytes] = {}
_MOST_STATUS_LINES = 200


def checked_reason(reason: bytes) -> bytes:
    """
    A reason that can be written as it is.

    @raise ValueError: if a line break or another control is in it (CWE-113).
    """
    if _REASON.fullmatch(reason) is None:
        raise ValueError(f"a control character in a reason: {reason!r}")
    return reason


def _status_line(version: bytes, code: int | bytes, reason: bytes) -> bytes:
    """The first line of a response."""
    digits = code if isinstance(code, bytes) else b"%d" % code
    line = b"%b %b %b\r\n" % (version, digits, checked_reason(reason))
    if len(_status_lines) < _MOST_STATUS_LINES:
        _status_lines[version, code, reason] = line
    return line


def response_head(
    version: bytes, code: int | bytes, reason: bytes, headers: dict[bytes, list[bytes]]
) -> bytes:
    """
    A whole head, its empty line included.

    @param headers: lists of checked values by names in lower case.
    @raise ValueError: if a control is in the reason.
    """
    line = _status_lines.get((version, code, reason))
    parts = [_status_line(version, code, reason) if line is None else line]
    for name, values in headers.items():
        # Nearly always it is known, and a call would cost more than this.
        written = _canonical.get(name) or _canonicalName(name)
        for value in values:
            parts += (written, b": ", value, b"\r\n")
    parts.append(b"\r\n")
    return b"".join(parts)
