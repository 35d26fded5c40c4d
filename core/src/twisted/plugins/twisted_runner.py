"""``twistd procmon``."""

from twisted.application.service import ServiceMaker

TwistedProcmon = ServiceMaker(
    *("Process monitor", "twisted.runner.procmontap", "keeps a program running", "procmon")
)
