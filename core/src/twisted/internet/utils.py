"""Run a program to its end; leave warnings of coroutines and Deferreds out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from io import BytesIO
from typing import Any

from twisted.internet import protocol
from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred
from twisted.python._warnings import runWithWarningsSuppressed as _runNow
from twisted.python.failure import Failure

__all__ = [
    "getProcessOutput",
    "getProcessOutputAndValue",
    "getProcessValue",
    "runWithWarningsSuppressed",
    "suppressWarnings",
]

_Text = str | bytes
_Environment = Mapping[Any, Any]


class _UnexpectedErrorOutput(IOError):
    """
    A program has written to standard error.

    @ivar processEnded: fires when it has ended.
    """

    def __init__(self, text: bytes, processEnded: Deferred[Any]) -> None:
        super().__init__(f"got stderr: {text!r}")
        self.processEnded = processEnded


class _Collecting(protocol.ProcessProtocol):
    """
    Waits for a program.

    @ivar cancelled: whether nobody waits for this any more.
    """

    cancelled = False

    def processEnded(self, reason: Failure) -> None:
        if not self.cancelled:
            self.finished(reason)

    def finished(self, reason: Failure) -> None:
        """The program has ended."""
        raise NotImplementedError


class _Collects(_Collecting):
    """Collects standard output; standard error is an error, or collected, too."""

    def __init__(self, done: Deferred[Any], errortoo: bool) -> None:
        self.done: Deferred[Any] | None = done
        self.output = BytesIO()
        self.ended: Deferred[Any] | None = None
        if errortoo:
            self.errReceived = self.outReceived  # type: ignore[method-assign]

    def outReceived(self, data: bytes) -> None:
        self.output.write(data)

    def errReceived(self, data: bytes) -> None:
        done, self.done = self.done, None
        if done is not None:
            self.ended = Deferred()
            done.errback(Failure(_UnexpectedErrorOutput(data, self.ended)))
            self.transport.loseConnection()

    def finished(self, reason: Failure) -> None:
        if self.done is not None:
            self.done.callback(self.output.getvalue())
        elif self.ended is not None:
            self.ended.callback(None)


class _Value(_Collecting):
    """Tells how a program ended."""

    def __init__(self, done: Deferred[Any]) -> None:
        self.done = done

    def finished(self, reason: Failure) -> None:
        how: Any = reason.value
        self.done.callback(how.exitCode)


class _Everything(_Collecting):
    """Collects standard output and error, and tells how the program ended."""

    def __init__(self, done: Deferred[Any], stdinBytes: bytes | None = None) -> None:
        self.done = done
        self.out = BytesIO()
        self.err = BytesIO()
        self.stdinBytes = stdinBytes

    def connectionMade(self) -> None:
        if self.stdinBytes is not None:
            self.transport.writeToChild(0, self.stdinBytes)
            # Only those who are given something wait for its end.
            self.transport.closeStdin()

    def outReceived(self, data: bytes) -> None:
        self.out.write(data)

    def errReceived(self, data: bytes) -> None:
        self.err.write(data)

    def finished(self, reason: Failure) -> None:
        out, err = self.out.getvalue(), self.err.getvalue()
        how: Any = reason.value
        if how.signal:
            self.done.errback(_signalled(out, err, how.signal))
        else:
            self.done.callback((out, err, how.exitCode))


_EverythingGetter = _Everything


def _signalled(out: bytes, err: bytes, signal: int) -> Failure:
    failure: Any = Failure(RuntimeError(f"the program was ended by signal {signal}"))
    # Callers look for what was collected in the value itself.
    failure.value = (out, err, signal)
    return failure  # type: ignore[no-any-return]


def _run(
    make: Callable[[Deferred[Any]], _Collecting],
    executable: _Text,
    args: Sequence[_Text],
    env: _Environment | None,
    path: _Text | None,
    reactor: Any,
) -> Deferred[Any]:
    running: list[Any] = []

    def cancel(_: Deferred[Any]) -> None:
        collecting.cancelled = True
        if running and running[0].pid is not None:
            running[0].signalProcess("KILL")

    done: Deferred[Any] = Deferred(cancel)
    name = executable.decode() if isinstance(executable, bytes) else executable
    collecting = make(done)
    started = currentReactor(reactor).spawnProcess(
        collecting, executable, (name, *args), {} if env is None else env, path
    )
    running.append(started)
    return done


def getProcessOutput(
    executable: _Text,
    args: Sequence[_Text] = (),
    env: _Environment = {},  # noqa: B006
    path: _Text | None = None,
    reactor: Any = None,
    errortoo: bool | int = 0,
) -> Deferred[bytes]:
    """
    Run a program, and give what it writes to standard output. Cancelling kills it.

    @param args: its arguments, without its own name.
    @param env: its environment.
    @param path: the folder to begin in.
    @param errortoo: whether standard error is collected, too; otherwise it is an error to write to
        it.
    @return: fires with the octets, or with an `IOError` whose attribute ``processEnded`` fires when
        the program has ended.
    """
    return _run(lambda done: _Collects(done, bool(errortoo)), executable, args, env, path, reactor)


def getProcessValue(
    executable: _Text,
    args: Sequence[_Text] = (),
    env: _Environment = {},  # noqa: B006
    path: _Text | None = None,
    reactor: Any = None,
) -> Deferred[int]:
    """
    Run a program, and give its exit code. Cancelling kills it.

    Parameters as those of `getProcessOutput`.
    """
    return _run(_Value, executable, args, env, path, reactor)


def getProcessOutputAndValue(
    executable: _Text,
    args: Sequence[_Text] = (),
    env: _Environment = {},  # noqa: B006
    path: _Text | None = None,
    reactor: Any = None,
    stdinBytes: bytes | None = None,
) -> Deferred[tuple[bytes, bytes, int]]:
    """
    Run a program, and give what it writes to standard output and to standard error, and its exit
    code. Cancelling kills it.

    @param stdinBytes: what to write to its standard input, which is closed then.
    @return: fires with the three; if a signal ended the program, fails with them, with the number
        of the signal in place of the exit code.
    """
    return _run(lambda done: _Everything(done, stdinBytes), executable, args, env, path, reactor)


def runWithWarningsSuppressed(
    suppressedWarnings: Sequence[tuple[tuple[Any, ...], Mapping[str, Any]]],
    f: Callable[..., Any],
    *a: Any,
    **kw: Any,
) -> Any:
    """
    Call `f` while some warnings are left out; if it returns a `Deferred`, until that has a result.

    @param suppressedWarnings: the arguments, by position and by name, of a call of
        `warnings.filterwarnings` each.
    @return: what `f` returns.
    """
    context = warnings.catch_warnings()
    context.__enter__()
    for by_position, by_name in suppressedWarnings:
        warnings.filterwarnings(*by_position, **by_name)
    try:
        result = f(*a, **kw)
    except BaseException:
        context.__exit__(None, None, None)
        raise

    def restore(result: Any) -> Any:
        context.__exit__(None, None, None)
        return result

    return result.addBoth(restore) if isinstance(result, Deferred) else restore(result)


def suppressWarnings(
    f: Callable[..., Any], *suppressedWarnings: tuple[tuple[Any, ...], Mapping[str, Any]]
) -> Callable[..., Any]:
    """A function that does what `f` does while some warnings are left out."""

    @wraps(f)
    def suppressed(*a: Any, **kw: Any) -> Any:
        return _runNow(suppressedWarnings, f, *a, **kw)

    return suppressed
