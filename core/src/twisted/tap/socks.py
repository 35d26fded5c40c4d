"""``twistd socks``: a proxy of SOCKS versions 4 and 4a."""

from __future__ import annotations

from typing import Any, ClassVar

from twisted.application import internet
from twisted.protocols import socks
from twisted.python import usage

__all__ = ["Options", "makeService"]


class Options(usage.Options):
    """Where the proxy listens, and what it logs."""

    synopsis = "[-i <interface>] [-p <port>] [-l <file>]"
    longdesc = "Makes a SOCKSv4 server."
    optParameters: ClassVar[list[Any]] = [
        ["interface", "i", "127.0.0.1", "The address to listen on."],
        ["port", "p", 1080, "The port to listen on.", usage.portCoerce],
        ["log", "l", None, "Write what is passed on to this file."],
    ]
    compData: Any = usage.Completions(
        optActions={
            "log": usage.CompleteFiles("*.log"),
            "interface": usage.CompleteNetInterfaces(),
        }
    )


def makeService(config: Any) -> Any:
    """Make the service. Whoever can reach the port can use it to reach what this host can."""
    if config["interface"] not in ("127.0.0.1", "::1", "localhost"):
        print(f"Whoever can reach {config['interface']} can use this host's network by the proxy.")
    factory = socks.SOCKSv4Factory(config["log"])
    return internet.TCPServer(int(config["port"]), factory, interface=config["interface"])
