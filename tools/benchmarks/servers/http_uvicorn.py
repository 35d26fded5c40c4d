"""A bare ASGI hello application on uvicorn with httptools and uvloop; prints its port."""

import socket
from typing import Any

import uvicorn

HEADERS = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"14")]


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": b"Hello, world!\n"})


listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
print(listener.getsockname()[1], flush=True)
config = uvicorn.Config(
    application,
    http="httptools",
    loop="uvloop",
    lifespan="off",
    access_log=False,
    log_level="warning",
)
uvicorn.Server(config).run(sockets=[listener])
