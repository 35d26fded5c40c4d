"""
The laws of what may import what.

- A distribution imports core, what its extras name, and itself; core imports no other.
- No distribution imports a private name of another one.
- Only core has ``twisted/__init__.py``; each import package belongs to one distribution.
- Within core a module imports from its own floor or a lower one.
- No module imports the global reactor when it is imported.
- No module has more than 1,000 lines.

    python -m monorepo.laws
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from monorepo.distributions import ROOT, Distribution, find

MOST_LINES = 1000

#: The floors of core: the longest name that a module's begins with decides.
FLOORS = {
    "twisted": 1,
    "twisted._threads": 2,
    "twisted.python": 1,
    "twisted.python.failure": 2,
    "twisted.python.log": 2,
    "twisted.python.rebuild": 2,
    "twisted.python.syslog": 2,
    # Its threads log what fails in them.
    "twisted.python.threadpool": 2,
    "twisted.logger": 2,
    # It needs nothing but the floors below, and string endpoints need it.
    "twisted.plugin": 3,
    "twisted.internet": 4,
    "twisted.internet.__init__": 3,
    "twisted.internet._aggregate": 3,
    "twisted.internet._clock": 3,
    "twisted.internet._cooperator": 3,
    "twisted.internet._deferred": 3,
    "twisted.internet._deferredcalls": 3,
    "twisted.internet._delayedcall": 3,
    "twisted.internet._interfaces": 3,
    "twisted.internet._locks": 3,
    "twisted.internet._looping": 3,
    "twisted.internet.address": 3,
    "twisted.internet.currentreactor": 3,
    "twisted.internet.defer": 3,
    "twisted.internet.error": 3,
    "twisted.internet.interfaces": 3,
    "twisted.internet.protocol": 3,
    "twisted.internet.task": 3,
    # Stand-ins for all that is below, protocols included.
    "twisted.internet.testing": 5,
    "twisted.cred": 5,
    "twisted.enterprise": 5,
    "twisted.pair": 5,
    "twisted.persisted": 5,
    "twisted.positioning": 5,
    "twisted.protocols": 5,
    "twisted.__main__": 6,
    "twisted.application": 6,
    "twisted.plugins": 6,
    "twisted.runner": 6,
    "twisted.scripts": 6,
    "twisted.tap": 6,
    "twisted.test": 6,
    "twisted.trial": 6,
}

#: Modules whose very import installs the reactor, and what only installs it when it is called.
_REACTOR = "twisted.internet.reactor"


class Import:
    """
    One imported name.

    @ivar module: the module that it is imported from, or that is imported.
    @ivar name: the name, or None if the module itself is imported.
    @ivar line: where.
    @ivar always: whether that happens when the importing module is imported.
    """

    def __init__(self, module: str, name: str | None, line: int, always: bool) -> None:
        self.module = module
        self.name = name
        self.line = line
        self.always = always

    @property
    def full(self) -> str:
        """The module and the name."""
        return self.module if self.name is None else f"{self.module}.{self.name}"


def imports(tree: ast.Module) -> Iterator[Import]:
    """All that a module imports of `twisted`, except for the eyes of type checkers."""

    def visit(node: ast.AST, always: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(alias.name, None, child.lineno, always)
            elif isinstance(child, ast.ImportFrom) and child.module is not None:
                for alias in child.names:
                    yield Import(child.module, alias.name, child.lineno, always)
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                continue
            else:
                inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                yield from visit(child, always and not inside)

    for found in visit(tree, True):
        if found.module.partition(".")[0] == "twisted":
            yield found


def module_name(distribution: Distribution, path: Path) -> str:
    """What a file is imported as."""
    parts = path.relative_to(distribution.source).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


class Tree:
    """All modules of all distributions."""

    def __init__(self, distributions: Mapping[str, Distribution]) -> None:
        self.distributions = distributions
        self.files = {
            path: distribution
            for distribution in distributions.values()
            for path in sorted(distribution.source.rglob("*.py"))
        }
        self.owners = {module_name(d, path): d for path, d in self.files.items()}

    def owner(self, found: Import) -> Distribution | None:
        """The distribution that an imported module belongs to."""
        return self.owners.get(found.full) or self.owners.get(found.module)

    def check(self) -> Iterator[str]:
        """What is against the laws."""
        for path, distribution in self.files.items():
            text = path.read_text()
            where = path.relative_to(distribution.root)
            if text.count("\n") > MOST_LINES:
                yield f"{where}: more than {MOST_LINES} lines"
            for found in imports(ast.parse(text)):
                for wrong in self._check_import(module_name(distribution, path), found):
                    yield f"{where}:{found.line}: {wrong}"
        yield from self._check_ownership()

    def _check_import(self, module: str, found: Import) -> Iterator[str]:
        """What is wrong with one import."""
        if found.always and found.full == _REACTOR and module != _REACTOR:
            yield "installs the global reactor when it is imported"
        here, there = self.owners[module], self.owner(found)
        if there is None:
            if found.module.startswith("twisted."):
                yield f"imports {found.module}, which is in no distribution"
        elif there is not here:
            allowed = {r.name for r in here.requires}
            allowed |= {r.name for extra in here.extras.values() for r in extra}
            if there.name not in allowed:
                yield f"imports {found.full} of {there.name}, which {here.name} does not require"
            if any(
                part.startswith("_") and part != "__version__" for part in found.full.split(".")
            ):
                yield f"imports the private name {found.full} of {there.name}"
        elif here.folder == "core" and found.full != _REACTOR:
            target = found.full if found.full in self.owners else found.module
            if floor(target) > floor(module):
                yield f"imports {target} of floor {floor(target)} from floor {floor(module)}"

    def _check_ownership(self) -> Iterator[str]:
        """What is wrong with where modules are."""
        packages: dict[str, str] = {}
        for path, distribution in self.files.items():
            where = path.relative_to(distribution.root)
            parts = path.relative_to(distribution.source).parts
            if distribution.folder != "core" and parts == ("twisted", "__init__.py"):
                yield f"{where}: belongs to core alone"
            if len(parts) > 2 and parts[1] != "plugins":
                owner = packages.setdefault(parts[1], distribution.folder)
                if owner != distribution.folder:
                    yield f"{where}: the package twisted.{parts[1]} belongs to {owner}"


def floor(module: str) -> int:
    """The floor of a module of core."""
    while module not in FLOORS:
        module = module.rpartition(".")[0]
    return FLOORS[module]


def main() -> None:
    """Print what is against the laws, and fail if anything is."""
    wrong = list(Tree(find(ROOT)).check())
    print("\n".join(wrong) or "The laws hold.")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
