"""
Serve a directory by FTP, to anybody, for reading:

    python ftp_server.py tcp:2121 /srv/public
"""

import sys

from twisted.cred.checkers import AllowAnonymousAccess
from twisted.cred.portal import Portal
from twisted.internet import defer, endpoints, task
from twisted.protocols.ftp import FTPFactory, FTPRealm


async def main(reactor, listen, directory):
    factory = FTPFactory(Portal(FTPRealm(directory), [AllowAnonymousAccess()]))
    port = await endpoints.serverFromString(reactor, listen).listen(factory)
    print("listening on", port.getHost().port, flush=True)
    await defer.Deferred()


if __name__ == "__main__":
    task.react(lambda *args: defer.ensureDeferred(main(*args)), sys.argv[1:])
