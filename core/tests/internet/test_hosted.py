"""The reactor in the loop of a user interface, by way of one that shows nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from twisted.internet import task
from twisted.internet.protocol import Protocol


class Echo(Protocol):
    def dataReceived(self, data: bytes) -> None:
        self.transport.write(data)


@pytest.fixture
def hosted(kit: Any, errors: Any) -> Iterator[Any]:
    made = kit.onHost()
    yield made
    kit.dispose(made)


@pytest.mark.parametrize("opened", ["by a timer", "by the network"])
def test_goes_on_in_a_loop_inside_of_a_callback(hosted: Any, kit: Any, opened: str) -> None:
    """As dialogs have it, that wait for an answer."""
    pair = kit.Pair(hosted, server=Echo)
    client, order = pair.client, []

    def dialog() -> None:
        order.append("opened")
        client.dataReceived = answered
        client.transport.write(b"a question")
        hosted._runHost()
        order.append("closed")
        hosted.stop()

    def answered(data: bytes) -> None:
        order.append(data)
        hosted.callLater(0.01, later)

    def later() -> None:
        order.append("later")
        hosted._quitHost()

    def start() -> None:
        if opened == "by a timer":
            hosted.callLater(0.01, dialog)
            # Due at the same moment, but not yet served when the dialog opens.
            hosted.callLater(0.01, order.append, "beside")
        else:
            client.dataReceived = lambda data: dialog()
            client.transport.write(b"open")

    kit.run(hosted, start)
    assert [each for each in order if each != "beside"] == [
        "opened",
        b"a question",
        "later",
        "closed",
    ]
    assert ("beside" in order) == (opened == "by a timer")


def test_the_end_of_the_host_stops_the_reactor(hosted: Any, kit: Any) -> None:
    """And what the shutdown waits for is waited for."""
    order: list[str] = []

    def shutdown() -> Any:
        order.append("shutdown")
        return task.deferLater(hosted, 0.01, order.append, "waited")

    hosted.addSystemEventTrigger("before", "shutdown", shutdown)
    hosted.callLater(0.01, hosted._quitHost)
    kit.run(hosted)
    assert order == ["shutdown", "waited"]


def test_a_host_that_runs_for_the_program(hosted: Any, kit: Any) -> None:
    """The reactor is served, and never ends a loop that it has not begun."""
    order: list[str] = []
    hosted.startRunning(installSignalHandlers=False)
    hosted.addSystemEventTrigger("after", "shutdown", order.append, "after")
    hosted.callLater(0.01, hosted.stop)
    hosted._later(0.05, lambda: (order.append("host"), hosted._quitHost()))
    hosted._runHost()
    assert order == ["after", "host"]


def test_an_earlier_timer_replaces_a_later_one(hosted: Any, kit: Any) -> None:
    order: list[int] = []
    far = hosted.callLater(100, order.append, 3)
    hosted.callLater(0.02, order.append, 2)
    hosted.callLater(0.01, order.append, 1)
    hosted.callLater(0.03, hosted.stop)
    assert len(hosted.calls) <= 2
    kit.run(hosted)
    assert order == [1, 2]
    far.cancel()


def test_errors_do_not_reach_the_host(hosted: Any, kit: Any, errors: Any) -> None:
    def fail() -> None:
        raise RuntimeError("of the program")

    hosted.callLater(0, fail)
    hosted.callLater(0.01, hosted.stop)
    kit.run(hosted)
    assert len(errors.take(RuntimeError)) == 1


def test_crash(hosted: Any, kit: Any) -> None:
    hosted.callLater(0.01, hosted.crash)
    order: list[str] = []
    hosted.addSystemEventTrigger("during", "shutdown", order.append, "shutdown")
    kit.run(hosted)
    assert order == []
    # It may be run again.
    hosted.callLater(0.01, hosted.stop)
    kit.run(hosted)
    assert order == ["shutdown"]


def test_simulate_has_one_turn(hosted: Any) -> None:
    order: list[int] = []
    hosted.callLater(0, order.append, 1)
    hosted.simulate()
    assert order == [1]
