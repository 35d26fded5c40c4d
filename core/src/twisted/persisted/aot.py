"""
Objects as source that people can read and change: Abstract Object Trees.

A source names classes and functions, and whoever reads it makes objects of them: like a pickle, it
is to be read only if one trusts who wrote it. It is no program, however: it holds literals and the
names of this module.
"""

from __future__ import annotations

import ast
import copyreg
import types
from collections.abc import Callable
from typing import IO, Any

from twisted.persisted import crefutil
from twisted.persisted._aotnodes import (
    LITERALS,
    Class,
    Copyreg,
    Deref,
    Function,
    Instance,
    InstanceMethod,
    Module,
    Named,
    NonFormattableDict,
    Ref,
    dictToKW,
    getSource,
    prettify,
)
from twisted.python import reflect

__all__ = [
    "AOTJellier",
    "AOTUnjellier",
    "Class",
    "Copyreg",
    "Deref",
    "Function",
    "Instance",
    "InstanceMethod",
    "Module",
    "Named",
    "NonFormattableDict",
    "Ref",
    "dictToKW",
    "getSource",
    "jellyToAOT",
    "jellyToSource",
    "prettify",
    "unjellyFromAOT",
    "unjellyFromSource",
]

_NODES = (Class, Copyreg, Deref, Function, Instance, InstanceMethod, Module, Ref)
_BY_NAME: dict[str, Any] = {node.__name__: node for node in _NODES}


def _classOfMethod(method: types.MethodType) -> type:
    return type(method.__self__)


def _selfOfMethod(method: types.MethodType) -> Any:
    return method.__self__


# From objects to source


class AOTJellier:
    """Makes a tree of an object."""

    def __init__(self) -> None:
        self.prepared: dict[int, tuple[Ref, Any]] = {}
        self._count = 0

    def prepareForRef(self, aoref: Ref, object: Any) -> None:
        """Remember an object, to which others may refer."""
        self.prepared[id(object)] = (aoref, object)

    def jelly(self, obj: Any) -> Any:
        """
        The tree of an object and all that it refers to.

        @raise TypeError: if there is something that cannot be written as source.
        """
        return self.jellyToAO(obj)

    def jellyToAO(self, obj: Any) -> Any:
        """The tree of an object, or its number if there is one already."""
        if isinstance(obj, LITERALS):
            return obj
        if isinstance(obj, types.MethodType):
            klass = reflect.qual(_classOfMethod(obj))
            return InstanceMethod(obj.__name__, klass, self.jellyToAO(obj.__self__))
        if isinstance(obj, types.ModuleType):
            return Module(obj.__name__)
        if isinstance(obj, type):
            return Class(reflect.qual(obj))
        if isinstance(obj, (types.FunctionType, types.BuiltinFunctionType)):
            return Function(_named(obj))
        if id(obj) in self.prepared:
            ref = self.prepared[id(obj)][0]
            if ref.refnum is None:
                self._count += 1
                ref.setRef(self._count)
            assert ref.refnum is not None
            return Deref(ref.refnum)
        ref = Ref()
        self.prepareForRef(ref, obj)
        ref.setObj(self._content(obj))
        return ref

    def _content(self, obj: Any) -> Any:
        jelly = self.jellyToAO
        if type(obj) in (list, tuple):
            return type(obj)([jelly(each) for each in obj])
        if type(obj) is dict:
            return {jelly(key): jelly(value) for key, value in obj.items()}
        reduce = copyreg.dispatch_table.get(type(obj))
        if reduce is not None:
            load, given, *_ = tuple(reduce(obj))
            return Copyreg(_named(load), jelly(given))
        try:
            function, arguments, *more = _reduced(obj)
        except (AttributeError, TypeError, ValueError) as error:
            raise TypeError(f"{type(obj)} cannot be written as source") from error
        if function is not copyreg.__newobj__:  # type: ignore[attr-defined]
            return Copyreg(_named(function), jelly(arguments))
        state = {} if not more or more[0] is None else more[0]
        if isinstance(state, dict) and all(isinstance(key, str) for key in state):
            state = {key: jelly(value) for key, value in state.items()}
        else:
            state = jelly(state)
        return Instance(reflect.qual(type(obj)), state)


def _reduced(obj: Any) -> Any:
    """What an object is made of; see `object.__reduce__`."""
    return obj.__reduce_ex__(2)


def _named(function: Any) -> str:
    """
    The name of a function.

    @raise AttributeError: if it has none by which it could be found.
    """
    return reflect.fullFuncName(function)


def jellyToAOT(obj: Any) -> Any:
    """The tree of an object."""
    return AOTJellier().jelly(obj)


def jellyToSource(obj: Any, file: IO[bytes] | None = None) -> Any:
    """
    The source of an object.

    @param file: where it is written to, in UTF-8; if there is none it is returned.
    """
    source = getSource(jellyToAOT(obj))
    if file is None:
        return source
    file.write(source.encode("utf-8"))
    return None


# From source to objects


def _parsed(source: str) -> Any:
    """
    The tree in a source.

    @raise ValueError: if it holds anything but literals and the nodes of trees.
    """
    module = ast.parse(source)
    for statement in module.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="app")], value=value):
                return _node(value)
    raise ValueError(f"{source!r} needs to define an 'app', it didn't")


def _node(tree: ast.expr) -> Any:
    match tree:
        case ast.Name(id="Ellipsis"):
            return ...
        case ast.List(elts=items):
            return [_node(each) for each in items]
        case ast.Tuple(elts=items):
            return tuple(_node(each) for each in items)
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            return {_node(key): _node(value) for key, value in pairs if key is not None}
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if name in _BY_NAME:
            named = {word.arg: _node(word.value) for word in keywords if word.arg is not None}
            return _BY_NAME[name](*(_node(each) for each in args), **named)
        case ast.Call(func=ast.Name(id="slice"), args=args, keywords=[]):
            return slice(*(_node(each) for each in args))
    try:
        return ast.literal_eval(tree)
    except ValueError:
        raise ValueError(f"not a literal, nor a node of a tree: {ast.unparse(tree)}") from None


class AOTUnjellier:
    """Makes an object of a tree."""

    def __init__(self) -> None:
        self.references: dict[int, Any] = {}
        self.afterUnjelly: list[tuple[Callable[..., Any], list[Any]]] = []

    def unjellyLater(self, node: Any) -> crefutil._Defer:
        """Stands for the object of a node until that is known."""
        later = crefutil._Defer()
        self.unjellyInto(later, 0, node)
        return later

    def unjellyInto(self, obj: Any, loc: Any, ao: Any) -> Any:
        """Put the object of a node somewhere: ``obj[loc] = it``."""
        made = self.unjellyAO(ao)
        obj[loc] = made
        if isinstance(made, crefutil.NotKnown):
            made.addDependant(obj, loc)
        return made

    def unjellyAttribute(self, instance: Any, attrName: str, ao: Any) -> None:
        """Let the object of a node be an attribute of another."""
        self.unjellyInto(instance.__dict__, attrName, ao)

    def callAfter(self, callable: Callable[..., Any], result: Any) -> None:
        """Call a function when everything is made."""
        if isinstance(result, crefutil.NotKnown):
            waiting = [None]
            result.addDependant(waiting, 0)
        else:
            waiting = [result]
        self.afterUnjelly.append((callable, waiting))

    def unjellyAO(self, ao: Any, number: int | None = None) -> Any:
        """
        The object of a node.

        @param number: by which others refer to it.
        @raise TypeError: if it is no node.
        """
        if isinstance(ao, Ref):
            return self.unjellyAO(ao.obj, ao.refnum)
        if isinstance(ao, list):
            return self._list(ao, number)
        if isinstance(ao, dict):
            return self._dict(ao, number)
        if isinstance(ao, Instance):
            return self._instance(ao, number)
        return self._known(number, self._immutable(ao))

    def _known(self, number: int | None, made: Any) -> Any:
        """An object has been made: those that referred to it get it."""
        if number is not None:
            waiting = self.references.get(number)
            self.references[number] = made
            if isinstance(waiting, crefutil.NotKnown):
                if isinstance(made, crefutil.NotKnown):
                    made.addDependant(_Resolving(waiting), 0)
                else:
                    waiting.resolveDependants(made)
        return made

    def _immutable(self, ao: Any) -> Any:
        if isinstance(ao, LITERALS):
            return ao
        if isinstance(ao, tuple):
            items = [self.unjellyAO(each) for each in ao]
            unknown = any(isinstance(each, crefutil.NotKnown) for each in items)
            return crefutil._Tuple(items) if unknown else tuple(items)
        if isinstance(ao, Deref):
            return self.references.setdefault(ao.refnum, crefutil._Dereference(ao.refnum))
        if isinstance(ao, (Class, Function)):
            return reflect.namedAny(ao.name)
        if isinstance(ao, Module):
            return reflect.namedModule(ao.name)
        if isinstance(ao, InstanceMethod):
            return self._method(ao)
        if isinstance(ao, Copyreg):
            return self._copyreg(ao)
        raise TypeError(f"Unsupported AOT type: {type(ao)}")

    def _list(self, ao: list[Any], number: int | None) -> list[Any]:
        made: list[Any] = self._known(number, [])
        for index, each in enumerate(ao):
            made.append(None)
            self.unjellyInto(made, index, each)
        return made

    def _dict(self, ao: dict[Any, Any], number: int | None) -> dict[Any, Any]:
        made: dict[Any, Any] = self._known(number, {})
        for key, value in ao.items():
            pair = crefutil._DictKeyAndValue(made)
            self.unjellyInto(pair, 0, key)
            self.unjellyInto(pair, 1, value)
        return made

    def _copyreg(self, ao: Copyreg) -> Any:
        function = reflect.namedAny(ao.loadfunc)
        state = self.unjellyAO(ao.state)
        if not isinstance(state, crefutil.NotKnown):
            return function(*state)
        later = crefutil._Defer()
        later.addCallback(lambda known: function(*known))
        state.addDependant(later, 0)
        return later

    def _method(self, ao: InstanceMethod) -> Any:
        instance = self.unjellyAO(ao.instance)
        if isinstance(instance, crefutil.NotKnown):
            return crefutil._InstanceMethod(ao.name, instance, type(None))
        try:
            return getattr(instance, ao.name)
        except AttributeError as error:
            raise TypeError(f"{ao.klass} has no method {ao.name} any more") from error

    def _instance(self, ao: Instance, number: int | None) -> Any:
        klass = reflect.namedAny(ao.klass)
        made = self._known(number, klass.__new__(klass))
        state = self.unjellyAO(ao.state)
        if hasattr(klass, "__setstate__"):
            self.callAfter(made.__setstate__, state)
        elif isinstance(state, dict):
            made.__dict__ = state
        else:
            raise TypeError(f"{ao.klass} takes no state but attributes")
        return made

    def unjelly(self, ao: Any) -> Any:
        """
        The object of a tree, whole.

        @raise TypeError: if there is something that is no node.
        """
        place: list[Any] = [None]
        self.unjellyInto(place, 0, ao)
        for function, (argument,) in self.afterUnjelly:
            function(argument)
        return place[0]


class _Resolving:
    """Tells one stand-in what another turned out to be."""

    def __init__(self, waiting: crefutil.NotKnown) -> None:
        self._waiting = waiting

    def __setitem__(self, key: int, value: Any) -> None:
        self._waiting.resolveDependants(value)


def unjellyFromAOT(aot: Any) -> Any:
    """The object of a tree."""
    return AOTUnjellier().unjelly(aot)


def unjellyFromSource(stringOrFile: str | IO[Any]) -> Any:
    """
    The object of a source.

    @raise ValueError: if the source holds anything but literals and the nodes of trees.
    @raise SyntaxError: if it is no source.
    """
    source = stringOrFile if isinstance(stringOrFile, str) else stringOrFile.read()
    if isinstance(source, bytes):
        source = source.decode("utf-8")
    return unjellyFromAOT(_parsed(source))
