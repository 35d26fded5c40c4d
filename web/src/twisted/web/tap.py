"""The service behind ``twist web``."""

from __future__ import annotations

import os
from typing import Any

from zope.interface import implementer

from twisted.application import service, strports
from twisted.internet.currentreactor import currentReactor
from twisted.internet.endpoints import serverFromString
from twisted.python import usage
from twisted.python.reflect import namedAny
from twisted.python.threadpool import ThreadPool
from twisted.web import demo, metrics, resource, script, server, static
from twisted.web.wsgi import WSGIResource

__all__ = ["Options", "makeService"]


class Options(usage.Options):
    """
    The options of ``twist web``.

    They are a dictionary with ``root``, the resource to serve, and ``ports``, where to listen.
    """

    synopsis = "[web options]"
    longdesc = (
        "This starts a web server. Without a path or a class it shows a page that says that it "
        "works."
    )
    optParameters = [
        ["logfile", "l", None, "Path of an access log in the combined format."],
        ["metrics", None, None, "Where Prometheus finds how the server is doing, as /metrics."],
    ]
    optFlags = [
        [
            "display-tracebacks",
            None,
            "Show tracebacks of errors to clients. They may hold what nobody should see!",
        ],
    ]
    compData = usage.Completions(
        optActions={
            "logfile": usage.CompleteFiles("*.log"),
            "resource-script": usage.CompleteFiles("*.rpy"),
            "mime-type": usage.Completer("type of files"),
        }
    )

    def __init__(self) -> None:
        usage.Options.__init__(self)
        self["indexes"] = []
        self["root"] = None
        self["extraHeaders"] = []
        self["ports"] = []

    def opt_listen(self, port: str) -> None:
        """
        Where to listen, such as tcp:8080 or unix:/run/web.sock; may be given several times.
        [default: tcp:8080]
        """
        self["ports"].append(port)

    def opt_port(self, port: str) -> None:
        """(DEPRECATED: use --listen) Port to listen on."""
        self["ports"].append("tcp:" + port if port.isdigit() else port)

    opt_p = opt_port

    def opt_path(self, path: str) -> None:
        """A directory or file to serve."""
        if not os.path.exists(path):
            raise usage.UsageError(f"There is no file or directory {path!r}")
        root = static.File(os.path.abspath(path))
        root.processors = {".epy": script.PythonScript, ".rpy": script.ResourceScript}
        self["root"] = root

    def opt_processor(self, processor: str) -> None:
        """What serves files of an extension in --path, as ext=full.name.of.a.class."""
        extension, sign, name = processor.partition("=")
        if not sign:
            raise usage.UsageError(f"A processor is given as ext=class, not {processor!r}")
        root = self._fileRoot("processor")
        made = self._named(name, "--processor")
        root.processors = {**root.processors, "." + extension.lstrip("."): made}

    def opt_resource_script(self, path: str) -> None:
        """A file of Python that defines ``resource``; it is run for each request."""
        self["root"] = script.ResourceScriptWrapper(os.path.abspath(path))

    def opt_wsgi(self, name: str) -> None:
        """The full name of an application of WSGI, such as package.module:app."""
        application = self._named(name, "--wsgi")
        reactor = currentReactor()
        pool = ThreadPool(name="wsgi")
        reactor.callWhenRunning(pool.start)
        reactor.addSystemEventTrigger("after", "shutdown", pool.stop)
        self["root"] = WSGIResource(reactor, pool, application)

    @staticmethod
    def _named(name: str, option: str) -> Any:
        """
        The thing of a full name, in which a colon may stand before what is in a module.

        @raise usage.UsageError: if there is none.
        """
        try:
            return namedAny(name.replace(":", "."))
        except Exception as error:
            raise usage.UsageError(f"{option}: {name} cannot be used: {error}") from error

    def opt_class(self, className: str) -> None:
        """The full name of a class of resources, made without arguments."""
        try:
            self["root"] = namedAny(className)()
        except Exception as error:
            raise usage.UsageError(f"{className} cannot be used: {error}") from error

    def _fileRoot(self, option: str) -> static.File:
        """The directory that an option is about."""
        root = self["root"]
        if not isinstance(root, static.File):
            raise usage.UsageError(f"--{option} only works after --path")
        return root

    def opt_mime_type(self, defaultType: str) -> None:
        """The type of files whose extension tells none."""
        self._fileRoot("mime-type").defaultType = defaultType

    opt_m = opt_mime_type

    def opt_allow_ignore_ext(self) -> None:
        """Let any extension be left out of URLs."""
        self._fileRoot("allow-ignore-ext").ignoreExt("*")

    def opt_ignore_ext(self, ext: str) -> None:
        """An extension that may be left out of URLs; of several, the first one that fits."""
        self._fileRoot("ignore-ext").ignoreExt(ext)

    def opt_index(self, indexName: str) -> None:
        """The name of a file that stands for its directory. [default: index, index.html]"""
        self["indexes"].append(indexName)

    opt_i = opt_index

    def opt_add_header(self, header: str) -> None:
        """A header for all answers, as "Name: value"."""
        name, sign, value = header.partition(":")
        if not sign or not name.strip():
            raise usage.UsageError(f'A header is given as "Name: value", not {header!r}')
        self["extraHeaders"].append((name.strip(), value.strip()))

    def postOptions(self) -> None:
        """
        See whether things go together.

        @raise usage.UsageError: if they do not.
        """
        if not self["ports"]:
            self["ports"].append("tcp:8080")
        for port in self["ports"]:
            try:
                serverFromString(currentReactor(), port)
            except (ValueError, TypeError) as error:
                raise usage.UsageError(f"--listen {port}: {error}") from None
        if self["metrics"] is not None and not self["metrics"].startswith("/"):
            raise usage.UsageError(f"--metrics takes a path such as /metrics: {self['metrics']}")
        if self["indexes"]:
            self._fileRoot("index").indexNames = self["indexes"]


@implementer(resource.IResource)
class _Mounted:
    """A resource with another one at a path in it."""

    isLeaf = False

    def __init__(self, original: Any, path: str, mounted: Any) -> None:
        self._original = original
        self._segments = [segment.encode() for segment in path.split("/")[1:]]
        self._mounted = mounted

    def getChildWithDefault(self, name: bytes, request: Any) -> Any:
        """The one or the other."""
        if [name, *request.postpath] == self._segments:
            return self._mounted
        if self._original.isLeaf:
            request.postpath.insert(0, request.prepath.pop())
            return self._original
        return self._original.getChildWithDefault(name, request)

    def putChild(self, path: bytes, child: Any) -> None:
        """Add a child to the one that it is mounted in."""
        self._original.putChild(path, child)

    def render(self, request: Any) -> Any:
        """What is asked for is that one itself."""
        return self._original.render(request)


@implementer(resource.IResource)
class _AddHeadersResource:
    """A resource whose answers have more headers."""

    isLeaf: bool | int = False

    def __init__(self, original: Any, headers: list[tuple[str, str]]) -> None:
        self._original = original
        self._headers = headers
        self.isLeaf = original.isLeaf

    def _add(self, request: Any) -> None:
        for name, value in self._headers:
            request.responseHeaders.addRawHeader(name, value)

    def getChildWithDefault(self, name: bytes, request: Any) -> Any:
        """A child, after the headers were added."""
        self._add(request)
        return self._original.getChildWithDefault(name, request)

    def putChild(self, path: bytes, child: Any) -> None:
        """Put a child under a name."""
        self._original.putChild(path, child)

    def render(self, request: Any) -> Any:
        """The answer, after the headers were added."""
        self._add(request)
        return self._original.render(request)


def makeService(config: Options) -> service.MultiService:
    """The service that the options describe."""
    root = demo.Test() if config["root"] is None else config["root"]
    if config["metrics"] is not None:
        root = _Mounted(root, config["metrics"], metrics.Metrics())
    if config["extraHeaders"]:
        root = _AddHeadersResource(root, config["extraHeaders"])
    site = server.Site(root, logPath=config["logfile"])
    site.displayTracebacks = bool(config["display-tracebacks"])
    group = service.MultiService()
    for port in config["ports"]:
        strports.service(port, site).setServiceParent(group)
    return group
