"""The beginning and the end of an application of ASGI."""

from __future__ import annotations

import asyncio
from typing import Any

from twisted.internet.asyncioloop import startTask
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web._asgi._call import Application
from twisted.web._asgi._scope import LIFESPAN, Message

_log = Logger()


class LifespanFailed(Exception):
    """An application says that it could not begin, or not end in good order."""

    __module__ = "twisted.web.asgi"


class Lifespan:
    """
    Tells an application when it begins and when it ends, if it wants to know.

    @ivar state: what it puts here, each request finds in its scope.
    """

    def __init__(self, application: Application) -> None:
        self.state: dict[str, Any] = {}
        self._application = application
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self._started: Deferred[None] = Deferred()
        self._ended: Deferred[None] = Deferred()
        # Whether the application has taken the first message to heart.
        self._listens = False
        self._task: asyncio.Task[None] | None = None

    def startup(self) -> Deferred[None]:
        """
        Let the application begin.

        @return: fires when it has, or knows nothing of this; fails with `LifespanFailed`.
        """
        self._messages.put_nowait({"type": "lifespan.startup"})
        self._task = startTask(self._run(), lasting=True)
        return self._started

    def shutdown(self) -> Deferred[None]:
        """
        Let the application end.

        @return: fires when it has; cancelling it cancels the application.
        """
        task = self._task
        if task is None or task.done() or not self._listens:
            if task is not None:
                task.cancel()
            done: Deferred[None] = Deferred()
            done.callback(None)
            return done
        self._ended = Deferred(lambda _: task.cancel())
        self._messages.put_nowait({"type": "lifespan.shutdown"})
        return self._ended

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": LIFESPAN, "state": self.state}
        try:
            await self._application(scope, self._messages.get, self._send)
        except asyncio.CancelledError:
            raise
        except Exception:
            if self._listens:
                _log.failure("The application has failed between its beginning and its end")
            elif not self._started.called:
                # "the server must continue but not send any lifespan events"
                _log.info(
                    "The application wants to know nothing of beginnings and ends: {error}",
                    error=Failure().getErrorMessage(),
                )
        finally:
            self._tell(self._started)
            self._tell(self._ended)

    @staticmethod
    def _tell(waiting: Deferred[None], failure: str | None = None) -> None:
        if waiting.called:
            return
        if failure is None:
            waiting.callback(None)
        else:
            waiting.errback(LifespanFailed(failure))

    async def _send(self, message: Message) -> None:
        """
        Take a message of the application.

        @raise RuntimeError: if it makes no sense.
        """
        kind = message["type"]
        reason = str(message.get("message") or "the application does not say why")
        if kind == "lifespan.startup.complete":
            self._listens = True
            self._tell(self._started)
        elif kind == "lifespan.startup.failed":
            self._tell(self._started, reason)
        elif kind == "lifespan.shutdown.complete":
            self._tell(self._ended)
        elif kind == "lifespan.shutdown.failed":
            self._tell(self._ended, reason)
        else:
            raise RuntimeError(f"a message of type {kind!r} says nothing about a lifespan")
