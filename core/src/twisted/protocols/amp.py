"""
AMP, the Asynchronous Messaging Protocol: questions and answers in both directions over one
connection::

    class Sum(amp.Command):
        arguments = [(b"a", amp.Integer()), (b"b", amp.Integer())]
        response = [(b"total", amp.Integer())]

    class Calculator(amp.AMP):
        @Sum.responder
        def sum(self, a, b):
            return {"total": a + b}

    answer = await connected.callRemote(Sum, a=1, b=2)
"""

from __future__ import annotations

from keyword import kwlist as _keywords

from twisted.protocols._amp._arguments import (
    AmpList,
    Argument,
    Boolean,
    DateTime,
    Decimal,
    Descriptor,
    Float,
    IArgumentType,
    Integer,
    ListOf,
    Path,
    String,
    Unicode,
    utc,
)
from twisted.protocols._amp._boxes import (
    MAX_KEY_LENGTH,
    MAX_VALUE_LENGTH,
    AmpBox,
    QuitBox,
    parse,
    parseString,
)
from twisted.protocols._amp._commands import Command, ProtocolSwitchCommand, StartTLS
from twisted.protocols._amp._dispatch import (
    ANSWER,
    ASK,
    COMMAND,
    ERROR,
    ERROR_CODE,
    ERROR_DESCRIPTION,
    PROTOCOL_ERRORS,
    UNHANDLED_ERROR_CODE,
    UNKNOWN_ERROR_CODE,
    BoxDispatcher,
    CommandLocator,
    IBoxReceiver,
    IBoxSender,
    IResponderLocator,
    SimpleStringLocator,
)
from twisted.protocols._amp._errors import (
    AmpError,
    BadLocalReturn,
    IncompatibleVersions,
    InvalidSignature,
    MalformedAmpBox,
    NoEmptyBoxes,
    OnlyOneTLS,
    ProtocolSwitched,
    RemoteAmpError,
    TooLong,
    UnhandledCommand,
    UnknownRemoteError,
)
from twisted.protocols._amp._protocol import AMP, BinaryBoxProtocol

Box = AmpBox

#: The words that cannot be names of arguments in Python.
PYTHON_KEYWORDS = list(_keywords)

__all__ = [
    "AMP",
    "ANSWER",
    "ASK",
    "COMMAND",
    "ERROR",
    "ERROR_CODE",
    "ERROR_DESCRIPTION",
    "MAX_KEY_LENGTH",
    "MAX_VALUE_LENGTH",
    "PROTOCOL_ERRORS",
    "PYTHON_KEYWORDS",
    "UNHANDLED_ERROR_CODE",
    "UNKNOWN_ERROR_CODE",
    "AmpBox",
    "AmpError",
    "AmpList",
    "Argument",
    "BadLocalReturn",
    "BinaryBoxProtocol",
    "Boolean",
    "Box",
    "BoxDispatcher",
    "Command",
    "CommandLocator",
    "DateTime",
    "Decimal",
    "Descriptor",
    "Float",
    "IArgumentType",
    "IBoxReceiver",
    "IBoxSender",
    "IResponderLocator",
    "IncompatibleVersions",
    "Integer",
    "InvalidSignature",
    "ListOf",
    "MalformedAmpBox",
    "NoEmptyBoxes",
    "OnlyOneTLS",
    "Path",
    "ProtocolSwitchCommand",
    "ProtocolSwitched",
    "QuitBox",
    "RemoteAmpError",
    "SimpleStringLocator",
    "StartTLS",
    "String",
    "TooLong",
    "Unicode",
    "UnhandledCommand",
    "UnknownRemoteError",
    "parse",
    "parseString",
    "utc",
]

for _name in __all__:
    _value = globals()[_name]
    if isinstance(_value, type) and _value.__module__.startswith("twisted.protocols._amp."):
        _value.__module__ = __name__
del _name, _value
