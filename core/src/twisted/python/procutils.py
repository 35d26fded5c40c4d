"""Find programs."""

from __future__ import annotations

import os

__all__ = ["which"]


def which(name: str, flags: int = os.X_OK) -> list[str]:
    """
    Every file called `name` in the folders of the environment variable ``PATH``.

    On Windows, names with the endings of ``PATHEXT`` count, too.

    @param name: the name, without a folder.
    @param flags: what the user must be allowed to do with the file (see `os.access`).
    @return: the paths in the order of ``PATH``; `shutil.which` gives the first alone.
    """
    path = os.environ.get("PATH")
    if path is None:
        return []
    endings = [ending for ending in os.environ.get("PATHEXT", "").split(os.pathsep) if ending]
    return [
        file
        for folder in path.split(os.pathsep)
        for file in (os.path.join(folder, name) + ending for ending in ["", *endings])
        if os.access(file, flags)
    ]
