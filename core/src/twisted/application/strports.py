"""Listening on what a string describes."""

from __future__ import annotations

from typing import Any

from twisted.application.internet import StreamServerEndpointService
from twisted.internet import endpoints
from twisted.internet.currentreactor import currentReactor

__all__ = ["listen", "service"]


def service(description: str, factory: Any, reactor: Any = None) -> StreamServerEndpointService:
    """
    A service that listens on an endpoint.

    Starting it fails if that cannot be listened on.

    @param description: such as ``"tcp:8080"``; see `twisted.internet.endpoints.serverFromString`.
    @param reactor: by default the global one.
    @raise ValueError: if the description makes no sense.
    """
    made = StreamServerEndpointService(
        endpoints.serverFromString(currentReactor(reactor), description), factory
    )
    made._raiseSynchronously = True
    return made


def listen(description: str, factory: Any) -> Any:
    """
    Listen on an endpoint of TCP or UNIX sockets, at once.

    @return: the port.
    @raise ValueError: if the description makes no sense, or is of an endpoint that takes time.
    """
    ports: list[Any] = []
    endpoint = endpoints.serverFromString(currentReactor(), description)
    waiting = endpoint.listen(factory)
    waiting.addBoth(ports.append)
    if not ports:
        waiting.cancel()
        raise ValueError(f"{description!r} cannot be listened on at once")
    if hasattr(ports[0], "raiseException"):
        ports[0].raiseException()
    return ports[0]
