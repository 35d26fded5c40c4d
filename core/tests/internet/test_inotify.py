"""Changes to files and folders are told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from twisted.internet import inotify
from twisted.python.filepath import FilePath


class Watching:
    def __init__(self, reactor: Any, kit: Any, folder: Path) -> None:
        self.reactor = reactor
        self.kit = kit
        self.folder = folder
        self.notifier = inotify.INotify(reactor)
        self.notifier.startReading()
        self.events: list[tuple[str, int]] = []

    def watch(self, path: Path, **kw: Any) -> int:
        return self.notifier.watch(FilePath(str(path)), callbacks=[self.told], **kw)

    def told(self, notifier: Any, path: Any, mask: int) -> None:
        assert notifier is self.notifier
        self.events.append((os.path.relpath(path.path, self.folder), mask))

    def wait(self, name: str, mask: int) -> None:
        self.kit.spin(self.reactor, lambda: any(n == name and m & mask for n, m in self.events))


@pytest.fixture
def watching(epoll: Any, kit: Any, tmp_path: Path) -> Iterator[Watching]:
    made = Watching(epoll, kit, tmp_path)
    yield made
    made.notifier.loseConnection()
    kit.spin(epoll, lambda: made.notifier.fileno() == -1)


def test_changes_in_a_folder(watching: Watching, tmp_path: Path) -> None:
    number = watching.watch(tmp_path)
    assert watching.watch(tmp_path) == number
    (tmp_path / "file").write_text("x")
    watching.wait("file", inotify.IN_CREATE)
    watching.wait("file", inotify.IN_MODIFY)
    (tmp_path / "file").rename(tmp_path / "other")
    watching.wait("file", inotify.IN_MOVED_FROM)
    watching.wait("other", inotify.IN_MOVED_TO)
    (tmp_path / "other").unlink()
    watching.wait("other", inotify.IN_DELETE)


def test_ignored_and_gone(watching: Watching, tmp_path: Path) -> None:
    watching.watch(tmp_path)
    watching.notifier.ignore(FilePath(str(tmp_path)))
    (tmp_path / "file").touch()
    watching.reactor.iterate(0.02)
    assert watching.events == []
    with pytest.raises(KeyError):
        watching.notifier.ignore(FilePath(str(tmp_path)))
    with pytest.raises(FileNotFoundError):
        watching.watch(tmp_path / "nothing")
    folder = tmp_path / "folder"
    folder.mkdir()
    watching.watch(folder)
    folder.rmdir()
    watching.wait("folder", inotify.IN_DELETE_SELF)
    assert not watching.notifier._isWatched(FilePath(str(folder)))


def test_folders_below(watching: Watching, tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    watching.watch(tmp_path, recursive=True)
    (tmp_path / "a" / "b" / "file").touch()
    watching.wait("a/b/file", inotify.IN_CREATE)


def test_folders_that_are_made(watching: Watching, tmp_path: Path) -> None:
    watching.watch(tmp_path, autoAdd=True)
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "early").touch()
    watching.wait("a/b/early", inotify.IN_CREATE)
    (tmp_path / "a" / "b" / "late").touch()
    watching.wait("a/b/late", inotify.IN_CREATE)


def test_callback_that_raises(watching: Watching, tmp_path: Path, errors: Any) -> None:
    watching.notifier.watch(FilePath(str(tmp_path)), callbacks=[lambda *_: 1 / 0, watching.told])
    (tmp_path / "file").touch()
    watching.wait("file", inotify.IN_CREATE)
    assert errors.take(ZeroDivisionError)


def test_octets_for_paths(watching: Watching, tmp_path: Path) -> None:
    got: list[Any] = []
    path = FilePath(os.fsencode(tmp_path))
    watching.notifier.watch(path, callbacks=[lambda _, path, mask: got.append(path.path)])
    (tmp_path / "file").touch()
    watching.kit.spin(watching.reactor, lambda: got)
    assert got[0] == os.fsencode(tmp_path / "file")


def test_names() -> None:
    assert inotify.humanReadableMask(inotify.IN_CREATE | inotify.IN_ISDIR) == ["create", "is_dir"]
