"""Call functions without some of their warnings."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

__all__ = ["runWithWarningsSuppressed"]


def runWithWarningsSuppressed(
    suppressedWarnings: Iterable[tuple[tuple[Any, ...], Mapping[str, Any]]],
    f: Callable[..., Any],
    *args: Any,
    **kwargs: Any,
) -> Any:
    """
    Call `f`, while some warnings are left out.

    @param suppressedWarnings: the arguments, by position and by name, of a call of
        `warnings.filterwarnings` each.
    @return: what `f` returns.
    """
    with warnings.catch_warnings():
        for by_position, by_name in suppressedWarnings:
            warnings.filterwarnings(*by_position, **by_name)
        return f(*args, **kwargs)
