"""
The client of dictionaries: DICT, RFC 2229.

::

    d = define("localhost", 2628, "*", "network")
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol
from twisted.internet.error import TimeoutError
from twisted.protocols.basic import LineReceiver
from twisted.protocols.policies import TimeoutMixin
from twisted.python.failure import Failure

__all__ = ["Definition", "DictClient", "DictError", "InvalidResponse", "define", "match"]

_PORT = 2628

#: The answers that text follows.
_WITH_TEXT = frozenset({110, 111, 112, 113, 114, 151, 152})
#: The refusals that mean that there is nothing.
_NOTHING = frozenset({552, 554, 555})

_PARAMETER = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s"']+))""")


class InvalidResponse(Exception):
    """The server said something that is not of the protocol, or too much."""


class DictError(Exception):
    """
    The server refused something.

    @ivar code: its number, of RFC 2229.
    @ivar message: what it said.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


class Definition:
    """
    What a word means.

    @ivar name: the word.
    @ivar db: the name of the dictionary.
    @ivar dbdesc: what the dictionary is.
    @ivar text: the lines of the definition.
    """

    def __init__(self, name: str, db: str, dbdesc: str, text: list[str]) -> None:
        self.name = name
        self.db = db
        self.dbdesc = dbdesc
        self.text = text

    def __repr__(self) -> str:
        return f"<Definition of {self.name!r} in {self.db!r}: {len(self.text)} lines>"


def _parameters(text: str) -> list[str]:
    """@raise InvalidResponse: if a quotation has no end."""
    found, place = [], 0
    text = text.rstrip()
    while place < len(text):
        matched = _PARAMETER.match(text, place)
        if matched is None:
            raise InvalidResponse(f"no parameters: {text!r}")
        double, single, atom = matched.groups()
        quoted = single if double is None else double
        found.append(atom if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        place = matched.end()
    return found


def _quoted(word: str | bytes) -> bytes:
    """@raise ValueError: if it has characters that no word has."""
    text = word.decode() if isinstance(word, bytes) else word
    if not text or any(ord(char) < 0x20 or ord(char) == 0x7F for char in text):
        raise ValueError(f"no word: {word!r}")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'.encode()


#: The parameters of an answer, and the lines of the text that follows it.
_Text = tuple[list[str], list[str]]


class _Query:
    """
    A command under way.

    @ivar made: turns the texts that came into the result.
    """

    def __init__(self, command: bytes, made: Callable[[list[_Text]], Any]) -> None:
        self.command = command
        self.made = made
        self.texts: list[_Text] = []
        # An answer to what was cancelled still comes, and is dropped.
        self.done: Deferred[Any] = Deferred()

    def succeed(self) -> None:
        """Everything came."""
        try:
            result = self.made(self.texts)
        except (InvalidResponse, ValueError) as problem:
            self.fail(InvalidResponse(str(problem)))
        else:
            if not self.done.called:
                self.done.callback(result)

    def fail(self, reason: BaseException | Failure) -> None:
        """It will not come."""
        if not self.done.called:
            self.done.errback(reason)


def _definitions(texts: list[_Text]) -> list[Definition]:
    found = []
    for (word, database, description, *_), lines in texts:
        found.append(Definition(word, database, description, lines))
    return found


def _pairs(texts: list[_Text]) -> list[tuple[str, str]]:
    found = []
    for _, lines in texts:
        for line in lines:
            first, second, *_ = _parameters(line)
            found.append((first, second))
    return found


class DictClient(LineReceiver, TimeoutMixin):
    """
    A client; commands that are given while another one is under way follow it.

    @cvar queryTimeout: how long the server may say nothing while something is asked, in seconds.
    @cvar maxSize: the longest answer, in bytes.
    """

    MAX_LENGTH = 16384
    queryTimeout: float | None = 60
    maxSize = 4 * 1024 * 1024

    def __init__(self) -> None:
        # The greeting is the answer to nothing.
        greeting = _Query(b"", lambda texts: None)
        greeting.done.addErrback(self._refused)
        self._queries = deque([greeting])
        self._parametersOfText: list[str] = []
        self._lines: list[str] | None = None
        self._size = 0
        self._lost: Failure | None = None

    def connectionMade(self) -> None:
        """Wait for the greeting."""
        self.setTimeout(self.queryTimeout)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """Tell all who wait for something."""
        self.setTimeout(None)
        self._end(reason)

    def timeoutConnection(self) -> None:
        """The server says nothing: end the connection."""
        self._end(Failure(TimeoutError("the server of dictionaries says nothing")))
        self.transport.abortConnection()

    def _refused(self, reason: Failure) -> None:
        """There is no greeting."""
        self._end(reason)
        self.transport.loseConnection()

    def _end(self, reason: Failure) -> None:
        if self._lost is None:
            self._lost = reason
        queries, self._queries = self._queries, deque()
        for query in queries:
            query.fail(self._lost)

    def _break(self, problem: str) -> None:
        """Nothing that the server says can be understood any more."""
        self._end(Failure(InvalidResponse(problem)))
        self.setTimeout(None)
        self.transport.abortConnection()

    # Commands

    def define(self, database: str, word: str) -> Deferred[list[Definition]]:
        """
        Ask what a word means.

        @param database: the name of a dictionary, ``*`` for all, ``!`` for the first that has it.
        @return: fires with a list of `Definition`, which is empty if there are none; fails with a
            `DictError`, or with why the connection was lost.
        @raise ValueError: if that is no word.
        """
        return self._ask(b"DEFINE " + _quoted(database) + b" " + _quoted(word), _definitions)

    def match(self, database: str, strategy: str, word: str) -> Deferred[list[tuple[str, str]]]:
        """
        Ask which words are like another one.

        @param strategy: how they are, such as ``prefix``; ``.`` for what the server thinks best.
        @return: fires with pairs of the name of a dictionary and a word; fails as `define` does.
        @raise ValueError: if that is no word.
        """
        command = b" ".join([b"MATCH", _quoted(database), _quoted(strategy), _quoted(word)])
        return self._ask(command, _pairs)

    def databases(self) -> Deferred[list[tuple[str, str]]]:
        """Ask for the dictionaries. @return: fires with pairs of names and descriptions."""
        return self._ask(b"SHOW DB", _pairs)

    def strategies(self) -> Deferred[list[tuple[str, str]]]:
        """Ask for the strategies of `match`. @return: fires with names and descriptions."""
        return self._ask(b"SHOW STRAT", _pairs)

    def quit(self) -> None:
        """Say good-bye, and end the connection."""
        if self._lost is None:
            self.sendLine(b"QUIT")
        self.transport.loseConnection()

    def _ask(self, command: bytes, made: Callable[[list[_Text]], Any]) -> Deferred[Any]:
        query = _Query(command, made)
        if self._lost is not None:
            query.fail(self._lost)
            return query.done
        self._queries.append(query)
        if len(self._queries) == 1:
            self._send()
        return query.done

    def _send(self) -> None:
        """Send the first command that somebody still waits for."""
        while self._queries and self._queries[0].done.called:
            self._queries.popleft()
        self.setTimeout(self.queryTimeout if self._queries else None)
        if self._queries:
            self.sendLine(self._queries[0].command)

    # Answers

    def lineReceived(self, line: bytes) -> None:
        """Take a line of an answer."""
        if self._lost is not None:
            return
        self.resetTimeout()
        self._size += len(line)
        if self._size > self.maxSize:
            self._break("the answer is too long")
            return
        text = line.decode("utf-8", "replace")
        if self._lines is not None:
            self._takeText(text)
            return
        code, message = text[:3], text[4:]
        if not (code.isascii() and code.isdigit()):
            self._break(f"no answer: {text[:80]!r}")
            return
        if not self._queries:
            if code not in ("221", "420", "421"):
                self._break(f"an answer that nobody asked for: {text[:80]!r}")
            return
        self._takeStatus(int(code), message)

    def lineLengthExceeded(self, line: bytes) -> None:
        """No line is so long."""
        self._break("a line is too long")

    def _takeText(self, text: str) -> None:
        assert self._lines is not None
        if text == ".":
            self._queries[0].texts.append((self._parametersOfText, self._lines))
            self._lines = None
        else:
            self._lines.append(text[1:] if text.startswith(".") else text)

    def _takeStatus(self, code: int, message: str) -> None:
        if code in _WITH_TEXT:
            try:
                self._parametersOfText = _parameters(message) if code == 151 else []
            except InvalidResponse as problem:
                self._break(str(problem))
            else:
                self._lines = []
            return
        if code < 200:
            return
        self._size = 0
        query = self._queries.popleft()
        self._send()
        if code < 300 or code in _NOTHING:
            query.succeed()
        else:
            query.fail(DictError(code, message))


def _asked(
    ask: Callable[[DictClient], Deferred[Any]], host: str, port: int, reactor: Any
) -> Deferred[Any]:
    """Ask a server for one thing."""
    if reactor is None:
        # Importing it installs it.
        from twisted.internet import reactor

    def connected(client: DictClient) -> Deferred[Any]:
        def over(result: Any) -> Any:
            client.quit()
            return result

        return ask(client).addBoth(over)

    client = DictClient()
    client.callLater = reactor.callLater  # type: ignore[method-assign]
    endpoint = HostnameEndpoint(reactor, host, port)
    return connectProtocol(endpoint, client).addCallback(connected)


def define(
    host: str, port: int, database: str, word: str, reactor: Any = None
) -> Deferred[list[Definition]]:
    """
    Ask a server what a word means; see `DictClient.define`.

    @param port: most of the time 2628.
    """
    _quoted(word)
    return _asked(lambda client: client.define(database, word), host, port or _PORT, reactor)


def match(
    host: str, port: int, database: str, strategy: str, word: str, reactor: Any = None
) -> Deferred[list[tuple[str, str]]]:
    """
    Ask a server which words are like another one; see `DictClient.match`.

    @param port: most of the time 2628.
    """
    _quoted(word)
    return _asked(
        lambda client: client.match(database, strategy, word), host, port or _PORT, reactor
    )
