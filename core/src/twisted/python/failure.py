"""
An exception that can be kept, handed on and raised again later, with its traceback.

A `Failure` refers to the live traceback at first.  Frames keep their callers' local variables
alive, so whoever puts a failure aside calls `Failure.cleanFailure`, which keeps a plain record of
the frames instead.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import IO, Any, NoReturn

from twisted.python.reflect import qual, safe_repr, safe_str

__all__ = [
    "DO_POST_MORTEM",
    "EXCEPTION_CAUGHT_HERE",
    "DefaultException",
    "Failure",
    "NoCurrentExceptionError",
    "count",
    "format_frames",
    "startDebugMode",
    "traceupLength",
]

_ExceptionType = type[BaseException]
_Variables = tuple[tuple[str, object], ...]
_Frame = tuple[str, str, int, _Variables, _Variables]

#: How many failures have been made; each one's `Failure.count` is its number.
count = 0

traceupLength = 4
EXCEPTION_CAUGHT_HERE = "--- <exception caught here> ---"

#: Whether the debugger of `startDebugMode` looks at the traceback or only says where it would.
DO_POST_MORTEM = True

#: The attribute of an exception that is raised again, its live traceback dropped, for the record of
#: the frames that it had.  The next failure that keeps the exception takes it over.
_RECORD = "__recorded_frames__"


class DefaultException(Exception):
    """An exception for when there is none of a better type."""


class NoCurrentExceptionError(Exception):
    """Raised when a `Failure` is made without an exception while none is being handled."""


def _describe(name: str, filename: str, line: int, detail: str) -> str:
    """One frame in the words of a detail level."""
    if detail == "brief":
        return f"{filename}:{line}:{name}\n"
    if detail == "default":
        import linecache

        source = linecache.getline(filename, line).strip()
        return f'  File "{filename}", line {line}, in {name}\n    {source}\n'
    return f"{filename}:{line}: {name}(...)\n"


def format_frames(
    frames: Iterable[_Frame],
    write: Callable[[str], object],
    detail: str = "default",
) -> None:
    """
    Write frames as text.

    @param frames: tuples of function name, file name, line number, local and global variables.
    @param write: called with each piece of text.
    @param detail: ``"brief"``, ``"default"``, ``"verbose"`` (with captured variables), or
        ``"verbose-vars-not-captured"``.
    @raise ValueError: for another level of detail.
    """
    if detail not in ("default", "brief", "verbose", "verbose-vars-not-captured"):
        raise ValueError(f"no level of detail is called {detail!r}")
    for name, filename, line, localVariables, globalVariables in frames:
        write(_describe(name, filename, line, detail))
        if detail == "verbose":
            for title, variables in (("Locals", localVariables), ("Globals", globalVariables)):
                write(f" [ {title} ]\n")
                for variable, value in variables:
                    write(f"  {variable} : {safe_repr(value)}\n")


def _record(traceback: TracebackType | None, captureVars: bool) -> tuple[_Frame, ...]:
    """The frames of a traceback as plain data, outermost first."""
    frames: list[_Frame] = []
    while traceback is not None:
        frame = traceback.tb_frame
        code = frame.f_code
        localVariables: _Variables = ()
        globalVariables: _Variables = ()
        if captureVars:
            localVariables = tuple(frame.f_locals.items())
            globalVariables = tuple(frame.f_globals.items())
        frames.append(
            (code.co_name, code.co_filename, traceback.tb_lineno, localVariables, globalVariables)
        )
        traceback = traceback.tb_next
    return tuple(frames)


def _asText(variables: _Variables) -> _Variables:
    """Captured variables without the objects themselves."""
    return tuple((name, safe_repr(value)) for name, value in variables)


def recordFrames(exception: BaseException, frames: Iterable[_Frame]) -> None:
    """Let an exception that was raised elsewhere be shown with the frames that it had there."""
    setattr(exception, _RECORD, tuple(frames))


class _RecordedCode:
    """As much of a code object as tools that print tracebacks ask for."""

    def __init__(self, name: str, filename: str) -> None:
        self.co_name = self.co_qualname = name
        self.co_filename = filename
        self.co_flags = 0

    def co_positions(self) -> Iterator[tuple[None, None, None, None]]:
        """No columns are known, and the line is the frame's."""
        return iter(((None, None, None, None),))


class _RecordedFrame:
    """A frame of which only its place in the source is known."""

    def __init__(self, frame: _Frame, back: _RecordedFrame | None) -> None:
        name, filename, line, localVariables, globalVariables = frame
        self.f_code = _RecordedCode(name, filename)
        self.f_lineno = line
        self.f_locals = dict(localVariables)
        self.f_globals = dict(globalVariables)
        self.f_back = back
        self.f_lasti = 0
        self.f_builtins: dict[str, object] = {}
        self.f_trace = None


class _RecordedTraceback:
    """A traceback made of recorded frames, for tools that print tracebacks."""

    tb_lasti = 0

    def __init__(self, frames: tuple[_Frame, ...], back: _RecordedFrame | None = None) -> None:
        self.tb_frame = _RecordedFrame(frames[0], back)
        self.tb_lineno = frames[0][2]
        rest = frames[1:]
        self.tb_next = _RecordedTraceback(rest, self.tb_frame) if rest else None


class Failure(BaseException):
    """
    An exception with its traceback, as a value.

    @ivar value: the exception.
    @ivar type: its class.
    @ivar tb: its live traceback, or None once cleaned, unpickled, or if there never was one.
    @ivar count: which failure of this process this is.
    """

    pickled = 0
    captureVars = False
    _recorded: tuple[_Frame, ...] | None = None
    _earlier: tuple[_Frame, ...] = ()
    _parents: list[str] | None = None
    type: _ExceptionType
    value: BaseException
    tb: TracebackType | None

    def __init__(
        self,
        exc_value: BaseException | Failure | None = None,
        exc_type: _ExceptionType | None = None,
        exc_tb: TracebackType | None = None,
        captureVars: bool = False,
    ) -> None:
        """
        Keep an exception, by default the one that is being handled.

        @param exc_value: the exception; another `Failure` is copied.
        @param exc_type: its type, if it is not the class of ``exc_value``.
        @param exc_tb: its traceback, by default the one that the exception knows.
        @param captureVars: record all variables of all frames, as text.  This is slow.
        @raise NoCurrentExceptionError: if no exception is given and none is being handled.
        """
        global count
        count += 1
        self.count = count
        if exc_value is None:
            if exc_type is None:
                exc_type, exc_value, exc_tb = sys.exc_info()
                if exc_value is None:
                    raise NoCurrentExceptionError()
            else:
                exc_value = exc_type()
        elif exc_tb is None:
            exc_tb = getattr(exc_value, "__traceback__", None)
        if isinstance(exc_value, Failure):
            self.__dict__.update(exc_value.__dict__)
            return
        self.value = exc_value
        self.type = exc_value.__class__ if exc_type is None else exc_type
        self.tb = exc_tb
        earlier = getattr(exc_value, _RECORD, None)
        if earlier is not None:
            self._earlier = earlier
            delattr(exc_value, _RECORD)
        if captureVars:
            self.captureVars = True
            self._recorded = _record(exc_tb, True)

    # Frames

    @property
    def frames(self) -> tuple[_Frame, ...]:
        """The frames from where the exception was caught to where it was raised."""
        if self._recorded is None:
            return _record(self.tb, False) + self._earlier
        return self._recorded

    @frames.setter
    def frames(self, frames: Iterable[_Frame]) -> None:
        self._recorded = tuple(frames)

    @property
    def stack(self) -> list[_Frame]:
        """Always empty: the callers of the place where the exception was caught are not kept."""
        _warnOfStack()
        return []

    @stack.setter
    def stack(self, stack: Iterable[_Frame]) -> None:
        _warnOfStack()

    @property
    def parents(self) -> list[str]:
        """The qualified names of the exception's type and of its bases."""
        if self._parents is None:
            return [qual(base) for base in self.type.__mro__]
        return self._parents

    @parents.setter
    def parents(self, parents: list[str]) -> None:
        self._parents = parents

    def cleanFailure(self) -> None:
        """Drop the live traceback, here and in the exception, and keep a record of its frames."""
        value = self.value
        if self.tb is not None:
            self._recorded = self.frames
            self.tb = None
        if self.captureVars:
            self._recorded = self._plainFrames()
        if isinstance(value, BaseException):
            value.__traceback__ = None

    def _plainFrames(self) -> tuple[_Frame, ...]:
        """The frames, with captured variables as text."""
        return tuple((n, f, line, _asText(v), _asText(g)) for n, f, line, v, g in self.frames)

    def getTracebackObject(self) -> TracebackType | _RecordedTraceback | None:
        """The live traceback, or one for display that is made of the recorded frames, or None."""
        if self.tb is not None:
            return self.tb
        frames = self.frames
        return _RecordedTraceback(frames) if frames else None

    # What kind of failure is it?

    def check(self, *errorTypes: Any) -> Any:
        """
        Tell whether the exception is of one of some types.

        @param errorTypes: exception classes, or their qualified names.
        @return: the first of them that matches, or None.
        """
        for wanted in errorTypes:
            if isinstance(wanted, type) and isinstance(self.type, type):
                if issubclass(self.type, wanted):
                    return wanted
            elif (wanted if isinstance(wanted, str) else qual(wanted)) in self.parents:
                return wanted
        return None

    def trap(self, *errorTypes: Any) -> Any:
        """
        Expect one of some types, as an errback that handles just these does.

        @return: the type that matches, as `check` does.
        @raise Exception: the exception itself, if none matches.
        """
        found = self.check(*errorTypes)
        if found is None:
            self.raiseException()
        return found

    # Raise it again

    def raiseException(self) -> NoReturn:
        """Raise the exception, with its traceback if that is still there."""
        try:
            raise self._raisable()
        finally:
            # The traceback has this frame now: together they would keep each other alive.
            del self

    def _raisable(self) -> BaseException:
        """The exception, for raising it again."""
        value = self.value
        if self.tb is None and self._recorded:
            recordFrames(value, self._recorded)
        return value.with_traceback(self.tb)

    def throwExceptionIntoGenerator(self, g: Any) -> Any:
        """Raise the exception in a generator at its ``yield``; gives what it yields next."""
        return g.throw(self._raisable())

    # Text

    def __repr__(self) -> str:
        return f"<{qual(self.__class__)} {qual(self.type)}: {self.getErrorMessage()}>"

    def __str__(self) -> str:
        return f"[Failure instance: {self.getBriefTraceback()}]"

    def getErrorMessage(self) -> str:
        """The text of the exception."""
        if isinstance(self.value, Failure):
            return self.value.getErrorMessage()
        return safe_str(self.value)

    def getBriefTraceback(self) -> str:
        """One line for each frame."""
        return self.getTraceback(detail="brief")

    def getTraceback(self, elideFrameworkCode: int = 0, detail: str = "default") -> str:
        """
        The traceback as text.

        @param elideFrameworkCode: if true, leave the frames of Deferred's own code out.
        @param detail: ``"brief"``, ``"default"`` or ``"verbose"``.
        """
        pieces: list[str] = []
        write = pieces.append
        frames = self.frames
        if elideFrameworkCode:
            frames = tuple(frame for frame in frames if not _isFramework(frame[1]))
        if detail == "brief":
            start = "Traceback" if frames else "Traceback (failure with no frames)"
            write(f"{start}: {safe_str(self.type)}: {safe_str(self.value)}\n")
            format_frames(frames, write, "brief")
            return "".join(pieces)
        if detail == "default":
            write("Traceback (most recent call last):\n")
            format_frames(frames, write)
            mark = "" if frames else "Failure: "
            write(f"{mark}{qual(self.type)}: {safe_str(self.value)}\n")
            self._writeCauses(write, elideFrameworkCode)
            return "".join(pieces)
        if detail not in ("verbose", "verbose-vars-not-captured"):
            raise ValueError(f"no level of detail is called {detail!r}")
        pickled = " (pickled) " if self.pickled else " "
        write(f"*--- Failure #{self.count}{pickled}---\n")
        format_frames(frames, write, "verbose" if self.captureVars else "verbose-vars-not-captured")
        if not self.captureVars:
            write(" [Capture of Locals and Globals disabled (use captureVars=True)]\n")
        write(f"{qual(self.type)}: {safe_str(self.value)}\n")
        write(f"*--- End of Failure #{self.count} ---\n")
        return "".join(pieces)

    def _writeCauses(self, write: Callable[[str], object], elide: int) -> None:
        """Show the exceptions that led to this one, below it."""
        seen = {id(self.value)}
        exception: BaseException | None = self.value
        while isinstance(exception, BaseException):
            cause = exception.__cause__
            title = "caused by"
            if cause is None and not exception.__suppress_context__:
                cause, title = exception.__context__, "raised while handling"
            if cause is None or id(cause) in seen:
                return
            seen.add(id(cause))
            write(f"\n{title}:\n")
            write("Traceback (most recent call last):\n")
            frames = _record(cause.__traceback__, False) + getattr(cause, _RECORD, ())
            format_frames([f for f in frames if not (elide and _isFramework(f[1]))], write)
            write(f"{qual(cause.__class__)}: {safe_str(cause)}\n")
            exception = cause

    def printTraceback(
        self,
        file: IO[str] | None = None,
        elideFrameworkCode: bool | int = False,
        detail: str = "default",
    ) -> None:
        """Write `getTraceback` to a file, by default to the log as an error."""
        if file is None:
            from twisted.python import log

            file = log.logerr
        file.write(self.getTraceback(int(elideFrameworkCode), detail))

    def printBriefTraceback(self, file: IO[str] | None = None, elideFrameworkCode: int = 0) -> None:
        """Write one line for each frame to a file, by default to the log."""
        self.printTraceback(file, elideFrameworkCode, "brief")

    def printDetailedTraceback(
        self, file: IO[str] | None = None, elideFrameworkCode: int = 0
    ) -> None:
        """Write frames with captured variables to a file, by default to the log."""
        self.printTraceback(file, elideFrameworkCode, "verbose")

    # Pickling

    def __getstate__(self) -> dict[str, object]:
        """Everything but the live traceback."""
        state = dict(self.__dict__)
        state.update(tb=None, pickled=1, frames=self._plainFrames(), parents=self.parents)
        return state

    def __setstate__(self, state: dict[str, Any] | None) -> None:
        state = dict(state or {})
        frames, parents = state.pop("frames", None), state.pop("parents", None)
        self.__dict__.update(state)
        if frames:
            self._recorded = tuple(frames)
        if parents is not None and parents != self.parents:
            self._parents = parents

    def __reduce__(self) -> tuple[Any, ...]:
        return (_unpickle, (self.__class__,), self.__getstate__())


def _unpickle(cls: type[Failure]) -> Failure:
    """A bare failure for `Failure.__setstate__` to fill."""
    return cls.__new__(cls)


def _warnOfStack() -> None:
    """Somebody uses an attribute that has nothing to tell any more."""
    import warnings

    warnings.warn(
        "twisted.python.failure.Failure.stack was deprecated in Twisted 24.10.0",
        DeprecationWarning,
        stacklevel=3,
    )


_FRAMEWORK = ("/internet/_deferred.py", "/internet/_aggregate.py", "/python/failure.py")


def _isFramework(filename: str) -> bool:
    """Whether a frame of this file is the machinery's, which readers of a traceback may skip."""
    return filename.endswith(_FRAMEWORK)


def _debugFailure(
    self: Failure,
    exc_value: BaseException | None = None,
    exc_type: type[BaseException] | None = None,
    exc_tb: TracebackType | None = None,
    captureVars: bool = False,
) -> None:
    """Look at a failure with pdb as soon as it is made."""
    import pdb  # noqa: T100

    _make(self, exc_value, exc_type, exc_tb, captureVars)
    if DO_POST_MORTEM and self.tb is not None:
        print(f"Jumping into debugger for post-mortem of exception {safe_str(self.value)!r}:")
        pdb.post_mortem(self.tb)


_make = Failure.__init__


def startDebugMode() -> None:
    """From now on, open a debugger where a failure is made."""
    Failure.__init__ = _debugFailure  # type: ignore[method-assign]
