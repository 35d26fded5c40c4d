"""The plugin of pytest, in a pytest of its own."""

import subprocess
import sys

import pytest

#: What those runs do not need, and what takes most of their time.
WITHOUT = [f"-pno:{name}" for name in ("cacheprovider", "hypothesispytest", "timeout", "xdist")]


@pytest.fixture
def outcomes(tmp_path):
    """Runs a module of tests. @return: what pytest says of it at the end, and all that it says."""

    def run(text, settings="", *arguments):
        (tmp_path / "test_it.py").write_text("import pytest\n" + text)
        (tmp_path / "pytest.ini").write_text(f"[pytest]\n{settings}\n")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *WITHOUT, *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        output = done.stdout + done.stderr
        return output.strip().splitlines()[-1], output

    return run


def test_coroutines_and_deferreds(outcomes):
    """They are waited for; what they raise fails the test."""
    summary, output = outcomes(
        """
from twisted.internet import defer, task

@pytest.mark.twisted
async def test_waits(reactor, tmp_path):
    assert await task.deferLater(reactor, 0.01, lambda: tmp_path) == tmp_path

@pytest.mark.twisted
def test_deferred(reactor):
    return task.deferLater(reactor, 0, lambda: None)

@pytest.mark.twisted
async def test_fails(reactor):
    assert await task.deferLater(reactor, 0, lambda: 1) == 2

@pytest.mark.twisted
def test_fails_later():
    return defer.fail(KeyError("on purpose"))

@pytest.mark.twisted
@pytest.mark.parametrize("number", [1, 2])
async def test_many(number):
    assert number == 1
"""
    )
    assert "3 failed, 3 passed" in summary
    assert "assert 1 == 2" in output
    assert "on purpose" in output


def test_unclean_reactors(outcomes):
    """What is left fails the test, and is no concern of the next."""
    summary, output = outcomes(
        """
from twisted.internet import protocol

@pytest.mark.twisted
async def test_call(reactor):
    reactor.callLater(100, int)

@pytest.mark.twisted
async def test_port(reactor):
    reactor.listenTCP(0, protocol.Factory(), interface="127.0.0.1")

@pytest.mark.twisted
async def test_clean(reactor):
    assert not reactor.getDelayedCalls()
"""
    )
    assert "2 failed, 1 passed" in summary
    assert "left the reactor unclean" in output
    assert "left descriptors in the reactor" in output


def test_time_outs_and_stops(outcomes):
    """A test that takes too long fails; one that stops the reactor interrupts the run."""
    summary, output = outcomes(
        """
from twisted.internet import defer

@pytest.mark.twisted(timeout=0.01)
async def test_long():
    await defer.Deferred()
"""
    )
    assert "1 failed" in summary
    assert "TimeoutError" in output
    _, output = outcomes(
        """
from twisted.internet import defer

@pytest.mark.twisted
async def test_stops(reactor):
    reactor.callLater(0, reactor.stop)
    await defer.Deferred()
"""
    )
    assert "KeyboardInterrupt" in output


def test_threads(outcomes):
    """Threads of the reactor's pool end with the run."""
    summary, _ = outcomes(
        """
from twisted.internet import threads

@pytest.mark.twisted
async def test_thread(reactor):
    assert await threads.deferToThread(lambda: 1) == 1
"""
    )
    assert "1 passed" in summary


def test_modes(outcomes):
    """In the mode ``auto`` coroutines need no mark; other plugins have them otherwise."""
    text = """
async def test_not_marked(reactor):
    from twisted.internet import task
    await task.deferLater(reactor, 0, lambda: None)
"""
    assert "1 passed" in outcomes(text, "twisted_mode = auto")[0]
    assert "1 passed" not in outcomes(text)[0]
    assert "either strict or auto" in outcomes(text, "twisted_mode = odd")[1]
    assert "1 passed" in outcomes("def test_plain(): pass", "", "-p", "no:twisted")[0]


def test_the_plugin_costs_little(outcomes):
    """Runs of pytest without such tests install no reactor."""
    summary, _ = outcomes(
        """
import sys
def test_plain():
    assert "twisted.internet.reactor" not in sys.modules
    assert "twisted.internet.defer" not in sys.modules
"""
    )
    assert "1 passed" in summary
