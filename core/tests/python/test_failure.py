"""Tests of `twisted.python.failure`."""

from __future__ import annotations

import io
import pickle
import traceback

import pytest

from twisted.python import failure
from twisted.python.failure import Failure, NoCurrentExceptionError


def deepest():
    """Raise."""
    local = "a local value"
    raise ValueError(local)


def middle():
    """Call what raises."""
    deepest()


def made(**options):
    """A failure that was caught here."""
    try:
        middle()
    except ValueError:
        return Failure(**options)


def test_exception():
    """A failure holds the exception, its type, and the frames from here to there."""
    caught = made()
    assert caught.type is ValueError
    assert caught.value.args == ("a local value",)
    assert [frame[0] for frame in caught.frames] == ["made", "middle", "deepest"]
    assert caught.getErrorMessage() == "a local value"
    assert caught.getTracebackObject() is caught.tb
    assert repr(caught).startswith("<twisted.python.failure.Failure builtins.ValueError: a local")
    assert "ValueError" in str(caught)
    assert caught.parents[0] == "builtins.ValueError"


def test_of_nothing():
    """A failure needs an exception, given or being handled."""
    with pytest.raises(NoCurrentExceptionError):
        Failure()
    given = Failure(KeyError("x"))
    assert given.type is KeyError
    assert given.getErrorMessage() == "'x'"
    assert Failure(given).value is given.value


@pytest.mark.parametrize(
    ("kinds", "found"),
    [
        ((ValueError,), ValueError),
        ((KeyError, Exception), Exception),
        (("builtins.ValueError",), "builtins.ValueError"),
        ((KeyError,), None),
        ((), None),
    ],
)
def test_checking(kinds, found):
    """A failure tells which of several kinds it is of; trapping others raises it again."""
    caught = made()
    assert caught.check(*kinds) == found
    if found is not None:
        assert caught.trap(*kinds) == found
    else:
        with pytest.raises((ValueError, Failure)):
            caught.trap(*kinds)


def test_raising_again():
    """An exception that is raised again has its traceback from the beginning."""
    caught = made()
    with pytest.raises(ValueError, match="local value") as again:
        caught.raiseException()
    names = [frame.name for frame in traceback.extract_tb(again.value.__traceback__)]
    assert names[-3:] == ["made", "middle", "deepest"]


def test_throwing():
    """An exception can be raised where a generator waits."""

    def generator():
        try:
            yield 1
        except ValueError as error:
            yield error

    waiting = generator()
    next(waiting)
    caught = made()
    assert caught.throwExceptionIntoGenerator(waiting) is caught.value


def test_cleaning():
    """A cleaned failure keeps no frame alive, and still tells its frames."""
    caught = made()
    frames = list(caught.frames)
    caught.cleanFailure()
    assert caught.tb is None
    assert caught.value.__traceback__ is None
    assert [frame[:3] for frame in caught.frames] == [frame[:3] for frame in frames]
    assert "deepest" in caught.getTraceback()
    names = [frame.name for frame in traceback.extract_tb(caught.getTracebackObject())]
    assert names == ["made", "middle", "deepest"]


def test_pickling():
    """A failure can be saved, with its frames but without its variables."""
    loaded = pickle.loads(pickle.dumps(made()))
    assert loaded.check(ValueError)
    assert loaded.getErrorMessage() == "a local value"
    assert "deepest" in loaded.getTraceback()


@pytest.mark.parametrize("detail", ["default", "brief", "verbose", "verbose-vars-not-captured"])
def test_tracebacks(detail):
    """Tracebacks are written at several levels of detail."""
    text = made().getTraceback(detail=detail)
    assert "a local value" in text
    assert "test_failure.py" in text
    if detail == "default":
        assert "Traceback" in text
        assert "deepest()" in text


def test_unknown_detail():
    """Another level of detail is an error."""
    with pytest.raises(ValueError, match=r"."):
        made().getTraceback(detail="nonsense")


def test_captured_variables():
    """Variables are kept on demand."""
    text = made(captureVars=True).getTraceback(detail="verbose")
    assert "local : 'a local value'" in text
    assert "captureVars=True" in made().getTraceback(detail="verbose")


def test_printing():
    """Tracebacks are written to a file, each in its own way."""
    for method, expected in (
        (Failure.printTraceback, "Traceback"),
        (Failure.printBriefTraceback, "ValueError"),
        (Failure.printDetailedTraceback, "*---"),
    ):
        file = io.StringIO()
        method(made(), file)
        assert expected in file.getvalue()
    assert made().getBriefTraceback() in (made().getTraceback(detail="brief"),)


def test_cause():
    """What an exception comes from is told, too."""
    try:
        try:
            deepest()
        except ValueError as error:
            raise KeyError("later") from error
    except KeyError:
        caught = Failure()
    text = caught.getTraceback()
    assert "KeyError" in text


def test_format_frames():
    """Frames are written by a function of one's own."""
    written = []
    failure.format_frames(made().frames, written.append)
    assert "deepest" in "".join(written)


def test_strange_exceptions():
    """An exception that cannot be shown does not hinder the failure."""

    class Evil(Exception):
        def __str__(self):
            raise ZeroDivisionError

    caught = Failure(Evil())
    assert "Evil" in caught.getTraceback()
    assert caught.getErrorMessage()


def test_debug_mode(monkeypatch):
    """A debugger can be started at each failure."""
    started = []
    monkeypatch.setattr("pdb.post_mortem", lambda tb: started.append(tb))
    original = Failure.__init__
    try:
        failure.startDebugMode()
        made()
    finally:
        Failure.__init__ = original
    assert len(started) == 1
