"""Files of logs that begin anew, and the system's log."""

import os
import pickle
import syslog

import pytest

from twisted.python import logfile
from twisted.python import syslog as ours


def text(path):
    return path.read_text(encoding="utf-8")


def test_a_log_that_grows_too_long(tmp_path):
    """It begins anew; older ones have greater numbers."""
    log = logfile.LogFile("log", str(tmp_path), rotateLength=10)
    for line in ("caf\u00e9 12345", b"second.....", "third"):
        log.write(line)
    log.flush()
    assert log.listLogs() == [1, 2]
    assert [text(tmp_path / name) for name in ("log", "log.1", "log.2")] == [
        "third",
        "second.....",
        "caf\u00e9 12345",
    ]
    reader = log.getCurrentLog()
    assert reader.readLines() == ["third"]
    reader.close()
    reader = log.getLog(2)
    assert reader.readLines() == ["caf\u00e9 12345"]
    assert reader.readLines() == []
    reader.close()
    with pytest.raises(ValueError, match="no such"):
        log.getLog(3)
    log.close()
    assert log.closed


def test_as_many_as_are_kept(tmp_path):
    """The oldest are removed."""
    log = logfile.LogFile.fromFullPath(str(tmp_path / "log"), rotateLength=1, maxRotatedFiles=2)
    (tmp_path / "log.old").write_text("not a number")
    for number in range(5):
        log.write(str(number))
    assert [text(tmp_path / name) for name in ("log", "log.1", "log.2")] == ["4", "3", "2"]
    assert log.listLogs() == [1, 2]
    log.close()


def test_permissions(tmp_path):
    """Those that are asked for, or those that a file has, are kept."""
    asked = logfile.LogFile("asked", str(tmp_path), defaultMode=0o640)
    asked.rotate()
    assert os.stat(asked.path).st_mode & 0o777 == 0o640
    (tmp_path / "had").write_text("")
    (tmp_path / "had").chmod(0o604)
    had = logfile.LogFile("had", str(tmp_path))
    had.rotate()
    assert os.stat(had.path).st_mode & 0o777 == 0o604
    asked.close()
    had.close()


def test_a_folder_that_goes_away(tmp_path):
    """Writing goes on into the file that is open; a new log needs a folder."""
    folder = tmp_path / "folder"
    folder.mkdir()
    log = logfile.LogFile("log", str(folder), rotateLength=1)
    log.write("one")
    (folder / "log").unlink()
    folder.rmdir()
    log.write("two")
    log.close()
    with pytest.raises(OSError, match="folder"):
        logfile.LogFile("log", str(folder))


def test_a_log_that_somebody_else_renames(tmp_path):
    """It is opened again by its name."""
    log = logfile.LogFile("log", str(tmp_path))
    log.write("old")
    os.rename(log.path, tmp_path / "moved")
    log.write("still")
    log.reopen()
    log.write("new")
    assert (text(tmp_path / "moved"), text(tmp_path / "log")) == ("oldstill", "new")
    copy = pickle.loads(pickle.dumps(log))
    copy.write("er")
    assert text(tmp_path / "log") == "newer"
    assert copy.size == 5
    copy.close()
    log.close()


def test_a_log_for_each_day(tmp_path):
    """It begins anew when the day changes, but not when the clock is set back."""

    class Log(logfile.DailyLogFile):
        day = (2026, 11, 21)

        def toDate(self, *args):
            return super().toDate(*args) if args and args[0] == 0 else self.day

    log = Log("log", str(tmp_path))
    log.write("one")
    Log.day = (2026, 11, 20)
    log.write("one more")
    Log.day = (2026, 11, 22)
    log.write("two")
    assert sorted(os.listdir(tmp_path)) == ["log", "log.2026_11_21"]
    assert text(tmp_path / "log.2026_11_21") == "oneone more"
    reader = log.getLog(1e9)
    assert reader.readLines() == ["two"]
    reader.close()
    with pytest.raises(ValueError, match="no such"):
        log.getLog(0)
    Log.day = (2026, 11, 23)
    (tmp_path / "log.2026_11_22").write_text("in the way")
    log.write("three")
    assert text(tmp_path / "log") == "twothree"
    log.close()


def test_the_systems_log(monkeypatch):
    """Each line of an event is a line; errors are alerts."""
    written = []
    monkeypatch.setattr(ours.SyslogObserver, "openlog", staticmethod(lambda *a: written.append(a)))
    monkeypatch.setattr(ours.SyslogObserver, "syslog", staticmethod(lambda *a: written.append(a)))
    observer = ours.SyslogObserver("me")
    observer.emit({"message": ("one\n\ntwo",), "isError": False, "system": "-"})
    observer.emit({"message": ("bad",), "isError": True, "system": "s", "syslogFacility": 8})
    observer.emit({"message": (), "isError": False, "system": "-"})
    observer.emit({"message": ("x",), "isError": False, "system": "-", "syslogPriority": 3})
    assert written == [
        ("me", ours.DEFAULT_OPTIONS, ours.DEFAULT_FACILITY),
        (syslog.LOG_INFO, "[-] one"),
        (syslog.LOG_INFO, "[-] \ttwo"),
        (syslog.LOG_ALERT | 8, "[s] bad"),
        (3, "[-] x"),
    ]
