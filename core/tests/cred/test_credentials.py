"""Credentials: what a response to a challenge proves, and what it does not."""

import hmac
import urllib.request

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from twisted.cred import credentials
from twisted.cred.error import LoginFailed


def answer(challenge, password=b"secret", count=b"00000001", method="GET", **changes):
    """A response to a challenge of HTTP Digest, as the standard library makes it."""
    fields = {name: value.decode() for name, value in challenge.items()}
    urls = urllib.request.AbstractDigestAuthHandler()
    hashed, keyed = urls.get_algorithm_impls(fields["algorithm"].upper())
    a1 = f"ann:{fields['realm']}:{password.decode()}"
    middle = f"{fields['nonce']}:{count.decode()}:cn:auth"
    values = {
        "username": "ann",
        "realm": fields["realm"],
        "nonce": fields["nonce"],
        "uri": "/a,b=c",
        "response": keyed(hashed(a1), f"{middle}:{hashed(f'{method}:/a,b=c')}"),
        "opaque": fields["opaque"],
        "cnonce": "cn",
        "algorithm": fields["algorithm"],
    }
    values.update(changes)
    quoted = ", ".join(f'{name}="{value}"' for name, value in values.items())
    return f"{quoted}, qop=auth, nc={count.decode()}".encode()


@pytest.fixture(params=[b"md5", b"sha"])
def factory(request):
    return credentials.DigestCredentialFactory(request.param, b"a place")


def test_a_right_response_is_right_once(factory):
    """A response holds for the password, not for another, and not when it is sent again."""
    challenge = factory.getChallenge("10.0.0.1")
    response = answer(challenge)
    given = factory.decode(response, b"GET", "10.0.0.1")
    assert given.username == b"ann"
    assert not given.checkPassword(b"wrong")
    assert given.checkPassword(b"secret")
    assert given.checkPassword(b"secret")  # for another checker
    replayed = factory.decode(response, b"GET", "10.0.0.1")
    assert not replayed.checkPassword(b"secret")


def test_a_hash_does_instead_of_the_password(factory):
    """Who keeps H(name:realm:password) can check, too."""
    response = answer(factory.getChallenge(None))
    hashed = credentials.calcHA1(factory.algorithm, b"ann", b"a place", b"secret", b"", b"")
    assert factory.decode(response, b"GET", None).checkHash(hashed)
    assert not factory.decode(response, b"GET", None).checkHash(hashed[::-1])


def test_responses_may_overtake_each_other(factory):
    """Counts are taken in any order while they are near each other, each of them once."""
    challenge = factory.getChallenge(None)

    def used(count):
        return not factory.decode(
            answer(challenge, count=b"%08x" % count), b"GET", None
        ).checkPassword(b"secret")

    assert [used(n) for n in (1, 3, 2, 3, 2, 100, 99, 1, 40, 99, 101)] == [
        False, False, False, True, True, False, False, True, False, True, False,
    ]  # fmt: skip


@given(st.lists(st.integers(0, 200), max_size=60))
def test_no_count_is_taken_twice(counts):
    """Whatever the order."""
    from twisted.cred._digest import _Uses

    uses = _Uses()
    taken = [n for n in counts if uses.claim(b"n", 1.0, n)]
    assert len(taken) == len(set(taken))


def test_what_is_kept_of_nonces_is_bounded(monkeypatch):
    """The oldest are forgotten, and then not taken any more."""
    from twisted.cred import _digest

    monkeypatch.setattr(_digest, "_NONCES_KEPT", 10)
    uses = _digest._Uses()
    for number in range(50):
        assert uses.claim(b"%d" % number, float(number), 1)
    assert len(uses._used) == 10
    assert not uses.claim(b"3", 3.0, 1)
    assert uses.claim(b"45", 45.0, 2)
    uses.forget(48.0)
    assert len(uses._used) <= 10


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"username": ""}, "no username"),
        ({"nonce": ""}, "no nonce"),
        ({"opaque": "x-!!"}, "invalid opaque"),
        ({"opaque": ""}, "invalid opaque"),
        ({"nonce": "other"}, "incompatible opaque/nonce"),
        ({"algorithm": "token"}, "algorithm"),
    ],
)
def test_what_cannot_be_a_response(factory, change, text):
    """Each reason is told."""
    response = answer(factory.getChallenge("10.0.0.1"), **change)
    with pytest.raises(LoginFailed, match=text):
        factory.decode(response, b"GET", "10.0.0.1")


def test_a_response_is_the_clients_own(factory):
    """Another address cannot use a challenge."""
    response = answer(factory.getChallenge("10.0.0.1"))
    with pytest.raises(LoginFailed, match="client"):
        factory.decode(response, b"GET", "10.0.0.2")


def test_challenges_grow_old(factory):
    """After a quarter of an hour a challenge is of no use."""
    factory._getTime = lambda: 1000.0
    response = answer(factory.getChallenge(None))
    factory._getTime = lambda: 1000.0 + factory.CHALLENGE_LIFETIME_SECS + 1
    with pytest.raises(LoginFailed, match="too old"):
        factory.decode(response, b"GET", None)


@pytest.mark.parametrize("count", [b"1", b"0000000g", b"", b"-0000001"])
def test_counts_are_eight_hexadecimal_digits(factory, count):
    """Anything else is refused."""
    response = answer(factory.getChallenge(None), count=count)
    with pytest.raises(LoginFailed):
        factory.decode(response, b"GET", None).checkPassword(b"secret") or _fail()


def _fail():
    raise LoginFailed("no")


@given(st.binary(max_size=200))
def test_no_header_raises_anything_else(header):
    """Whatever a client sends, it is a failed login."""
    factory = credentials.DigestCredentialFactory(b"md5", b"r")
    with pytest.raises(LoginFailed):
        factory.decode(header, b"GET", None)


def test_responses_without_what_is_needed_are_wrong():
    """What is missing makes a response wrong, and is no error."""
    for fields in ({}, {"response": b"0", "uri": b"/", "nonce": b"n", "algorithm": b"x"},
                   {"response": b"0", "uri": b"/", "nonce": b"n", "qop": b"auth-int"}):  # fmt: skip
        given = credentials.DigestedCredentials(b"u", b"GET", b"r", fields)
        assert not given.checkPassword(b"p")


def test_cram_md5():
    """The example of RFC 2195, section 2."""
    given = credentials.CramMD5Credentials(b"postoffice.reston.mci.net")
    assert verifyObject(credentials.IUsernameHashedPassword, given)
    assert given.getChallenge() == given.getChallenge()
    assert given.getChallenge().endswith(b"@postoffice.reston.mci.net>")
    given.challenge = b"<1896.697170952@postoffice.reston.mci.net>"
    given.setResponse(b"tim b913a602c7eda7a495b4e6e7334d3890")
    assert (given.username, given.moreChallenges()) == (b"tim", False)
    assert given.checkPassword(b"tanstaaftanstaaf")
    assert not given.checkPassword(b"tanstaaf")


def test_cram_md5_without_a_challenge():
    """An answer to nothing is wrong, even if it is the hash of nothing."""
    given = credentials.CramMD5Credentials()
    given.setResponse(b"tim " + hmac.new(b"p", b"", "md5").hexdigest().encode())
    assert not given.checkPassword(b"p")
    for malformed in (b"", b"tim", b"tim ", b" b913"):
        with pytest.raises(ValueError, match="CRAM-MD5"):
            given.setResponse(malformed)


def test_plain_credentials():
    """Passwords, hashes and keys are kept; comparing takes bytes and text."""
    assert credentials.UsernamePassword(b"a", b"b").checkPassword(b"b")
    assert credentials.UsernamePassword(b"a", "\u00e9").checkPassword("\u00e9".encode())
    assert not credentials.UsernamePassword(b"a", b"b").checkPassword(None)
    assert credentials.UsernameHashedPassword(b"a", b"h").checkPassword(b"h")
    key = credentials.SSHPrivateKey(b"a", b"ssh-ed25519", b"blob", b"data", b"sig")
    assert verifyObject(credentials.ISSHPrivateKey, key)
    assert (key.username, key.algName, key.blob) == (b"a", b"ssh-ed25519", b"blob")


@pytest.mark.parametrize("piece", [b",", b" ", b"a", b'a="', b"a=,", b'\\"', b"= "])
def test_long_headers_take_no_time(piece):
    """Whatever is repeated in them."""
    from time import process_time

    from twisted.cred._digest import parseFields

    began = process_time()
    parseFields(piece * 20_000)
    assert process_time() - began < 1
