"""Running the reactor under a profiler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["AppProfiler", "CProfileRunner", "ProfileRunner"]


class _BasicProfiler:
    """
    Runs the reactor under a profiler, and writes what it found.

    @ivar profileOutput: the file to write to; C{None} for the standard output.
    @ivar saveStats: whether to write the data instead of a text.
    """

    module: str

    def __init__(self, profileOutput: str | None, saveStats: bool) -> None:
        self.profileOutput = profileOutput
        self.saveStats = saveStats

    def run(self, reactor: Any) -> None:
        """Run the reactor; write when it has stopped, however that came about."""
        profiler = __import__(self.module).Profile()
        try:
            profiler.runcall(reactor.run)
        finally:
            self._write(profiler)

    def _write(self, profiler: Any) -> None:
        if self.saveStats:
            profiler.dump_stats(self.profileOutput)
            return
        import pstats

        if self.profileOutput is None:
            pstats.Stats(profiler).print_stats()
            return
        with open(self.profileOutput, "w", encoding="utf-8") as file:
            pstats.Stats(profiler, stream=file).print_stats()


class ProfileRunner(_BasicProfiler):
    """Uses the profiler that is written in Python."""

    __module__ = "twisted.application.app"
    module = "profile"


class CProfileRunner(_BasicProfiler):
    """Uses the profiler that is written in C."""

    __module__ = "twisted.application.app"
    module = "cProfile"


class AppProfiler:
    """
    Chooses a profiler by the options ``profiler``, ``profile`` and ``savestats``.

    @ivar run: runs a reactor under it.
    @raise SystemExit: if there is no such profiler.
    """

    __module__ = "twisted.application.app"
    profilers: dict[str, Callable[[str | None, bool], Any]] = {
        "profile": ProfileRunner,
        "cprofile": CProfileRunner,
    }

    def __init__(self, options: Any) -> None:
        saveStats = options.get("savestats", False)
        self.profiler = options.get("profiler", "cprofile").lower()
        if self.profiler not in self.profilers:
            raise SystemExit(f"Unsupported profiler name: {self.profiler}")
        chosen = self.profilers[self.profiler](options.get("profile"), saveStats)
        self.run: Callable[[Any], None] = chosen.run
