"""The programs that need only the core distribution."""

import json
import threading
from pathlib import Path

from twisted.application.service import IServiceCollection, loadApplication
from twisted.internet.testing import AccumulatingProtocol
from twisted.test.iosim import connectedServerAndClient

EXAMPLES = Path(__file__).resolve().parents[1]
LOCAL = "tcp:0:interface=127.0.0.1"


def test_echo_server(serve, dial):
    """Bytes come back as they were sent."""
    connection = dial(serve("echo_server.py", LOCAL))
    connection.sendall(b"hi")
    assert connection.recv(100) == b"hi"


def test_echo_client(serve, run):
    """The client prints the answer of the server and ends."""
    port = serve("echo_server.py", LOCAL)
    done = run("echo_client.py", f"tcp:127.0.0.1:{port}", "hello there")
    assert (done.returncode, done.stdout) == (0, "hello there\n"), done.stderr


def test_chat(serve, dial):
    """Guests read what others say, and who comes and goes."""
    port = serve("chat.py", LOCAL)
    ann, ben = dial(port).makefile("rwb", 0), dial(port).makefile("rwb", 0)
    for guest, name in ((ann, b"ann"), (ben, b"ben")):
        assert guest.readline() == b"Who are you?\n"
        guest.write(name + b"\n")
        assert guest.readline() == name + b" came in.\n"
    assert ann.readline() == b"ben came in.\n"
    ben.write(b"hello\n")
    assert ann.readline() == b"ben: hello\n"


def test_forward(serve, dial):
    """More bytes than any buffer holds pass both ways unharmed, and the end is passed on."""
    target = serve("echo_server.py", LOCAL)
    connection = dial(serve("forward.py", LOCAL, f"tcp:127.0.0.1:{target}"))
    data = bytes(range(256)) * 40_000
    sender = threading.Thread(target=connection.sendall, args=(data,))
    sender.start()
    got = b"".join(iter_exactly(connection, len(data)))
    sender.join()
    assert got == data


def iter_exactly(connection, count):
    while count:
        piece = connection.recv(min(count, 65536))
        assert piece, "the connection ended early"
        count -= len(piece)
        yield piece


def test_timeouts(run):
    """Each way of waiting prints what it promises."""
    done = run("timeouts.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "all: ['one', 'two']",
        "first: fast (number 1); the other one was cancelled",
        "not for too long: timed out",
    ]


def test_threads(run):
    """Results come back in the order of the questions."""
    done = run("threads.py", "91", "97", "1024")
    assert (done.returncode, done.stdout) == (0, "91 13\n97 97\n1024 2\n"), done.stderr


def test_structured_logging(run):
    """People read the important events, programs all of them with their data."""
    done = run("structured_logging.py")
    assert done.returncode == 0, done.stderr
    assert [line.partition("] ")[2] for line in done.stdout.splitlines()] == [
        "front: sold tea for 3",
        "front: milk for -1?",
    ]
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert [event.get("article") for event in events] == ["tea", "tea", "milk", "milk"]
    assert events[1]["price"] == 3


def test_task_group(run):
    """All programs, or none, and not for too long."""
    done = run("task_group.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "all: ['one', 'two', 'three']",
        "failed: 'exit 3' has exit code 3",
        "that took too long, and was killed",
    ]


def test_secure_echo(run):
    """A client that believes the server's certificate gets an answer; one that does not, none."""
    done = run("secure_echo.py")
    assert done.returncode == 0, done.stderr
    answer, refusal = done.stdout.splitlines()
    assert answer == "localhost answers hello"
    assert refusal.startswith("certificate verify failed")


def test_database(run):
    """What was ordered stays, what could not be delivered was not ordered."""
    done = run("database.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "left: 1",
        "no: only 1 of tea are left",
        "orders: [('tea', 2)]",
    ]


def test_echo_application():
    """The file holds an application with a service that echoes."""
    application = loadApplication(str(EXAMPLES / "echo.tac"), "python")
    [echo] = IServiceCollection(application)
    client, _, pump = connectedServerAndClient(
        lambda: echo.factory.buildProtocol(None), AccumulatingProtocol
    )
    client.transport.write(b"hi")
    pump.flush()
    assert client.data == b"hi"


def test_ftp(serve, run, tmp_path):
    """A file is got whole; one that is not there is told of."""
    (tmp_path / "hello.txt").write_bytes(b"x" * 100_000)
    server = f"tcp:127.0.0.1:{serve('ftp_server.py', LOCAL, str(tmp_path))}"
    copy = tmp_path / "copy"
    done = run("ftp_get.py", server, "hello.txt", str(copy))
    assert (done.returncode, done.stdout) == (0, "100000 bytes\n"), done.stderr
    assert copy.read_bytes() == b"x" * 100_000
    done = run("ftp_get.py", server, "missing", str(copy))
    assert done.stderr.startswith("550 missing"), done.stderr
