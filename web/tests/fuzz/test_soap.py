"""SOAP: envelopes, and the values in them."""

from __future__ import annotations

from dataclasses import dataclass

from twisted.web import _soapwire

ENVELOPE = (
    b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"'
    b' xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
    b' xmlns:x="http://www.w3.org/2001/XMLSchema"'
    b' xmlns:c="http://schemas.xmlsoap.org/soap/encoding/">%b</e:Envelope>'
)
SEEDS = [
    ENVELOPE % b'<e:Body><f><a i:type="x:int">1</a><b i:type="x:string">&amp;</b></f></e:Body>',
    ENVELOPE % b'<e:Header><h e:mustUnderstand="1"/></e:Header><e:Body><f/></e:Body>',
    ENVELOPE % b'<e:Body><f><a href="#b"/></f><m id="b"><c href="#b"/></m></e:Body>',
    ENVELOPE
    % b'<e:Body><f><a i:type="c:Array" c:arrayType="x:int[2]"><i>1</i><i>-2</i></a></f></e:Body>',
    ENVELOPE
    % b'<e:Body><f><a i:type="x:dateTime">2026-11-21T22:00:00Z</a><b i:type="x:base64Binary">'
    b'AA==</b><c i:type="x:decimal">1.5</c><d i:nil="true"/></f></e:Body>',
    ENVELOPE % b"<e:Body><e:Fault><faultcode>a</faultcode></e:Fault></e:Body>",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + ENVELOPE % b"<e:Body>&b;</e:Body>",
]


@dataclass
class Record:
    a: int
    b: list[str]


def fuzz(data):
    try:
        message = _soapwire.load(data)
    except (ValueError, _soapwire.Fault):
        return
    for node in (message.body, *message.body.children):
        for wanted in (None, int, str, bytes, bool, float, list[int], Record):
            try:
                _soapwire.value_of(node, message.references, wanted)
            except ValueError:
                pass


def test_seeds(fuzzed):
    """Nothing breaks for the seeds, nor for what is damaged of them."""
    assert fuzzed > len(SEEDS)
