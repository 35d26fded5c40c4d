"""
Databases by their synchronous modules (PEP 249), in threads::

    pool = ConnectionPool("psycopg", "dbname=shop")
    rows = await pool.runQuery("select name from item where price < %s", (10,))

Each thread of the pool has a connection of its own. Whatever a function does in the database is
committed when it returns, and rolled back when it raises; a connection that cannot be rolled back
is closed, so nothing of one user's transaction is left to the next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet import threads
from twisted.internet.currentreactor import currentReactor
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python import reflect
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

__all__ = ["Connection", "ConnectionLost", "ConnectionPool", "Transaction"]

_log = Logger()
_R = TypeVar("_R")


class ConnectionLost(Exception):
    """
    A connection to a database was lost, and another has been made or will be; what was under way
    may be tried again. The exception of the module is the cause.
    """


class Connection:
    """
    A connection of a pool, for the thread that it was made in.

    Everything but what is defined here is the connection's of the module.
    """

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._connection: Any = None
        self.reconnect()

    def close(self) -> None:
        """Nothing: the pool closes its connections itself."""

    def rollback(self) -> None:
        """
        Undo what was done since the last commit.

        If that fails, the connection is closed, and the next user of the thread gets another one.
        With `ConnectionPool.reconnect` it is found out whether it still works, too.

        @raise ConnectionLost: with `ConnectionPool.reconnect`, if it does not.
        """
        try:
            self._connection.rollback()
            if self._pool.reconnect:
                cursor = self._connection.cursor()
                cursor.execute(self._pool.good_sql)
                cursor.close()
                self._connection.commit()
        except Exception as error:
            self._drop()
            if not self._pool.reconnect:
                raise
            if self._pool.noisy:
                _log.failure("A connection was lost, and another will be made")
            raise ConnectionLost from error

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        self._pool.disconnect(connection)

    def reconnect(self) -> None:
        """Take the connection of this thread; a new one if there was one that failed."""
        if self._connection is not None:
            self._drop()
        self._connection = self._pool.connect()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class Transaction:
    """
    A cursor, and the transaction that it is in.

    Everything but what is defined here is the cursor's.
    """

    _cursor: Any = None

    def __init__(self, pool: ConnectionPool, connection: Connection) -> None:
        self._pool = pool
        self._connection = connection
        self.reopen()

    def close(self) -> None:
        """Close the cursor."""
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            cursor.close()

    def reopen(self) -> None:
        """
        Open another cursor; with `ConnectionPool.reconnect` on another connection, if there is none
        on this one.
        """
        if self._cursor is not None:
            self.close()
        try:
            self._cursor = self._connection.cursor()
            return
        except Exception:
            if not self._pool.reconnect:
                raise
            if self._pool.noisy:
                _log.failure("There is no cursor, and another connection is made")
        self.reconnect()
        self._cursor = self._connection.cursor()

    def reconnect(self) -> None:
        """Take another connection; what was done on this one since the last commit is lost."""
        self._connection.reconnect()
        self._cursor = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


class ConnectionPool:
    """
    Runs functions with connections to a database, in threads.

    @cvar CP_ARGS: the options that are given as keyword arguments with C{cp_} before their names.
    @ivar min: how many threads there are at least.
    @ivar max: how many threads, and connections, there are at most.
    @ivar name: of the pool of threads.
    @ivar noisy: whether it is logged what happens.
    @ivar openfun: called with each new connection, in its thread.
    @ivar reconnect: whether it is found out, after an error, whether a connection still works.
    @ivar good_sql: what is executed for that.
    @ivar connectionFactory: makes a `Connection`.
    @ivar transactionFactory: makes a `Transaction`.
    """

    CP_ARGS = ["min", "max", "name", "noisy", "openfun", "reconnect", "good_sql"]

    noisy = False
    min = 3
    max = 5
    name: str | None = None
    openfun: Callable[[Any], object] | None = None
    reconnect = False
    good_sql = "select 1"

    running = False
    connectionFactory: Callable[..., Any] = Connection
    transactionFactory: Callable[..., Any] = Transaction
    shutdownID: Any = None

    def __init__(self, dbapiName: str, *connargs: Any, **connkw: Any) -> None:
        """
        The pool starts with the reactor; `start` may be called before.

        @param dbapiName: the module, such as C{"sqlite3"}.
        @param connargs: for its function ``connect``, as the other keyword arguments.
        @param cp_reactor: the reactor; by default the global one.
        @param cp_min: and so on, see `CP_ARGS`.
        """
        self.dbapiName = dbapiName
        self.dbapi = reflect.namedModule(dbapiName)
        if getattr(self.dbapi, "apilevel", None) != "2.0":
            _log.warn("{module} is no module of the Database API 2.0", module=dbapiName)
        if getattr(self.dbapi, "threadsafety", 0) < 1:
            _log.warn("{module} cannot be used by several threads", module=dbapiName)
        self._reactor = currentReactor(connkw.pop("cp_reactor", None))
        for option in self.CP_ARGS:
            if f"cp_{option}" in connkw:
                setattr(self, option, connkw.pop(f"cp_{option}"))
        if dbapiName == "sqlite3":
            # Each connection is used by one thread; but it is another one that closes it at the
            # end.
            connkw.setdefault("check_same_thread", False)
        self.min = min(self.min, self.max)
        self.connargs = connargs
        self.connkw = connkw
        self._prepare()
        self.startID = self._reactor.callWhenRunning(self._start)

    def _prepare(self) -> None:
        from twisted.python import threadable

        #: The connections, by the threads that they belong to.
        self.connections: dict[Any, Any] = {}
        self.threadID = threadable.getThreadID
        self.threadpool = ThreadPool(self.min, self.max, self.name)

    def _start(self) -> None:
        self.startID = None
        self.start()

    def start(self) -> None:
        """Start the threads, and stop them when the reactor stops."""
        if self.running:
            return
        self.threadpool.start()
        self.shutdownID = self._reactor.addSystemEventTrigger("during", "shutdown", self.finalClose)
        self.running = True

    # For users

    def runWithConnection(self, func: Callable[..., _R], *args: Any, **kw: Any) -> Deferred[_R]:
        """
        Call a function with a connection, in a thread.

        @param func: called with a `Connection`, and the other arguments. What it did is committed
            when it returns, and rolled back when it raises.
        @return: fires with what the function returns, or fails with what it raises.
        """
        return threads.deferToThreadPool(
            self._reactor, self.threadpool, self._runWithConnection, func, *args, **kw
        )

    def runInteraction(self, interaction: Callable[..., _R], *args: Any, **kw: Any) -> Deferred[_R]:
        """
        Call a function with a cursor, in a thread, as one transaction.

        @param interaction: called with a `Transaction`, and the other arguments. What it did is
            committed when it returns, and rolled back when it raises.
        @return: fires with what the function returns, or fails with what it raises.
        """
        return threads.deferToThreadPool(
            self._reactor, self.threadpool, self._runInteraction, interaction, *args, **kw
        )

    def runQuery(self, *args: Any, **kw: Any) -> Deferred[Any]:
        """
        Execute something that has rows as its result.

        @param args: for ``execute`` of the cursor.
        @return: fires with the rows, as ``fetchall`` gives them.
        """
        return self.runInteraction(self._runQuery, *args, **kw)

    def runOperation(self, *args: Any, **kw: Any) -> Deferred[None]:
        """
        Execute something that has no result.

        @param args: for ``execute`` of the cursor.
        @return: fires with C{None}.
        """
        return self.runInteraction(self._runOperation, *args, **kw)

    # In threads

    def _runWithConnection(self, func: Callable[..., _R], *args: Any, **kw: Any) -> _R:
        connection = self.connectionFactory(self)
        try:
            result = func(connection, *args, **kw)
            connection.commit()
            return result
        except BaseException as error:
            self._undo(connection)
            raise error

    def _runInteraction(self, interaction: Callable[..., _R], *args: Any, **kw: Any) -> _R:
        def run(connection: Any) -> _R:
            transaction = self.transactionFactory(self, connection)
            result = interaction(transaction, *args, **kw)
            transaction.close()
            return result

        return self._runWithConnection(run)

    def _undo(self, connection: Any) -> None:
        """
        Roll back; that this fails is logged: what the caller is to know is what failed before.
        """
        try:
            connection.rollback()
        except Exception:
            _log.failure("Rollback failed", failure=Failure())

    def _runQuery(self, trans: Any, *args: Any, **kw: Any) -> Any:
        trans.execute(*args, **kw)
        return trans.fetchall()

    def _runOperation(self, trans: Any, *args: Any, **kw: Any) -> None:
        trans.execute(*args, **kw)

    # Connections

    def connect(self) -> Any:
        """
        The connection of this thread, made if there is none. Only for threads of the pool.

        @raise Exception: what the module raises if the database cannot be reached.
        """
        thread = self.threadID()
        connection = self.connections.get(thread)
        if connection is None:
            if self.noisy:
                _log.info("adbapi connecting: {module}", module=self.dbapiName)
            connection = self.dbapi.connect(*self.connargs, **self.connkw)
            try:
                if self.openfun is not None:
                    self.openfun(connection)
            except BaseException:
                self._close(connection)
                raise
            self.connections[thread] = connection
        return connection

    def disconnect(self, conn: Any) -> None:
        """
        Close the connection of this thread.

        @raise Exception: if it is another thread's.
        """
        thread = self.threadID()
        if conn is not self.connections.get(thread):
            raise Exception("wrong connection for thread")
        if conn is not None:
            self._close(conn)
            del self.connections[thread]

    def _close(self, conn: Any) -> None:
        if self.noisy:
            _log.info("adbapi closing: {module}", module=self.dbapiName)
        try:
            conn.close()
        except Exception:
            _log.failure("Connection close failed")

    def close(self) -> None:
        """Wait for the threads, and close all connections."""
        if self.shutdownID is not None:
            self._reactor.removeSystemEventTrigger(self.shutdownID)
            self.shutdownID = None
        if self.startID is not None:
            self._reactor.removeSystemEventTrigger(self.startID)
            self.startID = None
        self.finalClose()

    def finalClose(self) -> None:
        """Wait for the threads, and close all connections, when the reactor stops."""
        self.shutdownID = None
        self.threadpool.stop()
        self.running = False
        for connection in self.connections.values():
            self._close(connection)
        self.connections.clear()

    # Pickling

    def __getstate__(self) -> dict[str, Any]:
        names = ("dbapiName", "noisy", "min", "max", "reconnect", "good_sql", "connargs", "connkw")
        return {name: getattr(self, name) for name in names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ = dict(state)
        connkw = dict(self.connkw)
        options = {f"cp_{name}": state[name] for name in self.CP_ARGS if name in state}
        self.__init__(self.dbapiName, *self.connargs, **options, **connkw)  # type: ignore[misc]
