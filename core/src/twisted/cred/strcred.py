"""
Checkers named on a command line: ``memory:user:password``, ``file:/etc/users``.

A plugin that provides `ICheckerFactory` adds a type. `AuthOptionMixin` gives
`twisted.python.usage.Options` the option ``--auth``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import IO, Any

from zope.interface import Attribute, Interface

from twisted.plugin import getPlugins
from twisted.python import usage

__all__ = [
    "AuthOptionMixin",
    "ICheckerFactory",
    "InvalidAuthArgumentString",
    "InvalidAuthType",
    "StrcredException",
    "UnsupportedInterfaces",
    "findCheckerFactories",
    "findCheckerFactory",
    "makeChecker",
    "notSupportedWarning",
]

notSupportedWarning = "WARNING: This authType is not supported by this application."


class ICheckerFactory(Interface):
    """A plugin that makes checkers of one type."""

    authType = Attribute("The name of the type, the part before the first colon.")
    authHelp = Attribute("A text that explains the type and its argument.")
    argStringFormat = Attribute("One line that describes the argument.")
    credentialInterfaces = Attribute("The interfaces of credentials that its checkers understand.")

    def generateChecker(argstring):  # type: ignore[no-untyped-def]
        """
        Make a checker.

        @param argstring: what stood after the colon; the empty string if there was none.
        @raise InvalidAuthArgumentString: if it cannot be used.
        """


class StrcredException(Exception):
    """A description of a checker cannot be used."""


class InvalidAuthType(StrcredException):
    """There is no such type of checker."""


class InvalidAuthArgumentString(StrcredException, ValueError):
    """The argument is wrong for the type of checker."""


class UnsupportedInterfaces(StrcredException):
    """The application can use none of the credentials that the checker understands."""


def findCheckerFactories() -> Iterator[Any]:
    """The plugins that make checkers."""
    return getPlugins(ICheckerFactory)


def findCheckerFactory(authType: str) -> Any:
    """
    The plugin for a type.

    @raise InvalidAuthType: if there is none.
    """
    for factory in findCheckerFactories():
        if factory.authType == authType:
            return factory
    raise InvalidAuthType(authType)


def makeChecker(description: str) -> Any:
    """
    Make a checker from its description: a type, and after a colon the argument.

    @raise InvalidAuthType: if there is no such type.
    @raise InvalidAuthArgumentString: if the argument is wrong.
    """
    authType, _, argument = description.partition(":")
    return findCheckerFactory(authType).generateChecker(argument)


class AuthOptionMixin:
    """
    Adds ``--auth``, ``--help-auth`` and ``--help-auth-type`` to `twisted.python.usage.Options`.

    The checkers are in C{options["credCheckers"]}, and by interface in
    C{options["credInterfaces"]}.

    @cvar supportedInterfaces: the interfaces of credentials that the application can use; C{None}
        for any.
    @cvar authOutput: where the help goes.
    """

    supportedInterfaces: Sequence[Any] | None = None
    authOutput: IO[str] = sys.stdout

    def supportsInterface(self, interface: Any) -> bool:
        """Tell whether the application can use credentials of an interface."""
        return self.supportedInterfaces is None or interface in self.supportedInterfaces

    def supportsCheckerFactory(self, factory: Any) -> bool:
        """Tell whether the application can use some of the credentials of a type of checker."""
        return any(map(self.supportsInterface, factory.credentialInterfaces))

    def addChecker(self, checker: Any) -> None:
        """
        Take a checker.

        @raise UnsupportedInterfaces: if the application can use none of its credentials.
        """
        supported = [face for face in checker.credentialInterfaces if self.supportsInterface(face)]
        if not supported:
            raise UnsupportedInterfaces(checker.credentialInterfaces)
        values: Any = self
        byInterface = values.setdefault("credInterfaces", {})
        for interface in supported:
            byInterface.setdefault(interface, []).append(checker)
        values.setdefault("credCheckers", []).append(checker)

    def opt_auth(self, description: str) -> None:
        """Who may log in, as TYPE or TYPE:ARGUMENT; see --help-auth. May be given several times."""
        try:
            self.addChecker(makeChecker(description))
        except UnsupportedInterfaces as problem:
            names = ", ".join(face.__identifier__ for face in problem.args[0])
            raise usage.UsageError(f"Auth plugin not supported: {names}") from None
        except InvalidAuthType as problem:
            raise usage.UsageError(f"Auth plugin not recognized: {problem}") from None
        except Exception as problem:
            raise usage.UsageError(f"Unexpected error: {problem}") from None

    def _checkerFactoriesForOptHelpAuth(self) -> Iterator[Any]:
        """The plugins that the application can use, each type once."""
        types = set()
        for factory in findCheckerFactories():
            if factory.authType not in types and self.supportsCheckerFactory(factory):
                types.add(factory.authType)
                yield factory

    def opt_help_auth(self) -> None:
        """Show the types of --auth."""
        shown = sorted(
            self._checkerFactoriesForOptHelpAuth(), key=lambda shown: str(shown.authType)
        )
        width = max([len("AuthType"), *(len(factory.authType) for factory in shown)])
        self._tell("Usage: --auth AuthType[:ArgString]")
        self._tell("For detailed help: --help-auth-type AuthType")
        self._tell("")
        self._tell(f"  {'AuthType':{width}}\tArgString format")
        self._tell(f"  {'=' * width}\t================")
        for factory in shown:
            self._tell(f"  {factory.authType:{width}}\t{factory.argStringFormat}")
        self._tell("")
        raise SystemExit(0)

    def opt_help_auth_type(self, authType: str) -> None:
        """Show the help of one type of --auth."""
        try:
            factory = findCheckerFactory(authType)
        except InvalidAuthType:
            raise usage.UsageError(f"Invalid auth type: {authType}") from None
        self._tell(f"Usage: --auth {authType}[:ArgString]")
        self._tell(f"ArgString format: {factory.argStringFormat}")
        self._tell("")
        for line in factory.authHelp.strip().splitlines():
            self._tell(f"  {line.rstrip()}")
        self._tell("")
        if not self.supportsCheckerFactory(factory):
            self._tell(f"  {notSupportedWarning}")
            self._tell("")
        raise SystemExit(0)

    def _tell(self, line: str) -> None:
        self.authOutput.write(line + "\n")
