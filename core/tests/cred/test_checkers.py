"""Portals, checkers, hashes of passwords, and checkers named on a command line."""

import io
import os
import pwd
import sys
import types

import pytest
from zope.interface import implementer
from zope.interface.verify import verifyClass, verifyObject

from twisted.cred import checkers, credentials, error, passwords, portal, strcred
from twisted.internet.defer import Deferred, succeed
from twisted.internet.testing import MemoryReactorClock
from twisted.python import usage
from twisted.python.threadpool import ThreadPool


class InlinePool(ThreadPool):
    """A pool whose only thread is the caller's."""

    def callInThreadWithCallback(self, onResult, func, *args, **kwargs):
        try:
            result = True, func(*args, **kwargs)
        except Exception as raised:
            result = False, raised
        onResult(*result)


class InlineReactor(MemoryReactorClock):
    """A reactor whose threads are its own."""

    def getThreadPool(self):
        return InlinePool()

    def callFromThread(self, f, *args, **kwargs):
        f(*args, **kwargs)


def outcome(deferred):
    """What a Deferred fired with; the failure's exception if it failed."""
    results = []
    deferred.addBoth(results.append)
    assert results, "has not fired"
    return getattr(results[0], "value", results[0])


def login(checker, name=b"ann", password=b"secret"):
    try:
        return outcome(checker.requestAvatarId(credentials.UsernamePassword(name, password)))
    except error.UnauthorizedLogin as refused:
        return refused


class Place(portal.Interface):
    """What a realm offers here."""


@implementer(portal.IRealm)
class Realm:
    def requestAvatar(self, avatarId, mind, *interfaces):
        if Place not in interfaces:
            raise NotImplementedError
        return succeed((Place, (avatarId, mind), lambda: None))


def test_a_portal_asks_the_checker_and_then_the_realm():
    """The avatar is for whom the checker named."""
    users = checkers.InMemoryUsernamePasswordDatabaseDontUse(ann=b"secret")
    door = portal.Portal(Realm(), [users])
    given = credentials.UsernamePassword(b"ann", b"secret")
    interface, avatar, _ = outcome(door.login(given, "mind", Place))
    assert (interface, avatar) == (Place, (b"ann", "mind"))
    assert isinstance(
        outcome(door.login(credentials.UsernamePassword(b"ann", b"x"), None, Place)),
        error.UnauthorizedLogin,
    )
    assert isinstance(outcome(door.login(given, None)), NotImplementedError)
    assert set(door.listCredentialsInterfaces()) == set(users.credentialInterfaces)


def test_credentials_that_nobody_checks():
    """The failure names them."""
    failed = outcome(portal.Portal(Realm()).login(credentials.Anonymous(), None, Place))
    assert isinstance(failed, error.UnhandledCredentials)
    assert "IAnonymous" in str(failed)


def test_a_checker_for_some_interfaces_only():
    """Named interfaces win over those of the checker."""
    door = portal.Portal(Realm())
    users = checkers.InMemoryUsernamePasswordDatabaseDontUse()
    door.registerChecker(users, credentials.IUsernamePassword)
    assert door.listCredentialsInterfaces() == [credentials.IUsernamePassword]


def test_anybody():
    """Who does not say who it is has a name of its own."""
    door = portal.Portal(Realm(), [checkers.AllowAnonymousAccess()])
    assert outcome(door.login(credentials.Anonymous(), None, Place))[1] == (
        checkers.ANONYMOUS,
        None,
    )


def test_a_password_may_be_compared_later():
    """`checkPassword` may give a Deferred."""
    later = Deferred()
    given = credentials.UsernamePassword(b"ann", b"")
    given.checkPassword = lambda password: later
    users = checkers.InMemoryUsernamePasswordDatabaseDontUse(ann=b"secret")
    result = users.requestAvatarId(given)
    later.callback(True)
    assert outcome(result) == b"ann"


@pytest.mark.parametrize("cache", [False, True])
def test_a_file_of_passwords(tmp_path, cache):
    """Names are found as the file is now, also when it is kept in memory."""
    file = tmp_path / "users"
    file.write_bytes(b"ann:secret\r\nmalformed\nBob:hidden:more\n")
    users = checkers.FilePasswordDB(str(file), cache=cache)
    assert verifyObject(checkers.ICredentialsChecker, users)
    assert login(users) == b"ann"
    assert login(users, b"Bob", b"hidden") == b"Bob"
    for name, password in ((b"bob", b"hidden"), (b"ann", b"hidden"), (b"malformed", b"")):
        assert isinstance(login(users, name, password), error.UnauthorizedLogin)
    file.write_bytes(b"ann:another!\n")
    assert login(users, b"ann", b"another!") == b"ann"
    assert isinstance(login(users, b"Bob", b"hidden"), error.UnauthorizedLogin)
    with pytest.raises(KeyError):
        users.getUser(b"nobody")


def test_other_fields_and_cases(tmp_path):
    """Fields, their separator and the case of names can be chosen."""
    file = tmp_path / "users"
    file.write_bytes(b"1;secret;ANN\n")
    users = checkers.FilePasswordDB(file, b";", 2, 1, caseSensitive=False)
    assert login(users, b"Ann") == b"ann"


def test_hashes_of_ones_own(tmp_path):
    """A function for hashes leaves plain passwords only."""
    file = tmp_path / "users"
    file.write_bytes(b"ann:terces\n")
    users = checkers.FilePasswordDB(file, hash=lambda name, given, kept: given[::-1])
    assert users.credentialInterfaces == (credentials.IUsernamePassword,)
    assert login(users) == b"ann"
    assert isinstance(login(users, b"ann", b"terces"), error.UnauthorizedLogin)
    cram = credentials.CramMD5Credentials()
    cram.username = b"ann"
    assert isinstance(outcome(users.requestAvatarId(cram)), error.UnhandledCredentials)


def test_a_file_that_is_not_there(tmp_path, errors):
    """Nobody is let in, and the log says why."""
    users = checkers.FilePasswordDB(tmp_path / "missing")
    assert isinstance(login(users), error.UnauthorizedLogin)


@pytest.mark.parametrize("scheme", passwords.SCHEMES)
def test_hashes(scheme):
    """A hash holds for its password, and is another one each time."""
    hashed = passwords.hashPassword(b"secret", scheme)
    assert hashed != passwords.hashPassword(b"secret", scheme)
    assert passwords.verifyPassword(b"secret", hashed)
    assert not passwords.verifyPassword(b"Secret", hashed)
    assert not passwords.verifyPassword(b"secret", hashed[:-5] + "AAAAA")


def test_scrypt_as_others_make_it():
    """The format is the one of passlib and others (salt and digest of RFC 7914, section 12)."""
    hashed = (
        "$scrypt$ln=10,r=8,p=16$TmFDbA$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIu"
        "rzDZLiKjiG/xCSedmDDaxyevuUqD7m2DYMvfoswGQA"
    )
    assert passwords.verifyPassword(b"password", hashed)


@pytest.mark.parametrize(
    "hashed",
    [
        "$scrypt$",
        "$scrypt$ln=30,r=8,p=1$TmFDbA$TmFDbA",  # takes too much memory
        "$scrypt$ln=99,r=999,p=999$TmFDbA$TmFDbA",
        "$scrypt$ln=4,r=8,p=1$T$T",
        "$argon2id$nonsense",
        "$2b$12$nonsense",
    ],
)
def test_malformed_hashes(hashed):
    """Nobody gets in by them, and nothing is raised."""
    assert not passwords.verifyPassword(b"", hashed)


def test_bcrypt_takes_no_more_than_72_bytes():
    """Rather than ignore the rest."""
    with pytest.raises(ValueError, match="72"):
        passwords.hashPassword(b"x" * 73, "bcrypt")
    with pytest.raises(passwords.UnknownScheme):
        passwords.hashPassword(b"x", "rot13")


def test_libraries_that_are_missing(monkeypatch):
    """The error names the extra."""
    for library in ("argon2", "bcrypt", "crypt_r"):
        monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(passwords.UnknownScheme, match=r"twisted-core\[passwords\]"):
        passwords.hashPassword(b"x", "bcrypt")
    with pytest.raises(passwords.UnknownScheme, match=r"twisted-core\["):
        passwords.verifyPassword(b"x", "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA")
    with pytest.raises(passwords.UnknownScheme, match=r"twisted-core\["):
        passwords.verifyPassword(b"x", "$6$salt$hash")


def test_making_a_line_for_the_file(monkeypatch, capsys):
    """``python -m twisted.cred.passwords`` asks twice and prints a line."""
    typed = iter(["secret", "secret", "one", "other"])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(typed))
    assert passwords.main(["ann"]) == 0
    name, _, hashed = capsys.readouterr().out.strip().partition(":")
    assert name == "ann"
    assert passwords.verifyPassword(b"secret", hashed)
    assert passwords.main(["ann"]) == 1
    assert passwords.main([]) == passwords.main(["a:b"]) == 2


def test_a_file_of_hashes(tmp_path, monkeypatch):
    """Right passwords are let in; who is not there costs a comparison, too."""
    file = tmp_path / "users"
    file.write_text(f"ann:{passwords.hashPassword(b'secret')}\n")
    users = checkers.HashedPasswordFile(file, InlineReactor())
    assert verifyObject(checkers.ICredentialsChecker, users)
    compared = []
    verify = checkers.verifyPassword
    monkeypatch.setattr(
        checkers, "verifyPassword", lambda *given: compared.append(given) or verify(*given)
    )
    assert login(users) == b"ann"
    assert isinstance(login(users, b"ann", b"x"), error.UnauthorizedLogin)
    assert isinstance(login(users, b"bob"), error.UnauthorizedLogin)
    assert len(compared) == 3
    assert compared[0][1] == compared[2][1]
    assert isinstance(login(users, b"ann", b"x" * 2000), error.UnauthorizedLogin)
    assert len(compared) == 3
    file.write_text("")
    assert isinstance(login(users), error.UnauthorizedLogin)
    assert len(compared) == 4


def test_a_hash_of_an_unknown_scheme(tmp_path, monkeypatch, errors):
    """The user cannot log in, and the log says why."""
    monkeypatch.setitem(sys.modules, "crypt_r", None)
    file = tmp_path / "users"
    file.write_text("ann:$weird$x\n")
    users = checkers.HashedPasswordFile(file, InlineReactor())
    assert isinstance(login(users), error.UnauthorizedLogin)


def test_too_many_at_once(tmp_path):
    """Some are compared at once, some wait, more are refused."""

    class Stuck(InlineReactor):
        def getThreadPool(self):
            return types.SimpleNamespace(callInThreadWithCallback=lambda *args: None)

    (tmp_path / "users").write_text("")
    users = checkers.HashedPasswordFile(tmp_path / "users", Stuck())
    ended = []
    for _ in range(204):
        given = credentials.UsernamePassword(b"a", b"")
        users.requestAvatarId(given).addBoth(ended.append)
    assert not ended
    with pytest.raises(error.UnauthorizedLogin):
        users.requestAvatarId(credentials.UsernamePassword(b"a", b""))


def test_pam(monkeypatch):
    """PAM is asked for the service, with text."""
    asked = []

    class PamAuthenticator:
        def authenticate(self, name, password, service, resetcreds):
            asked.append((name, password, service))
            return password == "secret"

    monkeypatch.setitem(
        sys.modules, "pam", types.SimpleNamespace(PamAuthenticator=PamAuthenticator)
    )
    users = checkers.PAMChecker("imap", InlineReactor())
    assert login(users) == b"ann"
    assert isinstance(login(users, b"ann", b"x"), error.UnauthorizedLogin)
    assert asked == [("ann", "secret", "imap"), ("ann", "x", "imap")]


def test_users_of_the_system(tmp_path, monkeypatch, errors):
    """``/etc/passwd`` is asked first; what it does not say stands in ``/etc/shadow``."""
    from twisted.cred import _unix
    from twisted.python.fakepwd import UserDatabase

    system = UserDatabase()
    hashed = passwords.hashPassword(b"secret", "bcrypt")
    system.addUser("ann", hashed)
    system.addUser("bob", "x")
    system.addUser("cy", "!")
    monkeypatch.setattr(_unix, "pwd", system)
    monkeypatch.setattr(_unix, "_SHADOW", str(tmp_path / "shadow"))
    users = _unix.UNIXChecker(InlineReactor())
    compared = []
    monkeypatch.setattr(
        _unix, "verifyPassword", lambda *a: compared.append(a) or passwords.verifyPassword(*a)
    )
    assert login(users) == "ann"
    assert isinstance(login(users, b"bob"), error.UnauthorizedLogin)
    (tmp_path / "shadow").write_text(f"root:*:1\nbob:{hashed}:19000:0:99999:7:::\n")
    assert login(users, b"bob") == "bob"
    for name, password in ((b"bob", b"x"), (b"cy", b"!"), (b"root", b"*"), (b"dan", b"")):
        compared.clear()
        assert isinstance(login(users, name, password), error.UnauthorizedLogin)
        # One hash is computed for each, so that the time does not tell who there is.
        assert compared == [(password, hashed)]


@pytest.mark.peer
def test_hashes_of_the_systems_library(monkeypatch, tmp_path):
    """What ``openssl passwd`` makes is known."""
    import subprocess

    for option in ("-6", "-5", "-1"):
        made = subprocess.run(
            ["openssl", "passwd", option, "secret"], capture_output=True, text=True, check=True
        ).stdout.strip()
        assert passwords.verifyPassword(b"secret", made)
        assert not passwords.verifyPassword(b"Secret", made)


@pytest.mark.peer
def test_the_systems_pam():
    """The modules of a service decide."""
    if os.getuid():
        pytest.fail("only root can write to /etc/pam.d")
    user = pwd.getpwuid(0).pw_name.encode()
    for module, right in (("pam_permit.so", True), ("pam_deny.so", False)):
        name = f"twisted-core-test-{os.getpid()}"
        path = f"/etc/pam.d/{name}"
        with open(path, "w") as file:
            file.write(f"auth required {module}\naccount required {module}\n")
        try:
            result = login(checkers.PAMChecker(name, InlineReactor()), user, b"anything")
            assert (result == user) is right
        finally:
            os.remove(path)


# Named on a command line


class AuthOptions(usage.Options, strcred.AuthOptionMixin):
    authOutput = io.StringIO()


class PasswordOptions(AuthOptions):
    supportedInterfaces = (credentials.IUsernamePassword,)


def test_types_of_checkers():
    """Core brings these, and each plugin keeps the contract."""
    factories = {factory.authType: factory for factory in strcred.findCheckerFactories()}
    assert {"anonymous", "file", "hashed", "memory", "pam", "unix"} <= set(factories)
    for factory in factories.values():
        verifyClass(strcred.ICheckerFactory, type(factory))
        assert factory.authHelp.strip()


def test_describing_a_checker(tmp_path):
    """A type and its argument make a checker."""
    assert login(strcred.makeChecker("memory:ann:secret:bob:x")) == b"ann"
    file = tmp_path / "users"
    file.write_text("ann:secret\n")
    assert login(strcred.makeChecker(f"file:{file}")) == b"ann"
    assert isinstance(strcred.makeChecker(f"hashed:{file}"), checkers.HashedPasswordFile)
    assert isinstance(strcred.makeChecker("anonymous"), checkers.AllowAnonymousAccess)
    assert strcred.makeChecker("unix").credentialInterfaces
    for wrong in ("memory:ann", "file", "file: ", "hashed:"):
        with pytest.raises(strcred.InvalidAuthArgumentString):
            strcred.makeChecker(wrong)
    with pytest.raises(strcred.InvalidAuthType):
        strcred.makeChecker("nonsense:x")


def test_pam_that_is_not_installed(monkeypatch):
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, "pam", None)
    with pytest.raises(strcred.InvalidAuthArgumentString, match=r"twisted-core\[unix\]"):
        strcred.makeChecker("pam:imap")


def test_a_warning_for_a_file_that_is_missing(monkeypatch, tmp_path):
    """It may appear later, so it is no error."""
    from twisted.plugins import cred_file

    output = io.StringIO()
    monkeypatch.setattr(cred_file.theFileCheckerFactory, "errorOutput", output, raising=False)
    strcred.makeChecker(f"file:{tmp_path / 'missing'}")
    assert "missing" in output.getvalue()


def test_options():
    """Each --auth adds a checker."""
    options = AuthOptions()
    options.parseOptions(["--auth", "memory:a:b", "--auth", "anonymous"])
    assert len(options["credCheckers"]) == 2
    assert set(options["credInterfaces"]) == {
        credentials.IAnonymous,
        credentials.IUsernamePassword,
        credentials.IUsernameHashedPassword,
    }


@pytest.mark.parametrize("wrong", ["anonymous", "memory:a", "nonsense"])
def test_options_that_are_wrong(wrong):
    """They are errors of usage."""
    with pytest.raises(usage.UsageError):
        PasswordOptions().parseOptions(["--auth", wrong])


def test_help(monkeypatch):
    """Only the types of use are listed; each can be asked for."""
    output = io.StringIO()
    monkeypatch.setattr(AuthOptions, "authOutput", output)
    for arguments in (["--help-auth"], ["--help-auth-type", "anonymous"]):
        with pytest.raises(SystemExit):
            PasswordOptions().parseOptions(arguments)
    listed, _, detailed = output.getvalue().partition("Usage: --auth anonymous")
    assert "memory" in listed
    assert "anonymous" not in listed
    assert strcred.notSupportedWarning in detailed
    with pytest.raises(usage.UsageError):
        PasswordOptions().parseOptions(["--help-auth-type", "nonsense"])
