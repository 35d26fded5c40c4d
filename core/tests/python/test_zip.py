"""Paths into zip archives, and unpacking them a piece at a time; quoting for Windows."""

import os
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from twisted.python import win32, zipstream
from twisted.python.filepath import FilePath, IFilePath, UnlistableError
from twisted.python.zippath import ZipArchive


@pytest.fixture
def archive(tmp_path):
    """An archive with files, stored and deflated, and directories."""
    path = str(tmp_path / "some.zip")
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("a.txt", b"one\ntwo\nthree")
        made.writestr("folder/b.txt", b"x" * 10_000, zipfile.ZIP_DEFLATED)
        made.writestr("folder/inner/c.txt", b"")
        made.writestr(zipfile.ZipInfo("empty/"), b"")
    return ZipArchive(path)


def test_files_and_directories(archive):
    """They are what they are in the archive."""
    assert verifyObject(IFilePath, archive)
    assert verifyObject(IFilePath, archive.child("a.txt"))
    assert sorted(archive.listdir()) == ["a.txt", "empty", "folder"]
    folder = archive.child("folder")
    assert (folder.isdir(), folder.isfile(), folder.exists()) == (True, False, True)
    assert sorted(path.basename() for path in folder.children()) == ["b.txt", "inner"]
    assert archive.child("empty").listdir() == []
    file = archive.child("a.txt")
    assert (file.isdir(), file.isfile(), file.getsize()) == (False, True, 13)
    assert file.getContent() == b"one\ntwo\nthree"
    assert not archive.child("missing").exists()
    for path in (file, archive.child("missing")):
        with pytest.raises(UnlistableError):
            path.listdir()
    with pytest.raises(KeyError):
        archive.child("missing").open()
    with pytest.raises(ValueError, match="read"):
        file.open("w")


def test_names(archive):
    """Paths are made and compared like those of files."""
    inner = archive.child("folder").child("inner")
    assert inner == archive.child("folder").child("b.txt").sibling("inner")
    assert inner.parent().parent() == archive
    assert archive.parent() == archive
    assert inner.child(b"c.txt").path == os.fsencode(archive.path) + b"/folder/inner/c.txt"
    assert inner.segmentsFrom(archive) == ["folder", "inner"]
    assert inner.dirname() == archive.child("folder").path
    assert inner.child("c.txt").splitext() == (inner.path + "/c", ".txt")
    assert repr(inner) == f"ZipPath({inner.path!r})"
    assert repr(archive) == f"ZipArchive({archive.path!r})"
    assert sorted([inner, archive.child("a.txt")])[0].basename() == "a.txt"
    assert len({inner, archive.child("folder").child("inner")}) == 1
    assert inner != FilePath(inner.path)


def test_times(archive):
    """The archive's own, and those that it keeps."""
    file = archive.child("a.txt")
    assert file.getAccessTime() == FilePath(archive.path).getAccessTime()
    assert abs(file.getModificationTime() - archive.getModificationTime()) < 86_400 * 2
    assert file.getStatusChangeTime() == file.getModificationTime()
    assert archive.getsize() == os.path.getsize(archive.path)
    assert archive.exists()
    assert archive.getStatusChangeTime() == os.path.getctime(archive.path)


def test_modules_in_archives(tmp_path, monkeypatch):
    """Modules are found and walked in archives, too."""
    from twisted.python.modules import PythonPath

    path = str(tmp_path / "code.zip")
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("zipped_pack/__init__.py", "")
        made.writestr("zipped_pack/mod.py", "x = 1")
    found = [module.name for module in PythonPath([path]).walkModules()]
    assert found == ["zipped_pack", "zipped_pack.mod"]
    monkeypatch.syspath_prepend(path)
    assert PythonPath([path])["zipped_pack.mod"].load().x == 1


def test_reading(archive):
    """Members are read like files."""
    with archive.child("a.txt").open() as file:
        assert not file.isatty()
        assert file.read(2) == b"on"
        assert (file.tell(), file.finished) == (2, 0)
        assert file.readline() == b"e\n"
        assert list(file) == [b"two\n", b"three"]
        assert file.finished
    assert file.closed


def test_archives_that_cannot_be_read(tmp_path, archive):
    """The error says why."""
    odd = str(tmp_path / "odd.zip")
    with zipfile.ZipFile(odd, "w", zipfile.ZIP_BZIP2) as made:
        made.writestr("a", b"x")
    with pytest.raises(zipfile.BadZipFile, match="method"):
        zipstream.ChunkingZipFile(odd).readfile("a")
    closed = zipstream.ChunkingZipFile(archive.path)
    closed.close()
    with pytest.raises(RuntimeError, match="closed"):
        closed.readfile("a.txt")


def test_unpacking(archive, tmp_path):
    """A piece at a time; what is there stays unless it is to be replaced."""
    target = tmp_path / "target"
    target.mkdir()
    left = list(zipstream.unzipIterChunky(archive.path, str(target), chunksize=1000))
    assert left == list(range(12, -1, -1))
    assert zipstream.countZipFileChunks(archive.path, 1000) == 13
    assert (target / "folder" / "b.txt").read_bytes() == b"x" * 10_000
    assert (target / "empty").is_dir()
    (target / "a.txt").write_bytes(b"mine")
    list(zipstream.unzipIterChunky(archive.path, str(target)))
    assert (target / "a.txt").read_bytes() == b"mine"
    list(zipstream.unzipIterChunky(archive.path, str(target), overwrite=1))
    assert (target / "a.txt").read_bytes() == b"one\ntwo\nthree"


def test_unpacking_stays_below(tmp_path):
    """Names that lead out of the target do not."""
    path = str(tmp_path / "evil.zip")
    with zipfile.ZipFile(path, "w") as made:
        for name in ("../out.txt", "/abs.txt", "a/../../up.txt"):
            made.writestr(name, b"x")
    target = tmp_path / "deep" / "target"
    target.mkdir(parents=True)
    list(zipstream.unzipIterChunky(path, str(target)))
    assert not (tmp_path / "deep" / "out.txt").exists()
    assert sorted(os.listdir(target)) == ["a", "abs.txt", "out.txt"]


@pytest.mark.parametrize(
    ("argument", "quoted"),
    [
        ("plain", "plain"),
        ("", '""'),
        ("two words", '"two words"'),
        ('a"b', r'"a\"b"'),
        (r"c:\dir\file", r"c:\dir\file"),
        ("c:\\dir\\a b\\", '"c:\\dir\\a b\\\\"'),
        ('back\\"slash', '"back\\\\\\"slash"'),
    ],
)
def test_quoting_for_windows(argument, quoted):
    """As the C library reads it again."""
    assert win32.cmdLineQuote(argument) == quoted


@given(st.lists(st.text(alphabet='ab \\"', max_size=8), max_size=4))
def test_quoting_is_undone_by_the_rules(arguments):
    """Splitting a command line by Microsoft's rules gives the arguments again."""
    assert split_as_windows_does(win32.quoteArguments(arguments)) == arguments


def split_as_windows_does(line):
    words, word, quoted, started, slashes = [], "", False, False, 0
    for char in line + " ":
        if char == "\\":
            slashes, started = slashes + 1, True
            continue
        if char == '"':
            word += "\\" * (slashes // 2)
            started = True
            if slashes % 2:
                word += '"'
            else:
                quoted = not quoted
        else:
            word += "\\" * slashes
            if char == " " and not quoted:
                if started:
                    words.append(word)
                word, started = "", False
            else:
                word, started = word + char, True
        slashes = 0
    return words


def test_errors_have_text():
    """That of the system."""
    assert win32.formatError(2) == os.strerror(2)
