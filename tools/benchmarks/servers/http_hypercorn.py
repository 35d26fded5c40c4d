"""
An ASGI hello server on hypercorn under HTTPS; takes a certificate's file, and prints its port.

With a further argument ``uvloop`` it runs on uvloop.
"""

import asyncio
import socket
import sys

from hypercorn.asyncio import serve
from hypercorn.config import Config

BODY = b"Hello, world!\n"


async def hello(scope, receive, send):  # type: ignore[no-untyped-def]
    if scope["type"] != "http":
        return
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(BODY)),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})


with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    number = free.getsockname()[1]
config = Config()
config.bind = [f"127.0.0.1:{number}"]
config.certfile = config.keyfile = sys.argv[1]
config.alpn_protocols = ["h2"]
config.errorlog = None


async def main() -> None:
    task = asyncio.ensure_future(serve(hello, config, shutdown_trigger=asyncio.Event().wait))
    while not task.done():
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", number)
        except OSError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            break
    print(number, flush=True)
    await task


if "uvloop" in sys.argv:
    import uvloop

    uvloop.run(main())
else:
    asyncio.run(main())
