"""Resources whose requests are rewritten before they are served."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.web import resource

__all__ = ["RewriterResource", "alias", "tildeToUsers"]

Rule = Callable[[Any], object]


class RewriterResource(resource.Resource):
    """
    Applies rules to each request before another resource gets it.
    """

    def __init__(self, orig: Any, *rewriteRules: Rule) -> None:
        """
        @param orig: the other resource.
        @param rewriteRules: functions that change ``postpath`` and ``path`` of the request.
        """
        resource.Resource.__init__(self)
        self.resource = orig
        self.rewriteRules = list(rewriteRules)

    def _rewrite(self, request: Any) -> None:
        for rule in self.rewriteRules:
            rule(request)

    def getChild(self, path: bytes, request: Any) -> Any:
        """The child that the other resource has after rewriting."""
        request.postpath.insert(0, path)
        request.prepath.pop()
        self._rewrite(request)
        path = request.postpath.pop(0)
        request.prepath.append(path)
        return self.resource.getChildWithDefault(path, request)

    def render(self, request: Any) -> Any:
        """Have the other resource render after rewriting."""
        self._rewrite(request)
        return self.resource.render(request)


def tildeToUsers(request: Any) -> None:
    """Make ``/users/name`` of ``/~name``."""
    if request.postpath and request.postpath[0][:1] == b"~":
        request.postpath[:1] = [b"users", request.postpath[0][1:]]
        request.path = b"/" + b"/".join(request.prepath + request.postpath)


def alias(aliasPath: bytes, sourcePath: bytes) -> Rule:
    """
    A rule that makes one path of another that begins the path of a request.

    @param aliasPath: what clients ask for.
    @param sourcePath: what they get.
    """
    source, wanted = _segments(sourcePath), _segments(aliasPath)

    def rewriter(request: Any) -> None:
        if request.postpath[: len(wanted)] == wanted:
            request.path = request.path.replace(aliasPath, sourcePath, 1)
            request.postpath = source + request.postpath[len(wanted) :]

    return rewriter


def _segments(path: bytes) -> list[bytes]:
    return path.strip(b"/").split(b"/")
