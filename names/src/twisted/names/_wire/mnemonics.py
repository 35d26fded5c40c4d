"""Names of record types, classes and response codes (IANA's registry of DNS parameters)."""

from __future__ import annotations

__all__ = [
    "CLASSES",
    "QUERY_ONLY",
    "RESPONSES",
    "TYPES",
    "class_name",
    "class_number",
    "type_name",
    "type_number",
]

#: Types of records; `twisted.names.dns` adds those that programs register.
TYPES: dict[int, str] = {}

#: Types that only questions have.
QUERY_ONLY: dict[int, str] = {
    251: "IXFR",
    252: "AXFR",
    253: "MAILB",
    254: "MAILA",
    255: "ALL_RECORDS",
}

CLASSES: dict[int, str] = {1: "IN", 2: "CS", 3: "CH", 4: "HS", 255: "ANY"}

#: Response codes, with those of EDNS.
RESPONSES: dict[int, str] = {
    0: "NOERROR",
    1: "FORMERR",
    2: "SERVFAIL",
    3: "NXDOMAIN",
    4: "NOTIMP",
    5: "REFUSED",
    6: "YXDOMAIN",
    7: "YXRRSET",
    8: "NXRRSET",
    9: "NOTAUTH",
    10: "NOTZONE",
    16: "BADVERS",
    17: "BADKEY",
    18: "BADTIME",
    23: "BADCOOKIE",
}

_MOST = 0xFFFF


def _name(number: int, known: dict[int, str], generic: str) -> str:
    return known.get(number) or f"{generic}{number}"


def _number(name: str, known: dict[int, str], generic: str) -> int:
    name = name.upper()
    for number, mnemonic in known.items():
        if mnemonic == name:
            return number
    digits = name.removeprefix(generic)
    if digits != name and digits.isascii() and digits.isdigit() and int(digits) <= _MOST:
        return int(digits)
    raise ValueError(f"{name!r} is no {generic.lower()} of records")


def type_name(number: int) -> str:
    """The mnemonic of a type, or ``TYPE123`` (RFC 3597 §5)."""
    if number == 255:
        return "ANY"
    return _name(number, TYPES if number in TYPES else QUERY_ONLY, "TYPE")


def type_number(name: str) -> int:
    """
    The number of a type, from its mnemonic or from ``TYPE123``.

    @raise ValueError: if there is none.
    """
    if name.upper() in ("ANY", "*"):
        return 255
    return _number(name, {**TYPES, **QUERY_ONLY}, "TYPE")


def class_name(number: int) -> str:
    """The mnemonic of a class, or ``CLASS123``."""
    return _name(number, CLASSES, "CLASS")


def class_number(name: str) -> int:
    """
    The number of a class, from its mnemonic or from ``CLASS123``.

    @raise ValueError: if there is none.
    """
    return _number(name, CLASSES, "CLASS")
