"""
An HTTP server on aiohttp; prints its port.

    python http_aiohttp.py [hello|file|large|form]
"""

import asyncio
import sys
import tempfile

from aiohttp import web


async def hello(request: web.Request) -> web.Response:
    return web.Response(text="Hello, world!\n")


async def form(request: web.Request) -> web.Response:
    return web.Response(text=f"{len(await request.post())} fields\n")


def files(size: int = 100_000) -> web.AbstractRouteDef:
    with tempfile.NamedTemporaryFile(suffix=".bin", delete=False) as file:
        file.write(bytes(size))

    async def give(request: web.Request) -> web.FileResponse:
        return web.FileResponse(file.name)

    return web.get("/", give)


ROUTES = {
    "hello": lambda: web.get("/", hello),
    "file": files,
    "large": lambda: files(10_000_000),
    "form": lambda: web.post("/", form),
}


async def main() -> None:
    application = web.Application()
    application.add_routes([ROUTES[sys.argv[1] if len(sys.argv) > 1 else "hello"]()])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
