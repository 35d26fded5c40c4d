"""XML-RPC: calls and answers, and templates."""

from __future__ import annotations

from xmlrpc.client import Fault

from twisted.web import _xmlrpcwire

SEEDS = [
    b"<?xml version='1.0'?><methodCall><methodName>f</methodName><params><param><value><struct>"
    b"<member><name>a</name><value><int>1</int></value></member></struct></value></param>"
    b"</params></methodCall>",
    b"<methodResponse><params><param><value><array><data><value><double>1e9</double></value>"
    b"<value><boolean>1</boolean></value><value><base64>AA==</base64></value><value><nil/></value>"
    b"<value><dateTime.iso8601>19980717T14:08:55</dateTime.iso8601></value></data></array>"
    b"</value></param></params></methodResponse>",
    b"<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>4</int>"
    b"</value></member><member><name>faultString</name><value><string>x</string></value></member>"
    b"</struct></value></fault></methodResponse>",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]><methodCall>&b;</methodCall>",
    b"<p xmlns:t='http://twistedmatrix.com/ns/twisted.web.template/0.1' t:render='x'>"
    b"<t:slot name='y'/><!-- z --><t:attr name='q'>v</t:attr></p>",
]


def fuzz(data):
    for useDateTime in (False, True):
        try:
            _xmlrpcwire.load(data, useDateTime)
        except (ValueError, Fault):
            pass


def test_seeds(fuzzed):
    """Nothing breaks for the seeds, nor for what is damaged of them."""
    assert fuzzed > len(SEEDS)
