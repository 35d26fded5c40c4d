"""``twistd procmon``: keeps one program running."""

from __future__ import annotations

from typing import Any, ClassVar

from twisted.python import usage
from twisted.runner.procmon import ProcessMonitor

__all__ = ["Options", "makeService"]


class Options(usage.Options):
    """The program, and how patient the monitor is."""

    synopsis = "[procmon options] commandline"
    longdesc = "Runs a program, and starts it again whenever it ends."
    optParameters: ClassVar[list[Any]] = [
        [
            "threshold",
            "t",
            1,
            "How long it has to live for its end to be usual, in seconds.",
            float,
        ],
        ["killtime", "k", 5, "How long it may take to end before it is killed, in seconds.", float],
        [
            "minrestartdelay",
            "m",
            1,
            "The first pause before it is started again, in seconds.",
            float,
        ],
        ["maxrestartdelay", "M", 3600, "The longest such pause, in seconds.", float],
    ]
    optFlags: ClassVar[list[Any]] = []

    def parseArgs(self, *args: str) -> None:
        """The program and its arguments."""
        self["args"] = args

    def postOptions(self) -> None:
        """
        See whether there is a program.

        @raise twisted.python.usage.UsageError: if there is none.
        """
        if not self["args"]:
            raise usage.UsageError("Please specify a process commandline")


def makeService(config: Any) -> ProcessMonitor:
    """Make the service."""
    monitor = ProcessMonitor()
    monitor.threshold = config["threshold"]
    monitor.killTime = config["killtime"]
    monitor.minRestartDelay = config["minrestartdelay"]
    monitor.maxRestartDelay = config["maxrestartdelay"]
    program = " ".join(config["args"])
    monitor.addProcess(program, config["args"])
    return monitor
