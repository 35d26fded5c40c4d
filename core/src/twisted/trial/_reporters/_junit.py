"""The reporter that writes JUnit's XML, which servers for continuous integration read."""

from __future__ import annotations

import re
import socket
import sys
import time
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

from zope.interface import implementer

from twisted.trial import itrial
from twisted.trial._reporters._results import TestResult, TestResultDecorator, asFailure
from twisted.trial._reporters._tracebacks import formatFailure

__all__ = ["JUnitReporter", "JUnitTee"]

# What XML 1.0 has no way to write (section 2.2).
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _text(value: object) -> str:
    return _UNWRITABLE.sub(lambda match: f"\\x{ord(match[0]):02x}", str(value))


class JUnitDocument:
    """A ``testsuites`` element that grows as tests are run."""

    def __init__(self, tbformat: str = "default") -> None:
        self._detail = tbformat
        self._began = time.monotonic()
        self._cases: dict[str, ElementTree.Element] = {}
        self._started: dict[str, float] = {}
        self.suite = ElementTree.Element(
            "testsuite",
            name="trial",
            timestamp=datetime.now(UTC).isoformat(timespec="seconds"),
            hostname=socket.gethostname(),
        )

    def start(self, test: Any) -> None:
        """A test begins."""
        name = str(test.id())
        self._started[name] = time.monotonic()
        self._case(name)

    def _case(self, name: str) -> ElementTree.Element:
        if name not in self._cases:
            parent, _, last = name.rpartition(".")
            case = ElementTree.SubElement(
                self.suite, "testcase", classname=_text(parent), name=_text(last), time="0.000"
            )
            self._cases[name] = case
        return self._cases[name]

    def stop(self, test: Any) -> None:
        """A test has ended."""
        name = str(test.id())
        started = self._started.pop(name, None)
        case = self._cases.pop(name, None)
        if started is not None and case is not None:
            case.set("time", f"{time.monotonic() - started:.3f}")

    def took(self, test: Any, elapsed: float) -> None:
        """A test took a time, in seconds."""
        self._started[str(test.id())] = time.monotonic() - elapsed

    def fail(self, test: Any, kind: str, error: Any) -> None:
        """
        A test went wrong.

        @param kind: ``error`` or ``failure``.
        """
        failure = asFailure(error)
        told = ElementTree.SubElement(
            self._case(str(test.id())),
            kind,
            message=_text(failure.getErrorMessage()),
            type=_text(getattr(failure.type, "__qualname__", failure.type)),
        )
        told.text = _text(formatFailure(failure, self._detail))

    def note(self, test: Any, kind: str, message: object) -> None:
        """
        There is something to tell about a test.

        @param kind: ``skipped`` or ``failure``.
        """
        ElementTree.SubElement(self._case(str(test.id())), kind, message=_text(message))

    def asBytes(self) -> bytes:
        """The document."""
        suite = self.suite
        count = {kind: len(suite.findall(f"*/{kind}")) for kind in ("failure", "error", "skipped")}
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(count["failure"]))
        suite.set("errors", str(count["error"]))
        suite.set("skipped", str(count["skipped"]))
        suite.set("time", f"{time.monotonic() - self._began:.3f}")
        root = ElementTree.Element("testsuites")
        root.append(suite)
        ElementTree.indent(root)
        document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
        return document + b"\n"


class _IntoDocument:
    """Puts what it is told into a document, after it has told whom it stands before."""

    _document: JUnitDocument

    def startTest(self, test: Any) -> None:
        """A test begins."""
        super().startTest(test)  # type: ignore[misc]
        self._document.start(test)

    def stopTest(self, test: Any) -> None:
        """A test has ended."""
        super().stopTest(test)  # type: ignore[misc]
        self._document.stop(test)

    def addDuration(self, test: Any, elapsed: float) -> None:
        """A test took a time, in seconds."""
        super().addDuration(test, elapsed)  # type: ignore[misc]
        self._document.took(test, elapsed)

    def addError(self, test: Any, error: Any) -> None:
        """A test raised what it should not."""
        super().addError(test, error)  # type: ignore[misc]
        self._document.fail(test, "error", error)

    def addFailure(self, test: Any, failure: Any) -> None:
        """An assertion did not hold."""
        super().addFailure(test, failure)  # type: ignore[misc]
        self._document.fail(test, "failure", failure)

    def addSkip(self, test: Any, reason: Any) -> None:
        """A test was not run."""
        super().addSkip(test, reason)  # type: ignore[misc]
        self._document.note(test, "skipped", reason)

    def addExpectedFailure(self, test: Any, failure: Any, todo: Any = None) -> None:
        """A test failed as it was known to."""
        super().addExpectedFailure(test, failure, todo)  # type: ignore[misc]
        reason = getattr(todo, "reason", "") or asFailure(failure).getErrorMessage()
        self._document.note(test, "skipped", f"expected failure: {reason}")

    def addUnexpectedSuccess(self, test: Any, todo: Any = None) -> None:
        """A test that was known to fail succeeded."""
        super().addUnexpectedSuccess(test, todo)  # type: ignore[misc]
        self._document.note(test, "failure", f"unexpected success: {getattr(todo, 'reason', '')}")


@implementer(itrial.IReporter)
class JUnitReporter(_IntoDocument, TestResult):
    """Writes JUnit's XML to a stream when all tests have been run."""

    __module__ = "twisted.trial.reporter"

    def __init__(
        self,
        stream: Any = sys.stdout,
        tbformat: str = "default",
        realtime: bool = False,
        publisher: Any = None,
    ) -> None:
        """
        @param realtime: of no use here, as the following one.
        """
        super().__init__()
        self._stream = stream
        self._document = JUnitDocument(tbformat)

    def done(self) -> None:
        """Write the document."""
        self._stream.write(self._document.asBytes().decode("utf-8"))
        self._stream.flush()


@implementer(itrial.IReporter)
class JUnitTee(_IntoDocument, TestResultDecorator):
    """Writes JUnit's XML to a file, beside what another reporter does."""

    def __init__(self, reporter: Any, path: str) -> None:
        super().__init__(reporter)
        self._path = path
        self._document = JUnitDocument()

    def done(self) -> None:
        """Write the document."""
        super().done()
        with open(self._path, "wb") as file:
            file.write(self._document.asBytes())
