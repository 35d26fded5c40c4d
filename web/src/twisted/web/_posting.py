"""Clients that post calls to a URL and read what comes back."""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from urllib.parse import urlsplit

from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.web import error, http
from twisted.web._client._agents import Agent
from twisted.web._client._bodies import BytesBodyProducer, PartialDownloadError, readBody
from twisted.web.http_headers import Headers

__all__ = ["MOST_OF_ANSWER", "PostingClient"]

#: How many bytes an answer may have.
MOST_OF_ANSWER = 64 * 2**20


class PostingClient:
    """
    Posts to a URL.

    A name and a password in the URL are used for Basic authentication, and not sent otherwise.

    @cvar maxAnswerSize: how many bytes an answer may have.
    """

    maxAnswerSize = MOST_OF_ANSWER

    def __init__(
        self,
        url: bytes,
        agent: bytes,
        user: bytes | None = None,
        password: bytes | None = None,
        connectTimeout: float = 30.0,
        reactor: Any = None,
    ) -> None:
        """
        @param url: of HTTP or HTTPS.
        @param agent: what this calls itself.
        @param connectTimeout: how many seconds connecting may take.
        """
        parts = urlsplit(url)
        credentials, _, place = parts.netloc.rpartition(b"@")
        if credentials:
            name, _, secret = credentials.partition(b":")
            user = name if user is None else user
            password = secret if password is None else password
        self._url = parts._replace(netloc=place, path=parts.path or b"/", fragment=b"").geturl()
        self._headers = Headers(
            {b"content-type": [b"text/xml; charset=utf-8"], b"user-agent": [agent]}
        )
        if user is not None:
            pair = b64encode(b"%b:%b" % (user, password or b""))
            self._headers.setRawHeaders(b"authorization", [b"Basic " + pair])
        self._agent = Agent(currentReactor(reactor), connectTimeout=connectTimeout)

    def _post(
        self, body: bytes, codes: tuple[int, ...] = (http.OK,), headers: Headers | None = None
    ) -> Deferred[bytes]:
        """
        Post something.

        @param codes: the statuses of answers.
        @return: fires with the body of the answer; fails with `twisted.web.error.Error` for other
            statuses. Cancelling it ends the connection.
        """
        producer = BytesBodyProducer(body)
        asking = self._agent.request(b"POST", self._url, headers or self._headers, producer)
        answered: Deferred[bytes] = asking.addCallback(self._answered, codes)
        return answered

    def _answered(self, response: Any, codes: tuple[int, ...]) -> Any:
        if response.code not in codes:
            response._transport.abortConnection()
            raise error.Error(response.code, response.phrase)

        def unless_cut(failure: Failure) -> Any:
            # Old servers tell no length.
            failure.trap(PartialDownloadError)
            return getattr(failure.value, "response", b"")

        return readBody(response, self.maxAnswerSize).addErrback(unless_cut)
