"""Running a service from its beginning to its end."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from twisted.application.service import Application, IService, StartFailed
from twisted.application.twist._options import TwistOptions
from twisted.internet.currentreactor import currentReactor
from twisted.internet.error import CannotListenError
from twisted.logger import (
    FilteringLogObserver,
    Logger,
    LogLevelFilterPredicate,
    globalLogBeginner,
)
from twisted.python.usage import UsageError

_log = Logger()


class Twist:
    """The command, step by step."""

    @staticmethod
    def options(argv: Sequence[str]) -> TwistOptions:
        """
        Read the command line.

        @param argv: its words, the command itself being the first.
        @raise UsageError: if it makes no sense.
        """
        options = TwistOptions()
        options.parseOptions(argv[1:])
        return options

    @staticmethod
    def service(reactor: Any, options: TwistOptions) -> Any:
        """
        Make the service, as a part of an application.

        @raise UsageError: if the options of the plugin do not go together.
        """
        assert options.subCommand is not None
        maker = options.plugins[options.subCommand]
        application = Application(options.subCommand)
        maker.makeService(options.subOptions).setServiceParent(application)
        return IService(application)

    @staticmethod
    def begin_logging(options: TwistOptions) -> None:
        """Write what is logged, from the level on that was asked for."""
        observer = options["logObserver"](options["logFile"])
        levels = LogLevelFilterPredicate(defaultLogLevel=options["logLevel"])
        globalLogBeginner.beginLoggingTo([FilteringLogObserver(observer, [levels])])

    @classmethod
    def run(cls, options: TwistOptions) -> None:
        """
        Run until the reactor stops.

        @raise UsageError: if the options of the plugin do not go together.
        @raise CannotListenError: if the service cannot listen.
        @raise StartFailed: if a service found out later that it cannot begin.
        """
        reactor = currentReactor(options["reactor"])
        service = cls.service(reactor, options)
        cls.begin_logging(options)
        if options["development"]:
            from twisted.internet.debugging import development

            development(reactor)
        service.privilegedStartService()
        if options["workers"] is None:
            cls._serve(reactor, service, options["grace"])
            return
        # Most programs are one process, and help needs neither.
        from twisted.scripts._workers import Workers, shutDown

        try:
            workers = Workers(
                options["workers"],
                lambda: cls._serve(reactor, service, options["grace"]),
                reactor,
                options["grace"],
            )
        except TypeError as error:
            raise UsageError(f"--workers: {error}") from None
        workers.run()
        shutDown(reactor, service)

    @staticmethod
    def _serve(reactor: Any, service: Any, grace: float) -> None:
        """Run the reactor with a service whose ports may be open already."""
        from twisted.application._drain import drainAfter

        service.startService()
        reactor.addSystemEventTrigger("before", "shutdown", service.stopService)
        drainAfter(reactor, grace)
        _log.info("Starting reactor...")
        reactor.run()
        reason = getattr(reactor, "startFailure", None)
        if reason is not None:
            raise StartFailed(reason)

    @classmethod
    def main(cls, argv: Sequence[str] | None = None) -> int:
        """
        Do all of it.

        @return: the exit status: 1 after one line that says what is wrong, else 0.
        """
        argv = sys.argv if argv is None else argv
        try:
            cls.run(cls.options(argv))
        except UsageError as error:
            message = f"{error} (twist --help tells more)"
        except (CannotListenError, StartFailed) as error:
            message = str(error)
        else:
            return 0
        # By now sys.stderr may lead to the log.
        print(f"twist: {message}", file=sys.__stderr__)
        return 1


def main() -> None:
    """What the command calls."""
    sys.exit(Twist.main())
