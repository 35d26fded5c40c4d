"""
A site in two processes: one that clients connect to, and one that answers for a part of it.

    python web_distrib.py answer SOCKET             the part, at a UNIX socket
    python web_distrib.py serve SOCKET [ENDPOINT]   what clients connect to

The default endpoint is tcp:8080:interface=127.0.0.1.
Either can be stopped and started again without the other. Needs twisted-web[distrib].
"""

import os
import sys

from twisted.internet import reactor
from twisted.internet.defer import ensureDeferred
from twisted.internet.endpoints import serverFromString
from twisted.spread.pb import PBServerFactory
from twisted.web.distrib import ResourcePublisher, ResourceSubscription
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.static import Data


class Here(Resource):
    """Says which process this is, and what was asked for."""

    isLeaf = True

    def render_GET(self, request):
        request.setHeader(b"content-type", b"text/plain; charset=utf-8")
        path = b"/".join(request.postpath).decode("utf-8", "replace")
        return f"Process {os.getpid()} was asked for {path!r}.\n".encode()


async def answer(socket):
    # Whoever can connect to the socket can ask for anything: only this user can.
    endpoint = serverFromString(reactor, f"unix:{socket}:mode=600")
    await endpoint.listen(PBServerFactory(ResourcePublisher(Site(Here()))))
    print("answering", flush=True)


async def serve(socket, endpoint="tcp:8080:interface=127.0.0.1"):
    root = Resource()
    root.putChild(b"", Data(b"Ask for /other/.\n", "text/plain"))
    root.putChild(b"other", ResourceSubscription("unix", socket))
    port = await serverFromString(reactor, endpoint).listen(Site(root))
    print("listening on", port.getHost().port, flush=True)


def failed(failure):
    print(failure.getErrorMessage(), file=sys.stderr)
    reactor.stop()


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    beginning = ensureDeferred({"answer": answer, "serve": serve}[what](*arguments))
    beginning.addErrback(failed)
    reactor.run()
