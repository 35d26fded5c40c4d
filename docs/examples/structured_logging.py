"""
Events with data, not just text: written for people on one stream and as JSON on another.

    python structured_logging.py            text on standard output, JSON on standard error
"""

import sys

from twisted.logger import (
    FilteringLogObserver,
    Logger,
    LogLevel,
    LogLevelFilterPredicate,
    globalLogBeginner,
    jsonFileLogObserver,
    textFileLogObserver,
)


class Till:
    log = Logger()

    def __init__(self, name):
        self.name = name

    def sell(self, article, price):
        self.log.debug("looking {article} up", article=article)
        if price < 0:
            self.log.warn("{log_source.name}: {article} for {price}?", article=article, price=price)
            return
        self.log.info("{log_source.name}: sold {article} for {price}", article=article, price=price)

    def __repr__(self):
        return f"<till {self.name}>"


important = FilteringLogObserver(
    textFileLogObserver(sys.stdout, timeFormat=None),
    [LogLevelFilterPredicate(defaultLogLevel=LogLevel.info)],
)
globalLogBeginner.beginLoggingTo(
    [important, jsonFileLogObserver(sys.stderr, recordSeparator="")], redirectStandardIO=False
)

till = Till("front")
till.sell("tea", 3)
till.sell("milk", -1)
