"""The options of commands that choose a reactor."""

from __future__ import annotations

import sys
from typing import IO, Any

from twisted.application.reactors import NoSuchReactor, getReactorTypes, installReactor
from twisted.python import usage

__all__ = ["ReactorSelectionMixin"]

_HINT = "See the list of available reactors with --help-reactors"


class ReactorSelectionMixin:
    """
    Adds ``--reactor`` and ``--help-reactors`` to `twisted.python.usage.Options`.

    @ivar messageOutput: where the list of reactors goes.
    """

    __module__ = "twisted.application.app"
    messageOutput: IO[str] = sys.stdout

    compData: Any = usage.Completions(
        optActions={
            "reactor": lambda *_: usage.CompleteList([each.shortName for each in getReactorTypes()])
        }
    )

    def opt_help_reactors(self) -> None:
        """Show the reactors that can be chosen."""
        usable: list[str] = []
        others: list[str] = []
        for kind in sorted(getReactorTypes(), key=lambda kind: str(kind.shortName)):
            problem = _problem(kind)
            if problem is None:
                usable.append(f"    {kind.shortName:<4}\t{kind.description}\n")
            else:
                others.append(f"    !{kind.shortName:<4}\t{kind.description} ({problem})\n")
        self.messageOutput.write("".join(usable))
        if others:
            title = "\n    reactors not available on this platform:\n\n"
            self.messageOutput.write(title + "".join(others))
        raise SystemExit(0)

    def opt_reactor(self, shortName: str) -> None:
        """Which reactor to use (see --help-reactors)."""
        # At once, for what is imported next may use the reactor.
        try:
            installReactor(shortName)
        except NoSuchReactor:
            raise usage.UsageError(
                f"The specified reactor does not exist: {shortName!r}.\n{_HINT}"
            ) from None
        except Exception as error:
            raise usage.UsageError(
                f"The specified reactor cannot be used, failed with error: {error}.\n{_HINT}"
            ) from None
        values: Any = self
        values["reactor"] = shortName

    opt_r = opt_reactor


def _problem(kind: Any) -> str | None:
    """Why a reactor cannot be used; C{None} if it can, as far as its module tells."""
    moduleName = getattr(kind, "moduleName", None)
    if moduleName is None:
        return None
    try:
        __import__(moduleName)
    except Exception as error:
        return str(error)
    return None
