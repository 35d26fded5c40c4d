"""Completion of command lines by zsh, bash and fish."""

from __future__ import annotations

import io
import os
import pty
import select
import subprocess
import sys
import textwrap

import pytest

from twisted.python import usage
from twisted.python._shellcomp import ZshArgumentsGenerator, escape


class Deliver(usage.Options):
    """A subcommand."""

    optFlags = [["now", "n", "Don't [wait]; costs $2"]]
    optParameters = [["host", None, None, "The host."], ["speed", "s", "low", "How fast."]]
    compData = usage.Completions(
        optActions={"speed": usage.CompleteList(["low", "high"])},
        extraActions=[usage.CompleteFiles("*.(tac|py)", repeat=True)],
    )


class Parcel(usage.Options):
    """A command with everything that can be completed."""

    optFlags = [["round", "r", "A round one."], ["square", "q"], ["verbose", "v", "Say more."]]
    optParameters = [
        ["paper", "p", None, "Its papers."],
        ["folder", "d", None, "Where it is."],
        ["weight", None, 1, "In kg."],
    ]
    subCommands = [
        ["deliver", None, Deliver, "Bring it."],
        ["destroy", None, Deliver, "Don't."],
    ]
    compData = usage.Completions(
        descriptions={"weight": "How heavy it is"},
        multiUse=["verbose"],
        mutuallyExclusive=[("round", "square")],
        optActions={
            "paper": lambda: usage.CompleteMultiList(["red", "green", "blue"]),
            "folder": usage.CompleteDirs(),
        },
    )


def complete(shell: str, *words: str, options: type[usage.Options] = Parcel) -> str:
    """What a command writes for a shell; the cursor is at the end of the last word."""
    made = options()
    made._shellCompFile = io.BytesIO()
    asked = f"{shell}:{len(words) + 1}"
    with pytest.raises(SystemExit) as exit:
        made.parseOptions([*words, "--_shell-completion", asked])
    assert exit.value.code == 0
    return made._shellCompFile.getvalue().decode()


def bash(*words: str) -> list[str]:
    """The words that are offered to bash."""
    reply = complete("bash", *words).splitlines()[1]
    assert reply.startswith("COMPREPLY=(")
    return reply[len("COMPREPLY=(") : -1].split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ((), ["deliver", "destroy"]),
        (("",), ["deliver", "destroy"]),
        (("del",), ["deliver"]),
        (("--r",), ["--round"]),
        # What was given, or does not go with it, is not offered again.
        (("--round", "-"), ["--folder", "--help", "--paper", "--verbose", "--version", "--weight"]),
        (("-rv", "--v"), ["--verbose", "--version"]),
        (("--rou", "--s"), []),
        # The value of an option is no command, however it is written.
        (("-d", "deliver", "--r"), ["--round"]),
        (("-rddeliver", "--p"), ["--paper"]),
        (("--folder", "=", "x", "--p"), ["--paper"]),
        (("-z", "--p"), ["--paper"]),
        (("deliver", "-"), ["--help", "--host", "--now", "--speed", "--version"]),
        (("deliver", "-n", "--n"), []),
        (("-q", "destroy", "--s"), ["--speed"]),
        # After an argument or two dashes there are no options.
        (("--", "-"), []),
    ],
)
def test_words(words, offered):
    """What may stand at the cursor is offered."""
    assert bash(*words) == offered


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--paper", "red,g"), "cur=red,g\nmapfile -t COMPREPLY < <(compgen -P"),
        (("--folder", "=", "a b"), "cur='a b'\nmapfile -t COMPREPLY < <(compgen -d"),
        (("--folder", "="), "cur=''\nmapfile -t COMPREPLY < <(compgen -d"),
        (("-vd", "x"), "cur=x\nmapfile -t COMPREPLY < <(compgen -d"),
        (("deliver", "x.py", "y"), "cur=y\nmapfile -t COMPREPLY < <(compgen -f -X '!*.tac' "),
        (("--weight", "2"), "cur=2\nmapfile -t COMPREPLY < <(compgen -f -X '!*' "),
    ],
)
def test_values(words, code):
    """What the shell knows itself it is told to find."""
    assert complete("bash", *words).startswith(code)


def test_fish():
    """Fish is given descriptions, and whole words where a value stands behind a name."""
    assert complete("fish", "--sq") == "printf '%s\\t%s\\n' '--square' 'square'\n"
    assert "'Don\\'t [wait]; costs $2'" in complete("fish", "deliver", "--now")
    lines = complete("fish", "--folder=ab").splitlines()
    assert lines[0] == "set -l cur 'ab'"
    assert lines[1].endswith("| string replace -r -- '^' '--folder='")
    assert complete("fish", "deliver", "--speed", "").splitlines()[1] == (
        "printf '%s\\n' 'low' 'high'"
    )


def test_zsh():
    """Zsh is given a call of ``_arguments``, and the subcommands if there are any."""
    lines = complete("zsh", "").splitlines()
    assert lines[0].startswith("#compdef ")
    assert "'*::subcmd:->subcmd' \\" in lines
    assert "'(--square -q -r)--round[A round one.]' \\" in lines
    assert "'(--round --square -q)-r[A round one.]' \\" in lines
    assert "'*-v[Say more.]' \\" in lines
    assert "'--weight=[How heavy it is]:weight:_files' \\" in lines
    assert '"deliver:Bring it."' in lines
    assert "deliver" not in complete("zsh", "--")


def test_zsh_subcommand():
    """Behind a subcommand zsh completes a line that begins with it."""
    text = complete("zsh", "-r", "deliver", "--")
    assert '\nwords=("${(@)words[3,-1]}")\n(( CURRENT -= 2 ))\n' in text
    assert '"(--now)-n[Don\'t \\\\[wait\\\\]; costs \\$2]"' in text
    assert ":argument (*.(tac|py)):_files" in text
    assert "--round" not in text


def test_order_of_bases():
    """A class adds to what its bases declare, and has the last word."""

    class Heavy(Parcel):
        compData = usage.Completions(
            descriptions={"weight": "Tons"}, extraActions=[usage.CompleteUsernames()]
        )

    grammar = ZshArgumentsGenerator(Heavy(), "heavy", None)
    assert grammar.getDescription("weight") == "Tons"
    assert grammar.getDescription("square") == "square"
    assert grammar.multiUse == {"verbose"}
    assert grammar.excludes["square"] == {"round", "r"}
    assert grammar.arguments()[0]._shellCode("x", "zsh") == ":x:_users"


@pytest.mark.parametrize(
    "wrong",
    [
        {"optActions": {"wieght": None}},
        {"multiUse": ["wieght"]},
        {"mutuallyExclusive": [["wieght", "round"]]},
        {"extraActions": [usage.Completer(repeat=True), usage.Completer()]},
    ],
)
def test_wrong_declarations(wrong):
    """A declaration that makes no sense is told to who wrote it."""

    class Wrong(Parcel):
        compData = usage.Completions(**wrong)

    with pytest.raises(ValueError):
        Wrong().parseOptions(["", "--_shell-completion", "zsh:2"])


@pytest.mark.parametrize("asked", ["tcsh", "tcsh:2", "zsh:x", ""])
def test_unknown_shell(asked):
    """A shell that is not known is an error that names those that are."""
    with pytest.raises(ValueError, match="zsh, bash, fish"):
        Parcel().parseOptions(["--_shell-completion", asked])
    with pytest.raises(NotImplementedError):
        usage.CompleteFiles()._shellCode("x", "tcsh")


@pytest.mark.parametrize(
    ("text", "escaped"),
    [("plain", "plain"), ("a b", "'a b'"), ("it's $1 `x` \\", '"it\'s \\$1 \\`x\\` \\\\"')],
)
def test_escape(text, escaped):
    """A text stands as one word."""
    assert escape(text) == escaped


def test_stub(capsysbinary, monkeypatch):
    """Without a place, a command writes what makes the shell ask it."""
    monkeypatch.setattr(sys, "argv", ["/usr/bin/my-parcel", "--_shell-completion", "bash"])
    with pytest.raises(SystemExit):
        Parcel().parseOptions()
    text = capsysbinary.readouterr().out
    assert text.endswith(b"complete -F _twisted_my_parcel my-parcel\n")


def test_subcommands_are_not_told():
    """Only the command itself answers shells: a subcommand may be given any words."""

    class Rest(usage.Options):
        def parseArgs(self, *words):
            self["words"] = words

    class Outer(usage.Options):
        subCommands = [["say", None, Rest, "Say."]]

    options = Outer()
    options.parseOptions(["say", "--", "--_shell-completion", "x", "y"])
    assert options.subOptions["words"] == ("--_shell-completion", "x", "y")


# With the shells themselves


@pytest.fixture
def command(tmp_path, monkeypatch):
    """A command ``parcel`` on the path, in a folder with some files."""
    script = f"#!{sys.executable}\n" + textwrap.dedent("""\
        from importlib.util import module_from_spec, spec_from_file_location
        spec = spec_from_file_location("this", FILE)
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        module.Parcel().parseOptions()
        """).replace("FILE", repr(__file__))
    path = tmp_path / "bin" / "parcel"
    path.parent.mkdir()
    path.write_text(script)
    path.chmod(0o700)
    work = tmp_path / "work"
    (work / "folder").mkdir(parents=True)
    for name in ("a.tac", "b.py", "c.txt"):
        (work / name).touch()
    monkeypatch.setenv("PATH", f"{path.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(work)


REAL = [
    ("parcel de", {"deliver", "destroy"}),
    ("parcel --sq", {"--square"}),
    ("parcel --paper red,gr", {"red,green"}),
    ("parcel -d ", {"folder"}),
    ("parcel -r deliver --speed h", {"high"}),
    ("parcel deliver --no", {"--now"}),
    ("parcel deliver ", {"a.tac", "b.py", "folder"}),
]


@pytest.mark.peer
@pytest.mark.timeout(60)
def test_real_bash(command):
    """Bash offers what it should."""
    program = 'eval "$(parcel --_shell-completion bash)"\n'
    for line, _ in REAL:
        words = line.split(" ")
        program += f"COMP_WORDS=({' '.join(w or chr(39) * 2 for w in words)})\n"
        program += f"COMP_CWORD={len(words) - 1}; COMPREPLY=()\n"
        program += '_twisted_parcel 2>/dev/null; echo "${COMPREPLY[*]}"\n'
    said = subprocess.run(["bash"], input=program, capture_output=True, text=True, check=True)
    offered = [set(line.split()) for line in said.stdout.splitlines()]
    assert offered == [expected for _, expected in REAL]


@pytest.mark.peer
@pytest.mark.timeout(60)
def test_real_fish(command):
    """Fish offers what it should."""
    program = "parcel --_shell-completion fish | source\n"
    for line, _ in REAL:
        program += f"echo (complete -C '{line}' | string split -f 1 \\t)\n"
    said = subprocess.run(["fish"], input=program, capture_output=True, text=True, check=True)
    offered = [set(line.replace("/", "").split()) for line in said.stdout.splitlines()]
    # Fish shows all files, for it knows no patterns of them.
    expected = [words | ({"c.txt"} if "a.tac" in words else set()) for _, words in REAL]
    assert offered == expected


@pytest.mark.peer
@pytest.mark.timeout(60)
def test_real_zsh(command):
    """Zsh completes at its prompt."""
    process, terminal = pty.fork()
    if process == 0:
        os.environ.update(TERM="dumb", PS1="ready>")
        os.execvp("zsh", ["zsh", "-f", "-i"])

    def until(text: bytes) -> bytes:
        seen = b""
        while text not in seen:
            assert select.select([terminal], [], [], 20)[0], seen
            seen += os.read(terminal, 65536)
        return seen

    try:
        until(b"ready>")
        setup = b'autoload -Uz compinit; compinit -u -D; eval "$(parcel --_shell-completion zsh)"'
        os.write(terminal, setup + b"; unsetopt automenu; print set''up\n")
        until(b"setup")
        for line, completed in [
            (b"parcel --sq", b"--square "),
            (b"parcel -r del", b"deliver "),
            (b"parcel -r deliver --speed h", b"high "),
            (b"parcel --paper red,gr", b"red,green"),
            (b"parcel deliver --no", b"--now "),
        ]:
            os.write(terminal, line + b"\t")
            until(completed)
            os.write(terminal, b"\x15")
    finally:
        os.close(terminal)
        os.waitpid(process, 0)
