"""Running commands, and coming back from other folders, as scripts that release software do."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from typing import Any

__all__ = ["CommandFailed", "DirectoryDoesntExist", "DirectoryExists", "runChdirSafe", "sh"]


class DirectoryExists(OSError):
    """There is such a folder already."""


class DirectoryDoesntExist(OSError):
    """There is no such folder."""


class CommandFailed(OSError):
    """A command ended with a status that is not 0."""


def sh(command: str, null: bool = True, prompt: bool = False) -> None:
    """
    Run a command of the shell.

    @param null: whether its input is empty.
    @param prompt: whether to ask first, on the terminal; any answer but C{y} leaves it.
    @raise CommandFailed: if its status is not 0; the text is the command.
    """
    print("--$", command)
    if prompt and input("run? [y/N] ").strip().lower() != "y":
        return
    done = subprocess.run(command, shell=True, stdin=subprocess.DEVNULL if null else None)
    if done.returncode:
        raise CommandFailed(f"{command!r} ended with {done.returncode}")


def runChdirSafe(f: Callable[..., Any], *args: Any, **kw: Any) -> Any:
    """Call a function, and be in the same folder afterwards. @return: what it returns."""
    before = os.path.abspath(".")
    try:
        return f(*args, **kw)
    finally:
        os.chdir(before)
