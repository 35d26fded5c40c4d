"""``twistd portforward``."""

from twisted.application.service import ServiceMaker

TwistedPortForward = ServiceMaker(
    "Port forwarder",
    "twisted.tap.portforward",
    "passes connections on to another port",
    "portforward",
)
