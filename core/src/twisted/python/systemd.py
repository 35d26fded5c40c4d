"""Sockets that systemd passed to this process; see sd_listen_fds(3)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

__all__ = ["ListenFDs"]


class ListenFDs:
    """The descriptors that this process was started with."""

    #: The first descriptor that systemd passes.
    _START = 3

    def __init__(self, descriptors: Sequence[int], names: Sequence[str] = ()) -> None:
        self._descriptors = list(descriptors)
        self._names = list(names) or [str(number) for number in self._descriptors]

    @classmethod
    def fromEnvironment(
        cls, environ: Mapping[str, str] | None = None, start: int | None = None
    ) -> ListenFDs:
        """
        The descriptors that the environment tells of; none if it tells another process of them.

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
        descriptors = list(range(start, start + count))
        names = environ.get("LISTEN_FDNAMES", "")
        listed = names.split(":") if names else []
        return cls(descriptors, listed if len(listed) == count else ())

    def inheritedDescriptors(self) -> list[int]:
        """The descriptors, in their order."""
        return list(self._descriptors)

    def inheritedNamedDescriptors(self) -> dict[str, int]:
        """The descriptors by the names that their units give them."""
        return dict(zip(self._names, self._descriptors, strict=True))
