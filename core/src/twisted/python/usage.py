"""
Options of command lines, declared in a class.

A subclass of `Options` names flags and parameters, and is a dictionary of their values once
`Options.parseOptions` has read a command line.
"""

from __future__ import annotations

import getopt
import os
import sys
import textwrap
from collections.abc import Callable, Sequence
from functools import partial
from typing import IO, Any, NoReturn

from twisted.python import reflect
from twisted.python._completion import (
    ZSH,
    CompleteDirs,
    CompleteFiles,
    CompleteGroups,
    CompleteHostnames,
    CompleteList,
    CompleteMultiList,
    CompleteNetInterfaces,
    Completer,
    CompleteUserAtHost,
    CompleteUsernames,
    Completions,
)
from twisted.python._usagehelp import make_chunks, option_name, option_text, rows

__all__ = [
    "CoerceParameter",
    "CompleteDirs",
    "CompleteFiles",
    "CompleteGroups",
    "CompleteHostnames",
    "CompleteList",
    "CompleteMultiList",
    "CompleteNetInterfaces",
    "CompleteUserAtHost",
    "CompleteUsernames",
    "Completer",
    "Completions",
    "Options",
    "UsageError",
    "docMakeChunks",
    "error",
    "flagFunction",
    "portCoerce",
]


_ZSH = ZSH
_COMPLETION = "--_shell-completion"


class UsageError(Exception):
    """A command line makes no sense; the text says why."""


error = UsageError


class CoerceParameter:
    """Puts the value of a parameter into the options, as what it stands for."""

    def __init__(self, options: Options, coerce: Callable[[str], Any] | None) -> None:
        """
        @param coerce: called with the text; raises `ValueError` if it is no good.
        """
        self.options = options
        self.coerce = coerce or str
        self.doc = getattr(self.coerce, "coerceDoc", "")

    def dispatch(self, parameterName: str, value: str) -> None:
        """
        Set a value.

        @raise UsageError: if the text is no good.
        """
        try:
            self.options.opts[parameterName] = self.coerce(value)
        except ValueError as e:
            raise UsageError(f"Parameter type enforcement failed: {e}") from e


class _Option:
    """
    One way of saying something on a command line.

    @ivar long: its name, without dashes before it.
    @ivar short: one letter, or None.
    @ivar doc: what it does.
    @ivar default: what holds when it is not said, if it takes a value.
    @ivar takesValue: whether it does.
    @ivar coerce: what a value is turned into.
    @ivar act: called with the value, or None.
    """

    def __init__(
        self,
        long: str,
        short: str | None,
        doc: str | None,
        act: Callable[[str], object],
        takesValue: bool = False,
        default: Any = None,
        coerce: Any = None,
    ) -> None:
        self.long = long
        self.short = short
        self.doc = doc
        self.act = act
        self.takesValue = takesValue
        self.default = default
        self.coerce = coerce

    def described(self) -> dict[str, Any]:
        """For the help."""
        return {
            "long": self.long,
            "short": self.short,
            "doc": self.doc,
            "optType": "parameter" if self.takesValue else "flag",
            "default": self.default,
            "coerce": self.coerce,
        }


class Options(dict[str, Any]):
    """
    What a command line may say, and after `parseOptions` what it has said.

    Subclasses have some of these:

    - ``optFlags``: lists of a long name, a letter or None, and a text.  The value is 1 or 0.
    - ``optParameters``: lists of a long name, a letter or None, a default, a text, and a function
      that the value goes through, which raises `ValueError` if it is no good.  All but the name
      may be left out.
    - methods ``opt_NAME(self)`` or ``opt_NAME(self, value)``, whose
      documentation is the text; ``opt_L = opt_NAME`` gives it a letter.
    - ``subCommands``: lists of a name, a letter or None, a class of options, and a text.
    - ``parseArgs(self, ...)``, which is given what is left of the command line.
    - ``synopsis`` and ``longdesc``, which stand in the help.
    - ``compData``, a `Completions`: what shells offer.  A command whose last word is
      ``--_shell-completion`` with ``bash``, ``zsh`` or ``fish`` after it writes
      what makes that shell ask it.

    @ivar subCommand: the name of the subcommand that was given, or None.
    @ivar subOptions: the options of that.
    @ivar parent: the options that this is a subcommand of, or None.
    @ivar opts: this.
    """

    subCommand: str | None = None
    defaultSubCommand: str | None = None
    parent: Options | None = None
    completionData: Any = None
    compData: Any = None
    _shellCompFile: IO[bytes] | None = None
    subOptions: Options
    longdesc: str | None
    subCommands: Sequence[Sequence[Any]]

    def __init__(self) -> None:
        super().__init__()
        self.opts = self
        self.defaults: dict[str, Any] = {}
        declared = [*self._declaredFlags(), *self._declaredParameters()]
        self.update(self.defaults)
        self._options = declared + self._declaredMethods()

    def __hash__(self) -> int:  # type: ignore[override]
        """Options may be keys, though they are a dictionary."""
        return id(self)

    def __repr__(self) -> str:
        return dict.__repr__(self)

    # What is declared

    def _declaredFlags(self) -> list[_Option]:
        """What ``optFlags`` of this class and its bases say."""
        flags: list[Any] = []
        reflect.accumulateClassList(self.__class__, "optFlags", flags)
        options = []
        for flag in flags:
            long, short, doc = (*flag, None, None)[:3]
            self.defaults[long] = 0
            options.append(_Option(long, short or None, doc, self._setter(long)))
        return options

    def _setter(self, name: str) -> Callable[[str], object]:
        """What sets a flag."""
        return lambda value: self.opts.__setitem__(name, 1)

    def _declaredParameters(self) -> list[_Option]:
        """What ``optParameters`` of this class and its bases say."""
        parameters: list[Any] = []
        reflect.accumulateClassList(self.__class__, "optParameters", parameters)
        options = []
        for parameter in parameters:
            long, short, default, doc, coerce = (*parameter, None, None, None, None)[:5]
            self.defaults[long] = default
            dispatch = CoerceParameter(self, coerce).dispatch
            options.append(
                _Option(
                    long,
                    short or None,
                    doc,
                    partial(dispatch, long),
                    True,
                    default,
                    coerce,
                )
            )
        return options

    def _declaredMethods(self) -> list[_Option]:
        """What methods ``opt_NAME`` of this class and its bases say."""
        letters: dict[Any, str] = {}
        names = reflect.prefixedMethodNames(self.__class__, "opt_")
        for name in names:
            if len(name) == 1:
                letters[getattr(self.__class__, "opt_" + name)] = name
        options = []
        for name in names:
            method = getattr(self, "opt_" + name)
            short = letters.get(getattr(self.__class__, "opt_" + name))
            if len(name) == 1:
                if any(letters.get(f) == name for f in self._longFunctions(names)):
                    continue
                short = None
            takesValue = not flagFunction(method, name)
            options.append(
                _Option(
                    name.replace("_", "-"),
                    short,
                    method.__doc__ or getattr(method, "docs", None),
                    method if takesValue else _ignoringValue(method),
                    takesValue,
                )
            )
        return options

    def _longFunctions(self, names: Sequence[str]) -> list[Any]:
        """The functions behind names of more than a letter."""
        return [getattr(self.__class__, "opt_" + name) for name in names if len(name) > 1]

    # Reading a command line

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """
        Read a command line.

        @param options: its words; by default those of this process.
        @raise UsageError: if it makes no sense.
        @raise SystemExit: if a shell asks how to complete it, once it has been told.
        """
        words = list(sys.argv[1:] if options is None else options)
        if words[-2:-1] == [_COMPLETION] and self.parent is None:
            self._complete(words)
        byName: dict[str, _Option] = {}
        for option in self._options:
            byName["--" + option.long] = option
            if option.short:
                byName["-" + option.short] = option
            if len(option.long) == 1:
                byName["-" + option.long] = option
        letters = "".join(
            name[1] + (":" if option.takesValue else "")
            for name, option in byName.items()
            if not name.startswith("--")
        )
        longs = [option.long + ("=" if option.takesValue else "") for option in self._options]
        try:
            said, left = getopt.getopt(words, letters, longs)
        except getopt.error as e:
            raise UsageError(str(e)) from None
        for name, value in said:
            byName[name].act(value)
        if getattr(self, "subCommands", None) and (left or self.defaultSubCommand is not None):
            command, *rest = left or [self.defaultSubCommand or ""]
            self._parseSubCommand(command, rest)
        else:
            try:
                self.parseArgs(*left)
            except TypeError:
                raise UsageError("Wrong number of arguments.") from None
        self.postOptions()

    def _complete(self, words: Sequence[str]) -> NoReturn:
        """Answer a shell that wants to complete a command line."""
        from twisted.python._shellcomp import shellComplete

        file = self._shellCompFile or sys.stdout.buffer
        shellComplete(self, os.path.basename(sys.argv[0]), words, file)
        file.flush()
        sys.exit(0)

    def _parseSubCommand(self, command: str, words: Sequence[str]) -> None:
        """
        Read what follows the name of a subcommand.

        @raise UsageError: if there is no such one.
        """
        for name, short, parser, _ in self.subCommands:
            if command in (name, short):
                self.subCommand = name
                self.subOptions = parser()
                self.subOptions.parent = self
                self.subOptions.parseOptions(words)
                return
        raise UsageError(f"Unknown command: {command}")

    def postOptions(self) -> None:
        """Called when all is read; raise `UsageError` here if things do not go together."""

    def parseArgs(self) -> None:
        """
        Called with what is left of the command line, one argument for each word.

        A call that fails with `TypeError` is said to be of the wrong number.
        """

    def opt_version(self) -> None:
        """Display Twisted version and exit."""
        import twisted

        print("Twisted version:", twisted.__version__)
        sys.exit(0)

    def opt_help(self) -> None:
        """Display this help and exit."""
        print(self.__str__())
        sys.exit(0)

    # Help

    def __str__(self) -> str:
        return self.getSynopsis() + "\n" + self.getUsage(width=None)

    def getSynopsis(self) -> str:
        """One line that says how the command is used."""
        own = getattr(self, "synopsis", None)
        if self.parent is None:
            name = os.path.basename(sys.argv[0])
            return str(own) if own is not None else f"Usage: {name} [options]"
        before = self.parent.getSynopsis()
        return f"{before} {self.parent.subCommand} {'[options]' if own is None else own}"

    def getUsage(self, width: int | None = None) -> str:
        """
        What the options are.

        @param width: of the page, in characters; by default that of the terminal.
        """
        if width is None:
            width = int(os.environ.get("COLUMNS", "80"))
        described = sorted((o.described() for o in self._options), key=lambda o: str(o["long"]))
        commands = [
            {"name": f"    {name}", "text": text}
            for name, _, _, text in sorted(getattr(self, "subCommands", ()), key=lambda c: c[0])
        ]
        options = [{"name": option_name(o), "text": option_text(o)} for o in described]
        indent = max([0, *(len(entry["name"]) + 2 for entry in options + commands)])
        text = "Options:\n" + "".join(rows(options, width, indent))
        longdesc = getattr(self, "longdesc", None)
        if longdesc is None and not commands and self.parent is None:
            longdesc = getattr(sys.modules.get("__main__"), "__doc__", None)
        if longdesc:
            text += "\n" + "\n".join(textwrap.wrap(" ".join(longdesc.split()), width)) + "\n"
        if commands:
            text += "Commands:\n" + "".join(rows(commands, width, indent))
        return text


def _ignoringValue(method: Callable[[], object]) -> Callable[[str], object]:
    """What calls a method that takes no value."""
    return lambda value: method()


def docMakeChunks(optList: Sequence[dict[str, Any]], width: int = 80) -> list[str]:
    """
    The help of options, one text each.

    @param optList: dictionaries with ``long`` and, if there are any, ``short``, ``doc``,
        ``optType`` (``"parameter"`` for those with a value), ``default`` and ``dispatch``.
    @param width: of the page, in characters.
    """
    return make_chunks(sorted(optList, key=lambda option: str(option["long"])), width)


def flagFunction(method: Callable[..., object], name: str | None = None) -> bool:
    """
    Whether the method of an option takes no value.

    @raise UsageError: if it takes more than one.
    """
    function = getattr(method, "__func__", method)
    arguments = function.__code__.co_argcount - (function is not method)
    if arguments > 1:
        raise UsageError(f"Invalid Option function for {name or function.__name__}")
    return bool(arguments == 0)


def portCoerce(value: str) -> int:
    """
    The number of a port.

    @raise ValueError: if it is none.
    """
    number = int(value)
    if not 0 <= number <= 65535:
        raise ValueError(f"Port number not in range: {value}")
    return number


portCoerce.coerceDoc = "Must be an int between 0 and 65535."  # type: ignore[attr-defined]
