"""Sentences: the values that a line of a device has, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

__all__: list[str] = []


class _BaseSentence:
    """
    A sentence.

    @cvar ALLOWED_ATTRIBUTES: the names of values that sentences may have; those that one does not
        have are None.
    @ivar presentAttributes: the names of those that it has.
    """

    ALLOWED_ATTRIBUTES: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, sentenceData: Mapping[str, Any]) -> None:
        self._sentenceData = sentenceData

    @property
    def presentAttributes(self) -> Any:
        """The names of the values that are there."""
        return iter(self._sentenceData)

    def __getattr__(self, name: str) -> Any:
        if name in self.ALLOWED_ATTRIBUTES:
            return self._sentenceData.get(name, None)
        raise AttributeError(f"{type(self).__name__} sentences have no {name!r}")

    def __repr__(self) -> str:
        data = self._sentenceData
        told = ", ".join(f"{name}: {data[name]}" for name in sorted(data) if name != "type")
        return f"<{type(self).__name__} ({data.get('type') or 'unknown type'}) {{{told}}}>"


class _PositioningSentenceProducerMixin:
    """
    A mixin for what makes sentences.

    @cvar _SENTENCE_CONTENTS: by the types of sentences, the names of their values in order; None
        for those that nobody wants.
    """

    _SENTENCE_CONTENTS: ClassVar[Mapping[Any, Sequence[str | None]]] = {}

    @classmethod
    def getSentenceAttributes(cls) -> frozenset[str]:
        """The names of all values that there can be."""
        names = {name for contents in cls._SENTENCE_CONTENTS.values() for name in contents}
        return frozenset({"type", *(name for name in names if name is not None)})
