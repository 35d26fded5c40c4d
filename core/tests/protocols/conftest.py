"""A server of FTP with files, for the tests of both sides."""

from __future__ import annotations

import shutil
import ssl as stdlib
import threading

import pytest

from twisted.cred import checkers, credentials, portal
from twisted.internet.protocol import ClientFactory
from twisted.internet.task import Cooperator
from twisted.protocols import ftp
from twisted.protocols._ftp import _client, _data, _server
from twisted.python.failure import Failure


@pytest.fixture
def files(tmp_path):
    """A directory with things in it, and others out of it."""
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "file").write_bytes(b"0123456789")
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "outside").mkdir()
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "way-out").symlink_to(tmp_path / "outside")
    (root / "inner").symlink_to("sub")
    (root / "broken").symlink_to("nothing")
    return root


class Served:
    """A server with a user ``me``, on a real port."""

    def __init__(self, epoll, kit, root, **settings):
        self.reactor, self.kit = epoll, kit
        users = checkers.InMemoryUsernamePasswordDatabaseDontUse(me="secret")
        made = portal.Portal(ftp.FTPRealm(str(root), str(root.parent)), [users])
        made.registerChecker(checkers.AllowAnonymousAccess(), credentials.IAnonymous)
        self.factory = ftp.FTPFactory(made)
        for name, value in settings.items():
            setattr(self.factory, name, value)
        self.port = epoll.listenTCP(0, self.factory, interface="127.0.0.1")
        self.number = self.port.getHost().port

    def during(self, function, *args):
        """Run something in a thread while the server serves. @return: what it returns."""
        outcome = []

        def attempt():
            try:
                outcome.append(function(*args))
            except BaseException as problem:
                outcome.append(problem)

        thread = threading.Thread(target=attempt)
        thread.start()
        self.kit.spin(self.reactor, lambda: outcome)
        thread.join()
        if isinstance(outcome[0], BaseException):
            raise outcome[0]
        return outcome[0]

    def wait(self, deferred):
        """Wait for a Deferred. @return: what it fires with."""
        got = []
        deferred.addBoth(got.append)
        self.kit.spin(self.reactor, lambda: got)
        if isinstance(got[0], Failure):
            raise got[0].value
        return got[0]

    def client(self, *args, **kw):
        """A client of this package."""
        made = ftp.FTPClient(*args, **kw)

        class Factory(ClientFactory):
            noisy = False

            def buildProtocol(self, addr):
                return made

        self.reactor.connectTCP("127.0.0.1", self.number, Factory())
        made.connectFactory = lambda host, port, factory: self.reactor.connectTCP(
            host, port, factory
        )
        return made


@pytest.fixture
def served(epoll, kit, files, monkeypatch):
    """A server of the directory, for anybody and for ``me``, whose home it is."""
    for module in (_server, _data, _client):
        monkeypatch.setattr(module, "currentReactor", lambda given=None: given or epoll)
    home = files.parent / "me"
    shutil.copytree(files, home, symlinks=True)
    made = Served(epoll, kit, files)
    made.home = home
    return made


@pytest.fixture
def certified(served, monkeypatch):
    """The same server, with a certificate, and the settings of a client that trusts it."""
    from twisted.internet import ssl
    from twisted.internet._tls import _producers

    scheduler = Cooperator(scheduler=lambda call: served.reactor.callLater(0, call))
    monkeypatch.setattr(_producers, "cooperate", scheduler.cooperate)

    certificate = ssl.KeyPair.generate().selfSignedCert(1, CN="localhost")
    served.factory.contextFactory = certificate.options()
    served.certificate = certificate
    served.factory.requireTLS = True
    trusting = stdlib.create_default_context(cadata=certificate.dumpPEM().decode())
    served.options = ssl.optionsForClientTLS(
        "localhost", trustRoot=ssl.Certificate(certificate.original)
    )
    return served, trusting
