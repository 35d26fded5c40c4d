"""Endpoints under TLS."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from twisted.internet._endpoints._plain import connectBy
from twisted.internet.defer import Deferred, execute
from twisted.internet.interfaces import IStreamClientEndpoint, IStreamServerEndpoint

__all__ = [
    "SSL4ClientEndpoint",
    "SSL4ServerEndpoint",
    "WrappedClientEndpoint",
    "WrappedServerEndpoint",
    "wrapClientTLS",
    "wrapServerTLS",
]


@implementer(IStreamServerEndpoint)
class SSL4ServerEndpoint:
    """A TCP port of IPv4 to listen on, for connections under TLS."""

    def __init__(
        self,
        reactor: Any,
        port: int,
        sslContextFactory: Any,
        backlog: int = 50,
        interface: str = "",
    ) -> None:
        """
        @param port: 0 for any that is free.
        @param sslContextFactory: the settings, such as `twisted.internet.ssl.CertificateOptions`.
        @param backlog: how many connections may wait to be accepted.
        @param interface: the address to listen on, ``""`` for all.
        """
        self._reactor = reactor
        self._port = port
        self._sslContextFactory = sslContextFactory
        self._backlog = backlog
        self._interface = interface

    def listen(self, protocolFactory: Any) -> Deferred[Any]:
        """Listen; see `IStreamServerEndpoint`."""
        return execute(
            self._reactor.listenSSL,
            self._port,
            protocolFactory,
            contextFactory=self._sslContextFactory,
            backlog=self._backlog,
            interface=self._interface,
        )


@implementer(IStreamClientEndpoint)
class SSL4ClientEndpoint:
    """A TCP port of IPv4 to connect to under TLS; `wrapClientTLS` wraps any other endpoint."""

    def __init__(
        self,
        reactor: Any,
        host: str,
        port: int,
        sslContextFactory: Any,
        timeout: float = 30,
        bindAddress: Any = None,
    ) -> None:
        """
        @param host: a name or an address.
        @param sslContextFactory: the settings, such as what
            `twisted.internet.ssl.optionsForClientTLS` returns.
        @param timeout: in seconds.
        @param bindAddress: the address to connect from, a pair of host and port, or None.
        """
        self._reactor = reactor
        self._host = host
        self._port = port
        self._sslContextFactory = sslContextFactory
        self._timeout = timeout
        self._bindAddress = bindAddress

    def connect(self, protocolFactory: Any) -> Deferred[Any]:
        """Connect; see `IStreamClientEndpoint`."""
        return connectBy(
            lambda factory: self._reactor.connectSSL(
                self._host,
                self._port,
                factory,
                self._sslContextFactory,
                timeout=self._timeout,
                bindAddress=self._bindAddress,
            ),
            protocolFactory,
        )


@implementer(IStreamClientEndpoint)
class WrappedClientEndpoint:
    """Another endpoint, with something around each protocol that is connected."""

    def __init__(self, wrappedEndpoint: Any, wrapperFactory: Callable[[Any], Any]) -> None:
        """
        @param wrapperFactory: makes a `twisted.protocols.policies.WrappingFactory` of a factory.
        """
        self._wrappedEndpoint = wrappedEndpoint
        self._wrapperFactory = wrapperFactory

    def connect(self, protocolFactory: Any) -> Deferred[Any]:
        """Connect; see `IStreamClientEndpoint`."""
        connected: Deferred[Any] = self._wrappedEndpoint.connect(
            self._wrapperFactory(protocolFactory)
        )
        return connected.addCallback(lambda wrapper: wrapper.wrappedProtocol)


@implementer(IStreamServerEndpoint)
class WrappedServerEndpoint:
    """Another endpoint, with something around each protocol that is connected."""

    def __init__(self, wrappedEndpoint: Any, wrapperFactory: Callable[[Any], Any]) -> None:
        """
        @param wrapperFactory: makes a `twisted.protocols.policies.WrappingFactory` of a factory.
        """
        self._wrappedEndpoint = wrappedEndpoint
        self._wrapperFactory = wrapperFactory

    def listen(self, protocolFactory: Any) -> Deferred[Any]:
        """Listen; see `IStreamServerEndpoint`."""
        listening: Deferred[Any] = self._wrappedEndpoint.listen(
            self._wrapperFactory(protocolFactory)
        )
        return listening


def wrapClientTLS(
    connectionCreator: Any, wrappedEndpoint: Any, clock: Any = None
) -> WrappedClientEndpoint:
    """
    Speak TLS over what any endpoint connects to::

        options = optionsForClientTLS("example.com")
        wrapClientTLS(options, HostnameEndpoint(reactor, "example.com", 443))

    @param connectionCreator: the settings: an `IOpenSSLClientConnectionCreator`.
    @param clock: an `IReactorTime` for time-outs; None for the reactor of the transport.
    @return: an `IStreamClientEndpoint`.
    @raise ImportError: the extra ``tls`` is not installed.
    """
    from twisted.internet._tls._factory import TLSMemoryBIOFactory

    return WrappedClientEndpoint(
        wrappedEndpoint,
        lambda factory: TLSMemoryBIOFactory(connectionCreator, True, factory, clock),
    )


def wrapServerTLS(
    connectionCreator: Any, wrappedEndpoint: Any, clock: Any = None
) -> WrappedServerEndpoint:
    """
    Speak TLS over what any endpoint listens at.

    @param connectionCreator: the settings: an `IOpenSSLServerConnectionCreator`.
    @param clock: an `IReactorTime` for time-outs; None for the reactor of the transport.
    @return: an `IStreamServerEndpoint`.
    @raise ImportError: the extra ``tls`` is not installed.
    """
    from twisted.internet._tls._factory import TLSMemoryBIOFactory

    return WrappedServerEndpoint(
        wrappedEndpoint,
        lambda factory: TLSMemoryBIOFactory(connectionCreator, False, factory, clock),
    )


# What strings say of certificates; all this needs the extra.


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def privateCertificate(certificate: str | None, privateKey: str | None) -> Any:
    """The `PrivateCertificate` in two files in PEM form, which may be one; None for neither."""
    from twisted.internet import ssl

    if certificate is None and privateKey is None:
        return None
    first = certificate or privateKey
    assert first is not None
    pem = _read(first) + b"\n" + (_read(privateKey) if privateKey and certificate else b"")
    return ssl.PrivateCertificate.loadPEM(pem)


def trustFromFolder(path: str | None) -> Any:
    """
    Who has signed what is to be believed.

    @param path: a folder, whose files that end in ``.pem`` have a certificate each; None for those
        that the system believes.
    """
    from twisted.internet import ssl

    if path is None:
        return ssl.platformTrust()
    names = [name for name in sorted(os.listdir(path)) if name.lower().endswith(".pem")]
    return ssl.trustRootFromCertificates(
        [ssl.Certificate.loadPEM(_read(os.path.join(path, name))) for name in names]
    )


def chainFrom(path: str | None) -> list[Any]:
    """The certificates, as `OpenSSL.crypto.X509`, of a file in PEM form."""
    from twisted.internet._tls._servernames import certificatesOf

    if path is None:
        return []
    return [certificate.original for certificate in certificatesOf(_read(path))]
