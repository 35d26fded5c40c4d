"""
A server and a client of Perspective Broker, for this project and the published release.

    both_releases.py server             prints two ports: of a root, and of a portal
    both_releases.py client PORT PORT   prints what has come of its calls as JSON
"""

import gc
import json
import sys

from zope.interface import implementer

from twisted.cred.checkers import AllowAnonymousAccess, InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.credentials import Anonymous, UsernamePassword
from twisted.cred.portal import IRealm, Portal
from twisted.internet import reactor
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.task import deferLater
from twisted.spread import pb, util


class Refusal(pb.Error):
    """For the caller."""


class Point(pb.Copyable):
    def __init__(self, x):
        self.x = x


class RemotePoint(pb.RemoteCopy):
    pass


class Counter(pb.Cacheable):
    count = 0
    stopped = 0

    def getStateToCacheAndObserveFor(self, perspective, observer):
        self.observer = observer
        return {"count": self.count}

    def stoppedObserving(self, perspective, observer):
        Counter.stopped += 1


class CounterCopy(pb.RemoteCache):
    def observe_count(self, count):
        self.count = count
        return count


class Thing(pb.Referenceable):
    def remote_name(self, *args, **kw):
        return ("thing", args, kw)

    def remote_fail(self):
        raise Refusal("from the client")


pb.setUnjellyableForClass("both.Point", RemotePoint)
pb.setUnjellyableForClass("both.Counter", CounterCopy)
Point.getTypeToCopy = lambda self: b"both.Point"
Counter.getTypeToCopy = lambda self: b"both.Counter"


class Root(pb.Root):
    def __init__(self):
        self.thing = Thing()
        self.counter = Counter()

    def rootObject(self, broker):
        self.broker = broker
        return self

    def remote_echo(self, value):
        return value

    def remote_refuse(self):
        raise Refusal("no")

    def remote_thing(self):
        return self.thing

    def remote_isThing(self, thing):
        return thing is self.thing

    def remote_references(self):
        return len(self.broker.localObjects)

    def remote_call(self, reference, name, *args, **kw):
        return reference.callRemote(name, *args, **kw)

    def remote_point(self):
        return Point([1, "two"])

    def remote_pointOf(self, point):
        return point.x

    def remote_counter(self):
        return self.counter

    def remote_isCounter(self, counter):
        return counter is self.counter

    def remote_increase(self):
        self.counter.count += 1
        return self.counter.observer.callRemote("count", self.counter.count)

    def remote_stopped(self):
        return Counter.stopped

    def remote_never(self):
        return Deferred()

    def remote_pages(self, collector, data):
        util.StringPager(collector, data, 1000)

    def remote_twice(self):
        same = ["same"]
        cycle = [same, same]
        cycle.append(cycle)
        return cycle


class View(pb.Viewable):
    def view_whose(self, perspective):
        return perspective.name


class User(pb.Avatar):
    def __init__(self, name, mind):
        self.name, self.mind = name, mind

    def perspective_name(self):
        return self.name

    def perspective_view(self):
        return View()

    def perspective_ask(self, *args):
        return self.mind.callRemote("name", *args)


@implementer(IRealm)
class Realm:
    def requestAvatar(self, avatarId, mind, *interfaces):
        return pb.IPerspective, User(avatarId or b"nobody", mind), lambda: None


def serve():
    """Serve a root, and a portal."""
    users = InMemoryUsernamePasswordDatabaseDontUse(ann=b"secret")
    portal = Portal(Realm(), [users, AllowAnonymousAccess()])
    ports = [
        reactor.listenTCP(0, pb.PBServerFactory(served), interface="127.0.0.1").getHost().port
        for served in (Root(), portal)
    ]
    print(*ports, flush=True)


VALUES = [
    0,
    -(2**31),
    2**31,
    -(2**200),
    1.5,
    "text",
    "\xfc" * 200,
    b"octets",
    b"list",
    "dictionary",
    None,
    True,
    [1, [2, {"a": (3,)}]],
    {1: "one", "two": 2},
    {3},
    list(range(1000)),
    b"x" * 600_000,
]

RESULTS = {}


def note(name, value):
    """Write down what has come of a call."""
    RESULTS[name] = value if isinstance(value, (int, str)) else repr(value)


@inlineCallbacks
def failing(name, call):
    """Write down how a call fails."""
    try:
        yield call
    except Exception as error:
        kind = getattr(error, "remoteType", None) or type(error).__name__.encode()
        note(name, f"{kind.decode()}: {error}")
    else:
        note(name, "it did not fail")


@inlineCallbacks
def useRoot(port):
    """Use the root."""
    factory = pb.PBClientFactory()
    reactor.connectTCP("127.0.0.1", port, factory)
    root = yield factory.getRootObject()
    for index, value in enumerate(VALUES):
        got = yield root.callRemote("echo", value)
        note(f"value {index}", got == value and type(got) is type(value))
    yield failing("refused", root.callRemote("refuse"))
    yield failing("no such method", root.callRemote("nothing"))
    thing = yield root.callRemote("thing")
    note("called", (yield thing.callRemote("name", 1, b="c")))
    note("is the thing", (yield root.callRemote("isThing", thing)))
    note("references", (yield root.callRemote("references")))
    del thing
    gc.collect()
    note("references afterwards", (yield root.callRemote("references")))
    mine = Thing()
    note("called back", (yield root.callRemote("call", mine, "name", "x", y=None)))
    yield failing("failed back", root.callRemote("call", mine, "fail"))
    point = yield root.callRemote("point")
    note("point", (type(point).__name__, point.x))
    note("point of", (yield root.callRemote("pointOf", Point("here"))))
    counter = yield root.callRemote("counter")
    again = yield root.callRemote("counter")
    note("count", (counter.count, again.count))
    note("increased", (yield root.callRemote("increase")))
    note("count afterwards", (counter.count, again.count))
    note("is the counter", (yield root.callRemote("isCounter", counter)))
    note("stopped", (yield root.callRemote("stopped")))
    del counter, again
    gc.collect()
    note("stopped afterwards", (yield root.callRemote("stopped")))
    pages = yield util.getAllPages(root, "pages", b"p" * 2500)
    note("pages", [len(page) for page in pages])
    cycle = yield root.callRemote("twice")
    note("twice", cycle[0] is cycle[1] and cycle[2] is cycle)
    unwanted = root.callRemote("never")
    unwanted.cancel()
    yield failing("cancelled", unwanted)
    note("goes on", (yield root.callRemote("echo", "on")))
    never = root.callRemote("never")
    factory.disconnect()
    try:
        yield never
    except pb.PBConnectionLost:
        note("never", "the connection was lost")
    yield deferLater(reactor, 0, lambda: None)
    try:
        root.callRemote("echo", 1)
    except pb.DeadReferenceError:
        note("dead", "it is")


@inlineCallbacks
def usePortal(port):
    """Log in."""
    factory = pb.PBClientFactory()
    reactor.connectTCP("127.0.0.1", port, factory)
    user = yield factory.login(UsernamePassword(b"ann", b"secret"), Thing())
    note("name", (yield user.callRemote("name")))
    view = yield user.callRemote("view")
    note("view", (yield view.callRemote("whose")))
    note("asked", (yield user.callRemote("ask", 5)))
    yield failing("wrong password", factory.login(UsernamePassword(b"ann", b"guess")))
    anonymous = yield factory.login(Anonymous())
    note("anonymous", (yield anonymous.callRemote("name")))
    factory.disconnect()


@inlineCallbacks
def use(rootPort, portalPort):
    """Use both, and print what has come of it."""
    try:
        yield useRoot(int(rootPort))
        yield usePortal(int(portalPort))
    except Exception as error:
        note("problem", repr(error))
    print(json.dumps(RESULTS, sort_keys=True), flush=True)
    reactor.stop()


if sys.argv[1] == "server":
    serve()
else:
    reactor.callWhenRunning(use, *sys.argv[2:])
reactor.run()
