"""
A chat, with logins: what users say comes to all who are there.

    python pb_chat.py serve [ENDPOINT]          (default: tcp:8787:interface=127.0.0.1)
    python pb_chat.py say NAME PASSWORD ENDPOINT TEXT

There are ann (password: red) and bob (password: blue). ``say`` logs in, says something, waits until
it has heard that itself, and leaves.
"""

import sys

from zope.interface import implementer

from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.credentials import UsernamePassword
from twisted.cred.portal import IRealm, Portal
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import clientFromString, serverFromString
from twisted.internet.task import react
from twisted.spread import pb


class User(pb.Avatar):
    """What acts for a user who is logged in: its methods are the user's."""

    def __init__(self, name, room, screen):
        self.name = name
        self.room = room
        self.screen = screen
        room.append(self)

    def perspective_say(self, text):
        for user in self.room:
            # Nobody waits for those who are slow.
            user.screen.callRemote("show", self.name, text, pbanswer=False)
        return len(self.room)

    def leave(self):
        self.room.remove(self)


@implementer(IRealm)
class Chat:
    def __init__(self):
        self.room = []

    def requestAvatar(self, avatarId, mind, *interfaces):
        # The mind is what the client has given to `login`: a reference to its screen.
        user = User(avatarId.decode(), self.room, mind)
        return pb.IPerspective, user, user.leave


async def serve(reactor, endpoint="tcp:8787:interface=127.0.0.1"):
    checker = InMemoryUsernamePasswordDatabaseDontUse(ann=b"red", bob=b"blue")
    factory = pb.PBServerFactory(Portal(Chat(), [checker]))
    port = await serverFromString(reactor, endpoint).listen(factory)
    print("listening on", port.getHost().port, flush=True)
    await Deferred()


class Screen(pb.Referenceable):
    """What the server shows things on."""

    def __init__(self, name):
        self.name = name
        self.heard = Deferred()

    def remote_show(self, name, text):
        print(f"{name}: {text}", flush=True)
        if name == self.name and not self.heard.called:
            self.heard.callback(None)


async def say(reactor, name, password, endpoint, text):
    factory = pb.PBClientFactory()
    await clientFromString(reactor, endpoint).connect(factory)
    screen = Screen(name)
    try:
        user = await factory.login(UsernamePassword(name.encode(), password.encode()), screen)
    except pb.RemoteError as error:
        raise SystemExit(f"not let in: {error.remoteType.decode()}") from None
    present = await user.callRemote("say", text)
    await screen.heard
    print(present, "present")
    factory.disconnect()


react({"serve": serve, "say": say}[sys.argv[1]], sys.argv[2:])
