"""
The reactor for macOS and the BSDs: descriptors are watched by kqueue(2), which costs the same for
ten as for ten thousand that are idle.
"""

from __future__ import annotations

import errno
import select
from typing import Any

from zope.interface import Attribute, Interface, implementer

from twisted.internet._descriptors import READ, WRITE, DescriptorReactor
from twisted.internet.interfaces import IReactorDaemonize

__all__ = ["KQueueReactor", "install"]

#: How many events are taken between two looks at timers and threads, at most.
_BATCH = 512


class _IKQueue(Interface):
    """What the module `select` has where there is kqueue."""

    kqueue = Attribute("makes an object with the method control")
    kevent = Attribute("makes what such an object takes and gives")


@implementer(IReactorDaemonize)
class KQueueReactor(DescriptorReactor):
    """
    A reactor on kqueue, level-triggered.

    What kqueue does not take, such as some plain files, counts as always ready.
    """

    def __init__(self, _kqueueImpl: Any = select) -> None:
        """
        @param _kqueueImpl: has `kqueue` and `kevent`; for tests.
        @raise RuntimeError: if this system has no kqueue.
        """
        if not hasattr(_kqueueImpl, "kqueue"):
            raise RuntimeError("this system has no kqueue")
        self._implementation = _kqueueImpl
        # The numbers differ between systems.
        self._reading = getattr(_kqueueImpl, "KQ_FILTER_READ", -1)
        self._writing = getattr(_kqueueImpl, "KQ_FILTER_WRITE", -2)
        self._adding = getattr(_kqueueImpl, "KQ_EV_ADD", 1)
        self._deleting = getattr(_kqueueImpl, "KQ_EV_DELETE", 2)
        self._newPoller()
        super().__init__()

    def _newPoller(self) -> None:
        self._poller = self._implementation.kqueue()
        self._alwaysReady: set[int] = set()

    def beforeDaemonize(self) -> None:
        """A kqueue does not live on in a process that is forked off."""

    def afterDaemonize(self) -> None:
        """Watch the same descriptors in the process that was forked off."""
        self._afterFork()

    def _watch(self, fd: int, before: int, now: int) -> None:
        if fd in self._alwaysReady:
            if not now:
                self._alwaysReady.discard(fd)
            return
        if before == now:
            # What was watched was closed without a word, and its number has come back.
            before = 0
        for event, kind in ((READ, self._reading), (WRITE, self._writing)):
            if now & event and not before & event:
                if not self._takes(fd, kind):
                    return
            elif before & event and not now & event:
                self._change(fd, kind, self._deleting)

    def _takes(self, fd: int, kind: int) -> bool:
        """Watch for one kind of event. @return: whether kqueue does that."""
        try:
            self._change(fd, kind, self._adding)
        except OSError as e:
            if e.errno not in (errno.EINVAL, errno.ENODEV, errno.EPERM, errno.ENOTSUP):
                raise
            self._alwaysReady.add(fd)
            return False
        return True

    def _change(self, fd: int, kind: int, flags: int) -> None:
        """
        Have kqueue look at other things.

        @raise OSError: it does not know the descriptor.
        """
        self._poller.control([self._implementation.kevent(fd, kind, flags)], 0, 0)

    def doIteration(self, timeout: float | None) -> None:
        """Wait up to ``timeout`` seconds, or without end for None, and serve what is ready."""
        if self._alwaysReady:
            timeout = 0
        try:
            events = self._poller.control([], _BATCH, timeout)
        except OSError as e:
            if e.errno != errno.EINTR:
                raise
            return
        # Reading and writing find out for themselves whether the peer has gone.
        self._serve(
            [(event.ident, WRITE if event.filter == self._writing else READ) for event in events]
        )
        if self._alwaysReady:
            self._serve([(fd, self._interest(fd)) for fd in self._alwaysReady])

    doKEvent = doIteration

    def _interest(self, fd: int) -> int:
        """Tell what is wanted of a descriptor."""
        return (READ if fd in self._readers else 0) | (WRITE if fd in self._writers else 0)


def install() -> Any:
    """
    Make a `KQueueReactor` the global reactor.

    @raise RuntimeError: if this system has no kqueue.
    """
    from twisted.internet.main import installReactor

    installReactor(KQueueReactor())
