"""How much one look-up may cost, so that no answer makes it go on forever."""

from __future__ import annotations

from dataclasses import dataclass, field

from twisted.names.error import ResolverError

__all__ = ["Budget"]


@dataclass
class Budget:
    """
    What is left of one look-up's resources; all look-ups that it entails draw on it.

    @ivar queries: questions to servers.
    @ivar servers: look-ups of the addresses of servers (the NXNS attack, CVE-2020-12662).
    @ivar aliases: aliases that are followed.
    @ivar under_way: names of servers whose addresses are being looked up; each is only once.
    """

    queries: int = 100
    servers: int = 16
    aliases: int = 11
    under_way: set[bytes] = field(default_factory=set)

    def query(self) -> None:
        """Spend a question."""
        self.queries -= 1
        if self.queries < 0:
            raise ResolverError("the look-up takes too many questions")

    def alias(self) -> None:
        """Spend an alias."""
        self.aliases -= 1
        if self.aliases < 0:
            raise ResolverError("the look-up takes too many aliases")

    def server(self) -> bool:
        """Spend a look-up of a server's address, if there is one left."""
        self.servers -= 1
        return self.servers >= 0
