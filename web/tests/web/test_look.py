"""Tests of how pages look that come from the server itself."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import struct
import subprocess
import sys
import zlib
from html.parser import HTMLParser

import pytest

from twisted.web import _look, demo
from twisted.web.pages import errorPage, forbidden
from twisted.web.static import File
from twisted.web.util import Redirect

HOSTILE = "<script>alert(1)</script>\"'&amp;<img src=x onerror=alert(1)>"


class Outline(HTMLParser):
    """What a page consists of: its tags with their attributes, and the texts of some of them."""

    def __init__(self, page):
        super().__init__()
        self.tags = []
        self.texts = {}
        self._open = []
        self.feed(page.decode())
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "img", "br", "link"}:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open:
            self.texts[self._open[-1]] = self.texts.get(self._open[-1], "") + data


def pages(connect, folder):
    """Every kind of page that comes from here, by its name."""
    root = File(str(folder))
    root.putChild(b"demo", demo.Test())
    root.putChild(b"forbidden", forbidden(HOSTILE))
    root.putChild(b"moved", Redirect(b"/%3Cscript%3E\"'><script>alert(1)</script>"))
    connection = connect(root)
    return {
        "listing": connection.get(b"/"),
        "below": connection.get(b"/folder/"),
        "missing": connection.get(b"/<script>alert(1)</script>"),
        "forbidden": connection.get(b"/forbidden"),
        "method": connection.get(b"/<script>", method=b"DELETE"),
        "moved": connection.get(b"/moved"),
        "demo": connection.get(b"/demo"),
    }


@pytest.fixture
def folder(tmp_path):
    """A folder with names of all kinds."""
    folder = tmp_path / "root"
    (folder / "folder").mkdir(parents=True)
    for name in ("<script>alert(1)<|script>", "\" onclick='x", "javascript:alert(1)", "ä ö.txt"):
        (folder / name).write_text("x" * 3000)
    (folder / ("a-rather-long-name-without-a-place-to-break-it" * 4 + ".tar.gz")).write_bytes(b"x")
    return folder


def test_outline(connect, folder):
    """Each page says its language and its title, has one main part and one first heading."""
    for name, answer in pages(connect, folder).items():
        if name == "moved":
            continue
        outline = Outline(answer.body)
        tags = [tag for tag, _ in outline.tags]
        assert outline.tags[0] == ("html", {"lang": "en"}), name
        assert tags.count("title") == tags.count("main") == tags.count("h1") == 1, name
        assert outline.texts["title"].strip(), name
        assert ("meta", {"charset": "utf-8"}) in outline.tags
        viewport = {"name": "viewport", "content": "width=device-width, initial-scale=1"}
        assert ("meta", viewport) in outline.tags, name


def test_table(connect, folder):
    """A listing is a table whose heads say what they are heads of; it leads to the parent."""
    answers = pages(connect, folder)
    outline = Outline(answers["listing"].body)
    heads = [attributes for tag, attributes in outline.tags if tag == "th"]
    assert heads == [{"scope": "col"}] * 4
    assert "nav" not in outline.texts
    below = Outline(answers["below"].body)
    assert ("a", {"href": "../"}) in below.tags
    assert "There is nothing here" in below.texts["td"]


def test_escaped(connect, folder):
    """Whatever a name, a path or a message holds: no element, attribute or scheme comes of it."""
    for name, answer in pages(connect, folder).items():
        outline = Outline(answer.body)
        for tag, attributes in outline.tags:
            assert tag not in {"script", "img"}, name
            assert not any(key.startswith("on") for key in attributes), name
            assert not attributes.get("href", "").startswith("javascript:"), name
    listing = Outline(pages(connect, folder)["listing"].body)
    assert "<script>alert(1)<|script>" in listing.texts["a"]


def policies(page):
    """What a page lets browsers use."""
    for tag, attributes in Outline(page).tags:
        if attributes.get("http-equiv") == "Content-Security-Policy":
            yield attributes["content"]


def test_nothing_from_elsewhere(connect, folder):
    """Pages need nothing but themselves, and browsers are told so; the style's digest is right."""
    for name, answer in pages(connect, folder).items():
        (policy,) = policies(answer.body)
        assert policy.startswith("default-src 'none'; "), name
        # What stands before it would not be held to it.
        assert answer.body.index(b"Content-Security") < answer.body.index(b"<title>"), name
        for style in re.findall(rb"<style>(.*?)</style>", answer.body, re.DOTALL):
            digest = base64.b64encode(hashlib.sha256(style).digest()).decode()
            assert f"'sha256-{digest}'" in policy, name
        assert b"http" not in answer.body.replace(b"http-equiv", b""), name
        assert b"url(" not in answer.body, name
        assert b"@import" not in answer.body, name
        assert b" style=" not in answer.body, name


def test_own_template(connect):
    """Pages that a program has designed are not confined."""
    page = errorPage(418, "Teapot", "short and stout")
    page.template = "<script>{code}{brief}{detail}</script>"
    answer = connect(page).get()
    assert answer.body == b"<script>418Teapotshort and stout</script>"
    assert b"content-security-policy" not in answer.headers


def luminance(colour):
    """How bright a colour is (WCAG 2.2)."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_contrast():
    """In light and dark, each colour of text has 4.5 to 1 on each background (WCAG 2.2, 1.4.3)."""
    schemes = re.findall(r":root \{(.*?)\}", _look.STYLE, re.DOTALL)
    assert len(schemes) == 2
    for scheme in schemes:
        colours = dict(re.findall(r"--(\w+): (#\w+);", scheme))
        for text in ("ink", "faint", "link"):
            for behind in ("paper", "raised"):
                values = sorted((luminance(colours[text]), luminance(colours[behind])))
                assert (values[1] + 0.05) / (values[0] + 0.05) >= 4.5, (text, behind)


# In a real browser


@pytest.fixture
def server(folder):
    """A server of the folder; gives its URL."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-W", "error", "-m", "twisted", "--log-format", "text", "web"),
            *("--path", str(folder), "--listen", "tcp:0:interface=127.0.0.1"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    for line in process.stdout:
        if "Site starting on" in line:
            break
    yield f"http://127.0.0.1:{line.split()[-1]}"
    process.terminate()
    process.communicate(timeout=15)


@pytest.fixture
def chromium(tmp_path):
    """Run Chromium without a window; gives what it prints."""
    program = shutil.which("chromium")
    assert program is not None

    def run(*words):
        done = subprocess.run(
            [
                *(program, "--headless=new", "--no-sandbox", "--disable-gpu"),
                *(f"--user-data-dir={tmp_path / 'profile'}", "--hide-scrollbars"),
                *("--no-first-run", "--disable-background-networking", "--disable-dev-shm-usage"),
                *("--enable-logging=stderr", *words),
            ],
            capture_output=True,
            timeout=60,
            check=True,
            env={**os.environ, "HOME": str(tmp_path)},
        )
        return done.stdout, done.stderr.decode(errors="replace")

    return run


def pixels(path):
    """The rows of a PNG file of eight bits a channel: bytes of red, green, blue (and alpha)."""
    data = path.read_bytes()
    width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
    assert depth == 8
    size = {2: 3, 6: 4}[kind]
    packed, at = b"", 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        if data[at + 4 : at + 8] == b"IDAT":
            packed += data[at + 8 : at + 8 + length]
        at += length + 12
    return width, height, size, unfilter(zlib.decompress(packed), width * size, size)


def unfilter(raw, stride, size):
    """Rows of pixels from filtered ones (PNG, section 9)."""
    rows, above = [], bytearray(stride)
    for start in range(0, len(raw), stride + 1):
        how, row = raw[start], bytearray(raw[start + 1 : start + 1 + stride])
        for at in range(stride) if how else ():
            left = row[at - size] if at >= size else 0
            corner = above[at - size] if at >= size else 0
            if how == 4:
                guess = left + above[at] - corner
                near = min((left, above[at], corner), key=lambda each: abs(guess - each))
            else:
                near = (0, left, above[at], (left + above[at]) // 2)[how]
            row[at] = (row[at] + near) & 255
        rows.append(row)
        above = row
    return rows


@pytest.mark.peer
@pytest.mark.timeout(180)
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("width", "height"), [(500, 800), (1280, 800)])
def test_screenshots(server, chromium, tmp_path, width, height, dark):
    """On phones and desks, in light and dark, pages show their colours and fit the window."""
    for path in ("/", "/folder/", "/absent"):
        shot = tmp_path / "shot.png"
        theme = ["--blink-settings=preferredColorScheme=0", "--force-dark-mode"] if dark else []
        _, messages = chromium(
            f"--window-size={width},{height}", f"--screenshot={shot}", *theme, server + path
        )
        assert "Content Security Policy" not in messages
        across, _, size, rows = pixels(shot)
        assert across == width
        paper = (20, 23, 28) if dark else (255, 255, 255)
        assert tuple(rows[2][:3]) == paper
        # Something is written, and nothing runs out of the window.
        colours = {bytes(row[at : at + 3]) for row in rows for at in range(0, len(row), size)}
        assert len(colours) > 20
        edge = {bytes(row[-size : -size + 3 or None]) for row in rows}
        assert edge == {bytes(paper)}, path


WIDTH = """<!DOCTYPE html><title>x</title><body><script>
const frame = document.createElement("iframe");
frame.width = WIDTH; frame.src = "PAGE";
frame.onload = () => {
  const page = frame.contentDocument.documentElement;
  document.body.setAttribute("data-over", page.scrollWidth - page.clientWidth);
};
document.body.append(frame);
</script>"""


@pytest.mark.peer
@pytest.mark.timeout(180)
@pytest.mark.parametrize("width", [320, 1024])
def test_no_sideways_scrolling(server, chromium, folder, width):
    """On the narrowest screens, too, nobody has to scroll sideways (WCAG 2.2, 1.4.10)."""
    for page in ("/", "/folder/", "/" + "absent" * 40):
        content = WIDTH.replace("WIDTH", str(width)).replace("PAGE", page)
        (folder / "folder/frame.html").write_text(content)
        shown, _ = chromium("--dump-dom", server + "/folder/frame.html")
        (folder / "folder/frame.html").unlink()
        assert b'data-over="0"' in shown, (page, shown)


@pytest.mark.peer
@pytest.mark.timeout(120)
def test_dom(server, chromium):
    """A browser makes of the pages what was meant, and runs nothing that stands in them."""
    shown, messages = chromium("--dump-dom", server + "/")
    outline = Outline(shown)
    tags = [tag for tag, _ in outline.tags]
    assert tags.count("main") == tags.count("h1") == tags.count("table") == 1
    assert tags.count("tr") == 7
    assert "script" not in tags
    assert "Refused" not in messages
    shown, _ = chromium("--dump-dom", server + "/<script>document.title='run'</script>")
    assert b"<title>404 - No Such Resource</title>" in shown
