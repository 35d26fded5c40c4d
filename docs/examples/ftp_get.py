"""
Get a file by FTP, and print how large it is:

    python ftp_get.py tcp:127.0.0.1:2121 hello.txt copy.txt
"""

import sys

from twisted.internet import defer, task
from twisted.internet.endpoints import clientFromString, connectProtocol
from twisted.internet.protocol import Protocol
from twisted.protocols.ftp import CommandFailed, FTPClient


class ToFile(Protocol):
    def __init__(self, file):
        self.file = file

    def dataReceived(self, data):
        self.file.write(data)


async def get(reactor, server, path, copy):
    client = await connectProtocol(clientFromString(reactor, server), FTPClient())
    with open(copy, "wb") as file:
        try:
            await client.retrieveFile(path, ToFile(file))
        except CommandFailed as refusal:
            sys.exit(refusal.args[0][-1])
        print(file.tell(), "bytes")
    await client.quit()


if __name__ == "__main__":
    task.react(lambda *args: defer.ensureDeferred(get(*args)), sys.argv[1:])
