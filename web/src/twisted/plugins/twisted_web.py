"""The plugin of ``twist web``."""

from twisted.application.service import ServiceMaker

TwistedWeb = ServiceMaker(
    "Twisted Web",
    "twisted.web.tap",
    "A web server for a directory, or for resources of one's own.",
    "web",
)
