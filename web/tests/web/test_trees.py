"""Tests of `twisted.web.vhost`, `twisted.web.rewrite` and `twisted.web.script`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from twisted.logger import capturedLogs
from twisted.web.resource import Resource
from twisted.web.rewrite import RewriterResource, alias, tildeToUsers
from twisted.web.script import PythonScript, ResourceScriptDirectory, ResourceScriptWrapper
from twisted.web.static import Data, Registry
from twisted.web.vhost import NameVirtualHost, VHostMonsterResource


class Tell(Resource):
    """Tells how it was reached."""

    isLeaf = True

    def __init__(self, name: bytes = b"") -> None:
        super().__init__()
        self.name = name

    def render_GET(self, request: Any) -> bytes:
        return b" ".join([self.name, b"/".join(request.prepath), b"/".join(request.postpath)])


def ask(connection: Any, target: bytes, host: bytes) -> Any:
    return connection.send(b"GET %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (target, host))


class TestHosts:
    """Sites of several names."""

    def test_by_name(self, connect: Any) -> None:
        hosts = NameVirtualHost()
        tree = Resource()
        tree.putChild(b"x", Data(b"child", "text/plain"))
        hosts.addHost(b"a.example", Tell(b"A"))
        hosts.addHost(b"b.example", tree)
        connection = connect(hosts)
        assert ask(connection, b"/p/q", b"a.example").body == b"A  p/q"
        assert ask(connection, b"/p", b"A.Example:8080").body == b"A  p"
        assert ask(connection, b"/x", b"b.example").body == b"child"
        answer = ask(connection, b"/x", b"c.example")
        assert answer.status == 404
        hosts.default = Tell(b"D")
        assert ask(connection, b"/x", b"c.example").body == b"D  x"
        hosts.removeHost(b"a.example")
        assert ask(connection, b"/x", b"a.example").body == b"D  x"

    def test_collection(self) -> None:
        hosts = NameVirtualHost()
        collection = hosts.getStaticEntity("Virtual Hosts")
        collection.reallyPutEntity(b"a", Tell())
        assert [name for name, _ in hosts.listStaticEntities()] == ["Virtual Hosts"]
        assert list(collection.listStaticEntities()) == [(b"a", hosts.hosts[b"a"])]
        assert collection.getStaticEntity(b"a") is hosts.hosts[b"a"]
        collection.delEntity(b"a")
        assert hosts.hosts == {}

    def test_proxy_says_the_name(self, connect: Any) -> None:
        class Where(Resource):
            isLeaf = True

            def render_GET(self, request: Any) -> bytes:
                return request.prePathURL()  # type: ignore[no-any-return]

        root = Resource()
        root.putChild(b"vhost", VHostMonsterResource())
        root.putChild(b"w", Where())
        connection = connect(root)
        assert connection.get(b"/vhost/https/b.example:444/w").body.startswith(b"https://b.example")
        assert connection.get(b"/vhost/http/b.example/w").body.startswith(b"http://b.example/")
        assert connection.get(b"/vhost/ftp/b.example/w").status == 404


class TestRewriting:
    """Requests that are rewritten."""

    @pytest.mark.parametrize(
        ("target", "body"),
        [
            (b"/~ann/x", b" users/ann/x"),
            (b"/old/way/y", b" new/y"),
            (b"/old", b" old"),
            (b"/", b" "),
        ],
    )
    def test_rules(self, connect: Any, target: bytes, body: bytes) -> None:
        class All(Resource):
            def getChild(self, name: bytes, request: Any) -> Any:
                request.postpath.insert(0, request.prepath.pop())
                return Tell()

        root = RewriterResource(All(), tildeToUsers, alias(b"old/way", b"new"))
        assert connect(root).get(target).body == b" " + body


class TestScripts:
    """Resources in files of Python."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        (tmp_path / "good.rpy").write_text(
            "from twisted.web.static import Data\nresource = Data(b'hello', 'text/plain')\n"
        )
        (tmp_path / "empty.rpy").write_text("")
        (tmp_path / "kept.rpy").write_text(
            "cache()\nfrom twisted.web.static import Data\n"
            "resource = Data(b'%d' % id(object()), 'text/plain')\n"
        )
        return tmp_path

    def test_directory(self, connect: Any, folder: Path) -> None:
        (folder.parent / "outside.rpy").write_text("raise SystemExit")
        connection = connect(ResourceScriptDirectory(str(folder)))
        assert connection.get(b"/good.rpy").body == b"hello"
        assert connection.get(b"/empty.rpy").status == 500
        for missing in (b"/", b"/none.rpy", b"/%2e%2e", b"/..%2foutside.rpy", b"/a%00b"):
            assert connection.get(missing).status == 404

    def test_kept(self, folder: Path) -> None:
        directory = ResourceScriptDirectory(str(folder))
        first = directory.getChild(b"kept.rpy", None)
        assert directory.getChild(b"kept.rpy", None) is first

    def test_one_file(self, connect: Any, folder: Path) -> None:
        wrapper = ResourceScriptWrapper(str(folder / "good.rpy"))
        connection = connect(wrapper)
        wrapper.isLeaf = True
        assert connection.get().body == b"hello"
        (folder / "good.rpy").write_text("raise ZeroDivisionError('x')")
        with capturedLogs() as events:
            assert connection.get().status == 500
        assert events[0]["log_failure"].type is ZeroDivisionError

    def test_that_writes(self, connect: Any, folder: Path) -> None:
        path = folder / "page.epy"
        path.write_text("request.write(b'path ' + request.path)")
        connection = connect(PythonScript(str(path), Registry()))
        assert b"path /x" in connection.get(b"/x")
        path.write_text("raise ZeroDivisionError('<oops>')")
        with capturedLogs() as events:
            answer = connection.get()
        assert b"&lt;oops&gt;" in answer
        assert events[0]["log_failure"].type is ZeroDivisionError
        path.unlink()
        assert connection.get().status == 404
