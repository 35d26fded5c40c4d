"""The command ``twistd``: runs an application, usually as a daemon."""

from __future__ import annotations

import sys
from typing import Any

from twisted.application import app
from twisted.scripts._twistd_unix import ServerOptions
from twisted.scripts._twistd_unix import UnixApplicationRunner as _SomeApplicationRunner

__all__ = ["ServerOptions", "run", "runApp"]


def runApp(config: Any) -> None:
    """
    Run what options say.

    @param config: a `ServerOptions` that has read a command line.
    """
    runner = _SomeApplicationRunner(config)
    runner.run()
    if runner._startFailure is not None:
        print(f"twistd: {runner._startFailure}", file=sys.__stderr__)
        sys.exit(1)
    if runner._exitSignal is not None:
        app.exitWithSignal(runner._exitSignal)


def run() -> None:
    """What the command calls."""
    app.run(runApp, ServerOptions)
