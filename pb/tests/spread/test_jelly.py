"""Tests of `twisted.spread.jelly`."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
import types
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twisted.spread import banana, jelly

#: Objects, and their expressions.
TABLE = [
    (1, 1),
    (1.5, 1.5),
    (b"x", b"x"),
    (True, [b"boolean", b"true"]),
    (False, [b"boolean", b"false"]),
    (None, [b"None"]),
    ("\xfc", [b"unicode", b"\xc3\xbc"]),
    ([1, "a"], [b"list", 1, [b"unicode", b"a"]]),
    ((1, 2), [b"tuple", 1, 2]),
    ({"a": 1}, [b"dictionary", [[b"unicode", b"a"], 1]]),
    ({3}, [b"set", 3]),
    (frozenset([1]), [b"frozenset", 1]),
    (datetime.datetime(2020, 1, 2, 3, 4, 5, 6), [b"datetime", b"2020 1 2 3 4 5 6"]),
    (datetime.date(2020, 1, 2), [b"date", b"2020 1 2"]),
    (datetime.time(1, 2, 3, 4), [b"time", b"1 2 3 4"]),
    (datetime.timedelta(1, 2, 3), [b"timedelta", b"1 2 3"]),
    (Decimal("1.50"), [b"decimal", 150, -2]),
    (Decimal("-1E+10"), [b"decimal", -1, 10]),
]

data = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.binary()
    | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.integers(), inner)
        | st.frozensets(st.integers())
    ),
    max_leaves=20,
)


class Plain:
    """An object of a class that is allowed in some tests."""

    def __init__(self, value=None):
        self.value = value

    def method(self):
        return self.value


class Slots:
    """An object without a dict."""

    __slots__ = ("value",)


class Other:
    """An object of a class that is not allowed."""


def function():
    """A function."""


@pytest.mark.parametrize(("thing", "expression"), TABLE)
def test_expressions(thing, expression):
    """Plain data has the expressions that it has in the published release, both ways."""
    assert jelly.jelly(thing) == expression
    made = jelly.unjelly(expression, jelly.globalSecurity)
    assert made == thing
    assert type(made) is type(thing)


@given(data)
def test_round_trip(thing):
    """Plain data comes out as it went in, under the default options, through Banana."""
    octets = banana.encode(jelly.jelly(thing))
    assert jelly.unjelly(banana.decode(octets), jelly.globalSecurity) == thing


def test_identity():
    """What occurs twice is sent once, and is one object at the other side."""
    shared = [1]
    expression = jelly.jelly([shared, shared])
    assert expression == [b"list", [b"reference", 1, [b"list", 1]], [b"dereference", 1]]
    made = jelly.unjelly(expression)
    assert made[0] is made[1]


def cyclic_list():
    thing = []
    thing.append(thing)
    return thing, lambda made: made[0] is made


def cyclic_tuple():
    inner = []
    thing = (inner,)
    inner.append((thing,))
    return thing, lambda made: made[0][0][0] is made


def cyclic_dict():
    thing = {}
    thing["me"] = (thing, {1: thing})
    return thing, lambda made: made["me"][0] is made and made["me"][1][1] is made


def cyclic_object():
    thing = Plain()
    thing.value = (thing, frozenset([thing]))
    return thing, lambda made: made.value[0] is made and made in made.value[1]


def cyclic_key():
    thing = {}
    inner = (Plain(thing),)
    thing[inner] = inner
    return inner, lambda made: made[0].value[made] is made


@pytest.mark.parametrize(
    "make", [cyclic_list, cyclic_tuple, cyclic_dict, cyclic_object, cyclic_key]
)
def test_cycles(make):
    """Objects that refer to themselves do so at the other side."""
    thing, right = make()
    assert right(jelly.unjelly(jelly.jelly(thing)))


def test_slots():
    """Objects with slots keep what is in them."""
    thing = Slots()
    thing.value = 5
    assert jelly.unjelly(jelly.jelly(thing)).value == 5


def options(*classes):
    made = jelly.SecurityOptions()
    made.allowBasicTypes()
    if classes:
        made.allowInstancesOf(*classes)
    return made


HERE = __name__.encode()

#: What a stranger may send, and must not get.
REFUSED = {
    "a module": [b"module", b"os"],
    "a function": [b"function", b"os.system"],
    "a builtin": [b"function", b"builtins.eval"],
    "a class": [b"class", b"subprocess.Popen"],
    "an instance": [b"subprocess.Popen", [b"dictionary"]],
    "an old instance": [b"instance", [b"class", b"subprocess.Popen"], [b"dictionary"]],
    "a method": [b"method", b"join", [b"unicode", b""], [b"class", b"builtins.str"]],
    "an unlisted class of a listed module": [HERE + b".Other", [b"dictionary"]],
    "what a listed module has imported": [b"function", HERE + b".os.system"],
    "a function that a listed module has imported": [b"function", HERE + b".given"],
    "a class by way of a module": [HERE + b".subprocess.Popen", [b"dictionary"]],
    "a method of a class that is not listed": [
        b"method",
        b"method",
        [b"list"],
        [b"class", HERE + b".Other"],
    ],
    "a name without a module": [b"Popen", [b"dictionary"]],
    "an instance of what is no class": [HERE + b".function", [b"dictionary"]],
    "pickle": [b"pickle", b"cos\nsystem\n(S'true'\ntR."],
}


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("allowed", [options(), options(Plain), jelly.globalSecurity])
def test_refused(what, allowed):
    """P1: nothing is looked up, made or called that the options do not list."""
    with pytest.raises(jelly.InsecureJelly):
        jelly.unjelly([b"list", REFUSED[what]], allowed)


def test_nothing_is_imported():
    """P1: a name in what has come imports nothing, even where everything is allowed."""
    program = (
        "import sys\n"
        "from twisted.spread import jelly\n"
        "for name in (b'module', b'function', b'class'):\n"
        "    try: jelly.unjelly([name, b'antigravity.x'])\n"
        "    except jelly.InsecureJelly: pass\n"
        "try: jelly.unjelly([b'antigravity.x', [b'dictionary']])\n"
        "except jelly.InsecureJelly: pass\n"
        "assert 'antigravity' not in sys.modules and 'pickle' not in sys.modules, sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=15)


def test_listed_module_is_imported():
    """A module that the options list is imported when it is needed."""
    allowed = options()
    allowed.allowTypes("module")
    allowed.allowModules("this")
    sys.modules.pop("sndhdr", None)
    with pytest.raises(jelly.InsecureJelly):
        jelly.unjelly([b"module", b"wave"], allowed)
    allowed.allowModules("wave")
    assert jelly.unjelly([b"module", b"wave"], allowed).__name__ == "wave"


def test_nothing_but_plain_data_by_default():
    """P1: fresh options allow no containers even, and what is jellied under them says so."""
    strict = jelly.SecurityOptions()
    for thing in ([], {}, ()):
        with pytest.raises(jelly.InsecureJelly):
            jelly.unjelly(jelly.jelly(thing), strict)
    assert jelly.unjelly(jelly.jelly("text"), strict) == "text"
    sent = jelly.jelly([Other()], options())
    assert sent == [
        b"list",
        [b"unpersistable", b"instance of class %s.Other deemed insecure" % HERE],
    ]
    (got,) = jelly.unjelly(sent, options())
    assert isinstance(got, jelly.Unpersistable)


def test_allowed_instances():
    """Instances of listed classes are made, without calling ``__init__``, and methods found."""
    allowed = options(Plain)
    made = jelly.unjelly(jelly.jelly([Plain(3), Plain]), allowed)
    assert made[0].value == 3
    assert made[1] is Plain
    allowed.allowTypes("method")
    assert jelly.unjelly(jelly.jelly(Plain(4).method), allowed)() == 4


MALFORMED = {
    "an instance without a state": [b"x.y"],
    "a copy without a state": [b"twisted.spread.pb.CopyableFailure"],
    "a reference without a number": [b"remote"],
    "an empty list": [],
    "a list as a name": [[b"list"]],
    "a number as a name": [1, 2],
    "a text that is none": [b"unicode", b"\xff"],
    "a text of a number": [b"unicode", 3],
    "two texts": [b"unicode", b"a", b"b"],
    "a boolean that is none": [b"boolean", b"maybe"],
    "a pair that is none": [b"dictionary", [1, 2, 3]],
    "a pair that is a number": [b"dictionary", 1],
    "a key that cannot be one": [b"dictionary", [[b"list"], 1]],
    "a set of lists": [b"set", [b"list"]],
    "a reference without an object": [b"reference", 1],
    "a reference to nothing": [b"dereference", 1],
    "a reference to what comes later": [
        b"list",
        [b"dereference", 1],
        [b"reference", 1, [b"list"]],
    ],
    "a number twice": [b"list", [b"reference", 1, [b"list"]], [b"reference", 1, [b"list"]]],
    "a number that is a list": [b"reference", [b"list"], [b"list"]],
    "an object that is itself": [b"reference", 1, [b"dereference", 1]],
    "a tuple in itself": [b"reference", 1, [b"tuple", [b"dereference", 1]]],
    "a date that is none": [b"date", b"2020 13 1"],
    "a date of words": [b"date", b"2020 x 1"],
    "a date of large numbers": [b"date", b"9" * 5000 + b" 1 1"],
    "a time that is too long": [b"timedelta", b"999999999999 1 1"],
    "a decimal without end": [b"decimal", 1, 10**9],
    "a decimal of texts": [b"decimal", b"1", b"2"],
    "an unpersistable without a reason": [b"unpersistable"],
}


@pytest.mark.parametrize("what", MALFORMED)
def test_malformed(what):
    """P2: what makes no sense is refused, with one kind of error."""
    with pytest.raises(jelly.MalformedJelly):
        jelly.unjelly(MALFORMED[what], jelly.globalSecurity)


def test_depth():
    """P2: what is nested too deep is refused, both ways; it is no `RecursionError`."""
    deep: list[object] = [b"list"]
    thing: list[object] = []
    for _ in range(5000):
        deep = [b"list", deep]
        thing = [thing]
    with pytest.raises(jelly.InsecureJelly, match="nested"):
        jelly.unjelly(deep, jelly.globalSecurity)
    with pytest.raises(jelly.InsecureJelly, match="nested"):
        jelly.jelly(thing)


def test_registered_class(registered):
    """What is made of a class is what was registered for its name, and nothing else."""

    class Copy(jelly.Unjellyable):
        pass

    registered.setUnjellyableForClass("some.Thing", Copy)
    made = jelly.unjelly([b"some.Thing", [b"dictionary", [b"a", 1]]], jelly.globalSecurity)
    assert type(made) is Copy
    assert made.a == 1


def test_registered_factory(registered):
    """A factory makes the object of the state."""
    registered.setUnjellyableFactoryForClass("some.Thing", lambda state: [state])
    made = jelly.unjelly([b"some.Thing", [b"tuple", 1]], jelly.globalSecurity)
    assert made == [(1,)]


def test_registered_tree(registered):
    """All classes of a module that have a base are registered, under a prefix."""
    module = types.ModuleType("some.module")
    module.Copy = type("Copy", (jelly.Unjellyable,), {})
    module.Other = Other
    registered.setUnjellyableForClassTree(module, jelly.Unjellyable, "wire.name")
    assert jelly.unjellyableRegistry[b"wire.name.Copy"] is module.Copy
    assert b"wire.name.Other" not in jelly.unjellyableRegistry


def test_persistent():
    """Objects that are kept elsewhere travel by their names."""
    kept = {b"name": Plain()}
    sent = jelly.jelly(
        [kept[b"name"]],
        persistentStore=lambda thing, _: b"name" if thing in kept.values() else None,
    )
    assert sent == [b"list", [b"persistent", b"name"]]
    made = jelly.unjelly(sent, persistentLoad=lambda name, _: kept[name])
    assert made[0] is kept[b"name"]
    assert isinstance(jelly.unjelly(sent)[0], jelly.Unpersistable)


def test_times_with_zones():
    """A time zone cannot be sent; nobody loses one without knowing."""
    with pytest.raises(NotImplementedError):
        jelly.jelly(datetime.datetime.now(datetime.UTC))


def test_special_decimals():
    """Infinity and what is no number cannot be sent."""
    for text in ("Infinity", "NaN"):
        with pytest.raises(TypeError):
            jelly.jelly(Decimal(text))


#: Names of this module that hostile expressions reach for.
REACHED_FOR = (os.system, subprocess.Popen)


def chain(kind: bytes, count: int, times: int = 1) -> list[Any]:
    """Expressions of objects, each of which refers to the one before, a number of times."""
    links = [
        [b"reference", number, [kind, *[[b"dereference", number - 1]] * times]]
        for number in range(1, count)
    ]
    return [[b"reference", 0, [kind, 5]], *links]


def waiting(links: list[Any]) -> list[Any]:
    """The same, but the first of them is what holds all the others."""
    return [b"reference", 0, [b"tuple", [b"list", *links[1:]]]]


REPEATED = {
    "tuples within each other": [b"list", *chain(b"tuple", 5000)],
    "frozensets within each other": [b"list", *chain(b"frozenset", 5000)],
    "tuples that double": [b"set", *chain(b"tuple", 60, 2)],
    "tuples that wait for each other": waiting(chain(b"tuple", 5000)),
    "tuples that wait, and double": waiting(chain(b"tuple", 60, 2)),
    "a large key, many times": [
        b"list",
        [b"reference", 0, [b"tuple", *range(5000)]],
        *([[b"dictionary", [[b"dereference", 0], 5]]] * 500),
    ],
}


PRIME = 2**61 - 1

#: Keys that have one hash, and more than 63 bits, by their types.
ALIKE = {
    "integers": [number * PRIME for number in range(8, 5000)],
    "decimals": [[b"decimal", number * PRIME, 0] for number in range(8, 5000)],
    "tuples": [[b"tuple", number * PRIME] for number in range(8, 5000)],
}


@pytest.mark.parametrize("keys", ALIKE)
@pytest.mark.parametrize("kind", ["dictionary", "set", "frozenset"])
def test_keys_that_are_alike(keys, kind):
    """P2: keys that are made to have one hash, so that a container is slow, are refused."""
    found = ALIKE[keys]
    items = [[key, 1] for key in found] if kind == "dictionary" else found
    with pytest.raises(jelly.InsecureJelly, match="one hash"):
        jelly.unjelly([kind.encode(), *items], jelly.globalSecurity)


def test_keys_that_come_late():
    """P2: not many keys may refer to what holds them."""
    links = [[b"tuple", [b"dereference", 0], number] for number in range(2000)]
    for kind in ([b"set", *links], [b"dictionary", *([link, 1] for link in links)]):
        with pytest.raises(jelly.InsecureJelly, match="late"):
            jelly.unjelly([b"reference", 0, [b"tuple", kind]], jelly.globalSecurity)


@pytest.mark.parametrize("what", REPEATED)
def test_repeated(what):
    """P2: references that make large objects of few octets are refused, in little time."""
    with pytest.raises(jelly.InsecureJelly):
        jelly.unjelly(REPEATED[what], jelly.globalSecurity)


def test_waiting_in_a_row():
    """Tuples that wait for each other, all for one that holds them, are made."""
    made = jelly.unjelly(waiting(chain(b"tuple", 50)), jelly.globalSecurity)
    assert made[0][0][0] is made
    assert made[0][48][0] is made[0][47]


def test_functions():
    """P1: a function of a listed module may be meant, and nothing else that the module has."""
    allowed = options()
    allowed.allowTypes("function")
    allowed.allowModules(HERE)
    assert jelly.unjelly(jelly.jelly(function), allowed) is function
    for name in (b"given", b"Other", b"os.system", b"HERE", b"nothing", b"Plain.value.x"):
        with pytest.raises(jelly.InsecureJelly):
            jelly.unjelly([b"function", HERE + b"." + name], allowed)
    with pytest.raises(jelly.MalformedJelly):
        jelly.unjelly([b"function", 5], allowed)


class Careful:
    """An object that looks at its state."""

    def __setstate__(self, state):
        self.got = state


TEXT = [b"unicode", b"value"]

STATES = [
    (Plain, [b"dictionary", [b"value", 5]], lambda made: made.value == 5),
    (Plain, [b"None"], lambda made: vars(made) == {}),
    (Careful, [b"list", 5], lambda made: made.got == [5]),
    (Slots, [b"tuple", [b"None"], [b"dictionary", [TEXT, 5]]], lambda made: made.value == 5),
    (
        Plain,
        [b"tuple", [b"dictionary", [TEXT, 5]], [b"None"]],
        lambda made: made.value == 5,
    ),
]


@pytest.mark.parametrize(("klass", "state", "right"), STATES)
def test_states(klass, state, right):
    """Instances take the states that Python's own objects give, and those of older programs."""
    allowed = options(klass)
    assert right(jelly.unjelly([HERE + b"." + klass.__name__.encode(), state], allowed))


@pytest.mark.parametrize(
    ("klass", "state"),
    [
        (Plain, 5),
        (Plain, [b"list"]),
        (Plain, [b"dictionary", [5, 5]]),
        (Slots, [b"tuple", [b"None"], [b"dictionary", [[b"unicode", b"__class__"], 5]]]),
        (Slots, [b"tuple", [b"None"], [b"dictionary", [[b"unicode", b"method"], 5]]]),
    ],
)
def test_states_that_are_none(klass, state):
    """P1: what is no state of an instance is refused; methods and the class stay what they are."""
    allowed = options(klass)
    with pytest.raises(TypeError):
        jelly.unjelly([HERE + b"." + klass.__name__.encode(), state], allowed)


def test_unjellyable(registered):
    """Objects that say themselves how they travel do so without a broker, too."""

    class Both(jelly.Jellyable, jelly.Unjellyable):
        pass

    thing = Both()
    thing.value = 5
    registered.setUnjellyableForClass(Both, Both)
    made = jelly.unjelly(jelly.jelly(thing), jelly.globalSecurity)
    assert type(made) is Both
    assert made.value == 5
