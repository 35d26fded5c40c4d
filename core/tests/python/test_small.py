"""Tests of the small modules of `twisted.python`: one class of tests for each."""

from __future__ import annotations

import os
import threading

import pytest
from zope.interface import Attribute, Interface, implementer

from twisted.python import components, context, lockfile, reflect, runtime, systemd, threadable
from twisted.python.urlpath import URLPath


class IOne(Interface):
    """An interface."""

    attribute = Attribute("Something.")

    def method(argument):
        """Do something."""


class ITwo(Interface):
    """Another interface."""


class TestReflect:
    """`twisted.python.reflect`."""

    def test_names(self):
        """Objects are found by their full names, and have them."""
        assert reflect.namedAny("os.path.join") is os.path.join
        assert reflect.namedModule("os.path") is os.path
        assert reflect.namedObject("os.getcwd") is os.getcwd
        assert reflect.qual(TestReflect).endswith("TestReflect")
        assert reflect.fullyQualifiedName(TestReflect.test_names).endswith("TestReflect.test_names")
        assert reflect.requireModule("os") is os
        assert reflect.requireModule("no_such_module", 5) == 5

    @pytest.mark.parametrize(
        ("name", "error"),
        [
            ("", reflect.InvalidName),
            ("a..b", reflect.InvalidName),
            ("no_such_module", reflect.ModuleNotFound),
            ("os.nothing", AttributeError),
            ("os.path.nothing.more", AttributeError),
            ("no_such_module.thing", reflect.ObjectNotFound),
        ],
    )
    def test_unknown_names(self, name, error):
        """Names of nothing are errors that tell what is missing."""
        with pytest.raises(error):
            reflect.namedAny(name)

    def test_errors_within(self, tmp_path, monkeypatch):
        """An error inside a module that is there is not taken for its absence."""
        (tmp_path / "broken_within.py").write_text("import nothing_of_this_name\n")
        monkeypatch.syspath_prepend(tmp_path)
        with pytest.raises(ModuleNotFoundError, match="nothing_of_this_name"):
            reflect.namedAny("broken_within")

    def test_methods(self):
        """Methods are found by how their names begin, those of bases included."""

        class Base:
            do_a = lambda self: "a"  # noqa: E731

        class Derived(Base):
            do_b = lambda self: "b"  # noqa: E731

        assert sorted(reflect.prefixedMethodNames(Derived, "do_")) == ["a", "b"]
        assert sorted(m() for m in reflect.prefixedMethods(Derived(), "do_")) == ["a", "b"]
        found = {}
        reflect.accumulateMethods(Derived(), found, "do_")
        assert set(found) == {"a", "b"}

    def test_accumulating(self):
        """Lists and dictionaries of classes are put together, bases first."""

        class Base:
            items = [1]
            table = {"a": 1, "b": 1}

        class Derived(Base):
            items = [2]
            table = {"b": 2}

        items, table = [], {}
        reflect.accumulateClassList(Derived, "items", items)
        reflect.accumulateClassDict(Derived, "table", table)
        assert (items, table) == ([1, 2], {"a": 1, "b": 2})

    def test_safety(self):
        """Objects that cannot be shown are shown as such."""

        class Evil:
            def __repr__(self):
                raise ZeroDivisionError

            __str__ = __repr__

        assert reflect.safe_repr(1) == "1"
        assert reflect.safe_str(b"x") == "x"
        for text in (reflect.safe_repr(Evil()), reflect.safe_str(Evil())):
            assert "ZeroDivisionError" in text
            assert "Evil" in text

    def test_file_names(self, tmp_path):
        """The module of a file is known by the packages around it."""
        (tmp_path / "a/b").mkdir(parents=True)
        for name in ("a/__init__.py", "a/b/__init__.py", "a/b/c.py"):
            (tmp_path / name).write_text("")
        assert reflect.filenameToModuleName(str(tmp_path / "a/b/c.py")) == "a.b.c"
        assert reflect.filenameToModuleName(str(tmp_path / "a/b/__init__.py")) == "a.b"

    def test_grep(self):
        """References to an object are found in another."""
        needle = object()
        found = reflect.objgrep({"a": [needle]}, needle, reflect.isSame)
        assert found == ["['a'][0]"]


class TestComponents:
    """`twisted.python.components`."""

    def test_adapters(self):
        """A registered adapter is found by calling the interface; one for a pair once only."""

        class Thing:
            pass

        @implementer(IOne)
        class Adapted(components.Adapter):
            def method(self, argument):
                return argument

        components.registerAdapter(Adapted, Thing, IOne)
        thing = Thing()
        adapted = IOne(thing)
        assert (type(adapted), adapted.original) == (Adapted, thing)
        assert components.getAdapterFactory(Thing, IOne, None) is Adapted
        assert components.getAdapterFactory(Thing, ITwo, 5) == 5
        with pytest.raises(ValueError, match=r"."):
            components.registerAdapter(Adapted, Thing, IOne)
        with pytest.raises(ValueError, match=r"."):
            components.registerAdapter(Adapted, Thing)

    def test_componentized(self):
        """An object of components answers for an interface by what it was given."""

        @implementer(ITwo)
        class Part:
            def __init__(self, whole=None):
                self.whole = whole

        whole, part = components.Componentized(), Part()
        whole.addComponent(part, ignoreClass=1)
        assert whole.getComponent(ITwo) is part is ITwo(whole)
        assert whole.getComponent(IOne) is None
        whole.unsetComponent(ITwo)
        assert whole.getComponent(ITwo, 5) == 5
        whole.setComponent(ITwo, part)
        assert len(whole.removeComponent(part)) == 1
        assert whole.addAdapter(Part, ignoreClass=1).whole is whole
        whole.setAdapter(ITwo, Part)
        assert ITwo(whole).whole is whole

    def test_proxy(self):
        """A proxy passes on what is in an interface, and no more."""

        @implementer(IOne)
        class Original:
            attribute = "a"

            def method(self, argument):
                return argument

        original = Original()
        proxy = components.proxyForInterface(IOne)(original)
        assert IOne.providedBy(proxy)
        assert (proxy.method(3), proxy.attribute, proxy.original) == (3, "a", original)
        proxy.attribute = "b"
        assert original.attribute == "b"
        del proxy.attribute
        assert original.attribute == "a"
        with pytest.raises(AttributeError):
            proxy.other


class TestContext:
    """`twisted.python.context`."""

    def test_nesting(self):
        """What is said for a call holds within it, for its thread alone."""
        seen = []

        def inner():
            seen.append((context.get("a"), context.get("b", 5)))

        context.call({"a": 1}, context.call, {"b": 2}, inner)
        context.call({"a": 1}, inner)
        inner()
        thread = threading.Thread(target=lambda: context.call({"a": 3}, inner))
        thread.start()
        thread.join()
        assert seen == [(1, 2), (1, 5), (None, 5), (3, 5)]

    def test_errors(self):
        """The context ends with its call, however that ends."""
        with pytest.raises(ZeroDivisionError):
            context.call({"a": 1}, lambda: 1 / 0)
        assert context.get("a") is None


class TestLockfile:
    """`twisted.python.lockfile`."""

    def test_locking(self, tmp_path):
        """A lock has one owner; it is told whether somebody has it."""
        name = str(tmp_path / "lock")
        first, second = lockfile.FilesystemLock(name), lockfile.FilesystemLock(name)
        assert not lockfile.isLocked(name)
        assert first.lock()
        assert (first.locked, first.clean) == (True, True)
        assert not second.lock()
        assert lockfile.isLocked(name)
        first.unlock()
        assert second.lock()
        second.unlock()
        assert not os.path.lexists(name)

    def test_dead_owner(self, tmp_path):
        """The lock of a process that is gone is taken over, and said not to be clean."""
        name = str(tmp_path / "lock")
        process = os.spawnlp(os.P_NOWAIT, "true", "true")
        os.waitpid(process, 0)
        os.symlink(str(process), name)
        lock = lockfile.FilesystemLock(name)
        assert lock.lock()
        assert not lock.clean
        lock.unlock()

    def test_of_others(self, tmp_path):
        """Nobody unlocks what another has locked."""
        name = str(tmp_path / "lock")
        os.symlink(str(os.getppid()), name)
        with pytest.raises(ValueError, match=r"."):
            lockfile.FilesystemLock(name).unlock()


class TestRest:
    """`runtime`, `threadable` and `systemd`."""

    def test_platform(self):
        """The platform is known."""
        assert runtime.platform.isKnown()
        assert runtime.platform.getType() == "posix"
        assert runtime.platform.supportsThreads()
        assert runtime.platformType == "posix"
        assert runtime.shortPythonVersion().count(".") == 2
        assert not runtime.platform.isWindows()
        assert isinstance(runtime.seconds(), float)

    def test_docker(self, tmp_path):
        """A container is known by its control groups."""
        groups = tmp_path / "cgroup"
        groups.write_text("11:cpu:/docker/abc\n")
        platform = runtime.Platform("posix", "linux")
        assert platform.isLinux()
        assert platform.isDocker(_initCGroupLocation=str(groups))
        groups.write_text("11:cpu:/\n")
        assert not platform.isDocker(_initCGroupLocation=str(groups))

    def test_synchronized(self):
        """Methods of a synchronized class run one at a time."""

        class Counter:
            synchronized = ["count"]
            running = most = 0

            def count(self):
                self.running += 1
                self.most = max(self.most, self.running)
                self.running -= 1

        threadable.synchronize(Counter)
        counter = Counter()
        threads = [
            threading.Thread(target=lambda: [counter.count() for _ in range(500)]) for _ in "abc"
        ]
        for thread in threads:
            thread.start()
        counter.count()
        for thread in threads:
            thread.join()
        assert counter.most == 1

    def test_io_thread(self):
        """The thread of the reactor is known once it was registered."""
        before = threadable.ioThread
        try:
            threadable.registerAsIOThread()
            assert threadable.isInIOThread()
        finally:
            threadable.ioThread = before

    def test_descriptors_of_systemd(self):
        """Descriptors are passed in the environment, for the process that they are meant for."""
        environment = {
            "LISTEN_PID": str(os.getpid()),
            "LISTEN_FDS": "2",
            "LISTEN_FDNAMES": "one:two",
        }
        found = systemd.ListenFDs.fromEnvironment(environment)
        assert found.inheritedDescriptors() == [3, 4]
        assert found.inheritedNamedDescriptors() == {"one": 3, "two": 4}
        assert found == systemd.ListenFDs([3, 4], ("one", "two"))
        assert hash(found) == hash(systemd.ListenFDs([3, 4], ("one", "two")))
        assert found != 3
        # They are given to one user only.
        assert environment == {}
        assert systemd.ListenFDs.fromEnvironment(environment).inheritedDescriptors() == []
        for wrong in ({"LISTEN_PID": "1", "LISTEN_FDS": "2"}, {}, {"LISTEN_PID": "x"}):
            assert systemd.ListenFDs.fromEnvironment(dict(wrong)).inheritedDescriptors() == []


class TestURLPath:
    """`twisted.python.urlpath`."""

    def test_parts(self):
        """A URL is taken apart and put together again."""
        url = URLPath.fromString("http://h:81/a/b%20c/d?x=1#f")
        assert (url.scheme, url.netloc, url.path) == (b"http", b"h:81", b"/a/b%20c/d")
        assert (url.query, url.fragment) == (b"x=1", b"f")
        assert str(url) == "http://h:81/a/b%20c/d?x=1#f"
        assert url == URLPath.fromBytes(bytes(url))
        assert hash(url) == hash(URLPath.fromBytes(bytes(url)))
        assert url.pathList(unquote=True) == [b"", b"a", b"b c", b"d"]
        assert "path=b'/a/b%20c/d'" in repr(url)
        assert str(URLPath()) == "http://localhost/"
        assert str(URLPath.fromString("http://h/\u2603")) == "http://h/%E2%98%83"

    @pytest.mark.parametrize(
        ("step", "expected"),
        [
            (lambda u: u.sibling(b"s"), "http://h/a/s"),
            (lambda u: u.child(b"c/d", True), "http://h/a/b/c%2Fd?q"),
            (lambda u: u.here(), "http://h/a/"),
            (lambda u: u.here().child(b"x"), "http://h/a/x"),
            (lambda u: u.parent(), "http://h/"),
            (lambda u: u.parent().parent(True), "http://h/"),
            (lambda u: u.click(b"../z?r"), "http://h/z?r"),
            (lambda u: u.click(b"//other/"), "http://other/"),
        ],
    )
    def test_steps(self, step, expected):
        """There are ways to URLs near by."""
        assert str(step(URLPath.fromString("http://h/a/b?q"))) == expected

    def test_types(self):
        """Text and bytes are told apart."""
        with pytest.raises(ValueError, match="str"):
            URLPath.fromString(b"http://h/")
        with pytest.raises(ValueError, match="bytes"):
            URLPath.fromBytes("http://h/")
