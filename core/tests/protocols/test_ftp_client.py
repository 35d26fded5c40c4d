"""An FTP client: what it sends, what it makes of answers, and with a real server."""

from __future__ import annotations

import os
import subprocess

import pytest

from twisted.internet import error
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.protocols import ftp
from twisted.python.failure import Failure


def result(deferred):
    """What a Deferred has fired with."""
    got = []
    deferred.addBoth(got.append)
    (value,) = got
    if isinstance(value, Failure):
        raise value.value
    return value


# With a server


@pytest.mark.parametrize("passive", [1, 0])
def test_client(served, passive):
    """The client of this package, with the server of this package."""
    client = served.client("me", "secret", passive=passive)

    class Keep(Protocol):
        got = b""

        def dataReceived(self, data):
            self.got += data

    async def work():
        assert await client.getDirectory() == "/"
        keep = Keep()
        await client.retrieveFile("file", keep, offset=2)
        assert keep.got == b"23456789"
        connected, finished = client.storeFile("sub/new")
        sender = await connected
        sender.write(b"y" * 200_000)
        sender.finish()
        await finished
        listing = ftp.FTPFileListProtocol()
        await client.list("sub", listing)
        assert [(f["filename"], f["size"]) for f in listing.files] == [("new", 200_000)]
        names = Keep()
        await client.nlst(None, names)
        assert b"file\r\n" in names.got
        assert (await client.rename("sub/new", "sub/newer"))[1][0].startswith("250")
        await client.makeDirectory("sub/dir")
        await client.cwd("sub")
        await client.cdup()
        await client.removeDirectory("sub/dir")
        await client.removeFile("sub/newer")
        for refused in (
            client.cwd("nothing"),
            client.retrieveFile("nothing", Keep()),
            client.rename("nothing", "x"),
            client.storeFile("nothing/x")[1],
        ):
            with pytest.raises(ftp.CommandFailed, match="550"):
                await refused
        return await client.quit()

    assert served.wait(Deferred.fromCoroutine(work())) == ["221 Goodbye."]


def test_client_cancels(served):
    """A transfer that is cancelled ends its data connection; the client goes on."""
    (served.home / "large").write_bytes(b"x" * 30_000_000)
    client = served.client("me", "secret")

    class Count(Protocol):
        got = 0

        def dataReceived(self, data):
            self.got += len(data)

    count = Count()
    transfer = client.retrieveFile("large", count)
    served.kit.spin(served.reactor, lambda: count.got)
    transfer.cancel()
    with pytest.raises(CancelledError):
        served.wait(transfer)
    assert served.wait(client.getDirectory()) == "/"
    client.transport.loseConnection()


def test_client_with_a_wrong_password(served):
    """Everything that waits for the login fails with what the server says."""
    client = served.client("me", "wrong")
    with pytest.raises(ftp.CommandFailed, match="530"):
        served.wait(client.pwd())
    with pytest.raises(ftp.CommandFailed, match="530"):
        result(client.pwd())


@pytest.mark.parametrize("passive", [1, 0])
def test_tls_with_this_client(certified, passive):
    """The client of this package protects both, too."""
    served, _ = certified
    client = served.client("me", "secret", passive=passive, contextFactory=served.options)
    got = []

    class Keep(Protocol):
        def dataReceived(self, data):
            got.append(data)

    async def work():
        await client.pwd()
        await client.retrieveFile("file", Keep())
        connected, finished = client.storeFile("new")
        sender = await connected
        sender.write(b"z" * 100_000)
        sender.finish()
        await finished

    served.wait(Deferred.fromCoroutine(work()))
    assert b"".join(got) == b"0123456789"
    assert (served.home / "new").read_bytes() == b"z" * 100_000
    client.transport.loseConnection()


# The client's control connection


def talking(*args, **kw):
    """A client with a server that only talks."""
    client = ftp.FTPClient(*args, **kw)
    transport = StringTransport(peerAddress=IPv4Address("TCP", "10.0.0.1", 21))
    client.makeConnection(transport)
    return client, transport


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.cwd("a\rb"),
        lambda client: client.queueStringCommand("NOOP\r\nDELE x"),
        lambda client: client.retrieveFile("a\r", Protocol()),
        lambda client: client.storeFile("a\r"),
        lambda client: client.rename("a", "b\r"),
        lambda client: client.queueLogin("a\nDELE x", "b"),
        lambda client: client.queueLogin("a", "b\r\nDELE x"),
        lambda client: client.sendLine("a\nb"),
    ],
)
def test_no_command_in_an_argument(call):
    """Nothing that a client is given begins another command."""
    client, transport = talking()
    with pytest.raises(ValueError, match="line end"):
        call(client)
    assert transport.value() == b""


def test_client_limits():
    """A server that never ends its answer, or its line, is given up."""
    for data in (b"x" * 20_000, b"200-x\r\n" + b"more\r\n" * 300_000):
        client, transport = talking()
        waiting = client.pwd()
        client.dataReceived(b"220 hi\r\n")
        client.dataReceived(data)
        with pytest.raises(ftp.BadResponse, match="too long"):
            result(waiting)
        assert transport.disconnecting or transport.disconnected


def test_client_waits_so_long():
    """An answer that does not come in time ends the connection."""
    clock = Clock()
    client, transport = talking()
    client.callLater = clock.callLater
    client.answerTime = 10
    waiting = client.pwd()
    client.lineReceived(b"220 hi")
    clock.advance(11)
    with pytest.raises(error.TimeoutError):
        result(waiting)
    assert transport.disconnecting or transport.disconnected


def test_client_and_nonsense():
    """What is no answer fails the command, and no other."""
    client, _ = talking()
    client.lineReceived(b"220 hi")
    client.lineReceived(b"230 in")
    client.lineReceived(b"200 type")
    first, second = client.pwd(), client.pwd()
    client.lineReceived(b"nonsense")
    client.lineReceived(b'257 "/"')
    with pytest.raises(ftp.BadResponse):
        result(first)
    assert result(second) == ['257 "/"']


def test_client_is_not_sent_elsewhere():
    """The address in the answer to PASV is ignored, unless it is trusted."""
    for trust, host in ((False, "10.0.0.1"), (True, "10.9.9.9")):
        client, _ = talking(trustPasvAddr=trust)
        made = []
        client.connectFactory = lambda host, port, factory, made=made: made.append((host, port))
        for line in (b"220 hi", b"230 in", b"200 type"):
            client.lineReceived(line)
        client.retrieveFile("x", Protocol()).addErrback(lambda failure: None)
        client.lineReceived(b"227 come (10,9,9,9,4,1)")
        assert made == [(host, 1025)]
        client.connectionLost(Failure(error.ConnectionDone()))
    client, _ = talking()
    for line in (b"220 hi", b"230 in", b"200 type"):
        client.lineReceived(line)
    refused = client.retrieveFile("x", Protocol())
    client.lineReceived(b"227 come anywhere")
    with pytest.raises(ftp.UnexpectedResponse):
        result(refused)


def test_a_data_connection_that_cannot_be_made():
    """It fails the transfer at once: the server may say nothing for long."""
    client, _ = talking()
    factories = []
    client.connectFactory = lambda host, port, factory: factories.append(factory)
    for line in (b"220 hi", b"230 in", b"200 type"):
        client.lineReceived(line)
    transfer = client.retrieveFile("x", Protocol())
    client.lineReceived(b"227 come (10,0,0,1,4,1)")
    factories[0].clientConnectionFailed(None, Failure(error.ConnectionRefusedError()))
    with pytest.raises(error.ConnectionRefusedError):
        result(transfer)


def test_a_download_that_is_cut_short():
    """A data connection that ends as it should not is told apart from a whole file."""
    client, _ = talking()
    protocols = []
    client.connectFactory = lambda host, port, factory: protocols.append(
        factory.buildProtocol(None)
    )
    for line in (b"220 hi", b"230 in", b"200 type"):
        client.lineReceived(line)
    transfer = client.retrieveFile("x", Protocol())
    client.lineReceived(b"227 come (10,0,0,1,4,1)")
    protocols[0].makeConnection(StringTransport())
    protocols[0].connectionLost(Failure(error.ConnectionLost()))
    client.lineReceived(b"150 here")
    client.lineReceived(b"226 done")
    with pytest.raises(error.ConnectionLost):
        result(transfer)


def test_data_from_where_they_should_go():
    """A server that sends into an upload fails it."""
    sender = ftp.SenderProtocol()
    transport = StringTransport()
    sender.makeConnection(transport)
    assert result(sender.connectedDeferred) is sender
    sender.dataReceived(b"x")
    assert transport.disconnecting
    with pytest.raises(ftp.UnexpectedData):
        result(sender.deferred)


def test_client_takes_one_data_connection():
    """In active mode only the server may connect."""
    closed = []

    class Port:
        def loseConnection(self):
            closed.append(self)

    factory = ftp.FTPDataPortFactory()
    factory.protocol, factory.port, factory.peerHost = Protocol(), Port(), "10.0.0.1"
    assert factory.buildProtocol(IPv4Address("TCP", "10.0.0.9", 1)) is None
    assert not closed
    assert factory.buildProtocol(IPv4Address("TCP", "10.0.0.1", 1)) is factory.protocol
    assert closed


def test_client_over_ipv6():
    """For IPv6 there is EPSV, whose answer names a port alone."""
    client = ftp.FTPClient()
    client.makeConnection(StringTransport(peerAddress=IPv6Address("TCP", "::1", 21)))
    made = []
    client.connectFactory = lambda host, port, factory: made.append((host, port))
    for line in (b"220 hi", b"230 in", b"200 type"):
        client.lineReceived(line)
    client.transport.clear()
    client.retrieveFile("x", Protocol()).addErrback(lambda failure: None)
    assert client.transport.value() == b"EPSV\r\n"
    client.lineReceived(b"229 come (|||1025|)")
    assert made == [("::1", 1025)]
    client.connectionLost(Failure(error.ConnectionDone()))


def test_client_without_tls_says_nothing():
    """A server that refuses TLS is told no name, and no password."""
    client, transport = talking("me", "secret", contextFactory=object())
    waiting = client.pwd()
    client.lineReceived(b"220 hi")
    assert transport.value() == b"AUTH TLS\r\n"
    client.lineReceived(b"502 no")
    with pytest.raises(ftp.CommandFailed, match="502"):
        result(waiting)
    assert transport.value() == b"AUTH TLS\r\n"
    assert transport.disconnecting


def test_nothing_is_smuggled_into_the_clients_tls():
    """Answers that come in plain text behind that to AUTH are forgotten."""
    client, transport = talking("me", "secret", contextFactory="context")
    begun = []
    transport.startTLS = lambda context, normal: begun.append(context)
    client.lineReceived(b"220 hi")
    transport.clear()
    client.dataReceived(b"234 begin\r\n230 you are in\r\n200 PBSZ\r\n200 PROT\r\n200 TYPE\r\n")
    assert begun == ["context"]
    assert transport.value() == b"USER me\r\n"
    client.connectionLost(Failure(error.ConnectionDone()))


# Another project's server

VSFTPD = """
listen=YES
listen_address=127.0.0.1
background=NO
anonymous_enable=YES
no_anon_password=YES
anon_upload_enable=YES
write_enable=YES
anon_other_write_enable=YES
ssl_enable=YES
allow_anon_ssl=YES
require_ssl_reuse=NO
ssl_ciphers=HIGH
seccomp_sandbox=NO
"""


@pytest.mark.peer
@pytest.mark.timeout(60)
@pytest.mark.parametrize("passive", [1, 0])
@pytest.mark.parametrize("tls", [False, True])
def test_vsftpd(certified, tmp_path, tls, passive):
    """The client gets, puts and lists files of a server that many people run."""
    served, _ = certified
    root = tmp_path / "served"
    (root / "pub").mkdir(parents=True)
    (tmp_path / "empty").mkdir()
    (root / "pub").chmod(0o777)
    for parent in root.parents:
        if parent.stat().st_uid == os.getuid() and str(parent).startswith("/tmp/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    content = os.urandom(1_000_000)
    (root / "pub" / "file").write_bytes(content)
    pem = tmp_path / "both.pem"
    pem.write_bytes(served.certificate.dumpPEM())
    pem.chmod(0o600)
    served.number = served.kit.freePort()
    conf = tmp_path / "vsftpd.conf"
    more = [f"listen_port={served.number}", f"anon_root={root}", f"rsa_cert_file={pem}"]
    more.append(f"secure_chroot_dir={tmp_path / 'empty'}")
    if os.getuid():
        more.append("run_as_launching_user=YES")
    conf.write_text(VSFTPD + "\n".join(more) + "\n")
    server = subprocess.Popen(["vsftpd", str(conf)])

    class Keep(Protocol):
        got = b""

        def dataReceived(self, data):
            self.got += data

    async def work(client):
        keep = Keep()
        await client.pwd()
        await client.retrieveFile("pub/file", keep)
        assert keep.got == content
        connected, finished = client.storeFile("pub/new")
        sender = await connected
        sender.write(content)
        sender.finish()
        await finished
        assert await client.queueStringCommand("SIZE pub/new") == ["213 1000000"]
        listing = ftp.FTPFileListProtocol()
        await client.list("pub", listing)
        assert {each["filename"] for each in listing.files} == {"file", "new"}
        await client.removeFile("pub/new")
        with pytest.raises(ftp.CommandFailed, match="550"):
            await client.cwd("nothing")
        return await client.quit()

    try:
        served.kit.spin(served.reactor, lambda: served.kit.listens(served.number))
        client = served.client(passive=passive, contextFactory=served.options if tls else None)
        assert served.wait(Deferred.fromCoroutine(work(client)))[0].startswith("221")
    finally:
        server.terminate()
        server.wait(20)
