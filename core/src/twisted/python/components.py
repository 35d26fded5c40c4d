"""Adapters: objects that give others an interface which they do not have themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from zope.interface import declarations, interface
from zope.interface.adapter import AdapterRegistry

from twisted.python.reflect import namedAny

__all__ = [
    "ALLOW_DUPLICATES",
    "Adapter",
    "CannotAdapt",
    "Componentized",
    "ReprableComponentized",
    "backwardsCompatImplements",
    "fixClassImplements",
    "getAdapterFactory",
    "getRegistry",
    "globalRegistry",
    "proxyForInterface",
    "registerAdapter",
]

#: The registry of all adapters.
globalRegistry: Any = AdapterRegistry()

#: Whether a second adapter for the same pair may take the place of the first.
ALLOW_DUPLICATES = False

CannotAdapt = TypeError


def getRegistry() -> Any:
    """The registry of all adapters."""
    return globalRegistry


def _specification(thing: Any) -> Any:
    """An interface as it is, or what a class implements."""
    if isinstance(thing, interface.InterfaceClass):
        return thing
    implementedBy: Any = declarations.implementedBy
    return implementedBy(thing)


def registerAdapter(
    adapterFactory: Callable[..., Any], origInterface: Any, *interfaceClasses: Any
) -> None:
    """
    Adapt by a function whenever an interface is asked of an object.

    @param adapterFactory: called with the object.
    @param origInterface: the interface or class of objects to adapt.
    @param interfaceClasses: the interfaces that the result has.
    @raise ValueError: if one of the pairs has an adapter already, or none is given.
    """
    if not interfaceClasses:
        raise ValueError("an adapter needs an interface to adapt to")
    original = _specification(origInterface)
    for wanted in interfaceClasses:
        known = globalRegistry.registered([original], wanted)
        if known is not None and not ALLOW_DUPLICATES:
            raise ValueError(f"an adapter ({known}) was already registered.")
    for wanted in interfaceClasses:
        globalRegistry.register([original], wanted, "", adapterFactory)


def getAdapterFactory(fromInterface: Any, toInterface: Any, default: Any) -> Any:
    """The adapter for a pair of interface or class and interface, or ``default``."""
    original = _specification(fromInterface)
    factory = globalRegistry.lookup1(original, toInterface)
    return default if factory is None else factory


def _addHook(registry: Any) -> Callable[[], object]:
    """Let interfaces find adapters by a registry; gives a function that ends that."""
    lookup = registry.lookup1

    def adapt(wanted: Any, thing: Any) -> Any:
        factory = lookup(declarations.providedBy(thing), wanted)
        return None if factory is None else factory(thing)

    interface.adapter_hooks.append(adapt)
    return lambda: interface.adapter_hooks.remove(adapt)


_removeHook = _addHook(globalRegistry)


class Adapter:
    """
    A base for adapters.

    @ivar original: the object that is adapted.
    """

    temporaryAdapter = 0
    multiComponent = 1

    def __init__(self, original: Any) -> None:
        self.original = original

    def __conform__(self, wanted: Any) -> Any:
        """Let the original answer for interfaces that this does not have."""
        if hasattr(self.original, "__conform__"):
            return self.original.__conform__(wanted)
        return None

    def isuper(self, iface: Any, adapter: Any) -> Any:
        """The original's own adapter."""
        return self.original.isuper(iface, adapter)


class Componentized:
    """An object made of components, one for each interface that it is asked for."""

    persistenceVersion = 1

    def __init__(self) -> None:
        self._adapterCache: dict[str, Any] = {}

    def locateAdapterClass(self, klass: Any, interfaceClass: Any, default: Any) -> Any:
        """The adapter of a class for an interface."""
        return getAdapterFactory(klass, interfaceClass, default)

    def setAdapter(self, interfaceClass: Any, adapterClass: Callable[..., Any]) -> None:
        """Answer for an interface by an adapter, made now."""
        self.setComponent(interfaceClass, adapterClass(self))

    def addAdapter(self, adapterClass: Callable[..., Any], ignoreClass: int = 0) -> Any:
        """Make an adapter and answer by it for all interfaces that it has."""
        adapter = adapterClass(self)
        self.addComponent(adapter, ignoreClass)
        return adapter

    def setComponent(self, interfaceClass: Any, component: Any) -> None:
        """Answer for an interface by a component."""
        self._adapterCache[_name(interfaceClass)] = component

    def addComponent(self, component: Any, ignoreClass: int = 0) -> None:
        """Answer by a component for all interfaces that it has."""
        for wanted in declarations.providedBy(component):
            known = self.locateAdapterClass(self.__class__, wanted, None)
            if ignoreClass or known is None or known == component.__class__:
                self._adapterCache[_name(wanted)] = component

    def unsetComponent(self, interfaceClass: Any) -> None:
        """
        Forget the component of an interface.

        @raise KeyError: if there is none.
        """
        del self._adapterCache[_name(interfaceClass)]

    def removeComponent(self, component: Any) -> list[Any]:
        """Forget a component; gives the interfaces that it answered for."""
        names = [name for name, known in self._adapterCache.items() if known is component]
        for name in names:
            del self._adapterCache[name]
        return [namedAny(name) for name in names]

    def getComponent(self, interface: Any, default: Any = None) -> Any:
        """
        The component for an interface; an adapter that is made for it is kept, if it wants that.
        """
        name = _name(interface)
        if name in self._adapterCache:
            return self._adapterCache[name]
        factory = self.locateAdapterClass(self.__class__, interface, default)
        if factory is None or factory is default:
            return default
        component = factory(self)
        if not getattr(component, "temporaryAdapter", False):
            if getattr(component, "multiComponent", True):
                self.addComponent(component)
            self._adapterCache[name] = component
        return component

    def __conform__(self, interface: Any) -> Any:
        return self.getComponent(interface)


def _name(wanted: Any) -> str:
    """The full name of an interface."""
    return f"{wanted.__module__}.{wanted.__name__}"


class ReprableComponentized(Componentized):
    """A `Componentized` that tells its components."""

    def __repr__(self) -> str:
        from pprint import pformat

        return f"{self.__class__.__name__} containing adapters:\n{pformat(self._adapterCache)}"


def proxyForInterface(iface: Any, originalAttribute: str = "original") -> type[Any]:
    """
    Make a class that has an interface by handing everything on to another object.

    @param originalAttribute: the attribute that holds the other object.
    @return: a class to derive from; it is made with the other object.
    """

    def __init__(self: Any, original: Any) -> None:
        setattr(self, originalAttribute, original)

    members: dict[str, Any] = {"__init__": __init__}
    for name in iface:
        members[name] = _ProxyDescriptor(name, originalAttribute)
    proxy: Any = type(f"(Proxy for {_name(iface)})", (object,), members)
    _declare: Any = declarations.classImplements
    _declare(proxy, iface)
    return cast("type[Any]", proxy)


class _ProxyDescriptor:
    """An attribute that is another object's."""

    def __init__(self, attributeName: str, originalAttribute: str) -> None:
        self.attributeName = attributeName
        self.originalAttribute = originalAttribute

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return _ProxiedClassMethod(self.attributeName, self.originalAttribute)
        return getattr(getattr(instance, self.originalAttribute), self.attributeName)

    def __set__(self, instance: Any, value: Any) -> None:
        setattr(getattr(instance, self.originalAttribute), self.attributeName, value)

    def __delete__(self, instance: Any) -> None:
        delattr(getattr(instance, self.originalAttribute), self.attributeName)


class _ProxiedClassMethod:
    """A method of another object, called through the class as ``Class.method(instance, ...)``."""

    def __init__(self, methodName: str, originalAttribute: str) -> None:
        self.methodName = self.__name__ = methodName
        self.originalAttribute = originalAttribute

    def __call__(self, oself: Any, *args: Any, **kw: Any) -> Any:
        return getattr(getattr(oself, self.originalAttribute), self.methodName)(*args, **kw)


def backwardsCompatImplements(klass: type) -> None:
    """Do nothing; kept for programs that call it."""


fixClassImplements = backwardsCompatImplements
