"""Which distributions a change touches, and which depend on those."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from monorepo.distributions import Distribution, dependents

#: What concerns all distributions.
_COMMON = ("tools/monorepo/", "noxfile.py", "pytest.ini")


def touched(files: Iterable[str], distributions: Mapping[str, Distribution]) -> list[Distribution]:
    """
    The distributions whose tests a change may break: those that it touches and their dependents.

    @param files: what the change changes, as paths from the top of the repository.
    """
    files = list(files)
    if any(file.startswith(_COMMON) for file in files):
        return list(distributions.values())
    direct = [d for d in distributions.values() if any(f.startswith(d.folder + "/") for f in files)]
    wanted = {d.folder for d in direct}
    wanted |= {other.folder for d in direct for other in dependents(d, distributions)}
    return [d for d in distributions.values() if d.folder in wanted]
