"""Tests of forms and queries."""

from __future__ import annotations

from io import BytesIO
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twisted.web._http._forms import MAX_FIELDS, Form, query_fields, read_form
from twisted.web._http._head import BadRequest
from twisted.web._http._uploads import KEPT_IN_MEMORY, bare_name
from twisted.web.http import parse_qs

URLENCODED = b"application/x-www-form-urlencoded"
MULTIPART = b"multipart/form-data; boundary=B"


def fields_of(kind, content):
    """The fields of a form, as `Request.args` has them."""
    form = read_form(kind, content)
    if isinstance(form, Form):
        contents = form.contents()
        form.spool.close()
        return contents
    return form


def part(head, content=b"x"):
    """One part of a form."""
    return b"--B\r\n" + head + b"\r\n\r\n" + content + b"\r\n"


def field(name, content=b"x"):
    """A field of a form."""
    return part(b'Content-Disposition: form-data; name="%b"' % name, content)


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        (b"a=1&b=2&a=3", {b"a": [b"1", b"3"], b"b": [b"2"]}),
        (b"a=%41+%2B", {b"a": [b"A +"]}),
        (b"%61=1", {b"a": [b"1"]}),
        (b"a=1;b=2", {b"a": [b"1;b=2"]}),
        (b"a&b=&&c=%zz%", {b"b": [b""], b"c": [b"%zz%"]}),
        (b"", {}),
    ],
)
def test_query(query, fields):
    """Fields of a query are decoded; only the ampersand separates them."""
    assert query_fields(query) == fields


#: What fields are made of, and what may be mistaken for it.
PARTS = (b"%", b"4", b"a", b"=", b"&", b"+", b"\n", b"\r", b"%41", b"%3d", b"%26", b"%25", b"_")


@given(st.lists(st.sampled_from(PARTS), max_size=12).map(b"".join))
def test_same_as_one_by_one(query):
    """All fields are decoded together as each by itself."""
    expected = {}
    for field in query.split(b"&"):
        name, sign, value = field.replace(b"+", b" ").partition(b"=")
        if sign:
            expected.setdefault(unquote_to_bytes(name), []).append(unquote_to_bytes(value))
    assert parse_qs(query, True) == expected


def test_strictness():
    """Fields without a value are passed over, kept, or errors, as the caller wants."""
    assert parse_qs(b"a=&b=1") == {b"b": [b"1"]}
    assert parse_qs(b"a=&b=1", True) == {b"a": [b""], b"b": [b"1"]}
    with pytest.raises(ValueError, match="without a value"):
        parse_qs(b"a", strict_parsing=True)


def test_too_many_fields():
    """The number of fields is limited in queries and in both kinds of forms."""
    assert len(query_fields(b"&".join([b"a=1"] * MAX_FIELDS))[b"a"]) == MAX_FIELDS
    with pytest.raises(BadRequest, match="more than 1000 fields"):
        query_fields(b"&".join([b"a=1"] * (MAX_FIELDS + 1)))
    with pytest.raises(BadRequest):
        fields_of(URLENCODED, BytesIO(b"&".join([b"a=1"] * (MAX_FIELDS + 1))))
    with pytest.raises(BadRequest):
        fields_of(MULTIPART, BytesIO(field(b"a") * (MAX_FIELDS + 1) + b"--B--\r\n"))


def test_urlencoded():
    """A form in one piece is read like a query."""
    assert fields_of(URLENCODED + b"; charset=utf-8", BytesIO(b"a=1")) == {b"a": [b"1"]}


def test_multipart():
    """A form in parts gives the contents of its fields and files."""
    big = bytes(range(256)) * 1000
    file = part(b'Content-Disposition: form-data; name="f"; filename="../../x"', big)
    content = field(b"a", b"1") + file + field(b"a", b"") + b"--B--\r\n"
    assert fields_of(MULTIPART, BytesIO(content)) == {b"a": [b"1", b""], b"f": [big]}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("a.txt", "a.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\a b.txt", "a b.txt"),
        ("/abs/", ""),
        ("..", ""),
        ("a/..", ""),
        (".", ""),
        ("..\\..", ""),
        ("a\0\r\n\x1b.txt", "a.txt"),
        ("\N{SNOWMAN}.txt", "\N{SNOWMAN}.txt"),
        (" x ", "x"),
    ],
)
def test_file_names(sent, kept):
    """Of the name of a file nothing is kept that leads anywhere, or steers a terminal."""
    assert bare_name(sent) == kept


@pytest.mark.parametrize("size", [0, 10, KEPT_IN_MEMORY + 1])
def test_files(size, tmp_path):
    """Files have their names, types, sizes and contents, and can be kept."""
    data = b"x" * size
    head = (
        b'Content-Disposition: form-data; name="f"; filename="../../x.bin"\r\n'
        b"Content-Type: application/x-thing"
    )
    content = field(b"f", b"text") + part(head, data) + part(head, b"other") + b"--B--\r\n"
    form = read_form(MULTIPART, BytesIO(content))
    assert form.contents() == {b"f": [b"text", data, b"other"]}
    ((name, (file, other)),) = form.files().items()
    assert (name, file.name, file.filename) == (b"f", b"f", "x.bin")
    assert (file.contentType, file.size, other.size) == ("application/x-thing", size, 5)
    assert repr(file) == f"<UploadedFile 'x.bin' of {size} bytes>"
    assert file.file.read() == data
    file.save(tmp_path / "kept")
    assert (tmp_path / "kept").read_bytes() == data
    with pytest.raises(FileExistsError):
        file.save(tmp_path / "kept")
    assert file.file.read() == b""
    assert file.file.seek(0, 2) == size
    with pytest.raises(ValueError, match="before the beginning"):
        file.file.seek(-1)
    assert other.content() == b"other"
    assert form.spool.onDisk == (size > KEPT_IN_MEMORY)
    form.spool.close()
    if form.spool.onDisk:
        with pytest.raises(ValueError, match="closed file"):
            file.content()
    else:
        assert file.content() == data


def test_too_large():
    """What is no file has a limit together, which files do not count for."""
    texts = field(b"a", b"x" * 60) + field(b"b", b"x" * 60) + b"--B--\r\n"
    with pytest.raises(BadRequest) as caught:
        read_form(MULTIPART, BytesIO(texts), max_size=100)
    assert caught.value.code == 413
    file = part(b'Content-Disposition: form-data; name="f"; filename="x"', b"x" * 200)
    form = read_form(MULTIPART, BytesIO(file + field(b"a") + b"--B--\r\n"), max_size=100)
    assert form.contents()[b"f"] == [b"x" * 200]
    form.spool.close()
    with pytest.raises(BadRequest) as caught:
        read_form(URLENCODED, BytesIO(b"a=" + b"x" * 100), max_size=100)
    assert caught.value.code == 413


def test_other_content():
    """Any other content is no form."""
    assert fields_of(b"application/json", BytesIO(b"{}")) is None


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (b"multipart/form-data", b""),
        (b"multipart/form-data; boundary=" + b"x" * 71, b""),
        (MULTIPART, b""),
        (MULTIPART, field(b"a")),
        (MULTIPART, b"nothing"),
        (MULTIPART, part(b"Content-Type: text/plain") + b"--B--\r\n"),
        (MULTIPART, part(b"A: b\r\n" * 20 + b'Content-Disposition: form-data; name="a"')),
        (MULTIPART, part(b'Content-Disposition: form-data; name="' + b"x" * 9000 + b'"')),
    ],
)
def test_malformed(kind, content):
    """A malformed form is the client's mistake."""
    with pytest.raises(BadRequest):
        fields_of(kind, BytesIO(content))


@given(
    st.lists(
        st.sampled_from(
            [b"%", b"&", b"=", b"+", b"4", b"a", b"%41", b"%25", b"%26", b"%3D", b"%3d", b"%2b"]
        )
    ),
    st.sampled_from([b"", b"".join(b"%%%02x" % octet for octet in range(256))]),
)
def test_decoded_at_once(pieces, many):
    """Decoding all fields at once gives what decoding one by one does."""
    text = b"x=" + many + b"".join(pieces)
    expected = {}
    for field in text.split(b"&"):
        name, sign, value = field.partition(b"=")
        if sign:
            name, value = (unquote_to_bytes(part.replace(b"+", b" ")) for part in (name, value))
            expected.setdefault(name, []).append(value)
    assert parse_qs(text, 1) == expected
