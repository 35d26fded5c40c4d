"""Reactors, transports, Deferreds and endpoints: everything that waits for events."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twisted.internet.typed import Reactor

    # At run time this name is a module that puts the reactor in its own place.
    reactor: Reactor
