"""Markup, correct or not: what it consists of, and trees of it."""

from __future__ import annotations

import warnings

from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web.sux import ParseError, XMLParser

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from twisted.web.microdom import MismatchedTags, parseString

SEEDS = [
    b"<?xml version='1.0' encoding='utf-8'?><!DOCTYPE a><a b='c&amp;'>d<e/><!-- f --></a>",
    b"<a><![CDATA[<b>]]>&c;&#65;&#x41;&broken</a>",
    b"<ul><li>one<li>two<br><IMG SRC=x alt></ul><script>if (a < b && c) {}</script>",
    b"\xff\xfe<\0a\0>\0b\0<\0/\0a\0>\0",
    b"<a b=\"'\" c='\"' d = e>\r\n\t<f g/></a ></b>",
    b"<p>" * 30 + "ä€𝄞".encode() + b"</p>" * 30,
]


class Recorder(XMLParser):
    def connectionMade(self):
        XMLParser.connectionMade(self)
        self.events = []

    def _note(self, *event):
        text = len(event) == 2 and event[0] == "text"
        if text and self.events and self.events[-1][0] == "text":
            self.events[-1] = ("text", self.events[-1][1] + event[1])
        else:
            self.events.append(event)

    def gotTagStart(self, name, attributes):
        self._note("start", name, dict(attributes))

    def gotTagEnd(self, name):
        self._note("end", name)

    def gotText(self, data):
        self._note("text", data)

    def gotEntityReference(self, entityRef):
        self._note("entity", entityRef)

    def gotComment(self, comment):
        self._note("comment", comment)

    def gotCData(self, cdata):
        self._note("cdata", cdata)

    def gotDoctype(self, doctype):
        self._note("doctype", doctype)


def told(data, size, lenient):
    parser = Recorder()
    parser.beExtremelyLenient = lenient
    parser.makeConnection(StringTransport())
    try:
        for start in range(0, len(data), size):
            parser.dataReceived(data[start : start + size])
        parser.connectionLost(Failure(ConnectionDone()))
    except ParseError:
        parser.events.append(("error",))
    return parser.events


def fuzz(data):
    for lenient in (False, True):
        whole, pieces = told(data, max(1, len(data)), lenient), told(data, 1, lenient)
        # What stands before an error in one piece with it need not be told.
        assert pieces == whole or pieces[-1:] == whole[-1:] == [("error",)]
        try:
            parseString(data, beExtremelyLenient=lenient).toxml()
        except (ParseError, MismatchedTags):
            pass


def test_seeds(fuzzed):
    """Nothing breaks for the seeds, nor for what is damaged of them."""
    assert fuzzed > len(SEEDS)
