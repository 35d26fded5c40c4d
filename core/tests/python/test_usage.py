"""Tests of `twisted.python.usage`."""

from __future__ import annotations

import sys

import pytest

from twisted.python import usage


class Sub(usage.Options):
    """Options of a subcommand."""

    optFlags = [["fast", "f", "Go fast."]]

    def parseArgs(self, first, second=None):
        """Take one or two arguments."""
        self["arguments"] = (first, second)


class Base(usage.Options):
    """Options that others build on."""

    optFlags = [["verbose", "v", "Say more."]]


class Main(Base):
    """Options of a command."""

    synopsis = "Usage: main [options]"
    longdesc = "A long text " * 10
    optFlags = [["quiet", None, "Say less."], ["under_score"]]
    optParameters = [
        ["port", "p", 80, "Where to listen", usage.portCoerce],
        ["name", "n", None, "What it is called."],
        ["bare"],
    ]
    subCommands = [["sub", "s", Sub, "Do a part."], ["other", None, Sub, "Do another part."]]

    def opt_many(self, value):
        """One of many."""
        self.setdefault("many", []).append(value)

    opt_m = opt_many

    def opt_at_once(self):
        """Do it at once."""
        self["at once"] = True

    def opt_z(self):
        """An option of one letter."""
        self["z"] = True


def parsed(*words, kind=Main):
    """Options that have read a command line."""
    options = kind()
    options.parseOptions(words)
    return options


def test_defaults():
    """Flags are 0 and parameters have their defaults until something else is said."""
    assert dict(parsed()) == {
        "verbose": 0,
        "quiet": 0,
        "under_score": 0,
        "port": 80,
        "name": None,
        "bare": None,
    }


def test_reading():
    """Flags, parameters and methods are found by their names and letters."""
    options = parsed(
        *("-v", "--port", "81", "--name=x", "-m", "1", "--many=2", "--at-once", "--under_score"),
        *("-z", "--bare", "b", "sub", "-f", "first"),
    )
    assert options["verbose"] == options["under_score"] == 1
    assert (options["port"], options["name"], options["bare"]) == (81, "x", "b")
    assert options["many"] == ["1", "2"]
    assert options["at once"] is options["z"] is True
    assert options.subCommand == "sub"
    assert dict(options.subOptions) == {"fast": 1, "arguments": ("first", None)}
    assert options.subOptions.parent is options
    assert options.opts is options
    assert {options: 1}[options] == 1


def test_short_names_of_commands():
    """A subcommand may have a short name, and there may be a default."""
    assert parsed("s", "x").subCommand == "sub"

    class Default(Main):
        defaultSubCommand = "other"

        class _Sub(Sub):
            def parseArgs(self):
                """Take none."""

        subCommands = [["other", None, _Sub, ""]]

    assert parsed(kind=Default).subCommand == "other"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--nothing"], "option --nothing not recognized"),
        (["-x"], "option -x not recognized"),
        (["--name"], "option --name requires argument"),
        (["--verbose=1"], "must not have an argument"),
        (["--port", "x"], "Parameter type enforcement failed: invalid literal"),
        (["--port", "65536"], "Port number not in range: 65536"),
        (["nothing"], "Unknown command: nothing"),
        (["sub"], "Wrong number of arguments"),
        (["sub", "1", "2", "3"], "Wrong number of arguments"),
    ],
)
def test_errors(words, text):
    """What makes no sense is said."""
    with pytest.raises(usage.UsageError, match=text):
        parsed(*words)
    assert usage.error is usage.UsageError


def test_post_options():
    """What does not go together is found at the end."""

    class Checked(usage.Options):
        optFlags = [["a"], ["b"]]

        def postOptions(self):
            if self["a"] and self["b"]:
                raise usage.UsageError("not both")

    assert parsed("--a", kind=Checked)["a"]
    with pytest.raises(usage.UsageError, match="not both"):
        parsed("--a", "--b", kind=Checked)


def test_help(capsys, monkeypatch):
    """Help shows options and commands in two columns, wrapped."""
    monkeypatch.setenv("COLUMNS", "60")
    with pytest.raises(SystemExit) as caught:
        parsed("--help")
    assert not caught.value.code
    text = capsys.readouterr().out
    lines = text.splitlines()
    assert lines[0] == "Usage: main [options]"
    assert "  -p, --port=        Where to listen [default: 80]. Must be" in lines
    assert "                     an int between 0 and 65535." in lines
    assert "      --at-once      Do it at once." in lines
    assert "  -m, --many=        One of many." in lines
    assert "    sub              Do a part." in lines
    assert all(len(line) <= 60 for line in lines)
    assert text.index("--at-once") < text.index("--bare") < text.index("Commands:")


def test_help_of_command(capsys):
    """Help of a subcommand says how it is used."""
    with pytest.raises(SystemExit):
        parsed("sub", "--help")
    assert capsys.readouterr().out.startswith("Usage: main [options] sub [options]\nOptions:\n")


def test_version(capsys):
    """The version is shown."""
    with pytest.raises(SystemExit):
        parsed("--version")
    assert "26." in capsys.readouterr().out


def test_words_of_process(monkeypatch):
    """The words of the process are read if none are given."""
    monkeypatch.setattr(sys, "argv", ["/bin/main", "-v"])
    options = Main()
    options.parseOptions()
    assert options["verbose"] == 1
    assert usage.Options().getSynopsis() == "Usage: main [options]"


def test_chunks():
    """Options are laid out from descriptions, too."""
    chunks = usage.docMakeChunks(
        [
            {"long": "foo", "short": "f", "doc": "A doc", "optType": "parameter", "default": 3},
            {"long": "bar"},
        ]
    )
    assert [chunk.rstrip() for chunk in chunks] == [
        "      --bar",
        "  -f, --foo=  A doc [default: 3]",
    ]


def test_flag_function():
    """A method without arguments is a flag; one with several is none."""

    class Some:
        def none(self):
            """Nothing."""

        def one(self, value):
            """One."""

        def two(self, first, second):
            """Two."""

    assert usage.flagFunction(Some().none)
    assert not usage.flagFunction(Some().one)
    with pytest.raises(usage.UsageError, match="two"):
        usage.flagFunction(Some().two)


def test_completions():
    """What shells may offer is declared."""
    completions = usage.Completions(optActions={"file": usage.CompleteFiles("*.py", descr="x")})
    assert completions.multiUse == ()
    assert completions.optActions["file"]._globPattern == "*.py"
    assert usage.CompleteList(["a"], repeat=True)._items == ["a"]
