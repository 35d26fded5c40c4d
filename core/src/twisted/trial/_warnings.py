"""Collect the warnings of a test, and give those back that nobody asked for."""

from __future__ import annotations

import inspect
import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Any

__all__ = ["_Warning", "warningsOf"]


@dataclass(frozen=True)
class _Warning:
    """
    A warning.

    @ivar message: its text.
    @ivar category: its class.
    @ivar filename: the file that it points at.
    @ivar lineno: the line of the file, from 1.
    """

    message: str
    category: type[Warning]
    filename: str
    lineno: int

    def again(self) -> None:
        """Warn as it did at first."""
        warnings.warn_explicit(self.message, self.category, self.filename, self.lineno)


def _collectWarnings(
    observe: Callable[[_Warning], Any],
    f: Callable[..., Any],
    *args: Any,
    **kwargs: Any,
) -> Any:
    """
    Call `f`, and hand each warning to `observe` in place of showing it, even one that was shown
    before.

    @return: what `f` returns.
    """

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: object = None,
        line: str | None = None,
    ) -> None:
        observe(_Warning(str(message), category, filename, lineno))

    _setWarningRegistryToNone(sys.modules)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = show
        return f(*args, **kwargs)


def _setWarningRegistryToNone(modules: Mapping[str, Any]) -> None:
    """Let modules forget which of their warnings were shown: they would not give them again."""
    for module in list(modules.values()):
        if getattr(module, "__warningregistry__", None):
            module.__warningregistry__ = None


def warningsOf(
    collected: Sequence[_Warning], functions: Sequence[Callable[..., Any]]
) -> list[_Warning]:
    """
    Those of `collected` that point into one of `functions`.

    @raise ValueError: something has no code in a file.
    """
    found = []
    for warning in collected:
        for function in functions:
            code = _code(function)
            same = os.path.normcase(inspect.getabsfile(code)) == os.path.normcase(
                os.path.abspath(warning.filename)
            )
            if same and warning.lineno in _lines(code):
                found.append(warning)
                break
    return found


def _code(function: Any) -> CodeType:
    function = inspect.unwrap(getattr(function, "__func__", function))
    code = getattr(function, "__code__", None)
    if not isinstance(code, CodeType):
        raise ValueError(f"{function!r} is not a function with code in a file")
    return code


def _lines(code: CodeType) -> set[int]:
    """The lines of `code`, and of what is defined in it."""
    lines = {line for _, _, line in code.co_lines() if line is not None}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            lines |= _lines(constant)
    return lines
