"""``--auth anonymous``: lets anybody in. What checks is imported when it is made."""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from twisted.cred._interfaces import IAnonymous
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

    def generateChecker(self, argstring: str = "") -> Any:
        """Make the checker."""
        from twisted.cred.checkers import AllowAnonymousAccess

        return AllowAnonymousAccess()


theAnonymousCheckerFactory = AnonymousCheckerFactory()
