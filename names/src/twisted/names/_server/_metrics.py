"""What a server counts."""

from __future__ import annotations

from dataclasses import dataclass, field

from twisted.internet.metrics import Family, familyText

__all__ = ["ServerMetrics"]

_CODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}


@dataclass(slots=True)
class ServerMetrics:
    """
    What a server has done since it was made.

    @ivar datagrams: requests over UDP.
    @ivar messages: requests over streams.
    @ivar remembered: how many of them were answered with a reply that was given before.
    @ivar malformed: what made no sense, and what was an answer that nobody had asked for.
    @ivar codes: replies by their response codes.
    @ivar truncated: replies over UDP that did not fit.
    @ivar limited: replies that were dropped or cut short for their rate.
    @ivar overload: requests that were dropped since too many others waited.
    @ivar transfers: zones that were sent to others.
    @ivar streams: how many streams are open.
    @ivar streamsRefused: how many were closed at once since there were too many.
    @ivar streamsTimedOut: how many were closed since they were idle.
    """

    datagrams: int = 0
    messages: int = 0
    remembered: int = 0
    malformed: int = 0
    codes: dict[int, int] = field(default_factory=dict)
    truncated: int = 0
    limited: int = 0
    overload: int = 0
    transfers: int = 0
    streams: int = 0
    streamsRefused: int = 0
    streamsTimedOut: int = 0

    def replied(self, code: int) -> None:
        """Count a reply."""
        self.codes[code] = self.codes.get(code, 0) + 1

    def families(self) -> list[Family]:
        """All of it, for L{include<twisted.internet.metrics.include>}."""
        requests = {'{transport="udp"}': self.datagrams, '{transport="tcp"}': self.messages}
        codes = {
            f'{{code="{_CODES.get(code, code)}"}}': count
            for code, count in sorted(self.codes.items())
        }
        return [
            Family("dns_requests_total", "counter", "Requests.", requests),
            Family("dns_replies_total", "counter", "Replies by their response codes.", codes),
            *(
                Family(f"dns_{name}_total", "counter", text, {"": getattr(self, attribute)})
                for name, (attribute, text) in _COUNTED.items()
            ),
            Family("dns_streams_open", "gauge", "Streams that are open.", {"": self.streams}),
        ]

    def prometheusText(self) -> str:
        """All of it in the text format 0.0.4 of Prometheus."""
        return "".join(map(familyText, self.families()))


# A data class whose module is not there yet cannot be made.
ServerMetrics.__module__ = "twisted.names.server"

_COUNTED = {
    "remembered": ("remembered", "Replies that had been given before."),
    "malformed": ("malformed", "Messages that made no sense."),
    "truncated": ("truncated", "Replies that did not fit into a datagram."),
    "rate_limited": ("limited", "Replies that were held back for their rate."),
    "overload": ("overload", "Requests dropped since too many others waited."),
    "transfers": ("transfers", "Zones that were sent to others."),
    "streams_refused": (
        "streamsRefused",
        "Streams closed at once since there were too many.",
    ),
    "streams_timed_out": ("streamsTimedOut", "Streams closed since they were idle."),
}
