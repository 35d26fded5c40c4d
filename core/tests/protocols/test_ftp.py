"""FTP: commands, files, data connections, what attackers try, and TLS; on both sides."""

from __future__ import annotations

import ftplib
import io
import os
import socket
import subprocess

import pytest

from twisted.application.service import IServiceMaker
from twisted.cred import checkers, credentials, portal
from twisted.internet import error
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.plugin import getPlugins
from twisted.protocols import ftp
from twisted.protocols._ftp import _addresses as addresses
from twisted.protocols._ftp import _data
from twisted.protocols.guarded import GuardedLineReceiver
from twisted.python.failure import Failure
from twisted.python.filepath import FilePath, Permissions
from twisted.python.usage import UsageError
from twisted.tap import ftp as tap

# Addresses and paths


@pytest.mark.parametrize(
    ("cwd", "path", "segments"),
    [
        ([], "a/b", ["a", "b"]),
        (["x"], "a//./b/", ["x", "a", "b"]),
        (["x"], "/a", ["a"]),
        (["x", "y"], "../z", ["x", "z"]),
        (["x"], "..", []),
    ],
)
def test_segments(cwd, path, segments):
    """Paths are relative to a directory, or absolute."""
    assert ftp.toSegments(cwd, path) == segments


@pytest.mark.parametrize("path", ["..", "/..", "a/../..", "a\0b", "/a/../../etc"])
def test_paths_that_lead_nowhere(path):
    """Nothing is above the root, and NUL ends no path."""
    with pytest.raises(ftp.InvalidPath):
        ftp.toSegments([], path)


def test_host_and_port():
    """Both ways of writing addresses can be read again."""
    assert ftp.encodeHostPort("10.0.0.1", 6446) == "10,0,0,1,25,46"
    assert ftp.decodeHostPort("Entering (10,0,0,1,25,46)") == ("10.0.0.1", 6446)
    for host in ("10.0.0.1", "::1"):
        written = addresses.encodeExtendedAddress(host, 6446)
        assert ftp.decodeExtendedAddress(written)[1:] == (host, 6446)


@pytest.mark.parametrize("line", ["", "1,2,3,4,5", "1,2,3,4,5,256", "a,b,c,d,e,f"])
def test_no_host_and_port(line):
    """What is no address is an error."""
    with pytest.raises(ValueError):
        ftp.decodeHostPort(line)


@pytest.mark.parametrize(
    "line", ["", "|", "|1|h|", "|1|h|x|", "1|h|1|", "|1|h|999999|", "|1|h|1|x"]
)
def test_no_extended_address(line):
    """What is no address is an error."""
    with pytest.raises(ValueError):
        ftp.decodeExtendedAddress(line)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1.2.3.4", "1.2.3.4", True),
        ("::ffff:1.2.3.4", "1.2.3.4", True),
        ("127.0.0.1", "::1", True),
        ("1.2.3.4", "1.2.3.5", False),
        ("127.0.0.1", "1.2.3.4", False),
        ("host", "host", True),
        ("host", "1.2.3.4", False),
    ],
)
def test_same_host(one, other, same):
    """A host may have several addresses, if it is this one."""
    assert addresses.sameHost(one, other) is same


@pytest.mark.parametrize("path", [["a b"], ['say "x"', "y"], []])
def test_quoted_paths(path):
    """Quotes in a path come back."""
    line = f'257 "{addresses.quotedPath(path)}" is it'
    assert ftp.parsePWDResponse(line) == "/" + "/".join(path)
    assert ftp.parsePWDResponse("257 nothing") is None


# Listings

ROW = (5, False, Permissions(0o640), 2, 0, "me", "us")


def test_listing_both_ways():
    """What a server lists a client reads."""
    from twisted.protocols._ftp._listing import listLine

    now = 1_700_000_000
    line = listLine("a ü".encode(), (*ROW[:4], now - 5, *ROW[5:]), now)
    assert line.decode() == "-rw-r-----   2 me        us                      5 Nov 14 22:13 a ü"
    old = listLine(b"x", ROW, now)
    assert b"Jan 01  1970 x" in old
    read = ftp.FTPFileListProtocol()
    read.makeConnection(StringTransport())
    read._encoding = "utf-8"
    read.dataReceived(line + b"\r\n" + old + b"\r\nnonsense\r\n")
    first, second = read.files
    assert (first["filename"], first["size"], first["nlinks"]) == ("a ü", 5, 2)
    assert (second["date"], second["owner"], second["linktarget"]) == ("Jan 01  1970", "me", None)


# The server's control connection


class Shell:
    """Files of a user, of whom nothing is on a disk."""

    def __init__(self, **answers):
        self.answers = answers

    def __getattr__(self, name):
        if name not in self.answers:
            raise AttributeError(name)
        return self.answers[name]


class Session:
    """A server with a client that only talks."""

    def __init__(self, host="10.0.0.2", peer="10.0.0.1", kind=IPv4Address, **settings):
        self.clock = Clock()
        self.users = checkers.InMemoryUsernamePasswordDatabaseDontUse(me="secret")
        self.logouts = []
        realm = self
        self.factory = ftp.FTPFactory(portal.Portal(realm, [self.users]))
        self.factory.portal.registerChecker(checkers.AllowAnonymousAccess())
        for name, value in settings.items():
            setattr(self.factory, name, value)
        self.transport = StringTransport(
            hostAddress=kind("TCP", host, 21), peerAddress=kind("TCP", peer, 5000)
        )
        self.protocol = self.factory.buildProtocol(None).wrappedProtocol
        self.protocol.callLater = self.clock.callLater
        self.shell = Shell()
        self.protocol.makeConnection(self.transport)

    def requestAvatar(self, avatarId, mind, *interfaces):
        return ftp.IFTPShell, self.shell, lambda: self.logouts.append(avatarId)

    def said(self):
        text = self.transport.value().decode("utf-8", "surrogateescape")
        self.transport.clear()
        return text.split("\r\n")[:-1]

    def say(self, *lines):
        """Send lines. @return: what is answered."""
        self.said()
        for line in lines:
            self.protocol.dataReceived(line.encode() + b"\r\n")
        return self.said()

    def login(self):
        assert self.say("USER me", "PASS secret")[-1] == "230 User logged in, proceed"
        return self


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    """Data connections of sessions that only talk wait for a clock that stands still."""
    real = _data.currentReactor
    monkeypatch.setattr(_data, "currentReactor", lambda given: given or real(None))


def test_greeting_and_good_bye():
    """The server speaks first, and closes when it is told."""
    made = Session()
    assert made.said() == [f"220 {made.factory.welcomeMessage}"]
    assert made.say("quit") == ["221 Goodbye."]
    assert made.transport.disconnecting


IN = ["USER me", "PASS secret"]
FIRST = "503 Incorrect sequence of commands: "


@pytest.mark.parametrize(
    ("before", "line", "answer"),
    [
        ([], "PASS x", FIRST + "USER required before PASS"),
        ([], "PWD", "530 Please login with USER and PASS."),
        ([], "USER", "500 Syntax error: USER requires an argument."),
        ([], "USER ", "500 Syntax error: USER requires an argument."),
        ([], "NONE", "530 Please login with USER and PASS."),
        (["USER me"], "PWD", FIRST + "PASS required after USER"),
        (["USER me"], "PASS wrong", "530 Sorry, Authentication failed."),
        (IN, "NONE x", "502 Command 'NONE' not implemented"),
        (IN, "__INIT__", "502 Command '__INIT__' not implemented"),
        (IN, "PWD x", "500 Syntax error: PWD takes no argument."),
        (IN, "RNTO x", FIRST + "RNFR required before RNTO"),
        ([*IN, "RNFR a"], "NOOP", FIRST + "RNTO required after RNFR"),
        (IN, "TYPE E", "504 Not implemented for parameter 'E'."),
        (IN, "TYPE", "500 Syntax error: TYPE requires an argument."),
        (IN, "TYPE ", "504 Not implemented for parameter ''."),
        (IN, "TYPE I 8", "501 syntax error in argument(s) 8."),
        (IN, "type a n", "200 Type set to AN."),
        (IN, "TYPE L 8", "200 Type set to L 8."),
        (IN, "TYPE L 7", "501 syntax error in argument(s) 7."),
        (IN, "MODE B", "504 Not implemented for parameter 'B'."),
        (IN, "MODE S", "200 Command OK"),
        (IN, "STRU F", "200 Command OK"),
        (IN, "OPTS utf8 on", "200 Paths are in UTF-8."),
        (IN, "OPTS MLST size;", "200 MLST OPTS type;size;modify;perm;unix.mode;"),
        (IN, "ALLO 5", "202 Command not implemented, superfluous at this site"),
        (IN, "STAT", "211 System status reply"),
        (IN, "REST 5", "502 Command 'REST' not implemented"),
        (IN, "REST -5", "501 syntax error in argument(s) -5."),
        (IN, "CWD ../x", "550 ../x: No such file or directory."),
        (IN, "RETR x", FIRST + "PORT, PASV, EPRT, or EPSV required before RETR"),
        (IN, "PORT 1,2", "501 syntax error in argument(s) 1,2."),
        (IN, "EPRT |3|h|1025|", "522 Network protocol not supported, use (1,2)"),
        (IN, "ABOR", "226 Abort successful"),
        (IN, "AUTH TLS", "502 Command 'AUTH' not implemented"),
        (IN, "PROT P", FIRST + "AUTH required before PROT"),
        (IN, "PBSZ 0", FIRST + "AUTH required before PBSZ"),
        (IN, "\xff\xf4\xff\xf2NOOP", "200 Command OK"),
    ],
)  # fmt: skip
def test_answers(before, line, answer):
    """Each command is answered, whenever it comes."""
    made = Session()
    made.say(*before)
    made.said()
    made.protocol.dataReceived(line.encode("latin-1" if "\xff" in line else "utf-8") + b"\r\n")
    assert made.said()[-1] == answer


@pytest.mark.parametrize(
    ("line", "host", "answer"),
    [
        ("PORT 10,0,0,9,200,0", "10.0.0.1", 504),  # somebody else
        ("PORT 10,0,0,1,0,25", "10.0.0.1", 504),  # a service of the peer
        ("PORT 127,0,0,1,200,0", "10.0.0.1", 504),
        ("EPRT |1|10.0.0.9|50000|", "10.0.0.1", 504),
        ("EPRT |2|::1|50000|", "10.0.0.1", 504),
        ("EPRT |1|10.0.0.1|1023|", "10.0.0.1", 504),
    ],
)
def test_no_bounce(line, host, answer):
    """A data connection goes to the peer alone, and to none of its services."""
    made = Session(peer=host).login()
    assert made.say(line)[0].startswith(str(answer))


def test_features_and_help():
    """The server says what it can; TLS only if it has a certificate."""
    made = Session()
    features = made.say("FEAT")
    assert features[0] == "211-Features:"
    assert features[-1] == "211 End"
    assert {" EPSV", " MDTM", " REST STREAM", " SIZE", " UTF8"} <= set(features)
    assert " AUTH TLS" not in features
    assert " AUTH TLS" in Session(contextFactory=object()).say("FEAT")
    assert "RETR" in made.login().say("HELP")[0]


def test_anonymous():
    """One name needs no password, unless that is switched off."""
    assert Session().say("USER anonymous", "PASS a@b")[-1].startswith("230 Anonymous")
    other = Session(userAnonymous="guest")
    assert other.say("USER anonymous") == ["331 Password required for anonymous."]
    assert Session(allowAnonymous=False).say("USER anonymous", "PASS x")[-1].startswith("530")


def test_logins_are_limited():
    """Who guesses passwords is sent away; known and unknown users get the same answers."""
    made = Session()
    for attempt in range(made.protocol.maxLogins):
        assert not made.transport.disconnecting
        answers = made.say(f"USER {'me' if attempt % 2 else 'nobody'}", "PASS guess")
        assert answers[1] == "530 Sorry, Authentication failed."
    assert answers[-1].startswith("421")
    assert made.transport.disconnecting


def test_errors_are_limited():
    """Who makes nothing but errors is sent away; one who does not, is not."""
    made = Session().login()
    for _ in range(3):
        for _ in range(made.protocol.maxErrors):
            made.say("NONSENSE")
        made.say("NOOP")
    assert not made.transport.disconnecting
    for _ in range(made.protocol.maxErrors + 1):
        made.say("NONSENSE")
    assert made.transport.disconnecting


def test_lines_are_limited():
    """A line that never ends closes the connection."""
    made = Session()
    made.protocol.dataReceived(b"x" * 5000)
    assert made.said()[-1] == "500 Syntax error: line too long"
    assert made.transport.disconnecting


def test_idle():
    """An idle connection is closed, with a word."""
    made = Session(timeOut=60).login()
    made.clock.advance(59)
    made.say("NOOP")
    made.clock.advance(59)
    assert not made.transport.disconnecting
    made.clock.advance(2)
    assert made.said() == ["421 Service not available, closing control connection."]
    assert made.transport.disconnecting


def test_one_command_after_the_other():
    """Commands that come early wait; of too many no more are read."""
    waiting = Deferred()
    made = Session().login()
    made.shell.answers["access"] = lambda path: waiting
    assert made.say("CWD a", "PWD") == []
    for _ in range(100):
        made.say("NOOP")
    assert made.transport.producerState == "paused"
    waiting.callback(None)
    answers = made.said()
    assert answers[0].startswith("250")
    assert answers[1] == '257 "/a"'
    assert len(answers) == 102
    assert made.transport.producerState == "producing"


def test_a_user_who_leaves(errors):
    """Whatever was under way, the user is logged out, and nothing is said any more."""
    waiting = Deferred()
    made = Session().login()
    made.shell.answers["access"] = lambda path: waiting
    made.say("CWD a", "PWD")
    made.protocol.connectionLost(Failure(error.ConnectionDone()))
    assert made.logouts == ["me"]
    waiting.errback(ftp.FileNotFoundError("a"))
    assert made.said() == []
    assert made.clock.getDelayedCalls() == []


def test_another_login():
    """A second login ends the first."""
    made = Session().login()
    made.say("CWD ..")
    made.login()
    assert made.logouts == ["me"]


def test_what_a_shell_raises(errors):
    """What was not foreseen is logged, and not told."""
    made = Session().login()
    made.shell.answers["access"] = lambda path: fail(KeyError("secret"))
    assert made.say("CWD a") == ["550 Requested action not taken: internal server error"]
    made.shell.answers["access"] = lambda path: 1 // 0
    assert made.say("CWD a") == ["550 Requested action not taken: internal server error"]
    assert len(errors.take(KeyError, ZeroDivisionError)) == 2


def test_no_line_ends_in_replies():
    """What a client has sent ends no line of an answer."""
    made = Session().login()
    assert made.say("OPTS a\rb\nc") == ["502 Option 'a b c' not implemented."]


def test_tls_is_required():
    """Nobody sends a password in plain text then."""
    made = Session(contextFactory=object(), requireTLS=True)
    assert made.say("USER me")[0].startswith("530 Please begin TLS")


def test_nothing_is_smuggled_into_tls(errors):
    """What comes in plain text behind AUTH is dropped, and so is the login before it."""
    made = Session(contextFactory="context").login()
    begun = []
    made.transport.startTLS = lambda context, normal: begun.append((context, normal))
    made.said()
    made.protocol.dataReceived(b"AUTH TLS\r\nUSER me\r\nPASS secret\r\nDELE x\r\n")
    assert made.said() == ["234 TLS begins"]
    assert begun == [("context", True)]
    assert made.say("PWD") == ["530 Please login with USER and PASS."]
    assert made.say("AUTH TLS")[0].startswith("503")
    assert made.say("PROT X")[0].startswith("536")
    assert made.say("PROT P", "PROT C") == [
        "200 Protection set to Private.",
        "200 Protection set to Clear.",
    ]
    assert made.say("AUTH GSSAPI")[0].startswith("504")


def test_passive_over_ipv6():
    """PASV knows IPv4 only; an IPv4 address in the guise of IPv6 is one."""
    made = Session(host="2001:db8::1", peer="2001:db8::2", kind=IPv6Address).login()
    assert made.say("PASV") == ["502 PASV available only for IPv4 (use EPSV instead)"]


def test_passive_address_and_ports(monkeypatch):
    """Behind a router another address is told; ports come from a range; without any, 425."""
    made = Session(passiveAddress="192.0.2.1", passivePortRange=range(6000, 6003)).login()
    tried = []

    class Port:
        def __init__(self, number):
            self.number = number

        def getHost(self):
            return IPv4Address("TCP", "10.0.0.2", self.number)

        def stopListening(self):
            tried.append("closed")

    def listen(number, factory, backlog=50, interface=""):
        tried.append(number)
        if number < 6002:
            raise error.CannotListenError(interface, number, OSError("taken"))
        return Port(number)

    made.protocol.listenFactory = listen
    monkeypatch.setattr(_data, "currentReactor", lambda given: made.clock)
    assert made.say("PASV") == ["227 Entering Passive Mode (192,0,2,1,23,114)."]
    assert tried == [6000, 6001, 6002]
    made.protocol.passivePortRange = range(6000, 6001)
    assert made.say("PASV") == ["425 Can't open data connection."]
    assert "closed" in tried


# Data connections


class Interpreter:
    dtpInstance = None


def test_data_connections_of_others():
    """Somebody else's connection is refused, and the right one is still taken."""
    clock = Clock()
    factory = ftp.DTPFactory(Interpreter(), "10.0.0.1", clock)
    assert factory.buildProtocol(IPv4Address("TCP", "10.0.0.9", 1)) is None
    assert factory.buildProtocol(IPv4Address("TCP", "10.0.0.1", 1)) is not None
    assert factory.buildProtocol(IPv4Address("TCP", "10.0.0.1", 1)) is None


def test_text_is_changed():
    """The ends of lines of a text are those of the wire, and here those of this system."""
    sent = io.BytesIO()
    consumer = ftp.FileConsumer(sent)
    ftp.ASCIIConsumerWrapper(consumer).write(b"a\nb")
    assert sent.getvalue() == b"a\r\nb"
    for pieces in ([b"a\r\nb\r"], [b"a\r", b"\nb\r"], [b"a", b"\r", b"\n", b"b", b"\r"]):
        taken = io.BytesIO()
        receiver = _data.ASCIIReceiver(ftp.FileConsumer(taken))
        receiver.registerProducer(None, True)
        for piece in pieces:
            receiver.write(piece)
        before = taken.getvalue()
        receiver._cons.unregisterProducer = lambda: None
        receiver.unregisterProducer()
        assert before == b"a\nb"
        assert taken.getvalue() == b"a\nb\r"


def test_stalls():
    """A data connection on which nothing moves is ended."""
    clock = Clock()
    factory = ftp.DTPFactory(Interpreter(), None, clock)
    made = factory.buildProtocol(None)
    made.callLater = clock.callLater
    transport = StringTransport()
    made.makeConnection(transport)
    assert transport.producerState == "paused"
    ended = made.registerConsumer(ftp.FileConsumer(io.BytesIO()))
    assert transport.producerState == "producing"
    clock.advance(made.stallTime - 1)
    made.dataReceived(b"x")
    clock.advance(made.stallTime - 1)
    assert not transport.disconnected
    clock.advance(1)
    assert transport.disconnecting or transport.disconnected
    ended.addErrback(lambda failure: None)


def test_a_disk_that_is_full(errors):
    """What cannot be written ends the upload."""

    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(28, "No space left on device")

    made = ftp.DTPFactory(Interpreter(), None, Clock()).buildProtocol(None)
    transport = StringTransport()
    made.makeConnection(transport)
    made.callLater = Clock().callLater
    made.registerConsumer(ftp.FileConsumer(Full())).addErrback(lambda failure: None)
    made.dataReceived(b"x")
    assert transport.disconnecting or transport.disconnected
    assert len(errors.take(OSError)) == 1


# Files


def result(deferred):
    """What a Deferred has fired with."""
    got = []
    deferred.addBoth(got.append)
    (value,) = got
    if isinstance(value, Failure):
        raise value.value
    return value


OUT = [
    (lambda shell: shell.openForReading(("link",)), ftp.FileNotFoundError),
    (lambda shell: shell.stat(("link",), ("size",)), ftp.FileNotFoundError),
    (lambda shell: shell.access(("way-out",)), ftp.FileNotFoundError),
    (lambda shell: shell.list(("way-out",)), ftp.FileNotFoundError),
    (lambda shell: shell.openForWriting(("link",)), ftp.FileNotFoundError),
    (lambda shell: shell.openForWriting(("way-out", "x")), ftp.FileNotFoundError),
    (lambda shell: shell.openForWritingFrom(("link",), None), ftp.FileNotFoundError),
    (lambda shell: shell.makeDirectory(("way-out", "x")), ftp.FileNotFoundError),
    (lambda shell: shell.removeFile(("way-out", "x")), ftp.FileNotFoundError),
    (lambda shell: shell.rename(("file",), ("way-out", "x")), ftp.FileNotFoundError),
    (lambda shell: shell.openForReading(("..", "secret")), ftp.FileNotFoundError),
    (lambda shell: shell.removeDirectory(()), ftp.PermissionDeniedError),
    (lambda shell: shell.rename((), ("x",)), ftp.PermissionDeniedError),
    (lambda shell: shell.removeFile(("sub",)), ftp.IsADirectoryError),
    (lambda shell: shell.openForReading(("sub",)), ftp.IsADirectoryError),
    (lambda shell: shell.openForReading(("pipe",)), ftp.PermissionDeniedError),
    (lambda shell: shell.removeDirectory(("file",)), ftp.IsNotADirectoryError),
    (lambda shell: shell.makeDirectory(("sub",)), ftp.FileExistsError),
    (lambda shell: shell.makeDirectory(("x" * 300,)), ftp.NameNotAllowedError),
    (lambda shell: shell.access(("file",)), ftp.FileNotFoundError),
    (lambda shell: shell.access(("broken",)), ftp.FileNotFoundError),
]


@pytest.mark.parametrize(("call", "kind"), OUT)
def test_what_a_shell_refuses(files, call, kind):
    """Nothing leads out of the directory, and errors of the system are told as what they are."""
    os.mkfifo(files / "pipe")
    with pytest.raises(kind):
        result(call(ftp.FTPShell(FilePath(str(files)))))


def test_links_within(files):
    """A symbolic link that stays within is followed; those that do not are not listed."""
    shell = ftp.FTPShell(FilePath(str(files)))
    assert result(shell.access(("inner",))) is None
    names = [name for name, _ in result(shell.list(()))]
    assert names == ["file", "inner", "sub"]
    result(shell.removeFile(("link",)))
    assert not os.path.lexists(files / "link")


def test_patterns(files):
    """A pattern lists what it matches."""
    shell = ftp.FTPShell(FilePath(str(files)))
    assert [name for name, _ in result(shell.list(("f*",)))] == ["file"]
    (files / "[x]").touch()
    assert [name for name, _ in result(shell.list(("[x]",)))] == ["[x]"]


def test_anonymous_users_change_nothing(files):
    """Each change is refused."""
    shell = ftp.FTPAnonymousShell(FilePath(str(files)))
    for call in (
        lambda: shell.makeDirectory(("x",)),
        lambda: shell.removeDirectory(("sub",)),
        lambda: shell.removeFile(("file",)),
        lambda: shell.rename(("file",), ("x",)),
        lambda: shell.receive(("x",)),
    ):
        with pytest.raises(ftp.AnonUserDeniedError):
            result(call())
    for call in (
        lambda: shell.openForWriting(("x",)),
        lambda: shell.openForWritingFrom(("file",), 3),
    ):
        with pytest.raises(ftp.PermissionDeniedError):
            result(call())
    assert (files / "file").read_bytes() == b"0123456789"


@pytest.mark.parametrize("name", ["../x", "", ".", "a/b", b"..", "a\0b"])
def test_names_that_are_no_directories(tmp_path, name):
    """A user's name leads nowhere else."""
    from twisted.cred.error import UnauthorizedLogin

    with pytest.raises(UnauthorizedLogin):
        ftp.FTPRealm(str(tmp_path), str(tmp_path)).getHomeDirectory(name)


def test_realms(tmp_path):
    """A name may be in bytes, as some checkers give it."""
    realm = ftp.FTPRealm(str(tmp_path), str(tmp_path))
    assert realm.getHomeDirectory(b"me") == FilePath(str(tmp_path)).child("me")
    with pytest.raises(NotImplementedError):
        realm.requestAvatar("me", None)
    home = ftp.SystemFTPRealm(str(tmp_path)).getHomeDirectory("root")
    assert home == FilePath(os.path.expanduser("~root"))


# Both sides, over sockets


def session(made, tls=None, user="me"):
    """A client of the standard library, logged in."""
    client = ftplib.FTP(timeout=10) if tls is None else ftplib.FTP_TLS(timeout=10, context=tls)
    try:
        client.connect("127.0.0.1" if tls is None else "localhost", made.number)
        client.login(user, "secret")
        if tls is not None:
            client.prot_p()
    except BaseException:
        client.close()
        raise
    return client


@pytest.mark.parametrize("passive", [True, False])
def test_another_client(served, passive):
    """A client of another project does everything."""

    def use():
        client = session(served)
        client.set_pasv(passive)
        got = io.BytesIO()
        client.retrbinary("RETR file", got.write)
        assert got.getvalue() == b"0123456789"
        got = io.BytesIO()
        client.retrbinary("RETR file", got.write, rest=4)
        assert got.getvalue() == b"456789"
        client.storbinary("STOR new file", io.BytesIO(b"x" * 300_000))
        client.storbinary("STOR new file", io.BytesIO(b"end"), rest=100_000)
        assert client.size("new file") == 100_003
        client.storbinary("APPE new file", io.BytesIO(b"!"))
        assert client.size("new file") == 100_004
        client.storlines("STOR text", io.BytesIO(b"one\ntwo\n"))
        lines = []
        client.retrlines("RETR text", lines.append)
        assert lines == ["one", "two"]
        client.mkd("Ordner ü")
        assert "Ordner ü" in client.nlst()
        client.cwd("Ordner ü")
        assert client.pwd() == "/Ordner ü"
        client.cwd("..")
        client.rename("text", "Ordner ü/text")
        assert client.nlst("Ordner ü") == ["text"]
        assert client.nlst("nothing") == []
        assert client.nlst("f*") == ["file"]
        facts = dict(client.mlsd("Ordner ü"))["text"]
        assert (facts["type"], facts["size"], facts["perm"]) == ("file", "8", "rwafd")
        assert "type=file;size=10;" in client.sendcmd("MLST file")
        assert "size=10" in client.sendcmd("MLST file")
        assert client.sendcmd("MDTM file").startswith("213 20")
        assert "file" in client.sendcmd("STAT .")
        lines = []
        client.retrlines("LIST -la", lines.append)
        assert any(line.endswith(" file") for line in lines)
        client.delete("Ordner ü/text")
        client.rmd("Ordner ü")
        for refused in ("RETR sub", "RETR nothing", "STOR sub", "CWD nothing", "SIZE sub"):
            ask = client.transfercmd if refused[:4] in ("RETR", "STOR") else client.voidcmd
            with pytest.raises(ftplib.error_perm, match="550"):
                ask(refused)
        client.quit()

    served.during(use)
    assert (served.home / "new file").read_bytes() == b"x" * 100_000 + b"end!"
    assert served.factory.connectionCount <= 1


def test_abort(served):
    """A transfer that is aborted is answered, then the abort; and everything goes on."""
    (served.home / "large").write_bytes(b"x" * 30_000_000)

    def use():
        client = session(served)
        data = client.transfercmd("RETR large")
        assert data.recv(10)
        assert client.abort().startswith("426")
        assert client.getresp().startswith("226 Abort")
        data.close()
        data = client.transfercmd("STOR partly")
        data.sendall(b"x")
        assert client.abort().startswith("426")
        assert client.getresp().startswith("226 Abort")
        data.close()
        # Nobody has made the data connection yet.
        client.makepasv()
        client.putcmd("RETR file")
        assert client.abort().startswith("426")
        assert client.getresp().startswith("226 Abort")
        assert client.pwd() == "/"
        client.close()

    served.during(use)


def test_a_client_that_goes_away(served, errors):
    """Whoever leaves in the midst of a transfer leaves nothing behind."""
    (served.home / "large").write_bytes(b"x" * 30_000_000)

    def use(command):
        client = session(served)
        data = client.transfercmd(command)
        if command.startswith("RETR"):
            assert data.recv(10)
        client.sock.close()
        data.close()

    for command in ("RETR large", "STOR partly"):
        served.during(use, command)
    served.kit.spin(served.reactor, lambda: served.factory.connectionCount == 0)
    served.kit.spin(
        served.reactor,
        lambda: not [r for r in served.reactor.getReaders() if type(r).__name__ == "Server"],
    )


def test_nobody_comes(served, monkeypatch):
    """A data connection that is not made in time is an answer, not a hang."""
    monkeypatch.setattr(ftp.FTP, "dtpTimeout", 0.05)

    def use():
        client = session(served)
        client.makepasv()
        with pytest.raises(ftplib.error_temp, match="425"):
            client.sendcmd("RETR file")
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            with pytest.raises(ftplib.error_temp, match="425"):
                client.sendport("127.0.0.1", closed.getsockname()[1])
        client.quit()

    served.during(use)


def test_too_many_connections(served):
    """Those above the limit are told."""
    served.factory.connectionLimit = 1

    def use():
        client = session(served)
        with pytest.raises(ftplib.error_temp, match="421"):
            session(served)
        client.quit()
        client.close()

    served.during(use)


# TLS


@pytest.mark.parametrize("passive", [True, False])
def test_tls_with_another_client(certified, passive):
    """Control and data connections are protected; those that are not are refused."""
    served, trusting = certified

    def use():
        with pytest.raises(ftplib.error_perm, match="530"):
            session(served)
        client = session(served, trusting)
        client.set_pasv(passive)
        got = io.BytesIO()
        client.retrbinary("RETR file", got.write)
        assert got.getvalue() == b"0123456789"
        client.storbinary("STOR new", io.BytesIO(b"x" * 300_000))
        assert client.size("new") == 300_000
        client.prot_c()
        with pytest.raises(ftplib.error_perm, match="522"):
            client.nlst()
        client.close()

    served.during(use)


# What is shared with other protocols


def test_guarded_lines():
    """The mechanism by itself: switching once, dropping what came, counting errors."""

    class Receiver(GuardedLineReceiver):
        maxErrors = 2
        forgotten = 0

        def lineReceived(self, line):
            if line == b"TLS":
                self.switchToTLS("context", normal=False)
            else:
                self.countError()

        def plaintextForgotten(self):
            self.forgotten += 1

    made, transport = Receiver(), StringTransport()
    begun = []
    transport.startTLS = lambda *args: begun.append(args)
    made.makeConnection(transport)
    made.dataReceived(b"x\r\nTLS\r\nx\r\nx\r\nx")
    assert begun == [("context", False)]
    assert made.forgotten == 1
    made.dataReceived(b"x\r\n")
    assert not transport.disconnecting
    made.dataReceived(b"x\r\n")
    assert transport.disconnecting
    with pytest.raises(RuntimeError):
        made.switchToTLS("context")
    unlimited = GuardedLineReceiver()
    unlimited.maxErrors = None
    assert not any(unlimited.countError() for _ in range(1000))


# The command


def test_plugin():
    """The command is found."""
    assert "ftp" in {maker.tapname for maker in getPlugins(IServiceMaker)}


def made(*words):
    options = tap.Options()
    options.parseOptions(words)
    return options


def test_service(tmp_path):
    """The options make a factory."""
    passwords = tmp_path / "passwords"
    passwords.write_text("me:secret\n")
    service = tap.makeService(
        made(
            *("--root", str(tmp_path), "--userHome", str(tmp_path), "--auth", f"file:{passwords}"),
            *("--port", "2122", "--passive-ports", "5000-5002", "--userAnonymous", "guest"),
        )
    )
    number, factory = service.args
    assert (number, factory.userAnonymous) == (2122, "guest")
    assert list(factory.passivePortRange) == [5000, 5001, 5002]
    login = credentials.UsernamePassword(b"me", b"secret")
    _, shell, _ = result(factory.portal.login(login, None, ftp.IFTPShell))
    assert shell.filesystemRoot == FilePath(str(tmp_path)).child("me")
    assert tap.makeService(made("--listen", "tcp:2123:interface=127.0.0.1")).endpoint._port == 2123


def test_service_with_tls(tmp_path):
    """A file in PEM makes TLS possible, and another option makes it necessary."""
    from twisted.internet import ssl

    certificate = ssl.KeyPair.generate().selfSignedCert(1, CN="localhost")
    path = tmp_path / "both.pem"
    path.write_bytes(certificate.dumpPEM())
    service = tap.makeService(made("--certificate", str(path), "--require-tls"))
    assert service.args[1].contextFactory is not None
    assert service.args[1].requireTLS


@pytest.mark.parametrize(
    "words",
    [
        ["--passive-ports", "x"],
        ["--passive-ports", "10-5"],
        ["--passive-ports", "5-70000"],
        ["--require-tls"],
        ["--port", "tcp:x"],
    ],
)
def test_wrong_options(words):
    """What makes no sense is an error of usage."""
    with pytest.raises(UsageError):
        made(*words)


# Other projects' programs


@pytest.mark.peer
@pytest.mark.timeout(60)
def test_curl_and_lftp(certified, tmp_path):
    """Programs that people use, with and without TLS."""
    served, _ = certified
    served.factory.requireTLS = False
    authority = tmp_path / "authority.pem"
    authority.write_bytes(
        served.factory.contextFactory.certificate.to_cryptography().public_bytes(
            __import__("cryptography").hazmat.primitives.serialization.Encoding.PEM
        )
    )
    (served.home / "large").write_bytes(os.urandom(1_000_000))

    def run(*command):
        return subprocess.run(command, capture_output=True, check=True, timeout=30).stdout

    def use():
        url = f"ftp://localhost:{served.number}/"
        user = ("-u", "me:secret")
        tls = ("--ssl-reqd", "--cacert", str(authority))
        for more in ((), tls):
            assert run("curl", "-sS", *more, *user, url + "file") == b"0123456789"
            assert run("curl", "-sS", "-r", "4-", *more, *user, url + "file") == b"456789"
            large = run("curl", "-sS", *more, *user, url + "large")
            assert large == (served.home / "large").read_bytes()
            run("curl", "-sS", *more, *user, "-T", str(authority), url + "put")
            assert (served.home / "put").read_bytes() == authority.read_bytes()
        assert run("curl", "-sS", "-P", "-", *user, url + "file") == b"0123456789"
        settings = f"set ssl:ca-file {authority}; set ftp:ssl-force true;"
        listed = run(
            *("lftp", "-u", "me,secret", "-p", str(served.number), "-e"),
            settings + "mkdir d; mput -O d " + str(authority) + "; cls -1 d; mirror d "
            f"{tmp_path}/mirrored; rm -r d; quit",
            "localhost",
        )
        assert listed == b"d/authority.pem\n"
        assert (tmp_path / "mirrored" / "authority.pem").exists()

    served.during(use)
