"""The command ``trial``: finds tests and runs them."""

from __future__ import annotations

import gc
import os
import random
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from twisted import plugin
from twisted.application._reactorselection import ReactorSelectionMixin
from twisted.python import failure, reflect, usage
from twisted.python.filepath import FilePath
from twisted.python.util import spewer
from twisted.trial import itrial, runner
from twisted.trial._loader import orderDefined

__all__ = ["TBFORMAT_MAP", "Options", "getTestModules", "isTestFile", "loadLocalVariables", "run"]

#: What ``--tbformat`` takes, and how much of a traceback that means.
TBFORMAT_MAP = {
    "plain": "default",
    "default": "default",
    "emacs": "brief",
    "brief": "brief",
    "cgitb": "verbose",
    "verbose": "verbose",
}


# Tests that a file names


def _parseLocalVariables(line: str) -> dict[str, str]:
    """
    The variables in a line such as ``# -*- test-case-name: package.test -*-``.

    @raise ValueError: if there are none.
    """
    begin, end = line.find("-*-"), line.rfind("-*-")
    if begin == -1 or begin == end:
        raise ValueError(f"{line!r} is not a valid local variable declaration")
    variables = {}
    for item in line[begin + 3 : end].split(";"):
        if item.strip():
            key, _, value = item.partition(":")
            if item.count(":") != 1:
                raise ValueError(f"{line!r} contains invalid declaration {item!r}")
            variables[key.strip()] = value.strip()
    return variables


def loadLocalVariables(filename: str) -> dict[str, str]:
    """The variables that the first two lines of a file declare, as editors know them."""
    with open(filename, encoding="utf-8", errors="replace") as file:
        for line in (file.readline(), file.readline()):
            try:
                return _parseLocalVariables(line)
            except ValueError:
                continue
    return {}


def getTestModules(filename: str) -> list[str]:
    """The modules of tests that a file names in its variable ``test-case-name``."""
    names = loadLocalVariables(filename).get("test-case-name")
    return [] if names is None else names.split(",")


def isTestFile(filename: str) -> bool:
    """Tell whether a file looks like a module of tests."""
    base = os.path.basename(filename)
    return base.startswith("test_") and base.endswith(".py")


# Options


def _reporters() -> dict[str, Any]:
    return {each.longOpt: each for each in plugin.getPlugins(itrial.IReporter)}


def _zshReporterAction(options: Any, descr: str) -> Any:
    """Complete the names of reporters."""
    return usage.CompleteList(sorted(_reporters()))


_runOrders: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "alphabetical": ("by name", runner.name),
    "toptobottom": ("as they stand in their files", orderDefined),
}


def _autoJobs() -> int:
    """How many processors this process may use."""
    for ask in ("process_cpu_count", "sched_getaffinity", "cpu_count"):
        if hasattr(os, ask):
            found = getattr(os, ask)(0) if ask == "sched_getaffinity" else getattr(os, ask)()
            count = len(found) if isinstance(found, set) else found
            if count:
                return int(count)
    return 1


class _BasicOptions:
    """
    What the command and its workers share.

    @ivar tracer: what measures coverage, if that was asked for.
    """

    fallbackReporter = "verbose"
    tracer: Any = None

    optFlags: ClassVar[list[Any]] = [
        ["help", "h", "Show this help and exit."],
        ["no-recurse", "N", "Do not look into packages within packages."],
        ["help-orders", None, "Show the orders in which tests can be run."],
        ["help-reporters", None, "Show the reporters that can be chosen."],
        ["rterrors", "e", "Show tracebacks as soon as they occur."],
        ["unclean-warnings", None, "Warn of an unclean reactor, instead of failing the test."],
        ["force-gc", None, "Collect garbage before and after each test."],
        ["exitfirst", "x", "Stop after the first test that does not go well."],
    ]
    optParameters: ClassVar[list[Any]] = [
        ["order", "o", None, "The order of tests. See --help-orders."],
        ["random", "z", None, "Run the tests in an order that this number decides; 0 draws one."],
        ["temp-directory", None, "_trial_temp", "The folder in which tests are run."],
        ["reporter", None, None, "Who tells how it goes. See --help-reporters."],
    ]

    def __init__(self) -> None:
        self["tests"] = []  # type: ignore[index]
        super().__init__()

    def getSynopsis(self) -> str:
        """How the command is used."""
        return "Usage: trial [options] [[file|package|module|TestCase|testmethod]...]\n"

    @property
    def longdesc(self) -> str:
        """What the command does."""
        return "trial finds and runs tests in the modules, packages and files that are named."

    def opt_recursionlimit(self, arg: str) -> None:
        """How deep calls may nest; see sys.setrecursionlimit."""
        try:
            sys.setrecursionlimit(int(arg))
        except (TypeError, ValueError):
            raise usage.UsageError("argument to recursionlimit must be an integer") from None
        self["recursionlimit"] = int(arg)  # type: ignore[index]

    def opt_disablegc(self) -> None:
        """Switch the collector of garbage off."""
        self["disablegc"] = True  # type: ignore[index]
        gc.disable()

    def opt_coverage(self) -> None:
        """
        Count how often each line is run, and write that to the folder "coverage" of the tests.
        """
        import trace

        self["coverage"] = True  # type: ignore[index]
        self.tracer = trace.Trace(count=1, trace=0)
        sys.settrace(self.tracer.globaltrace)

    def opt_testmodule(self, filename: str) -> None:
        """A file whose variable test-case-name (-*- test-case-name: x -*-) names the tests."""
        if not os.path.isfile(filename):
            sys.stderr.write(f"File {filename!r} doesn't exist\n")
            return
        tests: list[str] = self["tests"]  # type: ignore[index]
        path = os.path.abspath(filename)
        found = [path] if isTestFile(path) else getTestModules(path)
        tests.extend(each for each in found if each not in tests)

    def opt_spew(self) -> None:
        """Write each call of a function, when everything else has failed."""
        sys.settrace(spewer)

    def opt_help_orders(self) -> None:
        """Show the orders in which tests can be run."""
        print("The orders for --order:\n")
        for order, (description, _) in _runOrders.items():
            print(f"    {order}\t{description}")
        sys.exit(0)

    def opt_help_reporters(self) -> None:
        """Show the reporters that can be chosen."""
        print("The reporters for --reporter:\n")
        for name, reporter in sorted(_reporters().items()):
            print(f"    {name}\t{reporter.description}")
        sys.exit(0)

    def opt_order(self, order: str) -> None:
        """The order of tests. See --help-orders."""
        if order not in _runOrders:
            known = ", ".join(map(repr, _runOrders))
            raise usage.UsageError(
                f"--order must be one of: {known}. See --help-orders for details"
            )
        self["order"] = order  # type: ignore[index]

    opt_o = opt_order

    def opt_random(self, option: str) -> None:
        """Run the tests in an order that this number decides; 0 draws one."""
        try:
            seed = int(option)
        except ValueError:
            raise usage.UsageError("Argument to --random must be a positive integer") from None
        if seed < 0:
            raise usage.UsageError("Argument to --random must be a positive integer")
        self["random"] = seed or int(time.time() * 100)  # type: ignore[index]

    opt_z = opt_random

    def opt_without_module(self, option: str) -> None:
        """Modules that shall seem not to be installed, separated by commas."""
        self["without-module"] = option  # type: ignore[index]
        for name in option.split(","):
            if name in sys.modules:
                warnings.warn(
                    f"Module '{name}' already imported, disabling anyway.",
                    category=RuntimeWarning,
                    stacklevel=1,
                )
            sys.modules[name] = None  # type: ignore[assignment]

    def parseArgs(self, *args: str) -> None:
        """The tests that are named."""
        self["tests"].extend(args)  # type: ignore[index]

    def postOptions(self) -> None:
        """Choose what was left open."""
        if not self["reporter"]:  # type: ignore[index]
            self["reporter"] = self.fallbackReporter  # type: ignore[index]
        self["reporter"] = self._loadReporterByName(self["reporter"])  # type: ignore[index]

    def _loadReporterByName(self, name: str) -> Any:
        found = _reporters().get(name)
        if found is None:
            raise usage.UsageError(
                "Only pass names of Reporter plugins to --reporter. "
                "See --help-reporters for more info."
            )
        return reflect.namedAny(f"{found.module}.{found.klass}")


class Options(_BasicOptions, usage.Options, ReactorSelectionMixin):  # type: ignore[misc]
    """The options of the command."""

    optFlags: ClassVar[list[Any]] = [
        ["debug", "b", "Run the tests in a debugger; pdb reads .pdbrc if there is one."],
        ["debug-stacktraces", "B", "Remember where Deferreds were made and fired."],
        ["nopm", None, "With --debug, do not stop where an exception is raised."],
        ["dry-run", "n", "Do everything but run the tests."],
        ["profile", None, "Write a profile of the tests to profile.data."],
        ["until-failure", "u", "Run the tests again and again until one fails."],
    ]
    optParameters: ClassVar[list[Any]] = [
        ["debugger", None, "pdb", "The full name of the debugger for --debug."],
        ["logfile", "l", "test.log", "Where the log is written; - for the terminal."],
        ["jobs", "j", None, "How many workers run tests; auto for one for each processor."],
        ["junit-xml", None, None, "Write the results to this file, too, in JUnit's format."],
    ]
    compData: Any = usage.Completions(
        optActions={
            "tbformat": usage.CompleteList(["plain", "emacs", "cgitb"]),
            "reporter": _zshReporterAction,
            "order": usage.CompleteList(list(_runOrders)),
        },
        extraActions=[
            usage.CompleteFiles(
                "*.py", descr="file | module | package | TestCase | testMethod", repeat=True
            )
        ],
    )

    def opt_jobs(self, number: str) -> None:
        """How many workers run tests: a number, or auto for one for each processor."""
        if number == "auto":
            count = _autoJobs()
        else:
            try:
                count = int(number)
            except ValueError:
                count = 0
        if count <= 0:
            raise usage.UsageError("Argument to jobs must be a strictly positive integer or 'auto'")
        self["jobs"] = count

    opt_j = opt_jobs

    def opt_tbformat(self, opt: str) -> None:
        """How tracebacks are shown: plain, emacs (brief), or cgitb (verbose)."""
        try:
            self["tbformat"] = TBFORMAT_MAP[opt]
        except KeyError:
            raise usage.UsageError("tbformat must be 'plain', 'emacs', or 'cgitb'.") from None

    def postOptions(self) -> None:
        """
        See what goes together.

        @raise UsageError: if something does not.
        """
        super().postOptions()
        if self["jobs"]:
            for option in ("debug", "profile", "debug-stacktraces"):
                if self[option]:
                    raise usage.UsageError(f"You can't specify --{option} when using --jobs")
        if self["order"] and self["random"]:
            raise usage.UsageError("You can't specify --random when using --order")
        if self["nopm"] and not self["debug"]:
            raise usage.UsageError("You must specify --debug when using --nopm ")
        failure.DO_POST_MORTEM = not self["nopm"]

    def coverdir(self) -> FilePath[str]:
        """Where the coverage is written."""
        return FilePath(self["temp-directory"]).child("coverage")

    def _getWorkerArguments(self) -> list[str]:
        """The options that workers are to have, too."""
        arguments = []
        for flag in ("no-recurse", "force-gc", "unclean-warnings", "disablegc"):
            if self.get(flag):
                arguments.append(f"--{flag}")
        for name in ("recursionlimit", "without-module", "reactor"):
            if self.get(name) is not None:
                arguments += [f"--{name}", str(self[name])]
        return arguments


# Making what the options say


def _initialDebugSetup(config: Any) -> None:
    if config["debug"]:
        failure.startDebugMode()
    if config["debug-stacktraces"]:
        from twisted.internet import defer

        defer.setDebugging(True)


def _getLoader(config: Any) -> runner.TestLoader:
    loader = runner.TestLoader()
    if config["random"]:
        randomer = random.Random()
        randomer.seed(config["random"])
        loader.sorter = lambda x: randomer.random()
        print(f"Running tests shuffled with seed {config['random']}\n")
    elif config["order"]:
        loader.sorter = _runOrders[config["order"]][1]
    if not config["until-failure"]:
        loader.suiteFactory = runner.DestructiveTestSuite
    return loader


def _getSuite(config: Any) -> Any:
    return _getLoader(config).loadByNames(config["tests"], recurse=not config["no-recurse"])


def _wrappedPdb() -> Any:
    """The debugger of the standard library, which reads ``.pdbrc``."""
    import pdb  # noqa: T100

    debugger = pdb.Pdb()
    try:
        import readline  # noqa: F401
    except ImportError:
        print("readline module not available")
    for path in (".pdbrc", "pdbrc"):
        if os.path.exists(path):
            with open(path) as file:
                debugger.rcLines.extend(file.readlines())
    return debugger


class _DebuggerNotFound(Exception):
    """The debugger that was named cannot be used."""


def _makeRunner(config: Any) -> runner._Runner:
    """
    What runs the tests.

    @raise _DebuggerNotFound: if the debugger that was named cannot be used.
    """
    path = config["junit-xml"]
    factory = config["reporter"]
    if path:
        # Most runs need none of this, and start faster without it; so it is below.
        from twisted.trial._dist.functional import compose
        from twisted.trial._reporters._junit import JUnitTee

        factory = compose(partial(JUnitTee, path=os.path.abspath(path)), factory)
    common = {
        "reporterFactory": factory,
        "tracebackFormat": config.get("tbformat", "default"),
        "realTimeErrors": config["rterrors"],
        "uncleanWarnings": config["unclean-warnings"],
        "workingDirectory": config["temp-directory"],
        "exitFirst": config["exitfirst"],
        "logfile": config["logfile"],
    }
    if config["jobs"] and not config["dry-run"]:
        from twisted.trial._dist.disttrial import DistTrialRunner

        return DistTrialRunner(
            maxWorkers=config["jobs"],
            workerArguments=[*config._getWorkerArguments(), "--", *config["tests"]],
            **common,
        )
    mode = debugger = None
    if config["debug"]:
        mode = runner.TrialRunner.DEBUG
        debugger = _debugger(config["debugger"])
    elif config["dry-run"]:
        mode = runner.TrialRunner.DRY_RUN
    return runner.TrialRunner(
        mode=mode,
        profile=config["profile"],
        forceGarbageCollection=config["force-gc"],
        debugger=debugger,
        **common,
    )


def _debugger(name: str) -> Any:
    """
    A debugger by its name.

    @raise _DebuggerNotFound: if there is none.
    """
    if name == "pdb":
        return _wrappedPdb()
    try:
        return reflect.namedAny(name)
    except reflect.InvalidName:
        raise _DebuggerNotFound(f"{name!r} debugger could not be found.") from None


def _writeCoverage(config: Any) -> None:
    sys.settrace(None)
    results = config.tracer.results()
    results.write_results(show_missing=True, summary=False, coverdir=config.coverdir().path)


def run() -> None:
    """What the command calls: exits with 0 if all tests went well, else with 1."""
    if len(sys.argv) == 1:
        sys.argv.append("--help")
    sys.path.insert(0, os.getcwd())
    config = Options()
    try:
        config.parseOptions()
    except usage.UsageError as ue:
        raise SystemExit(f"{sys.argv[0]}: {ue}") from None
    _initialDebugSetup(config)
    try:
        trialRunner = _makeRunner(config)
    except _DebuggerNotFound as e:
        raise SystemExit(f"{sys.argv[0]}: {e}") from None
    suite = _getSuite(config)
    if config["until-failure"]:
        testResult = trialRunner.runUntilFailure(suite)
    else:
        testResult = trialRunner.run(suite)
    if config.tracer:
        _writeCoverage(config)
    interrupted = testResult.shouldStop
    sys.exit(not testResult.wasSuccessful() or interrupted)
