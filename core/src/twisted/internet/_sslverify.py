"""Names of TLS settings that programs import from here: use `twisted.internet.ssl`."""

from twisted.internet._tls._certificates import (
    CertBase,
    Certificate,
    CertificateRequest,
    DistinguishedName,
    KeyPair,
    PrivateCertificate,
    PublicKey,
)
from twisted.internet._tls._ciphers import (
    DEFAULT_CIPHERS as defaultCiphers,
)
from twisted.internet._tls._ciphers import (
    OpenSSLAcceptableCiphers,
    OpenSSLCipher,
)
from twisted.internet._tls._client import ClientTLSOptions, optionsForClientTLS
from twisted.internet._tls._errors import VerifyError
from twisted.internet._tls._options import (
    OpenSSLCertificateOptions,
    OpenSSLDiffieHellmanParameters,
    ProtocolNegotiationSupport,
    TLSVersion,
    protocolNegotiationMechanisms,
)
from twisted.internet._tls._options import setAcceptableProtocols as _setAcceptableProtocols
from twisted.internet._tls._trust import (
    IOpenSSLTrustRoot,
    OpenSSLCertificateAuthorities,
    OpenSSLDefaultPaths,
    platformTrust,
    trustRootFromCertificates,
)

DN = DistinguishedName

#: The curve of key exchanges that older versions of OpenSSL were told; now OpenSSL knows.
_defaultCurveName = "prime256v1"

__all__ = [
    "DN",
    "CertBase",
    "Certificate",
    "CertificateRequest",
    "ClientTLSOptions",
    "DistinguishedName",
    "IOpenSSLTrustRoot",
    "KeyPair",
    "OpenSSLAcceptableCiphers",
    "OpenSSLCertificateAuthorities",
    "OpenSSLCertificateOptions",
    "OpenSSLCipher",
    "OpenSSLDefaultPaths",
    "OpenSSLDiffieHellmanParameters",
    "PrivateCertificate",
    "ProtocolNegotiationSupport",
    "PublicKey",
    "TLSVersion",
    "VerifyError",
    "_defaultCurveName",
    "_setAcceptableProtocols",
    "defaultCiphers",
    "optionsForClientTLS",
    "platformTrust",
    "protocolNegotiationMechanisms",
    "trustRootFromCertificates",
]
