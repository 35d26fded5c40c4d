"""
``--auth file:PATH`` and ``--auth hashed:PATH``: users in a file.

What checks is imported when it is made.
"""

from __future__ import annotations

import sys
from typing import IO, Any

from zope.interface import implementer

from twisted.cred._interfaces import IUsernameHashedPassword, IUsernamePassword
from twisted.cred.strcred import ICheckerFactory, InvalidAuthArgumentString
from twisted.plugin import IPlugin
from twisted.python.filepath import FilePath

fileCheckerFactoryHelp = """
Users in a file that is read for each login. Each line is 'username:password', the password in
plain text. --auth hashed keeps them safer.
"""

hashedFileCheckerFactoryHelp = """
Users in a file of hashes. Each line is 'username:hash', as it is printed by
'python -m twisted.cred.passwords username'. Clients have to send the password itself: require TLS.
"""


invalidFileWarning = "Warning: not a valid file"


class _FileFactory:
    """What the factories for files share."""

    authType: str
    errorOutput: IO[str] = sys.stderr

    def _path(self, argstring: str) -> str:
        """
        The file.

        @raise InvalidAuthArgumentString: if none is named.
        """
        if not argstring.strip():
            raise InvalidAuthArgumentString(f"{self.authType!r} requires a filename")
        if not FilePath(argstring).isfile():
            self.errorOutput.write(f"{invalidFileWarning}: {argstring}\n")
        return argstring


@implementer(ICheckerFactory, IPlugin)
class FileCheckerFactory(_FileFactory):
    """Makes a checker from a file of passwords."""

    authType = "file"
    authHelp = fileCheckerFactoryHelp
    argStringFormat = "Location of a FilePasswordDB-formatted file."
    credentialInterfaces = (IUsernamePassword, IUsernameHashedPassword)

    def generateChecker(self, argstring: str) -> Any:
        """
        Make the checker.

        @raise InvalidAuthArgumentString: if no file is named.
        """
        from twisted.cred.checkers import FilePasswordDB

        return FilePasswordDB(self._path(argstring))


@implementer(ICheckerFactory, IPlugin)
class HashedFileCheckerFactory(_FileFactory):
    """Makes a checker from a file of hashes."""

    authType = "hashed"
    authHelp = hashedFileCheckerFactoryHelp
    argStringFormat = "Location of a file of names and hashes."
    credentialInterfaces = (IUsernamePassword,)

    def generateChecker(self, argstring: str) -> Any:
        """
        Make the checker.

        @raise InvalidAuthArgumentString: if no file is named.
        """
        from twisted.cred.checkers import HashedPasswordFile

        return HashedPasswordFile(self._path(argstring))


theFileCheckerFactory = FileCheckerFactory()
theHashedFileCheckerFactory = HashedFileCheckerFactory()
