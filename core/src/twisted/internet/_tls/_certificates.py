"""Certificates, requests for them, and keys; names are in `_names`."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, rsa
from OpenSSL import SSL, crypto
from zope.interface import implementer

from twisted.internet._tls._errors import VerifyError
from twisted.internet._tls._names import DistinguishedName
from twisted.internet._tls._options import OpenSSLCertificateOptions
from twisted.internet._tls._trust import (
    IOpenSSLTrustRoot,
    OpenSSLCertificateAuthorities,
    trustRootFromCertificates,
)
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.error import CertificateError

__all__ = [
    "CertBase",
    "Certificate",
    "CertificateRequest",
    "DistinguishedName",
    "KeyPair",
    "PrivateCertificate",
    "PublicKey",
]

_B = TypeVar("_B", bound="CertBase")
_C = TypeVar("_C", bound="Certificate")

_ENCODINGS = {
    crypto.FILETYPE_ASN1: serialization.Encoding.DER,
    crypto.FILETYPE_PEM: serialization.Encoding.PEM,
}

_YEAR = 60 * 60 * 24 * 365


@implementer(IOpenSSLTrustRoot)
class CertBase:
    """
    What has a subject. As a trust root, a certificate is believed, and what it has signed.

    @ivar original: the object of the library.
    """

    def __init__(self, original: Any) -> None:
        self.original = original

    def _addCACertsToContext(self, context: SSL.Context) -> None:
        OpenSSLCertificateAuthorities([self.original])._addCACertsToContext(context)

    def _name(self, which: str) -> DistinguishedName:
        original = self.original
        if isinstance(original, crypto.X509):
            original = original.to_cryptography()
        return DistinguishedName.fromName(getattr(original, which))

    def getSubject(self) -> DistinguishedName:
        """Whom it is about."""
        return self._name("subject")

    def dump(self, format: int = crypto.FILETYPE_ASN1) -> bytes:
        """Its octets, as ``FILETYPE_ASN1`` (DER) or ``FILETYPE_PEM``."""
        raise NotImplementedError(f"{type(self).__name__}.dump")

    def __eq__(self, other: object) -> bool:
        # A certificate is the same with its private key and without.
        if isinstance(other, type(self)) or (
            isinstance(other, CertBase) and isinstance(self, type(other))
        ):
            return self.dump() == other.dump()
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.dump())


class Certificate(CertBase):
    """An X.509 certificate (RFC 5280)."""

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} Subject={self.getSubject().get('commonName', b'')!r}"
            f" Issuer={self.getIssuer().get('commonName', b'')!r}>"
        )

    @classmethod
    def load(
        cls: type[_C], requestData: bytes, format: int = crypto.FILETYPE_ASN1, args: Any = ()
    ) -> _C:
        """
        Read a certificate.

        @param format: ``FILETYPE_ASN1`` (DER) or ``FILETYPE_PEM``.
        @raise ValueError: it cannot be read.
        """
        return cls(_readCertificate(requestData, format), *args)

    @classmethod
    def loadPEM(cls: type[_C], data: str | bytes) -> _C:
        """Read a certificate in PEM form."""
        octets = data.encode("ascii") if isinstance(data, str) else data
        return cls.load(octets, crypto.FILETYPE_PEM)

    @classmethod
    def peerFromTransport(cls: type[_C], transport: Any) -> _C:
        """
        The certificate that the other side of a connection under TLS presented.

        @raise CertificateError: it presented none, or the connection is not under TLS.
        """
        return cls(_certificateOf(transport, "get_peer_certificate"))

    @classmethod
    def hostFromTransport(cls: type[_C], transport: Any) -> _C:
        """
        The certificate that this side of a connection under TLS presents.

        @raise CertificateError: it presents none.
        """
        return cls(_certificateOf(transport, "get_certificate"))

    def getPublicKey(self) -> PublicKey:
        """The key that it is about."""
        return PublicKey(self.original.get_pubkey())

    def dump(self, format: int = crypto.FILETYPE_ASN1) -> bytes:
        """Its octets, as ``FILETYPE_ASN1`` (DER) or ``FILETYPE_PEM``."""
        return bytes(self.original.to_cryptography().public_bytes(_encoding(format)))

    def dumpPEM(self) -> bytes:
        """Its PEM form."""
        return self.dump(crypto.FILETYPE_PEM)

    def serialNumber(self) -> int:
        """Its number with its issuer."""
        return int(self.original.get_serial_number())

    def digest(self, method: str = "md5") -> bytes:
        """
        Its digest, as hexadecimal digits with colons.

        @param method: the name of the hash; the default is for telling certificates apart, no more.
        """
        return bytes(self.original.digest(method))

    def getIssuer(self) -> DistinguishedName:
        """Who signed it."""
        return self._name("issuer")

    def _inspect(self) -> str:
        return "\n".join(
            [
                "Certificate For Subject:",
                self.getSubject().inspect(),
                "\nIssuer:",
                self.getIssuer().inspect(),
                f"\nSerial Number: {self.serialNumber()}",
                f"Digest: {self.digest().decode()}",
            ]
        )

    def inspect(self) -> str:
        """What it says, for people."""
        return f"{self._inspect()}\n{self.getPublicKey().inspect()}"

    def options(self, *authorities: Certificate) -> Any:
        """Only a `PrivateCertificate` has options."""
        raise NotImplementedError("a certificate without its private key proves nothing")


class CertificateRequest(CertBase):
    """
    A request for a certificate (PKCS #10, RFC 2986).

    Requests come from people whose identity is still to be proven.
    """

    @classmethod
    def load(
        cls, requestData: bytes, requestFormat: int = crypto.FILETYPE_ASN1
    ) -> CertificateRequest:
        """
        Read a request.

        @raise VerifyError: it is not signed by the key that it asks a certificate for.
        @raise ValueError: it cannot be read.
        """
        if _encoding(requestFormat) is serialization.Encoding.PEM:
            request = x509.load_pem_x509_csr(requestData)
        else:
            request = x509.load_der_x509_csr(requestData)
        if not request.is_signature_valid:
            raise VerifyError(f"the request for {request.subject!r} is not signed by its own key")
        return cls(request)

    def dump(self, format: int = crypto.FILETYPE_ASN1) -> bytes:
        """Its octets, as ``FILETYPE_ASN1`` (DER) or ``FILETYPE_PEM``."""
        return bytes(self.original.public_bytes(_encoding(format)))


class PrivateCertificate(Certificate):
    """
    A certificate and its private key.

    @ivar privateKey: the `KeyPair`.
    """

    privateKey: KeyPair

    def __repr__(self) -> str:
        return f"{super().__repr__()} with {self.privateKey!r}"

    def _setPrivateKey(self, privateKey: KeyPair) -> PrivateCertificate:
        if not privateKey.matches(self.getPublicKey()):
            raise VerifyError("the private key is not that of the certificate")
        self.privateKey = privateKey
        return self

    def newCertificate(
        self, newCertData: bytes, format: int = crypto.FILETYPE_ASN1
    ) -> PrivateCertificate:
        """Another certificate of the same key."""
        return self.load(newCertData, self.privateKey, format)

    @classmethod
    def load(  # type: ignore[override]
        cls, data: bytes, privateKey: KeyPair, format: int = crypto.FILETYPE_ASN1
    ) -> PrivateCertificate:
        """
        Read the certificate of `privateKey`.

        @raise VerifyError: it is another key's.
        """
        return cls(_readCertificate(data, format))._setPrivateKey(privateKey)

    @classmethod
    def loadPEM(cls, data: str | bytes) -> PrivateCertificate:
        """Read a certificate and its private key, both in PEM form, from one text."""
        octets = data.encode("ascii") if isinstance(data, str) else data
        return cls.load(octets, KeyPair.load(octets, crypto.FILETYPE_PEM), crypto.FILETYPE_PEM)

    @classmethod
    def fromCertificateAndKeyPair(
        cls, certificateInstance: Certificate, privateKey: KeyPair
    ) -> PrivateCertificate:
        """Join a certificate and its key."""
        return cls(certificateInstance.original)._setPrivateKey(privateKey)

    def dumpPEM(self) -> bytes:
        """The PEM forms of the certificate and of the key."""
        return self.dump(crypto.FILETYPE_PEM) + self.privateKey.dump(crypto.FILETYPE_PEM)

    def inspect(self) -> str:
        """What it says, for people."""
        return f"{self._inspect()}\n{self.privateKey.inspect()}"

    def options(self, *authorities: Certificate) -> Any:
        """
        Settings with which a server, or a client that proves who it is, presents this.

        @param authorities: who must have signed the peer's certificate, if it needs one.
        @return: a `CertificateOptions`.
        """
        settings: dict[str, Any] = {
            "privateKey": self.privateKey.original,
            "certificate": self.original,
        }
        if authorities:
            settings["trustRoot"] = trustRootFromCertificates(authorities)
        return OpenSSLCertificateOptions(**settings)

    def certificateRequest(
        self, format: int = crypto.FILETYPE_ASN1, digestAlgorithm: str = "sha256"
    ) -> bytes:
        """A request for another certificate of this subject and key."""
        return self.privateKey.certificateRequest(self.getSubject(), format, digestAlgorithm)

    def signCertificateRequest(
        self,
        requestData: bytes,
        verifyDNCallback: Callable[[DistinguishedName], Any],
        serialNumber: int,
        requestFormat: int = crypto.FILETYPE_ASN1,
        certificateFormat: int = crypto.FILETYPE_ASN1,
    ) -> Any:
        """Sign a request as this subject; see `KeyPair.signCertificateRequest`."""
        return self.privateKey.signCertificateRequest(
            self.getSubject(),
            requestData,
            verifyDNCallback,
            serialNumber,
            requestFormat,
            certificateFormat,
        )

    def signRequestObject(
        self,
        certificateRequest: CertificateRequest,
        serialNumber: int,
        secondsToExpiry: int = _YEAR,
        digestAlgorithm: str = "sha256",
    ) -> Certificate:
        """Sign a request as this subject; see `KeyPair.signRequestObject`."""
        return self.privateKey.signRequestObject(
            self.getSubject(), certificateRequest, serialNumber, secondsToExpiry, digestAlgorithm
        )


class PublicKey:
    """
    A public key.

    @ivar original: the `OpenSSL.crypto.PKey`.
    """

    _KINDS: ClassVar[dict[int, str]] = {
        crypto.TYPE_RSA: "RSA",
        crypto.TYPE_DSA: "DSA",
        crypto.TYPE_EC: "EC",
    }

    def __init__(self, osslpkey: crypto.PKey) -> None:
        self.original = osslpkey

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.keyHash()}>"

    def _publicOctets(self) -> bytes:
        public = self.original.to_cryptography_key()
        if hasattr(public, "public_key"):
            public = public.public_key()
        return bytes(
            public.public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )

    def matches(self, otherKey: PublicKey) -> bool:
        """Whether both are the same public key."""
        return self._publicOctets() == otherKey._publicOctets()

    def keyHash(self) -> str:
        """A short name of the public key, in hexadecimal digits: not for proving anything."""
        return hashlib.md5(self._publicOctets(), usedforsecurity=False).hexdigest()

    def inspect(self) -> str:
        """What it is, for people."""
        return f"Public Key with Hash: {self.keyHash()}"


class KeyPair(PublicKey):
    """A private key, and its public one."""

    @classmethod
    def load(cls, data: bytes, format: int = crypto.FILETYPE_ASN1) -> KeyPair:
        """
        Read a private key.

        @param format: ``FILETYPE_ASN1`` (DER) or ``FILETYPE_PEM``.
        @raise ValueError: it cannot be read.
        """
        if _encoding(format) is serialization.Encoding.PEM:
            block = _PRIVATE_KEY.search(data)
            if block is None:
                raise ValueError("there is no private key in PEM form")
            key = serialization.load_pem_private_key(block[0], None)
        else:
            key = serialization.load_der_private_key(data, None)
        return cls(crypto.PKey.from_cryptography_key(key))  # type: ignore[arg-type]

    def dump(self, format: int = crypto.FILETYPE_ASN1) -> bytes:
        """The octets of the private key, not encrypted."""
        return bytes(
            self._signer().private_bytes(
                _encoding(format),
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )

    def __getstate__(self) -> bytes:
        return self.dump()

    def __setstate__(self, state: bytes) -> None:
        self.original = KeyPair.load(state).original

    def inspect(self) -> str:
        """What it is, for people."""
        kind = self._KINDS.get(self.original.type(), "(Unknown Type!)")
        return f"{self.original.bits()}-bit {kind} Key Pair with Hash: {self.keyHash()}"

    @classmethod
    def generate(cls, kind: int = crypto.TYPE_RSA, size: int = 2048) -> KeyPair:
        """
        Make a new key.

        @param kind: ``OpenSSL.crypto.TYPE_RSA`` or ``TYPE_DSA``.
        @param size: its size, in bits.
        """
        key: Any
        if kind == crypto.TYPE_RSA:
            key = rsa.generate_private_key(65537, size)
        elif kind == crypto.TYPE_DSA:
            key = dsa.generate_private_key(size)
        else:
            raise ValueError(f"keys of the kind {kind} are not made here")
        return cls(crypto.PKey.from_cryptography_key(key))

    def newCertificate(
        self, newCertData: bytes, format: int = crypto.FILETYPE_ASN1
    ) -> PrivateCertificate:
        """Join this key and its certificate."""
        return PrivateCertificate.load(newCertData, self, format)

    def requestObject(
        self, distinguishedName: DistinguishedName, digestAlgorithm: str = "sha256"
    ) -> CertificateRequest:
        """A request for a certificate of `distinguishedName` with this key."""
        builder = x509.CertificateSigningRequestBuilder(distinguishedName.toName())
        return CertificateRequest(builder.sign(self._signer(), _hash(digestAlgorithm)))

    def certificateRequest(
        self,
        distinguishedName: DistinguishedName,
        format: int = crypto.FILETYPE_ASN1,
        digestAlgorithm: str = "sha256",
    ) -> bytes:
        """The octets of `requestObject`."""
        return self.requestObject(distinguishedName, digestAlgorithm).dump(format)

    def signCertificateRequest(
        self,
        issuerDistinguishedName: DistinguishedName,
        requestData: bytes,
        verifyDNCallback: Callable[[DistinguishedName], Any],
        serialNumber: int,
        requestFormat: int = crypto.FILETYPE_ASN1,
        certificateFormat: int = crypto.FILETYPE_ASN1,
        secondsToExpiry: int = _YEAR,
        digestAlgorithm: str = "sha256",
    ) -> Any:
        """
        Sign a request, if its subject is who it says it is.

        @param verifyDNCallback: told the subject, tells whether to sign: now, or by a `Deferred`.
        @return: the octets of the certificate, or a `Deferred` of them.
        @raise VerifyError: the request is not to be signed.
        """
        request = CertificateRequest.load(requestData, requestFormat)
        subject = request.getSubject()

        def verified(value: object) -> bytes:
            if not value:
                raise VerifyError(f"a certificate for {subject!r} is refused")
            return self.signRequestObject(
                issuerDistinguishedName, request, serialNumber, secondsToExpiry, digestAlgorithm
            ).dump(certificateFormat)

        answer = verifyDNCallback(subject)
        return answer.addCallback(verified) if isinstance(answer, Deferred) else verified(answer)

    def signRequestObject(
        self,
        issuerDistinguishedName: DistinguishedName,
        requestObject: CertificateRequest,
        serialNumber: int,
        secondsToExpiry: int = _YEAR,
        digestAlgorithm: str = "sha256",
    ) -> Certificate:
        """
        Sign a request. The certificate's subject alternative name is the common name, if that is
        the name of a host.

        @param serialNumber: the number of the certificate with this issuer.
        @param secondsToExpiry: how long it holds, in seconds.
        """
        request = requestObject.original
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(
            issuer_name=issuerDistinguishedName.toName(),
            subject_name=request.subject,
            public_key=request.public_key(),
            serial_number=serialNumber,
            not_valid_before=now,
            not_valid_after=now + timedelta(seconds=secondsToExpiry),
        )
        if request.subject == issuerDistinguishedName.toName():
            # What has signed itself may sign others, too.
            constraints = x509.BasicConstraints(ca=True, path_length=None)
            builder = builder.add_extension(constraints, critical=True)
        names = _alternativeNames(requestObject.getSubject())
        if names is not None:
            builder = builder.add_extension(names, critical=False)
        signed = builder.sign(self._signer(), _hash(digestAlgorithm))
        return Certificate(crypto.X509.from_cryptography(signed))

    def selfSignedCert(self, serialNumber: int, **kw: str | bytes) -> PrivateCertificate:
        """
        A certificate of this key that is signed by it, too.

        @param kw: the fields of the subject: see `DistinguishedName`.
        """
        dn = DistinguishedName(**kw)
        signed = self.signRequestObject(dn, self.requestObject(dn), serialNumber)
        return PrivateCertificate.fromCertificateAndKeyPair(signed, self)

    def _signer(self) -> Any:
        return self.original.to_cryptography_key()


_PRIVATE_KEY = re.compile(
    b"-----BEGIN ([A-Z]+ )?PRIVATE KEY-----.*?-----END ([A-Z]+ )?PRIVATE KEY-----\n?", re.DOTALL
)


def _encoding(format: int) -> serialization.Encoding:
    """
    The form that a number of pyOpenSSL means.

    @raise ValueError: it is neither ``FILETYPE_ASN1`` nor ``FILETYPE_PEM``.
    """
    if format not in _ENCODINGS:
        raise ValueError(f"{format!r} is neither FILETYPE_ASN1 nor FILETYPE_PEM")
    return _ENCODINGS[format]


def _readCertificate(data: bytes, format: int) -> crypto.X509:
    if _encoding(format) is serialization.Encoding.PEM:
        return crypto.X509.from_cryptography(x509.load_pem_x509_certificate(data))
    return crypto.X509.from_cryptography(x509.load_der_x509_certificate(data))


def _certificateOf(transport: Any, which: str) -> Any:
    handle = transport.getHandle()
    if not hasattr(handle, which):
        raise CertificateError(f"non-TLS transport {transport!r} has no certificates")
    certificate = getattr(handle, which)()
    if certificate is None:
        raise CertificateError(f"TLS transport {transport!r} has none: {which}")
    return certificate


def _hash(name: str) -> Any:
    algorithm = getattr(hashes, name.upper().replace("-", ""), None)
    if algorithm is None:
        raise ValueError(f"{name!r} is not the name of a hash")
    return algorithm()


def _alternativeNames(subject: DistinguishedName) -> x509.SubjectAlternativeName | None:
    name = subject.get("commonName", b"").decode("utf-8", "replace")
    if isIPAddress(name) or isIPv6Address(name):
        return x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(name))])
    if not name or not name.isascii() or not set(name) <= _HOST_NAME:
        return None
    return x509.SubjectAlternativeName([x509.DNSName(name)])


_HOST_NAME = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.*_")
