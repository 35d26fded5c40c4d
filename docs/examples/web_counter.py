"""
A web server with a page that counts, one that waits, and a folder of files.

    python web_counter.py FOLDER [ENDPOINT]     (default endpoint: tcp:8080:interface=127.0.0.1)
"""

import sys

from twisted.internet import reactor
from twisted.internet.defer import ensureDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.task import deferLater
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site
from twisted.web.static import File


class Counter(Resource):
    isLeaf = True
    count = 0

    def render_GET(self, request):
        self.count += 1
        request.setHeader(b"content-type", b"text/plain; charset=utf-8")
        return f"You are visitor number {self.count}.\n".encode()


class Patience(Resource):
    """Answers after a moment, and stops waiting when the client does not want to know any more."""

    isLeaf = True

    def render_GET(self, request):
        request.setHeader(b"content-type", b"text/plain; charset=utf-8")
        waiting = deferLater(reactor, 0.05, request.write, b"Thank you for waiting.\n")
        waiting.addCallbacks(lambda _: request.finish(), lambda failure: None)
        request.notifyFinish().addErrback(lambda failure: waiting.cancel())
        return NOT_DONE_YET


async def main(folder, endpoint="tcp:8080:interface=127.0.0.1"):
    root = Resource()
    root.putChild(b"count", Counter())
    root.putChild(b"wait", Patience())
    root.putChild(b"files", File(folder))
    port = await serverFromString(reactor, endpoint).listen(Site(root))
    print("listening on", port.getHost().port, flush=True)


if __name__ == "__main__":
    ensureDeferred(main(*sys.argv[1:]))
    reactor.run()
