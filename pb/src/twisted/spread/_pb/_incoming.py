"""The calls that a broker works on for the other side."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.spread._pb._errors import Error, ProtocolError, TooManyCalls, failure2Copyable
from twisted.spread._pb._plain import Ready
from twisted.spread.banana import BananaError
from twisted.spread.jelly import InsecureJelly, Jellyable, MalformedJelly

__all__ = ["Incoming"]

_log = Logger()


class Incoming:
    """
    Makes calls for the other side, and sends what comes of them.

    @ivar working: by the number of the request, the Deferred of each that has no result yet.
    """

    def __init__(self, broker: Any) -> None:
        self._broker = broker
        self.working: dict[int, Deferred[Any]] = {}
        self._cancelled: set[int] = set()

    def serve(self, number: Any, target: Any, name: Any, wanted: Any, args: Any, kw: Any) -> None:
        """
        Make a call.

        @param target: the object, or None if there is none of the number that has come.
        @raise ProtocolError: another one with the number is worked on, or the name is none.
        """
        broker = self._broker
        if type(number) is not int or number in self.working:
            raise ProtocolError(f"a call with the number {number!r}")
        try:
            text = str(name, "utf-8")
        except (TypeError, UnicodeDecodeError):
            raise ProtocolError(f"a call of a method with the name {name!r}") from None
        begun = None
        metrics = getattr(broker.factory, "metrics", None)
        try:
            if metrics is not None:
                begun = metrics.begin(target, text)
            if target is None:
                raise Error("Invalid Object ID")
            if len(self.working) >= broker.maxPendingCalls:
                raise TooManyCalls(f"more than {broker.maxPendingCalls} calls are worked on")
            result = target.remoteMessageReceived(broker, text, args, kw)
        except Exception:
            self._failed(Failure(), number, wanted, begun)
            return
        if type(result) is Ready:
            if begun is not None:
                begun.end()
            if wanted and not broker.disconnected:
                broker.writeOctets(result.answer(number))
        elif isinstance(result, Deferred):
            self.working[number] = result
            result.addCallbacks(
                self._done, self._failed, (number, wanted, begun), None, (number, wanted, begun)
            )
        else:
            self._done(result, number, wanted, begun)

    def cancel(self, number: Any) -> None:
        """
        The other side does not want an answer any more; it gets one all the same.

        @raise ProtocolError: that is no number.
        """
        if type(number) is not int:
            raise ProtocolError(f"{number!r} is no number of a request")
        working = self.working.get(number)
        if working is not None:
            self._cancelled.add(number)
            working.cancel()

    def _ended(self, number: int, begun: Any, failure: Failure | None = None) -> bool:
        """A call has ended. @return: whether the other side has cancelled it."""
        self.working.pop(number, None)
        if begun is not None:
            begun.end(failure)
        if number in self._cancelled:
            self._cancelled.remove(number)
            return True
        return False

    def _done(self, result: Any, number: int, wanted: Any, begun: Any) -> None:
        """A call has returned something."""
        self._ended(number, begun)
        if not wanted or self._broker.disconnected:
            return
        try:
            if type(result) is Ready:
                octets = result.answer(number)
            else:
                octets = self._broker.encode((b"answer", number, result))
        except BananaError:
            self._failed(Failure(), number, wanted, None)
        else:
            self._broker.writeOctets(octets)

    def _failed(self, failure: Failure, number: int, wanted: Any, begun: Any) -> None:
        """A call has failed."""
        cancelled = self._ended(number, begun, failure)
        if failure.check(InsecureJelly, MalformedJelly):
            _log.warn("A call with arguments that are not taken: {why}", why=failure.value)
        elif not cancelled and not failure.check(Error):
            _log.failure("Peer will receive following PB traceback:", failure)
        broker = self._broker
        if not wanted or broker.disconnected:
            return
        try:
            octets = broker.encode((b"error", number, self._sendable(failure)))
        except Exception:
            _log.failure("A failure could not be sent")
            unknown = failure2Copyable(Failure(Error("the failure could not be sent")))
            octets = broker.encode((b"error", number, broker.serialize(unknown)))
        broker.writeOctets(octets)

    def _sendable(self, failure: Failure) -> Any:
        """The expression for a failure: that of the exception, if it may be sent."""
        value = failure.value
        if isinstance(value, Jellyable) or self._broker.security.isClassAllowed(type(value)):
            return self._broker.serialize(value)
        unsafe = getattr(self._broker.factory, "unsafeTracebacks", 0)
        return self._broker.serialize(failure2Copyable(failure, unsafe))
