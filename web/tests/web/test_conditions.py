"""Entity tags and times of conditional requests."""

from __future__ import annotations

import pytest

from twisted.web._http._conditions import matches, modified_since

EPOCH_DAY = b"Fri, 02 Jan 1970 00:00:00 GMT"


@pytest.mark.parametrize(
    ("condition", "etag", "outcome"),
    [
        (b'"a"', b'"a"', True),
        (b'"b", "a"', b'"a"', True),
        (b'W/"a"', b'"a"', True),
        (b'"a"', b'W/"a"', True),
        (b"*", b'"a"', True),
        (b'"b"', b'"a"', False),
        (b'*, "b"', b'"a"', False),
        (b"", b'"a"', False),
    ],
)
def test_entity_tags(condition, etag, outcome):
    """One of the list has to be the same, weak or not; an asterisk stands for any."""
    assert matches(condition, etag) is outcome


@pytest.mark.parametrize(
    ("since", "modified", "outcome"),
    [
        (EPOCH_DAY, 86400, False),
        (EPOCH_DAY, 86399, False),
        (EPOCH_DAY, 86401, True),
        (EPOCH_DAY + b"; length=3", 86400, False),
        (b"yesterday", 0, True),
    ],
)
def test_times(since, modified, outcome):
    """Only what is later than the client's copy is modified; what is no time says nothing."""
    assert modified_since(since, modified) is outcome
