"""Tests of ``twist web``."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl as standard_ssl
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from OpenSSL import crypto

from twisted.application.service import IServiceMaker
from twisted.internet import ssl
from twisted.internet.selectreactor import SelectReactor
from twisted.internet.testing import MemoryReactorClock
from twisted.plugin import getPlugins
from twisted.python.usage import UsageError
from twisted.spread import pb
from twisted.web import demo, distrib, metrics, tap
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.static import DirectoryLister, File
from twisted.web.test.requesthelper import DummyRequest


@pytest.fixture
def parse(monkeypatch):
    """Read options of a command line."""
    monkeypatch.setattr(tap, "currentReactor", MemoryReactorClock)

    def parsed(*words):
        options = tap.Options()
        options.parseOptions(words)
        return options

    return parsed


def root_of(options, monkeypatch):
    """The resource that a service serves, and its site."""
    made = []
    monkeypatch.setattr(
        tap.strports,
        "service",
        lambda port, site: made.append((port, site)) or tap.service.Service(),
    )
    tap.makeService(options)
    return made


def test_plugin():
    """The plugin is found, and leads here."""
    (maker,) = [m for m in getPlugins(IServiceMaker) if m.tapname == "web"]
    assert maker.options is tap.Options
    assert maker.makeService is tap.makeService


def test_default(parse, monkeypatch):
    """Told nothing, it shows a page on port 8080."""
    ((port, site),) = root_of(parse(), monkeypatch)
    assert port == "tcp:8080"
    assert isinstance(site.resource, demo.Test)
    assert site.displayTracebacks is False


def test_personal(parse, monkeypatch):
    """A personal server answers for a site, at a socket in its user's home unless told where."""
    monkeypatch.setenv("HOME", "/home/a:b")
    ((port, factory),) = root_of(parse("--personal"), monkeypatch)
    assert port == "unix:/home/a\\:b/.twistd-web-pb"
    assert isinstance(factory, pb.PBServerFactory)
    assert isinstance(factory.root.site.resource, demo.Test)
    ((port, factory),) = root_of(parse("--personal", "--listen", "unix:x"), monkeypatch)
    assert port == "unix:x"
    assert isinstance(tap.makePersonalServerFactory(Site(Resource())), pb.PBServerFactory)


def test_user(parse, monkeypatch):
    """The pages of all people on the machine can be served."""
    for word in ("--user", "-u"):
        ((_, site),) = root_of(parse(word), monkeypatch)
        assert isinstance(site.resource, distrib.UserDirectory)


def test_path(parse, monkeypatch, tmp_path):
    """A directory is served on all ports that were named, as the options say."""
    options = parse(
        *("--index", "main.html", "--listen", "tcp:1", "-p", "2", "--path", str(tmp_path)),
        *("--mime-type", "x/y", "--ignore-ext", ".a", "--allow-ignore-ext"),
        *("--logfile", "x.log", "--display-tracebacks"),
    )
    served = root_of(options, monkeypatch)
    assert [port for port, _ in served] == ["tcp:1", "tcp:2"]
    site = served[0][1]
    assert isinstance(site.resource, File)
    assert site.resource.indexNames == ["main.html"]
    assert site.resource.defaultType == "x/y"
    assert site.resource.ignoredExts == [".a", "*"]
    assert (site.logPath, site.displayTracebacks) == ("x.log", True)


def test_class(parse, monkeypatch):
    """A class of resources is served."""
    ((_, site),) = root_of(parse("--class", "twisted.web.resource.Resource"), monkeypatch)
    assert type(site.resource).__name__ == "Resource"


def test_headers(parse, monkeypatch, connect, tmp_path):
    """Headers may be added to all answers, those about errors included."""
    options = parse("--path", str(tmp_path), "--add-header", "X-A: b", "--add-header", "X-A:c")
    ((_, site),) = root_of(options, monkeypatch)
    connection = connect(site.resource)
    for target in (b"/nothing", b"/"):
        answer = connection.get(target)
        assert b"X-A: b\r\nX-A: c\r\n" in answer
        assert answer.count(b"X-A: b") == 1


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--nothing"], "--nothing not recognized"),
        (["--listen", "tcp:99999"], "99999"),
        (["--listen", "nothing:1"], "nothing"),
        (["--path", "/no/such/path"], "no file or directory"),
        (["--class", "no.such.Class"], "no.such.Class cannot be used"),
        (["--index", "x"], "only works after --path"),
        (["--mime-type", "x"], "only works after --path"),
        (["--add-header", "x"], "Name: value"),
        (["more"], "Wrong number"),
        (["--https", "443", "-c", "/no/such.pem"], "no/such.pem"),
        (["--logfile-format", "xml"], "combined or json"),
        (["--precompressed"], "only works after --path"),
        (["--asgi", "absent.module:app"], "--asgi: absent.module:app cannot be used"),
        (["--asgi", "os:sep"], "cannot be called"),
    ],
)
def test_errors(parse, words, text):
    """What makes no sense is said in one line."""
    with pytest.raises(UsageError, match=text) as caught:
        parse(*words)
    assert "\n" not in str(caught.value)


@pytest.fixture
def twist(tmp_path):
    """Run ``python -m twisted``; gives the process."""
    processes = []

    def start(*words, program=("-m", "twisted"), **options):
        process = subprocess.Popen(
            [sys.executable, "-W", "error", *program, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            **options,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def port_of(process):
    """The port that a process says it listens on."""
    for line in process.stdout:
        if "starting on" in line:
            return int(line.split()[-1])
    raise AssertionError(process.stderr.read())


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_serving(twist, tmp_path, sent):
    """The command serves a directory until it is interrupted, and ends in good order."""
    (tmp_path / "a.txt").write_text("hello")
    process = twist(
        *("--log-format", "text", "web", "--path", ".", "--listen", "tcp:0:interface=127.0.0.1")
    )
    with urllib.request.urlopen(f"http://127.0.0.1:{port_of(process)}/a.txt") as answer:
        assert answer.read() == b"hello"
    process.send_signal(sent)
    output, errors = process.communicate(timeout=15)
    assert "GET /a.txt HTTP/1.1" in output
    assert "Main loop terminated" in output
    assert (process.returncode, errors) == (0, "")


def test_unix_socket(twist, tmp_path):
    """The command listens on UNIX sockets, too."""
    path = os.path.relpath(tmp_path / "s", tmp_path)
    process = twist("--log-format", "text", "web", "--listen", f"unix:{path}")
    for line in process.stdout:
        if "Starting reactor" in line:
            break
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(tmp_path / "s"))
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert client.recv(15) == b"HTTP/1.0 200 OK"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], "No plugin specified"),
        (["nothing"], "Unknown command: nothing"),
        (["--nothing"], "--nothing not recognized"),
        (["--reactor", "nothing", "web"], "Unknown reactor: nothing"),
        (["--log-level", "nothing", "web"], "Invalid log level"),
        (["--log-format", "nothing", "web"], "Invalid log format"),
        (["--log-file", "/no/such/file", "web"], "No such file"),
        (["web", "--path", "nothing"], "no file or directory"),
        (["web", "--listen", "tcp:x"], "not 'x'"),
    ],
)
def test_bad_options(twist, words, text):
    """Bad options: one clear line and exit status 1."""
    process = twist(*words)
    output, errors = process.communicate(timeout=15)
    assert (process.returncode, output) == (1, "")
    assert errors.startswith("twist: ")
    assert text in errors
    assert errors.count("\n") == 1


def test_port_in_use(twist):
    """A port that is in use: one clear line and exit status 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = twist("web", "--listen", f"tcp:{port}:interface=127.0.0.1")
        _, errors = process.communicate(timeout=15)
    assert process.returncode == 1
    assert errors.startswith("twist: ")
    assert str(port) in errors
    assert errors.count("\n") == 1


def test_help(twist):
    """Help lists the plugins that are installed."""
    output, _ = twist("--help").communicate(timeout=15)
    assert output.startswith("Usage: twist [options] plugin")
    assert "    web " in output
    assert "Reactors: default, " in output


@pytest.mark.parametrize("path", ["/metrics", "/-/health/metrics"])
def test_metrics(parse, monkeypatch, path, tmp_path):
    """Prometheus finds what the reactor counts at the path; all else is as it was."""
    monkeypatch.setattr(metrics, "currentReactor", lambda given: reactor)
    reactor = SelectReactor()
    (tmp_path / "a.txt").write_text("a")
    for words in (["--path", str(tmp_path)], []):
        ((_, site),) = root_of(parse("--metrics", path, *words), monkeypatch)
        asked = DummyRequest(path.encode().split(b"/")[1:])
        found = site.getResourceFor(asked)
        assert b"twisted_connections_open" in found.render(asked)
        assert asked.responseHeaders.getRawHeaders("content-type")[0].startswith("text/plain")
        other = DummyRequest([b"a.txt"])
        found = site.getResourceFor(other)
        assert isinstance(found, File if words else demo.Test)
        assert isinstance(site.getResourceFor(DummyRequest([b""])), (DirectoryLister, demo.Test))
    root = site.resource
    child = Resource()
    tree = tap._Mounted(Resource(), "/m", Resource())
    tree.putChild(b"x", child)
    assert tree.getChildWithDefault(b"x", DummyRequest([])) is child
    assert root.isLeaf is False
    reactor.disconnectAll()
    reactor.waker.connectionLost(None)


def test_metrics_that_are_nowhere(parse):
    """The place is a path."""
    with pytest.raises(UsageError, match="--metrics"):
        parse("--metrics", "metrics")


def test_scripts(parse, connect, tmp_path):
    """Files of Python are run, and other classes may serve other extensions."""
    (tmp_path / "a.rpy").write_text(
        "from twisted.web.static import Data\nresource = Data(b'run', 'text/plain')"
    )
    (tmp_path / "b.epy").write_text("request.write(b'written')")
    (tmp_path / "c.txt").write_text("file")
    options = parse(
        *("--path", str(tmp_path)),
        *("--processor", "txt=twisted.web.script.PythonScript"),
    )
    connection = connect(options["root"])
    assert connection.get(b"/a.rpy").body == b"run"
    assert b"written" in connection.get(b"/b.epy").body
    assert set(options["root"].processors) == {".cgi", ".epy", ".rpy", ".txt"}
    assert File.processors == {}
    options = parse("--resource-script", str(tmp_path / "a.rpy"))
    made = connect(options["root"])
    assert made.get(b"/x").status == 404
    with open(tmp_path / "a.rpy", "a") as file:
        file.write("\nresource.isLeaf = True")
    assert made.get(b"/").body == made.get(b"/x/y").body == b"run"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--wsgi", "absent.module:app"), "--wsgi: absent.module:app cannot be used"),
        (("--path", ".", "--processor", "x"), "ext=class"),
        (("--path", ".", "--processor", "x=absent.y"), "--processor: absent.y cannot be used"),
        (("--processor", "x=os.path"), "--path"),
    ],
)
def test_errors_of_programs(parse, words, text):
    """A program that cannot be used is told of."""
    with pytest.raises(UsageError, match=text):
        parse(*words)


def test_wsgi(twist, tmp_path):
    """An application of WSGI is served, and its threads end with the server."""
    (tmp_path / "application.py").write_text(
        "def app(environ, start):\n"
        "    start('200 OK', [('Content-Type', 'text/plain')])\n"
        "    return [environ['PATH_INFO'].encode()]\n"
    )
    process = twist(
        *("--log-format", "text", "web", "--listen", "tcp:0:interface=127.0.0.1"),
        *("--wsgi", "application:app"),
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    url = f"http://127.0.0.1:{port_of(process)}/a/b"
    with urllib.request.urlopen(url, timeout=10) as response:
        assert response.read() == b"/a/b"
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0


APPLICATION = """
import sys

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        if "fail" in sys.argv:
            await send({"type": "lifespan.startup.failed", "message": "no database"})
            return
        scope["state"]["greeting"] = b"hello "
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("ended", flush=True)
        await send({"type": "lifespan.shutdown.complete"})
        return
    text = scope["state"]["greeting"] + (scope["root_path"] + scope["path"]).encode()
    while True:
        message = await receive()
        text += message["body"]
        if not message["more_body"]:
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": text})

async def broken(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no database"})

def not_asynchronous():
    pass
"""


@pytest.mark.parametrize("reactor", ["default", "asyncio"])
def test_asgi(twist, tmp_path, reactor):
    """An application of ASGI in the working directory is served, from its beginning to its end."""
    (tmp_path / "application.py").write_text(APPLICATION)
    process = twist(
        *("--reactor", reactor, "--log-format", "text", "web"),
        *("--listen", "tcp:0:interface=127.0.0.1", "--asgi", "application:app"),
        *("--root-path", "/below", "--metrics", "/m", "--add-header", "X-A: b"),
    )
    url = f"http://127.0.0.1:{port_of(process)}"
    with urllib.request.urlopen(f"{url}/a", data=b" body", timeout=10) as response:
        assert response.read() == b"hello /below/below/a body"
        assert response.headers["X-A"] == "b"
    with urllib.request.urlopen(f"{url}/m", timeout=10) as response:
        assert b"twisted_connections" in response.read()
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=10)
    assert process.returncode == 0, errors
    assert "ended" in output


@pytest.mark.parametrize("command", ["twist", "twistd"])
def test_asgi_that_cannot_begin(twist, tmp_path, command):
    """If the application cannot begin, neither does the command; it says why, in one line."""
    (tmp_path / "application.py").write_text(APPLICATION)
    words = ("web", "--listen", "tcp:0:interface=127.0.0.1", "--asgi", "application:broken")
    if command == "twist":
        process = twist("--log-format", "text", *words)
    else:
        program = ("-c", "from twisted.scripts.twistd import run; run()")
        process = twist("-n", *words, program=program)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 1
    assert errors == f"{command}: the application cannot begin: no database\n"


def test_asgi_of_other_sites(parse, monkeypatch):
    """Other sites whose pages may connect are named; "*" stands for all."""
    monkeypatch.setitem(sys.modules, "absent_application", type("M", (), {"app": print}))
    for words, origins in (
        ((), frozenset()),
        (("--websocket-origin", "https://A.example"), {"https://a.example"}),
        (("--websocket-origin", "*"), None),
    ):
        options = parse("--asgi", "absent_application:app", *words)
        ((_, site),) = root_of(options, monkeypatch)
        assert site.resource.websocket.origins == origins
        assert site.streamsBodies


def make_certificate(path, name):
    """A key and its certificate, in one file or two."""
    key = ssl.KeyPair.generate(size=2048)
    certificate = key.selfSignedCert(1, CN=name)
    (path / "key.pem").write_bytes(key.dump(crypto.FILETYPE_PEM))
    (path / "cert.pem").write_bytes(certificate.dump(crypto.FILETYPE_PEM))
    (path / "server.pem").write_bytes(certificate.dumpPEM())


@pytest.mark.parametrize(
    "words",
    [
        ("--https", "0", "-k", "key.pem", "-c", "cert.pem"),
        ("--https", "0"),
        ("--listen", "tls:server.pem:port=0:interface=127.0.0.1"),
    ],
)
def test_https(twist, tmp_path, words):
    """HTTPS is served with a certificate and its key, from two files or one."""
    make_certificate(tmp_path, "first.example")
    (tmp_path / "a.txt").write_text("hello")
    (tmp_path / "big").write_bytes(os.urandom(1_000_000))
    process = twist("--log-format", "text", "web", "--path", ".", *words)
    context = standard_ssl._create_unverified_context()
    port = port_of(process)
    with urllib.request.urlopen(f"https://127.0.0.1:{port}/a.txt", context=context) as answer:
        assert answer.read() == b"hello"
    with urllib.request.urlopen(f"https://127.0.0.1:{port}/big", context=context) as answer:
        assert answer.read() == (tmp_path / "big").read_bytes()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0


def test_json_log(twist, tmp_path):
    """The access log may be in JSON."""
    (tmp_path / "a.txt").write_text("hello")
    process = twist(
        *("--log-format", "text", "web", "--path", ".", "--listen", "tcp:0:interface=127.0.0.1"),
        *("--logfile", "access.log", "--logfile-format", "json", "-n"),
    )
    with urllib.request.urlopen(f"http://127.0.0.1:{port_of(process)}/a.txt?x") as answer:
        assert answer.read() == b"hello"
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    (line,) = (tmp_path / "access.log").read_text().splitlines()
    logged = json.loads(line)
    assert (logged["method"], logged["uri"], logged["status"]) == ("GET", "/a.txt?x", 200)
    assert (logged["client"], logged["bytes"], logged["referrer"]) == ("127.0.0.1", 5, None)
    assert logged["time"].split("/")[-1] >= "2026"


def fetch(url, context=None, **headers):
    """The status, the headers and the body of an answer."""
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, context=context, timeout=10) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


LISTEN = ("--listen", "tcp:0:interface=127.0.0.1")
RESOURCES = """
from twisted.web.resource import Resource

class Counter(Resource):
    isLeaf = True
    count = 0

    def render_GET(self, request):
        self.count += 1
        return b"%d" % self.count

class Broken(Resource):
    isLeaf = True

    def render_GET(self, request):
        raise ValueError("<secret>")
"""


@pytest.fixture
def serve(twist, tmp_path):
    """Run ``twist web`` with options; gives the URL of its first port."""
    (tmp_path / "resources.py").write_text(RESOURCES)

    def served(*words):
        process = twist("--log-format", "text", "web", *words)
        served.process = process
        return f"http://127.0.0.1:{port_of(process)}"

    return served


def test_class_served(serve):
    """One object of a class from the working directory answers all requests."""
    url = serve(*LISTEN, "--class", "resources.Counter")
    assert [fetch(f"{url}/{n}")[2] for n in range(3)] == [b"1", b"2", b"3"]


def test_resource_script_served(serve, tmp_path):
    """A script is run for each request: what is changed in it counts at once."""
    script = tmp_path / "a.rpy"
    script.write_text("from resources import Counter\nresource = Counter()\n")
    url = serve(*LISTEN, "--resource-script", "a.rpy")
    assert fetch(url)[2] == fetch(url)[2] == b"1"
    script.write_text("from twisted.web.demo import Test as resource\nresource = resource()\n")
    assert b"It works" in fetch(url)[2]


def test_several_ports(serve):
    """All ports that are named serve the same."""
    url = serve(*LISTEN, *LISTEN, "-p", "tcp:0:interface=127.0.0.1", "--class", "resources.Counter")
    others = [f"http://127.0.0.1:{port_of(serve.process)}" for _ in range(2)]
    assert [fetch(each)[2] for each in (url, *others)] == [b"1", b"2", b"3"]


def test_files_served(serve, tmp_path):
    """Indexes, extensions that may be left out, and the type of files without any."""
    for name in ("main.html", "index.html", "page.html", "plain"):
        (tmp_path / name).write_text(name)
    url = serve(
        *(*LISTEN, "--path", ".", "--index", "main.html", "--allow-ignore-ext", "-m", "x/y"),
        *("--add-header", "X-Frame-Options: DENY"),
    )
    for path, body in (("", b"main.html"), ("page", b"page.html"), ("plain", b"plain")):
        status, headers, got = fetch(f"{url}/{path}")
        assert (status, got) == (200, body)
        assert headers["X-Frame-Options"] == "DENY"
    assert headers["Content-Type"] == "x/y"
    status, headers, _ = fetch(f"{url}/absent")
    assert (status, headers["X-Frame-Options"]) == (404, "DENY")


@pytest.mark.parametrize("option", [None, "--notracebacks", "--display-tracebacks"])
def test_tracebacks_served(serve, option):
    """What went wrong is shown only to those for whom that was asked; nothing of it is markup."""
    url = serve(*LISTEN, "--class", "resources.Broken", *([option] if option else []))
    status, _, body = fetch(url)
    assert status == 500
    assert (b"ValueError" in body) == (option == "--display-tracebacks")
    assert b"<secret>" not in body


def test_http2_served(serve):
    """HTTP/2 is spoken at once by those who know, unless it is switched off."""
    for words, begins in ((("--http2",), b"\x00\x00"), (("--no-http2",), b"HTTP/1.1 ")):
        url = serve(*LISTEN, *words)
        port = int(url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5))
            assert client.recv(9).startswith(begins)


def test_http2_that_is_not_there(parse, monkeypatch):
    """Without the extra, or against oneself, it cannot be asked for."""
    with pytest.raises(UsageError, match="--http2"):
        parse("--http2", "--no-http2")
    monkeypatch.setattr(tap.server.Site, "http2Limits", None)
    with pytest.raises(UsageError, match="extra http2"):
        parse("--http2")


def certificate_of(port):
    """The certificate that a server shows now, and the protocol that it chooses."""
    context = standard_ssl._create_unverified_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as raw,
        context.wrap_socket(raw) as client,
    ):
        return client.getpeercert(True), client.selected_alpn_protocol()


def test_certificate_reloaded(serve, tmp_path):
    """A certificate that has been renewed is shown to those who connect after that."""
    make_certificate(tmp_path, "first.example")
    url = serve("--listen", "tls:server.pem:port=0:interface=127.0.0.1:interval=0")
    port = int(url.rpartition(":")[2])
    first, protocol = certificate_of(port)
    assert protocol == "h2"
    make_certificate(tmp_path, "second.example")
    later = os.stat(tmp_path / "server.pem").st_mtime + 5
    os.utime(tmp_path / "server.pem", (later, later))
    second, _ = certificate_of(port)
    assert second != first
    assert b"second.example" in second
    (tmp_path / "server.pem").write_text("broken")
    os.utime(tmp_path / "server.pem", (later + 5, later + 5))
    assert certificate_of(port)[0] == second


def test_cgi_served(serve, tmp_path):
    """Programs in the directory are run, and their source is shown to nobody."""
    (tmp_path / "a.cgi").write_text(
        f"#!{sys.executable}\nimport os\n"
        "print('Content-Type: a/b\\n')\n"
        "print(os.environ['QUERY_STRING'] + os.environ.get('HTTP_PROXY', ''))\n"
    )
    (tmp_path / "a.cgi").chmod(0o755)
    url = serve(*LISTEN, "--path", ".")
    status, headers, body = fetch(f"{url}/a.cgi?x=y", Proxy="evil")
    assert (status, headers["Content-Type"], body) == (200, "a/b", b"x=y\n")
