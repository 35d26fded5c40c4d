"""Tests of dates in HTTP."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twisted.web.http import datetimeToLogString, datetimeToString, stringToDatetime


@pytest.mark.parametrize(
    "text",
    [
        b"Sun, 06 Nov 1994 08:49:37 GMT",
        b"Sunday, 06-Nov-94 08:49:37 GMT",
        b"Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 GMT",
    ],
)
def test_forms(text):
    """All three forms of RFC 9110 are read."""
    assert stringToDatetime(text) == 784111777


@given(st.integers(0, 4_000_000_000))
def test_round_trip(seconds):
    """What is written is read again."""
    assert stringToDatetime(datetimeToString(seconds)) == seconds


def test_log():
    """Access logs have a form of their own."""
    assert datetimeToLogString(784111777) == "[06/Nov/1994:08:49:37 +0000]"


@pytest.mark.parametrize(
    "text", [b"", b"yesterday", b"Sun, 06 Foo 1994 08:49:37 GMT", b"Sun, x", b"Sun, 1 Nov 1 GMT"]
)
def test_wrong(text):
    """What is no date raises."""
    with pytest.raises(ValueError):
        stringToDatetime(text)
