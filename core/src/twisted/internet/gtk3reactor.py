"""The names that `twisted.internet.gireactor` had for GTK 3; deprecated."""

import warnings

from twisted.internet.gireactor import GIReactor as Gtk3Reactor
from twisted.internet.gireactor import PortableGIReactor as PortableGtk3Reactor
from twisted.internet.gireactor import install

__all__ = ["Gtk3Reactor", "PortableGtk3Reactor", "install"]

warnings.warn(
    "twisted.internet.gtk3reactor was deprecated in favour of twisted.internet.gireactor",
    DeprecationWarning,
    stacklevel=2,
)
