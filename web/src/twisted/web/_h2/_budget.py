"""What a peer may do so often, and no oftener."""

from __future__ import annotations


class Budget:
    """
    Tokens that are spent, and come back with time.

    @ivar burst: how many there are at most, and at first.
    @ivar rate: how many come back in a second.
    """

    __slots__ = ("burst", "rate", "time", "tokens")

    def __init__(self, burst: float, rate: float, now: float) -> None:
        """
        @param now: the time in seconds.
        """
        self.burst = burst
        self.rate = rate
        self.tokens = burst
        self.time = now

    def spend(self, now: float) -> bool:
        """Take a token; tells whether there was one.  A clock that goes backward costs nothing."""
        if self.tokens < self.burst:
            self.tokens = min(self.burst, self.tokens + max(0.0, now - self.time) * self.rate)
        self.time = now
        self.tokens -= 1
        return self.tokens >= 0

    def earn(self, count: float) -> None:
        """Give tokens for something useful."""
        self.tokens = min(self.burst, self.tokens + count)
