"""The reporters of ``trial``."""

from __future__ import annotations

from zope.interface import implementer

from twisted.plugin import IPlugin
from twisted.trial.itrial import IReporter


@implementer(IPlugin, IReporter)
class _Reporter:  # type: ignore[misc]
    """
    Names a reporter, whose module is imported when it is used.

    @ivar module: where its class is.
    @ivar klass: the name of its class.
    @ivar longOpt: what it is called on command lines.
    """

    def __init__(
        self,
        name: str,
        module: str,
        description: str,
        longOpt: str,
        shortOpt: str | None,
        klass: str,
    ) -> None:
        self.name = name
        self.module = module
        self.description = description
        self.longOpt = longOpt
        self.shortOpt = shortOpt
        self.klass = klass


_HERE = "twisted.trial.reporter"

Tree = _Reporter(
    *("Tree Reporter", _HERE, "a tree, in colours; the default", "verbose", "v", "TreeReporter")
)
BlackAndWhite = _Reporter(
    *("Verbose Reporter", _HERE, "a line for each test", "bwverbose", "o", "VerboseTextReporter")
)
Minimal = _Reporter(
    *("Minimal Reporter", _HERE, "numbers only, for programs", "summary", "s", "MinimalReporter")
)
Classic = _Reporter(
    *("Classic Reporter", _HERE, "a character for each test", "text", "t", "TextReporter")
)
Timing = _Reporter(
    *("Timing Reporter", _HERE, "how long each test took", "timing", None, "TimingTextReporter")
)
Subunit = _Reporter(
    *("Subunit Reporter", _HERE, "the subunit protocol", "subunit", None, "SubunitReporter")
)
JUnit = _Reporter(*("JUnit Reporter", _HERE, "JUnit's XML", "junit", None, "JUnitReporter"))
