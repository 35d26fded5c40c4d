"""Extended messages and their options, against dnspython."""

from __future__ import annotations

import dns.edns
import dns.message
import pytest

from twisted.names import dns as ours

OPTIONS = [
    (ours.Cookie(b"12345678"), dns.edns.CookieOption(b"12345678", b"")),
    (ours.Cookie(b"12345678", b"abcdefgh"), dns.edns.CookieOption(b"12345678", b"abcdefgh")),
    (ours.ClientSubnet("192.0.2.0", 24), dns.edns.ECSOption("192.0.2.0", 24, 0)),
    (ours.ClientSubnet("2001:db8::", 33, 48), dns.edns.ECSOption("2001:db8::", 33, 48)),
    (ours.ClientSubnet("0.0.0.0", 0), dns.edns.ECSOption("0.0.0.0", 0, 0)),
    (ours.Padding(7), dns.edns.GenericOption(12, bytes(7))),
    (ours.ExtendedError(6, "bogus"), dns.edns.EDEOption(6, "bogus")),
    (ours.NameServerID(b"ns1"), dns.edns.NSIDOption(b"ns1")),
    (ours.Keepalive(300), dns.edns.GenericOption(11, b"\x01\x2c")),
    (ours.Keepalive(), dns.edns.GenericOption(11, b"")),
]


@pytest.mark.parametrize(("value", "theirs"), OPTIONS)
def test_options_as_dnspython(value: ours.EDNSOption, theirs: dns.edns.Option) -> None:
    """Options have the octets that dnspython gives them, and are read back."""
    option = ours.OPTVariableOption.of(value)
    assert (option.code, option.data) == (int(theirs.otype), theirs.to_wire())
    assert option.value == value


@pytest.mark.parametrize(
    ("code", "data"),
    [
        (8, b""),
        (8, b"\0\3\x18\0\1\2\3"),
        (8, b"\0\1\x21\0\1\2\3\4\5"),
        (8, b"\0\1\x18\0\1\2\3\4"),
        (8, b"\0\1\x17\0\1\2\3"),
        (10, b"1234567"),
        (10, b"123456789"),
        (10, b"1" * 41),
        (11, b"1"),
        (15, b"\0"),
    ],
)
def test_ill_formed_options(code: int, data: bytes) -> None:
    """Options that do not hold what they should are refused when that is asked for."""
    with pytest.raises(ours.DNSDecodeError):
        _ = ours.OPTVariableOption(code, data).value


def test_unknown_options() -> None:
    """Of an option that is not known there are only octets."""
    assert ours.OPTVariableOption(65001, b"x").value is None


@pytest.mark.parametrize(
    "value",
    [ours.Cookie(b"1"), ours.Cookie(b"12345678", b"1"), ours.ClientSubnet("192.0.2.1", 33)],
)
def test_options_without_wire_form(value: ours.EDNSOption) -> None:
    """Values that no option can hold are a ValueError."""
    with pytest.raises(ValueError):
        value.toData()


def test_message_as_dnspython() -> None:
    """dnspython reads our extended messages, and we read its own."""
    message = ours.EDNSMessage(
        id=3,
        answer=True,
        rCode=ours.EBADCOOKIE,
        maxSize=1232,
        dnssecOK=True,
        queries=[ours.Query(b"example.com", ours.A)],
        options=[ours.OPTVariableOption.of(ours.ExtendedError(22, "no"))],
    )
    theirs = dns.message.from_wire(message.toStr())
    assert theirs.rcode() == 23
    assert theirs.payload == 1232
    assert theirs.ednsflags & 0x8000
    assert theirs.options == (dns.edns.EDEOption(22, "no"),)
    again = ours.EDNSMessage()
    again.fromStr(theirs.to_wire())
    assert again == message


def test_the_first_option_of_a_code() -> None:
    """A header gives out the option with a code, if it has it."""
    header = ours.OPTHeader(options=[ours.OPTVariableOption(1, b"a")])
    assert header.option(1) is header.options[0]
    assert header.option(2) is None


def test_options_that_lie() -> None:
    """An option that is longer than the record is refused when the message is read."""
    message = ours.Message()
    message.additional = [
        ours.RRHeader(b"", ours.OPT, 1232, payload=ours.UnknownRecord(b"\0\1\0\xff"))
    ]
    with pytest.raises(ours.DNSDecodeError):
        ours.EDNSMessage().fromStr(message.toStr())
