"""
Heads of requests and answers (RFC 9113, section 8): fields in, checked values out, and back.

What is malformed raises `StreamError`: two servers in a row might read it differently.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from twisted.web._h2._frames import StreamError
from twisted.web._h2._hpack import Field
from twisted.web._http._grammar import CONTENT_LENGTH, HOST, TOKEN

#: Names are tokens in lower case (RFC 9113, section 8.2.1).
_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9a-z]+")
#: Values hold no line break or NUL, and neither begin nor end with white space.
_VALUE = re.compile(rb"(?:[^\r\n\0\t ](?:[^\r\n\0]*[^\r\n\0\t ])?)?")
_TARGET = re.compile(rb"/[\x21-\x7e\x80-\xff]*|\*")
_STATUS = re.compile(rb"[1-5][0-9][0-9]")

#: Fields that are about a connection of HTTP/1.1 (RFC 9113, section 8.2.2).
_OF_CONNECTION = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"}
)

_OF_REQUESTS = frozenset({b":method", b":scheme", b":authority", b":path", b":protocol"})
_OF_ANSWERS = frozenset({b":status"})
_NONE: frozenset[bytes] = frozenset()


class RequestHead:
    """
    The head of a request.

    @ivar method: such as ``b"GET"``.
    @ivar target: its path and query, or its authority if the method is ``CONNECT``.
    @ivar protocol: what a ``CONNECT`` wants to speak (RFC 8441), or None.
    @ivar headers: lists of values by names in lower case, ``host`` among them.
    @ivar length: of the body in bytes, or None if that is not said.
    @ivar expectation: what the client expects in lower case, such as ``b"100-continue"``, or None.
    @ivar count: how many fields there were.
    """

    __slots__ = ("count", "expectation", "headers", "length", "method", "protocol", "target")

    method: bytes
    target: bytes
    protocol: bytes | None
    headers: dict[bytes, list[bytes]]
    length: int | None
    expectation: bytes | None
    count: int


class AnswerHead:
    """
    The head of an answer.

    @ivar code: the status.
    @ivar headers: lists of values by names in lower case.
    @ivar length: of the body in bytes, or None if that is not said.
    """

    __slots__ = ("code", "headers", "length")

    code: int
    headers: dict[bytes, list[bytes]]
    length: int | None


def _sorted(
    fields: list[Field], known: frozenset[bytes]
) -> tuple[dict[bytes, bytes], dict[bytes, list[bytes]]]:
    """
    The pseudo-headers, and all others.

    @raise StreamError: if there is anything wrong with one of them.
    """
    pseudo: dict[bytes, bytes] = {}
    headers: dict[bytes, list[bytes]] = {}
    for name, value in fields:
        if _VALUE.fullmatch(value) is None:
            raise StreamError("a value holds a line break, NUL, or white space around it")
        if name[:1] == b":":
            if name not in known or name in pseudo or headers:
                raise StreamError("a pseudo-header that is unknown, double, or too late")
            pseudo[name] = value
            continue
        if name in headers:
            headers[name].append(value)
            continue
        if _NAME.fullmatch(name) is None:
            raise StreamError("the name of a header is no token in lower case")
        if name in _OF_CONNECTION or (name == b"te" and value.lower() != b"trailers"):
            raise StreamError("a header that is about a connection of HTTP/1.1")
        headers[name] = [value]
    return pseudo, headers


def _length(headers: dict[bytes, list[bytes]]) -> int | None:
    """
    The length of a body.

    @raise StreamError: if there is any doubt about it.
    """
    lengths = headers.get(b"content-length")
    if lengths is None:
        return None
    if len(lengths) > 1 or CONTENT_LENGTH.fullmatch(lengths[0]) is None:
        raise StreamError("invalid Content-Length")
    return int(lengths[0])


def read_request(fields: list[Field]) -> RequestHead:
    """
    The head of a request.

    @raise StreamError: if it is malformed.
    """
    pseudo, headers = _sorted(fields, _OF_REQUESTS)
    head = RequestHead()
    head.headers = headers
    head.count = len(fields)
    head.method = pseudo.get(b":method", b"")
    if TOKEN.fullmatch(head.method) is None:
        raise StreamError("no method, or an invalid one")
    head.protocol = pseudo.get(b":protocol")
    authority = _authority(pseudo, headers)
    if head.method == b"CONNECT" and head.protocol is None:
        # RFC 9113, section 8.5.
        if not authority or b":path" in pseudo or b":scheme" in pseudo:
            raise StreamError("an invalid CONNECT")
        head.target = authority
    else:
        head.target = pseudo.get(b":path", b"")
        if _TARGET.fullmatch(head.target) is None or not pseudo.get(b":scheme"):
            raise StreamError("no path or scheme, or an invalid one")
        if head.protocol is not None and head.method != b"CONNECT":
            raise StreamError("a protocol without CONNECT")
    head.length = _length(headers)
    cookies = headers.get(b"cookie")
    if cookies is not None and len(cookies) > 1:
        # RFC 9113, section 8.2.3.
        headers[b"cookie"] = [b"; ".join(cookies)]
    expectations = headers.get(b"expect")
    head.expectation = None if expectations is None else b",".join(expectations).lower()
    return head


def _authority(pseudo: dict[bytes, bytes], headers: dict[bytes, list[bytes]]) -> bytes:
    """
    The host that is asked, which becomes the header ``Host``.

    @raise StreamError: if there is none, an invalid one, or two that differ.
    """
    hosts = headers.get(b"host", [])
    authority = pseudo.get(b":authority")
    if authority is None:
        if len(hosts) != 1:
            raise StreamError("no authority, and not one Host")
        authority = hosts[0]
    elif any(host.lower() != authority.lower() for host in hosts):
        raise StreamError("the authority and Host differ")
    if HOST.fullmatch(authority) is None:
        raise StreamError("an invalid authority")
    headers[b"host"] = [authority]
    return authority


def read_answer(fields: list[Field]) -> AnswerHead:
    """
    The head of an answer.

    @raise StreamError: if it is malformed.
    """
    pseudo, headers = _sorted(fields, _OF_ANSWERS)
    status = pseudo.get(b":status", b"")
    if _STATUS.fullmatch(status) is None or status == b"101":
        raise StreamError("no status, or an invalid one")
    head = AnswerHead()
    head.code = int(status)
    head.headers = headers
    head.length = _length(headers)
    return head


def read_trailers(fields: list[Field]) -> dict[bytes, list[bytes]]:
    """
    Fields behind a body: lists of values by names.

    @raise StreamError: if they are malformed.
    """
    return _sorted(fields, _NONE)[1]


def trailer_fields(headers: Mapping[bytes, Iterable[bytes]]) -> list[Field]:
    """
    Fields behind a body.

    @param headers: checked values by names in lower case; those about a connection are left out.
    """
    fields: list[Field] = []
    for name, values in headers.items():
        if name not in _OF_CONNECTION:
            for value in values:
                fields.append((name, value.strip(b" \t")))
    return fields


def answer_fields(code: int, headers: Mapping[bytes, Iterable[bytes]]) -> list[Field]:
    """
    The fields of an answer's head.

    @param headers: as for `trailer_fields`.
    """
    return [(b":status", b"%d" % code), *trailer_fields(headers)]


def request_fields(
    method: bytes,
    scheme: bytes,
    target: bytes,
    headers: Mapping[bytes, list[bytes]],
) -> list[Field]:
    """
    The fields of a request's head.

    @param headers: checked values by names in lower case, with one ``host``; those about a
        connection are left out.
    """
    fields = [(b":method", method), (b":scheme", scheme)]
    fields += ((b":authority", headers[b"host"][0]), (b":path", target))
    for name, values in headers.items():
        if name in _OF_CONNECTION or name == b"host":
            continue
        for value in values:
            if name != b"te" or value.strip().lower() == b"trailers":
                fields.append((name, value.strip(b" \t")))
    return fields
