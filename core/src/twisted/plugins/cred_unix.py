"""
``--auth unix`` and ``--auth pam``: the users of the system.

What checks is imported when it is made.
"""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from twisted.cred._interfaces import IUsernamePassword
from twisted.cred.strcred import ICheckerFactory, InvalidAuthArgumentString
from twisted.plugin import IPlugin

unixCheckerFactoryHelp = """
The users of this machine, as /etc/passwd and /etc/shadow have them. Only root can read the latter.
Needs twisted-core[unix]. Where users come from elsewhere, such as LDAP, use --auth pam.
"""

pamCheckerFactoryHelp = """
The users that the Pluggable Authentication Modules of this machine know; the argument is the name
of a service in /etc/pam.d, by default 'login'. Needs twisted-core[unix].
"""


@implementer(ICheckerFactory, IPlugin)
class UNIXCheckerFactory:
    """Makes a checker for users of the system."""

    authType = "unix"
    authHelp = unixCheckerFactoryHelp
    argStringFormat = "No argstring required."
    credentialInterfaces = (IUsernamePassword,)

    def generateChecker(self, argstring: str = "") -> Any:
        """Make the checker."""
        from twisted.cred._unix import UNIXChecker

        return UNIXChecker()


@implementer(ICheckerFactory, IPlugin)
class PAMCheckerFactory:
    """Makes a checker that asks PAM."""

    authType = "pam"
    authHelp = pamCheckerFactoryHelp
    argStringFormat = "Name of a service; by default 'login'."
    credentialInterfaces = (IUsernamePassword,)

    def generateChecker(self, argstring: str = "") -> Any:
        """
        Make the checker.

        @raise InvalidAuthArgumentString: if python-pam is not installed.
        """
        from twisted.cred.checkers import PAMChecker

        try:
            return PAMChecker(argstring or "login")
        except ImportError as missing:
            raise InvalidAuthArgumentString(f"needs twisted-core[unix]: {missing}") from None


def __getattr__(name: str) -> Any:
    """The checker itself, for programs that ask for it here."""
    if name in ("UNIXChecker", "verifyCryptedPassword"):
        from twisted.cred import _unix

        return getattr(_unix, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


theUnixCheckerFactory = UNIXCheckerFactory()
thePAMCheckerFactory = PAMCheckerFactory()
