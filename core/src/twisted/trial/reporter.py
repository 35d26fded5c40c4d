"""
Those who tell how tests went.

A reporter provides `twisted.trial.itrial.IReporter`. A plugin for that interface that says in
``module`` and ``klass`` where the reporter's class is adds the name in its ``longOpt`` to
``trial --reporter``.
"""

from twisted.trial._reporters._junit import JUnitReporter
from twisted.trial._reporters._results import (
    BrokenTestCaseWarning,
    TestResult,
    TestResultDecorator,
    UncleanWarningsReporterWrapper,
    _AdaptedReporter,
    _ExitWrapper,
)
from twisted.trial._reporters._stream import SafeStream
from twisted.trial._reporters._subunit import SubunitReporter, TestProtocolClient
from twisted.trial._reporters._text import (
    MinimalReporter,
    Reporter,
    TextReporter,
    TimingTextReporter,
    VerboseTextReporter,
)
from twisted.trial._reporters._tree import TreeReporter

__all__ = [
    "BrokenTestCaseWarning",
    "JUnitReporter",
    "MinimalReporter",
    "Reporter",
    "SafeStream",
    "SubunitReporter",
    "TestProtocolClient",
    "TestResult",
    "TestResultDecorator",
    "TextReporter",
    "TimingTextReporter",
    "TreeReporter",
    "UncleanWarningsReporterWrapper",
    "VerboseTextReporter",
    "_AdaptedReporter",
    "_ExitWrapper",
]
