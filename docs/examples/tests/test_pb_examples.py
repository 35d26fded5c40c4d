"""The programs that need the pb distribution; `pb/tests/spread/test_peers.py` has `pb_workers`."""


def test_pb_echo(serve, run):
    """Texts come back, and the server calls an object of the client's meanwhile."""
    port = serve("pb_echo.py", "serve", "tcp:0:interface=127.0.0.1")
    done = run("pb_echo.py", "call", f"tcp:127.0.0.1:{port}", "hello", "ß")
    assert done.stderr == ""
    assert done.stdout == "hello\nß\n{'h': 1, 'e': 1, 'l': 2, 'o': 1} in 5 steps\n"


def test_pb_chat(serve, run):
    """Who logs in is heard; who does not know the password is not let in."""
    port = serve("pb_chat.py", "serve", "tcp:0:interface=127.0.0.1")
    done = run("pb_chat.py", "say", "ann", "red", f"tcp:127.0.0.1:{port}", "good morning")
    assert done.stderr == ""
    assert sorted(done.stdout.splitlines()) == ["1 present", "ann: good morning"]
    refused = run("pb_chat.py", "say", "ann", "blue", f"tcp:127.0.0.1:{port}", "good morning")
    assert refused.stdout == ""
    assert refused.stderr == "not let in: twisted.cred.error.UnauthorizedLogin\n"
