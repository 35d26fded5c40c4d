"""The calls that a broker makes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.spread._pb import _plain
from twisted.spread._pb._errors import DeadReferenceError, PBConnectionLost, ProtocolError
from twisted.spread._pb._plain import NotPlain
from twisted.spread.banana import BananaError

__all__ = ["Outgoing", "octetsOf"]

_log = Logger()

#: Further arguments of `callRemote` that say what is done with the answer.
_OPTIONS = ("pbanswer", "pbcallback", "pberrback")

#: The words of calls in octets.
_IN_OCTETS = {b"message": _plain.MESSAGE, b"cachemessage": _plain.CACHE_MESSAGE}


def octetsOf(name: Any) -> Any:
    """The name of an object or a method as it travels."""
    return name.encode("utf-8") if isinstance(name, str) else name


def _same(result: Any) -> Any:
    return result


class Outgoing:
    """
    Makes calls, and knows who waits for the answers.

    @ivar waiting: by the number of the request, a Deferred, or None if nobody wants the answer.
    """

    def __init__(self, broker: Any) -> None:
        self._broker = broker
        self.waiting: dict[int, Deferred[Any] | None] = {}

    def call(
        self, word: bytes, perspective: Any, target: Any, name: Any, args: Any, kw: Any
    ) -> Any:
        """
        Call a method of the other side.

        @param word: which kind of call it is.
        @return: a Deferred of the result; None if no answer is wanted.
        @raise DeadReferenceError: the connection is gone.
        """
        broker = self._broker
        if broker.disconnected:
            raise DeadReferenceError("Calling Stale Broker")
        name = octetsOf(name)
        if kw and not kw.keys().isdisjoint(_OPTIONS):
            return self._callWithOptions(word, perspective, target, name, args, kw)
        number = broker.newRequestID()
        ready = None
        if broker.plainly:
            try:
                ready = _plain.message(_IN_OCTETS[word], number, target, name, args, kw)
            except (NotPlain, BananaError):
                # Whoever does it in two steps knows better, or says what is wrong.
                pass
        if ready is None:
            try:
                ready = self._octets(word, number, perspective, target, name, 1, args, kw)
            except Exception:
                return fail()
        answer: Deferred[Any] = Deferred(partial(self._cancelled, number))
        self.waiting[number] = answer
        broker.writeOctets(ready)
        return answer

    def _octets(
        self,
        word: bytes,
        number: int,
        perspective: Any,
        target: Any,
        name: bytes,
        wanted: int,
        args: Any,
        kw: Any,
    ) -> Any:
        """The octets of a call."""
        netArgs = self._broker.serialize(args, perspective, name)
        netKw = self._broker.serialize(kw, perspective, name)
        return self._broker.encode((word, number, target, name, wanted, netArgs, netKw))

    def _callWithOptions(
        self, word: bytes, perspective: Any, target: Any, name: bytes, args: Any, kw: Any
    ) -> Any:
        """Call, and do with the answer what further arguments say."""
        wanted, callback, errback = (kw.pop(option, None) for option in _OPTIONS)
        if wanted is None or wanted or callback or errback:
            answer = self.call(word, perspective, target, name, args, kw)
            if callback or errback:
                answer.addCallbacks(callback or _same, errback or _same)
                return None
            return answer
        number = self._broker.newRequestID()
        try:
            octets = self._octets(word, number, perspective, target, name, 0, args, kw)
        except Exception:
            _log.failure("A call that wants no answer could not be sent")
        else:
            self._broker.writeOctets(octets)
        return None

    def _cancelled(self, number: int, answer: Deferred[Any]) -> None:
        """Nobody wants an answer any more; it comes all the same, and is dropped."""
        if self.waiting.get(number) is answer:
            self.waiting[number] = None
            self._broker.sendCancel(number)

    def _take(self, number: Any, use: Callable[[Deferred[Any]], object]) -> None:
        """
        An answer has come.

        @raise ProtocolError: to a question that nobody has asked.
        """
        try:
            answer = self.waiting.pop(number)
        except (KeyError, TypeError):
            raise ProtocolError(f"an answer to {number!r}, which was not asked") from None
        if answer is not None:
            use(answer)

    def answered(self, number: Any, result: Any) -> None:
        """
        A call has returned something.

        @raise ProtocolError: it was not made.
        """
        self._take(number, lambda answer: answer.callback(result))

    def failed(self, number: Any, failure: Failure) -> None:
        """
        A call has failed.

        @raise ProtocolError: it was not made.
        """
        self._take(number, lambda answer: answer.errback(failure))

    def lost(self, reason: Failure) -> None:
        """No answers will come any more."""
        waiting = list(self.waiting.values())
        self.waiting.clear()
        for answer in waiting:
            if answer is not None:
                answer.errback(Failure(PBConnectionLost(reason)))
