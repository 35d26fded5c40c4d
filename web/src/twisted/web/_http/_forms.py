"""Reading what forms send: fields of queries and of bodies."""

from __future__ import annotations

from binascii import a2b_qp
from typing import IO, Any
from urllib.parse import unquote_to_bytes

import multipart

from twisted.web._http._head import BadRequest
from twisted.web._http._uploads import Spool, UploadedFile

#: How many fields a query or form may have, and how many headers a part of a form.
MAX_FIELDS = 1000
MAX_PART_HEADERS = 8

#: How many bytes of a form may be no files.
MAX_FORM_SIZE = 16 * 2**20

#: How much of a form is read at once, in bytes.
_PORTION = 65536


# Looking for a number in bytes is much faster than looking for bytes.
_PERCENT, _CR, _LF = b"%\r\n"


#: All octets but the signs that a query is made of.
_NO_SIGNS = bytes(set(range(256)) - set(b"&=%"))

#: A space for ``+``; quoted-printable's sign for ``%``.
_AS_QUOTED = bytes.maketrans(b"+%", b" =")


def _unescaped(text: bytes, percents: int) -> bytes:
    """
    Text without its escapes; a ``%`` that begins none is left.

    @param percents: how many are in it.
    """
    if not percents:
        return text.replace(b"+", b" ")
    if b"\n" not in text and b"\r" not in text:
        # Quoted-printable differs in nothing but its sign, and is decoded in C.  What is no escape
        # is left longer than an escape would be; only ends of lines mean something else there.
        decoded = a2b_qp(text.replace(b"=", b"=3D").translate(_AS_QUOTED))
        if len(decoded) == len(text) - 2 * percents:
            return decoded
    return unquote_to_bytes(text.replace(b"+", b" "))


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
    signs = qs.translate(None, _NO_SIGNS)
    separators = signs.count(b"&")
    if max_num_fields is not None and separators >= max_num_fields:
        raise ValueError(f"more than {max_num_fields} fields")
    percents = signs.count(b"%")
    if signs.replace(b"%", b"") == b"=&" * separators + b"=":
        # Each field has one sign, as usual: decode all of them at once.
        whole = _unescaped(qs, percents)
        pieces = whole.replace(b"&", b"=").split(b"=", 2 * separators + 2)
        # There are more pieces if signs were escaped.
        if len(pieces) == 2 * separators + 2:
            return _gathered(pieces[::2], pieces[1::2], bool(keep_blank_values))
    names, values = [], []
    for field in qs.split(b"&"):
        name, sign, value = field.partition(b"=")
        if sign:
            names.append(_unescaped(name, name.count(b"%")))
            values.append(_unescaped(value, value.count(b"%")))
        elif strict_parsing and field:
            raise ValueError(f"a field without a value: {field!r}")
    return _gathered(names, values, bool(keep_blank_values))


def _gathered(names: list[bytes], values: list[bytes], blank: bool) -> dict[bytes, list[bytes]]:
    """
    Lists of values by names.

    @param blank: whether empty values count.
    """
    if blank or b"" not in values:
        fields = {name: [value] for name, value in zip(names, values, strict=True)}
        if len(fields) == len(names):
            return fields
    fields = {}
    for name, value in zip(names, values, strict=True):
        if value or blank:
            fields.setdefault(name, []).append(value)
    return fields


class Form:
    """
    What a form holds.

    @ivar values: lists of texts and files, by names, in the order in which they came.
    """

    def __init__(self) -> None:
        self.values: dict[bytes, list[bytes | UploadedFile]] = {}
        self.spool = Spool()

    def contents(self) -> dict[bytes, list[bytes]]:
        """The texts, and what is in the files."""
        return {
            name: [each if isinstance(each, bytes) else each.content() for each in values]
            for name, values in self.values.items()
        }

    def files(self) -> dict[bytes, list[UploadedFile]]:
        """The files."""
        found = {
            name: [each for each in values if isinstance(each, UploadedFile)]
            for name, values in self.values.items()
        }
        return {name: files for name, files in found.items() if files}


def query_fields(query: bytes, max_fields: int = MAX_FIELDS) -> dict[bytes, list[bytes]]:
    """
    The fields of a query.

    @raise BadRequest: if there are too many.
    """
    try:
        return parse_qs(query, 1, 0, max_fields)
    except ValueError as error:
        raise BadRequest(str(error)) from None


def read_form(
    content_type: bytes,
    content: IO[bytes],
    max_fields: int = MAX_FIELDS,
    max_size: int = MAX_FORM_SIZE,
) -> dict[bytes, list[bytes]] | Form | None:
    """
    The fields of a body, if it is a form.

    @param content_type: the header.
    @param content: the body; it is read from where it stands.
    @param max_fields: how many fields there may be.
    @param max_size: how many bytes may be in what is no file.
    @return: the fields of a form in one piece, a form in parts, or None for any other content.
    @raise BadRequest: if it is malformed, too large, or has too many fields.
    """
    kind = content_type.partition(b";")[0].strip().lower()
    if kind == b"application/x-www-form-urlencoded":
        data = content.read(max_size + 1)
        if len(data) > max_size:
            raise BadRequest("the form is too large", 413)
        return query_fields(data, max_fields)
    if kind == b"multipart/form-data":
        return _read_parts(content_type, content, max_fields, max_size)
    return None


def _read_parts(content_type: bytes, content: IO[bytes], max_fields: int, max_size: int) -> Form:
    """
    A form in parts (RFC 7578).

    @raise BadRequest: if it is malformed.
    """
    _, options = multipart.parse_options_header(content_type.decode("iso-8859-1"))
    boundary = options.get("boundary", "")
    if not 1 <= len(boundary) <= 70:
        # RFC 2046, section 5.1.1.
        raise BadRequest("a form without a good boundary")
    form = Form()
    try:
        with multipart.PushMultipartParser(
            boundary,
            max_header_count=MAX_PART_HEADERS,
            max_segment_count=max_fields,
        ) as parser:
            _fill(form, parser, content, max_size)
    except (multipart.MultipartError, UnicodeError) as error:
        form.spool.close()
        raise BadRequest(f"malformed form: {error}") from None
    except BadRequest:
        form.spool.close()
        raise
    return form


def _fill(form: Form, parser: Any, content: IO[bytes], max_size: int) -> None:
    """
    Put the parts that a parser finds into a form.

    @raise BadRequest: if it becomes too large.
    """
    pieces: list[bytes] = []
    size = 0
    values: list[bytes | UploadedFile] = []
    upload: UploadedFile | None = None
    while not parser.closed:
        for event in parser.parse(content.read(_PORTION)):
            if isinstance(event, multipart.MultipartSegment):
                name = event.name.encode("utf-8", "surrogateescape")
                values = form.values.setdefault(name, [])
                upload = None
                if event.filename is not None:
                    upload = UploadedFile(
                        form.spool, name, event.filename, event.content_type or ""
                    )
                    values.append(upload)
            elif upload is not None:
                upload.write(event or b"")
            elif event:
                size += len(event)
                if size > max_size:
                    raise BadRequest("the form is too large", 413)
                pieces.append(bytes(event))
            else:
                values.append(b"".join(pieces))
                pieces.clear()
