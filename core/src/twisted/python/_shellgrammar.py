"""What `twisted.python.usage.Options` allow at each place of a command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from twisted.python._completion import CompleteFiles, Completer, Completions


class OptionsGrammar:
    """
    What options there are, and what ``compData`` of their class and its bases says of them.

    @ivar descriptions: texts for options that replace their own.
    @ivar multiUse: options that may come more than once.
    @ivar mutuallyExclusive: groups of options of which one may come.
    @ivar optActions: completers of values, or what makes them.
    @ivar extraActions: completers of arguments.
    @ivar flagNameToDefinition: the options without a value, by their long names.
    @ivar paramNameToDefinition: those with one.
    @ivar allOptionsNameToDefinition: both.
    @ivar excludes: for an option the names and letters of those that do not go with it.
    """

    def __init__(self, options: Any) -> None:
        """
        @param options: a `twisted.python.usage.Options`.
        @raise ValueError: if ``compData`` names an option that there is not.
        """
        self.options = options
        self.allOptionsNameToDefinition: dict[str, Any] = {}
        for option in options._options:
            if len(option.long) > 1:
                self.allOptionsNameToDefinition.setdefault(option.long, option)
        known = self.allOptionsNameToDefinition
        self.flagNameToDefinition = {n: o for n, o in known.items() if not o.takesValue}
        self.paramNameToDefinition = {n: o for n, o in known.items() if o.takesValue}
        self._accumulate()
        self._verify()
        self.excludes = self._makeExcludes()

    def _accumulate(self) -> None:
        """Read ``compData``, that of bases first."""
        self.descriptions: dict[str, str] = {}
        self.multiUse: set[str] = set()
        self.mutuallyExclusive: list[Sequence[str]] = []
        self.optActions: dict[str, Any] = {}
        self.extraActions: Sequence[Completer] = ()
        classes = reversed(type(self.options).__mro__)
        own = vars(self.options).get("compData")
        for data in [*(vars(cls).get("compData") for cls in classes), own]:
            if not isinstance(data, Completions):
                continue
            self.descriptions.update(data.descriptions)
            self.multiUse.update(data.multiUse)
            self.mutuallyExclusive.extend(data.mutuallyExclusive)
            self.optActions.update(data.optActions)
            self.extraActions = data.extraActions or self.extraActions

    def _verify(self) -> None:
        """
        See that ``compData`` speaks of options that there are.

        @raise ValueError: if it does not.
        """
        named = {*self.descriptions, *self.multiUse, *self.optActions}
        named.update(*self.mutuallyExclusive)
        unknown = named.difference(self.allOptionsNameToDefinition)
        if unknown:
            raise ValueError(f"compData names options that are unknown: {sorted(unknown)}")

    def _makeExcludes(self) -> dict[str, set[str]]:
        """Which options do not go with which."""
        excludes: dict[str, set[str]] = {}
        for group in self.mutuallyExclusive:
            for name in group:
                for other in group:
                    if other != name:
                        short = self.allOptionsNameToDefinition[other].short
                        excludes.setdefault(name, set()).update([other, *(short or ())])
        return excludes

    def getDescription(self, longname: str) -> str:
        """What an option does, in one line; its name if nobody says."""
        text = self.descriptions.get(longname)
        if text is None:
            text = self.allOptionsNameToDefinition[longname].doc or ""
        return " ".join(text.split()) or longname

    def action(self, longname: str) -> Completer:
        """What completes the value of an option; without anything said, files."""
        action = self.optActions.get(longname)
        if callable(action):
            action = action()
        return action if action is not None else _AnyFile()

    def arguments(self) -> Sequence[Completer]:
        """
        What completes the arguments that are no options.

        @raise ValueError: if one may be repeated that is not the last.
        """
        if any(action._repeat for action in self.extraActions[:-1]):
            raise ValueError("only the last of extraActions may be repeated")
        return self.extraActions


class _AnyFile(CompleteFiles):
    """The name of any file, for want of something better."""

    def _description(self, optName: str | None) -> str:
        return Completer._description(self, optName)

    def _action(self, description: str, shellType: str) -> str:
        return "_files" if shellType == "zsh" else super()._action(description, shellType)


@dataclass
class Cursor:
    """
    Where a user is in a command line.

    @ivar options: the options that hold there: of the command or of a subcommand.
    @ivar start: how many words stand before the subcommand, that of the command included;
        0 if there is none.
    @ivar word: what has been typed of the word at the cursor.
    @ivar pending: the long name of the option whose value is typed, or None.
    @ivar value: what has been typed of that.
    @ivar used: the long names of the options that were given.
    @ivar arguments: how many arguments that are no options were given.
    @ivar mayBeOption: whether the word may be an option.
    """

    options: Any
    start: int = 0
    word: str = ""
    pending: str | None = None
    value: str = ""
    used: list[str] = field(default_factory=list)
    arguments: int = 0
    mayBeOption: bool = True

    def subCommands(self) -> Sequence[Sequence[Any]]:
        """The subcommands that may be named at the cursor."""
        if self.arguments or self.pending is not None:
            return ()
        return [*(getattr(self.options, "subCommands", None) or ())]


def locate(options: Any, typed: Sequence[str]) -> Cursor:
    """
    Read an unfinished command line, as well as it can be.

    @param options: a `twisted.python.usage.Options` of the command.
    @param typed: its words, without the command, the one at the cursor last.
    """
    cursor = Cursor(options, word=typed[-1] if typed else "")
    known = _byName(options)
    for index, word in enumerate(typed[:-1]):
        if cursor.pending is not None:
            cursor.pending = None
        elif cursor.mayBeOption and word == "--":
            cursor.mayBeOption = False
        elif cursor.mayBeOption and word.startswith("-") and word != "-":
            _option(cursor, known, word)
        elif (command := _subCommand(cursor, word)) is not None:
            cursor = Cursor(command, start=index + 1, word=cursor.word)
            known = _byName(command)
        else:
            cursor.arguments += 1
            cursor.mayBeOption = False
    if cursor.pending is not None:
        cursor.value = cursor.word
    elif cursor.mayBeOption and cursor.word.startswith("--") and "=" in cursor.word:
        name, _, value = cursor.word.partition("=")
        option = _find(known, name)
        if option is not None and option.takesValue:
            cursor.pending, cursor.value = option.long, value
    return cursor


def _byName(options: Any) -> dict[str, Any]:
    """Options by all that they may be called, dashes included."""
    known: dict[str, Any] = {}
    for option in options._options:
        known.setdefault(f"--{option.long}", option)
        for letter in {option.short, option.long}:
            if letter and len(letter) == 1:
                known.setdefault(f"-{letter}", option)
    return known


def _find(known: Mapping[str, Any], name: str) -> Any:
    """The option of a name, or of the beginning of one that no other has; or None."""
    if name in known:
        return known[name]
    matching = [option for key, option in known.items() if key.startswith(name)]
    return matching[0] if len(matching) == 1 else None


def _option(cursor: Cursor, known: Mapping[str, Any], word: str) -> None:
    """Take note of a word that names options."""
    if word.startswith("--"):
        name, given, _ = word.partition("=")
        option = _find(known, name)
        if option is not None:
            cursor.used.append(option.long)
            if option.takesValue and not given:
                cursor.pending = option.long
        return
    for place, letter in enumerate(word[1:], 2):
        option = known.get(f"-{letter}")
        if option is None:
            return
        cursor.used.append(option.long)
        if option.takesValue:
            cursor.pending = option.long if place == len(word) else None
            return


def _subCommand(cursor: Cursor, word: str) -> Any:
    """The options of a subcommand, if a word names one that can be loaded; or None."""
    for name, short, parser, _ in cursor.subCommands():
        if word in (name, short):
            options = parser()
            options.parent = cursor.options
            cursor.options.subCommand = name
            return options
    return None
