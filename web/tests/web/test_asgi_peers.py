"""Applications of Starlette and Django, as their users see them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.peer, pytest.mark.timeout(60)]

STARLETTE = """
import asyncio
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocketDisconnect


@asynccontextmanager
async def lifespan(app):
    print("begun", flush=True)
    yield {"answer": 42}
    await asyncio.sleep(0.01)
    print("ended", flush=True)


async def upload(request):
    size = 0
    async for piece in request.stream():
        size += len(piece)
    return JSONResponse({"size": size, "answer": request.state.answer})


async def stream(request):
    async def pieces():
        for _ in range(500):
            yield b"x" * 10_000
            await asyncio.sleep(0)

    return StreamingResponse(pieces())


async def wait(request):
    async with asyncio.timeout(30):
        while not await request.is_disconnected():
            await asyncio.sleep(0.01)
    print("client has left", flush=True)
    return PlainTextResponse("")


async def thread(request):
    import time

    await asyncio.to_thread(time.sleep, 0.01)
    return PlainTextResponse("from a thread")


async def file(request):
    return FileResponse(__file__)


async def fail(request):
    raise ValueError("secret")


async def echo(websocket):
    await websocket.accept(subprotocol="chat")
    try:
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                print("closed with", message["code"], flush=True)
                return
            if message.get("text") == "close":
                await websocket.close(4321, "as you like")
                return
            await websocket.send({**message, "type": "websocket.send"})
    except WebSocketDisconnect:
        pass


async def deny(websocket):
    await websocket.send_denial_response(PlainTextResponse("not today", 418))


class Marks(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        response = await call_next(request)
        response.headers["x-marked"] = "yes"
        return response


app = Starlette(
    lifespan=lifespan,
    routes=[
        # Within that kind of middleware, applications do not learn that clients leave.
        Route("/wait", wait),
        Mount(
            "/below",
            routes=[
                Route("/upload", upload, methods=["POST"]),
                Route("/stream", stream),
                Route("/thread", thread),
                Route("/file", file),
                Route("/fail", fail),
                WebSocketRoute("/echo", echo),
                WebSocketRoute("/deny", deny),
            ],
            middleware=[Middleware(Marks)],
        ),
    ],
)
"""

DJANGO = """
import asyncio

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import JsonResponse, StreamingHttpResponse
from django.urls import path

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="x", USE_TZ=True)


async def view(request, name):
    await asyncio.sleep(0.001)
    return JsonResponse({"name": name, "body": len(request.body), "script": request.path})


def synchronous(request):
    return JsonResponse({"posted": request.POST.get("x")})


async def stream(request):
    async def pieces():
        for number in range(3):
            yield f"{number};"

    return StreamingHttpResponse(pieces())


urlpatterns = [
    path("view/<str:name>", view),
    path("form", synchronous),
    path("stream", stream),
]
app = get_asgi_application()
"""

CLIENT = """
import asyncio, sys, websockets

async def main(url):
    async with websockets.connect(url + "echo", subprotocols=["chat"], max_size=None) as connection:
        assert connection.subprotocol == "chat"
        for message in ("h\\u00e4llo", bytes(range(256)) * 8000, "x" * 70_000):
            await connection.send(message)
            assert await connection.recv() == message
        await connection.close(4000, "enough")
    async with websockets.connect(url + "echo", subprotocols=["chat"]) as connection:
        await connection.send("close")
        try:
            await connection.recv()
        except websockets.ConnectionClosed as closed:
            assert (closed.rcvd.code, closed.rcvd.reason) == (4321, "as you like")
    try:
        await websockets.connect(url + "deny")
    except websockets.InvalidStatus as refused:
        assert (refused.response.status_code, refused.response.body) == (418, b"not today")
    print("done")

asyncio.run(main(sys.argv[1]))
"""


def said(process, text):
    """Wait until a process says something; gives the line."""
    for line in process.stdout:
        if text in line:
            return line
    raise AssertionError(f"it never said {text!r}")


@pytest.fixture
def serve(tmp_path):
    """Serve an application with ``twist web``; gives its URL, and what the process says."""
    processes = []

    def start(source, *words):
        (tmp_path / "application.py").write_text(source)
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "twisted", *words, "--log-format", "text", "web"),
                *("--asgi", "application:app", "--listen", "tcp:0:interface=127.0.0.1"),
            ],
            stdout=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )
        processes.append(process)
        port = said(process, "Site starting on").split()[-1]
        return f"127.0.0.1:{port}", process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def curl(*arguments):
    """What curl prints."""
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--max-time", "30", *arguments],
        check=True,
        capture_output=True,
    )
    return done.stdout


def end(process):
    """End a server in good order; gives what it has said."""
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    return output


@pytest.mark.parametrize("reactor", ["default", "asyncio"])
def test_starlette(serve, tmp_path, reactor):
    """An application of Starlette: bodies both ways, files, time-outs, threads, errors."""
    host, process = serve(STARLETTE, "--reactor", reactor)
    url = f"http://{host}/below"
    large = tmp_path / "large"
    large.write_bytes(b"x" * 3_000_000)
    sent = json.loads(curl("--data-binary", f"@{large}", f"{url}/upload"))
    assert sent == {"size": 3_000_000, "answer": 42}
    chunked = ("--header", "Transfer-Encoding: chunked", "--header", "Expect: 100-continue")
    sent = json.loads(curl(*chunked, "--data-binary", f"@{large}", f"{url}/upload"))
    assert sent["size"] == 3_000_000
    assert curl(f"{url}/stream") == b"x" * 5_000_000
    assert curl("--limit-rate", "20M", f"{url}/stream") == b"x" * 5_000_000
    assert curl(f"{url}/file") == (tmp_path / "application.py").read_bytes()
    assert curl(f"{url}/thread", f"{url}/thread") == b"from a thread" * 2
    code = ("--output", "/dev/null", "--write-out", "%{http_code} %header{x-marked}")
    assert curl(*code, f"{url}/thread") == b"200 yes"
    assert curl(*code, f"{url}/none").startswith(b"404")
    assert curl(*code, f"{url}/fail").startswith(b"500")
    assert curl(*code, f"{url}/upload").startswith(b"405")
    left = subprocess.run(["curl", "--silent", "--max-time", "0.5", f"http://{host}/wait"])
    assert left.returncode == 28
    said(process, "ValueError: secret")
    said(process, "client has left")
    output = end(process)
    assert "ended" in output
    assert "Traceback" not in output


def test_websockets(serve):
    """A client of asyncio's library talks to an application of Starlette."""
    host, process = serve(STARLETTE)
    done = subprocess.run(
        [sys.executable, "-c", CLIENT, f"ws://{host}/below/"], capture_output=True, text=True
    )
    assert done.stdout == "done\n", done.stderr
    output = end(process)
    assert "closed with 4000" in output
    assert "Traceback" not in output


def test_django(serve):
    """An application of Django: asynchronous views, others in threads, and streams."""
    host, process = serve(DJANGO)
    url = f"http://{host}"
    answer = json.loads(curl("--data", "12345", "-H", "Content-Type: x/y", f"{url}/view/%C3%BC"))
    assert answer == {"name": "\xfc", "body": 5, "script": "/view/\xfc"}
    assert json.loads(curl("--data", "x=1+2", f"{url}/form")) == {"posted": "1 2"}
    assert curl(f"{url}/stream") == b"0;1;2;"
    assert curl("--output", "/dev/null", "--write-out", "%{http_code}", f"{url}/none") == b"404"
    output = end(process)
    assert "Traceback" not in output, output
