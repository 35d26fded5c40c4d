"""Objects in files: pickles, source, versions, dictionaries in folders."""

import collections
import copyreg
import datetime
import io
import os
import pickle
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twisted.persisted import aot, crefutil, dirdbm, sob, styles


class Thing:
    """Something with attributes."""

    def __init__(self, **attributes):
        vars(self).update(attributes)

    def method(self):
        return self


class Stateful:
    """Something with a state of its own."""

    def __getstate__(self):
        return [1, 2]

    def __setstate__(self, state):
        self.state = state


def there_and_back(value):
    return aot.unjellyFromSource(aot.jellyToSource(value))


# Source

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.binary()
    | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


@given(plain)
def test_plain_values(value):
    """What Python has literals for comes back as it was."""
    assert there_and_back(value) == value


def test_what_a_source_looks_like():
    """It is for people, too."""
    shared = [1]
    assert aot.jellyToSource(Thing(a=shared, b=shared, c={"(": ")"})) == (
        f"app=Instance('{__name__}.Thing',\n"
        "  a=Ref(1,\n"
        "    [\n"
        "      1,\n"
        "      ]),\n"
        "  b=Deref(1),\n"
        "  c={\n"
        "    '(':')',\n"
        "    },)"
    ).replace(f"'{__name__}", f"'{Thing.__module__}")


def test_objects(monkeypatch):
    """Attributes, methods, functions, classes, modules, and what refers to itself."""
    here = type(Thing)
    assert here is type
    monkeypatch.setattr(string, "Thing", Thing, raising=False)
    monkeypatch.setattr(string, "Stateful", Stateful, raising=False)
    monkeypatch.setattr(Thing, "__module__", "string")
    monkeypatch.setattr(Stateful, "__module__", "string")
    thing = Thing(number=1, kind=collections.OrderedDict, function=string.capwords, module=string)
    thing.itself = thing
    thing.bound = thing.method
    thing.inside = (thing, [thing])
    thing.stateful = Stateful()
    thing.date = datetime.date(2026, 11, 21)
    vars(thing)["not an identifier"] = ...
    copy = there_and_back(thing)
    assert copy.itself is copy
    assert copy.bound() is copy
    assert copy.inside[0] is copy
    assert copy.inside[1][0] is copy
    assert copy.stateful.state == [1, 2]
    assert (copy.kind, copy.function) == (collections.OrderedDict, string.capwords)
    assert copy.module is string
    assert copy.date == thing.date
    assert vars(copy)["not an identifier"] is ...


def test_circles_through_tuples():
    """A list in a tuple that is in the list."""
    circle: list = []
    circle.append((circle,))
    copy = there_and_back(circle)
    assert copy[0][0] is copy
    pair = ([], [])
    pair[0].append(pair)
    copy = there_and_back(pair)
    assert copy[0][0] is copy


def test_types_that_copyreg_knows(monkeypatch):
    """They are made as it says."""

    class Odd:
        pass

    monkeypatch.setitem(copyreg.dispatch_table, Odd, lambda odd: (collections.Counter, ("aab",)))
    assert there_and_back(Odd()) == {"a": 2, "b": 1}


@pytest.mark.parametrize(
    "source",
    [
        "app=__import__('os').system('true')",
        "app=[x for x in ()]",
        "import os\napp=1\nos",
        "app=Instance(*['x'])",
        "app=open('/etc/passwd')",
        "nothing=1",
        "app=1+1",
    ],
)
def test_a_source_is_no_program(source):
    """Nothing in it is run."""
    if source.startswith("import"):
        assert aot.unjellyFromSource(source) == 1
        return
    with pytest.raises((ValueError, TypeError)):
        aot.unjellyFromSource(source)


def test_what_cannot_be_source():
    """It is a type error."""
    with open(os.devnull) as file:
        for value in (file, (x for x in ())):
            with pytest.raises(TypeError, match="source"):
                aot.jellyToSource(value)
    with pytest.raises(AttributeError):
        aot.jellyToSource(lambda: 1)
    with pytest.raises(TypeError, match="Unsupported"):
        aot.unjellyFromAOT(object())


def test_a_file_of_source():
    """It can be written to, and read from."""
    file = io.BytesIO()
    aot.jellyToSource(["\u2620"], file)
    file.seek(0)
    assert aot.unjellyFromSource(file) == ["\u2620"]


def test_what_is_not_known_yet():
    """Stand-ins are replaced wherever they are."""
    unknown = crefutil.NotKnown()
    both = crefutil._Tuple([unknown, 1])
    place: dict = {}
    pair = crefutil._DictKeyAndValue(place)
    both.addDependant(pair, 0)
    pair[1] = "value"
    later = crefutil._Defer()
    later.addCallback(lambda value: value + 1)
    unknown.addDependant(later, 0)
    unknown.resolveDependants(6)
    assert place == {(6, 1): "value"}
    assert later.resolvedObject == 7
    with pytest.raises(AssertionError):
        hash(unknown)
    with pytest.raises(AssertionError):
        unknown.addDependant(place, 0)


# Saved objects


@pytest.mark.parametrize("style", ["pickle", "source"])
def test_saving(tmp_path, monkeypatch, style):
    """A file is there whole, for this user alone, and what was saved comes back."""
    monkeypatch.chdir(tmp_path)
    kept = sob.Persistent({"a": [1, 2]}, "name")
    kept.setStyle(style)
    kept.save()
    kept.save(tag="tagged")
    kept.save(filename="elsewhere")
    extension = {"pickle": "tap", "source": "tas"}[style]
    assert sorted(os.listdir()) == ["elsewhere", f"name-tagged.{extension}", f"name.{extension}"]
    for name in os.listdir():
        assert os.stat(name).st_mode & 0o077 == 0
        assert sob.load(name, style) == {"a": [1, 2]}
    assert sob.guessType(f"name.{extension}") == style


def test_saving_where_a_link_is(tmp_path):
    """What somebody linked to under the temporary name is not written to."""
    kept = sob.Persistent([1], str(tmp_path / "name"))
    final, temporary = kept._getFilename(None, "tap", None)
    (tmp_path / "precious").write_text("kept")
    os.symlink(tmp_path / "precious", temporary)
    kept.save()
    assert (tmp_path / "precious").read_text() == "kept"
    assert not os.path.islink(final)
    assert sob.load(final, "pickle") == [1]


def test_what_is_not_supported(tmp_path):
    """Other styles, and passphrases."""
    kept = sob.Persistent(1, str(tmp_path / "name"))
    with pytest.raises(TypeError):
        kept.save(passphrase="secret")
    kept.setStyle("odd")
    with pytest.raises(ValueError, match="odd"):
        kept.save()
    with pytest.raises(ValueError, match="odd"):
        sob.load(str(tmp_path / "name"), "odd")


def test_files_that_others_can_write(tmp_path, monkeypatch):
    """They are not read, nor are those in folders that others can write to."""
    folder = tmp_path / "folder"
    folder.mkdir(0o700)
    path = folder / "name.tap"
    path.write_bytes(pickle.dumps(1))
    path.chmod(0o600)
    assert sob.load(str(path), "pickle") == 1
    path.chmod(0o602)
    with pytest.raises(sob.InsecureFile, match="write"):
        sob.load(str(path), "pickle")
    path.chmod(0o660)
    monkeypatch.setattr(sob, "_isPrivate", lambda gid: True)
    assert sob.load(str(path), "pickle") == 1
    monkeypatch.setattr(sob, "_isPrivate", lambda gid: False)
    with pytest.raises(sob.InsecureFile, match="write"):
        sob.load(str(path), "pickle")
    monkeypatch.undo()
    path.chmod(0o600)
    folder.chmod(0o777)
    with pytest.raises(sob.InsecureFile, match="write"):
        sob.load(str(path), "pickle")
    folder.chmod(0o1777)
    assert sob.load(str(path), "pickle") == 1
    if os.getuid() == 0:
        os.chown(path, 12345, 12345)
        with pytest.raises(sob.InsecureFile, match="another user"):
            sob.load(str(path), "pickle")


def test_values_of_programs(tmp_path):
    """A variable of a file of Python."""
    path = tmp_path / "some.tac"
    path.write_text("application = (__file__, 1)\n")
    assert sob.loadValueFromFile(str(path), "application") == (str(path), 1)
    with pytest.raises(KeyError):
        sob.loadValueFromFile(str(path), "nothing")


# Versions


class Old(styles.Versioned):
    persistenceVersion = 3
    persistenceForgets = ("secret",)

    def upgradeToVersion2(self):
        self.upgraded = [2]

    def upgradeToVersion3(self):
        self.upgraded.append(3)


class Older(Old):
    persistenceVersion = 1

    def upgradeToVersion1(self):
        self.upgraded.append("subclass")


def test_versions():
    """What was pickled by an older version of a class is upgraded, the base class first."""
    old = Older()
    old.secret = "x"
    state = old.__getstate__()
    assert "secret" not in state
    assert sorted(state.values()) == [1, 3]
    revived = Older.__new__(Older)
    revived.__setstate__({key: 0 if "Older" in key else 1 for key in state})
    styles.doUpgrade()
    assert revived.upgraded == [2, 3, "subclass"]
    assert styles.versionedsToUpgrade == {}
    current = Older.__new__(Older)
    current.__setstate__(state)
    styles.requireUpgrade(current)
    assert vars(current) == {}
    styles.doUpgrade()


def test_pickling_what_python_does_not():
    """Methods, modules, and files in memory."""
    method = "text".upper
    assert pickle.loads(pickle.dumps(method))() == "TEXT"
    assert pickle.loads(pickle.dumps(string)) is string
    make, arguments = styles.pickleStringO(io.StringIO("abc"))
    assert make(*arguments).read() == "abc"
    assert styles.unpickleMethod("append", None, list) is list.append
    make, arguments = styles.pickleModule(string)
    assert make(*arguments) is string


# Dictionaries in folders


def test_a_dictionary(tmp_path):
    """Keys and values are bytes, and are there the next time."""
    path = str(tmp_path / "folder")
    table = dirdbm.open(path)
    table[b"a/\xff\n" * 30] = b"value"
    table[b""] = b""
    table[b"a/\xff\n" * 30] = b"another"
    again = dirdbm.DirDBM(path)
    assert dict(again.items()) == {b"a/\xff\n" * 30: b"another", b"": b""}
    assert len(again) == 2
    assert b"" in again
    assert again.setdefault(b"", b"x") == b""
    assert again.setdefault(b"new", b"x") == b"x"
    assert again.get(b"missing", 7) == 7
    assert again.getModificationTime(b"") > 0
    del again[b""]
    for use in (
        lambda: again[b""],
        lambda: again.__delitem__(b""),
        lambda: again.getModificationTime(b""),
    ):
        with pytest.raises(KeyError):
            use()
    copied = again.copyTo(str(tmp_path / "copy"))
    assert sorted(copied.values()) == [b"another", b"x"]
    copied.update({b"k": b"v"})
    copied.clear()
    copied.close()
    assert list(copied.keys()) == []
    with pytest.raises(ValueError, match="itself"):
        again.copyTo(path)
    for key, value in (("text", b""), (b"", "text"), (1, b"")):
        with pytest.raises(TypeError):
            table[key] = value


def test_what_a_crash_leaves(tmp_path):
    """Values that were not written whole are dropped; the old ones stay."""
    path = str(tmp_path)
    table = dirdbm.DirDBM(path)
    table[b"kept"] = b"old"
    name = os.fsdecode(table._encode(b"kept"))
    (tmp_path / f"{name}.rpl").write_bytes(b"half")
    (tmp_path / "b3RoZXI=_.rpl").write_bytes(b"whole")
    (tmp_path / "eA==_.new").write_bytes(b"half")
    again = dirdbm.DirDBM(path)
    assert dict(again.items()) == {b"kept": b"old", b"other": b"whole"}


def test_a_shelf(tmp_path):
    """Whatever can be pickled; not from files of others."""
    shelf = dirdbm.Shelf(str(tmp_path / "shelf"))
    shelf[b"k"] = {"a": [1]}
    assert shelf[b"k"] == {"a": [1]}
    os.chmod(tmp_path / "shelf" / os.fsdecode(shelf._encode(b"k")), 0o666)
    with pytest.raises(sob.InsecureFile):
        shelf[b"k"]
