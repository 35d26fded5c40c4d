"""What credentials and checkers provide."""

from __future__ import annotations

from zope.interface import Attribute, Interface

__all__ = [
    "IAnonymous",
    "ICredentials",
    "ICredentialsChecker",
    "ISSHPrivateKey",
    "IUsernameDigestHash",
    "IUsernameHashedPassword",
    "IUsernamePassword",
]


class ICredentials(Interface):
    """
    What somebody shows to be let in.

    Only a subinterface says anything: it names what a checker may ask. A checker says in
    `ICredentialsChecker.credentialInterfaces` which of them it understands.
    """

    __module__ = "twisted.cred.credentials"


class IAnonymous(ICredentials):
    """Somebody who does not say who it is."""

    __module__ = "twisted.cred.credentials"


class IUsernamePassword(ICredentials):
    """
    A name and a password in plain text.

    @ivar username: the name, as bytes.
    @ivar password: what was given, as bytes.
    """

    __module__ = "twisted.cred.credentials"

    def checkPassword(password):  # type: ignore[no-untyped-def]
        """
        Compare with the right password, which the checker knows in plain text.

        @return: whether they are the same; or a Deferred that says so.
        """


class IUsernameHashedPassword(ICredentials):
    """
    A name, and proof that its password is known.

    @ivar username: the name, as bytes.
    """

    __module__ = "twisted.cred.credentials"

    username = Attribute("The name, as bytes.")

    def checkPassword(password):  # type: ignore[no-untyped-def]
        """
        Compare the proof with the right password, which the checker knows in plain text.

        @return: whether it holds; or a Deferred that says so.
        """


class IUsernameDigestHash(ICredentials):
    """
    A name and an HTTP Digest response (RFC 7616).

    @ivar username: the name, as bytes.
    """

    __module__ = "twisted.cred.credentials"

    def checkHash(digestHash):  # type: ignore[no-untyped-def]
        """
        Compare with a hash of ``username:realm:password``, for checkers that keep no passwords.

        @param digestHash: the hash, in hexadecimal.
        @return: whether the response holds; or a Deferred that says so.
        """


class ISSHPrivateKey(ICredentials):
    """
    A name and proof that a private key is held (RFC 4252, section 7).

    @ivar username: the name, as bytes.
    @ivar algName: the algorithm of the key, as bytes.
    @ivar blob: the public key, as it is on the wire.
    @ivar sigData: what was signed.
    @ivar signature: the signature; C{None} as long as the peer only asks whether the key would do.
    """

    __module__ = "twisted.cred.credentials"


class ICredentialsChecker(Interface):
    """Something that knows who credentials belong to."""

    __module__ = "twisted.cred.checkers"

    credentialInterfaces = Attribute(
        "The interfaces of credentials that are understood, as a list."
    )

    def requestAvatarId(credentials):  # type: ignore[no-untyped-def]
        """
        Check credentials.

        @param credentials: something that provides one of `credentialInterfaces`.
        @return: who it is, for the realm: usually the name, as bytes, or `ANONYMOUS`;
            or a Deferred of it.
        @raise UnauthorizedLogin: if they are wrong, or the Deferred fails with it.
        """
