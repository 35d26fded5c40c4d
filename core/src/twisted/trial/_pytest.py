"""
Let pytest recognise these test cases.

pytest asks for the version of a distribution named ``twisted`` as soon as `twisted.trial.unittest`
has been imported, and fails when there is none. Here that distribution goes by other names.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib import metadata
from os import PathLike
from typing import Any

__all__ = ["answerForTwisted"]


class _Twisted(metadata.Distribution):
    """The metadata of ``twisted``: those of ``twisted-core`` under that name."""

    def read_text(self, filename: str) -> str | None:
        if filename != "METADATA":
            return None
        version = metadata.version("twisted-core")
        return f"Metadata-Version: 2.1\nName: twisted\nVersion: {version}\n"

    def locate_file(self, path: str | PathLike[str]) -> Any:
        raise FileNotFoundError(path)


class _Finder(metadata.DistributionFinder):
    def find_spec(self, *arguments: object, **named: object) -> None:
        """Find no module."""

    def find_distributions(
        self,
        context: metadata.DistributionFinder.Context = metadata.DistributionFinder.Context(),  # noqa: B008
    ) -> Iterable[metadata.Distribution]:
        return [_Twisted()] if (context.name or "").lower() == "twisted" else []


def answerForTwisted() -> None:
    """Under pytest, make ``importlib.metadata.version("twisted")`` tell the version of core."""
    if "_pytest" not in sys.modules:
        return
    try:
        metadata.version("twisted")
    except metadata.PackageNotFoundError:
        sys.meta_path.append(_Finder())
