"""The application of ASGI that servers of it are compared with."""

from typing import Any

HEADERS = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"14")]


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Say hello."""
    if scope["type"] != "http":
        raise ValueError("only HTTP is spoken here")
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": b"Hello, world!\n"})
