"""Tests of ``twist web``."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from twisted.application.service import IServiceMaker
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

    def start(*words, **options):
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "twisted", *words],
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
        if "Site starting on" in line:
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
    assert set(options["root"].processors) == {".epy", ".rpy", ".txt"}
    assert File.processors == {}
    options = parse("--resource-script", str(tmp_path / "a.rpy"))
    options["root"].isLeaf = True
    assert connect(options["root"]).get().body == b"run"


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
