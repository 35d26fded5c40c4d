"""
XML-RPC: a resource whose methods can be called, and a proxy that calls.

::

    class Sums(XMLRPC):
        def xmlrpc_add(self, a, b):
            return a + b

    Proxy(b"http://example.org/RPC2").callRemote("add", 1, 2)
"""

from __future__ import annotations

import xmlrpc.client
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, gatherResults, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.python.reflect import prefixedMethodNames
from twisted.web import resource, server
from twisted.web._posting import PostingClient
from twisted.web._xmlrpcwire import dump_call, dump_response, load

__all__ = [
    "XMLRPC",
    "Binary",
    "Boolean",
    "DateTime",
    "Fault",
    "Handler",
    "NoSuchFunction",
    "Proxy",
    "XMLRPCIntrospection",
    "addIntrospection",
    "withRequest",
]

Fault = xmlrpc.client.Fault
Binary = xmlrpc.client.Binary
Boolean = bool
DateTime = xmlrpc.client.DateTime

_log = Logger()


def withRequest(f: Callable[..., Any]) -> Callable[..., Any]:
    """Have the request given to a method that is called, before its arguments."""
    f.withRequest = True  # type: ignore[attr-defined]
    return f


class NoSuchFunction(Fault):
    """There is no such method."""


class Handler:
    """
    A call that takes its time: a method may return one.

    @ivar result: a `Deferred` that a subclass fires.
    """

    def __init__(self, resource: Any, *args: Any) -> None:
        self.resource = resource
        self.result: Deferred[Any] = Deferred()
        self.run(*args)

    def run(self, *args: Any) -> None:
        """Begin; a subclass overrides this."""
        self.result.errback(NotImplementedError("Implement run() in subclasses"))


class XMLRPC(resource.Resource):
    """
    A resource whose methods with names such as ``xmlrpc_add`` can be called.

    They may return values, Deferreds and coroutines, and raise `Fault`; other errors are logged,
    and the caller is told only that there was one.

    @cvar NOT_FOUND: the code of the fault for a method that is not there.
    @cvar FAILURE: the code of the fault for an error.
    @cvar separator: stands between the prefix of a sub-handler and the name of a method.
    @cvar maxBodySize: how many bytes a call may have.
    @ivar allowNone: whether None may be sent, which is an extension.
    @ivar useDateTime: whether dates that come become `datetime.datetime`.
    """

    NOT_FOUND = 8001
    FAILURE = 8002
    isLeaf = 1
    separator = "."
    allowedMethods = (b"POST",)
    maxBodySize = 16 * 2**20

    def __init__(self, allowNone: bool = False, useDateTime: bool = False) -> None:
        resource.Resource.__init__(self)
        self.subHandlers: dict[str, Any] = {}
        self.allowNone = allowNone
        self.useDateTime = useDateTime

    def putSubHandler(self, prefix: str, handler: Any) -> None:
        """Have another `XMLRPC` answer calls whose names begin with a prefix."""
        self.subHandlers[prefix] = handler

    def getSubHandler(self, prefix: str) -> Any:
        """The sub-handler of a prefix, or None."""
        return self.subHandlers.get(prefix)

    def getSubHandlerPrefixes(self) -> list[str]:
        """The prefixes of all sub-handlers."""
        return list(self.subHandlers)

    def lookupProcedure(self, procedurePath: str) -> Callable[..., Any]:
        """
        The function for a name; override this for functions from elsewhere.

        @raise NoSuchFunction: if there is none.
        """
        prefix, sign, rest = procedurePath.partition(self.separator)
        if sign:
            handler = self.getSubHandler(prefix)
            if handler is None:
                raise NoSuchFunction(self.NOT_FOUND, f"no such subHandler {prefix}")
            found: Callable[..., Any] = handler.lookupProcedure(rest)
            return found
        method = getattr(self, f"xmlrpc_{procedurePath}", None)
        if not callable(method):
            raise NoSuchFunction(self.NOT_FOUND, f"procedure {procedurePath} not found")
        function: Callable[..., Any] = method
        return function

    def listProcedures(self) -> list[str]:
        """The names of this handler's functions, without those of sub-handlers."""
        return prefixedMethodNames(self.__class__, "xmlrpc_")

    def render_POST(self, request: Any) -> int:
        """Answer a call."""
        request.content.seek(0, 0)
        data = request.content.read(self.maxBodySize + 1)
        request.setHeader(b"content-type", b"text/xml; charset=utf-8")
        gone: list[object] = []
        calling = self._call(data, request)

        def lost(reason: Failure) -> None:
            gone.append(reason)
            calling.cancel()

        request.notifyFinish().addErrback(lost)
        calling.addErrback(self._ebRender)
        calling.addCallback(self._cbRender, request, gone)
        return server.NOT_DONE_YET

    def _call(self, data: bytes, request: Any) -> Deferred[Any]:
        """Call the function that a call names."""
        if len(data) > self.maxBodySize:
            return maybeDeferred(self._fail, "the call is too large")
        try:
            arguments, name = load(data, self.useDateTime)
            if name is None:
                raise ValueError("a call has the name of a method")
        except ValueError as problem:
            return maybeDeferred(self._fail, f"Can't deserialize input: {problem}")
        return self._invoke(name, arguments, request)

    def _fail(self, why: str) -> None:
        raise Fault(self.FAILURE, why)

    def _invoke(self, name: str, arguments: tuple[Any, ...], request: Any) -> Deferred[Any]:
        def invoke() -> Any:
            function = self.lookupProcedure(name)
            if getattr(function, "withRequest", False):
                return function(request, *arguments)
            return function(*arguments)

        return maybeDeferred(invoke)

    def _cbRender(self, result: Any, request: Any, gone: list[object]) -> None:
        if isinstance(result, Handler):
            result.result.addErrback(self._ebRender).addCallback(self._cbRender, request, gone)
            return
        if gone:
            return
        try:
            content = dump_response(result, self.allowNone)
        except Exception as problem:
            _log.failure("The result of a call cannot be sent")
            content = dump_response(
                Fault(self.FAILURE, f"Can't serialize output: {problem}"), False
            )
        request.setHeader(b"content-length", b"%d" % len(content))
        request.write(content)
        request.finish()

    def _ebRender(self, failure: Failure) -> Any:
        if isinstance(failure.value, Fault):
            return failure.value
        if not failure.check(CancelledError):
            _log.failure("A call has failed", failure=failure)
        return Fault(self.FAILURE, "error")


class XMLRPCIntrospection(XMLRPC):
    """
    Methods that tell which there are, and one that makes several calls at once.

    Those of an `XMLRPC` have texts for help as ``help`` or else in their docstrings, and lists of
    types as ``signature``.
    """

    #: How many calls one may make at once.
    maxCalls = 1000

    def __init__(self, parent: XMLRPC) -> None:
        """
        @param parent: of which is told.
        """
        XMLRPC.__init__(self, parent.allowNone, parent.useDateTime)
        self._xmlrpc_parent = parent

    def xmlrpc_listMethods(self) -> list[str]:
        """The names of all methods."""
        names = []
        waiting: list[tuple[str, Any]] = [("", self._xmlrpc_parent)]
        while waiting:
            prefix, handler = waiting.pop(0)
            names += [prefix + name for name in handler.listProcedures()]
            waiting += [
                (prefix + each + handler.separator, handler.getSubHandler(each))
                for each in handler.getSubHandlerPrefixes()
            ]
        return names

    xmlrpc_listMethods.signature = [["array"]]  # type: ignore[attr-defined]

    def xmlrpc_methodHelp(self, method: str) -> str:
        """What a method does."""
        found = self._xmlrpc_parent.lookupProcedure(method)
        return getattr(found, "help", None) or getattr(found, "__doc__", None) or ""

    xmlrpc_methodHelp.signature = [["string", "string"]]  # type: ignore[attr-defined]

    def xmlrpc_methodSignature(self, method: str) -> Any:
        """The types of what a method returns and takes, or an empty string if nobody has said."""
        found = self._xmlrpc_parent.lookupProcedure(method)
        return getattr(found, "signature", None) or ""

    xmlrpc_methodSignature.signature = [  # type: ignore[attr-defined]
        ["array", "string"],
        ["string", "string"],
    ]

    @withRequest
    def xmlrpc_multicall(self, request: Any, calls: Any) -> Any:
        """Make several calls; gives a list of one-element lists, or of structures of faults."""
        if not isinstance(calls, list) or len(calls) > self.maxCalls:
            raise Fault(self.FAILURE, f"a list of at most {self.maxCalls} calls is needed")
        return gatherResults([self._one(call, request) for call in calls])

    def _one(self, call: Any, request: Any) -> Deferred[Any]:
        def invoke() -> Any:
            try:
                name, arguments = call["methodName"], call["params"]
            except (KeyError, TypeError):
                raise Fault(self.FAILURE, "a call has methodName and params") from None
            if name == "system.multicall":
                raise Fault(self.FAILURE, "calls of calls are not answered")
            return self._xmlrpc_parent._invoke(name, tuple(arguments), request)

        def failed(failure: Failure) -> dict[str, Any]:
            fault = self._ebRender(failure)
            return {"faultCode": fault.faultCode, "faultString": fault.faultString}

        return maybeDeferred(invoke).addCallbacks(lambda result: [result], failed)


def addIntrospection(xmlrpc: XMLRPC) -> None:
    """Give an `XMLRPC` methods such as ``system.listMethods``."""
    xmlrpc.putSubHandler("system", XMLRPCIntrospection(xmlrpc))


class Proxy(PostingClient):
    """
    Calls methods of a server.

    A name and a password in the URL are used for Basic authentication, and not sent otherwise.
    """

    def __init__(
        self,
        url: bytes,
        user: bytes | None = None,
        password: bytes | None = None,
        allowNone: bool = False,
        useDateTime: bool = False,
        connectTimeout: float = 30.0,
        reactor: Any = None,
    ) -> None:
        """
        @param url: of HTTP or HTTPS.
        @param user: with `password`, for Basic authentication.
        @param allowNone: whether None may be sent, which is an extension.
        @param useDateTime: whether dates that come become `datetime.datetime`.
        @param connectTimeout: how many seconds connecting may take.
        """
        super().__init__(url, b"Twisted/XMLRPClib", user, password, connectTimeout, reactor)
        self.allowNone = allowNone
        self.useDateTime = useDateTime

    def callRemote(self, method: str, *args: Any) -> Deferred[Any]:
        """
        Call a method.

        @return: fires with the result; fails with `Fault`, `ValueError` if the answer is no
            XML-RPC, `twisted.web.error.Error` if the status is not 200, or what keeps the client
            from asking. Cancelling it ends the connection.
        """
        asking = maybeDeferred(self._ask, method, args)
        return asking.addCallback(self._result)

    def _ask(self, method: str, arguments: tuple[Any, ...]) -> Deferred[bytes]:
        return self._post(dump_call(method, arguments, self.allowNone))

    def _result(self, data: bytes) -> Any:
        values, _ = load(data, self.useDateTime)
        if len(values) != 1:
            raise ValueError("an answer has one value")
        return values[0]
