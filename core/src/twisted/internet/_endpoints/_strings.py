r"""
Endpoints from strings: ``tcp:8080:interface=127.0.0.1``.

A string begins with its type; arguments follow, separated by colons, some with a name and an equals
sign.  A backslash takes the meaning from the character after it: ``tcp6:8080:interface=\:\:1``.
"""

from __future__ import annotations

import inspect
import os
import re
import socket
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from zope.interface import implementer

from twisted import plugin
from twisted.internet._endpoints import _tls
from twisted.internet._endpoints._hostname import HostnameEndpoint
from twisted.internet._endpoints._plain import (
    AdoptedStreamServerEndpoint,
    TCP4ClientEndpoint,
    TCP4ServerEndpoint,
    TCP6ClientEndpoint,
    TCP6ServerEndpoint,
    UNIXClientEndpoint,
    UNIXServerEndpoint,
)
from twisted.internet._endpoints._process import ProcessEndpoint, StandardIOEndpoint
from twisted.internet._endpoints._tls import SSL4ClientEndpoint, SSL4ServerEndpoint
from twisted.internet.interfaces import (
    IStreamClientEndpointStringParserWithReactor,
    IStreamServerEndpointStringParser,
)
from twisted.plugin import IPlugin

_Arguments = dict[str, str]

_TOKEN = re.compile(r"\\(.)|([:=])|([^\\:=]+)|(\\)", re.DOTALL)


def parse(description: str) -> tuple[list[str], _Arguments]:
    """
    The positional and the named arguments of a string, the type included.

    @raise ValueError: if it ends with a backslash.
    """
    args: list[str] = []
    kwargs: _Arguments = {}
    name: str | None = None
    text = ""
    for escaped, mark, plain, alone in _TOKEN.findall(description + ":"):
        if alone:
            raise ValueError(f"nothing follows the last backslash of {description!r}")
        if mark == ":":
            if name is None:
                args.append(text)
            else:
                kwargs[name] = text
            name, text = None, ""
        elif mark == "=" and name is None:
            name, text = text, ""
        else:
            text += escaped or mark or plain
    return args, kwargs


def quoteStringArgument(argument: str) -> str:
    """An argument in a form that can be put into a string, with all colons and the like escaped."""
    return argument.replace("\\", "\\\\").replace(":", "\\:").replace("=", "\\=")


def _number(value: str, what: str, low: int = 0, high: int = 65535) -> int:
    """
    A number of an argument.

    @raise ValueError: if it is none, or not in the range.
    """
    if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
        raise ValueError(f"{what} is a number from {low} to {high}, not {value!r}")
    return int(value)


def _seconds(value: str) -> float:
    """
    A time-out.

    @raise ValueError: if it is no number.
    """
    try:
        seconds = float(value)
    except ValueError:
        raise ValueError(f"timeout is a number of seconds, not {value!r}") from None
    if not 0 <= seconds < 1e9:
        raise ValueError(f"timeout is a number of seconds, not {value!r}")
    return int(seconds) if seconds == int(seconds) else seconds


def _parseTCP(
    reactor: Any, port: str, interface: str = "", backlog: str = "50"
) -> TCP4ServerEndpoint:
    """``tcp:PORT[:interface=ADDRESS][:backlog=N]``"""
    return TCP4ServerEndpoint(reactor, _number(port, "port"), _backlog(backlog), interface)


def _parseTCP6(
    reactor: Any, port: str, interface: str = "::", backlog: str = "50"
) -> TCP6ServerEndpoint:
    """``tcp6:PORT[:interface=ADDRESS][:backlog=N]``"""
    return TCP6ServerEndpoint(reactor, _number(port, "port"), _backlog(backlog), interface)


def _backlog(value: str) -> int:
    """How many connections may wait."""
    return _number(value, "backlog", high=2**31 - 1)


def _parseUNIX(
    reactor: Any, address: str, mode: str = "666", backlog: str = "50", lockfile: str = "1"
) -> UNIXServerEndpoint:
    """``unix:PATH[:mode=OCTAL][:backlog=N][:lockfile=0]``"""
    if not re.fullmatch("[0-7]{1,4}", mode):
        raise ValueError(f"mode is an octal number such as 660, not {mode!r}")
    if not address:
        raise ValueError("the path of a UNIX socket is empty")
    wantPID = bool(_number(lockfile, "lockfile", high=1))
    return UNIXServerEndpoint(reactor, address, _backlog(backlog), int(mode, 8), wantPID)


_FAMILIES = {name[3:]: getattr(socket, name) for name in dir(socket) if name.startswith("AF_")}


def _family(domain: str) -> int:
    """
    The family of addresses of a name such as ``INET``.

    @raise ValueError: if there is none.
    """
    if domain not in _FAMILIES:
        raise ValueError(f"domain is INET, INET6 or UNIX, not {domain!r}")
    return int(_FAMILIES[domain])


@cache
def _passed(pid: int) -> Any:
    """What systemd passed to this process, which can be asked for once."""
    from twisted.python.systemd import ListenFDs

    return ListenFDs.fromEnvironment()


def _parseSystemd(
    reactor: Any, domain: str, index: str | None = None, name: str | None = None
) -> AdoptedStreamServerEndpoint:
    """``systemd:DOMAIN:INDEX`` or ``systemd:DOMAIN:name=NAME``, see systemd.socket(5)"""
    if (index is None) == (name is None):
        raise ValueError("systemd takes an index or a name")
    family = _family(domain)
    passed = _passed(os.getpid())
    if index is not None:
        descriptors = passed.inheritedDescriptors()
        number = _number(index, "index")
        if number >= len(descriptors):
            raise ValueError(f"systemd passed {len(descriptors)} sockets, not one of index {index}")
        descriptor = descriptors[number]
    else:
        named = passed.inheritedNamedDescriptors()
        if name not in named:
            raise ValueError(f"systemd passed no socket of the name {name!r}")
        descriptor = named[name]
    return AdoptedStreamServerEndpoint(reactor, descriptor, family)


def _parseFD(reactor: Any, fileno: str, domain: str = "INET") -> AdoptedStreamServerEndpoint:
    """``fd:NUMBER[:domain=INET]``, a listening socket that the process was started with"""
    number = _number(fileno, "fd", high=2**31 - 1)
    return AdoptedStreamServerEndpoint(reactor, number, _family(domain))


def _parseStdio(reactor: Any, nothing: str = "") -> StandardIOEndpoint:
    """``stdio:``"""
    return StandardIOEndpoint(reactor)


def _parseProcess(
    reactor: Any, executable: str, *args: str, path: str | None = None
) -> ProcessEndpoint:
    """``process:PROGRAM[:ARGUMENT...][:path=FOLDER]``; it has the environment of this process"""
    if not executable:
        raise ValueError("the name of the program is empty")
    return ProcessEndpoint(reactor, executable, (executable, *args), None, path)


def _parseSSL(
    reactor: Any,
    port: str,
    privateKey: str = "server.pem",
    certKey: str | None = None,
    sslmethod: str | None = None,
    interface: str = "",
    backlog: str = "50",
    extraCertChain: str | None = None,
    dhParameters: str | None = None,
) -> SSL4ServerEndpoint:
    """
    ``ssl:PORT[:privateKey=FILE][:certKey=FILE][:extraCertChain=FILE][:sslmethod=NAME]
    [:dhParameters=FILE][:interface=ADDRESS][:backlog=N]``
    """
    # It needs an extra.
    from twisted.internet import ssl

    certificate = _tls.privateCertificate(certKey or privateKey, privateKey)
    options = ssl.CertificateOptions(
        privateKey=certificate.privateKey.original,
        certificate=certificate.original,
        extraCertChain=_tls.chainFrom(extraCertChain),
        method=_method(sslmethod),
        dhParameters=_dhParameters(dhParameters),
    )
    return SSL4ServerEndpoint(reactor, _number(port, "port"), options, _backlog(backlog), interface)


def _method(name: str | None) -> int | None:
    """
    OpenSSL's method of a name such as ``TLS_METHOD``.

    @raise ValueError: there is none.
    """
    from OpenSSL import SSL

    if name is None:
        return None
    method = getattr(SSL, name, None) if name.endswith("_METHOD") else None
    if method is None:
        raise ValueError(f"sslmethod is a name such as TLS_METHOD, not {name!r}")
    return int(method)


def _dhParameters(path: str | None) -> Any:
    """Parameters of key exchanges in a file."""
    from twisted.internet import ssl
    from twisted.python.filepath import FilePath

    return None if path is None else ssl.DiffieHellmanParameters.fromFile(FilePath(path))


def _parseTLS(
    reactor: Any,
    path: str,
    port: str = "443",
    backlog: str = "50",
    interface: str = "::",
    privateKey: str | None = None,
    interval: str = "10",
) -> Any:
    """
    ``tls:FOLDER[:port=443][:interface=ADDRESS][:backlog=N]``, certificates in files ``*.pem``; or
    ``tls:FILE[:privateKey=FILE]...``; ``interval`` says how many seconds at most a change of these
    goes unnoticed
    """
    # It needs an extra.
    from twisted.internet._tls._servernames import CertificateDirectory

    listening = TCP6ServerEndpoint if ":" in interface else TCP4ServerEndpoint
    return _tls.wrapServerTLS(
        CertificateDirectory(path, reactor, _number(interval, "interval"), privateKey),
        listening(reactor, _number(port, "port"), _backlog(backlog), interface),
    )


def _parseClientSSL(
    reactor: Any,
    host: str | None = None,
    port: str | None = None,
    timeout: str = "30",
    bindAddress: str | None = None,
    privateKey: str | None = None,
    certKey: str | None = None,
    caCertsDir: str | None = None,
    hostname: str | None = None,
    sslmethod: str | None = None,
) -> SSL4ClientEndpoint:
    """
    ``ssl:HOST:PORT[:hostname=NAME][:certKey=FILE][:privateKey=FILE][:caCertsDir=FOLDER]
    [:timeout=SECONDS][:bindAddress=ADDRESS]``; without ``hostname`` the server's certificate need
    not be about any particular name: use ``tls:`` instead
    """
    # It needs an extra.
    from twisted.internet import ssl

    certificate = _tls.privateCertificate(certKey, privateKey)
    trust = _tls.trustFromFolder(caCertsDir)
    options: Any
    if hostname is not None:
        options = ssl.optionsForClientTLS(hostname, trust, certificate)
    else:
        options = ssl.CertificateOptions(
            privateKey=certificate and certificate.privateKey.original,
            certificate=certificate and certificate.original,
            trustRoot=trust,
            method=_method(sslmethod),
        )

    def endpoint(
        reactor: Any, host: str, port: int, timeout: float, bindAddress: Any
    ) -> SSL4ClientEndpoint:
        return SSL4ClientEndpoint(reactor, host, port, options, timeout, bindAddress)

    made: SSL4ClientEndpoint = _tcpClient(endpoint, reactor, host, port, timeout, bindAddress)
    return made


def _parseClientTLS(
    reactor: Any,
    host: str | None = None,
    port: str | None = None,
    timeout: str = "30",
    bindAddress: str | None = None,
    certificate: str | None = None,
    privateKey: str | None = None,
    trustRoots: str | None = None,
    endpoint: str | None = None,
) -> Any:
    """
    ``tls:HOST:PORT[:certificate=FILE][:privateKey=FILE][:trustRoots=FOLDER][:endpoint=STRING]
    [:timeout=SECONDS][:bindAddress=ADDRESS]``
    """
    # It needs an extra.
    from twisted.internet import ssl

    if endpoint is None:
        below = _tcpClient(HostnameEndpoint, reactor, host, port, timeout, bindAddress)
    elif host:
        below = clientFromString(reactor, endpoint)
    else:
        raise ValueError("a TLS client needs the name of the host")
    options = ssl.optionsForClientTLS(
        host or "",
        _tls.trustFromFolder(trustRoots),
        _tls.privateCertificate(certificate, privateKey),
    )
    return _tls.wrapClientTLS(options, below)


def _parseClientTCP(
    reactor: Any,
    host: str | None = None,
    port: str | None = None,
    timeout: str = "30",
    bindAddress: str | None = None,
) -> TCP4ClientEndpoint:
    """``tcp:HOST:PORT[:timeout=SECONDS][:bindAddress=ADDRESS]``"""
    endpoint: TCP4ClientEndpoint = _tcpClient(
        TCP4ClientEndpoint, reactor, host, port, timeout, bindAddress
    )
    return endpoint


def _tcpClient(
    kind: Callable[..., Any],
    reactor: Any,
    host: str | None,
    port: str | None,
    timeout: str,
    bindAddress: str | None,
) -> Any:
    """A client of TCP of one version of IP."""
    if not host or port is None:
        raise ValueError("a TCP client needs a host and a port")
    source = None if bindAddress is None else (bindAddress, 0)
    return kind(reactor, host, _number(port, "port"), timeout=_seconds(timeout), bindAddress=source)


def _parseClientUNIX(
    reactor: Any, path: str | None = None, timeout: str = "30", lockfile: str = "0"
) -> UNIXClientEndpoint:
    """``unix:PATH[:timeout=SECONDS][:lockfile=1]``"""
    if not path:
        raise ValueError("the path of a UNIX socket is empty")
    checkPID = bool(_number(lockfile, "lockfile", high=1))
    return UNIXClientEndpoint(reactor, path, timeout=_seconds(timeout), checkPID=checkPID)


def _parseClientTCP6(
    reactor: Any,
    host: str | None = None,
    port: str | None = None,
    timeout: str = "30",
    bindAddress: str | None = None,
) -> Any:
    """``tcp6:HOST:PORT[:timeout=SECONDS][:bindAddress=ADDRESS]``"""
    return _tcpClient(TCP6ClientEndpoint, reactor, host, port, timeout, bindAddress)


@implementer(IPlugin, IStreamServerEndpointStringParser)
class ServerParser:
    """
    A type of servers, in the form in which plugins bring others.

    @ivar prefix: what strings of it begin with.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def parseStreamServer(self, reactor: Any, *args: str, **kwargs: str) -> Any:
        """The endpoint of some arguments."""
        return SERVERS[self.prefix](reactor, *args, **kwargs)


@implementer(IPlugin, IStreamClientEndpointStringParserWithReactor)
class ClientParser:
    """
    A type of clients, in the form in which plugins bring others.

    @ivar prefix: what strings of it begin with.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def parseStreamClient(self, reactor: Any, *args: str, **kwargs: str) -> Any:
        """The endpoint of some arguments."""
        return CLIENTS[self.prefix](reactor, *args, **kwargs)


SERVERS: dict[str, Callable[..., Any]] = {
    "tcp": _parseTCP,
    "tcp6": _parseTCP6,
    "unix": _parseUNIX,
    "systemd": _parseSystemd,
    "fd": _parseFD,
    "ssl": _parseSSL,
    "tls": _parseTLS,
    "stdio": _parseStdio,
}
CLIENTS: dict[str, Callable[..., Any]] = {
    "tcp": _parseClientTCP,
    "tcp6": _parseClientTCP6,
    "unix": _parseClientUNIX,
    "ssl": _parseClientSSL,
    "tls": _parseClientTLS,
    "process": _parseProcess,
}


def _make(
    reactor: Any,
    description: str,
    known: dict[str, Callable[..., Any]],
    plugins: Callable[[], Iterator[tuple[str, Callable[..., Any]]]],
) -> Any:
    """
    The endpoint of a string.

    @param plugins: tells the types, and their parsers, that other distributions bring.
    """
    args, kwargs = parse(description)
    kind, *rest = args or [""]
    parser = known.get(kind)
    if parser is None:
        others = dict(plugins())
        parser = others.get(kind)
        if parser is None:
            names = ", ".join(sorted({*known, *others}))
            raise ValueError(f"Unknown endpoint type: {kind!r} (known are: {names})")
        return parser(reactor, *rest, **kwargs)
    try:
        if known is CLIENTS:
            rest = _unnamed(parser, rest, kwargs)
        return parser(reactor, *rest, **kwargs)
    except ValueError as error:
        raise ValueError(f"{description!r}: {error}") from None
    except TypeError as error:
        expected = " ".join((parser.__doc__ or "").split())
        raise TypeError(f"{description!r}: {error}; expected {expected}") from None


def _unnamed(parser: Callable[..., Any], args: list[str], kwargs: _Arguments) -> list[str]:
    """
    The arguments to give by position; what has a name moves into `kwargs`.

    Those without a name are the first that are not given by name.
    """
    parameters = list(inspect.signature(parser).parameters.values())[1:]
    if not kwargs or any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return args
    free = [p.name for p in parameters if p.name not in kwargs]
    kwargs.update(zip(free, args, strict=False))
    return args[len(free) :]


def _serverPlugins() -> Iterator[tuple[str, Callable[..., Any]]]:
    """The types of servers that plugins know."""
    for found in plugin.getPlugins(IStreamServerEndpointStringParser):
        yield found.prefix, found.parseStreamServer


def _clientPlugins() -> Iterator[tuple[str, Callable[..., Any]]]:
    """The types of clients that plugins know."""
    for found in plugin.getPlugins(IStreamClientEndpointStringParserWithReactor):
        yield found.prefix, found.parseStreamClient


def serverFromString(reactor: Any, description: str) -> Any:
    """
    The `IStreamServerEndpoint` of a string such as ``tcp:8080``.

    @raise ValueError: if the type is not known, or an argument makes no sense.
    @raise TypeError: if an argument is missing or not known.
    """
    return _make(reactor, description, SERVERS, _serverPlugins)


def clientFromString(reactor: Any, description: str) -> Any:
    """
    The `IStreamClientEndpoint` of a string such as ``tcp:example.org:80``.

    @raise ValueError: if the type is not known, or an argument makes no sense.
    @raise TypeError: if an argument is missing or not known.
    """
    return _make(reactor, description, CLIENTS, _clientPlugins)
