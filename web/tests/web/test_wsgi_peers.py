"""Tests of applications of Flask and Django on ``twist web --wsgi``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.peer, pytest.mark.timeout(120)]

FLASK = """
import io
from flask import Flask, Response, abort, request, send_file, session

app = Flask(__name__)
app.secret_key = "of the test"

@app.route("/hello/<name>", methods=["GET", "POST"])
def hello(name):
    return {
        "name": name, "method": request.method, "query": request.args.get("q"),
        "form": request.form.to_dict(), "url": request.url, "from": request.remote_addr,
    }

@app.post("/size")
def size():
    return str(sum(len(piece) for piece in iter(lambda: request.stream.read(65536), b"")))

@app.post("/file")
def file():
    sent = request.files["f"]
    return f"{sent.filename} {len(sent.read())}"

@app.get("/stream")
def stream():
    return Response((b"x" * 100_000 for _ in range(50)), mimetype="a/b")

@app.get("/count")
def count():
    session["n"] = session.get("n", 0) + 1
    return str(session["n"])

@app.get("/download")
def download():
    return send_file(io.BytesIO(b"0123456789"), "a/b", download_name="d", etag=False)

@app.get("/fail")
def fail():
    raise ValueError("secret")

@app.get("/teapot")
def teapot():
    abort(418)
"""

DJANGO = """
import os
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import FileResponse, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path

settings.configure(
    ROOT_URLCONF=__name__, SECRET_KEY="of the test", ALLOWED_HOSTS=["127.0.0.1"],
    DEFAULT_CHARSET="utf-8", DATA_UPLOAD_MAX_MEMORY_SIZE=None,
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
)

def view(request, name):
    return JsonResponse({
        "name": name, "method": request.method, "query": request.GET.get("q"),
        "form": request.POST.dict(), "url": request.build_absolute_uri(),
        "from": request.META["REMOTE_ADDR"],
    })

def size(request):
    return HttpResponse(str(len(request.body)))

def file(request):
    sent = request.FILES["f"]
    return HttpResponse(f"{sent.name} {sent.size}")

def stream(request):
    return StreamingHttpResponse((b"x" * 100_000 for _ in range(50)), content_type="a/b")

def download(request):
    return FileResponse(open(__file__, "rb"), content_type="a/b")

def fail(request):
    raise ValueError("secret")

urlpatterns = [
    path("hello/<str:name>", view), path("size", size), path("file", file),
    path("stream", stream), path("download", download), path("fail", fail),
]
app = get_wsgi_application()
"""


def curl(*arguments):
    """What curl prints."""
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--max-time", "30", *arguments],
        check=True,
        capture_output=True,
    )
    return done.stdout


@pytest.fixture
def serve(tmp_path):
    """Serve a module's application; gives its URL, and the process."""
    processes = []

    def start(source):
        (tmp_path / "application.py").write_text(source)
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "twisted", "--log-format", "text", "web"),
                *("--wsgi", "application:app", "--listen", "tcp:0:interface=127.0.0.1"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
        )
        processes.append(process)
        for line in process.stdout:
            if "starting on" in line:
                return f"http://127.0.0.1:{int(line.split()[-1])}", process
        raise AssertionError("it did not start")

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("source", [FLASK, DJANGO], ids=["Flask", "Django"])
def test_application(serve, tmp_path, source):
    """Paths, queries, forms, files, large bodies both ways, errors; and an end in good order."""
    url, process = serve(source)
    told = json.loads(curl(f"{url}/hello/%C3%BC%20x?q=1%2B2"))
    assert (told["name"], told["query"], told["from"]) == ("\xfc x", "1+2", "127.0.0.1")
    assert told["url"].replace("\xfc", "%C3%BC") == f"{url}/hello/%C3%BC%20x?q=1%2B2"
    code = ("--output", "/dev/null", "--write-out", "%{http_code}")
    (tmp_path / "large").write_bytes(b"x" * 3_000_000)
    large = f"@{tmp_path / 'large'}"
    if source is FLASK:
        told = json.loads(curl("--data", "a=b+c", f"{url}/hello/x"))
        assert told["form"] == {"a": "b c"}
    assert curl("--data-binary", large, "-H", "Content-Type: a/b", f"{url}/size") == b"3000000"
    chunked = ("-H", "Transfer-Encoding: chunked", "-H", "Content-Type: a/b")
    assert curl(*chunked, "--data-binary", large, f"{url}/size") == b"3000000"
    assert curl("--form", f"f={large}", f"{url}/file") == b"large 3000000"
    assert curl(f"{url}/stream") == b"x" * 5_000_000
    assert curl("--limit-rate", "20M", f"{url}/stream") == b"x" * 5_000_000
    expected = b"0123456789" if source is FLASK else (tmp_path / "application.py").read_bytes()
    assert curl(f"{url}/download") == expected
    assert curl("--head", f"{url}/download").startswith(b"HTTP/1.1 200")
    assert curl(*code, f"{url}/fail") == b"500"
    assert curl(*code, f"{url}/absent") == b"404"
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    if source is FLASK:
        assert "secret" in output


def test_cookies(serve, tmp_path):
    """What Flask keeps in a cookie comes back."""
    url, _ = serve(FLASK)
    jar = str(tmp_path / "jar")
    cookies = ("--cookie", jar, "--cookie-jar", jar)
    assert [curl(*cookies, f"{url}/count") for _ in range(3)] == [b"1", b"2", b"3"]
    assert curl("-o", "/dev/null", "-w", "%{http_code}", f"{url}/teapot") == b"418"
