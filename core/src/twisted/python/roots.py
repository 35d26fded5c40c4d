"""
Trees of named things: what a path of names leads to, step by step.

Everything here is meant to be subclassed.
"""

from __future__ import annotations

from collections.abc import ItemsView, KeysView
from typing import Any

__all__ = [
    "Collection",
    "Constrained",
    "ConstraintViolation",
    "Entity",
    "Homogenous",
    "Locked",
    "NotSupportedError",
    "Request",
]


class NotSupportedError(NotImplementedError):
    """A tree does not do that."""


class ConstraintViolation(Exception):
    """Something may not have that name, or may not be put there at all."""


class Request:
    """
    Somebody who wants something of a tree.

    @cvar wireProtocol: the name of the protocol that is spoken.
    """

    wireProtocol = "(none)"

    def write(self, data: bytes) -> None:
        """Send a part of the answer."""
        raise NotImplementedError(f"{type(self).__qualname__}.write")

    def finish(self) -> None:
        """Say that the answer is complete."""
        raise NotImplementedError(f"{type(self).__qualname__}.finish")


class Entity:
    """A leaf of a tree."""

    def render(self, request: Any) -> Any:
        """Answer a request."""
        raise NotImplementedError(f"{type(self).__qualname__}.render")


class Collection:
    """
    A node of a tree: some entities are stored in it, others are made when they are asked for.
    """

    def __init__(self, entities: dict[str, Any] | None = None) -> None:
        """
        @param entities: the stored ones by their names.
        """
        self.entities: dict[str, Any] = {} if entities is None else entities

    def getStaticEntity(self, name: str) -> Any:
        """A stored entity, or None."""
        return self.entities.get(name)

    def getDynamicEntity(self, name: str, request: Any) -> Any:
        """An entity that is not stored, or None; to be overridden."""
        return None

    def getEntity(self, name: str, request: Any) -> Any:
        """An entity, stored or not; None if there is none."""
        stored = self.getStaticEntity(name)
        return self.getDynamicEntity(name, request) if stored is None else stored

    def putEntity(self, name: str, entity: Any) -> None:
        """Store an entity."""
        self.entities[name] = entity

    def delEntity(self, name: str) -> None:
        """
        Remove a stored entity.

        @raise KeyError: if there is none of that name.
        """
        del self.entities[name]

    def storeEntity(self, name: str, request: Any) -> Any:
        """
        Store what somebody sends; to be overridden.

        @raise NotSupportedError: if this is not done here.
        """
        raise NotSupportedError(f"{type(self).__qualname__}.storeEntity")

    def removeEntity(self, name: str, request: Any) -> Any:
        """
        Remove what somebody wants removed; to be overridden.

        @raise NotSupportedError: if this is not done here.
        """
        raise NotSupportedError(f"{type(self).__qualname__}.removeEntity")

    def listStaticEntities(self) -> ItemsView[str, Any]:
        """The stored entities with their names."""
        return self.entities.items()

    def listStaticNames(self) -> KeysView[str]:
        """The names of the stored entities."""
        return self.entities.keys()

    def listDynamicEntities(self, request: Any) -> list[tuple[str, Any]]:
        """The other entities with their names; to be overridden."""
        return []

    def listDynamicNames(self) -> list[str]:
        """The names of the other entities; to be overridden."""
        return []

    def listEntities(self, request: Any) -> list[tuple[str, Any]]:
        """All entities with their names."""
        return [*self.listStaticEntities(), *self.listDynamicEntities(request)]

    def listNames(self, request: Any) -> list[str]:
        """The names of all entities."""
        return [*self.listStaticNames(), *self.listDynamicNames()]


class Constrained(Collection):
    """A node that does not take everything."""

    def nameConstraint(self, name: str) -> Any:
        """
        Whether a name may be used; to be overridden.

        @raise ConstraintViolation: instead of giving C{False}, to say why not.
        """
        return True

    def entityConstraint(self, entity: Any) -> Any:
        """
        Whether an entity may be stored; to be overridden.

        @raise ConstraintViolation: instead of giving C{False}, to say why not.
        """
        return True

    def reallyPutEntity(self, name: str, entity: Any) -> None:
        """Store an entity, whatever it is."""
        super().putEntity(name, entity)

    def putEntity(self, name: str, entity: Any) -> None:
        """
        Store an entity.

        @raise ConstraintViolation: if the name or the entity is not allowed.
        """
        if not self.nameConstraint(name):
            raise ConstraintViolation(f"the name {name!r} is not allowed")
        if not self.entityConstraint(entity):
            raise ConstraintViolation(f"{entity!r} may not be stored")
        self.reallyPutEntity(name, entity)


class Locked(Constrained):
    """
    A node that takes nothing any more once it is locked.

    @ivar locked: whether it is.
    """

    locked: bool | int = 0

    def lock(self) -> None:
        """Take nothing from now on."""
        self.locked = 1

    def entityConstraint(self, entity: Any) -> bool:
        """Anything, until it is locked."""
        return not self.locked


class Homogenous(Constrained):
    """
    A node for entities of one type.

    @cvar entityType: the type.
    """

    entityType: type = object

    def entityConstraint(self, entity: Any) -> bool:
        """
        Whether an entity is of the type.

        @raise ConstraintViolation: if it is not.
        """
        if not isinstance(entity, self.entityType):
            raise ConstraintViolation(f"{entity!r} is no {self.entityType.__qualname__}")
        return True

    def getNameType(self) -> str:
        """What names are, for people."""
        return "Name"

    def getEntityType(self) -> str:
        """What entities are, for people."""
        return self.entityType.__name__
