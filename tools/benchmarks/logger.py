"""
Micro-benchmark of loggers; runs under this project and under the published Twisted.

Prints one JSON object: the best of several rounds, in microseconds for one event.
"""

import io
import json
from collections.abc import Callable
from timeit import repeat

from twisted.logger import (
    FilteringLogObserver,
    Logger,
    LogLevel,
    LogLevelFilterPredicate,
    globalLogBeginner,
    textFileLogObserver,
)

COUNT = 20_000
ROUNDS = 7


def quiet() -> None:
    log.debug("connections: {count}", count=3)


def heard() -> None:
    log.info("connections: {count}", count=3)


def best(operation: Callable[[], None]) -> float:
    return min(repeat(operation, number=COUNT, repeat=ROUNDS)) / COUNT * 1e6


observer = FilteringLogObserver(
    textFileLogObserver(io.StringIO()), [LogLevelFilterPredicate(LogLevel.info)]
)
globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False)
log = Logger("benchmark")

print(json.dumps({"disabled event": best(quiet), "event written as text": best(heard)}))
