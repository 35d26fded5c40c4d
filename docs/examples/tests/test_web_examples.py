"""The programs that need the web distribution."""

import gzip
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest


def test_web_counter(serve, tmp_path):
    """The three kinds of pages answer."""
    (tmp_path / "note.txt").write_text("a file")
    port = serve("web_counter.py", str(tmp_path), "tcp:0:interface=127.0.0.1")

    def get(path):
        with urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10) as response:
            return response.read().decode()

    assert get("count") == "You are visitor number 1.\n"
    assert get("count") == "You are visitor number 2.\n"
    assert get("wait") == "Thank you for waiting.\n"
    assert get("files/note.txt") == "a file"


def test_web_distrib(serve, begin, tmp_path):
    """A process answers what clients ask another one, which can do without it, too."""
    socket = str(tmp_path / "web.sock")
    port = serve("web_distrib.py", "serve", socket, "tcp:0:interface=127.0.0.1")

    def get(path):
        with urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10) as response:
            return response.read().decode()

    assert get("") == "Ask for /other/.\n"
    with pytest.raises(HTTPError, match="502"):
        get("other/")
    process = begin("web_distrib.py", "answer", socket)
    assert process.stdout.readline() == "answering\n"
    assert get("other/a/b") == f"Process {process.pid} was asked for 'a/b'.\n"


class Elsewhere(BaseHTTPRequestHandler):
    """Sends everybody to a page that is compressed."""

    def do_GET(self):
        body = b""
        if self.path == "/":
            self.send_response(302)
            self.send_header("Location", "/page")
        else:
            self.send_response(200)
            body = gzip.compress(b"the page")
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Say nothing."""


@contextmanager
def elsewhere():
    """A server that sends everybody to a page that is compressed; gives its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=server.serve_forever).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def test_web_get(run):
    """A page that is elsewhere, and compressed, is fetched."""
    with elsewhere() as url:
        done = run("web_get.py", url)
    assert done.stdout == "the page"
    assert done.stderr == "200 OK\n"


def test_web_client(run):
    """Pages are asked for at once, and found where they are."""
    with elsewhere() as url:
        done = run("web_client.py", url, url, f"{url}other")
    assert done.stderr == ""
    lines = sorted(line.split() for line in done.stdout.splitlines())
    assert lines == [["200", "8", f"{url}other"], *[["200", "8", f"{url}page"]] * 2]
