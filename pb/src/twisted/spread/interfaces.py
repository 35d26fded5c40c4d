"""What objects do that travel as jelly."""

from __future__ import annotations

from zope.interface import Interface

__all__ = ["IJellyable", "IUnjellyable"]


class IJellyable(Interface):
    """An object that knows how it travels."""

    def jellyFor(jellier):  # type: ignore[no-untyped-def]
        """
        What stands for this object on the wire.

        @param jellier: has C{invoker}, the broker or None; C{prepare(object)} to be called before
            the state is looked at, and C{preserve(object, expression)} to be called with the
            result, so that the object is sent once; C{jelly(object)} for what belongs to it.
        @return: an expression: a list, the first item of which is the type's name in octets.
        """


class IUnjellyable(Interface):
    """An object that is made of what has come."""

    def unjellyFor(jellier, jellyList):  # type: ignore[no-untyped-def]
        """
        Take the state that has come.

        @param jellier: has C{invoker}, the broker or None; C{unjelly(expression)} for what belongs
            to the object.
        @param jellyList: the expression, the first item of which is the type's name.
        @return: the object to be used: this, or another in its place.
        """
