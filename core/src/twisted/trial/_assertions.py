"""What a test can assert, beside what `unittest.TestCase` can."""

from __future__ import annotations

import inspect
import unittest
from collections.abc import Callable, Container, Coroutine
from types import TracebackType
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.python.failure import Failure
from twisted.trial._outcomes import FailTest
from twisted.trial._warnings import _collectWarnings

__all__ = ["Assertions"]

_T = TypeVar("_T")


class _AssertRaises:
    """The block of a ``with`` statement raises an exception, which is kept as ``exception``."""

    def __init__(self, test: Assertions, expected: Any, message: object = None) -> None:
        self._test = test
        self._expected = expected
        self._message = message
        self.exception: Any = None

    returned: object = None

    def __enter__(self) -> _AssertRaises:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if value is None:
            self.fail(f"returned {self.returned!r}", None)
        elif not isinstance(value, self._expected):
            self.fail(f"raised {kind!r}", Failure(value))
        self.exception = value
        return True

    def fail(self, what: str, failure: Failure | None) -> None:
        """Say that something else happened."""
        expected = self._expected
        names = (
            " or ".join(each.__name__ for each in expected)
            if isinstance(expected, tuple)
            else getattr(expected, "__name__", repr(expected))
        )
        text = f"{names} should have been raised, but the code {what}"
        if failure is not None:
            text += f":\n{failure.getTraceback()}"
        if self._message is not None:
            text += f"\n{self._message}"
        raise self._test.failureException(text)


class Assertions(unittest.TestCase):
    """
    Assertions. Each has the names that older programs know it by, too.
    """

    failureException = FailTest

    def fail(self, msg: object = None) -> Any:
        """
        Fail the test.

        @raise FailTest: always.
        """
        raise self.failureException(msg)

    def assertTrue(self, condition: Any, msg: object = None) -> Any:
        """`condition` is true. @return: it."""
        super().assertTrue(condition, msg)
        return condition

    def assertFalse(self, condition: Any, msg: object = None) -> Any:
        """`condition` is false. @return: it."""
        super().assertFalse(condition, msg)
        return condition

    def assertRaises(  # type: ignore[override]
        self,
        exception: type[BaseException] | tuple[type[BaseException], ...],
        f: Callable[..., Any] | None = None,
        *args: Any,
        msg: object = None,
        **kwargs: Any,
    ) -> Any:
        """
        Calling `f` raises `exception`.

        @return: the exception; without `f`, a context manager whose attribute ``exception`` has it.
        """
        context = _AssertRaises(self, exception, msg)
        if f is None:
            return context
        with context:
            context.returned = f(*args, **kwargs)
        return context.exception

    def assertEqual(self, first: Any, second: Any, msg: object = None) -> Any:
        """`first` equals `second`. @return: `first`."""
        super().assertEqual(first, second, msg)
        return first

    def assertNotEqual(self, first: Any, second: Any, msg: object = None) -> Any:
        """`first` does not equal `second`. @return: `first`."""
        if not (first != second):  # noqa: SIM202 -- it is `!=` that is asserted
            self.fail(msg or f"{first!r} == {second!r}")
        return first

    def assertIs(self, first: Any, second: Any, msg: object = None) -> Any:
        """`first` and `second` are one object. @return: `first`."""
        if first is not second:
            self.fail(msg or f"{first!r} is not {second!r}")
        return first

    def assertIsNot(self, first: Any, second: Any, msg: object = None) -> Any:
        """`first` and `second` are two objects. @return: `first`."""
        if first is second:
            self.fail(msg or f"{first!r} is {second!r}")
        return first

    def assertIn(self, containee: Any, container: Container[Any], msg: object = None) -> Any:  # type: ignore[override]
        """`containee` is in `container`. @return: `containee`."""
        if containee not in container:
            self.fail(msg or f"{containee!r} not in {container!r}")
        return containee

    def assertNotIn(self, containee: Any, container: Container[Any], msg: object = None) -> Any:  # type: ignore[override]
        """`containee` is not in `container`. @return: `containee`."""
        if containee in container:
            self.fail(msg or f"{containee!r} in {container!r}")
        return containee

    def assertAlmostEqual(  # type: ignore[override]
        self,
        first: Any,
        second: Any,
        places: int = 7,
        msg: object = None,
        delta: Any = None,
    ) -> Any:
        """`first` and `second` differ by less than half of the last place. @return: `first`."""
        super().assertAlmostEqual(first, second, places if delta is None else None, msg, delta)
        return first

    def assertNotAlmostEqual(  # type: ignore[override]
        self,
        first: Any,
        second: Any,
        places: int = 7,
        msg: object = None,
        delta: Any = None,
    ) -> Any:
        """`first` and `second` differ by half of the last place or more. @return: `first`."""
        super().assertNotAlmostEqual(first, second, places if delta is None else None, msg, delta)
        return first

    def assertApproximates(
        self, first: Any, second: Any, tolerance: Any, msg: object = None
    ) -> Any:
        """`first` and `second` differ by `tolerance` at most. @return: `first`."""
        if abs(first - second) > tolerance:
            self.fail(msg or f"{first} and {second} differ by more than {tolerance}")
        return first

    def assertSubstring(self, substring: str, astring: str, msg: object = None) -> Any:
        """`substring` is in `astring`. @return: `substring`."""
        return self.assertIn(substring, astring, msg)

    def assertNotSubstring(self, substring: str, astring: str, msg: object = None) -> Any:
        """`substring` is not in `astring`. @return: `substring`."""
        return self.assertNotIn(substring, astring, msg)

    def assertIsInstance(self, instance: Any, classOrTuple: Any, message: object = None) -> None:
        """`instance` is an instance of a class, or of one of a tuple."""
        if not isinstance(instance, classOrTuple):
            suffix = f": {message}" if message else ""
            self.fail(f"{instance!r} is not an instance of {classOrTuple}{suffix}")

    def assertNotIsInstance(self, instance: Any, classOrTuple: Any, message: object = None) -> None:
        """`instance` is no instance of a class, or of any of a tuple."""
        if isinstance(instance, classOrTuple):
            suffix = f": {message}" if message else ""
            self.fail(f"{instance!r} is an instance of {classOrTuple}{suffix}")

    def assertWarns(  # type: ignore[override]
        self,
        category: Any,
        message: Any = None,
        filename: Any = None,
        f: Callable[..., Any] | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """
        Calling `f` gives a warning; further warnings must be the same.

        With `category` alone it is the context manager of `unittest.TestCase.assertWarns`.

        @param message: the text of the warning.
        @param filename: the file that the warning points at; its ending does not count.
        @return: what `f` returns.
        """
        if f is None:
            return super().assertWarns(category)
        seen: list[Any] = []
        result = _collectWarnings(seen.append, f, *args, **kwargs)
        if not seen:
            self.fail("there was no warning")
        first = seen[0]
        for other in seen[1:]:
            if (other.message, other.category) != (first.message, first.category):
                self.fail(f"there were different warnings: {seen!r}")
        self.assertEqual(first.message, message)
        self.assertIs(first.category, category)

        def stem(name: str) -> str:
            return name.rsplit(".", 1)[0]

        self.assertTrue(
            stem(filename).endswith(stem(first.filename)) or stem(first.filename) == stem(filename),
            f"the warning points at {first.filename!r}, not at {filename!r}",
        )
        return result

    # Deferreds

    @staticmethod
    def _deferred(source: Deferred[_T] | Coroutine[Any, Any, _T]) -> Deferred[_T]:
        return ensureDeferred(source) if inspect.iscoroutine(source) else source  # type: ignore[return-value]

    def _resultNow(self, deferred: Deferred[Any]) -> list[Any]:
        """The result that `deferred` has now, if any; it is put back for whoever comes next."""
        outcome: list[Any] = []
        deferred.addBoth(outcome.append)
        return outcome

    def successResultOf(self, deferred: Deferred[_T] | Coroutine[Any, Any, _T]) -> _T:
        """
        `deferred` has succeeded already.

        @param deferred: a `Deferred`, or a coroutine that does not wait.
        @return: its result.
        """
        deferred = self._deferred(deferred)
        outcome = self._resultNow(deferred)
        if not outcome:
            self.fail(f"there should be a result of {deferred!r}, but it still waits")
        if isinstance(outcome[0], Failure):
            self.fail(
                f"{deferred!r} should have succeeded, but failed:\n{outcome[0].getTraceback()}"
            )
        result: _T = outcome[0]
        return result

    def failureResultOf(
        self,
        deferred: Deferred[Any] | Coroutine[Any, Any, Any],
        *expectedExceptionTypes: type[BaseException],
    ) -> Failure:
        """
        `deferred` has failed already.

        @param deferred: a `Deferred`, or a coroutine that does not wait.
        @param expectedExceptionTypes: the exceptions, if given, one of which it failed with.
        @return: the `Failure`.
        """
        deferred = self._deferred(deferred)
        outcome = self._resultNow(deferred)
        names = " or ".join(kind.__name__ for kind in expectedExceptionTypes) or "a failure"
        if not outcome:
            self.fail(f"{deferred!r} should have failed with {names}, but it still waits")
        [result] = outcome
        if not isinstance(result, Failure):
            self.fail(f"{deferred!r} should have failed with {names}, but succeeded: {result!r}")
        if expectedExceptionTypes and not result.check(*expectedExceptionTypes):
            self.fail(
                f"{deferred!r} should have failed with {names}, but failed with:\n"
                f"{result.getTraceback()}"
            )
        failure: Failure = result
        return failure

    def assertNoResult(self, deferred: Deferred[_T] | Coroutine[Any, Any, _T]) -> None:
        """`deferred` still waits. It goes on undisturbed."""
        deferred = self._deferred(deferred)
        outcome: list[Any] = []

        def note(result: Any) -> Any:
            outcome.append(result)
            return result

        deferred.addBoth(note)
        if outcome:
            deferred.addErrback(lambda _: None)
            self.fail(f"{deferred!r} should still wait, but has a result: {outcome[0]!r}")

    def assertRegex(self, text: Any, regex: Any, msg: object = None) -> None:
        """`regex` is found in `text`."""
        super().assertRegex(text, regex, msg)

    # The names that older programs know

    assertNot = failIf = failIfTrue = assertFalse  # type: ignore[assignment]
    assert_ = failUnless = failUnlessTrue = assertTrue  # type: ignore[assignment]
    failUnlessRaises = assertRaises  # type: ignore[assignment]
    assertEquals = failUnlessEqual = failUnlessEquals = assertEqual
    assertNotEquals = failIfEqual = failIfEquals = assertNotEqual
    assertIdentical = failUnlessIdentical = assertIs
    assertNotIdentical = failIfIdentical = assertIsNot
    failUnlessIn = assertIn
    failIfIn = assertNotIn
    assertAlmostEquals = failUnlessAlmostEqual = failUnlessAlmostEquals = assertAlmostEqual  # type: ignore[assignment]
    assertNotAlmostEquals = failIfAlmostEqual = failIfAlmostEquals = assertNotAlmostEqual  # type: ignore[assignment]
    failUnlessApproximates = assertApproximates
    failUnlessSubstring = assertSubstring
    failIfSubstring = assertNotSubstring
    failUnlessIsInstance = assertIsInstance
    failIfIsInstance = assertNotIsInstance
    failUnlessWarns = assertWarns
