"""Small helpers: mappings, labels, users, wrappers."""

from __future__ import annotations

import errno
import os
from itertools import islice
from pathlib import Path

import pytest

from twisted.python import compat, monkey, procutils, randbytes, sendmsg, util


def test_insensitive_mapping_keeps_case_and_finds_in_any() -> None:
    found = util.InsensitiveDict({"Host": 1})
    found["HOST"] = 2
    assert found["host"] == 2
    assert list(found) == ["HOST"]
    assert "hOsT" in found
    assert found == {"host": 2}
    assert repr(found) == "InsensitiveDict({'HOST': 2})"
    lower = util.InsensitiveDict({b"Host": 1}, preserve=0)
    assert lower.copy().keys() == {b"host"}
    del lower[b"HOST"]
    assert len(lower) == 0
    with pytest.raises(KeyError):
        lower["nothing"]


def test_intervals() -> None:
    events = iter(util.IntervalDifferential([3, 5]))
    assert list(islice(events, 5)) == [(3, 0), (2, 1), (1, 0), (3, 0), (1, 1)]
    events.addInterval(1)
    assert next(events) == (1, 2)
    events.removeInterval(3)
    assert next(events)[1] == 1
    with pytest.raises(ValueError, match="7"):
        events.removeInterval(7)
    assert next(iter(util.IntervalDifferential([], 9))) == (9, None)


def test_line_log() -> None:
    log = util.LineLog(2)
    for line in [b"a", b"b", b"c"]:
        log.append(line)
    assert bytes(log) == log.str() == b"b\nc"
    log.clear()
    assert log.log == [None, None]


def test_shown_and_compared_attributes() -> None:
    class Point(util.FancyStrMixin, util.FancyEqMixin):
        showAttributes = ("x", ("y", "<{}>".format), ("z", "Z", "%.1f"))
        compareAttributes = ("x", "y")

        def __init__(self, x: int, y: int, z: int) -> None:
            self.x, self.y, self.z = x, y, z

    assert str(Point(1, 2, 3)) == repr(Point(1, 2, 3)) == "<Point x=1 y=<2> Z=3.0>"
    assert Point(1, 2, 3) == Point(1, 2, 4)
    assert Point(1, 2, 3) != Point(2, 2, 3)
    assert Point(1, 2, 3) != object()
    assert util.FancyEqMixin() != util.FancyEqMixin()


@pytest.mark.parametrize(
    ("name", "label"),
    [("hostName", "Host Name"), ("", ""), ("aPPB", "A PPB"), ("useHTTPNow", "Use HTTP Now")],
)
def test_labels(name: str, label: str) -> None:
    assert util.nameToLabel(name) == label


def test_sequences() -> None:
    assert util.uniquify([1, [2], 1, [2]]) == [1, [2]]
    assert util.padTo(3, [1], 0) == [1, 0, 0]
    with pytest.raises(ValueError, match="2 items"):
        util.padTo(1, [1, 2])
    assert util.str_xor(b"ab", 1) == b"`c"


def test_until_concludes() -> None:
    raised = [OSError(errno.EINTR, "again"), OSError(errno.EINTR, "again")]

    def interrupted() -> str:
        if raised:
            raise raised.pop()
        return "done"

    assert util.untilConcludes(interrupted) == "done"
    raised.append(OSError(errno.EIO, "no"))
    with pytest.raises(OSError, match="no"):
        util.untilConcludes(interrupted)


def test_search_upwards(tmp_path: Path) -> None:
    (tmp_path / "wanted").touch()
    (tmp_path / "a" / "b").mkdir(parents=True)
    found = util.searchupwards(str(tmp_path / "a" / "b"), files=["wanted"], dirs=["a"])
    assert found == os.path.join(tmp_path, "")
    assert util.searchupwards(str(tmp_path), files=["there is no such file"]) is None
    assert util.sibpath(tmp_path / "x", "y") == str(tmp_path / "y")


def test_metadata() -> None:
    def original() -> None:
        """What it does."""

    original.extra = 1  # type: ignore[attr-defined]

    def wrapper() -> None: ...

    assert util.mergeFunctionMetadata(original, wrapper) is wrapper
    assert (wrapper.__name__, wrapper.__doc__) == ("original", "What it does.")
    assert vars(wrapper) == {"extra": 1}


def test_identity_changes_groups_first(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []
    monkeypatch.setattr(os, "setgid", lambda gid: calls.append(("gid", gid)))
    monkeypatch.setattr(os, "setuid", lambda uid: calls.append(("uid", uid)))
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    monkeypatch.setattr(util, "initgroups", lambda name, gid: calls.append((name, gid)))
    util.switchUID(0, 7)
    assert calls == [("gid", 7), ("root", 7), ("uid", 0)]
    assert util.uidFromString("root") == util.uidFromString("0") == 0
    assert util.gidFromString("root") == 0
    assert util.runAsEffectiveUser(os.geteuid(), os.getegid(), int, "4") == 4


def test_stat_bar() -> None:
    draw = util.makeStatBar(10, 10)
    assert draw(5) == "[=====>---]"
    assert draw(5) == ""


def test_monkey_patches_go_back() -> None:
    class Thing:
        a = 1

    patcher = monkey.MonkeyPatcher((Thing, "a", 2), (Thing, "a", 3))
    assert patcher.runWithPatches(lambda: Thing.a) == 3
    assert Thing.a == 1
    with pytest.raises(ZeroDivisionError), patcher:
        1 / 0
    assert Thing.a == 1
    with pytest.raises(AttributeError):
        monkey.MonkeyPatcher((Thing, "b", 2)).patch()


def test_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ["a", "b"]:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "tool").touch(0o700)
    (tmp_path / "a" / "data").touch(0o600)
    monkeypatch.setenv("PATH", f"{tmp_path}/a:{tmp_path}/b")
    assert procutils.which("tool") == [f"{tmp_path}/a/tool", f"{tmp_path}/b/tool"]
    assert procutils.which("nothing") == []
    monkeypatch.delenv("PATH")
    assert procutils.which("tool") == []


def test_random() -> None:
    assert len(randbytes.secureRandom(20)) == 20
    assert len(randbytes.insecureRandom(3)) == 3


def test_ancillary_data() -> None:
    import socket

    a, b = socket.socketpair()
    with a, b:
        data = b.fileno().to_bytes(4, "little")
        assert sendmsg.sendmsg(a, b"x", [(socket.SOL_SOCKET, sendmsg.SCM_RIGHTS, data)]) == 1
        received = sendmsg.recvmsg(b)
        assert received.data == b"x"
        [(level, kind, passed)] = received.ancillary
        assert (level, kind) == (socket.SOL_SOCKET, sendmsg.SCM_RIGHTS)
        os.close(int.from_bytes(passed, "little"))
        assert sendmsg.getSocketFamily(a) == socket.AF_UNIX


def test_names_of_older_pythons(tmp_path: Path) -> None:
    assert compat.nativeString(b"a") == compat.nativeString("a") == "a"
    assert compat.networkString("a") == b"a"
    assert list(compat.iterbytes(b"ab")) == [b"a", b"b"]
    assert bytes(compat.lazyByteSlice(b"abcd", 1, 2)) == b"bc"
    with pytest.raises(TypeError):
        compat.networkString(b"a")  # type: ignore[arg-type]
    with pytest.raises(UnicodeError):
        compat.nativeString("\N{SNOWMAN}")
    (tmp_path / "f.py").write_text("x = 1 + y")
    space = {"y": 1}
    compat.execfile(str(tmp_path / "f.py"), space)
    assert space["x"] == 2

    @compat.comparable
    class Number:
        def __init__(self, n: int) -> None:
            self.n = n

        def __cmp__(self, other: Number) -> int:
            return compat.cmp(self.n, other.n)

    assert Number(1) < Number(2) >= Number(2) != Number(3)
