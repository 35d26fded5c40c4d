"""
Completion of command lines by shells: zsh, bash and fish.

A command with `twisted.python.usage.Options` that is called with ``--_shell-completion SHELL``
as its last words writes what its user puts into the shell's configuration.  From then on the shell
calls the command with the words typed so far and ``--_shell-completion SHELL:N``, ``N`` being
the place of the word at the cursor, and runs what the command writes.

Sources: zshcompsys(1), section on ``_arguments``; bash(1), Programmable Completion; the manual
of fish, "complete".
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from twisted.python._completion import BASH, FISH, ZSH, Completer, CompleteSubcommands, fishWord
from twisted.python._shellgrammar import Cursor, OptionsGrammar, locate

#: What makes a shell ask a command.  ``NAME`` is that of the command, ``ID`` the same as a part of
#: the name of a function.
_STUBS = {
    ZSH: """\
#compdef NAME
_twisted_ID() {
    local code
    code="$("${(Q)words[1]}" "${(@Q)words[2,CURRENT]}" \\
        --_shell-completion zsh:$CURRENT 2>/dev/null)"
    eval "${code#\\#*$'\\n'}"
}
compdef _twisted_ID NAME
""",
    BASH: """\
_twisted_ID() {
    local cur
    eval "$("${COMP_WORDS[0]}" "${COMP_WORDS[@]:1:COMP_CWORD}" \\
        --_shell-completion "bash:$((COMP_CWORD + 1))" 2>/dev/null)"
}
complete -F _twisted_ID NAME
""",
    FISH: """\
function __twisted_ID
    set -l words (commandline -opc) (commandline -ct)
    $words[1] $words[2..] --_shell-completion fish:(count $words) 2>/dev/null | source
end
complete -c NAME -f -a '(__twisted_ID)'
""",
}


def shellComplete(options: Any, cmdName: str, words: Sequence[str], file: IO[bytes]) -> None:
    """
    Write what a shell runs to complete a command line.

    @param options: a `twisted.python.usage.Options` of the command.
    @param cmdName: the name of the command.
    @param words: what has been typed, without the command, and at last
        ``--_shell-completion`` and the name of a shell, with the place of the cursor if
        there is one.
    @param file: takes the text.
    @raise ValueError: if no such shell is known, or if what ``options`` declares for completion
        is wrong.
    """
    shell, _, place = words[-1].partition(":")
    if shell not in _STUBS or (place and not place.isdigit()):
        raise ValueError(f"no completion for {words[-1]!r}; shells: {', '.join(_STUBS)}")
    if not place:
        identifier = re.sub(r"\W", "_", cmdName)
        file.write(_STUBS[shell].replace("NAME", cmdName).replace("ID", identifier).encode())
        return
    # The shell counts from 1, the command being the first.
    typed = list(words[:-2])[: max(int(place) - 1, 0)]
    if shell == ZSH:
        cursor = locate(options, typed)
        ZshArgumentsGenerator(cursor.options, cmdName, file).write(cursor)
        return
    if shell == BASH:
        typed = _joined(typed)
    cursor = locate(options, typed)
    write = _writeBash if shell == BASH else _writeFish
    file.write(write(cursor, _offer(cursor)).encode())


# zsh


def escape(text: str) -> str:
    """A text as one word of a shell; without any single quote if it holds one."""
    if "'" not in text:
        return f"'{text}'" if re.search(r"[^\w%+,./:=@-]", text, re.ASCII) else text
    return '"' + re.sub(r'([$"\\`])', r"\\\1", text) + '"'


class ZshArgumentsGenerator(OptionsGrammar):
    """Writes a call of ``_arguments``."""

    def __init__(self, options: Any, cmdName: str, file: IO[bytes] | None) -> None:
        """
        @param cmdName: the name of the command.
        @param file: takes the text.
        @raise ValueError: if ``compData`` names an option that there is not.
        """
        super().__init__(options)
        self.cmdName = cmdName
        self.file = file

    def write(self, cursor: Cursor | None = None) -> None:
        """
        Write all of it.

        @param cursor: where the user is; by default at the first word.
        """
        assert self.file is not None
        named = bool(cursor and not cursor.word.startswith("-") and cursor.subCommands())
        lines = ["'*::subcmd:->subcmd'"] if named else []
        lines += [escape(code) for code in self._arguments()]
        for name in sorted(self.allOptionsNameToDefinition):
            lines += [escape(spec) for spec in self._specifications(name)]
        text = f"#compdef {self.cmdName}\n\n"
        if cursor and cursor.start:
            # What a subcommand is told begins a command line of its own.
            text += f'words=("${{(@)words[{cursor.start + 1},-1]}}")\n'
            text += f"(( CURRENT -= {cursor.start} ))\n"
        text += '_arguments -s -A "-*" \\\n' + "".join(f"{line} \\\n" for line in lines)
        text += "&& return 0\n"
        if named and cursor:
            text += "local _zsh_subcmds_array\n_zsh_subcmds_array=(\n"
            for name, _, _, description in cursor.subCommands():
                text += f'"{_inDoubleQuotes(name)}:{_inDoubleQuotes(description or name)}"\n'
            text += ')\n\n_describe "sub-command" _zsh_subcmds_array\n'
        self.file.write(text.encode())

    def _arguments(self) -> list[str]:
        """
        What completes each argument that is no option.

        @raise ValueError: if one may be repeated that is not the last.
        """
        return [a._shellCode("argument", ZSH) for a in self.arguments()]

    def _specifications(self, name: str) -> list[str]:
        """What says how an option is written, with its letter and with its name."""
        option = self.allOptionsNameToDefinition[name]
        others = {f"-{o}" if len(o) == 1 else f"--{o}" for o in self.excludes.get(name, ())}
        text = re.sub(r"([\[\]])", r"\\\1", self.getDescription(name))
        value = self.action(name)._shellCode(name, ZSH) if option.takesValue else ""
        forms = [(f"-{option.short}", f"--{name}")] if option.short else []
        forms.append((f"--{name}", f"-{option.short}" if option.short else ""))
        specifications = []
        for form, twin in forms:
            if name in self.multiUse:
                before = "*"
            else:
                excluded = sorted(others | ({twin} if twin else set()))
                before = f"({' '.join(excluded)})" if excluded else ""
            sign = "=" if option.takesValue and form.startswith("--") else ""
            specifications.append(f"{before}{form}{sign}[{text}]{value}")
        return specifications


def _inDoubleQuotes(text: str) -> str:
    """A text as it stands between double quotes."""
    return re.sub(r'([$"\\`])', r"\\\1", " ".join(text.split()))


class SubcommandAction(CompleteSubcommands):
    """Completes the name of a subcommand."""


# bash and fish


@dataclass
class _Offer:
    """
    What is offered at the cursor.

    @ivar words: whole words, each with its description.
    @ivar value: completes a value, or None.
    @ivar before: what stands in the same word before the value.
    @ivar typed: what has been typed of the word, or of the value.
    """

    typed: str
    words: list[tuple[str, str]] = field(default_factory=list)
    value: Completer | None = None
    before: str = ""


def _offer(cursor: Cursor) -> _Offer:
    """What may stand at the cursor."""
    grammar = OptionsGrammar(cursor.options)
    if cursor.pending is not None:
        before = cursor.word[: len(cursor.word) - len(cursor.value)]
        return _Offer(cursor.value, value=grammar.action(cursor.pending), before=before)
    offer = _Offer(cursor.word)
    if cursor.mayBeOption and cursor.word.startswith("-"):
        taken = {name for name in cursor.used if name not in grammar.multiUse}
        for name in cursor.used:
            taken |= grammar.excludes.get(name, set())
        offer.words = [
            (f"--{name}", grammar.getDescription(name))
            for name in sorted(grammar.allOptionsNameToDefinition)
            if name not in taken
        ]
        return offer
    commands = cursor.subCommands()
    if commands:
        offer.words = [(name, text or "") for name, _, _, text in commands]
        return offer
    arguments = grammar.arguments()
    if cursor.arguments < len(arguments):
        offer.value = arguments[cursor.arguments]
    elif arguments and arguments[-1]._repeat:
        offer.value = arguments[-1]
    return offer


def _joined(words: Sequence[str]) -> list[str]:
    """The words of bash, which makes three of ``--name=value``."""
    joined: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "=" and joined and joined[-1].startswith("--"):
            joined[-1] += "=" + (rest.pop(0) if rest else "")
        else:
            joined.append(word)
    return joined


def _writeBash(cursor: Cursor, offer: _Offer) -> str:
    """What sets ``COMPREPLY``; what stands before ``=`` is a word of its own there."""
    lines = [f"cur={shlex.quote(offer.typed)}"]
    if offer.value is None:
        words = [word for word, _ in offer.words if word.startswith(offer.typed)]
        lines.append(f"COMPREPLY=({shlex.join(words)})")
    else:
        code = offer.value._shellCode("argument", BASH)
        lines.append(f"mapfile -t COMPREPLY < <({code or ':'})")
        if "compgen -f" in code or "compgen -d" in code:
            lines.append("compopt -o filenames")
    return "\n".join(lines) + "\n"


def _writeFish(cursor: Cursor, offer: _Offer) -> str:
    """What writes candidates, which fish filters itself."""
    if offer.value is None:
        lines = [
            f"printf '%s\\t%s\\n' {fishWord(word)} {fishWord(' '.join(text.split()))}"
            for word, text in offer.words
            if word.startswith(offer.typed)
        ]
        return "\n".join(lines) + "\n"
    code = offer.value._shellCode("argument", FISH) or ":"
    lines = [f"set -l cur {fishWord(offer.typed)}"]
    if offer.before:
        code = f"begin; {code}; end | string replace -r -- '^' {fishWord(offer.before)}"
    return "\n".join([*lines, code]) + "\n"
