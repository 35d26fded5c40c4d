"""
An HTTP server on `twisted.web`, this project's or the published; prints its port.

    python http_twisted.py [hello|file|large|form] [CERTIFICATE]

With a certificate's file it serves HTTPS, and HTTP/2.  With ``uvloop`` in place of that it is
carried by uvloop; this project alone.
"""

import sys
import tempfile

if sys.argv[-1] == "uvloop":
    from twisted.internet import uvloopreactor

    uvloopreactor.install()
    sys.argv.pop()

from twisted.internet import reactor
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.static import File


class Hello(Resource):
    isLeaf = True

    def render_GET(self, request):  # type: ignore[no-untyped-def]
        request.setHeader(b"content-type", b"text/plain; charset=utf-8")
        return b"Hello, world!\n"


class Form(Resource):
    isLeaf = True

    def render_POST(self, request):  # type: ignore[no-untyped-def]
        request.setHeader(b"content-type", b"text/plain; charset=utf-8")
        return b"%d fields\n" % len(request.args)


def files(size: int = 100_000) -> Resource:
    root = Resource()
    with tempfile.NamedTemporaryFile(suffix=".bin", delete=False) as file:
        file.write(bytes(size))
    root.putChild(b"", File(file.name))
    return root


ROOTS = {"hello": Hello, "file": files, "large": lambda: files(10_000_000), "form": Form}
site = Site(ROOTS[sys.argv[1] if len(sys.argv) > 1 else "hello"]())
site.log = lambda request: None  # the peers write no access log either
if len(sys.argv) > 2:
    from pathlib import Path

    from twisted.internet import ssl

    options = ssl.PrivateCertificate.loadPEM(Path(sys.argv[2]).read_bytes()).options()
    port = reactor.listenSSL(0, site, options, backlog=1024, interface="127.0.0.1")
else:
    port = reactor.listenTCP(0, site, backlog=1024, interface="127.0.0.1")
print(port.getHost().port, flush=True)
reactor.run()
