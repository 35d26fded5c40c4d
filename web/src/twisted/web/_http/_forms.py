"""Reading what forms send: fields of queries and of bodies."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import IO
from urllib.parse import unquote_to_bytes

import multipart

from twisted.web._http._head import BadRequest

#: How many fields a query or form may have, and how many headers a part of a form.
MAX_FIELDS = 1000
MAX_PART_HEADERS = 8

#: How much of a form is read at once, in bytes.
_PORTION = 65536


#: A percent sign that encodes nothing.
_STRAY_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")

#: What `parse_qs` needs until it has told names from values, and what has to be decoded last.
_DECODED_LATE = frozenset({b"&", b"=", b"%"})

#: Texts above this many bytes are decoded field by field, and so are codes after this many.
_DECODED_AT_ONCE = 65536
_MOST_CODES = 32


def _decoded(text: bytes) -> bytes:
    """Text without the encoding that forms give it."""
    text = text.replace(b"+", b" ")
    return unquote_to_bytes(text) if b"%" in text else text


def _mostlyDecoded(text: bytes) -> bytes:
    """
    Fields of a form, of which what separates them, and the percent sign, is still encoded.

    Each code is replaced in all of the text at once: mostly there are few, however long it is.
    """
    text = text.replace(b"+", b" ")
    here = text.find(b"%")
    for _ in range(_MOST_CODES):
        if here < 0:
            break
        code = text[here : here + 3]
        meant = bytes([int(code[1:], 16)])
        if meant in _DECODED_LATE:
            here += 3
        else:
            text = text.replace(code, meant)
        here = text.find(b"%", here)
    return text


def parse_qs(
    qs: bytes,
    keep_blank_values: bool | int = 0,
    strict_parsing: bool | int = 0,
    max_num_fields: int | None = None,
) -> dict[bytes, list[bytes]]:
    """
    Read a query, or a form of type ``application/x-www-form-urlencoded``.

    Fields are separated by ``&`` alone, as the WHATWG URL standard has it.

    @param keep_blank_values: whether fields without a value are kept.
    @param strict_parsing: whether fields without ``=`` are errors; otherwise they are passed over.
    @param max_num_fields: how many fields there may be.
    @return: lists of values by names.
    @raise ValueError: if there are more fields, or for such errors.
    """
    fields: dict[bytes, list[bytes]] = {}
    if max_num_fields is not None and qs.count(b"&") >= max_num_fields:
        raise ValueError(f"more than {max_num_fields} fields")
    if len(qs) <= _DECODED_AT_ONCE and not _STRAY_PERCENT.search(qs):
        qs = _mostlyDecoded(qs)
        decoded: Callable[[bytes], bytes] = unquote_to_bytes
        plain = b"%" not in qs
    else:
        decoded = _decoded
        plain = b"%" not in qs and b"+" not in qs
    for field in qs.split(b"&"):
        if not field:
            continue
        name, sign, value = field.partition(b"=")
        if not sign:
            if strict_parsing:
                raise ValueError(f"a field without a value: {field!r}")
            continue
        if value or keep_blank_values:
            if not plain:
                name, value = decoded(name), decoded(value)
            if name in fields:
                fields[name].append(value)
            else:
                fields[name] = [value]
    return fields


def query_fields(query: bytes) -> dict[bytes, list[bytes]]:
    """
    The fields of a query.

    @raise BadRequest: if there are too many.
    """
    try:
        return parse_qs(query, 1, 0, MAX_FIELDS)
    except ValueError as error:
        raise BadRequest(str(error)) from None


def form_fields(content_type: bytes, content: IO[bytes]) -> dict[bytes, list[bytes]] | None:
    """
    The fields of a body, if it is a form.

    @param content_type: the header.
    @param content: the body; it is read from where it stands.
    @return: lists of values by names, or None for any other content.
    @raise BadRequest: if it is malformed, or has too many fields.
    """
    kind = content_type.partition(b";")[0].strip().lower()
    if kind == b"application/x-www-form-urlencoded":
        return query_fields(content.read())
    if kind == b"multipart/form-data":
        return _parts(content_type, content)
    return None


def _parts(content_type: bytes, content: IO[bytes]) -> dict[bytes, list[bytes]]:
    """
    The fields of a form in parts (RFC 7578); for files, what is in them.

    @raise BadRequest: if it is malformed.
    """
    _, options = multipart.parse_options_header(content_type.decode("iso-8859-1"))
    boundary = options.get("boundary", "")
    if not 1 <= len(boundary) <= 70:
        # RFC 2046, section 5.1.1.
        raise BadRequest("a form without a good boundary")
    fields: dict[bytes, list[bytes]] = {}
    name = b""
    pieces: list[bytes] = []
    try:
        with multipart.PushMultipartParser(
            boundary,
            max_header_count=MAX_PART_HEADERS,
            max_segment_count=MAX_FIELDS,
        ) as parser:
            while not parser.closed:
                for event in parser.parse(content.read(_PORTION)):
                    if isinstance(event, multipart.MultipartSegment):
                        name = event.name.encode("utf-8", "surrogateescape")
                    elif event:
                        pieces.append(bytes(event))
                    else:
                        fields.setdefault(name, []).append(b"".join(pieces))
                        pieces.clear()
    except (multipart.MultipartError, UnicodeError) as error:
        raise BadRequest(f"malformed form: {error}") from None
    return fields
