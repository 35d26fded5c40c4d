"""
Domain names: dotted text ⇄ labels with lengths (RFC 1035 §3.1, §4.1.4).

In text, as bytes, a dot within a label is written ``\\.`` and a backslash ``\\\\``, so that a name
that was read is written as the same labels again; all other octets stand for themselves.  The
root is the empty text.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct

from twisted.names._wire.errors import DNSDecodeError, EndOfData

__all__ = [
    "MOST_CHAINED",
    "MOST_HOPS",
    "MOST_OCTETS",
    "MOST_OCTETS_OF_LABEL",
    "POINTERS",
    "USUAL_HOPS",
    "Memo",
    "ends_in",
    "joined",
    "labels",
    "normal",
    "read_name",
    "undotted",
    "wire_name",
    "write_name",
]

#: RFC 1035 §2.3.4.
MOST_OCTETS = 255
MOST_OCTETS_OF_LABEL = 63

#: Pointers followed for one name; no name has more labels.
MOST_HOPS = 127

#: Pointers that a message may spend on names that lead from pointer to pointer (see `Memo`).
MOST_CHAINED = 1000

#: What writers of messages need at most for one name; what goes beyond it is counted.
USUAL_HOPS = 10

#: What the first octet of a pointer is at least.
POINTERS = 0xC0
_FIRST_OUT_OF_REACH = 0x4000
_pointer = Struct("!H").pack


class Memo(dict[int, tuple[bytes, int]]):
    """
    What was read at which offset of one message: the text, and how many pointers it took.

    @ivar most_hops: pointers that one name may take.
    @ivar chained: how many more pointers names may take beyond the usual few, all together.
    """

    __slots__ = ("chained", "most_hops")

    def __init__(self, most_hops: int = MOST_HOPS, chained: int = MOST_CHAINED) -> None:
        self.most_hops = most_hops
        self.chained = chained


def read_name(data: bytes, at: int, memo: Memo) -> tuple[bytes, int]:
    """
    Read the name at an offset of a message: its text, and the offset behind it.

    Pointers lead backward only.  What they lead to is read once, so that the time for all names
    of a message is linear in its length.

    @raise DNSDecodeError: if there is no well-formed name.
    """
    try:
        if data[at] >= POINTERS:
            target = (data[at] & 0x3F) << 8 | data[at + 1]
            known = memo.get(target)
            if known is None or known[1] >= USUAL_HOPS:
                known = _resolve(data, at, memo)
            return known[0], at + 2
        end = at
        while data[end]:
            if data[end] >= POINTERS:
                end += 1
                break
            end += data[end] + 1
        return _resolve(data, at, memo)[0], end + 1
    except IndexError:
        raise EndOfData(f"the message ends within the name at octet {at}") from None


def _resolve(data: bytes, at: int, memo: Memo) -> tuple[bytes, int]:
    """
    Read the text of a name, and remember it and all its parts that a pointer led to.

    @raise IndexError: if the data ends early.
    """
    parts: list[bytes] = []
    # Offsets that are worth remembering: which label begins there, after how many pointers.
    seen: list[tuple[int, int, int]] = [(at, 0, 0)]
    start = position = at
    hops = 0
    tail: tuple[bytes, int] = (b"", 0)
    while length := data[position]:
        if length <= MOST_OCTETS_OF_LABEL:
            following = position + 1 + length
            parts.append(data[position + 1 : following])
            if hops:
                seen.append((position, len(parts) - 1, hops))
            position = following
        elif length >= POINTERS:
            target = (length & 0x3F) << 8 | data[position + 1]
            if target >= start:
                raise DNSDecodeError(f"the pointer at octet {position} does not lead backward")
            hops += 1
            if hops > memo.most_hops:
                raise DNSDecodeError(f"the name at octet {at} takes over {memo.most_hops} pointers")
            if (known := memo.get(target)) is not None:
                tail = known
                break
            start = position = target
            seen.append((position, len(parts), hops))
        else:
            raise DNSDecodeError(f"a label of unknown kind at octet {position}")
    return _remember(memo, at, parts, seen, hops, tail)


def _remember(
    memo: Memo,
    at: int,
    parts: list[bytes],
    seen: list[tuple[int, int, int]],
    hops: int,
    tail: tuple[bytes, int],
) -> tuple[bytes, int]:
    """Join labels to what follows them, and remember the text for all offsets seen."""
    text = b".".join(parts)
    if b"\\" in text or text.count(b".") > len(parts) - 1:
        parts = [_escaped(part) for part in parts]
        text = b".".join(parts)
    if tail[0]:
        text = text + b"." + tail[0] if parts else tail[0]
    if len(text) > MOST_OCTETS - 2 and (b"\\" not in text or _octets(text) > MOST_OCTETS):
        raise DNSDecodeError(f"the name at octet {at} has over {MOST_OCTETS} octets")
    total = hops + tail[1]
    if total > memo.most_hops:
        raise DNSDecodeError(f"the name at octet {at} takes over {memo.most_hops} pointers")
    if total > USUAL_HOPS:
        memo.chained -= total - USUAL_HOPS
        if memo.chained < 0:
            raise DNSDecodeError("too many pointers that lead to pointers")
    if len(seen) == 1:
        memo[at] = (text, total)
        return text, total
    label = begin = 0
    for offset, first, spent in seen:
        while label < first:
            begin += len(parts[label]) + 1
            label += 1
        memo[offset] = (text[begin:], total - spent)
    return text, total


def _escaped(label: bytes) -> bytes:
    """A label as it is written in text."""
    return label.replace(b"\\", b"\\\\").replace(b".", b"\\.")


def _octets(text: bytes) -> int:
    """The octets of a name on the wire, whatever their number."""
    return sum(len(label) + 1 for label in labels(text)) + 1


def labels(text: bytes) -> list[bytes]:
    """The labels of a name in text, without that of the root."""
    if b"\\" not in text:
        return [label for label in text.split(b".") if label]
    found: list[bytes] = []
    label = bytearray()
    octets = iter(text)
    for octet in octets:
        if octet == 0x5C:
            label.append(next(octets, octet))
        elif octet == 0x2E:
            found.append(bytes(label))
            label.clear()
        else:
            label.append(octet)
    found.append(bytes(label))
    return [label for label in found if label]


def joined(parts: list[bytes]) -> bytes:
    """The text of a name with these labels."""
    return b".".join(map(_escaped, parts))


def undotted(text: bytes) -> bytes:
    """A name without the dot at its end, if it has one; an escaped dot is part of a label."""
    if not text.endswith(b"."):
        return text
    escapes = len(text) - 1 - len(text[:-1].rstrip(b"\\"))
    return text if escapes % 2 else text[:-1]


def normal(text: bytes) -> bytes:
    """What is equal for equal names: lower case and without a dot at the end."""
    return undotted(text).lower()


def ends_in(name: bytes, zone: bytes) -> bool:
    """Is a name that of a zone, or below it?  Upper and lower case are the same."""
    name, zone = normal(name), normal(zone)
    return not zone or name == zone or (name.endswith(b"." + zone) and _whole(name, zone))


def _whole(name: bytes, zone: bytes) -> bool:
    """Does what stands before a zone end with a dot between labels, and no escaped one?"""
    if b"\\" not in name:
        return True
    return labels(name)[-len(labels(zone)) :] == labels(zone)


@lru_cache(4096)
def wire_name(text: bytes) -> bytes:
    """
    The octets of a name without compression.

    @raise ValueError: if a label has over 63 octets or the name over 255, or a label is empty.
    """
    if not text or text == b".":
        return b"\0"
    if (b".." in text and b"\\" not in text) or text[:1] == b".":
        raise ValueError(f"the name {text!r} has an empty label")
    parts = labels(text)
    if max(map(len, parts)) > MOST_OCTETS_OF_LABEL:
        raise ValueError(f"a label of the name {text!r} has over {MOST_OCTETS_OF_LABEL} octets")
    wire = b"".join([bytes((len(part),)) + part for part in parts]) + b"\0"
    if len(wire) > MOST_OCTETS:
        raise ValueError(f"the name {text!r} has over {MOST_OCTETS} octets")
    return wire


def write_name(text: bytes, at: int, names: dict[bytes, int] | None) -> bytes:
    """
    The octets of a name at an offset of a message.

    @param names: where names were written before; this one is added.  Without it the name is
        not compressed.
    @raise ValueError: as `wire_name` does.
    """
    if names is None:
        return wire_name(text)
    for ending, before in _endings(text):
        offset = names.get(ending)
        if offset is not None:
            return before + _pointer(0xC000 | offset)
        if (position := at + len(before)) < _FIRST_OUT_OF_REACH:
            names[ending] = position
    return wire_name(text)


@lru_cache(4096)
def _endings(text: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """
    The name and those above it, in text, each with the octets before it; none for the root.

    @raise ValueError: as `wire_name` does.
    """
    wire = wire_name(text)
    endings = []
    position = 0
    rest = labels(text)
    while wire[position]:
        endings.append((joined(rest), wire[:position]))
        position += wire[position] + 1
        del rest[0]
    return tuple(endings)
