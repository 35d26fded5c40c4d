"""``twistd inetd``."""

from twisted.application.service import ServiceMaker

TwistedINETD = ServiceMaker(
    "inetd", "twisted.runner.inetdtap", "starts programs when somebody connects", "inetd"
)
