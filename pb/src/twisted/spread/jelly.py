"""
Jelly: objects as expressions that Banana can carry, and back.

Whoever takes expressions from somebody else says with `SecurityOptions` what may be made of them:
nothing is imported, looked up, made or called that they do not allow. Nothing here uses pickle.
"""

from __future__ import annotations

import functools
from typing import Any

from twisted.python.deprecate import deprecatedModuleAttribute
from twisted.python.versions import Version
from twisted.spread._jelly._jellier import Jellier
from twisted.spread._jelly._objects import (
    Jellyable,
    Unjellyable,
    Unpersistable,
    getInstanceState,
    setInstanceState,
    setUnjellyableFactoryForClass,
    setUnjellyableForClass,
    setUnjellyableForClassTree,
    unjellyableFactoryRegistry,
    unjellyableRegistry,
)
from twisted.spread._jelly._security import (
    DummySecurityOptions,
    InsecureJelly,
    MalformedJelly,
    SecurityOptions,
    globalSecurity,
)
from twisted.spread._jelly._unjellier import Unjellier
from twisted.spread.interfaces import IJellyable, IUnjellyable

__all__ = [
    "DictTypes",
    "DummySecurityOptions",
    "IJellyable",
    "IUnjellyable",
    "InsecureJelly",
    "Jellyable",
    "MalformedJelly",
    "None_atom",
    "SecurityOptions",
    "Unjellyable",
    "Unpersistable",
    "class_atom",
    "dereference_atom",
    "dictionary_atom",
    "frozenset_atom",
    "function_atom",
    "getInstanceState",
    "globalSecurity",
    "instance_atom",
    "jelly",
    "list_atom",
    "module_atom",
    "persistent_atom",
    "reference_atom",
    "setInstanceState",
    "setUnjellyableFactoryForClass",
    "setUnjellyableForClass",
    "setUnjellyableForClassTree",
    "set_atom",
    "tuple_atom",
    "unjelly",
    "unjellyableFactoryRegistry",
    "unjellyableRegistry",
    "unpersistable_atom",
]

None_atom = b"None"
class_atom = b"class"
module_atom = b"module"
function_atom = b"function"
dereference_atom = b"dereference"
persistent_atom = b"persistent"
reference_atom = b"reference"
dictionary_atom = b"dictionary"
list_atom = b"list"
set_atom = b"set"
tuple_atom = b"tuple"
frozenset_atom = b"frozenset"
unpersistable_atom = b"unpersistable"

instance_atom = b"instance"
deprecatedModuleAttribute(
    Version("Twisted", 15, 0, 0),
    "instance_atom is unused within Twisted.",
    "twisted.spread.jelly",
    "instance_atom",
)

DictTypes = (dict,)
reduce = functools.reduce
TYPE_CHECKING = False

_everything = DummySecurityOptions()


def jelly(
    object: Any,
    taster: Any = _everything,
    persistentStore: Any = None,
    invoker: Any = None,
) -> Any:
    """
    The expression for an object.

    @param taster: says what may be sent; in place of instances of other classes the other side
        gets an `Unpersistable`.
    @param persistentStore: a function of an object and a jellier, which gives a name if the object
        is to be sent as that, or None.
    @param invoker: the broker that sends it.
    @raise InsecureJelly: objects are nested too deep.
    """
    return Jellier(taster, persistentStore, invoker).jelly(object)


def unjelly(
    sexp: Any,
    taster: Any = _everything,
    persistentLoad: Any = None,
    invoker: Any = None,
) -> Any:
    """
    The object for an expression.

    @param taster: says what may be made: `SecurityOptions`. By default everything may, if its
        module was imported, so that an expression from somebody else must not be taken without.
    @param persistentLoad: a function of a name and an unjellier, which gives the object.
    @param invoker: the broker that the expression has come to.
    @raise InsecureJelly: it stands for something that is not allowed.
    @raise MalformedJelly: it stands for nothing.
    """
    return Unjellier(taster, persistentLoad, invoker).unjellyFull(sexp)
