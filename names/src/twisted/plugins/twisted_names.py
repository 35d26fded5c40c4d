"""The plugin of ``twist dns``."""

from twisted.application.service import ServiceMaker

TwistedNames = ServiceMaker(
    "Twisted DNS Server",
    "twisted.names.tap",
    "A name server for zones in files, or of other servers.",
    "dns",
)
