"""
An HTTP hello server on `twisted.web`, this project's or the published; prints its port.

With a certificate's file as the argument it serves HTTPS, and HTTP/2.
"""

import sys

from twisted.internet import reactor
from twisted.web.resource import Resource
from twisted.web.server import Site


class Hello(Resource):
    isLeaf = True

    def render_GET(self, request):  # type: ignore[no-untyped-def]
        request.setHeader(b"content-type", b"text/plain; charset=utf-8")
        return b"Hello, world!\n"


site = Site(Hello())
site.log = lambda request: None  # the peers write no access log either
if len(sys.argv) > 1:
    from pathlib import Path

    from twisted.internet import ssl

    options = ssl.PrivateCertificate.loadPEM(Path(sys.argv[1]).read_bytes()).options()
    port = reactor.listenSSL(0, site, options, backlog=1024, interface="127.0.0.1")
else:
    port = reactor.listenTCP(0, site, backlog=1024, interface="127.0.0.1")
print(port.getHost().port, flush=True)
reactor.run()
