"""Without the extra ``tls`` whoever wants TLS is told what to install, and all else works."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
sys.modules["OpenSSL"] = None
from twisted.internet import endpoints, reactor

def attempt(f, *args):
    try:
        f(*args)
    except ImportError as problem:
        assert "twisted-core[tls]" in str(problem), problem
    else:
        raise AssertionError("it cannot work")

attempt(endpoints.serverFromString, reactor, "ssl:443")
attempt(endpoints.serverFromString, reactor, "tls:/nowhere")
attempt(endpoints.clientFromString, reactor, "tls:example.com:443")
attempt(endpoints.wrapClientTLS, None, None)
attempt(reactor.listenSSL, 0, None, None)
attempt(reactor.connectSSL, "localhost", 1, None, None)
attempt(__import__, "twisted.internet.ssl")
attempt(__import__, "twisted.protocols.tls")
import twisted.protocols.amp, twisted.protocols.socks, twisted.trial.unittest
"""


def test_extra_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.stderr == ""
