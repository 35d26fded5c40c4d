"""What commands such as ``twistd`` are made of."""

from __future__ import annotations

import getpass
import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

from twisted.application import service
from twisted.application._applogging import AppLogger
from twisted.application._drain import drainAfter
from twisted.application._profiling import AppProfiler, CProfileRunner, ProfileRunner
from twisted.application._reactorselection import ReactorSelectionMixin
from twisted.application._serveroptions import ServerOptions
from twisted.internet.currentreactor import currentReactor
from twisted.persisted import sob
from twisted.python import log, usage
from twisted.python.systemd import Notifier

__all__ = [
    "AppLogger",
    "AppProfiler",
    "ApplicationRunner",
    "CProfileRunner",
    "ProfileRunner",
    "ReactorSelectionMixin",
    "ServerOptions",
    "convertStyle",
    "exitWithSignal",
    "fixPdb",
    "getApplication",
    "getPassphrase",
    "getSavePassphrase",
    "run",
    "runReactorWithLogging",
    "startApplication",
]


def fixPdb() -> None:
    """Give pdb a command ``stop``, which stops the reactor; ``quit`` ends the process at once."""
    # It takes long to import, and few debug.
    import pdb  # noqa: T100

    def do_stop(self: Any, arg: object) -> int:
        self.clear_all_breaks()
        self.set_continue()
        reactor = currentReactor()
        reactor.callLater(0, reactor.stop)
        return 1

    def set_quit(self: Any) -> None:
        os._exit(0)

    debugger: Any = pdb.Pdb
    debugger.do_stop = do_stop
    debugger.set_quit = set_quit


def runReactorWithLogging(
    config: Any,
    oldstdout: Any,
    oldstderr: Any,
    profiler: Any = None,
    reactor: Any = None,
) -> None:
    """
    Run the reactor until it stops, under a profiler or a debugger if the options say so.

    What it raises is logged, and written to the standard output, or for a daemon to the file
    ``TWISTD-CRASH.log``.

    @param oldstdout: what the standard output was before it led to the log.
    @raise SystemExit: with the status 1 if the reactor raised something.
    """
    reactor = currentReactor(reactor)
    try:
        if config["profile"]:
            if profiler is not None:
                profiler.run(reactor)
        elif config["debug"]:
            import pdb  # noqa: T100

            sys.stdout, sys.stderr = oldstdout, oldstderr
            signal.signal(signal.SIGUSR2, lambda *args: pdb.set_trace())  # noqa: T100
            fixPdb()
            pdb.runcall(reactor.run)
        else:
            reactor.run()
    except SystemExit:
        raise
    except BaseException:
        log.err()
        if config.get("nodaemon"):
            traceback.print_exc(file=oldstdout)
        else:
            with open("TWISTD-CRASH.log", "a", encoding="utf-8") as file:
                traceback.print_exc(file=file)
        raise SystemExit(1) from None


def getPassphrase(needed: bool) -> str | None:
    """Ask for a passphrase, if one is needed."""
    return getpass.getpass("Passphrase: ") if needed else None


def getSavePassphrase(needed: bool) -> str | None:
    """Ask twice for a passphrase, if one is needed."""
    from twisted.python.util import getPassword

    return getPassword("Encryption passphrase: ") if needed else None


def getApplication(config: Any, passphrase: object) -> Any:
    """
    Read the application from the file that the options name.

    @raise SystemExit: if that fails; what went wrong is logged.
    """
    kinds = ((config["python"], "python"), (config["source"], "source"), (config["file"], "pickle"))
    filename, kind = next((name, kind) for name, kind in kinds if name)
    try:
        log.msg(f"Loading {filename}...")
        application = service.loadApplication(filename, kind, passphrase)
        log.msg("Loaded.")
    except Exception as error:
        text = f"Failed to load application: {error}"
        if isinstance(error, KeyError) and error.args[0] == "application":
            text += (
                f"\nCould not find 'application' in the file {filename}: a variable of that name "
                "has to be set to a twisted.application.service.Application.\n"
            )
        traceback.print_exc(file=log.logfile)
        log.msg(text)
        log.deferr()
        sys.exit(f"\n{text}\n")
    return application


def startApplication(application: Any, save: bool) -> None:
    """
    Start the services of an application, and stop them before the reactor does.

    @param save: whether to save the application after the shutdown.
    """
    reactor = currentReactor()
    services = service.IService(application)
    services.startService()
    if save:
        persistent = sob.IPersistable(application)
        reactor.addSystemEventTrigger("after", "shutdown", persistent.save, "shutdown")
    reactor.addSystemEventTrigger("before", "shutdown", services.stopService)


class ApplicationRunner:
    """
    Runs an application from its beginning to its end; the base of what runs it as the system likes.

    @cvar loggerFactory: makes the `AppLogger`, of the options.
    @cvar profilerFactory: makes the `AppProfiler`, of the options.
    @ivar application: the application, once it is there.
    @ivar oldstdout: what the standard output was before it led to the log; C{oldstderr} likewise.
    """

    loggerFactory: Callable[[Any], Any] = AppLogger
    profilerFactory: Callable[[Any], Any] = AppProfiler
    application: Any = None
    #: The signal that stopped the reactor, if one did.
    _exitSignal: int | None = None
    #: Why a service could not begin, if that was so.
    _startFailure: str | None = None

    def __init__(self, config: Any) -> None:
        self.config = config
        self.profiler = self.profilerFactory(config)
        self.logger = self.loggerFactory(config)
        self.oldstdout, self.oldstderr = sys.stdout, sys.stderr

    def run(self) -> None:
        """Do all of it."""
        self.preApplication()
        self.application = self.createOrGetApplication()
        self.logger.start(self.application)
        self.postApplication()
        self.logger.stop()

    def startReactor(self, reactor: Any, oldstdout: Any, oldstderr: Any) -> None:
        """Run the reactor; tell the service manager when it runs, and when it stops."""
        reactor = currentReactor(reactor)
        Notifier.fromEnvironment().follow(reactor)
        drainAfter(reactor, self.config.get("grace") or 0)
        runReactorWithLogging(self.config, oldstdout, oldstderr, self.profiler, reactor)
        self._exitSignal = getattr(reactor, "_exitSignal", None)
        self._startFailure = getattr(reactor, "startFailure", None)

    def preApplication(self) -> None:
        """What is done before there is an application."""
        raise NotImplementedError

    def postApplication(self) -> None:
        """What is done with the application, until the reactor has stopped."""
        raise NotImplementedError

    def createOrGetApplication(self) -> Any:
        """The application: made by a command, or read from a file."""
        if not self.config.subCommand:
            return getApplication(self.config, None)
        maker = self.config.loadedPlugins[self.config.subCommand]
        application = service.Application(self.config.subCommand)
        maker.makeService(self.config.subOptions).setServiceParent(application)
        return application


def exitWithSignal(number: int) -> None:
    """End this process as a signal does that it does not handle, so that whoever waits sees it."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def run(runApp: Callable[[Any], None], ServerOptions: Callable[[], Any]) -> None:
    """
    Read the command line, and run what it says.

    @param runApp: is called with the options.
    """
    config = ServerOptions()
    try:
        config.parseOptions()
    except usage.UsageError as error:
        commstr = " ".join(sys.argv[0:2])
        print(config)
        sys.exit(f"{commstr}: {error}")
    else:
        runApp(config)


def convertStyle(
    filein: str, typein: str, passphrase: object, fileout: str, typeout: str, encrypt: bool
) -> None:
    """
    Keep an application in another style.

    @param typein: ``pickle``, ``source`` or ``python``.
    @param typeout: ``pickle`` or ``source``.
    """
    application = service.loadApplication(filein, typein, passphrase)
    persistable = sob.IPersistable(application)
    persistable.setStyle(typeout)
    persistable.save(filename=fileout)
