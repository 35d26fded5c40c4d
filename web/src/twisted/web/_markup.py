"""
Reading markup piece by piece: text in, tokens out.

It reads XML, or whatever people call HTML, without document types or entities: it only says where
they are.  All of a buffer is searched at once, and nothing is searched twice.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

__all__ = [
    "MAX_ATTRIBUTES",
    "MAX_ENTITY_LENGTH",
    "MAX_TAG_LENGTH",
    "MAX_TOKEN_LENGTH",
    "Kind",
    "MarkupError",
    "Token",
    "Tokenizer",
]

#: How many characters a comment, a document type or a CDATA section may have; longer text comes in
#: pieces of this length.
MAX_TOKEN_LENGTH = 2**20

#: How many characters a tag may have, how many attributes, and how many characters the name of an
#: entity.
MAX_TAG_LENGTH = 2**19
MAX_ATTRIBUTES = 1000
MAX_ENTITY_LENGTH = 64

#: What names are made of.
_NAME = re.compile(r"[\w.\-:]+")

_ENTITY = re.compile(r"([\w.\-:#]+);")
_ENTITY_BEGUN = re.compile(r"[\w.\-:#]*")
#: Entities that browsers know without a semicolon.
_WITHOUT_SEMICOLON = frozenset({"amp", "copy", "gt", "lt", "nbsp", "quot", "reg"})

_TEXT_END = re.compile(r"[<&]")
_TAG_END = re.compile(r"[>=]")
_SPACE = re.compile(r"\s*")

_STRICT_ATTRIBUTE = re.compile(r"""\s*+([\w.\-:]++)\s*+=\s*+(?:"([^"]*)"|'([^']*)')""")
_STRICT_END = re.compile(r"\s*+(/?)")

#: An attribute of HTML; what cannot be part of one is passed over.
_LENIENT_ATTRIBUTE = re.compile(
    r"""\s*+(?:([\w.\-:;+#%~]++)(?:\s*+=\s*+(?:"([^"]*)"|'([^']*)'|([^\s"'>]\S*))?)?|(.))""", re.S
)


#: What most markup is made of, each with one match: text, ends, starts and entities that are whole,
#: and the attributes of starts.
_PLAIN = re.compile(
    r"([^<&]++)(?=[<&])"
    r"|</([\w.\-:]++)>"
    r"|<([\w.\-:]++)((?:\s++[\w.\-:]++=(?:\"[^\"]*+\"|'[^']*+'))*+)\s*+(/?)>"
    r"|&([\w.\-:#]++);"
)
_PLAIN_ATTRIBUTE = re.compile(r"""([\w.\-:]++)=(?:"([^"]*)"|'([^']*)')""")


class MarkupError(Exception):
    """
    What came is no markup.

    @ivar line: where, counted from 1.
    @ivar column: likewise.
    """

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


class Kind(enum.Enum):
    """What a token is."""

    START = "start of an element"
    END = "end of an element"
    TEXT = "text"
    ENTITY = "reference to an entity"
    COMMENT = "comment"
    CDATA = "CDATA section"
    DOCTYPE = "document type"


class Token(NamedTuple):
    """
    A piece of markup.

    @ivar value: the name of an element or entity, or the text.
    @ivar attributes: of a start: values as they are written, by names.
    @ivar closed: of a start: whether it is an end, too.
    """

    kind: Kind
    value: str
    attributes: dict[str, str] = {}
    closed: bool = False


class Tokenizer:
    """
    Cuts text into tokens.

    @ivar lenient: whether everything is read, as browsers do, and nothing is an error but size.
    """

    def __init__(self, lenient: bool = False, limit: int = MAX_TOKEN_LENGTH) -> None:
        """
        @param limit: how many characters a comment, a document type or a CDATA section may have,
            and a piece of text.
        """
        self.lenient = lenient
        self._limit = limit
        self._tag_limit = self._plain_limit = min(limit, MAX_TAG_LENGTH)
        self._buffer = ""
        # Where what is read next begins, and up to where its end was searched for in vain.
        self._start = 0
        self._searched = 0
        # What the search for the end stands in: a quotation, behind "=", in brackets, or nothing.
        self._within = ""
        self._ended = False
        # Reads what comes next; no bound method, which would keep this object alive.
        self._next: Callable[[Tokenizer], Token | bool | None] = Tokenizer._prolog
        # The place up to which lines were counted, the number of that line and where it begins.
        self._counted = 0
        self._line = 1
        self._line_start = 0

    def position(self) -> tuple[int, int]:
        """The line and the column of the last character of the last token, counted from 1."""
        return self._place(self._start - 1)

    def _place(self, at: int) -> tuple[int, int]:
        """The line and the column of a place in the buffer."""
        at = max(at, self._counted)
        lines = self._buffer.count("\n", self._counted, at)
        if lines:
            self._line += lines
            self._line_start = self._buffer.rfind("\n", self._counted, at) + 1
        self._counted = at
        return self._line, at - self._line_start + 1

    def _error(self, message: str, at: int) -> MarkupError:
        return MarkupError(message, *self._place(at))

    def feed(self, text: str) -> Iterator[Token]:
        """
        Take text; gives the tokens that are complete.

        @raise MarkupError: if it is no markup, or a token is too long.
        """
        # Through a local name text grows where it is; nothing of it is copied each time.
        buffer, self._buffer = self._buffer, ""
        buffer += text
        self._buffer = buffer
        del buffer
        while True:
            token = self._plain() or self._next(self)
            if token is False:
                break
            if isinstance(token, Token):
                yield token
        if self._start:
            self._place(self._start)
            self._buffer = self._buffer[self._start :]
            self._counted -= self._start
            self._line_start -= self._start
            self._searched -= self._start
            self._start = 0

    def _plain(self) -> Token | None:
        """Read what most markup is made of, if that is whole."""
        start = self._start
        if start != self._searched or self._next is not Tokenizer._text:
            return None
        found = _PLAIN.match(self._buffer, start)
        if found is None or found.end() - start > self._plain_limit:
            return None
        text, ended, name, rest, closed, entity = found.groups()
        if text is not None:
            token = Token(Kind.TEXT, text)
        elif name is not None:
            attributes = {n: d or s for n, d, s in _PLAIN_ATTRIBUTE.findall(rest)} if rest else {}
            if len(attributes) > MAX_ATTRIBUTES or name.lower() == "script":
                return None
            token = Token(Kind.START, name, attributes, bool(closed))
        elif ended is not None:
            token = Token(Kind.END, ended)
        elif len(entity) <= MAX_ENTITY_LENGTH:
            token = Token(Kind.ENTITY, entity)
        else:
            return None
        self._start = self._searched = found.end()
        return token

    def end(self) -> Iterator[Token]:
        """Nothing more comes: gives what is left.  Tags that are not complete are dropped."""
        self._ended = True
        yield from self.feed("")
        rest = self._buffer
        if rest.startswith("<![CDATA["):
            yield Token(Kind.CDATA, rest[9:])
        elif rest and (self._next is Tokenizer._script or rest[0] not in "<&"):
            yield Token(Kind.TEXT, rest)
        self._advance(len(rest))

    def _advance(self, to: int) -> None:
        """What comes next begins at a place."""
        self._start = self._searched = to

    # What comes next.  Each gives a token, None if there is none but more to read, or False if the
    # rest has not come yet.

    def _prolog(self) -> Token | bool | None:
        """Pass over the space at the beginning."""
        found = _SPACE.match(self._buffer, self._start)
        assert found is not None
        self._advance(found.end())
        if self._start == len(self._buffer):
            return False
        if self._buffer[self._start] != "<" and not self.lenient:
            raise self._error("a document begins with <", self._start)
        self._next = Tokenizer._text
        return None

    def _text(self) -> Token | bool | None:
        """Read text up to markup."""
        buffer, start = self._buffer, self._start
        first = buffer[start : start + 1]
        if first == "<":
            return self._markup()
        if first == "&":
            return self._reference()
        found = _TEXT_END.search(buffer, self._searched, start + self._limit)
        if found is None:
            if len(buffer) - start < self._limit:
                self._searched = len(buffer)
                return False
            end = start + self._limit
        else:
            end = found.start()
        self._advance(end)
        return Token(Kind.TEXT, buffer[start:end])

    def _reference(self) -> Token | bool | None:
        """Read a reference to an entity."""
        buffer, start = self._buffer, self._start
        found = _ENTITY.match(buffer, start + 1, start + 2 + MAX_ENTITY_LENGTH)
        if found is not None:
            self._advance(found.end())
            return Token(Kind.ENTITY, found[1])
        begun = _ENTITY_BEGUN.match(buffer, start + 1, start + 2 + MAX_ENTITY_LENGTH)
        assert begun is not None
        open_ended = begun.end() == len(buffer) and len(begun[0]) <= MAX_ENTITY_LENGTH
        if open_ended and not (self._ended and self.lenient):
            return False
        if not self.lenient:
            raise self._error("a bad reference to an entity", begun.end())
        if begun[0] in _WITHOUT_SEMICOLON:
            self._advance(begun.end())
            return Token(Kind.ENTITY, begun[0])
        self._advance(start + 1)
        return Token(Kind.ENTITY, "amp")

    def _markup(self) -> Token | bool | None:
        """Read what begins with ``<``."""
        begun = self._buffer[self._start : self._start + 9]
        if len(begun) < 9 and (begun == "<" or "<!DOCTYPE"[: len(begun)] == begun.upper()):
            return False
        if begun.startswith("<!--"):
            return self._until("-->", 4, Kind.COMMENT)
        if begun == "<![CDATA[":
            return self._until("]]>", 9, Kind.CDATA)
        if begun.upper() == "<!DOCTYPE":
            return self._doctype()
        if begun.startswith("<!"):
            if any(whole.startswith(begun) for whole in ("<!--", "<![CDATA[")):
                return False
            if begun[2].isalpha() or begun[2] in "[-":
                return self._until(">", 2, None)
        if begun.startswith("<?"):
            return self._until(">" if self.lenient else "?>", 2, None)
        return self._tag()

    def _until(self, mark: str, skipped: int, kind: Kind | None) -> Token | bool | None:
        """
        Read up to a mark.

        @param skipped: how many characters stand before the value.
        @param kind: of the token, or None if there is none.
        """
        buffer, start = self._buffer, self._start
        first = start + skipped
        end = buffer.find(mark, max(first, self._searched - len(mark) + 1), start + self._limit)
        if end < 0:
            return self._wait(self._limit)
        self._advance(end + len(mark))
        return None if kind is None else Token(kind, buffer[first:end])

    def _wait(self, limit: int) -> bool:
        """
        The end of something has not come yet.

        @raise MarkupError: if it is too long.
        """
        self._searched = len(self._buffer)
        if self._searched - self._start >= limit:
            raise self._error(f"something has more than {limit} characters", self._start)
        return False

    def _doctype(self) -> Token | bool | None:
        """Read a document type, declarations in brackets included."""
        buffer, start = self._buffer, self._start
        limit = start + self._limit
        end = -1
        if not self._within:
            end = buffer.find(">", self._searched, limit)
            if end >= 0 and buffer.find("[", start, end) >= 0:
                self._within = "["
                self._searched = start
        if self._within:
            end = buffer.find("]>", max(start, self._searched - 1), limit)
            end += end >= 0
        if end < 0:
            return self._wait(self._limit)
        self._within = ""
        self._advance(end + 1)
        return Token(Kind.DOCTYPE, buffer[start + 9 : end].strip())

    def _tag_end(self) -> int:
        """Find the place behind a tag, or -1 if that has not come yet."""
        buffer, at = self._buffer, max(self._searched, self._start + 1)
        size = len(buffer)
        within = self._within
        while at < size:
            if within == "=":
                space = _SPACE.match(buffer, at)
                assert space is not None
                at = space.end()
                if at < size:
                    within = buffer[at] if buffer[at] in "\"'" else ""
                    at += bool(within)
            elif within:
                at = buffer.find(within, at) + 1 or size + 1
                if at <= size:
                    within = ""
            else:
                found = _TAG_END.search(buffer, at)
                if found is None:
                    break
                at = found.end()
                if found[0] == ">":
                    self._within = ""
                    return at
                within = "="
        self._within = within
        return -1

    def _tag(self) -> Token | bool | None:
        """Read a tag."""
        buffer, start = self._buffer, self._start
        closing = buffer[start + 1] == "/"
        first = start + 1 + closing
        if first == len(buffer):
            return False
        name = _NAME.match(buffer, first)
        if name is None and not closing and (not self.lenient or buffer[first] not in "!/"):
            if not self.lenient:
                raise self._error(f"no name begins with {buffer[first]!r}", first)
            self._advance(first)
            return Token(Kind.TEXT, "<")
        end = self._tag_end()
        if end < 0:
            return self._wait(self._tag_limit)
        if end - start > self._tag_limit:
            raise self._error(f"a tag has more than {self._tag_limit} characters", start)
        # Once more, for only a part of it may have been there.
        name = _NAME.match(buffer, first)
        called = name[0] if name is not None else buffer[first] if buffer[first] in "!/" else ""
        behind = first + len(called)
        if closing:
            return self._closing(called, behind, end)
        read = self._lenient_attributes if self.lenient else self._strict_attributes
        attributes, closed = read(behind, end - 1)
        self._advance(end)
        if self.lenient and not closed and called.lower() == "script":
            self._next = Tokenizer._script
        return Token(Kind.START, called, attributes, closed)

    def _closing(self, name: str, behind: int, end: int) -> Token | None:
        """A tag that closes an element; `end` is the place behind it, `behind` that of the name."""
        if not self.lenient and (not name or self._buffer[behind : end - 1].strip()):
            raise self._error("a closing tag has a name and nothing else", behind)
        self._advance(end)
        return Token(Kind.END, name) if name else None

    def _strict_attributes(self, at: int, end: int) -> tuple[dict[str, str], bool]:
        """The attributes between two places, as XML has them."""
        attributes: dict[str, str] = {}
        while True:
            found = _STRICT_ATTRIBUTE.match(self._buffer, at, end)
            if found is None:
                break
            name, double, single = found.groups()
            attributes[name] = single if double is None else double
            at = found.end()
            if len(attributes) > MAX_ATTRIBUTES:
                raise self._error(f"more than {MAX_ATTRIBUTES} attributes", at)
        last = _STRICT_END.match(self._buffer, at, end)
        assert last is not None
        if last.end() != end:
            raise self._error("no attribute with its value in quotes", last.end())
        return attributes, bool(last[1])

    def _lenient_attributes(self, at: int, end: int) -> tuple[dict[str, str], bool]:
        """The attributes between two places, as they come."""
        attributes: dict[str, str] = {}
        closed = self._buffer[end - 1] == "/"
        end -= closed
        while True:
            found = _LENIENT_ATTRIBUTE.match(self._buffer, at, end)
            if found is None:
                return attributes, closed
            name, double, single, plain, other = found.groups()
            if other == "/":
                return attributes, True
            if name is not None:
                value = double if double is not None else single if single is not None else plain
                attributes[name] = "True" if value is None else value
                if len(attributes) > MAX_ATTRIBUTES:
                    raise self._error(f"more than {MAX_ATTRIBUTES} attributes", at)
            at = found.end()

    def _script(self) -> Token | bool | None:
        """Read what a script is made of, which is no markup whatever it looks like."""
        buffer, start = self._buffer, self._start
        at = max(start, self._searched)
        limit = start + self._limit
        while True:
            at = buffer.find("</", at, limit)
            if at < 0:
                break
            if len(buffer) < at + 8:
                self._searched = at
                return False
            if buffer[at + 2 : at + 8].lower() == "script":
                self._next = Tokenizer._text
                self._advance(at)
                return Token(Kind.TEXT, buffer[start:at]) if at > start else None
            at += 2
        if len(buffer) < limit:
            self._searched = max(start, len(buffer) - 1)
            return False
        # The last character may be the first one of the end.
        self._advance(limit - 1)
        return Token(Kind.TEXT, buffer[start : limit - 1])
