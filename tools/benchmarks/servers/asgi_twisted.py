"""The application of ASGI on `twisted.web`; prints its port."""

import sys

if "uvloop" in sys.argv:
    from twisted.internet import uvloopreactor

    uvloopreactor.install()

from asgi_application import application

from twisted.internet import reactor
from twisted.web.asgi import ASGIResource
from twisted.web.server import Site

site = Site(ASGIResource(reactor, application))
site.log = lambda request: None  # the peers write no access log either
port = reactor.listenTCP(0, site, backlog=1024, interface="127.0.0.1")
print(port.getHost().port, flush=True)
reactor.run()
