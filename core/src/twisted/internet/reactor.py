"""
The global reactor: ``from twisted.internet import reactor`` installs the default one.

A program that wants another reactor installs it before anything imports this.  By then this name is
the reactor itself, not this module.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from twisted.internet import default

if TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """To type checkers, this module is the reactor."""


# Whoever imports this is about to get the reactor in its place.
del sys.modules["twisted.internet.reactor"]
default.install()
