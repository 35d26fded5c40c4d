"""Elements: objects that render parts of a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from zope.interface import implementer

from twisted.web.error import (
    MissingRenderMethod,
    MissingTemplateLoader,
    UnexposedMethodError,
)
from twisted.web.iweb import IRenderable, ITemplateLoader

__all__ = ["Element", "Expose", "UnexposedMethodError", "renderer"]

_Method = TypeVar("_Method", bound=Callable[..., Any])
_NOTHING = object()


class Expose:
    """
    A decorator that marks the methods which templates, or others outside, may name.
    """

    def __init__(self, doc: str | None = None) -> None:
        """
        @param doc: what it says of itself.
        """
        if doc is not None:
            self.__doc__ = doc

    def __call__(self, f: _Method, /, *more: Callable[..., Any]) -> _Method:
        """Mark functions; gives back the first."""
        for function in (f, *more):
            marks = getattr(function, "exposedThrough", None)
            if marks is None:
                marks = function.exposedThrough = []  # type: ignore[attr-defined]
            marks.append(self)
        return f

    def get(self, instance: Any, methodName: str, default: Any = _NOTHING) -> Any:
        """
        A method that was marked by this.

        @param default: what to give if there is none.
        @raise UnexposedMethodError: if there is none, and no default.
        """
        method = getattr(instance, methodName, None)
        if any(each is self for each in getattr(method, "exposedThrough", ())):
            return method
        if default is _NOTHING:
            raise UnexposedMethodError(self, methodName)
        return default


renderer = Expose("Mark a method of an `Element` as one that its template may name.")


@implementer(IRenderable)
class Element:
    """
    A part of a page: a template, and the methods that it names.

    @ivar loader: loads the template; a class may have it, too.
    """

    loader: ITemplateLoader | None = None

    def __init__(self, loader: ITemplateLoader | None = None) -> None:
        if loader is not None:
            self.loader = loader

    def lookupRenderMethod(self, name: str) -> Callable[[Any, Any], Any]:
        """
        The method of a name that `renderer` marks.

        @raise MissingRenderMethod: if there is none.
        """
        method: Callable[[Any, Any], Any] | None = renderer.get(self, name, None)
        if method is None:
            raise MissingRenderMethod(self, name)
        return method

    def render(self, request: Any) -> Any:
        """
        The loaded template.

        @raise MissingTemplateLoader: if there is no loader.
        """
        if self.loader is None:
            raise MissingTemplateLoader(self)
        return self.loader.load()
