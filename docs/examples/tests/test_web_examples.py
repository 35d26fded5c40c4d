"""The programs that need the web distribution."""

import gzip
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.request import urlopen


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


def test_web_get():
    """A page that is elsewhere, and compressed, is fetched."""
    server = HTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=server.serve_forever).start()
    try:
        done = subprocess.run(
            [
                sys.executable,
                Path(__file__).parents[1] / "web_get.py",
                f"http://127.0.0.1:{server.server_port}/",
            ],
            capture_output=True,
            timeout=30,
            check=True,
        )
    finally:
        server.shutdown()
        server.server_close()
    assert done.stdout == b"the page"
    assert done.stderr == b"200 OK\n"
