"""``--auth anonymous``: lets anybody in."""

from __future__ import annotations

from zope.interface import implementer

from twisted.cred.checkers import AllowAnonymousAccess
from twisted.cred.credentials import IAnonymous
from twisted.cred.strcred import ICheckerFactory
from twisted.plugin import IPlugin

anonymousCheckerFactoryHelp = """
Lets in whoever does not say who it is, if the server allows that.
"""


@implementer(ICheckerFactory, IPlugin)
class AnonymousCheckerFactory:
    """Makes what lets anybody in."""

    authType = "anonymous"
    authHelp = anonymousCheckerFactoryHelp
    argStringFormat = "No argstring required."
    credentialInterfaces = (IAnonymous,)

    def generateChecker(self, argstring: str = "") -> AllowAnonymousAccess:
        """Make the checker."""
        return AllowAnonymousAccess()


theAnonymousCheckerFactory = AnonymousCheckerFactory()
