"""What tests of programs have imported from here."""

from twisted.web.test.requesthelper import DummyChannel, DummyRequest

__all__ = ["DummyChannel", "DummyRequest"]
