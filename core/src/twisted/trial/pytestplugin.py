"""
A plugin of pytest, which finds it by itself: tests that are coroutines or return Deferreds::

    import pytest

    @pytest.mark.twisted
    async def test_lookup(reactor):
        assert await lookup("name", reactor) == "value"

The reactor runs until such a test is done, 120 seconds at most unless it says
``@pytest.mark.twisted(timeout=5)``. A test that leaves delayed calls or descriptors in the reactor
fails. With ``twisted_mode = auto`` in pytest's settings every coroutine is such a test, marked or
not.

``-p no:twisted`` leaves the plugin out.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Any

import pytest

__all__ = [
    "pytest_addoption",
    "pytest_configure",
    "pytest_pyfunc_call",
    "pytest_unconfigure",
    "reactor",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the setting ``twisted_mode``."""
    parser.addini(
        "twisted_mode",
        "strict: marked tests wait for the reactor; auto: all coroutines do",
        default="strict",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Add the mark ``twisted``; look at the setting."""
    config.addinivalue_line(
        "markers",
        "twisted(timeout=120): run the reactor until the coroutine, or the Deferred that the test "
        "returns, is done",
    )
    if config.getini("twisted_mode") not in ("strict", "auto"):
        raise pytest.UsageError("twisted_mode is either strict or auto")


def pytest_unconfigure() -> None:
    """Shut the reactor down, if there is one: its threads would keep the process alive."""
    installed = sys.modules.get("twisted.internet.reactor")
    if installed is not None:
        from twisted.internet.currentreactor import currentReactor

        currentReactor().fireSystemEvent("shutdown")


@pytest.fixture
def reactor() -> Any:
    """The reactor of the process."""
    from twisted.internet import reactor

    return reactor


def _wanted(item: pytest.Function) -> bool:
    """Whether a test waits for the reactor."""
    if item.get_closest_marker("twisted") is not None:
        return True
    automatic = item.config.getini("twisted_mode") == "auto"
    return automatic and inspect.iscoroutinefunction(item.obj)


def _timeout(item: pytest.Function) -> float:
    from twisted.trial.util import DEFAULT_TIMEOUT_DURATION

    mark = item.get_closest_marker("twisted")
    given = DEFAULT_TIMEOUT_DURATION if mark is None else mark.kwargs.get("timeout")
    return DEFAULT_TIMEOUT_DURATION if given is None else float(given)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that waits for the reactor, and see that it leaves that clean."""
    if not _wanted(pyfuncitem):
        return None
    from twisted.internet import reactor
    from twisted.internet.defer import Deferred, maybeDeferred
    from twisted.trial._janitor import cleanAfterTest
    from twisted.trial._spinning import spin

    the_reactor: Any = reactor
    names = pyfuncitem._fixtureinfo.argnames
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    limit = _timeout(pyfuncitem)

    def start() -> Deferred[Any]:
        running = maybeDeferred(pyfuncitem.obj, **arguments)
        return running if running.called else running.addTimeout(limit, the_reactor)

    before = set(map(id, _watched(the_reactor)))
    try:
        spin(the_reactor, start)
    finally:
        left = [each for each in _watched(the_reactor) if id(each) not in before]
        unclean = cleanAfterTest(the_reactor)
        for each in left:
            the_reactor.removeReader(each)
            the_reactor.removeWriter(each)
    if left:
        pytest.fail(f"the test left descriptors in the reactor: {left}")
    if unclean is not None:
        pytest.fail(unclean.getErrorMessage())
    return True


def _watched(reactor: Any) -> Iterator[Any]:
    """What a reactor watches, without its own parts."""
    internal = getattr(reactor, "_internalReaders", ())
    seen = {id(each): each for each in reactor.getReaders() + reactor.getWriters()}
    return (each for each in seen.values() if each not in internal)
