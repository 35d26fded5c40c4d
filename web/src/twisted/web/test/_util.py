"""What tests of programs have imported from here."""

from twisted.web.test.requesthelper import rendered as _render

__all__ = ["_render"]
