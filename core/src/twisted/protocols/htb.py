"""
Limits on bandwidth that connections share: a hierarchy of token buckets.

A bucket holds so much, and drips so fast; what it cannot hold has to wait. The bucket of a
connection may have a parent, such as one for all connections from a host, and that another one, for
the whole server.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from time import time
from typing import Any

from zope.interface import Interface, implementer

from twisted.internet.currentreactor import currentReactor
from twisted.protocols import pcp

__all__ = [
    "Bucket",
    "FilterByHost",
    "FilterByServer",
    "HierarchicalBucketFilter",
    "IBucketFilter",
    "ShapedConsumer",
    "ShapedProtocolFactory",
    "ShapedTransport",
]


#: How long a connection waits after it has filled its bucket, in seconds.
_PAUSE = 0.05


class Bucket:
    """
    A bucket.

    @param parentBucket: whatever goes into this goes into that one, too.
    @cvar maxburst: how much it holds; None for any amount.
    @cvar rate: how much it drips in a second.
    """

    maxburst: float | None = None
    rate: float | None = None

    _refcount = 0

    def __init__(self, parentBucket: Bucket | None = None) -> None:
        self.content: float = 0
        self.parentBucket = parentBucket
        self.lastDrip: float = time()

    def add(self, amount: float) -> float:
        """
        Put in as much of `amount` as there is room for.

        @return: how much that is.
        """
        self.drip()
        if self.maxburst is None:
            allowable: float = amount
        else:
            allowable = min(amount, self.maxburst - self.content)
        if self.parentBucket is not None:
            allowable = self.parentBucket.add(allowable)
        self.content += allowable
        return allowable

    def drip(self) -> bool:
        """
        Let out what has dripped since the last time.

        @return: whether it is empty now, and so are its parents.
        """
        if self.parentBucket is not None:
            self.parentBucket.drip()
        if self.rate is None:
            self.content = 0
        else:
            now = time()
            self.content = max(0, self.content - (now - self.lastDrip) * self.rate)
            self.lastDrip = now
        return self.content == 0


class IBucketFilter(Interface):
    """Chooses buckets."""

    def getBucketFor(*somethings: Any, **some_kw: Any) -> Any:
        """The `Bucket` for something, such as a transport."""


@implementer(IBucketFilter)
class HierarchicalBucketFilter:
    """
    Chooses a bucket by a key, and makes it when it is first wanted.

    @param parentFilter: chooses the parents of the buckets.
    @cvar bucketFactory: makes the buckets.
    @cvar sweepInterval: how often buckets that are empty and not in use are thrown away, in
        seconds; None for never.
    """

    bucketFactory: Callable[..., Bucket] = Bucket
    sweepInterval: float | None = None

    def __init__(self, parentFilter: Any = None) -> None:
        self.buckets: dict[Any, Bucket] = {}
        self.parentFilter = parentFilter
        self.lastSweep = time()

    def getBucketFor(self, *a: Any, **kw: Any) -> Bucket:
        """The bucket for something; parameters as those of `getBucketKey`."""
        if self.sweepInterval is not None and time() - self.lastSweep > self.sweepInterval:
            self.sweep()
        parent = None
        if self.parentFilter is not None:
            parent = self.parentFilter.getBucketFor(self, *a, **kw)
        key = self.getBucketKey(*a, **kw)
        bucket = self.buckets.get(key)
        if bucket is None:
            bucket = self.buckets[key] = self.bucketFactory(parent)
        return bucket

    def getBucketKey(self, *a: Any, **kw: Any) -> Hashable:
        """What tells buckets apart; to be overridden."""
        raise NotImplementedError(f"{type(self).__name__}.getBucketKey")

    def sweep(self) -> None:
        """Throw away buckets that are empty and not in use."""
        for key, bucket in list(self.buckets.items()):
            if bucket.drip() and not bucket._refcount:
                del self.buckets[key]
        self.lastSweep = time()


class FilterByHost(HierarchicalBucketFilter):
    """A bucket for each host at the other side."""

    sweepInterval = 60 * 20

    def getBucketKey(self, transport: Any) -> Hashable:
        """The address of the host."""
        return transport.getPeer().host  # type: ignore[no-any-return]


class FilterByServer(HierarchicalBucketFilter):
    """A bucket for each port that is listened on."""

    sweepInterval = None

    def getBucketKey(self, transport: Any) -> Hashable:
        """The number of the port."""
        return transport.getHost().port  # type: ignore[no-any-return]


class ShapedConsumer(pcp.ProducerConsumerProxy):
    """
    Hands on to a consumer as fast as a bucket allows.

    @param consumer: the consumer.
    @param bucket: the `Bucket`.
    """

    iAmStreaming = False

    def __init__(self, consumer: Any, bucket: Bucket) -> None:
        pcp.ProducerConsumerProxy.__init__(self, consumer)
        self.bucket = bucket
        self.bucket._refcount += 1
        self._reactor: Any = currentReactor()
        self._later: Any = None

    def _writeSomeData(self, data: bytes) -> int:
        if self.consumer is None:
            return 0
        allowed = int(self.bucket.add(len(data)))
        if allowed:
            self.consumer.write(data[:allowed])
        if allowed < len(data) and self._later is None:
            # As soon as some of it fits.
            wait = _PAUSE if allowed else min(1.0, 1 / (self.bucket.rate or 1))
            self._later = self._reactor.callLater(wait, self._again)
        return allowed

    def _again(self) -> None:
        self._later = None
        if self.consumer is not None and not self.paused:
            self.resumeProducing()

    def stopProducing(self) -> None:
        """The consumer takes no more, ever."""
        later, self._later = self._later, None
        if later is not None:
            later.cancel()
        pcp.ProducerConsumerProxy.stopProducing(self)
        self.bucket._refcount -= 1


class ShapedTransport(ShapedConsumer):
    """
    Wraps a transport: what is written goes out as fast as a bucket allows.

    @cvar iAmStreaming: whether it is a push producer to the transport.
    """

    iAmStreaming = False

    def __getattr__(self, name: str) -> Any:
        # What is not about writing is the transport's.
        return getattr(self.consumer, name)


class ShapedProtocolFactory:
    """
    Makes protocols whose transports are shaped: in place of a class of protocols.

    @param protoClass: makes the protocols.
    @param bucketFilter: an `IBucketFilter`, which chooses a bucket for each transport.
    """

    def __init__(self, protoClass: Callable[..., Any], bucketFilter: Any) -> None:
        self.protocol = protoClass
        self.bucketFilter = bucketFilter

    def __call__(self, *a: Any, **kw: Any) -> Any:
        protocol = self.protocol(*a, **kw)
        original = protocol.makeConnection

        def makeConnection(transport: Any) -> Any:
            bucket = self.bucketFilter.getBucketFor(transport)
            return original(ShapedTransport(transport, bucket))

        protocol.makeConnection = makeConnection
        return protocol
