"""The settings of TLS connections."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Any

from constantly import FlagConstant, Flags, NamedConstant, Names
from OpenSSL import SSL
from zope.interface import implementer

from twisted.internet._tls._ciphers import DEFAULT_CIPHERS, expandCipherString
from twisted.internet._tls._errors import NoSharedProtocolError, Noted
from twisted.internet._tls._trust import (
    IOpenSSLTrustRoot,
    OpenSSLCertificateAuthorities,
    modern,
)
from twisted.internet.interfaces import (
    IOpenSSLClientConnectionCreator,
    IOpenSSLContextFactory,
    IOpenSSLServerConnectionCreator,
)

__all__ = [
    "OpenSSLCertificateOptions",
    "OpenSSLDiffieHellmanParameters",
    "ProtocolNegotiationSupport",
    "TLSVersion",
    "protocolNegotiationMechanisms",
    "setAcceptableProtocols",
]


class TLSVersion(Names):  # type: ignore[misc]
    """Versions of TLS, oldest first."""

    SSLv3 = NamedConstant()
    TLSv1_0 = NamedConstant()
    TLSv1_1 = NamedConstant()
    TLSv1_2 = NamedConstant()
    TLSv1_3 = NamedConstant()


_OLDEST_FIRST = list(TLSVersion.iterconstants())
_NUMBERS = dict(
    zip(
        _OLDEST_FIRST,
        [
            SSL.SSL3_VERSION,
            SSL.TLS1_VERSION,
            SSL.TLS1_1_VERSION,
            SSL.TLS1_2_VERSION,
            SSL.TLS1_3_VERSION,
        ],
        strict=True,
    )
)
_DEFAULT_MINIMUM = TLSVersion.TLSv1_2


class ProtocolNegotiationSupport(Flags):  # type: ignore[misc]
    """Ways to agree on an application protocol."""

    NOSUPPORT = FlagConstant(0)
    NPN = FlagConstant(1)
    ALPN = FlagConstant(2)


def protocolNegotiationMechanisms() -> Any:
    """The ways to agree on an application protocol that there are: ALPN (RFC 7301)."""
    return ProtocolNegotiationSupport.ALPN


def setAcceptableProtocols(context: SSL.Context, acceptableProtocols: Iterable[bytes]) -> None:
    """
    Offer application protocols by ALPN (RFC 7301), and choose one as a server.

    A client that offers only others is refused, as the RFC says. A connection may have protocols of
    its own: see `Noted`.

    @param acceptableProtocols: their names, most wanted first; those of the server decide.
    """
    ofContext = list(acceptableProtocols)

    def choose(connection: SSL.Connection, offered: Sequence[bytes]) -> Any:
        wanted = getattr(connection.get_app_data(), "acceptableProtocols", None) or ofContext
        if not wanted:
            return SSL.NO_OVERLAPPING_PROTOCOLS
        for protocol in wanted:
            if protocol in offered:
                return protocol
        raise NoSharedProtocolError(
            [("SSL routines", "", f"no application protocol in common: {list(offered)!r}")]
        )

    context.set_alpn_select_callback(choose)
    if ofContext:
        context.set_alpn_protos(ofContext)


class OpenSSLDiffieHellmanParameters:
    """
    Parameters of key exchanges over finite fields; those over elliptic curves need none.

    @param parameters: the path of a file in PEM form, as `twisted.python.filepath.FilePath`.
    """

    def __init__(self, parameters: Any) -> None:
        self._dhFile = parameters

    @classmethod
    def fromFile(cls, filePath: Any) -> OpenSSLDiffieHellmanParameters:
        """
        Read parameters, such as ``openssl dhparam`` writes.

        @param filePath: a `twisted.python.filepath.FilePath`.
        """
        return cls(filePath)


#: SSL_MODE_ENABLE_PARTIAL_WRITE, which pyOpenSSL sets and does not name.
_PARTIAL_WRITE = 1

_sessionNames = count()


@implementer(
    IOpenSSLServerConnectionCreator, IOpenSSLClientConnectionCreator, IOpenSSLContextFactory
)
class OpenSSLCertificateOptions:
    """
    The settings of TLS connections. What is left out is safe: TLS 1.2 and 1.3, forward secrecy,
    authenticated encryption, no compression, no renegotiation.

    A client that wants to know whom it speaks to uses `optionsForClientTLS`, not this.

    @param privateKey: the `OpenSSL.crypto.PKey` of `certificate`.
    @param certificate: the `OpenSSL.crypto.X509` to present.
    @param extraCertChain: certificates between that and the authority, nearest first.
    @param method: one of OpenSSL's methods, for a version of TLS that is fixed: an older way to
        say what the next three say.
    @param raiseMinimumTo: a `TLSVersion`: nothing older, even if older versions are safe.
    @param insecurelyLowerMinimumTo: a `TLSVersion`: allow what is no longer safe.
    @param lowerMaximumSecurityTo: a `TLSVersion`: nothing newer.
    @param verify: whether the peer's certificate must be signed by one of `caCerts`.
    @param caCerts: `OpenSSL.crypto.X509` objects; for `verify`.
    @param trustRoot: who must have signed the peer's certificate: an `IOpenSSLTrustRoot`, or a
        `Certificate`. It says `verify` by itself.
    @param verifyDepth: how many certificates may be between the peer's and the authority's.
    @param requireCertificate: whether a peer without a certificate is refused; for a server.
    @param verifyOnce: whether the certificate is looked at for the first handshake alone.
    @param enableSingleUseKeys: whether keys of key exchanges are used once.
    @param enableSessions: whether a server lets clients resume sessions that it keeps.
    @param enableSessionTickets: whether a server lets clients resume sessions by tickets.
    @param fixBrokenPeers: whether to work around errors of very old peers.
    @param acceptableCiphers: an `IAcceptableCiphers`.
    @param dhParameters: a `DiffieHellmanParameters`.
    @param acceptableProtocols: names of application protocols (ALPN), most wanted first.
    @param contextForServerName: for a server with several certificates: called with the name that
        a client asks for (octets, or None), it returns the `OpenSSL.SSL.Context` to go on with, or
        None for this one.
    @raise TypeError: arguments exclude each other.
    @raise ValueError: arguments make no sense together.
    """

    def __init__(
        self,
        privateKey: Any = None,
        certificate: Any = None,
        method: int | None = None,
        verify: bool = False,
        caCerts: Iterable[Any] | None = None,
        verifyDepth: int = 9,
        requireCertificate: bool = True,
        verifyOnce: bool = True,
        enableSingleUseKeys: bool = True,
        enableSessions: bool = False,
        fixBrokenPeers: bool = False,
        enableSessionTickets: bool = False,
        extraCertChain: Iterable[Any] | None = None,
        acceptableCiphers: Any = None,
        dhParameters: Any = None,
        trustRoot: Any = None,
        acceptableProtocols: Sequence[bytes] | None = None,
        raiseMinimumTo: NamedConstant | None = None,
        insecurelyLowerMinimumTo: NamedConstant | None = None,
        lowerMaximumSecurityTo: NamedConstant | None = None,
        contextForServerName: Callable[[bytes | None], SSL.Context | None] | None = None,
    ) -> None:
        if (privateKey is None) != (certificate is None):
            raise ValueError("privateKey and certificate belong together")
        if extraCertChain is not None and certificate is None:
            raise ValueError("extraCertChain needs a privateKey and a certificate")
        if trustRoot is not None and caCerts is not None:
            raise TypeError("trustRoot and caCerts exclude each other")
        if trustRoot is None:
            if bool(verify) != bool(caCerts):
                raise ValueError("verify and caCerts belong together")
            if caCerts:
                trustRoot = OpenSSLCertificateAuthorities(caCerts)
        else:
            trustRoot = IOpenSSLTrustRoot(trustRoot)
        self.privateKey = privateKey
        self.certificate = certificate
        self.extraCertChain = list(extraCertChain or ())
        self.verify = trustRoot is not None
        self.caCerts = caCerts
        self.trustRoot = trustRoot
        self.verifyDepth = verifyDepth
        self.requireCertificate = requireCertificate
        self.verifyOnce = verifyOnce
        self.enableSingleUseKeys = enableSingleUseKeys
        self.enableSessions = enableSessions
        self.enableSessionTickets = enableSessionTickets
        self.fixBrokenPeers = fixBrokenPeers
        self.dhParameters = dhParameters
        self.method, self._versions = _versions(
            method, raiseMinimumTo, insecurelyLowerMinimumTo, lowerMaximumSecurityTo
        )
        ciphers = DEFAULT_CIPHERS if acceptableCiphers is None else acceptableCiphers
        available = expandCipherString("ALL", SSL.TLS_METHOD, 0)
        self._ciphers = [cipher.fullName for cipher in ciphers.selectCiphers(available)]
        if not self._ciphers:
            raise ValueError("none of the acceptable ciphers is available")
        self._acceptableProtocols = list(acceptableProtocols or ())
        if any(not 0 < len(name) < 256 for name in self._acceptableProtocols):
            raise ValueError("the name of an application protocol has 1 to 255 octets")
        self._contextForServerName = contextForServerName
        self._context: SSL.Context | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_context": None}

    def getContext(self) -> SSL.Context:
        """The `OpenSSL.SSL.Context`; made once."""
        if self._context is None:
            self._context = self._makeContext()
        return self._context

    def serverConnectionForTLS(self, protocol: Any) -> SSL.Connection:
        """The server's side of a connection for `protocol`, a `TLSMemoryBIOProtocol`."""
        return self._connection()

    def clientConnectionForTLS(self, protocol: Any) -> SSL.Connection:
        """
        The client's side of a connection for `protocol`, a `TLSMemoryBIOProtocol`.

        Nothing is known of whom it wants to reach, so nothing is verified but signatures.
        """
        return self._connection()

    def _connection(self) -> SSL.Connection:
        connection = SSL.Connection(self.getContext(), None)
        connection.set_app_data(Noted())
        return connection

    def _makeContext(self) -> SSL.Context:
        context = SSL.Context(self.method)
        oldest, newest = self._versions
        if oldest is not None:
            context.set_min_proto_version(oldest)
        if newest is not None:
            context.set_max_proto_version(newest)
        context.set_options(self._options())
        # Buffers of idle connections are given back.
        context.set_mode(SSL.MODE_RELEASE_BUFFERS)
        # Several records are made in one call.
        context.clear_mode(_PARTIAL_WRITE)
        tls13 = [name for name in self._ciphers if name.startswith("TLS_")]
        older = [name for name in self._ciphers if not name.startswith("TLS_")]
        if older:
            context.set_cipher_list(":".join(older).encode("ascii"))
        if tls13:
            context.set_tls13_ciphersuites(":".join(tls13).encode("ascii"))
        self._presentCertificate(context)
        self._verifyPeer(context)
        self._resumeSessions(context)
        if self.dhParameters is not None:
            context.load_tmp_dh(self.dhParameters._dhFile.path)
        setAcceptableProtocols(context, self._acceptableProtocols)
        if self._contextForServerName is not None:
            self._chooseByServerName(context, self._contextForServerName)
        return context

    def _options(self) -> int:
        options = SSL.OP_NO_COMPRESSION | SSL.OP_CIPHER_SERVER_PREFERENCE | SSL.OP_NO_RENEGOTIATION
        if self.enableSingleUseKeys:
            options |= SSL.OP_SINGLE_DH_USE | SSL.OP_SINGLE_ECDH_USE
        if self.fixBrokenPeers:
            options |= SSL.OP_ALL
        if not self.enableSessionTickets:
            options |= SSL.OP_NO_TICKET
        return options

    def _presentCertificate(self, context: SSL.Context) -> None:
        if self.certificate is None:
            return
        context.use_certificate(modern(self.certificate))
        context.use_privatekey(modern(self.privateKey))
        for extra in self.extraCertChain:
            context.add_extra_chain_cert(modern(extra))
        # A key of another certificate is an error here rather than in each handshake.
        context.check_privatekey()

    def _verifyPeer(self, context: SSL.Context) -> None:
        flags = SSL.VERIFY_NONE
        if self.verify:
            flags = SSL.VERIFY_PEER
            if self.requireCertificate:
                flags |= SSL.VERIFY_FAIL_IF_NO_PEER_CERT
            if self.verifyOnce:
                flags |= SSL.VERIFY_CLIENT_ONCE
            self.trustRoot._addCACertsToContext(context)
        context.set_verify(flags, _verified)
        if self.verifyDepth is not None:
            context.set_verify_depth(self.verifyDepth)

    def _resumeSessions(self, context: SSL.Context) -> None:
        if self.enableSessions or self.enableSessionTickets:
            # Sessions of these settings are never resumed under others.
            context.set_session_id(b"twisted:%d" % next(_sessionNames))
        context.set_session_cache_mode(
            SSL.SESS_CACHE_SERVER if self.enableSessions else SSL.SESS_CACHE_OFF
        )

    @staticmethod
    def _chooseByServerName(
        context: SSL.Context, contextFor: Callable[[bytes | None], SSL.Context | None]
    ) -> None:
        def choose(connection: SSL.Connection) -> None:
            chosen = contextFor(connection.get_servername())
            if chosen is not None:
                connection.set_context(chosen)

        context.set_tlsext_servername_callback(choose)


def _verified(
    connection: SSL.Connection, certificate: Any, errno: int, depth: int, ok: int
) -> bool:
    noted = connection.get_app_data()
    if isinstance(noted, Noted):
        return noted.verified(certificate, errno, depth, ok)
    return bool(ok)


def _versions(
    method: int | None,
    raiseMinimumTo: NamedConstant | None,
    insecurelyLowerMinimumTo: NamedConstant | None,
    lowerMaximumSecurityTo: NamedConstant | None,
) -> tuple[int, tuple[int | None, int | None]]:
    """The method, and the numbers of the oldest and the newest version; None for no bound."""
    bounds = {
        "raiseMinimumTo": raiseMinimumTo,
        "insecurelyLowerMinimumTo": insecurelyLowerMinimumTo,
        "lowerMaximumSecurityTo": lowerMaximumSecurityTo,
    }
    given = [name for name, bound in bounds.items() if bound is not None]
    if method is not None:
        if given:
            raise TypeError(f"method and {given[0]} exclude each other")
        if method not in (SSL.TLS_METHOD, SSL.TLS_CLIENT_METHOD, SSL.TLS_SERVER_METHOD):
            return method, (None, None)
        return method, (_NUMBERS[_DEFAULT_MINIMUM], None)
    for name in given:
        if bounds[name] not in _NUMBERS:
            raise ValueError(f"{name} is {bounds[name]!r}, which is not a TLSVersion")
    if raiseMinimumTo is not None and insecurelyLowerMinimumTo is not None:
        raise TypeError("raiseMinimumTo and insecurelyLowerMinimumTo exclude each other")
    age = _OLDEST_FIRST.index
    oldest = insecurelyLowerMinimumTo or _DEFAULT_MINIMUM
    if raiseMinimumTo is not None:
        oldest = max(raiseMinimumTo, oldest, key=age)
    newest = lowerMaximumSecurityTo
    if newest is not None and age(newest) < age(oldest):
        if insecurelyLowerMinimumTo is None and raiseMinimumTo is None:
            # Asking for nothing newer than that is asking for it.
            oldest = newest
        else:
            raise ValueError(f"nothing is both as new as {oldest!r} and as old as {newest!r}")
    return SSL.TLS_METHOD, (_NUMBERS[oldest], None if newest is None else _NUMBERS[newest])
