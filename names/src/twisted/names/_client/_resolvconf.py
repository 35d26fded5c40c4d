"""The file that says which servers to ask: resolv.conf(5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["ResolvConf"]

#: What glibc caps options at.
_MOST_NDOTS = 15
_MOST_TIMEOUT = 30
_MOST_ATTEMPTS = 5


@dataclass
class ResolvConf:
    """
    What the file says.

    @ivar servers: IP addresses.
    @ivar domain: the domain of this host, or None.
    @ivar search: what is added to names with few dots, or None.
    @ivar ndots: how many dots a name must have not to be tried with that first.
    @ivar timeout: seconds for an attempt, or None.
    @ivar attempts: how often all servers are tried, or None.
    @ivar rotate: whether each question begins with another server.
    @ivar overTCP: whether all questions go over TCP.
    """

    servers: list[str]
    domain: bytes | None = None
    search: list[bytes] | None = None
    ndots: int = 1
    timeout: int | None = None
    attempts: int | None = None
    rotate: bool = False
    overTCP: bool = False

    @classmethod
    def parse(cls, lines: Iterable[bytes | str]) -> ResolvConf:
        """Read the lines of the file; what is not understood is ignored."""
        conf = cls([])
        for line in lines:
            text = line.encode() if isinstance(line, str) else line
            keyword, *words = text.partition(b"#")[0].partition(b";")[0].split() or [b""]
            match keyword.lower():
                case b"nameserver" if words:
                    conf.servers.append(words[0].decode("ascii", "replace"))
                case b"domain":
                    conf.domain = words[0] if words else b""
                    conf.search = None
                case b"search":
                    conf.search = words
                case b"options":
                    for word in words:
                        conf._option(word.decode("ascii", "replace"))
        return conf

    def _option(self, word: str) -> None:
        """Take one option."""
        name, _, value = word.partition(":")
        number = int(value) if value.isascii() and value.isdigit() and len(value) < 6 else None
        match name:
            case "ndots" if number is not None:
                self.ndots = min(number, _MOST_NDOTS)
            case "timeout" if number:
                self.timeout = min(number, _MOST_TIMEOUT)
            case "attempts" if number:
                self.attempts = min(number, _MOST_ATTEMPTS)
            case "rotate":
                self.rotate = True
            case "use-vc":
                self.overTCP = True

    def candidates(self, name: bytes) -> list[bytes]:
        """
        The names to try, in turn, for one that a person gave.

        One with a dot at its end, or with enough dots, stands for itself.
        """
        if name.endswith(b"."):
            return [name[:-1]]
        search = self.search if self.search is not None else [self.domain or b""]
        if name.count(b".") >= self.ndots:
            return [name]
        return [*(name + b"." + suffix.strip(b".") for suffix in search if suffix), name]
