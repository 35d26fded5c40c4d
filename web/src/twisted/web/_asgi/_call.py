"""What requests and WebSocket connections of ASGI have in common."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

from zope.interface import implementer

from twisted.internet.interfaces import IPushProducer
from twisted.web._asgi._scope import ClientDisconnected, Message, Scope

Application = Callable[
    [Scope, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]


@implementer(IPushProducer)
class Call(ABC):
    """
    An application that runs for a client.

    @ivar gone: whether the client has left.
    """

    def __init__(self, application: Application, scope: Scope) -> None:
        self.gone = False
        self._application = application
        self._scope = scope
        # Who waits for the client to take what was sent, and whether it has enough.
        self._full = False
        self._writers: list[asyncio.Future[None]] = []

    async def run(self) -> None:
        """Run the application to its end; nothing is raised but `asyncio.CancelledError`."""
        try:
            await self._application(self._scope, self.receive, self.send)
        except asyncio.CancelledError:
            self.cancelled()
            raise
        except Exception as error:
            if not (self.gone and isinstance(error, ClientDisconnected)):
                self.failed(error)
        else:
            self.returned()

    @abstractmethod
    async def receive(self) -> Message:
        """The next message for the application."""

    @abstractmethod
    async def send(self, message: Message) -> None:
        """Take a message of the application."""

    @abstractmethod
    def watch(self) -> None:
        """
        Take note of a client that leaves.

        That is called after the first step of the application; many take no other.
        """

    @abstractmethod
    def returned(self) -> None:
        """The application has returned."""

    @abstractmethod
    def failed(self, error: Exception) -> None:
        """The application has raised an exception."""

    @abstractmethod
    def cancelled(self) -> None:
        """The application was cancelled: the server ends."""

    # Back-pressure

    async def drained(self) -> None:
        """
        Wait until the client has taken enough of what was sent.

        @raise ClientDisconnected: if it leaves instead.
        """
        if self._full and not self.gone:
            waiting = asyncio.get_running_loop().create_future()
            self._writers.append(waiting)
            await waiting
        if self.gone:
            raise ClientDisconnected("the client has left")

    def pauseProducing(self) -> None:
        """The client has enough to read."""
        self._full = True

    def resumeProducing(self) -> None:
        """The client can take more."""
        self._full = False
        waiting, self._writers = self._writers, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def stopProducing(self) -> None:
        """The client has left."""
        self.leave()

    def leave(self) -> None:
        """Note that the client has left, and tell whoever waits."""
        self.gone = True
        self.resumeProducing()
