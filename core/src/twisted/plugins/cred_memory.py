"""
``--auth memory:name:password``: users named on the command line.

What checks is imported when it is made.
"""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from twisted.cred._interfaces import IUsernameHashedPassword, IUsernamePassword
from twisted.cred.strcred import ICheckerFactory, InvalidAuthArgumentString
from twisted.plugin import IPlugin

inMemoryCheckerFactoryHelp = """
Users and their passwords, as they stand on the command line.

Everybody on the machine can read them in the list of processes: this is for trying things out.
"""


@implementer(ICheckerFactory, IPlugin)
class InMemoryCheckerFactory:
    """Makes a checker from names and passwords."""

    authType = "memory"
    authHelp = inMemoryCheckerFactoryHelp
    argStringFormat = "A colon-separated list (name:password:...)"
    credentialInterfaces = (IUsernamePassword, IUsernameHashedPassword)

    def generateChecker(self, argstring: str) -> Any:
        """
        Make the checker.

        @raise InvalidAuthArgumentString: if a name has no password.
        """
        from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse

        checker = InMemoryUsernamePasswordDatabaseDontUse()
        parts = argstring.encode("utf-8").split(b":") if argstring else []
        if len(parts) % 2:
            raise InvalidAuthArgumentString("argstring must be in format U:P:...")
        for name, password in zip(parts[::2], parts[1::2], strict=True):
            checker.addUser(name, password)
        return checker


theInMemoryCheckerFactory = InMemoryCheckerFactory()
