"""A server with several certificates, one for each name that clients ask for (SNI, RFC 6066)."""

from __future__ import annotations

import os
from typing import Any

from OpenSSL import SSL, crypto
from zope.interface import implementer

from twisted.internet._idna import idnaText
from twisted.internet._tls._certificates import Certificate, KeyPair, PrivateCertificate
from twisted.internet._tls._errors import Noted
from twisted.internet._tls._options import OpenSSLCertificateOptions
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.logger import Logger

__all__ = ["CertificateDirectory", "CertificatesError"]

_log = Logger()

_BEGIN_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_END_CERTIFICATE = b"-----END CERTIFICATE-----"

#: What a directory is found to hold: names, times and sizes of files.
_State = tuple[tuple[str, int, int, int], ...]


class CertificatesError(ValueError):
    """A folder, or a file, has no certificate and key that go together."""


def certificatesOf(octets: bytes) -> list[Certificate]:
    found = []
    for part in octets.split(_BEGIN_CERTIFICATE)[1:]:
        body = part.partition(_END_CERTIFICATE)[0]
        found.append(Certificate.loadPEM(_BEGIN_CERTIFICATE + body + _END_CERTIFICATE + b"\n"))
    return found


def contextOf(octets: bytes, where: str, **settings: Any) -> tuple[list[str], SSL.Context]:
    """
    Settings from a file in PEM form: a key, its certificate, and those between that and an
    authority, in any order.

    @param where: what to call the file in an error.
    @return: the names that the certificate is about, and an `OpenSSL.SSL.Context` that presents it.
    @raise CertificatesError: they are not all there.
    """
    try:
        key = KeyPair.load(octets, crypto.FILETYPE_PEM)
        certificates = certificatesOf(octets)
    except ValueError as error:
        raise CertificatesError(f"{where} has no readable key and certificates: {error}") from None
    own = [c for c in certificates if key.matches(c.getPublicKey())]
    if not own:
        raise CertificatesError(f"{where} has no certificate of its key")
    certificate = PrivateCertificate.fromCertificateAndKeyPair(own[0], key)
    options = OpenSSLCertificateOptions(
        privateKey=key.original,
        certificate=certificate.original,
        extraCertChain=[c.original for c in certificates if c is not own[0]],
        **settings,
    )
    return _namesOf(certificate), options.getContext()


def _octetsOf(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _namesOf(certificate: Certificate) -> list[str]:
    """The names of hosts that a certificate is about."""
    from cryptography import x509

    try:
        extension = certificate.original.to_cryptography().extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
    except x509.ExtensionNotFound:
        return [certificate.getSubject().get("commonName", b"").decode("ascii", "replace")]
    return [name.lower() for name in extension.value.get_values_for_type(x509.DNSName)]


@implementer(IOpenSSLServerConnectionCreator)
class CertificateDirectory:
    """
    Presents the certificate that is about the name which a client asks for.

    Each file of the folder that ends in ``.pem`` has a private key, its certificate, and those
    between that and the authority. Files are read when they have changed: a connection looks at the
    folder once in `interval` seconds. If it cannot be read then, the error is logged, and what was
    known before goes on.

    A client that asks for no name, or for one that no certificate is about, gets the certificate
    of ``default.pem``, or else that of the first file by name.

    @param path: the folder, or one file.
    @param clock: tells the time: an `IReactorTime`.
    @param interval: in seconds.
    @param privateKey: a file with the key, if that of `path` has certificates alone.
    @param settings: further arguments for `CertificateOptions`.
    @raise CertificatesError: there is nothing to present.
    """

    def __init__(
        self,
        path: str,
        clock: Any,
        interval: float = 10,
        privateKey: str | None = None,
        **settings: Any,
    ) -> None:
        self._path = path
        self._privateKey = privateKey
        self._clock = clock
        self._interval = interval
        self._settings = settings
        self._state: _State = ()
        self._contexts: dict[str, SSL.Context] = {}
        self._read()
        self._looked = clock.seconds()

    def serverConnectionForTLS(self, protocol: Any) -> SSL.Connection:
        """The server's side of a connection for `protocol`, a `TLSMemoryBIOProtocol`."""
        now = self._clock.seconds()
        if now - self._looked >= self._interval:
            self._looked = now
            try:
                self._read()
            except Exception:
                _log.failure("The certificates in {path} cannot be read again", path=self._path)
        connection = SSL.Connection(self._default, None)
        connection.set_app_data(Noted())
        return connection

    def contextForServerName(self, name: bytes | None) -> SSL.Context | None:
        """The context of the certificate that is about `name`; None if none is."""
        if not name:
            return None
        host = name.decode("ascii", "replace").lower().rstrip(".")
        found = self._contexts.get(host)
        if found is None:
            found = self._contexts.get("*." + host.partition(".")[2])
        if found is None:
            try:
                found = self._contexts.get(idnaText(name))
            except UnicodeError:
                return None
        return found

    def _files(self) -> list[str]:
        if not os.path.isdir(self._path):
            return [self._path]
        names = sorted(name for name in os.listdir(self._path) if name.endswith(".pem"))
        return [os.path.join(self._path, name) for name in names]

    def _read(self) -> None:
        files = self._files()
        state = []
        keys = [] if self._privateKey is None else [self._privateKey]
        for file in files + keys:
            status = os.stat(file)
            state.append((file, status.st_mtime_ns, status.st_size, status.st_ino))
        if tuple(state) == self._state:
            return
        contexts: dict[str, SSL.Context] = {}
        default: SSL.Context | None = None
        common = b"".join(map(_octetsOf, keys))
        for file in files:
            names, context = contextOf(
                common + b"\n" + _octetsOf(file),
                file,
                contextForServerName=self.contextForServerName,
                **self._settings,
            )
            for name in names:
                contexts.setdefault(name, context)
            if default is None or os.path.basename(file) == "default.pem":
                default = context
        if default is None:
            raise CertificatesError(f"no file in {self._path} ends in .pem")
        self._default = default
        self._contexts = contexts
        self._state = tuple(state)
