"""A resolver over HTTPS (RFC 8484)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.names import common, dns, error
from twisted.names._client._exchange import pad
from twisted.names._client._streams import sections
from twisted.python.failure import Failure

__all__ = ["HTTPSResolver"]

_TYPE = b"application/dns-message"
_MOST_OCTETS = 0xFFFF

Exchange = Callable[[bytes], Awaitable[bytes]]


class HTTPSResolver(common.ResolverBase):
    """
    A resolver that asks a web server.

    ::

        resolver = HTTPSResolver("https://dns.quad9.net/dns-query")

    It needs the extra ``https``, which is twisted-web.

    @ivar dnssecOK: whether the server is asked for the records of DNSSEC.
    @ivar checkingDisabled: whether it is asked not to validate what it finds.
    """

    __module__ = "twisted.names.client"

    dnssecOK = False
    checkingDisabled = False

    def __init__(
        self,
        url: str | bytes,
        timeout: float = 10,
        reactor: Any = None,
        agent: Any = None,
        exchange: Exchange | None = None,
    ) -> None:
        """
        @param url: where messages are sent to.
        @param timeout: seconds for an answer.
        @param agent: the `twisted.web.iweb.IAgent` that asks; one of its own, with connections
            that are kept, if it is None.
        @param exchange: sends a message and gives the answer, in place of an agent.
        @raise ImportError: if twisted-web is needed and not installed.
        """
        super().__init__()
        self._reactor = currentReactor(reactor)
        self.timeout = timeout
        where = url.encode("ascii") if isinstance(url, str) else url
        if not where.lower().startswith(b"https://"):
            raise ValueError(f"{url!r} is no address of HTTPS")
        self._exchange = exchange or _overWeb(where, self._reactor, agent)

    def _lookup(self, name: bytes, cls: int, type: int, timeout: Any) -> common.Lookup:
        answer = Deferred.fromCoroutine(self._ask(dns.Query(name, type, cls)))
        return answer.addTimeout(self.timeout if timeout is None else timeout, self._reactor)

    async def _ask(self, query: dns.Query) -> common.Sections:
        """Send a message, with the id 0 for the sake of caches, and read the answer."""
        message = dns.Message(recDes=1, maxSize=0, checkingDisabled=self.checkingDisabled)
        message.queries = [query]
        header = dns.OPTHeader(udpPayloadSize=1232, dnssecOK=self.dnssecOK)
        message.additional = [header]
        pad(message, header)
        answer = dns.Message()
        answer.fromStr(await self._exchange(message.toStr()))
        if not answer.answer or answer.queries != [query]:
            raise error.ResolverError("the answer is to another question")
        return sections(self, answer)


class _Body(Protocol):
    """Gathers the body of a response."""

    def __init__(self, done: Deferred[Any], complete: type[Exception]) -> None:
        """
        @param done: fires with the body.
        @param complete: why the connection is lost when the body is complete.
        """
        self._done: Deferred[Any] | None = done
        self._complete = complete
        self._pieces: list[bytes] = []
        self._size = 0

    def dataReceived(self, data: bytes) -> None:
        self._size += len(data)
        self._pieces.append(data)
        if self._size > _MOST_OCTETS:
            self._finish(Failure(error.ResolverError("the answer is too long")))
            if self.transport is not None:
                abort = getattr(self.transport, "abortConnection", self.transport.loseConnection)
                abort()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._finish(b"".join(self._pieces) if reason.check(self._complete) else reason)

    def _finish(self, result: bytes | Failure) -> None:
        done, self._done = self._done, None
        if done is not None:
            done.callback(result)


def _overWeb(url: bytes, reactor: Any, agent: Any) -> Exchange:
    """What posts messages to a web server."""
    try:
        from twisted.web.client import Agent, HTTPConnectionPool, ResponseDone
        from twisted.web.http_headers import Headers
        from twisted.web.iweb import IBodyProducer
    except ImportError as missing:
        raise ImportError(
            "DNS over HTTPS needs twisted-web: install twisted-names[https]"
        ) from missing
    from zope.interface import implementer

    @implementer(IBodyProducer)
    class Octets:
        """A body that is there as a whole."""

        def __init__(self, octets: bytes) -> None:
            self.octets = octets
            self.length = len(octets)

        def startProducing(self, consumer: Any) -> Deferred[None]:
            consumer.write(self.octets)
            done: Deferred[None] = Deferred()
            done.callback(None)
            return done

        def pauseProducing(self) -> None: ...

        def resumeProducing(self) -> None: ...

        def stopProducing(self) -> None: ...

    asks = agent or Agent(reactor, pool=HTTPConnectionPool(reactor))
    headers = Headers({b"content-type": [_TYPE], b"accept": [_TYPE]})

    async def post(message: bytes) -> bytes:
        response = await asks.request(b"POST", url, headers, Octets(message))
        kind = (response.headers.getRawHeaders(b"content-type") or [b""])[0]
        if response.code != 200 or kind.partition(b";")[0].strip().lower() != _TYPE:
            raise error.ResolverError(f"the web server answered {response.code} with {kind!r}")
        done: Deferred[bytes] = Deferred()
        response.deliverBody(_Body(done, ResponseDone))
        return await done

    return post
