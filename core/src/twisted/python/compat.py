"""
Names that once bridged versions of Python, kept for programs that import them.

New programs need none of them: each says what to write instead. `nativeString`, `networkString`
and `iterbytes` alone still do something that Python has no single word for.
"""

from __future__ import annotations

import codecs
import http.cookiejar as cookielib
import os
import sys
import urllib.parse as urllib_parse
from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from html import escape
from io import IOBase as FileType
from io import StringIO as NativeStringIO
from io import TextIOBase
from sys import intern
from types import FrameType, TracebackType
from typing import Any, NoReturn, TypeVar
from urllib.parse import quote as urlquote
from urllib.parse import unquote as urlunquote

__all__ = [
    "FileType",
    "InstanceType",
    "NativeStringIO",
    "Sequence",
    "StringType",
    "bytesEnviron",
    "cmp",
    "comparable",
    "cookielib",
    "currentframe",
    "escape",
    "execfile",
    "frozenset",
    "intToBytes",
    "intern",
    "ioType",
    "items",
    "iterbytes",
    "iteritems",
    "itervalues",
    "lazyByteSlice",
    "nativeString",
    "networkString",
    "range",
    "raw_input",
    "reduce",
    "reraise",
    "set",
    "unichr",
    "unicode",
    "urllib_parse",
    "urlquote",
    "urlunquote",
    "xrange",
]

_K = TypeVar("_K")
_V = TypeVar("_V")
_C = TypeVar("_C", bound=type)

_PY3 = True
_PYPY = sys.implementation.name == "pypy"

#: What classes without a base once were.
InstanceType = object
#: `str`.
StringType = str
#: `str`.
unicode = str
#: `chr`.
unichr = chr
#: `input`.
raw_input = input
#: `range`.
xrange = range
range = range
frozenset = frozenset
set = set


def nativeString(s: str | bytes) -> str:
    """
    The ASCII text of `s`.

    @raise TypeError: `s` is neither `str` nor `bytes`.
    @raise UnicodeError: `s` is not ASCII.
    """
    if isinstance(s, bytes):
        return s.decode("ascii")
    if not isinstance(s, str):
        raise TypeError(f"{s!r} is neither str nor bytes")
    s.encode("ascii")
    return s


def networkString(s: str) -> bytes:
    """
    The octets of the ASCII text `s`.

    @raise TypeError: `s` is no `str`.
    @raise UnicodeError: `s` is not ASCII.
    """
    if not isinstance(s, str):
        raise TypeError(f"{s!r} is not a str")
    return s.encode("ascii")


def iterbytes(originalBytes: bytes) -> Iterator[bytes]:
    """Each octet of `originalBytes`, as `bytes` of length 1."""
    return (originalBytes[i : i + 1] for i in range(len(originalBytes)))


def intToBytes(i: int) -> bytes:
    """The decimal digits of `i`: ``b"%d" % i``."""
    return b"%d" % i


def lazyByteSlice(object: Any, offset: int = 0, size: int | None = None) -> memoryview:
    """A view of `size` octets of `object` from `offset` on, without a copy: use `memoryview`."""
    view = memoryview(object)
    return view[offset:] if size is None else view[offset : offset + size]


def bytesEnviron() -> dict[bytes, bytes]:
    """The environment as octets: a copy of ``os.environb``."""
    return {os.fsencode(name): os.fsencode(value) for name, value in os.environ.items()}


def ioType(fileIshObject: Any, default: type = str) -> type:
    """
    What `fileIshObject` reads and writes: `bytes` or `str`.

    @return: `str` for text files, `bytes` for other files of `io`, or, for an object that merely
        resembles a file, what its ``encoding`` tells, else `default`.
    """
    if isinstance(fileIshObject, TextIOBase):
        return str
    if isinstance(fileIshObject, FileType):
        return bytes
    encoding = getattr(fileIshObject, "encoding", None)
    if isinstance(fileIshObject, (codecs.StreamReader, codecs.StreamReaderWriter)):
        return default if encoding is None and not default else str
    return str if encoding else default


def cmp(a: Any, b: Any) -> int:
    """-1, 0 or 1, as `a` is less than, equal to or greater than `b`."""
    if a < b:
        return -1
    return 0 if a == b else 1


def comparable(klass: _C) -> _C:
    """
    Give a class that has ``__cmp__`` the six comparisons: use `functools.total_ordering`.
    """

    def comparison(name: str, holds: Callable[[int], bool]) -> None:
        def compare(self: Any, other: object) -> Any:
            order = self.__cmp__(other)
            return order if order is NotImplemented else holds(order)

        compare.__name__ = name
        setattr(klass, name, compare)

    comparison("__eq__", lambda order: order == 0)
    comparison("__ne__", lambda order: order != 0)
    comparison("__lt__", lambda order: order < 0)
    comparison("__le__", lambda order: order <= 0)
    comparison("__gt__", lambda order: order > 0)
    comparison("__ge__", lambda order: order >= 0)
    return klass


def execfile(filename: str, globals: dict[str, Any], locals: Any = None) -> None:
    """Run the Python source file `filename` in the namespaces given: use `runpy`."""
    with open(filename, "rb") as source:
        code = compile(source.read(), filename, "exec", dont_inherit=True)
    exec(code, globals, globals if locals is None else locals)


def currentframe(n: int = 0) -> FrameType | None:
    """The frame of the caller, or of who is `n` calls above it."""
    return sys._getframe(n + 1)


def reraise(exception: BaseException, traceback: TracebackType | None) -> NoReturn:
    """Raise `exception` with `traceback`: ``raise exception.with_traceback(traceback)``."""
    raise exception.with_traceback(traceback)


def iteritems(d: Mapping[_K, _V]) -> Iterator[tuple[_K, _V]]:
    """``iter(d.items())``."""
    return iter(d.items())


def itervalues(d: Mapping[_K, _V]) -> Iterator[_V]:
    """``iter(d.values())``."""
    return iter(d.values())


def items(d: Mapping[_K, _V]) -> list[tuple[_K, _V]]:
    """``list(d.items())``."""
    pairs: ItemsView[_K, _V] | Iterable[tuple[_K, _V]] = d.items()
    return list(pairs)
