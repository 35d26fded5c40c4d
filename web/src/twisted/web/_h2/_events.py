"""What happens on a connection of HTTP/2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twisted.web._h2._frames import ProtocolError


@dataclass(slots=True)
class Headed:
    """The head of a request or an answer has come; maybe it is all."""

    stream: Any
    head: Any
    ended: bool


@dataclass(slots=True)
class Received:
    """
    A piece of a body has come.

    @ivar size: for how many octets of flow control it counts; `Machine.consumed` gives them back.
    """

    stream: Any
    data: bytes
    size: int


@dataclass(slots=True)
class Trailed:
    """Headers behind a body have come."""

    stream: Any
    headers: dict[bytes, list[bytes]]


@dataclass(slots=True)
class Ended:
    """The peer has said everything on a stream."""

    stream: Any


@dataclass(slots=True)
class WasReset:
    """
    A stream has ended before its time.

    @ivar byPeer: whether the peer wanted that; otherwise it has broken a rule.
    """

    stream: Any
    code: int
    byPeer: bool


@dataclass(slots=True)
class Widened:
    """More may be sent: on a stream, or on all."""

    stream: Any | None


@dataclass(slots=True)
class Prioritized:
    """The peer has said how important a stream is (RFC 7540, section 5.3)."""

    stream: int
    parent: int
    weight: int
    exclusive: bool


@dataclass(slots=True)
class Ponged:
    """The peer has answered a PING."""


@dataclass(slots=True)
class Configured:
    """The peer has said what it allows."""


@dataclass(slots=True)
class GoneAway:
    """The peer takes no streams any more, from a number on, for a reason."""

    last: int
    code: int


@dataclass(slots=True)
class Failed:
    """The connection is over: the peer has broken a rule."""

    error: ProtocolError


Event = (
    Headed
    | Received
    | Trailed
    | Ended
    | WasReset
    | Widened
    | Prioritized
    | Ponged
    | Configured
    | GoneAway
    | Failed
)
