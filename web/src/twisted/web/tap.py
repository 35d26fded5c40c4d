"""The service behind ``twist web``."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from zope.interface import implementer

from twisted.application import service, strports
from twisted.internet.currentreactor import currentReactor
from twisted.internet.endpoints import quoteStringArgument, serverFromString
from twisted.python import usage
from twisted.python.failure import Failure
from twisted.python.reflect import namedAny
from twisted.python.threadpool import ThreadPool
from twisted.web import demo, http, metrics, resource, script, server, static, twcgi
from twisted.web.asgi import ASGIResource
from twisted.web.wsgi import WSGIResource

__all__ = ["Options", "makePersonalServerFactory", "makeService"]


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
        ["logfile", "l", None, "Path of an access log; see --logfile-format."],
        ["logfile-format", None, "combined", "Of the access log: combined or json."],
        ["certificate", "c", "server.pem", "A file with the certificates for --https."],
        ["privkey", "k", "server.pem", "A file with the private key for --https."],
        ["root-path", None, "", "What a proxy takes away from paths before --asgi sees them."],
        ["metrics", None, None, "Where Prometheus finds how the server is doing, as /metrics."],
    ]
    optFlags = [
        [
            "display-tracebacks",
            None,
            "Show tracebacks of errors to clients. They may hold what nobody should see!",
        ],
        ["notracebacks", "n", "(DEPRECATED: tracebacks are not shown) Show no tracebacks."],
        ["http2", None, "Do not start without HTTP/2, which is spoken if its extra is installed."],
        ["no-http2", None, "Speak HTTP/1.1 alone."],
        ["precompressed", None, "Send a.txt.br or a.txt.gz for a.txt, if it is there."],
        [
            "personal",
            None,
            "Answer not clients but a server with --user, on ~/.twistd-web-pb if there is no "
            "--listen.",
        ],
    ]
    compData = usage.Completions(
        optActions={
            "logfile": usage.CompleteFiles("*.log"),
            "logfile-format": usage.CompleteList(["combined", "json"]),
            "certificate": usage.CompleteFiles("*.pem"),
            "privkey": usage.CompleteFiles("*.pem"),
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
        self["https-ports"] = []
        self["origins"] = []

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

    def opt_https(self, port: str) -> None:
        """
        A port for HTTPS, with --certificate and --privkey, which are read again when they change;
        the same as --listen tls:CERTIFICATE:privateKey=PRIVKEY:port=PORT
        """
        self["https-ports"].append(port)

    def opt_path(self, path: str) -> None:
        """A directory or file to serve."""
        if not os.path.exists(path):
            raise usage.UsageError(f"There is no file or directory {path!r}")
        root = static.File(os.path.abspath(path))
        root.processors = {
            ".cgi": twcgi.CGIScript,
            ".epy": script.PythonScript,
            ".rpy": script.ResourceScript,
        }
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
        _seeWorkingDirectory()
        self["root"] = script.ResourceScriptWrapper(os.path.abspath(path))

    def opt_wsgi(self, name: str) -> None:
        """The full name of an application of WSGI, such as package.module:app."""
        application = self._named(name, "--wsgi")
        reactor = currentReactor()
        pool = ThreadPool(name="wsgi")
        reactor.callWhenRunning(pool.start)
        reactor.addSystemEventTrigger("after", "shutdown", pool.stop)
        self["root"] = WSGIResource(reactor, pool, application)

    def opt_user(self) -> None:
        """
        Serve the folders public_html of all who have an account, and what their servers with
        --personal answer.
        """
        self["root"] = _distrib("user").UserDirectory()

    opt_u = opt_user

    def opt_asgi(self, name: str) -> None:
        """The full name of an application of ASGI, such as package.module:app."""
        application = self._named(name, "--asgi")
        if not callable(application):
            raise usage.UsageError(f"--asgi: {name} is no application: it cannot be called")
        self["root"] = _ASGI(application)

    def opt_websocket_origin(self, origin: str) -> None:
        """
        Another site whose pages may connect to --asgi by WebSocket, such as https://example.org;
        may be given several times. "*" for all.
        """
        self["origins"].append(origin)

    @staticmethod
    def _named(name: str, option: str) -> Any:
        """
        The thing of a full name, in which a colon may stand before what is in a module.

        @raise usage.UsageError: if there is none.
        """
        _seeWorkingDirectory()
        try:
            return namedAny(name.replace(":", "."))
        except Exception as error:
            raise usage.UsageError(f"{option}: {name} cannot be used: {error}") from error

    def opt_class(self, className: str) -> None:
        """The full name of a class of resources, made without arguments."""
        _seeWorkingDirectory()
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

    def _usualPort(self) -> str:
        """Where to listen if nothing else is said."""
        if not self["personal"]:
            return "tcp:8080"
        name = _distrib("personal").UserDirectory.userSocketName
        return "unix:" + quoteStringArgument(os.path.join(os.path.expanduser("~"), name))

    def postOptions(self) -> None:
        """
        See whether things go together.

        @raise usage.UsageError: if they do not.
        """
        for port in self["https-ports"]:
            self["ports"].append(
                f"tls:{quoteStringArgument(self['certificate'])}:port={port}"
                f":privateKey={quoteStringArgument(self['privkey'])}"
            )
        if not self["ports"]:
            self["ports"].append(self._usualPort())
        for port in self["ports"]:
            try:
                serverFromString(currentReactor(), port)
            except (ValueError, TypeError, OSError, ImportError) as error:
                raise usage.UsageError(f"--listen {port}: {error}") from None
        if self["logfile-format"] not in _LOG_FORMATS:
            raise usage.UsageError("--logfile-format is combined or json")
        if self["metrics"] is not None and not self["metrics"].startswith("/"):
            raise usage.UsageError(f"--metrics takes a path such as /metrics: {self['metrics']}")
        if self["http2"] and (self["no-http2"] or server.Site.http2Limits is None):
            raise usage.UsageError("--http2 needs the extra http2, and no --no-http2")
        if self["indexes"]:
            self._fileRoot("index").indexNames = self["indexes"]
        if self["precompressed"]:
            self._fileRoot("precompressed").precompressed = True


def _distrib(option: str) -> ModuleType:
    """
    What passes requests on to other processes.

    @raise usage.UsageError: if Perspective Broker is not there.
    """
    try:
        return import_module("twisted.web.distrib")
    except ImportError as error:
        raise usage.UsageError(f"--{option}: {error}") from None


_LOG_FORMATS = {"combined": http.combinedLogFormatter, "json": http.jsonLogFormatter}


def _seeWorkingDirectory() -> None:
    """Let what is named be imported from the working directory, if it is nowhere else."""
    here = os.getcwd()
    if here not in sys.path and "" not in sys.path:
        sys.path.append(here)


class _ASGI:
    """An application of ASGI, until the other options are known, too."""

    def __init__(self, application: Any) -> None:
        self._application = application

    def resource(self, config: Options) -> ASGIResource:
        """What serves it."""
        reactor = currentReactor()
        origins = None if "*" in config["origins"] else config["origins"]
        made = ASGIResource(reactor, self._application, config["root-path"], origins)
        made.grace = config.parent.get("grace") or 0.0 if config.parent else 0.0

        def failed(reason: Failure) -> None:
            service.failToStart(reactor, f"the application cannot begin: {reason.value}")

        made.whenStarted().addErrback(failed)
        return made


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


def makePersonalServerFactory(site: Any) -> Any:
    """
    A factory of a server that answers for a site to a server with `twist web --user`.

    @raise usage.UsageError: if Perspective Broker is not there.
    """
    return _distrib("personal").personalFactory(site)


def makeService(config: Options) -> service.MultiService:
    """The service that the options describe."""
    root = demo.Test() if config["root"] is None else config["root"]
    streams = isinstance(root, _ASGI)
    if isinstance(root, _ASGI):
        root = root.resource(config)
    if config["metrics"] is not None:
        root = _Mounted(root, config["metrics"], metrics.Metrics())
    if config["extraHeaders"]:
        root = _AddHeadersResource(root, config["extraHeaders"])
    site = server.Site(
        root,
        logPath=config["logfile"],
        logFormatter=_LOG_FORMATS[config["logfile-format"]],
    )
    site.streamsBodies = site.streamsBodies or streams
    site.displayTracebacks = bool(config["display-tracebacks"])
    if config["no-http2"]:
        site.http2Limits = None
    group = service.MultiService()
    factory = makePersonalServerFactory(site) if config["personal"] else site
    for port in config["ports"]:
        strports.service(port, factory).setServiceParent(group)
    return group
