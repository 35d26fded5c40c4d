"""What systemd passes to this process, and wants to hear of it."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

__all__ = ["ListenFDs", "Notifier"]


class ListenFDs:
    """The descriptors that this process was started with."""

    #: The first descriptor that systemd passes.
    _START = 3

    def __init__(self, descriptors: Sequence[int], names: Sequence[str] = ()) -> None:
        self._descriptors = list(descriptors)
        self._names = list(names) or [str(number) for number in self._descriptors]

    @classmethod
    def fromEnvironment(
        cls, environ: MutableMapping[str, str] | None = None, start: int | None = None
    ) -> ListenFDs:
        """
        The descriptors that the environment tells of; none if it tells another process of them.

        What it tells is removed from it, so that nobody uses the descriptors twice.

        @param environ: by default that of this process.
        @param start: the first descriptor.
        """
        environ = os.environ if environ is None else environ
        start = cls._START if start is None else start
        try:
            count = int(environ["LISTEN_FDS"])
            if int(environ["LISTEN_PID"]) != os.getpid() or count < 0:
                raise ValueError
        except (KeyError, ValueError):
            return cls([])
        for name in ("LISTEN_PID", "LISTEN_FDS"):
            del environ[name]
        descriptors = list(range(start, start + count))
        names = environ.pop("LISTEN_FDNAMES", "")
        listed = names.split(":") if names else []
        return cls(descriptors, listed if len(listed) == count else ())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ListenFDs):
            return NotImplemented
        return (self._descriptors, self._names) == (other._descriptors, other._names)

    def __hash__(self) -> int:
        return hash((*self._descriptors, *self._names))

    def inheritedDescriptors(self) -> list[int]:
        """The descriptors, in their order."""
        return list(self._descriptors)

    def inheritedNamedDescriptors(self) -> dict[str, int]:
        """The descriptors by the names that their units give them."""
        return dict(zip(self._names, self._descriptors, strict=True))


class Notifier:
    """
    Tells the service manager how this process fares; see sd_notify(3).

    @ivar interval: how often it wants to hear that all is well, in seconds; C{None} for never.
    """

    def __init__(self, address: str | None, interval: float | None = None) -> None:
        """
        @param address: of the socket to tell; C{None} for nobody.
        """
        self._address = address
        self.interval = interval

    @classmethod
    def fromEnvironment(cls, environ: Mapping[str, str] | None = None) -> Notifier:
        """Tells whom the environment names, or nobody."""
        environ = os.environ if environ is None else environ
        try:
            interval = int(environ["WATCHDOG_USEC"]) / 2_000_000
            if int(environ.get("WATCHDOG_PID", os.getpid())) != os.getpid() or interval <= 0:
                raise ValueError
        except (KeyError, ValueError):
            return cls(environ.get("NOTIFY_SOCKET"))
        return cls(environ.get("NOTIFY_SOCKET"), interval)

    def notify(self, **fields: str | int) -> bool:
        """
        Tell something.

        @param fields: such as ``READY=1`` or ``STATUS="serving"``.
        @return: whether it was told.
        """
        if not self._address:
            return False
        text = "\n".join(f"{name}={value}" for name, value in fields.items())
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.sendto(text.encode("utf-8"), address)
        except OSError:
            return False
        return True

    def follow(self, reactor: Any) -> None:
        """Tell when the reactor runs, again and again if that is wanted, and when it stops."""
        if not self._address:
            return
        reactor.callWhenRunning(self.notify, READY=1, MAINPID=os.getpid())
        reactor.addSystemEventTrigger("before", "shutdown", self.notify, STOPPING=1)
        if self.interval is not None:
            reactor.callWhenRunning(self._watch, reactor)

    def _watch(self, reactor: Any) -> None:
        self.notify(WATCHDOG=1)
        reactor.callLater(self.interval, self._watch, reactor)
