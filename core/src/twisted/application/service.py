"""
Services: the parts that a long-running program starts when it begins and stops when it ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from zope.interface import Attribute, Interface, implementer

from twisted.persisted import sob
from twisted.plugin import IPlugin
from twisted.python import components
from twisted.python.reflect import namedAny

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

__all__ = [
    "Application",
    "IProcess",
    "IService",
    "IServiceCollection",
    "IServiceMaker",
    "MultiService",
    "Process",
    "Service",
    "ServiceMaker",
    "StartFailed",
    "failToStart",
    "loadApplication",
]


class IServiceMaker(Interface):
    """
    Something that makes a service from a command line: a plugin for ``twist`` and ``twistd``.
    """

    tapname: str = Attribute("What the command is called.")
    description: str = Attribute("What the service is, in a few words.")
    options: Any = Attribute("A subclass of `twisted.python.usage.Options`.")

    def makeService(options: Any) -> Any:
        """
        Make the service.

        @param options: an instance of ``options`` that has read the command line.
        """


@implementer(IPlugin, IServiceMaker)
class ServiceMaker:
    """
    A maker of services whose module is imported when the command is used.

    The module has a class ``Options`` and a function ``makeService``.
    """

    def __init__(self, name: str, module: str, description: str, tapname: str) -> None:
        """
        @param name: of this, for people.
        @param module: the name of the module.
        """
        self.name = name
        self.module = module
        self.description = description
        self.tapname = tapname

    @property
    def options(self) -> Any:
        """The module's ``Options``."""
        return namedAny(self.module).Options

    @property
    def makeService(self) -> Any:
        """The module's ``makeService``."""
        return namedAny(self.module).makeService


class IService(Interface):
    """
    A part of a program that can be started and stopped.
    """

    name: str | None = Attribute("What it is called within its parent, or None.")
    running: bool = Attribute("Whether it was started, and not stopped since.")
    parent: Any = Attribute("The collection that it is in, or None.")

    def setName(name: str) -> None:
        """
        Give it a name.

        @raise RuntimeError: if it has a parent already.
        """

    def setServiceParent(parent: Any) -> Any:
        """
        Put it into a collection, or something that can be adapted to one.

        @raise RuntimeError: if it is in one already.
        """

    def disownServiceParent() -> Any:
        """
        Take it out of its collection.

        @return: a Deferred if stopping takes time, else None.
        """

    def startService() -> None:
        """Start."""

    def stopService() -> Any:
        """
        Stop.

        @return: a Deferred that fires when it has stopped if that takes time, else None.
        """

    def privilegedStartService() -> None:
        """Do what has to be done before privileges are given up, such as listening on port 80."""


@implementer(IService)
class Service:
    """
    A service that does nothing; the base of others.
    """

    running: bool | int = 0
    name: str | None = None
    parent: Any = None

    def __getstate__(self) -> dict[str, Any]:
        """What is kept of a service does not run."""
        state = self.__dict__.copy()
        state.pop("running", None)
        return state

    def setName(self, name: str) -> None:
        """
        Give it a name.

        @raise RuntimeError: if it has a parent already.
        """
        if self.parent is not None:
            raise RuntimeError("a service that has a parent cannot be given another name")
        self.name = name

    def setServiceParent(self, parent: Any) -> Any:
        """
        Put it into a collection, or something that can be adapted to one.

        @raise RuntimeError: if it is in one already.
        """
        if self.parent is not None:
            self.disownServiceParent()
        self.parent = IServiceCollection(parent, parent)
        return self.parent.addService(self)

    def disownServiceParent(self) -> Any:
        """
        Take it out of its collection.

        @return: a Deferred if stopping takes time, else None.
        """
        stopped = self.parent.removeService(self)
        self.parent = None
        return stopped

    def privilegedStartService(self) -> None:
        """Nothing."""

    def startService(self) -> None:
        """Note that it runs."""
        self.running = 1

    def stopService(self) -> Any:
        """Note that it does not run."""
        self.running = 0


class IServiceCollection(Interface):
    """
    Services that are started and stopped together.
    """

    def getServiceNamed(name: str) -> Any:
        """
        A service by its name.

        @raise KeyError: if there is none.
        """

    def __iter__() -> Iterator[Any]:
        """The services."""

    def addService(service: Any) -> Any:
        """
        Add one; `IService.setServiceParent` calls this.

        @raise RuntimeError: if there is one of the same name.
        """

    def removeService(service: Any) -> Any:
        """
        Remove one; `IService.disownServiceParent` calls this.

        @raise ValueError: if it is not there.
        """


@implementer(IServiceCollection)
class MultiService(Service):
    """
    Services that are started and stopped together, in a row; they are stopped in reverse.

    @ivar services: the services.
    @ivar namedServices: those with a name.
    """

    def __init__(self) -> None:
        self.services: list[Any] = []
        self.namedServices: dict[str, Any] = {}
        self.parent = None

    def privilegedStartService(self) -> None:
        """Do the same with each."""
        Service.privilegedStartService(self)
        for service in self:
            service.privilegedStartService()

    def startService(self) -> None:
        """Start each."""
        Service.startService(self)
        for service in self:
            service.startService()

    def stopService(self) -> Deferred[Any]:
        """
        Stop each.

        @return: fires when all have stopped; an error of one is logged, and hinders no other.
        """
        from twisted.internet.defer import DeferredList, maybeDeferred

        Service.stopService(self)
        stopping = []
        for service in reversed(self.services):
            stopped = maybeDeferred(service.stopService)
            stopped.addErrback(_didNotStop, service)
            stopping.append(stopped)
        return DeferredList(stopping)

    def getServiceNamed(self, name: str) -> Any:
        """
        A service by its name.

        @raise KeyError: if there is none.
        """
        return self.namedServices[name]

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self.services))

    def addService(self, service: Any) -> None:
        """
        Add a service; it is started if this runs.

        @raise RuntimeError: if there is one of the same name.
        """
        if service.name is not None:
            if service.name in self.namedServices:
                raise RuntimeError(f"there is a service of the name {service.name!r} already")
            self.namedServices[service.name] = service
        self.services.append(service)
        if self.running:
            # Whoever adds one later cannot have privileges any more.
            service.privilegedStartService()
            service.startService()

    def removeService(self, service: Any) -> Any:
        """
        Remove a service; it is stopped if this runs.

        @return: what its ``stopService`` gives, or None.
        @raise ValueError: if it is not here.
        """
        if service.name:
            del self.namedServices[service.name]
        self.services.remove(service)
        return service.stopService() if self.running else None


class IProcess(Interface):
    """
    What a process is.
    """

    processName: str | None = Attribute("What the system shows it as, or None for no change.")
    uid: int | None = Attribute("The user that it runs as, or None for no change.")
    gid: int | None = Attribute("The group that it runs as, or None for no change.")


def _didNotStop(reason: Any, service: Any) -> None:
    """Tell of a service that could not be stopped."""
    from twisted.logger import Logger

    Logger().failure("{service} did not stop", failure=reason, service=service)


@implementer(IProcess)
class Process:
    """What a process is."""

    processName: str | None = None

    def __init__(self, uid: int | None = None, gid: int | None = None) -> None:
        self.uid = uid
        self.gid = gid


def Application(name: str, uid: int | None = None, gid: int | None = None) -> Any:
    """
    A program: an object that can be adapted to `IService`, `IServiceCollection` and `IProcess`.

    @param uid: the user that it runs as, or None.
    @param gid: the group that it runs as, or None.
    """
    application = components.Componentized()
    services = MultiService()
    services.setName(name)
    application.addComponent(services, ignoreClass=1)
    application.addComponent(Process(uid, gid), ignoreClass=1)
    application.addComponent(sob.Persistent(application, name), ignoreClass=1)
    return application


def loadApplication(filename: str, kind: str, passphrase: object = None) -> Any:
    """
    Read a program from a file.

    @param kind: ``python`` for a file of Python whose variable ``application`` it is; ``pickle`` or
        ``source`` for what `twisted.persisted.sob.Persistent` has saved.
    @param passphrase: not supported any more.
    @raise twisted.persisted.sob.InsecureFile: if another user could have written the pickle or the
        source.
    """
    if kind == "python":
        return sob.loadValueFromFile(filename, "application")
    return sob.load(filename, kind)


class StartFailed(Exception):
    """A program could not begin, as it found out after the reactor had."""


def failToStart(reactor: Any, reason: str) -> None:
    """
    Stop the reactor because a service cannot begin; what it has found out takes time.

    ``twist`` and ``twistd`` then say why, and exit with a status that is not 0.

    @param reason: in one line.
    """
    reactor.startFailure = reason
    reactor.stop()
