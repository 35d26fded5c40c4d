"""``twistd portforward``: passes connections on to another port."""

from __future__ import annotations

from typing import Any, ClassVar

from twisted.application import strports
from twisted.protocols import portforward
from twisted.python import usage

__all__ = ["Options", "makeService"]


class Options(usage.Options):
    """Where connections come in, and where they go."""

    synopsis = "[options]"
    longdesc = "Passes TCP connections on to another port."
    optParameters: ClassVar[list[Any]] = [
        ["port", "p", "tcp:6666", "Where to listen: an endpoint, or the number of a port."],
        ["host", "h", "localhost", "The host to connect to."],
        ["dest_port", "d", 6665, "The port to connect to.", usage.portCoerce],
    ]
    compData: Any = usage.Completions(optActions={"host": usage.CompleteHostnames()})


def makeService(config: Any) -> Any:
    """Make the service."""
    factory = portforward.ProxyFactory(config["host"], int(config["dest_port"]))
    port = config["port"]
    return strports.service(f"tcp:{port}" if port.isdecimal() else port, factory)
