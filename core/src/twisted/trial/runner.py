"""
Finding and running tests::

    from twisted.trial.reporter import TreeReporter
    from twisted.trial.runner import TestLoader, TrialRunner

    suite = TestLoader().loadByName("package.test", recurse=True)
    result = TrialRunner(TreeReporter).run(suite)
"""

from twisted.trial._asyncrunner import TestSuite
from twisted.trial._holders import NOT_IN_TEST, ErrorHolder, TestHolder
from twisted.trial._loader import (
    TestLoader,
    filenameToModule,
    isPackage,
    isPackageDirectory,
    isTestCase,
    name,
    samefile,
)
from twisted.trial._runner import TrialRunner, _Runner
from twisted.trial._suites import DestructiveTestSuite, LoggedSuite, TrialSuite

__all__ = [
    "NOT_IN_TEST",
    "DestructiveTestSuite",
    "ErrorHolder",
    "LoggedSuite",
    "TestHolder",
    "TestLoader",
    "TestSuite",
    "TrialRunner",
    "TrialSuite",
    "_Runner",
    "filenameToModule",
    "isPackage",
    "isPackageDirectory",
    "isTestCase",
    "name",
    "samefile",
]
