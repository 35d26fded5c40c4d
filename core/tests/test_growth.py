"""Tests that nothing is left over that only the garbage collector could free."""

from __future__ import annotations

import gc

import pytest

from twisted.internet import task
from twisted.internet.defer import (
    Deferred,
    DeferredLock,
    fail,
    gatherResults,
    inlineCallbacks,
    succeed,
)
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import StringTransport
from twisted.protocols.basic import LineReceiver
from twisted.protocols.policies import TimeoutFactory


class Lines(LineReceiver):
    """Sends back what it gets."""

    def lineReceived(self, line):
        """Send it back."""
        self.sendLine(line)


def nothing(result):
    """Take a result."""


def chain():
    """A chain with an error that is handled."""
    deferred = Deferred()
    deferred.addCallback(lambda r: r).addCallback(lambda r: 1 / 0).addErrback(nothing)
    deferred.callback(1)


def nested():
    """A chain that waits for another one."""
    inner, outer = Deferred(), Deferred()
    outer.addCallback(lambda _: inner).addCallback(nothing)
    outer.callback(None)
    inner.callback(None)


def cancelled():
    """A chain that is cancelled while it waits."""
    outer = succeed(None).addCallback(lambda _: Deferred())
    outer.addErrback(nothing)
    outer.cancel()


def coroutine():
    """A coroutine that waits, fails and handles that."""
    pending = Deferred()

    async def work():
        await pending
        try:
            await fail(ValueError())
        except ValueError:
            pass

    Deferred.fromCoroutine(work())
    pending.callback(None)


def broken_coroutine():
    """A coroutine that fails."""
    pending = Deferred()

    async def work():
        await pending
        raise ValueError

    deferred = Deferred.fromCoroutine(work())
    pending.callback(None)
    deferred.addErrback(nothing)


def generator():
    """A generator that waits, and fails."""
    pending = Deferred()

    @inlineCallbacks
    def work():
        yield pending
        raise ValueError

    deferred = work()
    pending.callback(None)
    deferred.addErrback(nothing)


def gathered():
    """Several results, one of them a failure."""
    members = [Deferred() for _ in range(3)]
    both = gatherResults(members, consumeErrors=True)
    members[0].callback(1)
    members[1].errback(ValueError())
    members[2].callback(1)
    both.addErrback(nothing)


def timed():
    """A Deferred that is too slow, and one that is not."""
    clock = task.Clock()
    Deferred().addTimeout(1, clock).addErrback(nothing)
    quick = Deferred().addTimeout(1, clock)
    quick.callback(None)
    clock.advance(2)


def locked():
    """A lock around something that waits."""
    lock, pending = DeferredLock(), Deferred()
    lock.run(lambda: pending)
    lock.run(lambda: None)
    pending.callback(None)


def connection():
    """A connection with a timer, and an error in what is received."""
    clock = task.Clock()
    factory = TimeoutFactory(Factory.forProtocol(Lines), 5)
    factory.callLater = clock.callLater
    protocol = factory.buildProtocol(None)
    protocol.makeConnection(StringTransport())
    protocol.dataReceived(b"x\r\n")
    protocol.connectionLost(None)


def loop():
    """A loop that ends with an error."""
    looping = task.LoopingCall(lambda: 1 / 0)
    looping.clock = task.Clock()
    looping.start(1).addErrback(nothing)


def later():
    """Something later, and something given up."""
    clock = task.Clock()
    task.deferLater(clock, 1, lambda: None)
    task.deferLater(clock, 1, lambda: None).addErrback(nothing).cancel()
    clock.advance(1)


@pytest.mark.parametrize(
    "act",
    [
        chain,
        nested,
        cancelled,
        coroutine,
        broken_coroutine,
        generator,
        gathered,
        timed,
        locked,
        connection,
        loop,
        later,
        Protocol,
    ],
)
def test_nothing_grows(act):
    """Without the garbage collector, doing it 1,000 times leaves no objects behind."""
    for _ in range(50):
        act()
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        for _ in range(1000):
            act()
        grown = len(gc.get_objects()) - before
    finally:
        gc.enable()
    assert grown < 100
