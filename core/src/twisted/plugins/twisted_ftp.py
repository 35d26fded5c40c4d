"""``twistd ftp``."""

from twisted.application.service import ServiceMaker

TwistedFTP = ServiceMaker("Twisted FTP", "twisted.tap.ftp", "a server of files", "ftp")
