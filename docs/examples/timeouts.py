"""
Three ways to wait: for all, for the first, and not for too long.

    python timeouts.py
"""

from twisted.internet.defer import Deferred, TimeoutError, gatherResults, race
from twisted.internet.task import deferLater, react


async def main(reactor):
    def after(seconds, value):
        return deferLater(reactor, seconds, lambda: value)

    print("all:", await gatherResults([after(0.02, "one"), after(0.01, "two")]))

    index, value = await race([after(60, "slow"), after(0.01, "fast")])
    print(f"first: {value} (number {index}); the other one was cancelled")

    try:
        await Deferred().addTimeout(0.01, reactor)
    except TimeoutError:
        print("not for too long: timed out")


react(main)
