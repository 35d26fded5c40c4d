"""Tests of parts of contents."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twisted.web._ranges import MAX_RANGES, content_range, parse_ranges


@pytest.mark.parametrize(
    ("header", "parts"),
    [
        (b"bytes=0-3", [(0, 4)]),
        (b"bytes=5-", [(5, 5)]),
        (b"bytes=-3", [(7, 3)]),
        (b"bytes=-30", [(0, 10)]),
        (b"bytes=0-100", [(0, 10)]),
        (b"bytes=9-9", [(9, 1)]),
        (b"bytes=10-", []),
        (b"bytes=-0", []),
        (b"bytes= 0-0 , 2-3 ", [(0, 1), (2, 2)]),
        (b"bytes=0-0,20-30", [(0, 1)]),
        (b"BYTES=0-0", [(0, 1)]),
        (b"bytes=3-1", None),
        (b"bytes=x", None),
        (b"bytes=-", None),
        (b"bytes=", None),
        (b"bytes=1-2-3", None),
        (b"bytes=+1-2", None),
        (b"bytes", None),
        (b"lines=1-2", None),
        (b"bytes=" + b"9" * 19 + b"-", None),
        (b"bytes=0-,0-", None),
        (b"bytes=" + b",".join([b"1-1"] * (MAX_RANGES + 1)), None),
    ],
)
def test_parse(header, parts):
    """Parts that there are, none, or nothing to go by (RFC 9110, section 14.1.2)."""
    assert parse_ranges(header, 10) == parts


@given(st.from_regex(rb"bytes=[0-9,\- ]{0,30}", fullmatch=True), st.integers(0, 20))
def test_inside(header, size):
    """No part is ever outside the content, nor are all parts larger than it."""
    parts = parse_ranges(header, size)
    if parts is not None:
        assert all(offset >= 0 and 0 < length <= size - offset for offset, length in parts)
        assert sum(length for _, length in parts) <= size


def test_empty_content():
    """Nothing has no parts."""
    assert parse_ranges(b"bytes=0-", 0) == []
    assert content_range(2, 3, 10) == b"bytes 2-4/10"
