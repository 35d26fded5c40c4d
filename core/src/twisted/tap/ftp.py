"""``twistd ftp``: a server of files."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

from twisted.application import internet, strports
from twisted.cred import checkers, portal, strcred
from twisted.cred.credentials import IAnonymous, IUsernamePassword
from twisted.protocols import ftp
from twisted.python import deprecate, usage, versions

__all__ = ["Options", "makeService"]


class Options(usage.Options, strcred.AuthOptionMixin):
    """Where the server listens, what it serves, and to whom."""

    supportedInterfaces = (IUsernamePassword, IAnonymous)
    synopsis = "[options]"
    longdesc = "Makes an FTP server. Without --auth only anonymous users are served, for reading."
    optParameters: ClassVar[list[Any]] = [
        ["port", "p", "2121", "The port to listen on."],
        ["listen", None, None, "Listen here instead, such as tcp:2121:interface=127.0.0.1."],
        ["root", "r", "/usr/local/ftp", "What anonymous users see."],
        ["userAnonymous", "", "anonymous", "The name of anonymous users."],
        ["userHome", "", "/home", "The directory that holds those of other users."],
        ["passive-ports", None, None, "Ports for data connections, as 5000-5100."],
        ["passive-address", None, None, "The address told to clients, behind a router."],
        ["certificate", None, None, "A file in PEM with a key and certificates, for TLS."],
    ]
    optFlags: ClassVar[list[Any]] = [
        ["require-tls", None, "Refuse logins and transfers in plain text."],
    ]
    compData: Any = usage.Completions(
        optActions={
            "root": usage.CompleteDirs(descr="root of the ftp site"),
            "userHome": usage.CompleteDirs(),
            "certificate": usage.CompleteFiles("*.pem"),
        }
    )

    def __init__(self, *a: Any, **kw: Any) -> None:
        super().__init__(*a, **kw)
        self.addChecker(checkers.AllowAnonymousAccess())

    def opt_password_file(self, filename: str) -> None:
        """(DEPRECATED: use --auth file:FILE) A file of names and passwords, as name:password."""
        warning = deprecate.getDeprecationWarningString(
            self.opt_password_file, versions.Version("Twisted", 11, 1, 0)
        )
        warnings.warn(warning, category=DeprecationWarning, stacklevel=2)
        self.addChecker(checkers.FilePasswordDB(filename, cache=True))

    def postOptions(self) -> None:
        """
        See whether the options go together.

        @raise twisted.python.usage.UsageError: if they do not.
        """
        if self["require-tls"] and self["certificate"] is None:
            raise usage.UsageError("--require-tls needs --certificate")
        self["passiveRange"] = _range(self["passive-ports"])
        if self["listen"] is None and not self["port"].isdigit():
            raise usage.UsageError(f"--port takes a number: {self['port']}")


def _range(text: str | None) -> range:
    """@raise twisted.python.usage.UsageError: if a text is no range of ports."""
    if text is None:
        return range(1)
    first, _, last = text.partition("-")
    try:
        ports = range(usage.portCoerce(first), usage.portCoerce(last or first) + 1)
    except ValueError as e:
        raise usage.UsageError(f"--passive-ports: {e}") from None
    if not ports:
        raise usage.UsageError(f"--passive-ports: no port in {text}")
    return ports


def makeService(config: Any) -> Any:
    """Make the service."""
    realm = ftp.FTPRealm(config["root"], config["userHome"])
    factory = ftp.FTPFactory(portal.Portal(realm, config["credCheckers"]), config["userAnonymous"])
    factory.credentialsInBytes = True
    factory.passivePortRange = config["passiveRange"]
    factory.passiveAddress = config["passive-address"]
    if config["certificate"] is not None:
        # It needs an extra.
        from twisted.internet import ssl

        with open(config["certificate"], "rb") as file:
            factory.contextFactory = ssl.PrivateCertificate.loadPEM(file.read()).options()
        factory.requireTLS = bool(config["require-tls"])
    if config["listen"] is not None:
        return strports.service(config["listen"], factory)
    return internet.TCPServer(int(config["port"]), factory)
