"""
Databases in threads: what is committed, what is rolled back, and what a lost connection costs.
"""

import glob
import os
import pickle
import pwd
import sqlite3
import subprocess
import sys
import types

import pytest

from twisted.enterprise import adbapi
from twisted.internet import defer
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure


class Inline:
    """A pool of threads whose only thread is the caller's."""

    def __init__(self, *args):
        pass

    def start(self):
        pass

    stop = start

    def callInThreadWithCallback(self, onResult, func, *args, **kw):
        try:
            result = True, func(*args, **kw)
        except Exception:
            result = False, Failure()
        onResult(*result)


class Reactor(MemoryReactorClock):
    def callWhenRunning(self, f, *args, **kw):
        f(*args, **kw)

    def callFromThread(self, f, *args, **kw):
        f(*args, **kw)

    def addSystemEventTrigger(self, *args):
        return args

    def removeSystemEventTrigger(self, handle):
        pass


@pytest.fixture
def make(monkeypatch):
    """Makes pools that do everything at once."""
    monkeypatch.setattr(adbapi, "ThreadPool", Inline)
    made = []

    def make(*args, **kw):
        pool = adbapi.ConnectionPool(*args, cp_reactor=Reactor(), **kw)
        made.append(pool)
        return pool

    yield make
    for pool in made:
        pool.close()


@pytest.fixture
def pool(make, tmp_path):
    """A pool for a database with a table."""
    pool = make("sqlite3", str(tmp_path / "data"))
    result(pool.runOperation("create table item (name text)"))
    return pool


def result(deferred):
    got = []
    deferred.addBoth(got.append)
    if isinstance(got[0], Failure):
        got[0].raiseException()
    return got[0]


def names(pool):
    return [name for (name,) in result(pool.runQuery("select name from item order by name"))]


def test_queries_and_operations(pool):
    """Rows come back, and what is done stays."""
    assert result(pool.runOperation("insert into item values (?)", ("a",))) is None
    assert names(pool) == ["a"]


def test_interactions(pool):
    """A function is one transaction: all of it is done, or nothing."""

    def succeeds(transaction, *items, last):
        for name in (*items, last):
            transaction.execute("insert into item values (?)", (name,))
        return transaction.rowcount

    def fails(transaction):
        transaction.execute("insert into item values ('lost')")
        raise KeyError("on purpose")

    assert result(pool.runInteraction(succeeds, "a", "b", last="c")) == 1
    with pytest.raises(KeyError):
        result(pool.runInteraction(fails))
    assert names(pool) == ["a", "b", "c"]


def test_connections(pool):
    """A function may have the connection; what it leaves open is ended all the same."""

    def leaves(connection):
        connection.execute("insert into item values ('kept')")
        connection.close()
        return connection.in_transaction

    def raises(connection):
        connection.execute("insert into item values ('lost')")
        raise SystemError

    assert result(pool.runWithConnection(leaves)) is True
    with pytest.raises(SystemError):
        result(pool.runWithConnection(raises))
    assert names(pool) == ["kept"]


def test_errors_of_the_database(pool):
    """They come as the module raises them."""
    with pytest.raises(sqlite3.OperationalError, match="nothing"):
        result(pool.runQuery("select * from nothing"))


def test_cursors_are_opened_again(pool):
    """A transaction may have another cursor."""

    def reopens(transaction):
        first = transaction._cursor
        transaction.reopen()
        assert transaction._cursor is not first
        return transaction.execute("select 1").fetchall()

    assert result(pool.runInteraction(reopens)) == [(1,)]


class Server:
    """A database that can be restarted, as a module of the Database API."""

    def __init__(self):
        self.module = types.ModuleType("fake_database")
        self.module.apilevel, self.module.threadsafety = "2.0", 1
        self.module.connect = self.connect
        self.alive: set = set()
        self.log: list = []

    def connect(self, *args, **kw):
        connection = FakeConnection(self)
        self.alive.add(connection)
        self.log.append("connect")
        return connection


class FakeConnection:
    def __init__(self, server):
        self.server = server

    def check(self, what):
        if self not in self.server.alive:
            raise OSError(f"{what}: the server has gone")
        self.server.log.append(what)

    def cursor(self):
        self.check("cursor")
        return self

    def execute(self, text):
        self.check(text)

    def fetchall(self):
        return [("row",)]

    def commit(self):
        self.check("commit")

    def rollback(self):
        self.check("rollback")

    def close(self):
        pass


@pytest.fixture
def server(monkeypatch):
    made = Server()
    monkeypatch.setitem(sys.modules, "fake_database", made.module)
    return made


def test_a_server_that_is_restarted(make, server, errors):
    """What was under way fails with the reason; what comes next has another connection."""
    pool = make("fake_database")
    assert result(pool.runQuery("one")) == [("row",)]
    server.alive.clear()
    with pytest.raises(OSError, match="the server has gone"):
        result(pool.runQuery("two"))
    errors.clear()
    assert result(pool.runQuery("three")) == [("row",)]
    assert server.log.count("connect") == 2


def test_connecting_again(make, server, errors):
    """With ``cp_reconnect`` a transaction begins on another connection if the old one is dead."""
    pool = make("fake_database", cp_reconnect=True, cp_noisy=True)
    result(pool.runQuery("one"))
    server.alive.clear()
    assert result(pool.runQuery("two")) == [("row",)]
    errors.clear()


def test_looking_whether_a_connection_works(make, server, errors):
    """After an error, with ``cp_reconnect``; if it does not, it is closed."""
    pool = make("fake_database", cp_reconnect=True, cp_good_sql="are you there")

    def fails(transaction):
        raise KeyError

    with pytest.raises(KeyError):
        result(pool.runInteraction(fails))
    assert "are you there" in server.log

    def dies(transaction):
        server.alive.clear()
        raise KeyError

    with pytest.raises(KeyError):
        result(pool.runInteraction(dies))
    assert errors[-1].check(adbapi.ConnectionLost)
    errors.clear()
    assert pool.connections == {}


def test_each_new_connection_is_prepared(make, tmp_path):
    """``cp_openfun`` is called with it; if that fails, it is closed."""
    opened = []
    pool = make("sqlite3", ":memory:", cp_openfun=opened.append)
    result(pool.runQuery("select 1"))
    result(pool.runQuery("select 1"))
    assert len(opened) == 1

    def fails(connection):
        raise ValueError("not today")

    pool = make("sqlite3", ":memory:", cp_openfun=fails)
    with pytest.raises(ValueError, match="not today"):
        result(pool.runQuery("select 1"))
    assert pool.connections == {}


def test_connections_of_others(pool):
    """Only its own thread closes a connection."""
    with pytest.raises(Exception, match="wrong connection"):
        pool.disconnect(object())


def test_pickling(make):
    """A pool is what it was made with."""
    pool = make("sqlite3", ":memory:", cp_min=2, cp_max=4, cp_noisy=True)
    state = pool.__getstate__()
    assert (state["min"], state["max"], state["noisy"]) == (2, 4, True)
    assert pickle.dumps(state)


def wait(reactor, kit, deferred):
    """Run a reactor until a Deferred has fired."""
    got = []
    deferred.addBoth(got.append)
    kit.spin(reactor, lambda: got)
    if isinstance(got[0], Failure) and got[0].check(AssertionError):
        got[0].raiseException()
    return got[0]


def test_in_real_threads(reactor, kit, tmp_path):
    """Several at once, each with a connection of its own, which are closed at the end."""
    from twisted.internet import defer

    pool = adbapi.ConnectionPool(
        "sqlite3", str(tmp_path / "data"), timeout=20, cp_reactor=reactor, cp_min=1, cp_max=3
    )

    pool.start()

    async def use():
        await pool.runOperation("create table item (name text)")
        await defer.gatherResults(
            [pool.runOperation("insert into item values (?)", (str(n),)) for n in range(20)]
        )
        return await pool.runQuery("select count(*) from item")

    rows = wait(reactor, kit, defer.Deferred.fromCoroutine(use()))
    assert rows == [(20,)]
    pool.close()
    assert pool.connections == {}


def folder_of(tmp_path, name):
    """A folder for the data of a server, which runs as a user of its own if this is root."""
    data = tmp_path / "server"
    data.mkdir()
    user = pwd.getpwnam(name) if os.getuid() == 0 else None
    if user is not None:
        for path in (data, tmp_path):
            os.chown(path, user.pw_uid, user.pw_gid)
        for parent in tmp_path.parents:
            if parent.stat().st_uid == os.getuid() and str(parent).startswith("/tmp/"):
                parent.chmod(parent.stat().st_mode | 0o011)
    return data, user


@pytest.mark.peer
def test_postgresql(epoll, kit, tmp_path, errors):
    """A real server, which is restarted under load: queries fail, and then succeed again."""
    [binaries] = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1:]
    data, user = folder_of(tmp_path, "postgres")

    def server(*words):
        subprocess.run(
            [f"{binaries}/{words[0]}", *words[1:]],
            check=True,
            timeout=60,
            user=None if user is None else user.pw_uid,
            group=None if user is None else user.pw_gid,
            cwd=data,
            stdout=subprocess.DEVNULL,
        )

    options = f"-c listen_addresses='' -c unix_socket_directories={data}"
    server("initdb", "-D", f"{data}/db", "-U", "tester", "-A", "trust")
    server("pg_ctl", "-D", f"{data}/db", "-w", "-l", f"{data}/log", "-o", options, "start")
    pool = adbapi.ConnectionPool(
        "psycopg", f"host={data} user=tester dbname=postgres", cp_reactor=epoll
    )
    pool.start()
    try:

        async def before():
            await pool.runOperation("create table item (name text)")
            await pool.runOperation("insert into item values (%s)", ("a",))
            return await pool.runQuery("select name from item")

        assert wait(epoll, kit, defer.Deferred.fromCoroutine(before())) == [("a",)]
        sleeping = pool.runQuery("select pg_sleep(30)")
        server("pg_ctl", "-D", f"{data}/db", "-w", "-m", "immediate", "-o", options, "restart")
        failed = wait(epoll, kit, sleeping.addErrback(lambda reason: reason))
        assert "OperationalError" in str(failed.type) or "AdminShutdown" in str(failed.type)

        async def after():
            for _ in range(10):  # each thread may have a connection that is dead
                try:
                    return await pool.runQuery("select name from item")
                except Exception:
                    continue

        assert wait(epoll, kit, defer.Deferred.fromCoroutine(after())) == [("a",)]
        errors.clear()  # of rolling back what is gone
    finally:
        pool.close()
        server("pg_ctl", "-D", f"{data}/db", "-m", "immediate", "stop")


@pytest.mark.peer
@pytest.mark.timeout(120)
def test_mysql(epoll, kit, tmp_path, errors):
    """A real server: an interaction that fails leaves nothing to the next user of a connection."""
    data, user = folder_of(tmp_path, "mysql")
    drop = [] if user is None else [f"--user={user.pw_name}"]
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--datadir={data}/db", *drop, "--skip-test-db"],
        check=True,
        timeout=60,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = subprocess.Popen(
        [
            *("mariadbd", "--no-defaults", f"--datadir={data}/db", "--skip-networking", *drop),
            *("--skip-grant-tables", f"--socket={data}/s", f"--pid-file={data}/pid"),
        ],
        stderr=subprocess.DEVNULL,
    )
    pool = adbapi.ConnectionPool(
        "pymysql", unix_socket=f"{data}/s", database="mysql", cp_max=1, cp_reactor=epoll
    )
    kit.spin(epoll, lambda: (data / "s").exists() or server.poll() is not None)
    pool.start()
    try:

        def fails(transaction):
            transaction.execute("insert into item values ('lost')")
            raise ValueError("no")

        async def work():
            await pool.runOperation("create table item (name varchar(9)) engine=innodb")
            await pool.runOperation("insert into item values (%s)", ("a",))
            with pytest.raises(ValueError, match="no"):
                await pool.runInteraction(fails)
            with pytest.raises(Exception, match="doesn't exist"):
                await pool.runQuery("select * from nothing")
            return await pool.runQuery("select name from item")

        assert wait(epoll, kit, defer.Deferred.fromCoroutine(work())) == (("a",),)
    finally:
        pool.close()
        server.terminate()
        server.wait(60)
