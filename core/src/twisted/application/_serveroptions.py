"""The options that every command that runs an application has."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Any, ClassVar

from twisted import plugin
from twisted.application._profiling import AppProfiler
from twisted.application._reactorselection import ReactorSelectionMixin
from twisted.application.service import IServiceMaker
from twisted.python import usage
from twisted.python.util import spewer

__all__ = ["ServerOptions"]


class ServerOptions(usage.Options, ReactorSelectionMixin):
    """Where the application comes from, and how it is run."""

    __module__ = "twisted.application.app"
    longdesc = (
        "twistd reads a twisted.application.service.Application out of a file, or makes one by a "
        "command, and runs it."
    )

    optFlags: ClassVar[list[Any]] = [
        ["savestats", None, "Save the data of the profiler instead of its text."],
        ["no_save", "o", "Do not save the state on shutdown."],
        ["encrypted", "e", "The file is encrypted (not supported any more)."],
    ]
    optParameters: ClassVar[list[Any]] = [
        ["logfile", "l", None, "Log to this file; - for the standard output."],
        ["logger", None, None, "The full name of what makes the observer of the log."],
        ["profile", "p", None, "Run under a profiler, and write what it found to this file."],
        ["profiler", None, "cprofile", f"The profiler: {', '.join(AppProfiler.profilers)}."],
        ["file", "f", "twistd.tap", "Read the application from this .tap file, a pickle."],
        ["python", "y", None, "Read the application from this file of Python (implies -o)."],
        ["source", "s", None, "Read the application from this .tas file, a source."],
        ["rundir", "d", ".", "Change to this folder before running."],
        [
            "grace",
            None,
            0.0,
            "Seconds to let connections finish after the ports are closed.",
            float,
        ],
    ]
    compData: Any = usage.Completions(
        mutuallyExclusive=[("file", "python", "source")],
        optActions={
            "file": usage.CompleteFiles("*.tap"),
            "python": usage.CompleteFiles("*.(tac|py)"),
            "source": usage.CompleteFiles("*.tas"),
            "rundir": usage.CompleteDirs(),
        },
    )
    _getPlugins: Callable[..., Any] = staticmethod(plugin.getPlugins)

    def __init__(self, *a: Any, **kw: Any) -> None:
        """
        @param stdout: where the help goes, for tests.
        """
        self._stdout = kw.pop("stdout", sys.stdout)
        self["debug"] = False
        super().__init__(*a, **kw)

    def opt_debug(self) -> None:
        """Run in the debugger (implies nodaemon); SIGUSR2 breaks into it."""
        from twisted.internet import defer
        from twisted.python import failure

        self["debug"] = True
        defer.setDebugging(True)
        failure.startDebugMode()

    opt_b = opt_debug

    def opt_spew(self) -> None:
        """Write each call of a function, when everything else has failed."""
        sys.settrace(spewer)

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Read a command line; without any, that of this process."""
        super().parseOptions(sys.argv[1:] or ["--help"] if options is None else options)

    def postOptions(self) -> None:
        """
        See whether the options go together.

        @raise twisted.python.usage.UsageError: if they do not.
        """
        if self["encrypted"]:
            raise usage.UsageError("encrypted files are not supported any more")
        if self["grace"] < 0:
            raise usage.UsageError("--grace is a number of seconds")
        if self.subCommand or self["python"]:
            self["no_save"] = True
        if self["logger"] is not None:
            from twisted.python import reflect

            try:
                self["logger"] and reflect.namedAny(self["logger"])
            except Exception as error:
                raise usage.UsageError(f"--logger {self['logger']}: {error}") from None

    @property
    def subCommands(self) -> Iterator[tuple[str, None, Any, str]]:  # type: ignore[override]
        """One for each plugin that makes a service; its options are imported when it is used."""
        makers = sorted(self._getPlugins(IServiceMaker), key=attrgetter("tapname"))
        self.loadedPlugins = {maker.tapname: maker for maker in makers}
        for maker in makers:
            yield (maker.tapname, None, lambda maker=maker: maker.options(), maker.description)
