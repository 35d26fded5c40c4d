"""Reading what forms send: fields of queries and of bodies."""

from __future__ import annotations

from typing import IO
from urllib.parse import unquote_to_bytes

import multipart

from twisted.web._http._head import BadRequest

#: How many fields a query or form may have, and how many headers a part of a form.
MAX_FIELDS = 1000
MAX_PART_HEADERS = 8

#: How much of a form is read at once, in bytes.
_PORTION = 65536


# Looking for a number in bytes is much faster than looking for bytes.
(_PERCENT,) = b"%"


def _decoded(text: bytes) -> bytes:
    """Text without the encoding that forms give it."""
    text = text.replace(b"+", b" ")
    return unquote_to_bytes(text) if _PERCENT in text else text


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
    for field in qs.split(b"&"):
        if not field:
            continue
        name, sign, value = field.partition(b"=")
        if not sign:
            if strict_parsing:
                raise ValueError(f"a field without a value: {field!r}")
            continue
        if value or keep_blank_values:
            fields.setdefault(_decoded(name), []).append(_decoded(value))
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
