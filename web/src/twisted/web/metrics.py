"""How the reactor is doing, for Prometheus: see `twisted.internet.metrics`."""

from __future__ import annotations

from typing import Any

from twisted.internet.currentreactor import currentReactor
from twisted.internet.metrics import prometheusText
from twisted.web.resource import Resource

__all__ = ["Metrics"]


class Metrics(Resource):
    """
    A resource that Prometheus scrapes; whoever can ask for it learns how busy the process is.

    Source: Prometheus, "Exposition formats", text format 0.0.4.
    """

    isLeaf = True

    def __init__(self, reactor: Any = None) -> None:
        """
        @param reactor: the one that is told of; by default the global one.
        """
        Resource.__init__(self)
        self._reactor = currentReactor(reactor)

    def render_GET(self, request: Any) -> bytes:
        """What has been counted."""
        request.setHeader(b"content-type", b"text/plain; version=0.0.4; charset=utf-8")
        request.setHeader(b"cache-control", b"no-store")
        return prometheusText(self._reactor).encode()
