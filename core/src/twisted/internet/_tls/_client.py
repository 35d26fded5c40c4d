"""A client that knows whom it wants to reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from OpenSSL import SSL
from service_identity import CertificateError, VerificationError
from service_identity.pyopenssl import verify_hostname, verify_ip_address
from zope.interface import implementer

from twisted.internet._idna import idnaBytes
from twisted.internet._tls._errors import Noted
from twisted.internet._tls._options import OpenSSLCertificateOptions
from twisted.internet._tls._trust import platformTrust
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.logger import Logger
from twisted.python.failure import Failure

_log = Logger()

__all__ = ["ClientTLSOptions", "optionsForClientTLS"]


@implementer(IOpenSSLClientConnectionCreator)
class ClientTLSOptions:
    """
    Makes the client's side of connections to one host: sends its name (SNI, RFC 6066) and verifies
    that the certificate is the host's (RFC 9525). `optionsForClientTLS` makes these.

    @param createConnection: a function that makes a connection for a `TLSMemoryBIOProtocol`.
    @param hostname: the name of the host, or its address. Older programs give this first, and then
        an `OpenSSL.SSL.Context`.
    @param sendServerName: whether to send the name; None sends a name, but no address.
    """

    def __init__(
        self,
        createConnection: Callable[[Any], SSL.Connection] | str,
        hostname: str | SSL.Context,
        sendServerName: bool | None = None,
    ) -> None:
        if isinstance(createConnection, str):
            createConnection, hostname = hostname, createConnection  # type: ignore[assignment]
        assert isinstance(hostname, str)
        self._ctx = createConnection if isinstance(createConnection, SSL.Context) else None
        self._createConnection: Any = createConnection
        self._hostname = hostname
        self._hostnameIsDnsName = not (isIPAddress(hostname) or isIPv6Address(hostname))
        self._hostnameBytes = (
            idnaBytes(hostname) if self._hostnameIsDnsName else hostname.encode("ascii")
        )
        self._hostnameASCII = self._hostnameBytes.decode("ascii")
        self._sendServerName = self._hostnameIsDnsName if sendServerName is None else sendServerName

    def clientConnectionForTLS(self, tlsProtocol: Any) -> SSL.Connection:
        """The client's side of a connection for `tlsProtocol`, a `TLSMemoryBIOProtocol`."""
        if isinstance(self._createConnection, SSL.Context):
            connection = SSL.Connection(self._createConnection, None)
            connection.set_app_data(Noted())
        else:
            connection = self._createConnection(tlsProtocol)
        if self._sendServerName:
            connection.set_tlsext_host_name(self._hostnameBytes)

        def told(connection: SSL.Connection, where: int, ret: int) -> None:
            try:
                self._identityVerifyingInfoCallback(connection, where, ret)
            except (VerificationError, CertificateError):
                tlsProtocol.failVerification(Failure())
            except BaseException:
                _log.failure("The identity of the peer cannot be verified")
                tlsProtocol.failVerification(Failure())

        connection.set_info_callback(told)
        return connection

    def _identityVerifyingInfoCallback(
        self, connection: SSL.Connection, where: int, ret: int
    ) -> None:
        """
        Verify who the peer is as soon as the handshake is done.

        @raise service_identity.VerificationError: it is somebody else.
        """
        if where & SSL.SSL_CB_HANDSHAKE_DONE:
            if self._hostnameIsDnsName:
                verify_hostname(connection, self._hostnameASCII)
            else:
                verify_ip_address(connection, self._hostnameASCII.partition("%")[0])


def optionsForClientTLS(
    hostname: str,
    trustRoot: Any = None,
    clientCertificate: Any = None,
    acceptableProtocols: Sequence[bytes] | None = None,
    *,
    extraCertificateOptions: Mapping[str, Any] | None = None,
    sendServerName: bool | None = None,
) -> ClientTLSOptions:
    """
    The settings of a client that wants to reach one host: what a client should use.

    The certificate must be signed by an authority that is believed, must not have expired, and must
    be about the host: by its subject alternative names, the common name does not count.

    @param hostname: the name of the host as the user knows it, in any script, or its address.
    @param trustRoot: who must have signed the certificate: an `IOpenSSLTrustRoot`, or a
        `Certificate`. Those that the system believes, if it is None.
    @param clientCertificate: the `PrivateCertificate` with which the client proves who it is.
    @param acceptableProtocols: names of application protocols (ALPN), most wanted first.
    @param extraCertificateOptions: further arguments for `CertificateOptions`.
    @param sendServerName: whether to send the name (SNI); None sends a name, but no address.
    @return: an `IOpenSSLClientConnectionCreator`.
    @raise TypeError: `hostname` is not text.
    @raise UnicodeError: `hostname` is not the name of a host.
    """
    if not isinstance(hostname, str):
        raise TypeError(f"the name of a host is text, not {type(hostname).__name__}")
    settings = dict(extraCertificateOptions or {})
    if clientCertificate is not None:
        settings["privateKey"] = clientCertificate.privateKey.original
        settings["certificate"] = clientCertificate.original
    options = OpenSSLCertificateOptions(
        trustRoot=platformTrust() if trustRoot is None else trustRoot,
        acceptableProtocols=acceptableProtocols,
        **settings,
    )
    return ClientTLSOptions(options.clientConnectionForTLS, hostname, sendServerName)
