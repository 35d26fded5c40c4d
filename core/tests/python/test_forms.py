"""Trees of names, arguments of forms, and sources as HTML."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest

from twisted.python import formmethod as form
from twisted.python import htmlizer, release, roots

# Trees


def test_collection():
    """Stored entities are found by name; dynamic ones come from a subclass."""

    class Dynamic(roots.Collection):
        def getDynamicEntity(self, name, request):
            return f"{request}:{name}"

        def listDynamicEntities(self, request):
            return [("d", request)]

        def listDynamicNames(self):
            return ["d"]

    made = Dynamic({"a": 1})
    made.putEntity("b", 2)
    assert made.getEntity("a", "r") == 1
    assert made.getEntity("d", "r") == "r:d"
    assert made.listEntities("r") == [("a", 1), ("b", 2), ("d", "r")]
    assert made.listNames("r") == ["a", "b", "d"]
    made.delEntity("a")
    assert made.getStaticEntity("a") is None
    assert roots.Collection().getEntity("x", None) is None
    assert roots.Collection().listEntities(None) == roots.Collection().listNames(None) == []


def test_what_trees_do_not_do():
    """What a subclass has to provide raises."""
    for call in (
        lambda: roots.Collection().storeEntity("x", None),
        lambda: roots.Collection().removeEntity("x", None),
        lambda: roots.Entity().render(None),
        lambda: roots.Request().write(b""),
        roots.Request().finish,
    ):
        with pytest.raises(NotImplementedError):
            call()


def test_constraints():
    """Names and entities can be restricted."""

    class Short(roots.Constrained):
        def nameConstraint(self, name):
            return len(name) == 1

    short = Short()
    short.putEntity("x", 1)
    with pytest.raises(roots.ConstraintViolation, match="'long'"):
        short.putEntity("long", 1)
    numbers = roots.Homogenous()
    numbers.entityType = int
    numbers.putEntity("one", 1)
    with pytest.raises(roots.ConstraintViolation, match="no int"):
        numbers.putEntity("two", "2")
    assert (numbers.getEntityType(), numbers.getNameType()) == ("int", "Name")
    locked = roots.Locked()
    locked.putEntity("a", 1)
    locked.lock()
    with pytest.raises(roots.ConstraintViolation):
        locked.putEntity("b", 1)


# Forms

FRUIT = [("a", "apple", "An apple"), ("b", "banana", "A banana")]


@pytest.mark.parametrize(
    ("argument", "given", "value"),
    [
        (form.String("x"), 5, "5"),
        (form.String("x", min=2, max=3), "abc", "abc"),
        (form.VerifiedPassword("x", min=2), ("ab", "ab"), "ab"),
        (form.Integer("x"), " 12 ", 12),
        (form.Integer("x"), "", None),
        (form.IntegerRange("x", 1, 3), "3", 3),
        (form.IntegerRange("x", 1, 3), " ", None),
        (form.Float("x"), "-2.5", -2.5),
        (form.Float("x"), None, None),
        (form.Choice("x", FRUIT), "b", "banana"),
        (form.Flags("x", FRUIT), ["b", "a"], ["banana", "apple"]),
        (form.CheckGroup("x", FRUIT), None, []),
        (form.Submit("x"), "submit", "submit"),
        (form.Submit("x", allowNone=1), "", None),
        (form.Boolean("x"), "Off", 0),
        (form.Boolean("x"), "on", 1),
        (form.File("x"), "", None),
        (form.File("x", allowNone=0), "data", "data"),
        (form.Date("x"), ("2024", "2", "29"), (2024, 2, 29)),
        (form.Date("x"), ["", "", ""], None),
    ],
)
def test_coerce(argument, given, value):
    """What was filled in becomes a value."""
    assert argument.coerce(given) == value


@pytest.mark.parametrize(
    ("argument", "given"),
    [
        (form.String("x", min=2), "a"),
        (form.String("x", max=2), "abc"),
        (form.VerifiedPassword("x"), ("ab", "ac")),
        (form.VerifiedPassword("x"), ("ab",)),
        (form.Integer("x"), "1.5"),
        (form.Integer("x", allowNone=0), ""),
        (form.IntegerRange("x", 1, 3), "4"),
        (form.IntegerRange("x", 1, 3), "0"),
        (form.Float("x"), "many"),
        (form.Choice("x", FRUIT), "c"),
        (form.Flags("x", FRUIT), ["a", "c"]),
        (form.Submit("x"), ""),
        (form.File("x", allowNone=0), None),
        (form.Date("x", allowNone=0), ("", "", "")),
        (form.Date("x"), ("2023", "2", "29")),
        (form.Date("x"), ("2023", "13", "1")),
        (form.Date("x"), ("99999", "1", "1")),
        (form.Date("x"), ("2023", "1")),
    ],
)
def test_coerce_errors(argument, given):
    """What makes no sense is told to who filled it in."""
    with pytest.raises(form.InputError):
        argument.coerce(given)


def test_arguments():
    """Arguments say what they are, and what a form shows at first."""
    argument = form.Text("name", shortDesc="Your name", hints={"rows": 3})
    argument.addHints(cols=4)
    assert argument.getHint("rows") + argument.getHint("cols") + argument.getHint("z", 1) == 8
    assert argument.getShortDescription() == "Your name"
    assert form.Text("name").getShortDescription() == "Name"
    assert argument.getLongDescription() == ""
    assert form.Text("x").default == ""
    assert form.Choice("x", FRUIT).default == ["a"]
    assert form.Date("x", allowNone=0).default == (1970, 1, 1)
    with pytest.raises(NotImplementedError):
        form.Argument("x").coerce("y")


def test_signature():
    """A signature and a function make a method."""
    one, two = form.Integer("one"), form.Text("two")
    signature = form.MethodSignature(one, two)
    assert signature.getArgument("two") is two
    assert signature.getArgument("three") is None
    method = signature.method(lambda *a, **kw: (a, kw), takesRequest=True)
    assert method.takesRequest
    assert method.getArgs() == (one, two)
    assert method.call(1, two=2) == ((1,), {"two": 2})
    assert form.FormException("x", one="bad").descriptions == {"one": "bad"}


# HTML


def html(source: bytes, **kw) -> bytes:
    out = io.BytesIO()
    htmlizer.filter(io.BytesIO(source), out, **kw)
    return out.getvalue()


def test_kinds_of_tokens():
    """Each token says what it is."""
    assert html(b"class A(b): pass\n") == (
        b'<pre><span class="py-src-keyword">class</span> '
        b'<span class="py-src-identifier">A</span><span class="py-src-op">(</span>'
        b'<span class="py-src-parameter">b</span><span class="py-src-op">)</span>'
        b'<span class="py-src-op">:</span> <span class="py-src-keyword">pass</span>'
        b'<span class="py-src-newline">\n</span><span class="py-src-endmarker"></span></pre>\n'
    )


@pytest.mark.parametrize(
    "source",
    [
        'def f(a=1, *b) -> "c":\n    x = a < \\\n      1 & 2  # why\n\n    return f"{x}"\n',
        '"""Zwölf\nBoxkämpfer"""\nif x:\n\ty = """a\nb""" + \\\n  z\n',
        "",
    ],
)
def test_nothing_is_lost(source):
    """Without the marks it is the source."""
    import html as escaping
    import re

    text = re.sub(r"<[^>]*>", "", html(source.encode(), writer=htmlizer.SmallerHTMLWriter).decode())
    assert escaping.unescape(text) == source + "\n"


def test_other_encodings():
    """The result is in UTF-8, whatever the source is in."""
    assert "ö".encode() in html("# coding: latin-1\nx = 'ö'\n".encode("latin-1"))


def test_commands(tmp_path):
    """``pyhtmlizer`` writes a page beside the source."""
    source = tmp_path / "a&b.py"
    source.write_text("x = 1\n")
    command = [sys.executable, "-m", "twisted.scripts.htmlizer"]
    subprocess.run([*command, "-s", "style.css", str(source)], check=True)
    page = (tmp_path / "a&b.py.html").read_text()
    assert "<title>a&amp;b.py</title>" in page
    assert 'href="style.css"' in page
    assert page.endswith("</pre>\n</body></html>\n")
    broken = tmp_path / "broken.py"
    broken.write_text("x = (\n")
    for wrong in ([], [str(tmp_path / "missing.py")], [str(broken)]):
        done = subprocess.run([*command, *wrong], capture_output=True, text=True)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
    module = [sys.executable, "-m", "twisted.python.htmlizer", str(source)]
    assert b"py-src-number" in subprocess.run(module, check=True, capture_output=True).stdout


# Commands


def test_sh(capfd, monkeypatch, tmp_path):
    """A command is run; one that fails raises; one that nobody wants is not run."""
    release.sh("echo done; cat")
    assert "done" in capfd.readouterr().out
    with pytest.raises(release.CommandFailed, match="3"):
        release.sh("exit 3")
    monkeypatch.setattr("builtins.input", lambda prompt: "n")
    release.sh(f"touch {tmp_path}/made", prompt=True)
    assert os.listdir(tmp_path) == []


def test_folder(tmp_path):
    """Whatever a function does, the folder is the same afterwards."""
    before = os.getcwd()

    def leave(fail):
        os.chdir(tmp_path)
        return 1 // fail

    assert release.runChdirSafe(leave, 1) == 1
    with pytest.raises(ZeroDivisionError):
        release.runChdirSafe(leave, 0)
    assert os.getcwd() == before


def test_url():
    """URLs are those of the library."""
    from twisted.python.url import URL

    assert URL.fromText("http://a/b").child("c").asText() == "http://a/b/c"
