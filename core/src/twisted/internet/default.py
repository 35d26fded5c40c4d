"""
The choice of a reactor where the program makes none.
"""

from __future__ import annotations

import select

__all__ = ["install"]

# The best that the system has: epoll on Linux, kqueue on macOS and the BSDs, poll on most others,
# select anywhere.
if hasattr(select, "epoll"):
    from twisted.internet.epollreactor import install
elif hasattr(select, "kqueue"):
    from twisted.internet.kqreactor import install
elif hasattr(select, "poll"):
    from twisted.internet.pollreactor import install
else:
    from twisted.internet.selectreactor import install
