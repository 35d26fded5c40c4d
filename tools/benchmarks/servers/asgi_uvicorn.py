"""The application of ASGI on uvicorn, with h11 or httptools, and maybe uvloop; prints its port."""

import socket
import sys

import uvicorn
from asgi_application import application

listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
print(listener.getsockname()[1], flush=True)
config = uvicorn.Config(
    application,
    http=sys.argv[1],
    loop="uvloop" if "uvloop" in sys.argv else "asyncio",
    lifespan="off",
    access_log=False,
    log_level="warning",
)
uvicorn.Server(config).run(sockets=[listener])
