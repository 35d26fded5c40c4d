"""
An event-driven networking engine.

`twisted` is one import package over several distributions: this file belongs to
``twisted-core``, and every other distribution adds its own sub-packages beside it.
"""

__path__ = __import__("pkgutil").extend_path(__path__, __name__)

from twisted._version import __version__

__all__ = ["__version__", "version"]


def __getattr__(name: str) -> object:
    """Make ``twisted.version`` on first use: few programs ask, and it costs an import."""
    if name == "version":
        from incremental import Version

        major, minor, micro = (int(part) for part in __version__.split(".")[:3])
        return Version("twisted", major, minor, micro)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
