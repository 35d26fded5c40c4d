"""Small helpers that the rest of the engine, and old programs, use."""

from __future__ import annotations

import errno
import getpass
import os
import sys
from collections import OrderedDict
from collections.abc import (
    Callable,
    Hashable,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    Sequence,
)
from types import FrameType
from typing import Any, ClassVar, ParamSpec, TypeVar, cast

from twisted.python._warnings import runWithWarningsSuppressed

if sys.platform != "win32":
    import grp
    import pwd
    from os import getgroups, initgroups, setgroups

__all__ = [
    "FancyEqMixin",
    "FancyStrMixin",
    "InsensitiveDict",
    "IntervalDifferential",
    "LineLog",
    "OrderedDict",
    "addPluginDir",
    "getPassword",
    "getPluginDirs",
    "getgroups",
    "gidFromString",
    "initgroups",
    "makeStatBar",
    "mergeFunctionMetadata",
    "nameToLabel",
    "padTo",
    "println",
    "raises",
    "runAsEffectiveUser",
    "runWithWarningsSuppressed",
    "searchupwards",
    "setgroups",
    "sibpath",
    "spewer",
    "str_xor",
    "switchUID",
    "uidFromString",
    "uniquify",
    "untilConcludes",
]

if sys.platform != "win32":
    _initgroups = initgroups
    _getgroups = getgroups
    _setgroups = setgroups

_P = ParamSpec("_P")
_T = TypeVar("_T")
_F = TypeVar("_F", bound=Callable[..., Any])


# Mappings and sequences


class InsensitiveDict(MutableMapping[Any, Any]):
    """
    A mapping whose keys are the same whatever the case of their letters.

    @param dict: pairs to begin with.
    @param preserve: whether keys come out in the case that they were set in, rather than lower.
    """

    def __init__(self, dict: Mapping[Any, Any] | None = None, preserve: bool | int = 1) -> None:
        self.data: OrderedDict[Any, tuple[Any, Any]] = OrderedDict()
        self.preserve = preserve
        if dict is not None:
            self.update(dict)

    @staticmethod
    def _fold(key: Any) -> Any:
        return key.lower() if isinstance(key, (str, bytes)) else key

    def __getitem__(self, key: Any) -> Any:
        return self.data[self._fold(key)][1]

    def __setitem__(self, key: Any, value: Any) -> None:
        self.data[self._fold(key)] = (key, value)

    def __delitem__(self, key: Any) -> None:
        del self.data[self._fold(key)]

    def __contains__(self, key: object) -> bool:
        return self._fold(key) in self.data

    has_key = __contains__

    def __iter__(self) -> Iterator[Any]:
        for folded, (key, _) in self.data.items():
            yield key if self.preserve else folded

    def __len__(self) -> int:
        return len(self.data)

    def iterkeys(self) -> Iterator[Any]:
        """An iterator over the keys."""
        return iter(self.keys())

    def itervalues(self) -> Iterator[Any]:
        """An iterator over the values."""
        return iter(self.values())

    def iteritems(self) -> Iterator[tuple[Any, Any]]:
        """An iterator over the pairs."""
        return iter(self.items())

    def copy(self) -> InsensitiveDict:
        """A mapping with the same pairs."""
        return InsensitiveDict(self, self.preserve)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        return {self._fold(k): v for k, v in self.items()} == {
            self._fold(k): v for k, v in other.items()
        }

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        pairs = ", ".join(f"{key!r}: {value!r}" for key, value in self.items())
        return f"{type(self).__name__}({{{pairs}}})"


def uniquify(lst: Iterable[_T]) -> list[_T]:
    """The items of `lst`, in order, each once; what is hashable is found faster."""
    seen: set[Hashable] = set()
    result: list[_T] = []
    for item in lst:
        try:
            known = item in seen
            seen.add(cast(Hashable, item))
        except TypeError:
            known = item in result
        if not known:
            result.append(item)
    return result


def padTo(n: int, seq: Sequence[_T], default: _T | None = None) -> list[_T | None]:
    """
    A list of `n` items: those of `seq`, then `default`.

    @raise ValueError: `seq` has more than `n` items.
    """
    if len(seq) > n:
        raise ValueError(f"a sequence of {len(seq)} items does not fit into {n}")
    return [*seq, *[default] * (n - len(seq))]


class LineLog:
    """
    The last `size` lines of something.

    @ivar log: the lines, oldest first; None where there is none yet.
    """

    def __init__(self, size: int = 10) -> None:
        self.size = max(0, size)
        self.log: list[bytes | None] = []
        self.clear()

    def append(self, line: bytes) -> None:
        """Add a line, and forget the oldest."""
        self.log[:] = [*self.log[1:], line] if self.size else []

    def clear(self) -> None:
        """Forget all lines."""
        self.log = [None] * self.size

    def str(self) -> bytes:
        """The lines, joined by line feeds."""
        return bytes(self)

    def __bytes__(self) -> bytes:
        return b"\n".join(filter(None, self.log))

    def __getitem__(self, item: Any) -> Any:
        return [line for line in self.log if line][item]


class IntervalDifferential:
    """
    How long to wait between events, each of which recurs at an interval of its own.

    Iterating gives ``(difference, index)``: how long after the one before the next event is due,
    and the index of its interval, for ever. Without intervals it gives ``(default, None)``.

    @param intervals: the intervals, in any unit.
    @param default: the difference when there are no intervals.
    """

    def __init__(self, intervals: Iterable[float], default: float = 60) -> None:
        self.intervals = list(intervals)
        self.default = default

    def __iter__(self) -> _IntervalDifferentialIterator:
        return _IntervalDifferentialIterator(self.intervals, self.default)


class _IntervalDifferentialIterator:
    def __init__(self, intervals: Iterable[float], default: float) -> None:
        self.default = default
        self.last: float = 0
        #: When each interval is due next, the interval, and its index.
        self.intervals: list[list[Any]] = [
            [interval, interval, index] for index, interval in enumerate(intervals)
        ]

    def __iter__(self) -> _IntervalDifferentialIterator:
        return self

    def __next__(self) -> tuple[float, int | None]:
        if not self.intervals:
            return self.default, None
        entry = min(self.intervals, key=lambda entry: (entry[0], entry[1]))
        due, interval, index = entry
        entry[0] += interval
        difference = due - self.last
        self.last = due
        return difference, index

    def addInterval(self, interval: float) -> None:
        """Add an interval, due first when one more of it has passed."""
        self.intervals.append([self.last + interval, interval, len(self.intervals)])

    def removeInterval(self, interval: float) -> None:
        """
        Remove an interval.

        @raise ValueError: there is none such.
        """
        for entry in self.intervals:
            if entry[1] == interval:
                self.intervals.remove(entry)
                for later in self.intervals:
                    later[2] -= later[2] > entry[2]
                return
        raise ValueError(f"{interval!r} is not among the intervals")


# How objects look and compare


class FancyStrMixin:
    """
    Show attributes in the text of an object.

    @cvar showAttributes: the attributes: a name, a pair of a name and a function that makes text
        of the value, or a triple of a name, what to call it, and a ``%`` format for the value.
    @cvar fancybasename: what to show in place of the name of the class.
    """

    showAttributes: ClassVar[
        Sequence[str | tuple[str, Callable[[Any], str]] | tuple[str, str, str]]
    ] = ()

    def __str__(self) -> str:
        parts = [getattr(self, "fancybasename", type(self).__name__)]
        for shown in self.showAttributes:
            if isinstance(shown, str):
                parts.append(f"{shown}={getattr(self, shown)!r}")
            elif len(shown) == 2:
                parts.append(f"{shown[0]}={shown[1](getattr(self, shown[0]))}")
            else:
                parts.append(f"{shown[1]}={shown[2] % (getattr(self, shown[0]),)}")
        return f"<{' '.join(parts)}>"

    __repr__ = __str__


class FancyEqMixin:
    """
    Compare objects of one class by some attributes.

    @cvar compareAttributes: the names of the attributes; without any, an object equals only itself.
    """

    compareAttributes: ClassVar[Sequence[str]] = ()

    def __eq__(self, other: object) -> bool:
        if not self.compareAttributes:
            return self is other
        if not isinstance(other, type(self)):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.compareAttributes)

    def __ne__(self, other: object) -> bool:
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    __hash__ = object.__hash__


def nameToLabel(mname: str) -> str:
    """The words of a name in camel case: ``"hostName"`` becomes ``"Host Name"``."""
    label = ""
    for before, letter, after in zip(" " + mname, mname, mname[1:] + "A", strict=False):
        starts = letter.isupper() and (not before.isupper() or not after.isupper())
        label += f" {letter}" if label and starts else letter
    return label[:1].upper() + label[1:]


def makeStatBar(
    width: int,
    maxPosition: int,
    doneChar: str = "=",
    undoneChar: str = "-",
    currentChar: str = ">",
) -> Callable[[float], str]:
    """
    A function that draws how far something is.

    @param width: the width of the bar, in characters.
    @param maxPosition: the position where it is done.
    @return: a function that takes a position, from 0 to `maxPosition`, and gives the bar.
    """

    def statBar(position: float, force: int = 0, last: list[str] = [""]) -> str:  # noqa: B006
        if len(doneChar) != 1 or len(undoneChar) != 1:
            raise ValueError("what is done and what is not are shown by one character each")
        done = int(position / maxPosition * width)
        bar = f"[{doneChar * done}{currentChar}{undoneChar * (width - done - 2)}]"
        if force:
            last[0] = ""
        if bar == last[0]:
            return ""
        last[0] = bar
        return bar

    statBar.__doc__ = (
        f"Draw a bar of {width} characters for a position from 0 to {maxPosition};"
        " the empty text when it would look as it did the last time."
    )
    return statBar


def println(*a: object) -> None:
    """Write a line to standard output: `print`."""
    sys.stdout.write(" ".join(map(str, a)) + "\n")


# Functions


def mergeFunctionMetadata(f: Callable[..., Any], g: _F) -> _F:
    """
    Give `g` the name, the module, the documentation and the attributes of `f`.

    @return: `g`.
    """
    for name in ("__name__", "__doc__", "__module__"):
        value = getattr(f, name, None)
        if value is not None or name == "__doc__":
            try:
                setattr(g, name, value)
            except (AttributeError, TypeError):
                pass
    g.__dict__.update(getattr(f, "__dict__", {}))
    return g


def raises(
    exception: type[BaseException] | tuple[type[BaseException], ...],
    f: Callable[_P, Any],
    *args: _P.args,
    **kwargs: _P.kwargs,
) -> bool:
    """Whether calling `f` raises `exception`; what else it raises goes through."""
    try:
        f(*args, **kwargs)
    except exception:
        return True
    return False


def untilConcludes(f: Callable[_P, _T], *a: _P.args, **kw: _P.kwargs) -> _T:
    """Call `f` again for as long as a signal interrupts it (``EINTR``)."""
    while True:
        try:
            return f(*a, **kw)
        except OSError as error:
            if error.args[0] != errno.EINTR:
                raise


def str_xor(s: bytes, b: int) -> bytes:
    """Each octet of `s`, combined with `b` by exclusive or."""
    return bytes(octet ^ b for octet in s)


def spewer(frame: FrameType, s: str, ignored: object) -> Callable[..., Any]:
    """
    Print each function and method that Python enters: for `sys.settrace`.

    @param s: what happens: ``"call"``, or something that is not printed.
    """
    if s == "call":
        from twisted.python.reflect import qual

        code = frame.f_code
        if "self" in frame.f_locals:
            owner = frame.f_locals["self"]
            name = qual(getattr(owner, "__class__", type(owner)))
            print(f"method {code.co_name} of {name} at {id(owner)}")
        else:
            print(f"function {code.co_name} in {code.co_filename}, line {frame.f_lineno}")
    return spewer


# Files


def sibpath(path: str | os.PathLike[str], sibling: str) -> Any:
    """The path of the file called `sibling` beside the file at `path`."""
    return os.path.join(os.path.dirname(os.path.abspath(path)), sibling)


def searchupwards(start: str, files: Iterable[str] = (), dirs: Iterable[str] = ()) -> str | None:
    """
    The nearest folder, from `start` upwards, that has all of `files` and `dirs`.

    @return: its path, with a separator at its end, or None.
    """
    wanted: list[tuple[str, Callable[[str], bool]]] = [(name, os.path.isfile) for name in files]
    wanted += [(name, os.path.isdir) for name in dirs]
    folder = os.path.abspath(start)
    while not all(holds(os.path.join(folder, name)) for name, holds in wanted):
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return os.path.join(folder, "")


def getPluginDirs() -> Iterable[str]:
    """Folders that older programs kept their plugins in: use `twisted.plugin`."""
    import twisted

    system = os.path.join(os.path.dirname(os.path.dirname(twisted.__path__[0])), "plugins")
    folders = [os.path.abspath("plugins"), os.path.expanduser("~/TwistedPlugins"), system]
    return [folder for folder in folders if os.path.isdir(folder)]


def addPluginDir() -> None:
    """Let modules be imported from the folders of `getPluginDirs`."""
    sys.path.extend(getPluginDirs())


# Users


def getPassword(
    prompt: str = "Password: ",
    confirm: bool | int = 0,
    forceTTY: bool | int = 0,
    confirmPrompt: str = "Confirm password: ",
    mismatchMessage: str = "Passwords don't match.",
) -> str:
    """
    Ask the user for a password at the terminal; read a line of standard input where there is none.

    @param confirm: ask twice, until both answers agree.
    @param forceTTY: read from the terminal even if standard input is something else.
    @raise RuntimeError: there is no terminal, and `forceTTY` asks for one.
    """

    def read(prompt: str) -> str:
        if sys.stdin.isatty():
            return getpass.getpass(prompt)
        return sys.stdin.readline().rstrip("\n")

    def ask() -> str:
        while True:
            password = read(prompt)
            if not confirm or read(confirmPrompt) == password:
                return password
            print(mismatchMessage)

    if sys.stdin.isatty() or not forceTTY:
        return ask()
    stdin, stdout = sys.stdin, sys.stdout
    try:
        sys.stdin, sys.stdout = open("/dev/tty"), open("/dev/tty", "w")  # noqa: SIM115
    except OSError as error:
        sys.stdin, sys.stdout = stdin, stdout
        raise RuntimeError("there is no terminal to ask for a password at") from error
    try:
        return ask()
    finally:
        sys.stdin.close()
        sys.stdout.close()
        sys.stdin, sys.stdout = stdin, stdout


def uidFromString(uidString: str) -> int:
    """
    The number of the user that `uidString` names or is.

    @raise KeyError: there is no such user.
    """
    try:
        return int(uidString)
    except ValueError:
        return pwd.getpwnam(uidString).pw_uid


def gidFromString(gidString: str) -> int:
    """
    The number of the group that `gidString` names or is.

    @raise KeyError: there is no such group.
    """
    try:
        return int(gidString)
    except ValueError:
        return grp.getgrnam(gidString).gr_gid


def runAsEffectiveUser(
    euid: int, egid: int, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs
) -> _T:
    """
    Call `function` as another user, and become oneself again whatever it does.

    @param euid: the effective user to be meanwhile.
    @param egid: the effective group to be meanwhile.
    @raise OSError: the process may not do so.
    """
    uid, gid = os.geteuid(), os.getegid()
    if uid == euid and gid == egid:
        return function(*args, **kwargs)
    if uid != 0:
        os.seteuid(0)
    if gid != egid:
        os.setegid(egid)
    if euid != 0:
        os.seteuid(euid)
    try:
        return function(*args, **kwargs)
    finally:
        if euid != 0:
            os.seteuid(0)
        if gid != egid:
            os.setegid(gid)
        if uid != 0:
            os.seteuid(uid)


def switchUID(uid: int, gid: int | None, euid: bool = False) -> None:
    """
    Become another user: with its supplementary groups, then its group, then itself.

    @param gid: the group; None keeps it.
    @param euid: whether to change the effective identity alone, which can be undone.
    @raise OSError: the process may not do so.
    """
    setuid, setgid, getuid = (
        (os.seteuid, os.setegid, os.geteuid) if euid else (os.setuid, os.setgid, os.getuid)
    )
    if gid is not None:
        setgid(gid)
    if uid == getuid():
        return
    if gid is not None:
        initgroups(pwd.getpwuid(uid).pw_name, gid)
    setuid(uid)
