"""``twistd socks``."""

from twisted.application.service import ServiceMaker

TwistedSOCKS = ServiceMaker(
    "SOCKS proxy", "twisted.tap.socks", "a proxy of SOCKS version 4", "socks"
)
