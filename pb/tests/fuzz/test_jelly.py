"""Expressions of jelly that a stranger has sent: what the default options allow, and no more."""

from __future__ import annotations

import datetime
from decimal import Decimal

from twisted.spread.banana import BananaError, decode, encode
from twisted.spread.jelly import InsecureJelly, MalformedJelly, SecurityOptions, jelly, unjelly

OBJECTS = [
    {"a": [1, 2.5, b"x"], "b": ("c", None, True), b"d": {1, 2}, 5: frozenset((3,))},
    [datetime.datetime(2026, 11, 21, 12, 0, 1, 5), datetime.date(1, 1, 1), datetime.time(23, 59)],
    [datetime.timedelta(-5, 3, 1), Decimal("-1.50E+7"), 2**200, -(2**70)],
]

SEEDS = [encode(jelly(each)) for each in OBJECTS] + [
    encode(expression)
    for expression in [
        [b"reference", 1, [b"list", [b"dereference", 1]]],
        [b"reference", 1, [b"tuple", [b"list", [b"dereference", 1]]]],
        [
            b"reference",
            1,
            [b"dictionary", [b"x", [b"reference", 2, [b"set", [b"dereference", 2]]]]],
        ],
        [b"tuple", [b"reference", 1, [b"frozenset", 5]], [b"dereference", 1]],
        [b"class", b"os.PathLike"],
        [b"module", b"os"],
        [b"function", b"os.system"],
        [b"method", b"x", [b"None"], [b"class", b"subprocess.Popen"]],
        [b"instance", [b"class", b"subprocess.Popen"], [b"dictionary"]],
        [b"subprocess.Popen", [b"dictionary", [b"args", b"true"]]],
        [b"twisted.spread.pb.CopyableFailure", [b"dictionary", [b"type", b"x"]]],
        [b"subprocess.Popen"],
        [b"persistent", b"x"],
        [b"unpersistable", b"x"],
        [b"remote", 5],
        [b"local", 5],
        [b"cache", 5, [b"class", b"x.y"]],
        [b"list", [b"list", [b"list", [b"list"]]]],
    ]
]

#: What may be made of what has come; of classes that were registered there is the failure.
PLAIN = (
    "builtins",
    "datetime",
    "decimal",
    "twisted.spread.jelly",
    "twisted.spread.pb",
)

options = SecurityOptions()
options.allowBasicTypes()


def fuzz(data: bytes) -> None:
    """What has come is made, or refused with one of jelly's own errors."""
    try:
        expression = decode(data)
    except BananaError:
        return
    try:
        made = unjelly(expression, options)
    except (InsecureJelly, MalformedJelly):
        return
    assert type(made).__module__ in PLAIN, made


def test_seeds(fuzzed):
    """Nothing breaks for the seeds, nor for what is damaged of them."""
    assert fuzzed > len(SEEDS)
