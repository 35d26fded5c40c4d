"""Choosing a reactor by its name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from zope.interface import Attribute, Interface, implementer

from twisted.plugin import IPlugin, getPlugins
from twisted.python.reflect import namedAny

__all__ = ["IReactorInstaller", "NoSuchReactor", "Reactor", "getReactorTypes", "installReactor"]


class IReactorInstaller(Interface):
    """
    A kind of reactor.
    """

    shortName: str = Attribute("What it is called on command lines.")
    description: str = Attribute("What it is, in a few words.")

    def install() -> None:
        """Make one the reactor of this process."""


class NoSuchReactor(KeyError):
    """There is no reactor of this name."""

    def __str__(self) -> str:
        return f"there is no reactor {self.args[0]!r}"


@implementer(IPlugin, IReactorInstaller)
class Reactor:
    """
    A kind of reactor, whose module is imported when it is installed.
    """

    def __init__(self, shortName: str, moduleName: str, description: str) -> None:
        """
        @param moduleName: the module; it has a function ``install``.
        """
        self.shortName = shortName
        self.moduleName = moduleName
        self.description = description

    def install(self) -> None:
        """Make one the reactor of this process."""
        namedAny(self.moduleName).install()


def getReactorTypes() -> Iterator[Any]:
    """The kinds of reactors that are there."""
    return getPlugins(IReactorInstaller)


def installReactor(shortName: str) -> Any:
    """
    Install a reactor, and give it back.

    @raise NoSuchReactor: if there is none of this name.
    @raise twisted.internet.error.ReactorAlreadyInstalledError: if one is installed.
    """
    for installer in getReactorTypes():
        if installer.shortName == shortName:
            installer.install()
            from twisted.internet import reactor

            return reactor
    raise NoSuchReactor(shortName)
