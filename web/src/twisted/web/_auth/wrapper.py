"""Resources for those who log in."""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from twisted.cred import error
from twisted.cred.credentials import Anonymous
from twisted.logger import Logger
from twisted.python.components import proxyForInterface
from twisted.python.failure import Failure
from twisted.web import util
from twisted.web._responses import INTERNAL_SERVER_ERROR
from twisted.web.pages import errorPage
from twisted.web.resource import IResource

__all__ = ["HTTPAuthSessionWrapper", "UnauthorizedResource"]

_log = Logger()


def _quoted(value: Any) -> bytes:
    """A value as it stands between quotation marks."""
    data: bytes = value.encode("utf-8") if isinstance(value, str) else value
    return data.replace(b"\\", rb"\\").replace(b'"', rb"\"")


@implementer(IResource)
class UnauthorizedResource:
    """Says that one has to log in, and how."""

    isLeaf = True

    def __init__(self, factories: Any) -> None:
        """
        @param factories: the kinds of authentication that are known.
        """
        self._credentialFactories = factories

    def render(self, request: Any) -> bytes:
        """Answer with 401 and the challenges."""
        request.setResponseCode(401)
        for factory in self._credentialFactories:
            parameters = factory.getChallenge(request)
            challenge = b", ".join(
                b'%b="%b"' % (name.encode("ascii"), _quoted(value))
                for name, value in parameters.items()
            )
            request.responseHeaders.addRawHeader(
                b"www-authenticate", factory.scheme + b" " + challenge
            )
        return b"" if request.method == b"HEAD" else b"Unauthorized"

    def getChildWithDefault(self, path: bytes, request: Any) -> UnauthorizedResource:
        """This, whatever is below."""
        return self

    def putChild(self, path: bytes, child: Any) -> None:
        """
        Refuse.

        @raise NotImplementedError: always.
        """
        raise NotImplementedError("there is nothing below")


@implementer(IResource)
class HTTPAuthSessionWrapper:
    """
    Leads each user to a resource of their own.

    ``Authorization`` of the request is given to the portal, whose realm gives an `IResource`; it is
    logged out when the answer is complete. Without that header, an anonymous login is tried.
    """

    isLeaf = False

    def __init__(self, portal: Any, credentialFactories: Any) -> None:
        """
        @param portal: a `twisted.cred.portal.Portal`.
        @param credentialFactories: the kinds of authentication, the best first.
        """
        self._portal = portal
        self._credentialFactories = credentialFactories

    def _authorizedResource(self, request: Any) -> Any:
        """The resource for whom a request is from."""
        header = request.getHeader(b"authorization")
        if not header:
            return util.DeferredResource(self._login(Anonymous()))
        factory, response = self._selectParseHeader(header)
        if factory is None:
            return UnauthorizedResource(self._credentialFactories)
        try:
            credentials = factory.decode(response, request)
        except error.LoginFailed:
            return UnauthorizedResource(self._credentialFactories)
        except BaseException:
            _log.failure("Unexpected failure from credentials factory")
            return _failed()
        return util.DeferredResource(self._login(credentials))

    def render(self, request: Any) -> Any:
        """Render the resource for whom the request is from."""
        return self._authorizedResource(request).render(request)

    def getChildWithDefault(self, path: bytes, request: Any) -> Any:
        """The resource for whom the request is from; the segment is left to it."""
        request.postpath.insert(0, request.prepath.pop())
        return self._authorizedResource(request)

    def putChild(self, path: bytes, child: Any) -> None:
        """
        Refuse: what is below is another one for each user.

        @raise NotImplementedError: always.
        """
        raise NotImplementedError("what is below is another one for each user")

    def _login(self, credentials: Any) -> Any:
        """A Deferred of the resource for credentials."""
        logging = self._portal.login(credentials, None, IResource)
        return logging.addCallbacks(self._loginSucceeded, self._loginFailed)

    def _loginSucceeded(self, args: tuple[Any, Any, Any]) -> Any:
        _, avatar, logout = args

        class ResourceWrapper(proxyForInterface(IResource, "resource")):  # type: ignore[misc]
            """The avatar, which is logged out when a request to it, or below it, is over."""

            def getChildWithDefault(self, name: bytes, request: Any) -> Any:
                return ResourceWrapper(self.resource.getChildWithDefault(name, request))

            def render(self, request: Any) -> Any:
                request.notifyFinish().addBoth(lambda _: logout())
                return super().render(request)

        return ResourceWrapper(avatar)

    def _loginFailed(self, result: Failure) -> Any:
        if result.check(error.Unauthorized, error.LoginFailed):
            return UnauthorizedResource(self._credentialFactories)
        _log.failure("Unexpected error from a portal", failure=result)
        return _failed()

    def _selectParseHeader(self, header: bytes) -> tuple[Any, Any]:
        """The kind of authentication that a header is of, and the rest of it; or None twice."""
        scheme, _, rest = header.partition(b" ")
        for factory in self._credentialFactories:
            if factory.scheme == scheme.lower():
                return factory, rest
        return None, None


def _failed() -> IResource:
    return errorPage(INTERNAL_SERVER_ERROR, "Internal Error", "The server's log says why.")
