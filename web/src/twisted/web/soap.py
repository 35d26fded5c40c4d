"""
SOAP 1.1: a resource whose methods can be called, and a proxy that calls.

::

    class Sums(SOAPPublisher):
        def soap_add(self, a: int, b: int) -> int:
            return a + b

    Proxy(b"http://example.org/").callRemote("add", a=1, b=2)

What the annotations of methods say is read as such, and described in WSDL at ``?wsdl``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.logger import Logger
from twisted.python.reflect import prefixedMethodNames
from twisted.web import http, resource
from twisted.web._posting import PostingClient
from twisted.web._soapdescription import describe, signature_of
from twisted.web._soapwire import ENVELOPE, Fault, Message, dump, dump_fault, load, value_of

__all__ = ["Fault", "Proxy", "SOAPPublisher"]

_log = Logger()


class SOAPPublisher(resource.Resource):
    """
    A resource whose methods with names such as ``soap_add`` can be called.

    They may return values, Deferreds and coroutines, and raise `Fault`; of other errors callers
    learn only that there was one.  Arguments are given in their order, or by their names to methods
    with an attribute ``useKeywords`` that is true.

    @cvar encoding: of what is sent.
    @cvar namespace: what names of methods are in, as the description says; calls in others are
        answered, too.
    @cvar maxBodySize: how many bytes a call may have.
    """

    isLeaf = 1
    encoding = "UTF-8"
    namespace = "urn:twisted.web.soap"
    maxBodySize = 16 * 2**20

    def lookupFunction(self, functionName: str) -> Callable[..., Any] | None:
        """The function for a name, or None; override this for functions from elsewhere."""
        function = getattr(self, f"soap_{functionName}", None)
        return function if callable(function) else None

    def listFunctions(self) -> dict[str, Callable[..., Any]]:
        """The functions that are described, by their names."""
        found: dict[str, Callable[..., Any]] = {}
        for name in sorted(set(prefixedMethodNames(self.__class__, "soap_"))):
            function = self.lookupFunction(name)
            if function is not None:
                found[name] = function
        return found

    def render_GET(self, request: Any) -> bytes:
        """Describe the methods, if that is what was asked for."""
        if request.uri.partition(b"?")[2].lower() != b"wsdl":
            request.setResponseCode(http.NOT_ALLOWED)
            request.setHeader(b"allow", b"POST")
            return b""
        request.setHeader(b"content-type", b"text/xml; charset=utf-8")
        url = request.prePathURL().decode("utf-8", "replace")
        return describe(self.listFunctions(), self.namespace, url)

    async def render_POST(self, request: Any) -> bytes:
        """Answer a call."""
        request.setHeader(b"content-type", b"text/xml; charset=utf-8")
        try:
            return await self._call(request.content.read(self.maxBodySize + 1))
        except Fault as fault:
            known = fault
        except CancelledError:
            raise
        except Exception:
            _log.failure("A call has failed")
            known = Fault("Server", "error")
        # SOAP 1.1, section 6.2.
        request.setResponseCode(http.INTERNAL_SERVER_ERROR)
        try:
            return dump_fault(known)
        except (TypeError, ValueError):
            _log.failure("The detail of a fault cannot be sent")
            return dump_fault(Fault("Server", "error"))

    async def _call(self, data: bytes) -> bytes:
        """
        The answer to a call.

        @raise Fault: if there is none.
        """
        if len(data) > self.maxBodySize:
            raise Fault("Client", "the call is too large")
        try:
            message = load(data)
        except ValueError as problem:
            raise Fault("Client", f"not SOAP: {problem}") from None
        name = message.body.name
        function = self.lookupFunction(name)
        if function is None:
            raise Fault("Client", f"Method {name[:100]} not found")
        positional, keywords = _arguments(function, message)
        result = await maybeDeferred(function, *positional, **keywords)
        values = [] if result is None and not message.typed else [("return", result)]
        space = message.body.namespace or None
        return dump(f"{name}Response", space, values, message.typed)


def _arguments(function: Callable[..., Any], message: Message) -> tuple[list[Any], dict[str, Any]]:
    """
    The arguments of a call, in their order and by their names.

    @raise Fault: if they are not what the function takes.
    """
    wanted = signature_of(function).parameters or {}
    nodes = message.body.children
    names = [node.name for node in nodes]
    # Names that the function knows are taken as such, whatever order they are in.
    known = bool(names) and len(set(names)) == len(names) and set(names) <= set(wanted)
    kinds = [wanted.get(name) for name in names]
    if not known:
        kinds = [*wanted.values(), *kinds][: len(nodes)] if wanted else kinds
    try:
        values = [
            value_of(node, message.references, kind)
            for node, kind in zip(nodes, kinds, strict=True)
        ]
        by_name = known or getattr(function, "useKeywords", False)
        keywords = dict(zip(names, values, strict=True)) if by_name else {}
        positional = [] if by_name else values
        inspect.signature(function).bind(*positional, **keywords)
    except (TypeError, ValueError) as problem:
        raise Fault("Client", f"wrong arguments: {problem}") from None
    return positional, keywords


class Proxy(PostingClient):
    """
    Calls methods of a server.

    A name and a password in the URL are used for Basic authentication, and not sent otherwise.
    """

    def __init__(
        self,
        url: bytes | str,
        namespace: str | None = None,
        header: Mapping[str, Any] | None = None,
        user: bytes | None = None,
        password: bytes | None = None,
        connectTimeout: float = 30.0,
        reactor: Any = None,
        encoded: bool = True,
    ) -> None:
        """
        @param url: of HTTP or HTTPS.
        @param namespace: what names of methods are in.
        @param header: values for the header of the envelope, by names.
        @param user: with `password`, for Basic authentication.
        @param connectTimeout: how many seconds connecting may take.
        @param encoded: whether values are sent with their types, as calls of the style RPC want
            them, or as plain documents.
        """
        place = url.encode("ascii") if isinstance(url, str) else url
        super().__init__(place, b"Twisted/SOAP", user, password, connectTimeout, reactor)
        self.namespace = namespace
        self.header = header
        self.encoded = encoded

    def callRemote(self, method: str, *args: Any, **kwargs: Any) -> Deferred[Any]:
        """
        Call a method.

        @param args: are called ``v1``, ``v2`` and so on, which servers give no heed.
        @return: fires with the result: a value, None, or a dictionary if there are several; fails
            with `Fault`, `ValueError` if the answer is no SOAP, `twisted.web.error.Error` if the
            status is another one, or what keeps the client from asking.
        """
        asking = maybeDeferred(self._ask, method, args, kwargs)
        return asking.addCallback(_result)

    def _ask(self, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Deferred[bytes]:
        values = [(f"v{number}", value) for number, value in enumerate(args, 1)]
        values += kwargs.items()
        body = dump(method, self.namespace, values, self.encoded, self.header)
        headers = self._headers.copy()
        headers.setRawHeaders(b"soapaction", [b'""'])
        return self._post(body, (http.OK, http.INTERNAL_SERVER_ERROR), headers)


def _result(data: bytes) -> Any:
    """
    The result that an answer holds.

    @raise Fault: if it holds one.
    @raise ValueError: if it holds neither.
    """
    message = load(data)
    body = message.body
    if body.tag == f"{ENVELOPE} Fault":
        code, text, detail = (body.child(n) for n in ("faultcode", "faultstring", "detail"))
        raise Fault(
            "Server" if code is None else code.text.strip().rpartition(":")[2],
            "" if text is None else text.text,
            None if detail is None else value_of(detail, message.references),
        )
    values = {node.name: value_of(node, message.references) for node in body.children}
    if len(body.children) <= 1:
        return next(iter(values.values()), None)
    return values
