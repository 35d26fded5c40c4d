"""Tests of `twisted.python.filepath`."""

from __future__ import annotations

import errno
import os

import pytest

from twisted.python.filepath import (
    RWX,
    FilePath,
    IFilePath,
    InsecurePath,
    LinkError,
    Permissions,
    UnlistableError,
)


@pytest.fixture
def root(tmp_path):
    """A directory with a file and a directory with a file."""
    path = FilePath(str(tmp_path / "root"))
    path.createDirectory()
    path.child("file.txt").setContent(b"content")
    path.child("dir").createDirectory()
    path.child("dir").child("below").setContent(b"below")
    return path


def test_names(root):
    """A path has a name, an extension, a parent, and neighbours."""
    path = root.child("file.txt")
    assert IFilePath.providedBy(path)
    assert (path.basename(), path.dirname()) == ("file.txt", root.path)
    assert path.parent() == root
    assert path.sibling("dir").path == root.path + "/dir"
    assert path.splitext() == (root.path + "/file", ".txt")
    assert path.siblingExtension(".gz").basename() == "file.txt.gz"
    assert root.descendant(["dir", "below"]).segmentsFrom(root) == ["dir", "below"]
    with pytest.raises(ValueError, match="not below"):
        root.segmentsFrom(path)
    assert list(root.parents())[-1] == FilePath("/")
    assert FilePath("x").isabs()
    assert repr(FilePath("/x")) == "FilePath('/x')"


def test_comparing():
    """Paths compare by what they are, and can be keys."""
    a, b = FilePath("/a"), FilePath("/b")
    assert a < b <= FilePath("/b") >= a
    assert b > a != b
    assert {a: 1}[FilePath("/a")] == 1
    assert a != "/a"
    with pytest.raises(TypeError):
        a < "/b"


@pytest.mark.parametrize(
    "segment", ["..", "../x", "a/b", "/etc", "a/../b", "x\0", b"..", b"a/b", b"\0"]
)
def test_child_never_leaves(root, segment):
    """A child is in its directory, whatever it is called."""
    with pytest.raises(InsecurePath):
        root.child(segment)


def test_children_of_the_own_name(root):
    """An empty segment, or a dot, is the directory itself."""
    assert root.child("") == root == root.child(".")
    assert root.child("..x").basename() == "..x"


@pytest.mark.parametrize("path", ["..", "a/../..", "/etc/passwd", "../rootkit", "x\0"])
def test_preauth_child_never_leaves(root, path):
    """A descendant is below its directory, also beside one whose name begins alike."""
    with pytest.raises(InsecurePath):
        root.preauthChild(path)


def test_preauth_child(root):
    """Several segments may be given at once."""
    assert root.preauthChild("dir/../dir/below").getContent() == b"below"
    assert root.childSearchPreauth("nothing", "file.txt").basename() == "file.txt"
    assert root.childSearchPreauth("nothing") is None
    assert FilePath("/").preauthChild("x") == FilePath("/x") == FilePath("/").child("x")


def test_text_and_bytes(root):
    """Paths are text or bytes, and become each other; a child is what its segment is."""
    as_bytes = root.asBytesMode()
    assert as_bytes.path == os.fsencode(root.path)
    assert as_bytes.asBytesMode() is as_bytes
    assert as_bytes.asTextMode() == root == root.asTextMode()
    assert as_bytes.asTextMode("utf-8") == root
    assert root.asBytesMode("utf-8") == as_bytes
    assert as_bytes.child("file.txt").path == root.path + "/file.txt"
    assert root.child(b"file.txt").getContent() == b"content"
    assert (root.sep, as_bytes.sep) == ("/", b"/")
    assert os.listdir(root) == os.listdir(root.path)


def test_extensions(root):
    """A file may be found by its name without an extension."""
    path = root.child("file")
    assert path.siblingExtensionSearch(".x", ".txt").basename() == "file.txt"
    assert path.siblingExtensionSearch("*").basename() == "file.txt"
    assert path.siblingExtensionSearch("") is None
    assert root.child("dir").siblingExtensionSearch("") == root.child("dir")
    root.child("[x].a").setContent(b"")
    assert root.child("[x]").siblingExtensionSearch("*").basename() == "[x].a"


def test_content(root):
    """Content is read and replaced whole; nothing else is left behind."""
    path = root.child("file.txt")
    path.setContent(b"other", b".tmp")
    assert path.getContent() == b"other"
    assert sorted(root.listdir()) == ["dir", "file.txt"]
    with path.open("a") as file:
        file.write(b"!")
    path.changed()
    assert path.getsize() == 6


def test_status(root):
    """What the system says of a file is known, and kept until it is asked anew."""
    path = root.child("file.txt")
    assert (path.exists(), path.isfile(), path.isdir(), path.islink()) == (True, True, False, False)
    assert (path.isBlockDevice(), path.isSocket()) == (False, False)
    assert (path.getsize(), path.getNumberOfHardLinks()) == (7, 1)
    status = os.stat(path.path)
    assert path.getModificationTime() == status.st_mtime
    assert path.getAccessTime() == status.st_atime
    assert path.getStatusChangeTime() == status.st_ctime
    assert (path.getmtime(), path.getatime(), path.getctime()) == (
        int(status.st_mtime),
        int(status.st_atime),
        int(status.st_ctime),
    )
    assert (path.getInodeNumber(), path.getDevice()) == (status.st_ino, status.st_dev)
    assert (path.getUserID(), path.getGroupID()) == (status.st_uid, status.st_gid)
    os.remove(path.path)
    assert path.exists()
    path.restat(False)
    assert not path.exists()
    for act in (path.getsize, path.restat, path.getContent):
        with pytest.raises(FileNotFoundError):
            act()


def test_permissions(root):
    """Who may do what is known, compared and shown as ``ls`` does."""
    path = root.child("file.txt")
    path.chmod(0o754)
    permissions = path.getPermissions()
    assert permissions.shorthand() == "rwxr-xr--"
    assert permissions == Permissions(0o754) != Permissions(0o755)
    assert permissions.user == RWX(True, True, True) != RWX(True, True, False)
    assert len({permissions, Permissions(0o754)}) == len({permissions.user, RWX(1, 1, 1)}) == 1
    assert repr(permissions.other) == "RWX(read=True, write=False, execute=False)"
    assert repr(permissions).count("RWX") == 3
    assert permissions != 5
    assert permissions.user != 5


def test_directories(root):
    """Directories are made, with those above them, and listed."""
    deep = root.descendant(["a", "b"])
    with pytest.raises(FileNotFoundError):
        deep.createDirectory()
    deep.makedirs()
    with pytest.raises(FileExistsError):
        deep.makedirs()
    deep.makedirs(ignoreExistingDirectory=True)
    with pytest.raises(FileExistsError):
        root.child("file.txt").makedirs(ignoreExistingDirectory=True)
    assert sorted(path.basename() for path in root.children()) == ["a", "dir", "file.txt"]
    assert [path.basename() for path in root.globChildren("f*")] == ["file.txt"]
    for path in (root.child("file.txt"), root.child("nothing")):
        with pytest.raises(UnlistableError) as caught:
            path.children()
        assert caught.value.errno in (errno.ENOTDIR, errno.ENOENT)
        assert caught.value.originalException.errno == caught.value.errno


def test_walk(root):
    """All that is below is walked, or what one wants to descend into."""
    names = ["root", "below", "dir", "file.txt"]
    assert sorted(path.basename() for path in root.walk()) == sorted(names)
    flat = root.walk(descend=lambda path: path.basename() != "dir")
    assert sorted(path.basename() for path in flat) == ["dir", "file.txt", "root"]


def test_walk_in_circles(root):
    """A link to a directory that it is in is an error, not an endless walk."""
    os.symlink(root.path, root.child("dir").child("up").path)
    with pytest.raises(LinkError):
        list(root.walk())
    os.symlink("self", root.child("self").path)
    with pytest.raises(LinkError):
        root.child("self").realpath()


def test_creating(root):
    """A file may be wanted new."""
    path = root.child("new")
    with path.create() as file:
        file.write(b"x")
    with pytest.raises(FileExistsError):
        path.create()
    path.requireCreate()
    with pytest.raises(FileExistsError):
        path.open("w")
    with pytest.raises(ValueError, match="appended"):
        path.open("a")
    beside = path.temporarySibling(".tmp")
    assert (beside.parent(), beside.exists(), beside.basename()[-4:]) == (root, False, ".tmp")
    assert path.temporarySibling() != path.temporarySibling()


def test_touch(root):
    """A file is made, or its time set."""
    path = root.child("touched")
    path.touch()
    assert path.getsize() == 0
    os.utime(path.path, (1, 1))
    path.touch()
    assert path.getModificationTime() > 1


def test_copying(root):
    """Files, directories and links are copied."""
    root.child("dir").linkTo(root.child("link"))
    assert root.child("link").islink()
    assert root.child("link").realpath() == root.child("dir").realpath()
    target = root.sibling("copy")
    root.copyTo(target)
    assert target.descendant(["dir", "below"]).getContent() == b"below"
    assert not target.child("link").islink()
    other = root.sibling("links")
    root.copyTo(other, followLinks=False)
    assert other.child("link").islink()
    with pytest.raises(FileNotFoundError):
        root.child("nothing").copyTo(root.sibling("x"))


def test_removing(root):
    """A directory is removed with all that is in it; what links lead to stays."""
    root.child("file.txt").linkTo(root.child("dir").child("link"))
    root.child("dir").remove()
    assert sorted(root.listdir()) == ["file.txt"]
    with pytest.raises(FileNotFoundError):
        root.child("nothing").remove()


@pytest.mark.parametrize("across", [False, True])
def test_moving(root, monkeypatch, across):
    """Files and directories are moved, between file systems by copying."""
    real = os.rename
    if across:

        def rename(source, target):
            if os.path.basename(source)[0] != "_":
                raise OSError(errno.EXDEV, "other device")
            real(source, target)

        monkeypatch.setattr(os, "rename", rename)
    root.child("dir").moveTo(root.child("moved"))
    assert not root.child("dir").exists()
    assert root.descendant(["moved", "below"]).getContent() == b"below"
    with pytest.raises(OSError, match=r"No such file|other device"):
        root.child("nothing").moveTo(root.child("x"))


def test_state(root):
    """A copy of a path asks the system itself."""
    path = root.child("file.txt")
    path.getsize()
    assert path.__getstate__() == {"path": path.path, "alwaysCreate": False}
