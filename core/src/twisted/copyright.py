"""The version, and whose it is."""

from twisted._version import __version__ as version

__all__ = ["copyright", "disclaimer", "longversion", "version"]

longversion = version

copyright = """\
Copyright (c) the contributors to this project.
Released under the MIT licence, which is in the file LICENSE."""

disclaimer = f"Twisted, the networking engine\nVersion {version}\n{copyright}"
