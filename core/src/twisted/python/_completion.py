"""What shells may offer when somebody has typed a part of a command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class Completions:
    """
    How the options of a `twisted.python.usage.Options` are completed; its ``compData``.

    @ivar descriptions: texts for options that replace their own.
    @ivar multiUse: options that may come more than once.
    @ivar mutuallyExclusive: groups of options of which one may come.
    @ivar optActions: completers of the values of options.
    @ivar extraActions: completers of arguments.
    """

    __module__ = "twisted.python.usage"

    def __init__(
        self,
        descriptions: Mapping[str, str] = {},
        multiUse: Sequence[str] = (),
        mutuallyExclusive: Sequence[Sequence[str]] = (),
        optActions: Mapping[str, Any] = {},
        extraActions: Sequence[Completer] = (),
    ) -> None:
        self.descriptions = descriptions
        self.multiUse = multiUse
        self.mutuallyExclusive = mutuallyExclusive
        self.optActions = optActions
        self.extraActions = extraActions


class Completer:
    """
    A kind of value.

    @ivar descr: what the value is, for people.
    @ivar repeat: whether there may be any number of them.
    """

    __module__ = "twisted.python.usage"

    _descr: str | None = None

    def __init__(self, descr: str | None = None, repeat: bool = False) -> None:
        if descr is not None:
            self._descr = descr
        self._repeat = repeat


class CompleteFiles(Completer):
    """The name of a file."""

    __module__ = "twisted.python.usage"

    _descr = "file"

    def __init__(self, globPattern: str = "*", **kw: Any) -> None:
        """
        @param globPattern: which files.
        """
        Completer.__init__(self, **kw)
        self._globPattern = globPattern


class CompleteDirs(Completer):
    """The name of a directory."""

    __module__ = "twisted.python.usage"

    _descr = "directory"


class CompleteList(Completer):
    """One of several words."""

    __module__ = "twisted.python.usage"

    def __init__(self, items: Sequence[str], **kw: Any) -> None:
        """
        @param items: the words.
        """
        Completer.__init__(self, **kw)
        self._items = items


class CompleteMultiList(CompleteList):
    """Some of several words, with commas between them."""

    __module__ = "twisted.python.usage"


class CompleteUsernames(Completer):
    """The name of a user."""

    __module__ = "twisted.python.usage"


class CompleteGroups(Completer):
    """The name of a group of users."""

    __module__ = "twisted.python.usage"

    _descr = "group"


class CompleteHostnames(Completer):
    """The name of a host."""

    __module__ = "twisted.python.usage"


class CompleteUserAtHost(Completer):
    """A user at a host, or one of the two."""

    __module__ = "twisted.python.usage"

    _descr = "host or user@host"


class CompleteNetInterfaces(Completer):
    """The name of a network interface."""

    __module__ = "twisted.python.usage"
