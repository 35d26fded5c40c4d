"""The options of ``twist``."""

from __future__ import annotations

import sys
from typing import IO, Any, ClassVar

from twisted import __version__
from twisted.application.reactors import NoSuchReactor, getReactorTypes, installReactor
from twisted.application.service import IServiceMaker
from twisted.logger import (
    InvalidLogLevelError,
    LogLevel,
    jsonFileLogObserver,
    textFileLogObserver,
)
from twisted.plugin import getPlugins
from twisted.python.usage import CompleteList, Completions, Options, UsageError

_FORMATS = {"text": textFileLogObserver, "json": jsonFileLogObserver}


class TwistOptions(Options):
    """
    The options of ``twist``, with a subcommand for each plugin.

    @ivar plugins: the makers of services by the names of their commands.
    """

    optParameters: ClassVar[list[Any]] = [
        [
            *("grace", None, 0.0),
            *("Seconds to let connections finish after the ports are closed.", float),
        ],
        ["workers", None, None, "How many processes share the ports and the work.", int],
    ]
    optFlags: ClassVar[list[Any]] = [
        ["development", None, "Report what is slow, and on SIGUSR1 what coroutines wait for."],
    ]
    compData: Any = Completions(
        optActions={
            "reactor": lambda: CompleteList([r.shortName for r in getReactorTypes()]),
            "log-level": CompleteList([level.name for level in LogLevel.iterconstants()]),
            "log-format": CompleteList(list(_FORMATS)),
        }
    )

    def __init__(self) -> None:
        Options.__init__(self)
        self["reactor"] = None
        self["logLevel"] = LogLevel.info
        self["logFile"] = sys.stdout
        self["logObserver"] = None
        self.plugins = {maker.tapname: maker for maker in getPlugins(IServiceMaker)}

    def getSynopsis(self) -> str:
        """One line that says how the command is used."""
        return f"{Options.getSynopsis(self)} plugin [plugin_options]"

    @property
    def subCommands(self) -> list[tuple[str, None, Any, str]]:  # type: ignore[override]
        """One for each plugin; its options are imported when they are asked for."""
        return [
            (name, None, lambda name=name: self.plugins[name].options(), maker.description)
            for name, maker in sorted(self.plugins.items())
        ]

    def opt_version(self) -> None:
        """Print version and exit."""
        print(__version__)
        sys.exit(0)

    def opt_reactor(self, name: str) -> None:
        """The name of the reactor to use. (see below; default: "default")"""
        # At once, for what the plugin imports may use the reactor.
        try:
            self["reactor"] = installReactor(name)
        except NoSuchReactor:
            raise UsageError(f"Unknown reactor: {name} ({self.longdesc})") from None
        except Exception as error:
            raise UsageError(f"The reactor {name} cannot be used: {error}") from None

    @property
    def longdesc(self) -> str:  # type: ignore[override]
        """Names the reactors."""
        names = ", ".join(installer.shortName for installer in getReactorTypes())
        return f"Reactors: {names}"

    def opt_log_level(self, level: str) -> None:
        """
        Set default log level. (options: "debug", "info", "warn", "error", "critical"; default:
        "info")
        """
        try:
            self["logLevel"] = LogLevel.levelWithName(level)
        except InvalidLogLevelError:
            raise UsageError(f"Invalid log level: {level}") from None

    def opt_log_file(self, fileName: str) -> None:
        """Log to file. ("-" for stdout, "+" for stderr; default: "-")"""
        self["logFile"] = {"-": sys.stdout, "+": sys.stderr}.get(fileName) or _opened(fileName)

    def opt_log_format(self, format: str) -> None:
        """
        Log file format. (options: "text", "json"; default: "text" if the log file is a tty,
        otherwise "json")
        """
        if format not in _FORMATS:
            raise UsageError(f"Invalid log format: {format}")
        self["logObserver"] = _FORMATS[format]

    def postOptions(self) -> None:
        """
        Choose what was left open.

        @raise UsageError: if no plugin was named, or a number makes no sense.
        """
        if self["grace"] < 0:
            raise UsageError("--grace is a number of seconds")
        if self["workers"] is not None and self["workers"] < 1:
            raise UsageError("--workers is a number of processes")
        if self["workers"] is not None and self["development"]:
            raise UsageError("--development is for one process")
        if self.subCommand is None:
            raise UsageError("No plugin specified.")
        if self["logObserver"] is None:
            self["logObserver"] = _FORMATS["text" if self["logFile"].isatty() else "json"]


def _opened(fileName: str) -> IO[str]:
    """
    A file to log to.

    @raise UsageError: if it cannot be opened.
    """
    try:
        return open(fileName, "a", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"Could not open log file {fileName!r}: {error.strerror}") from None
