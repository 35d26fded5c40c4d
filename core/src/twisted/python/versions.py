"""
Versions of packages, and how they compare: the names of the ``incremental`` distribution.

A `Version` tells when something was deprecated; see `twisted.python.deprecate`.
"""

from incremental import IncomparableVersions, Version, getVersionString

__all__ = ["IncomparableVersions", "Version", "getVersionString"]
