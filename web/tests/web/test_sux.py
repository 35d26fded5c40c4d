"""Tests of `twisted.web._markup` and `twisted.web.sux`."""

from __future__ import annotations

import codecs
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from twisted.web import _markup
from twisted.web._markup import MAX_ATTRIBUTES, MAX_ENTITY_LENGTH, MAX_TAG_LENGTH
from twisted.web.sux import ParseError, XMLParser


class Recorder(XMLParser):
    """Keeps what it is told."""

    def __init__(self, lenient=False, limit=XMLParser.maxTokenLength):
        self.beExtremelyLenient = lenient
        self.maxTokenLength = limit
        self.events = []

    def gotTagStart(self, name, attributes):
        self.events.append(("start", name, attributes))

    def gotTagEnd(self, name):
        self.events.append(("end", name))

    def gotText(self, data):
        self.events.append(("text", data))

    def gotEntityReference(self, entityRef):
        self.events.append(("entity", entityRef))

    def gotComment(self, comment):
        self.events.append(("comment", comment))

    def gotCData(self, cdata):
        self.events.append(("cdata", cdata))

    def gotDoctype(self, doctype):
        self.events.append(("doctype", doctype))


def read(pieces, lenient=False, **options):
    """What a parser tells of pieces; an error is the last of that."""
    parser = Recorder(lenient, **options)
    parser.connectionMade()
    try:
        for piece in pieces:
            parser.dataReceived(piece)
        parser.connectionLost()
    except ParseError as problem:
        parser.events.append(("error", problem.line, problem.col))
    return parser.events


STRICT = {
    b"<a>": [("start", "a", {})],
    b" <a/> ": [("start", "a", {}), ("end", "a"), ("text", " ")],
    b"<a b='1' c = \"2'\"d='>'>x</a >": [
        ("start", "a", {"b": "1", "c": "2'", "d": ">"}),
        ("text", "x"),
        ("end", "a"),
    ],
    b"<a\n\tb\n=\n''\n/>": [("start", "a", {"b": ""}), ("end", "a")],
    b"<x:a.b-c_1/>": [("start", "x:a.b-c_1", {}), ("end", "x:a.b-c_1")],
    b"<a>x&amp;y&#160;</a>": [
        ("start", "a", {}),
        ("text", "x"),
        ("entity", "amp"),
        ("text", "y"),
        ("entity", "#160"),
        ("end", "a"),
    ],
    b"<?xml version='1.0'?><a/>": [("start", "a", {}), ("end", "a")],
    b"<?php '>' ?><a/>": [("start", "a", {}), ("end", "a")],
    b"<!-- - -- <a> -->": [("comment", " - -- <a> ")],
    b"<!----><a/>": [("comment", ""), ("start", "a", {}), ("end", "a")],
    b"<!--->": [],
    b"<![CDATA[<&]] >]]]>": [("cdata", "<&]] >]")],
    b"<![CDATA[x": [("cdata", "x")],
    b"<!DOCTYPE a 'b'><a/>": [("doctype", "a 'b'"), ("start", "a", {}), ("end", "a")],
    b"<!doctype html>": [("doctype", "html")],
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>x": [("doctype", "a [<!ENTITY b 'c'>]"), ("text", "x")],
    b"<!ELEMENT a><a>": [("start", "a", {})],
    b"<a b": [],
    b"<a>x &am": [("start", "a", {}), ("text", "x ")],
    b"": [],
    "<a>\u2603\U0001f40d</a>".encode(): [
        ("start", "a", {}),
        ("text", "\u2603\U0001f40d"),
        ("end", "a"),
    ],
    codecs.BOM_UTF8 + b"<a>": [("start", "a", {})],
    codecs.BOM_UTF16_LE + "<a>\u2603".encode("utf-16-le"): [("start", "a", {}), ("text", "\u2603")],
    codecs.BOM_UTF16_BE + "<a>\u2603".encode("utf-16-be"): [("start", "a", {}), ("text", "\u2603")],
    # Errors, and where they are.
    b"x": [("error", 1, 1)],
    b"\n\n  x": [("error", 3, 3)],
    b"<a>\n& b": [("start", "a", {}), ("text", "\n"), ("error", 2, 2)],
    b"<a>&;": [("start", "a", {}), ("error", 1, 5)],
    b"< a>": [("error", 1, 2)],
    b"<>": [("error", 1, 2)],
    b"<() />": [("error", 1, 2)],
    b"</>": [("error", 1, 3)],
    b"</a b>": [("error", 1, 4)],
    b"<a b>": [("error", 1, 4)],
    b"<a b=c>": [("error", 1, 4)],
    b"<a b='c' =>": [("error", 1, 10)],
    b"<a / >": [("error", 1, 5)],
}

LENIENT = {
    b"x <b>y": [("text", "x "), ("start", "b", {}), ("text", "y")],
    b"<a b c=d e=/f/g h='i' j=>": [
        ("start", "a", {"b": "True", "c": "d", "e": "/f/g", "h": "i", "j": "True"})
    ],
    b"<a b=c/>": [("start", "a", {"b": "c"}), ("end", "a")],
    b"<a b=it's>x": [("start", "a", {"b": "it's"}), ("text", "x")],
    b"<a / b>": [("start", "a", {}), ("end", "a")],
    b"<a b!\n c='1'>": [("start", "a", {"b": "True", "c": "1"})],
    b"<a!\n />": [("start", "a", {}), ("end", "a")],
    b"1 < 2 <= 3 <>": [
        *(("text", text) for text in ("1 ", "<", " 2 ", "<", "= 3 ", "<", ">")),
    ],
    b"a & b &c d &amp &nbsp;": [
        ("text", "a "),
        ("entity", "amp"),
        ("text", " b "),
        ("entity", "amp"),
        ("text", "c d "),
        ("entity", "amp"),
        ("text", " "),
        ("entity", "nbsp"),
    ],
    b"&am": [("entity", "amp"), ("text", "am")],
    b"</>x</ y>": [("text", "x")],
    b"</a b>": [("end", "a")],
    b"<?x '?'>y": [("text", "y")],
    b"<![endif]>x": [("text", "x")],
    b"<script>a<b && c</scrip></script >x": [
        ("start", "script", {}),
        ("text", "a<b && c</scrip>"),
        ("end", "script"),
        ("text", "x"),
    ],
    b"<SCRIPT a=b></SCRIPT><b>": [
        ("start", "SCRIPT", {"a": "b"}),
        ("end", "SCRIPT"),
        ("start", "b", {}),
    ],
    b"<script/><b>": [("start", "script", {}), ("end", "script"), ("start", "b", {})],
    b"<script>x</scr": [("start", "script", {}), ("text", "x</scr")],
    b"<a>\xff": [("start", "a", {}), ("text", "\ufffd")],
}

CASES = [
    *((data, False, events) for data, events in STRICT.items()),
    *((data, True, events) for data, events in LENIENT.items()),
]


@pytest.mark.parametrize(("data", "lenient", "events"), CASES)
def test_events(data, lenient, events):
    """Markup is told of piece by piece, whatever pieces it comes in."""
    assert read([data], lenient) == events
    assert read([data[n : n + 1] for n in range(len(data))], lenient) == events
    for place in range(len(data)):
        assert read([data[:place], data[place:]], lenient) == events


PIECES = st.sampled_from(
    (
        *("<", "a", ">", "/", "&", "amp;", "'", '"', " ", "\n", "=", "b", "!--", "--", "-->", "é"),
        *("![CDATA[", "]]", "]]>", "!DOCTYPE", "[", "]", "?", "script", "</script>", "!", "&#"),
        *("<b\tc='d'>", "</b>"),
    )
)


@given(
    st.lists(PIECES, max_size=12).map("".join), st.booleans(), st.lists(st.integers(0, 99)), PIECES
)
@example("<a b='>' />", False, [4, 6], "")
def test_every_split(text, lenient, places, begin):
    """No input does anything but events and `ParseError`, the same at every split."""
    data = (begin + text).encode()
    cuts = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    whole = read([data], lenient)
    assert read([data[a:b] for a, b in pairwise(cuts)], lenient) == whole
    if lenient:
        assert not any(event[0] == "error" for event in whole)


@pytest.mark.parametrize("kind", ["<!--{}-->", "<![CDATA[{}]]>", "<!DOCTYPE {}>", "<a b='{}'/>"])
def test_limit(kind):
    """Markup that is too long is an error as soon as that is sure; what is not is read."""
    allowed = kind.format("x" * (64 - len(kind) + 2)).encode()
    longer = kind.format("x" * (65 - len(kind) + 2)).encode()
    for size in (1, 7, 1000):
        good = [allowed[n : n + size] for n in range(0, len(allowed), size)]
        assert read(good, limit=64)[0][0] != "error"
        bad = [longer[n : n + size] for n in range(0, len(longer), size)]
        assert read(bad, limit=64) == [("error", 1, 1)]


def test_long_text():
    """Long text comes in pieces, which do not depend on what it came in."""
    for begin, lenient in ((b"<a>", False), (b"<script>", True)):
        data = begin + b"x" * 100 + b"</script>"
        first, *texts, end = read([data], lenient, limit=30)
        assert (first[0], end) == ("start", ("end", "script"))
        assert "".join(text for _, text in texts) == "x" * 100
        assert {len(text) for _, text in texts[:-1]} <= {29, 30}
        assert read([data[n : n + 1] for n in range(len(data))], lenient, limit=30) == [
            first,
            *texts,
            end,
        ]


@pytest.mark.parametrize(
    "data",
    [
        b"<a>&" + b"x" * (MAX_ENTITY_LENGTH + 1) + b";",
        b"<a " + b"".join(b"a%d='' " % n for n in range(MAX_ATTRIBUTES + 1)) + b">",
        b"<a b='" + b"x" * MAX_TAG_LENGTH,
    ],
    ids=["entity", "attributes", "tag"],
)
def test_other_limits(data):
    """Names of entities, attributes and tags have limits."""
    assert read([data])[-1][0] == "error"


def test_too_many_attributes_leniently():
    """The number of attributes is limited whatever is read."""
    assert (
        read([b"<a " + b"".join(b"a%d " % n for n in range(2000)) + b">"], True)[-1][0] == "error"
    )


def test_linear(monkeypatch):
    """Nothing is searched twice for an end that does not come, in however small pieces."""
    searched = 0

    class Counted(str):
        def find(self, what, start=0, end=2**62):
            nonlocal searched
            searched += min(end, len(self)) - start
            return super().find(what, start, end)

    for begin in ("<!--", "<![CDATA[", "<!DOCTYPE a [", "<?x", "<a b='"):
        tokens = _markup.Tokenizer()
        list(tokens.feed(begin))
        searched = 0
        for _ in range(1000):
            tokens._buffer = Counted(tokens._buffer)
            list(tokens.feed(">"))
        assert searched < 5000


def test_mark():
    """The place of the last character of what was read last is known."""
    marks = []

    class Marker(Recorder):
        def gotTagStart(self, name, attributes):
            marks.append(self.saveMark())

    parser = Marker()
    assert parser.saveMark() == (1, 0)
    parser.connectionMade()
    parser.dataReceived(b"<a>\n\n  <b\n c='1'>x<d/")
    parser.dataReceived(b">")
    assert marks == [(1, 3), (4, 7), (4, 12)]


def test_error():
    """An error says what is wrong, and where."""
    error = ParseError("f", 1, 2, "m")
    assert str(error) == "f:1:2: m"
    assert error.args == ("f", 1, 2, "m")


def test_no_text():
    """Bytes that are no text are an error, unless everything is read."""
    assert [event[0] for event in read([b"<a>", b"\xff</a>"])] == ["start", "error"]


def test_without_beginning():
    """A parser begins by itself, and one that got nothing ends without ado."""
    parser = Recorder()
    parser.connectionLost()
    parser.dataReceived(b"<a>")
    assert parser.events == [("start", "a", {})]
    XMLParser().dataReceived(b"<!DOCTYPE a><a>x&amp;<!-- b --><![CDATA[c]]></a>")
