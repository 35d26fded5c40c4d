"""Tests of `twisted.web.static`."""

from __future__ import annotations

import os

import pytest

from twisted.logger import capturedLogs
from twisted.web import static
from twisted.web.resource import Resource
from twisted.web.static import File
from twisted.web.test.requesthelper import DummyRequest

CONTENT = b"0123456789"


@pytest.fixture
def folder(tmp_path):
    """A folder to be served, with a secret beside it."""
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "empty").mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "rootkit").mkdir()
    (tmp_path / "rootkit/x").write_text("secret")
    (root / "a.txt").write_bytes(CONTENT)
    os.utime(root / "a.txt", (1_000_000_000, 1_000_000_000))
    (root / "sub/index.html").write_text("the index")
    (root / "page.html.gz").write_bytes(b"packed")
    return root


class Pulling:
    """Puts the producers of a connection's transport to work, as a transport does."""

    def __init__(self, connection):
        self.connection = connection

    def get(self, *arguments, **options):
        """Make a request; gives the answer."""
        connection = self.connection
        answer = connection.get(*arguments, **options)
        while connection.transport.producer not in (None, connection.channel):
            connection.transport.producer.resumeProducing()
        return type(answer)(answer + connection.take())


@pytest.fixture
def site(connect, folder):
    """A connection to a site of the folder."""
    return Pulling(connect(File(str(folder))))


def test_file(site):
    """A file is sent with its type, its size, and what is needed to ask for it again."""
    answer = site.get(b"/a.txt")
    assert (answer.status, answer.body) == (200, CONTENT)
    assert answer.headers[b"content-type"] == b"text/plain"
    assert answer.headers[b"content-length"] == b"10"
    assert answer.headers[b"accept-ranges"] == b"bytes"
    assert answer.headers[b"last-modified"] == b"Sun, 09 Sep 2001 01:46:40 GMT"
    assert answer.headers[b"etag"].startswith(b'"')


def test_large_file(site, folder):
    """A large file is sent in portions."""
    content = os.urandom(300_000)
    (folder / "big").write_bytes(content)
    assert site.get(b"/big").body == content
    assert site.get(b"/big", b"Range: bytes=1000-200999").body == content[1000:201_000]


def test_head(site):
    """HEAD has the headers of GET; a range says nothing about it."""
    answer = site.get(b"/a.txt", b"Range: bytes=1-2", method=b"HEAD")
    assert (answer.status, answer.headers[b"content-length"], answer.body) == (200, b"10", b"")


def test_other_methods(site):
    """Files can be read, and nothing else."""
    assert site.get(b"/a.txt", method=b"POST").status == 405


def test_conditions(site):
    """A client that has the file is told so, by its tag or its date."""
    tag = site.get(b"/a.txt").headers[b"etag"]
    for condition in (
        b"If-None-Match: " + tag,
        b"If-Modified-Since: Sun, 09 Sep 2001 01:46:40 GMT",
    ):
        answer = site.get(b"/a.txt", condition)
        assert (answer.status, answer.body) == (304, b"")
        assert b"content-length" not in answer.headers
    assert site.get(b"/a.txt", b'If-None-Match: "x"').status == 200
    later = site.get(b"/a.txt", b"If-Modified-Since: Sun, 09 Sep 2001 01:46:39 GMT")
    assert later.status == 200


@pytest.mark.parametrize(
    ("header", "content", "described"),
    [
        (b"0-3", b"0123", b"bytes 0-3/10"),
        (b"5-", b"56789", b"bytes 5-9/10"),
        (b"-3", b"789", b"bytes 7-9/10"),
        (b"0-0,50-60", b"0", b"bytes 0-0/10"),
    ],
)
def test_range(site, header, content, described):
    """A part of a file is sent alone, and said to be one."""
    answer = site.get(b"/a.txt", b"Range: bytes=" + header)
    assert (answer.status, answer.body) == (206, content)
    assert answer.headers[b"content-range"] == described
    assert answer.headers[b"content-length"] == b"%d" % len(content)


def test_ranges(site):
    """Several parts are sent with what announces each (RFC 9110, section 14.6)."""
    answer = site.get(b"/a.txt", b"Range: bytes=0-1,8-")
    kind, _, boundary = answer.headers[b"content-type"].partition(b"; boundary=")
    assert (answer.status, kind) == (206, b"multipart/byteranges")
    assert boundary[:1] == boundary[-1:] == b'"'
    boundary = boundary.strip(b'"')
    assert answer.body == (
        b"\r\n--%b\r\nContent-type: text/plain\r\nContent-range: bytes 0-1/10\r\n\r\n01"
        b"\r\n--%b\r\nContent-type: text/plain\r\nContent-range: bytes 8-9/10\r\n\r\n89"
        b"\r\n--%b--\r\n" % (boundary, boundary, boundary)
    )
    assert answer.headers[b"content-length"] == b"%d" % len(answer.body)


def test_large_ranges(site, folder):
    """Several large parts are sent in portions."""
    content = os.urandom(400_000)
    (folder / "big").write_bytes(content)
    answer = site.get(b"/big", b"Range: bytes=0-149999,200000-399999")
    assert content[:150_000] in answer.body
    assert content[200_000:] in answer.body
    assert answer.headers[b"content-length"] == b"%d" % len(answer.body)


def test_no_such_range(site):
    """A part that there is not is 416, with the size of the file."""
    answer = site.get(b"/a.txt", b"Range: bytes=10-")
    assert (answer.status, answer.body) == (416, b"")
    assert answer.headers[b"content-range"] == b"bytes */10"


@pytest.mark.parametrize("header", [b"bytes=x", b"lines=1-2", b"bytes=3-1", b"bytes=0-,0-"])
def test_no_range(site, header):
    """A range that means nothing, or too much, gets the whole."""
    assert site.get(b"/a.txt", b"Range: " + header).body == CONTENT


def test_if_range(site):
    """A part is sent only if the client's other parts are of the same file."""
    tag = site.get(b"/a.txt").headers[b"etag"]
    for condition, code in (
        (tag, 206),
        (b'"x"', 200),
        (b"Sun, 09 Sep 2001 01:46:40 GMT", 206),
        (b"Sun, 09 Sep 2001 01:46:39 GMT", 200),
    ):
        answer = site.get(b"/a.txt", b"Range: bytes=1-2", b"If-Range: " + condition)
        assert answer.status == code


def test_directory(site):
    """A directory is asked for with a slash at its end, and shows its index."""
    assert site.get(b"/sub/").body == b"the index"
    answer = site.get(b"/sub?x=1")
    assert (answer.status, answer.headers[b"location"]) == (302, b"/sub/?x=1")


def test_no_other_host(site, folder):
    """Slashes at the beginning of a path never make it a redirection to another host."""
    (folder / "evil.example").mkdir()
    for target in (b"//evil.example", b"///evil.example"):
        answer = site.get(target)
        location = answer.headers.get(b"location", b"/")
        assert not location.startswith(b"//")
    request = DummyRequest([])
    for uri, url in (
        (b"/\\evil", b"/%5Cevil/"),
        (b"//x?y", b"/x/?y"),
        (b"http://localhost/sub?x=http://y", b"/sub/?x=http://y"),
        (b"//", b"/"),
    ):
        request.uri = uri
        assert static.addSlash(request) == url
    assert static.Redirect(request).url == b"/"


def test_listing(site, folder):
    """A directory without an index is listed; names are escaped."""
    (folder / "empty/<b>&?#.txt").write_text("x" * 2048)
    (folder / "empty/dir").mkdir()
    os.symlink(folder.parent / "secret.txt", folder / "empty/outside")
    os.symlink("nowhere", folder / "empty/dangling")
    answer = site.get(b"/empty/")
    assert answer.headers[b"content-type"] == b"text/html; charset=utf-8"
    name = b'<a href="%3Cb%3E%26%3F%23.txt">&lt;b&gt;&amp;?#.txt</a></td>'
    assert name + b"\n    <td>2K</td>" in answer.body
    assert b'<a href="dir/">dir/</a>' in answer.body
    assert answer.body.index(b"dir/") < answer.body.index(b"&lt;b&gt;")
    assert b"outside" not in answer.body
    assert b"dangling" not in answer.body
    assert b"<script>" not in site.get(b"/empty/?<script>").body


ESCAPES = [
    b"/../secret.txt",
    b"/%2e%2e/secret.txt",
    b"/.%2e/secret.txt",
    b"/sub/../../secret.txt",
    b"/sub/%2e%2e/%2e%2e/secret.txt",
    b"/..%2fsecret.txt",
    b"/%2e%2e%2fsecret.txt",
    b"/sub%2f..%2f..%2fsecret.txt",
    b"/..\\secret.txt",
    b"/..%5csecret.txt",
    b"/a.txt%00",
    b"/%00",
    b"/a.txt%00.html",
    b"/../rootkit/x",
    b"/..",
    b"/%2e%2e",
    b"//../secret.txt",
    b"/%c0%ae%c0%ae/secret.txt",
    b"/%ff",
    b"/a.txt/../../secret.txt",
    b"/a.txt/",
    b"/a.txt/x",
    b"/link",
    b"/linked/secret.txt",
    b"/linked/root/a.txt",
    b"/kit/x",
    b"/circle",
    b"/nowhere",
    b"/" + b"x" * 300,
]


@pytest.mark.parametrize("target", ESCAPES)
def test_never_outside(site, folder, target):
    """No spelling of a path and no symbolic link leads out of the root: 404."""
    os.symlink("../secret.txt", folder / "link")
    os.symlink("..", folder / "linked")
    os.symlink("../rootkit", folder / "kit")
    os.symlink("circle", folder / "circle")
    with capturedLogs() as events:
        answer = site.get(target)
    assert answer.status == 404
    assert b"secret" not in answer.body.replace(target.strip(b"/"), b"")
    assert events == []


def test_links_inside(site, folder):
    """Symbolic links that stay inside are followed."""
    os.symlink("a.txt", folder / "link")
    os.symlink("sub", folder / "linked")
    assert site.get(b"/link").body == CONTENT
    assert site.get(b"/linked/index.html").body == b"the index"


def test_links_outside(connect, folder):
    """Links may lead out if the program says so."""
    os.symlink("../secret.txt", folder / "link")
    root = File(str(folder))
    root.followLinksOutside = True
    assert Pulling(connect(root)).get(b"/link").body == b"secret"


def test_root_that_is_a_link(connect, folder):
    """The root itself may be a link."""
    os.symlink("root", folder.parent / "other")
    assert Pulling(connect(File(str(folder.parent / "other")))).get(b"/a.txt").status == 200


def test_replaced_by_link(connect, folder):
    """A file that becomes a link outside between the walk and the answer is not sent."""
    root = File(str(folder))
    child = root.getChild(b"a.txt", DummyRequest([]))
    (folder / "a.txt").unlink()
    os.symlink("../secret.txt", folder / "a.txt")
    request = DummyRequest([])
    assert b"404" in child.render(request)


def test_special_files(site, folder):
    """Opening a pipe may take for ever, so it is refused."""
    os.mkfifo(folder / "pipe")
    assert site.get(b"/pipe").status == 403


def test_unreadable(site, folder, monkeypatch):
    """A file that may not be read is 403."""

    def refuse(self):
        raise PermissionError(13, "no")

    monkeypatch.setattr(File, "openForReading", refuse)
    assert site.get(b"/a.txt").status == 403


def test_missing_root(connect, tmp_path):
    """A file that is not there is 404."""
    assert Pulling(connect(File(str(tmp_path / "x")))).get(b"/").status == 404


def test_single_file(connect, folder):
    """A file may be the root itself; there is nothing below it."""
    site = Pulling(connect(File(str(folder / "a.txt"))))
    assert site.get(b"/x").status == 404


def test_client_gone(connect, folder):
    """A file is closed when its client is gone."""
    connection = connect(File(str(folder)))
    (folder / "a.txt").write_bytes(b"x" * 200_000)
    connection.get(b"/a.txt")
    producer = connection.transport.producer
    producer.stopProducing()
    connection.lose()
    assert producer.fileObject.closed
    producer.resumeProducing()


def test_shrinking_file(connect, folder):
    """A file that is shorter than it was does not make the client wait for ever."""
    connection = connect(File(str(folder)))
    (folder / "a.txt").write_bytes(b"x" * 200_000)
    connection.get(b"/a.txt")
    (folder / "a.txt").write_bytes(b"")
    with capturedLogs() as events:
        while connection.transport.producer not in (None, connection.channel):
            connection.transport.producer.resumeProducing()
    assert connection.closed
    assert len(events) == 1


def test_ignored_extensions(connect, folder):
    """Extensions may be left out, all of them or some."""
    site = Pulling(connect(File(str(folder), ignoredExts=(".html", ".txt"))))
    assert site.get(b"/a").body == CONTENT
    assert Pulling(connect(File(str(folder), allowExt=True))).get(b"/a").body == CONTENT
    root = File(str(folder))
    assert Pulling(connect(root)).get(b"/a").status == 404
    root.ignoreExt(".txt")
    assert Pulling(connect(root)).get(b"/a").body == CONTENT


def test_encoding(site):
    """A packed file is sent as what it is when unpacked."""
    answer = site.get(b"/page.html.gz")
    assert answer.headers[b"content-encoding"] == b"gzip"
    assert answer.headers[b"content-type"] == b"text/html"


def test_processors(connect, folder):
    """Files of some kinds may be handled by one's own resources."""
    root = File(str(folder))
    made = []

    class Processor(Resource):
        isLeaf = True

        def __init__(self, path, registry):
            super().__init__()
            made.append((path, registry))

        def render_GET(self, request):
            return b"processed"

    root.processors = {".txt": Processor}
    assert Pulling(connect(root)).get(b"/a.txt").body == b"processed"
    assert made == [(str(folder / "a.txt"), root.registry)]


def test_similar_files(folder):
    """What is said of the root holds for all below."""
    root = File(str(folder), "text/x")
    root.indexNames = ["a.txt"]
    child = root.getChild(b"", DummyRequest([]))
    assert (child.defaultType, child.indexNames, child.path) == (
        "text/x",
        ["a.txt"],
        str(folder / "a.txt"),
    )
    assert [entry.basename() for entry in root.listEntities()] == root.listNames()
    assert child.listNames() == []


def test_types_of_files():
    """The type of a file comes from its extensions, in any case."""
    types, encodings = {".tar": "x/tar"}, {".gz": "gzip"}
    for name, expected in (
        ("a.TAR", ("x/tar", None)),
        ("a.tar.gz", ("x/tar", "gzip")),
        ("a.gz", ("d", "gzip")),
        ("a", ("d", None)),
    ):
        assert static.getTypeAndEncoding(name, types, encodings, "d") == expected
    assert static.loadMimeTypes()[".html"] == "text/html"


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0B"), (1023, "1023B"), (1024, "1K"), (10**6, "976K"), (10**7, "9M"), (10**13, "9313G")],
)
def test_sizes(size, text):
    """Sizes are rounded down for people."""
    assert static.formatFileSize(size) == text


def test_data(connect):
    """Bytes are a resource, too."""
    root = Resource()
    root.putChild(b"", static.Data(b"x", "text/x"))
    assert connect(root).get(b"/").body == b"x"
    request = DummyRequest([])
    assert static.Data(b"xy", "text/x").render_GET(request) == b"xy"
    assert request.responseHeaders.getRawHeaders(b"content-type") == [b"text/x"]
    request.method = b"HEAD"
    assert static.Data(b"xy", "text/x").render(request) == b""


@pytest.mark.parametrize(
    ("segment", "dangerous"), [(b"..", True), (b"a/b", True), (b"\0", True), (b"a", False)]
)
def test_dangerous(segment, dangerous):
    """Segments that lead up, or are more than one, are dangerous."""
    assert static.isDangerous(segment) is dangerous


def test_registry():
    """A registry remembers resources of paths."""
    registry = static.Registry()
    registry.cachePath("/a", 1)
    assert (registry.getCachedPath("/a"), registry.getCachedPath("/b")) == (1, None)


def test_as_is(connect, tmp_path):
    """A file with a head of its own is sent as it is."""
    (tmp_path / "x.asis").write_bytes(b"HTTP/1.1 200 Fine\r\n\r\nbody")
    root = File(str(tmp_path))
    root.processors = {".asis": static.ASISProcessor}
    answer = Pulling(connect(root)).get(b"/x.asis")
    assert answer == b"HTTP/1.1 200 Fine\r\n\r\nbody"


@pytest.mark.parametrize(("flag", "extensions"), [(True, ["*"]), (0, [])])
def test_flag_instead_of_extensions(folder, flag, extensions):
    """Programs of former times give a flag."""
    with pytest.warns(UserWarning, match="not a boolean"):
        assert File(str(folder), ignoredExts=flag).ignoredExts == extensions


def test_precompressed(connect, tmp_path):
    """What is beside a file, compressed, is sent to clients that take that, if it is wanted."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.txt").write_text("plain")
    (root / "a.txt.gz").write_bytes(b"gzipped")
    (root / "a.txt.br").write_bytes(b"brotli")
    (root / "b.txt").write_text("plain")
    (tmp_path / "secret").write_text("secret")
    (root / "b.txt.gz").symlink_to("../secret")
    file = File(str(root))
    gzip = b"Accept-Encoding: gzip"
    assert connect(file).get(b"/a.txt", gzip).body == b"plain"
    file.precompressed = True
    connection = connect(file)
    for accepted, body, encoding in (
        (b"X: y", b"plain", None),
        (gzip, b"gzipped", b"gzip"),
        (b"Accept-Encoding: gzip, br", b"brotli", b"br"),
        (b"Accept-Encoding: gzip;q=0", b"plain", None),
    ):
        answer = connection.get(b"/a.txt", accepted)
        assert (answer.body, answer.headers.get(b"content-encoding")) == (body, encoding)
        assert answer.headers[b"content-type"] == b"text/plain"
        assert answer.headers[b"vary"] == b"Accept-Encoding"
    # Links out of the folder lead nowhere, and what is compressed already has nothing beside it.
    assert connection.get(b"/b.txt", gzip).body == b"plain"
    assert connection.get(b"/a.txt.gz", gzip).body == b"gzipped"
    part = connection.get(b"/a.txt", gzip, b"Range: bytes=0-1")
    assert (part.status, part.body) == (206, b"gz")
