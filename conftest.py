"""What holds for the tests of all distributions."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Undo what a job in the background inherits: programs that are sent SIGINT must see it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
