"""``twistd`` on UNIX: daemon, pid file, user and group, folder, system's log."""

from __future__ import annotations

import os
import pwd
import signal
import sys
from collections.abc import Callable
from typing import Any, ClassVar

from twisted import copyright
from twisted.application import app, service
from twisted.internet.currentreactor import currentReactor
from twisted.logger import Logger
from twisted.python import log, logfile, usage
from twisted.python.util import gidFromString, switchUID, uidFromString
from twisted.scripts._daemon import Daemon
from twisted.scripts._pidfile import checkPID, removePID, writePID
from twisted.scripts._workers import Workers, shutDown

__all__ = ["ServerOptions", "UnixAppLogger", "UnixApplicationRunner"]

_log = Logger()
_DAEMONS_UMASK = 0o077


def _umask(value: str) -> int:
    return int(value, 8)


_umask.coerceDoc = "An octal number."  # type: ignore[attr-defined]


def _known(convert: Callable[[str], int], what: str) -> Callable[[str], int]:
    """What turns a name into a number, and tells of those that it does not know."""

    def known(value: str) -> int:
        try:
            return convert(value)
        except KeyError:
            raise ValueError(f"there is no {what} {value!r}") from None

    known.coerceDoc = f"A name or a number of a {what}."  # type: ignore[attr-defined]
    return known


class ServerOptions(app.ServerOptions):
    """The options of ``twistd`` on UNIX."""

    synopsis = "Usage: twistd [options]"
    optFlags: ClassVar[list[Any]] = [
        ["nodaemon", "n", "Stay in the foreground; the umask is not changed to 0077."],
        ["originalname", None, "Do not change the name of the process."],
        ["syslog", None, "Log to the system's log."],
        [
            "euid",
            "",
            "Change only the effective user and group, which can be undone; use with caution.",
        ],
    ]
    optParameters: ClassVar[list[Any]] = [
        ["prefix", None, "twisted", "What lines in the system's log begin with."],
        ["pidfile", "", "twistd.pid", "The file that says which process this is."],
        ["chroot", None, None, "Change to this root before running."],
        ["uid", "u", None, "The user to run as.", _known(uidFromString, "user")],
        [
            "gid",
            "g",
            None,
            "The group to run as; by default the user's.",
            _known(gidFromString, "group"),
        ],
        ["umask", None, None, "The mask of permissions that new files do not get.", _umask],
        ["workers", None, None, "How many processes share the ports and the work.", int],
    ]
    compData: Any = usage.Completions(
        optActions={
            "pidfile": usage.CompleteFiles("*.pid"),
            "chroot": usage.CompleteDirs(descr="chroot directory"),
            "gid": usage.CompleteGroups(descr="gid to run as"),
            "uid": usage.CompleteUsernames(descr="uid to run as"),
            "prefix": usage.Completer(descr="syslog prefix"),
        }
    )

    def opt_version(self) -> None:
        """Print the version and exit."""
        print(f"twistd (the Twisted daemon) {copyright.version}", file=self._stdout)
        print(copyright.copyright, file=self._stdout)
        sys.exit()

    def postOptions(self) -> None:
        """
        See whether the options go together.

        @raise twisted.python.usage.UsageError: if they do not.
        """
        super().postOptions()
        if self["workers"] is not None:
            if self["workers"] < 1:
                raise usage.UsageError("--workers is a number of processes")
            if self["debug"] or self["profile"]:
                raise usage.UsageError("--workers cannot be debugged or profiled")
            self["no_save"] = True
        if self["pidfile"]:
            self["pidfile"] = os.path.abspath(self["pidfile"])


class UnixAppLogger(app.AppLogger):
    """Logs to the system's log, too; SIGUSR1 rotates the file."""

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self._syslog = options.get("syslog", False)
        self._syslogPrefix = options.get("prefix", "")
        self._nodaemon = options.get("nodaemon", False)
        self._workers = options.get("workers")

    def _getLogObserver(self) -> Any:
        """
        What writes to the system's log, to the file, or to the standard output.

        @raise SystemExit: if it is to be the standard output of a daemon, which has none.
        """
        if self._syslog:
            from twisted.python import syslog

            return syslog.SyslogObserver(self._syslogPrefix).emit
        if self._logfilename == "-":
            if not self._nodaemon:
                sys.exit("Daemons cannot log to stdout, exiting!")
            return log.FileLogObserver(sys.stdout).emit
        if self._nodaemon and not self._logfilename:
            return log.FileLogObserver(sys.stdout).emit
        return log.FileLogObserver(self._rotatedFile()).emit

    def _rotatedFile(self) -> Any:
        path = os.path.abspath(self._logfilename or "twistd.log")
        if self._workers:
            # Each process has opened the file: it is rotated from outside, and opened again.
            file = logfile.LogFile.fromFullPath(path, rotateLength=None)
            rotate = file.reopen
        else:
            file = logfile.LogFile.fromFullPath(path)
            rotate = file.rotate
        # A program that wants the signal for itself keeps it.
        if not callable(signal.getsignal(signal.SIGUSR1)):
            signal.signal(signal.SIGUSR1, lambda *_: currentReactor().callFromThread(rotate))
        return file


def launchWithName(name: str | None) -> None:
    """Start this program again under another name, unless it has it."""
    if name and name != sys.argv[0]:
        executable = os.path.realpath(sys.executable)
        log.msg(f"Changing process name to {name}")
        os.execv(executable, [name, sys.argv[0], "--originalname", *sys.argv[1:]])


class UnixApplicationRunner(app.ApplicationRunner):
    """Runs an application as a daemon, or in the foreground."""

    loggerFactory = UnixAppLogger
    _wrotePID = False

    def preApplication(self) -> None:
        """
        See that the program does not run already.

        @raise SystemExit: if it does.
        """
        checkPID(self.config["pidfile"])
        self.config["nodaemon"] = self.config["nodaemon"] or self.config["debug"]
        self._daemon = Daemon()

    def postApplication(self) -> None:
        """Start the application, run the reactor, and clean up."""
        workers = None
        try:
            self.startApplication(self.application)
            if self.config.get("workers"):
                workers = self._makeWorkers()
        except BaseException as problem:
            # Whoever waits for the report may look at once for what is left.
            if self._wrotePID:
                self.removePID(self.config["pidfile"])
            self._daemon.report(problem)
            raise
        self._daemon.report()
        try:
            if workers is None:
                self.startReactor(None, self.oldstdout, self.oldstderr)
            else:
                self._runWorkers(workers)
        finally:
            self.removePID(self.config["pidfile"])

    def _makeWorkers(self) -> Workers:
        def serve() -> None:
            app.startApplication(self.application, False)
            self.startReactor(None, self.oldstdout, self.oldstderr)

        return Workers(self.config["workers"], serve, currentReactor(), self.config["grace"])

    def _runWorkers(self, workers: Workers) -> None:
        """Keep the workers running, and close the ports when they have ended."""
        self._exitSignal = workers.run()
        shutDown(currentReactor(), service.IService(self.application))

    def removePID(self, pidfile: str | None) -> None:
        """Remove the pid file."""
        removePID(pidfile, _log)

    def setupEnvironment(
        self,
        chroot: str | None,
        rundir: str,
        nodaemon: bool,
        umask: int | None,
        pidfile: str | None,
    ) -> None:
        """
        Change the root, the folder and the umask, become a daemon, and write the pid file.

        @param umask: C{None} for 0077 if it becomes a daemon, and for no change otherwise.
        @raise OSError: if something of that is not possible.
        """
        daemon = not nodaemon
        if chroot is not None:
            os.chroot(chroot)
            os.chdir("/")
        os.chdir(rundir)
        if umask is None and daemon:
            umask = _DAEMONS_UMASK
        if umask is not None:
            os.umask(umask)
        if daemon:
            self.daemonize(currentReactor())
        writePID(pidfile)
        self._wrotePID = True

    def daemonize(self, reactor: Any) -> None:
        """Go on in the background."""
        self._daemon.detach(reactor)

    def shedPrivileges(self, euid: bool, uid: int, gid: int | None) -> None:
        """
        Become another user.

        @param euid: whether only effectively, so that it can be undone.
        @raise OSError: if that is not allowed.
        """
        if uid is None and gid is None:
            return
        if uid is None:
            (os.setegid if euid else os.setgid)(gid)
        else:
            switchUID(uid, gid, euid)
        kind = "effective " if euid else ""
        log.msg(f"set {kind}uid/gid {uid}/{gid}")

    def startApplication(self, application: Any) -> None:
        """
        Set up the environment, listen on ports, give up privileges, and start the services.

        With workers the services are started in those.
        """
        process = service.IProcess(application)
        if not self.config["originalname"]:
            launchWithName(process.processName)
        config = self.config
        self.setupEnvironment(
            *(config["chroot"], config["rundir"], config["nodaemon"]),
            *(config["umask"], config["pidfile"]),
        )
        service.IService(application).privilegedStartService()
        uid, gid = config["uid"], config["gid"]
        uid = process.uid if uid is None else uid
        gid = process.gid if gid is None else gid
        if uid is not None and gid is None:
            gid = pwd.getpwuid(uid).pw_gid
        self.shedPrivileges(config["euid"], uid, gid)
        if not config.get("workers"):
            app.startApplication(application, not config["no_save"])
