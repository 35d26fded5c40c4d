"""The zone that name servers are compared with, in Python source, and the questions about it."""

NAMES = 100

ZONE = """zone = [
    SOA("example.org", mname="ns1.example.org", rname="hostmaster.example.org", serial=1,
        refresh=7200, retry=3600, expire=604800, minimum=3600, ttl=3600),
    NS("example.org", "ns1.example.org", ttl=3600),
    MX("example.org", 10, "mail.example.org", ttl=3600),
    A("ns1.example.org", "192.0.2.1", ttl=3600),
    A("mail.example.org", "192.0.2.2", ttl=3600),
] + [A("h%d.example.org" % number, "192.0.2.%d" % number, ttl=3600) for number in range(NAMES)]
""".replace("NAMES", str(NAMES))


def questions() -> str:
    """The questions, as dnsperf reads them: addresses, some of names that do not exist, and MX."""
    lines = [f"h{number}.example.org A" for number in range(NAMES)]
    lines += [f"missing{number}.example.org A" for number in range(NAMES // 20)]
    lines += ["example.org MX", "example.org NS"]
    return "\n".join(lines) + "\n"


def others(count: int = 200_000) -> str:
    """Questions of which none comes twice, about names that do not exist."""
    return "".join(f"missing{number * 7919 % count}.example.org A\n" for number in range(count))
