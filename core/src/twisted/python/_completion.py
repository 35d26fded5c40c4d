"""What shells may offer when somebody has typed a part of a command line."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

ZSH = "zsh"
BASH = "bash"
FISH = "fish"


class Completions:
    """
    How the options of a `twisted.python.usage.Options` are completed; its ``compData``.

    @ivar descriptions: texts for options that replace their own.
    @ivar multiUse: options that may come more than once.
    @ivar mutuallyExclusive: groups of options of which one may come.
    @ivar optActions: completers of the values of options, or what makes them.
    @ivar extraActions: completers of arguments.
    """

    __module__ = "twisted.python.usage"

    def __init__(
        self,
        descriptions: Mapping[str, str] = {},
        multiUse: Sequence[str] = (),
        mutuallyExclusive: Sequence[Sequence[str]] = (),
        optActions: Mapping[str, Any] = {},
        extraActions: Sequence[Completer] = (),
    ) -> None:
        self.descriptions = descriptions
        self.multiUse = multiUse
        self.mutuallyExclusive = mutuallyExclusive
        self.optActions = optActions
        self.extraActions = extraActions


class Completer:
    """
    A kind of value, of which nothing is known that could be offered.

    @ivar descr: what the value is, for people.
    @ivar repeat: whether there may be any number of them.
    """

    __module__ = "twisted.python.usage"

    _descr: str | None = None
    #: The command that offers values, for each shell.  Those of bash and fish
    #: find the word that is being completed in ``$cur``.
    _actions: Mapping[str, str] = {ZSH: "", BASH: "", FISH: ""}

    def __init__(self, descr: str | None = None, repeat: bool = False) -> None:
        if descr is not None:
            self._descr = descr
        self._repeat = repeat

    def _description(self, optName: str | None) -> str:
        """What the value is; without any text of its own, the name of its option."""
        return self._descr if self._descr is not None else str(optName)

    def _action(self, description: str, shellType: str) -> str:
        """
        The command that offers values.

        @raise NotImplementedError: if the shell is not known.
        """
        try:
            return self._actions[shellType]
        except KeyError:
            raise NotImplementedError(f"the shell {shellType!r} is not known") from None

    def _shellCode(self, optName: str | None, shellType: str) -> str:
        """
        What completes values in a shell: for zsh the end of a specification of
        ``_arguments``, for others a command.

        @raise NotImplementedError: if the shell is not known.
        """
        description = self._description(optName)
        action = self._action(description, shellType)
        if shellType != ZSH:
            return action
        return f"{'*' if self._repeat else ''}:{description}:{action}"


class CompleteFiles(Completer):
    """The name of a file."""

    __module__ = "twisted.python.usage"

    _descr: str | None = None

    def __init__(self, globPattern: str = "*", **kw: Any) -> None:
        """
        @param globPattern: which files.
        """
        Completer.__init__(self, **kw)
        self._globPattern = globPattern

    def _description(self, optName: str | None) -> str:
        return f"{super()._description(optName)} ({self._globPattern})"

    def _action(self, description: str, shellType: str) -> str:
        if shellType == BASH:
            files = [
                f'compgen -f -X {shlex.quote("!" + pattern)} -- "$cur"'
                for pattern in _alternatives(self._globPattern)
            ]
            return "; ".join([*files, 'compgen -d -- "$cur"'])
        if shellType == FISH:
            return '__fish_complete_path "$cur"'
        if shellType == ZSH:
            return f'_files -g "{self._globPattern}"'
        return super()._action(description, shellType)


class CompleteDirs(Completer):
    """The name of a directory."""

    __module__ = "twisted.python.usage"

    _actions: Mapping[str, str] = {
        ZSH: "_directories",
        BASH: 'compgen -d -- "$cur"',
        FISH: '__fish_complete_directories "$cur"',
    }


class CompleteList(Completer):
    """One of several words."""

    __module__ = "twisted.python.usage"

    def __init__(self, items: Sequence[str], **kw: Any) -> None:
        """
        @param items: the words.
        """
        Completer.__init__(self, **kw)
        self._items = items

    def _action(self, description: str, shellType: str) -> str:
        if shellType == ZSH:
            return f"({' '.join(self._items)})"
        if shellType == BASH:
            return f'compgen -W {shlex.quote(shlex.join(self._items))} -- "$cur"'
        if shellType == FISH:
            return _printing(self._items)
        return super()._action(description, shellType)


class CompleteMultiList(CompleteList):
    """Some of several words, with commas between them."""

    __module__ = "twisted.python.usage"

    def _action(self, description: str, shellType: str) -> str:
        if shellType == ZSH:
            return f"_values -s , '{description}' {' '.join(self._items)}"
        if shellType == BASH:
            words = shlex.quote(shlex.join(self._items))
            before = '"$([[ $cur == *,* ]] && printf %s, "${cur%,*}")"'
            return f'compgen -P {before} -W {words} -- "${{cur##*,}}"'
        if shellType == FISH:
            before = "(string replace -r -- '[^,]*$' '' $cur)"
            return f"printf '%s\\n' {before}{{{','.join(map(fishWord, self._items))}}}"
        return super()._action(description, shellType)


class CompleteUsernames(Completer):
    """The name of a user."""

    __module__ = "twisted.python.usage"

    _actions: Mapping[str, str] = {
        ZSH: "_users",
        BASH: 'compgen -u -- "$cur"',
        FISH: "__fish_complete_users",
    }


class CompleteGroups(Completer):
    """The name of a group of users."""

    __module__ = "twisted.python.usage"

    _descr: str | None = "group"
    _actions: Mapping[str, str] = {
        ZSH: "_groups",
        BASH: 'compgen -g -- "$cur"',
        FISH: "__fish_complete_groups",
    }


class CompleteHostnames(Completer):
    """The name of a host."""

    __module__ = "twisted.python.usage"

    _actions: Mapping[str, str] = {
        ZSH: "_hosts",
        BASH: 'compgen -A hostname -- "$cur"',
        FISH: "__fish_print_hostnames",
    }


class CompleteUserAtHost(Completer):
    """A user at a host, or one of the two."""

    __module__ = "twisted.python.usage"

    _descr: str | None = "host | user@host"
    _actions: Mapping[str, str] = {
        ZSH: (
            '{_alternative "hosts:host:_hosts" '
            '"users:user@host:_combination -s @ users-hosts users hosts -S @"}'
        ),
        BASH: 'compgen -A hostname -- "$cur"; compgen -u -S @ -- "$cur"',
        FISH: "__fish_complete_user_at_hosts; __fish_print_hostnames",
    }


class CompleteNetInterfaces(Completer):
    """The name of a network interface."""

    __module__ = "twisted.python.usage"

    _actions: Mapping[str, str] = {
        ZSH: "_net_interfaces",
        BASH: 'compgen -W "$(ls /sys/class/net 2>/dev/null)" -- "$cur"',
        FISH: "__fish_print_interfaces",
    }


class CompleteSubcommands(Completer):
    """The name of a subcommand, and what belongs to that: zsh asks again for them."""

    def __init__(self) -> None:
        Completer.__init__(self, descr=":subcmd", repeat=True)

    _actions: Mapping[str, str] = {ZSH: "->subcmd"}


def _alternatives(pattern: str) -> list[str]:
    """The patterns that one of zsh stands for, which may hold alternatives in parentheses."""
    before, opened, rest = pattern.partition("(")
    inside, closed, after = rest.partition(")")
    if not (opened and closed):
        return [pattern]
    return [before + choice + tail for choice in inside.split("|") for tail in _alternatives(after)]


def fishWord(word: str) -> str:
    """A text as one word of fish, in which only quotes and backslashes mean something."""
    return "'" + word.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _printing(words: Sequence[str]) -> str:
    """A command of fish that writes words, one a line."""
    return "printf '%s\\n' " + " ".join(map(fishWord, words))
