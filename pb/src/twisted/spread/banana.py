"""
Banana: expressions of integers, floats, octets and lists over a connection.

Both sides agree on a dialect first, which is a set of words that are sent as numbers: the server
offers those that it knows, and the client takes one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from twisted.internet.protocol import Protocol
from twisted.logger import Logger
from twisted.persisted.styles import Ephemeral
from twisted.spread._banana._decoder import Decoder, number
from twisted.spread._banana._encoder import Encoder
from twisted.spread._banana._format import (
    FLOAT,
    HIGH_BIT_SET,
    INT,
    LIST,
    LONGINT,
    LONGNEG,
    NEG,
    PB_WORDS,
    SIZE_LIMIT,
    STRING,
    VOCAB,
    BananaError,
    Limits,
    UnknownItem,
    UnknownWord,
    digits,
)

__all__ = [
    "FLOAT",
    "HIGH_BIT_SET",
    "INT",
    "LIST",
    "LONGINT",
    "LONGNEG",
    "NEG",
    "SIZE_LIMIT",
    "STRING",
    "VOCAB",
    "Banana",
    "BananaError",
    "UnknownItem",
    "UnknownWord",
    "b1282int",
    "decode",
    "encode",
    "int2b128",
    "setPrefixLimit",
]

_log = Logger()

_limits = Limits()


def setPrefixLimit(limit: int) -> None:
    """
    Set how many octets the number of an item may have, for what begins from now on.

    An integer can have seven times as many bits.
    """
    _limits.prefix = limit


def int2b128(integer: int, stream: Callable[[bytes], object]) -> None:
    """
    Write a number in base 128, its least digit first.

    @param stream: called with the octets.
    @raise ValueError: it is negative.
    """
    if integer < 0:
        raise ValueError(f"{integer} is negative")
    stream(digits(integer))


def b1282int(st: bytes) -> int:
    """The number that `int2b128` has written."""
    return number(st)


class Banana(Protocol, Ephemeral):
    """
    A side of a connection that sends and receives expressions.

    Octets that are no Banana, and those that exceed a limit, make `dataReceived` raise
    `BananaError`, which ends the connection.

    @cvar knownDialects: the dialects that are offered, or taken, the best first.
    @cvar prefixLimit: how many octets the number of an item may have: see `setPrefixLimit`.
    @cvar sizeLimit: how many octets a string, and how many items a list may have.
    @cvar nestingLimit: how many lists may be within each other.
    @cvar itemLimit: how many items an expression may have in all.
    @cvar expressionLimit: how many octets an expression may have in all.
    @ivar currentDialect: the one that was agreed on, or None.
    """

    knownDialects: ClassVar[list[bytes]] = [b"pb", b"none"]
    prefixLimit: int = _limits.prefix
    sizeLimit: int = SIZE_LIMIT
    nestingLimit: int = _limits.nesting
    itemLimit: int = _limits.items
    expressionLimit: int = _limits.octets

    outgoingVocabulary: ClassVar[dict[bytes, int]] = dict(PB_WORDS)
    incomingVocabulary: ClassVar[dict[int, bytes]] = {
        index: word for word, index in PB_WORDS.items()
    }
    # Names that programs may have read from the class; they tell of its last word.
    k, v = b"uncache", 31

    #: The dialects that have the vocabularies' words.
    _dialectsWithWords: ClassVar[frozenset[bytes]] = frozenset({b"pb"})

    currentDialect: bytes | None = None

    def __init__(self, isClient: int = 1) -> None:
        self.isClient = isClient
        self._limits = Limits(
            _limits.prefix if self.prefixLimit == Banana.prefixLimit else self.prefixLimit,
            self.sizeLimit,
            self.nestingLimit,
            self.itemLimit,
            self.expressionLimit,
        )
        self.prefixLimit = self._limits.prefix
        self._decoder = Decoder(None, self._limits)
        self._encoder = Encoder(None, self._limits)

    def setPrefixLimit(self, limit: int) -> None:
        """Set how many octets the number of an item may have."""
        self.prefixLimit = self._limits.prefix = limit

    @property
    def buffer(self) -> bytes:
        """What has come of an item that is not complete."""
        return self._decoder.rest

    def connectionReady(self) -> None:
        """A dialect was agreed on; to be overridden."""

    def expressionReceived(self, lst: Any) -> None:
        """
        An expression has come; to be overridden.

        @raise NotImplementedError: it is not.
        """
        raise NotImplementedError(f"{type(self).__name__} does not take expressions")

    def gotItem(self, item: Any) -> None:
        """Pass an expression on."""
        self.callExpressionReceived(item)

    def callExpressionReceived(self, obj: Any) -> None:
        """Pass an expression to the agreement on a dialect, or on."""
        if self.currentDialect is None:
            self._agree(obj)
        else:
            self.expressionReceived(obj)

    def connectionMade(self) -> None:
        """The server offers its dialects."""
        if not self.isClient:
            self.sendEncoded(self.knownDialects)

    def _agree(self, obj: Any) -> None:
        """Take one of the dialects that are offered, or the one that the client has taken."""
        if self.isClient:
            known = (
                [each for each in obj if each in self.knownDialects] if type(obj) is list else []
            )
            if not known:
                _log.warn("The server offers no dialect of Banana that is known here")
                self.transport.loseConnection()
                return
            self.sendEncoded(known[0])
            self._selectDialect(known[0])
        elif obj in self.knownDialects:
            self._selectDialect(obj)
        else:
            _log.warn("The client takes a dialect of Banana that was not offered")
            self.transport.loseConnection()

    def _selectDialect(self, dialect: bytes) -> None:
        self.currentDialect = dialect
        if dialect in self._dialectsWithWords:
            self._decoder.words = self.incomingVocabulary
            self._encoder = Encoder(self.outgoingVocabulary, self._limits)
        self.connectionReady()

    def dataReceived(self, chunk: bytes) -> None:
        """
        Take octets.

        @raise BananaError: they are no Banana, or exceed a limit.
        """
        decoder = self._decoder
        decoder.feed(chunk)
        while expression := decoder.read():
            self.gotItem(expression[0])

    def sendEncoded(self, obj: Any) -> None:
        """
        Send an expression: integers, floats, octets, and lists or tuples of them.

        @raise BananaError: it holds something else, or exceeds a limit. Nothing is sent then.
        """
        self.transport.write(self._encoder.encode(obj))


_encode = Encoder(None, _limits).encode


def encode(lst: Any) -> bytes:
    """
    An expression in octets, without the words of a dialect.

    @raise BananaError: it cannot be sent.
    """
    return _encode(lst)


def decode(st: bytes) -> Any:
    """
    The first expression in some octets, without the words of a dialect.

    @raise BananaError: they are none, not complete, or exceed a limit.
    """
    decoder = Decoder(None, _limits)
    decoder.feed(st)
    found = decoder.read()
    if not found:
        raise BananaError("the expression is not complete")
    return found[0]
