"""A server of a file of 100 kB on `twisted.web`, this project's or the published; prints its port."""

import tempfile
from pathlib import Path

from twisted.internet import reactor
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.static import File

folder = tempfile.mkdtemp()
Path(folder, "index.html").write_bytes(bytes(range(250)) * 400)
site = Site(File(folder))
site.log = lambda request: None
port = reactor.listenTCP(0, site, backlog=1024, interface="127.0.0.1")
print(port.getHost().port, flush=True)
reactor.run()
