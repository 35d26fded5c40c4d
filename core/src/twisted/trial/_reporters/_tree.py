"""The reporter that writes a tree of modules, classes and tests."""

from __future__ import annotations

import sys
from typing import Any

from zope.interface import implementer

from twisted.trial import itrial
from twisted.trial._reporters._stream import painter
from twisted.trial._reporters._text import Reporter

__all__ = ["TreeReporter"]


@implementer(itrial.IReporter)
class TreeReporter(Reporter):
    """Writes a line for each test, below the names of its module and class."""

    __module__ = "twisted.trial.reporter"
    indent = "  "
    columns = 79
    currentLine = ""

    FAILURE = "red"
    ERROR = "red"
    TODO = "blue"
    SKIP = "blue"
    TODONE = "red"
    SUCCESS = "green"

    def __init__(self, stream: Any = sys.stdout, *args: Any, **kwargs: Any) -> None:
        super().__init__(stream, *args, **kwargs)
        self._painter = painter(self._stream)
        self._headings: list[str] = []
        self._ended = True

    def getDescription(self, test: Any) -> str:
        """The last part of the name of a test."""
        return str(test.id()).split(".")[-1]

    def _write(self, format: str, *args: Any) -> None:
        text = format % args if args else format
        super()._write("%s", text)
        self.currentLine = (self.currentLine + text).rpartition("\n")[2]

    def _prelude(self, test: Any) -> list[str]:
        """The headings above a test: its module and its class."""
        parents = str(test.id()).split(".")[:-1]
        return [".".join(parents[:-1]), parents[-1]] if len(parents) > 1 else parents

    def startTest(self, test: Any) -> None:
        """A test begins."""
        headings = self._prelude(test)
        differ = False
        for depth, heading in enumerate(headings):
            differ = differ or self._headings[depth : depth + 1] != [heading]
            if differ:
                self._writeln("%s%s", self.indent * depth, heading)
        self._headings = headings
        self._write("%s%s ... ", self.indent * len(headings), self.getDescription(test))
        self._ended = False
        super().startTest(test)

    def endLine(self, message: str, color: str) -> None:
        """
        End the line of a test.

        @param message: how it went; it is written at the right.
        """
        if self._ended:  # the test had more than one thing to tell
            self._write("%s", self.indent * (len(self._headings) + 1))
        self._ended = True
        self._write("%s", " " * (self.columns - len(self.currentLine) - len(message)))
        self._painter.write(message, color)
        self.currentLine = ""
        super()._write("\n")

    def _told(self, outcome: str) -> None:
        message, color = {
            "success": ("[OK]", self.SUCCESS),
            "error": ("[ERROR]", self.ERROR),
            "failure": ("[FAIL]", self.FAILURE),
            "skip": ("[SKIPPED]", self.SKIP),
            "todo": ("[TODO]", self.TODO),
            "todone": ("[SUCCESS!?!]", self.TODONE),
        }[outcome]
        self.endLine(message, color)

    def cleanupErrors(self, errs: Any) -> None:
        """Something was left behind."""
        self._write("    cleanup errors")
        self.endLine("[ERROR]", self.ERROR)
        super().cleanupErrors(errs)

    def upDownError(
        self, method: Any, error: Any, warn: bool = True, printStatus: bool = True
    ) -> None:
        """Setting up or tearing down raised."""
        if printStatus:
            self._write("  %s", method)
            self.endLine("[ERROR]", self.ERROR)
        super().upDownError(method, error, warn, printStatus)

    def _printSummary(self) -> None:
        self._painter.write(self._status(), self.SUCCESS if self.wasSuccessful() else self.FAILURE)
        self._writeln("%s", self._getSummary())
