"""What holds for the tests of all distributions."""

from __future__ import annotations

import faulthandler
import signal

import pytest

from monorepo import fuzz


def pytest_configure() -> None:
    """
    Undo what a job in the background inherits: programs that are sent SIGINT must see it.

    Examples that hypothesis makes up may take any time, on a machine that is busy.
    """
    try:
        from hypothesis import settings
    except ImportError:
        pass
    else:
        settings.register_profile("busy", deadline=None)
        settings.load_profile("busy")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_unconfigure() -> None:
    """Tell what keeps the process alive if it does not end."""
    faulthandler.dump_traceback_later(60, exit=True)


@pytest.fixture
def fuzzed(request: pytest.FixtureRequest) -> int:
    """Feed the target of a module with its seeds and what is damaged of them. @return: how many."""
    check, count = fuzz.checker(request.module), 0
    for data in fuzz.damaged(request.module.SEEDS):
        check(data)
        count += 1
    return count
