"""What platform this is, and the clock that everything goes by."""

from __future__ import annotations

import os
import sys
from time import time as seconds

__all__ = ["Platform", "platform", "platformType", "seconds", "shortPythonVersion"]


def shortPythonVersion() -> str:
    """The interpreter's version as ``"3.11.7"``."""
    return ".".join(str(part) for part in sys.version_info[:3])


_KNOWN = {"nt": "win32", "posix": "posix", "java": "java", "org.python.modules.os": "java"}


class Platform:
    """
    Gives information about the platform.

    @ivar type: ``"posix"``, ``"win32"``, or None for another.
    """

    type: str | None = _KNOWN.get(os.name)
    seconds = staticmethod(seconds)
    _platform = sys.platform

    def __init__(self, name: str | None = None, platform: str | None = None) -> None:
        if name is not None:
            self.type = _KNOWN.get(name)
        if platform is not None:
            self._platform = platform

    def isKnown(self) -> bool:
        """Whether this is a platform that the project knows."""
        return self.type is not None

    def getType(self) -> str | None:
        """The platform's kind: ``"posix"`` or ``"win32"``."""
        return self.type

    def isMacOSX(self) -> bool:
        """Whether this is macOS."""
        return self._platform == "darwin"

    def isWinNT(self) -> bool:
        """Whether this is Windows NT or one of its successors."""
        return self.type == "win32"

    def isWindows(self) -> bool:
        """Whether this is Windows."""
        return self.type == "win32"

    def isVista(self) -> bool:
        """Whether this is Windows Vista or newer."""
        version = getattr(sys, "getwindowsversion", None)
        return version is not None and version()[0] == 6

    def isLinux(self) -> bool:
        """Whether this is Linux."""
        return self._platform.startswith("linux")

    def isDocker(self, _initCGroupLocation: str = "/proc/1/cgroup") -> bool:
        """Whether this process runs in a Docker container."""
        if not self.isLinux():
            return False
        try:
            with open(_initCGroupLocation, "rb") as file:
                groups = [line.split(b":")[2] for line in file if line.count(b":") >= 2]
        except OSError:
            return False
        return any(group.startswith(b"/docker/") for group in groups)

    def supportsThreads(self) -> bool:
        """Whether there are threads."""
        return True

    def _supportsSymlinks(self) -> bool:
        """Whether there are symbolic links that every user may make."""
        return not self.isWindows()

    def supportsINotify(self) -> bool:
        """Whether the kernel tells of changes to files by inotify."""
        return self.isLinux()


platform = Platform()
platformType = platform.getType()
