"""
Perspective Broker: objects that are called over the network.

A server gives its clients an object, the root, or, once they have logged in, one that acts for
them, an avatar. By these they get references to others, and the server gets references to theirs::

    class Calculator(pb.Root):
        def remote_add(self, a, b):
            return a + b

    reactor.listenTCP(8787, pb.PBServerFactory(Calculator()))

and on the other side::

    factory = pb.PBClientFactory()
    reactor.connectTCP("localhost", 8787, factory)
    root = await factory.getRootObject()
    print(await root.callRemote("add", 1, 2))

Methods may be coroutines. Nothing can be sent but plain data, references, and copies of objects of
classes that the other side has chosen a class for: see `twisted.spread.flavors`.
"""

from __future__ import annotations

from twisted.spread._pb._broker import MAX_BROKER_REFS, Broker
from twisted.spread._pb._errors import (
    CopiedFailure,
    CopyableFailure,
    DeadReferenceError,
    Error,
    PBConnectionLost,
    ProtocolError,
    RemoteError,
    TooManyCalls,
    failure2Copyable,
)
from twisted.spread._pb._factories import PBClientFactory, PBServerFactory
from twisted.spread._pb._login import (
    AsReferenceable,
    Avatar,
    IPerspective,
    IUsernameMD5Password,
    challenge,
    respond,
)
from twisted.spread._pb._metrics import CallMetrics
from twisted.spread._pb._references import (
    Local,
    RemoteMethod,
    RemoteReference,
    TimedReference,
)
from twisted.spread._pb._typed import InvalidCall, RemoteInterface, serves
from twisted.spread.flavors import (
    Cacheable,
    Copyable,
    IPBRoot,
    Jellyable,
    NoSuchMethod,
    Referenceable,
    RemoteCache,
    RemoteCacheObserver,
    RemoteCopy,
    Root,
    Serializable,
    Viewable,
    ViewPoint,
    copyTags,
    setCopierForClass,
    setCopierForClassTree,
    setFactoryForClass,
    setUnjellyableFactoryForClass,
    setUnjellyableForClass,
    setUnjellyableForClassTree,
)
from twisted.spread.jelly import globalSecurity

__all__ = [
    "MAX_BROKER_REFS",
    "AsReferenceable",
    "Avatar",
    "Broker",
    "Cacheable",
    "CallMetrics",
    "CopiedFailure",
    "Copyable",
    "CopyableFailure",
    "DeadReferenceError",
    "Error",
    "IPBRoot",
    "IPerspective",
    "IUsernameMD5Password",
    "InvalidCall",
    "Jellyable",
    "Local",
    "NoSuchMethod",
    "PBClientFactory",
    "PBConnectionLost",
    "PBServerFactory",
    "ProtocolError",
    "Referenceable",
    "RemoteCache",
    "RemoteCacheObserver",
    "RemoteCopy",
    "RemoteError",
    "RemoteInterface",
    "RemoteMethod",
    "RemoteReference",
    "Root",
    "Serializable",
    "TimedReference",
    "TooManyCalls",
    "ViewPoint",
    "Viewable",
    "challenge",
    "copyTags",
    "failure2Copyable",
    "globalSecurity",
    "portno",
    "respond",
    "serves",
    "setCopierForClass",
    "setCopierForClassTree",
    "setFactoryForClass",
    "setUnjellyableFactoryForClass",
    "setUnjellyableForClass",
    "setUnjellyableForClassTree",
]

#: The port that is Perspective Broker's.
portno = 8787

for _name in __all__:
    _value = globals()[_name]
    if isinstance(_value, type) and _value.__module__.startswith("twisted.spread._pb."):
        _value.__module__ = __name__
del _name, _value
