"""Tests of `twisted.web.template`."""

from __future__ import annotations

import io
from typing import Any
from xml.sax import SAXParseException

import pytest
from zope.interface import implementer

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.logger import capturedLogs
from twisted.python.failure import Failure
from twisted.python.filepath import FilePath
from twisted.web.error import (
    FlattenerError,
    MissingRenderMethod,
    MissingTemplateLoader,
    UnexposedMethodError,
    UnfilledSlot,
    UnsupportedType,
)
from twisted.web.iweb import IRenderable
from twisted.web.template import (
    CDATA,
    TEMPLATE_NAMESPACE,
    CharRef,
    Comment,
    Element,
    Tag,
    TagLoader,
    XMLFile,
    XMLString,
    flatten,
    flattenString,
    renderElement,
    renderer,
    slot,
    tags,
)
from twisted.web.test.requesthelper import DummyRequest
from twisted.web.util import FailureElement, formatFailure

NAMESPACE = f'xmlns:t="{TEMPLATE_NAMESPACE}"'


def flat(root: Any) -> bytes:
    """A document as bytes; its error, if there is one, is raised."""
    results: list[Any] = []
    flattenString(None, root).addBoth(results.append)
    (result,) = results
    if isinstance(result, Failure):
        result.raiseException()
    assert isinstance(result, bytes)
    return result


def why(root: Any) -> BaseException:
    """What keeps a document from being written."""
    with pytest.raises(FlattenerError) as raised:
        flat(root)
    return raised.value.exception


NASTY = "<script>\"'&</script>"


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        ("one", b"one"),
        (b"<bytes>", b"&lt;bytes&gt;"),
        (NASTY, b"&lt;script&gt;\"'&amp;&lt;/script&gt;"),
        (tags.p(tags.em("a"), " b", id="x"), b'<p id="x"><em>a</em> b</p>'),
        (tags.br, b"<br />"),
        (tags.br("content"), b"<br>content</br>"),
        (tags.script(src="x"), b'<script src="x"></script>'),
        (tags.transparent("a", tags.b("c")), b"a<b>c</b>"),
        (tags.a(href=NASTY), b'<a href="&lt;script&gt;&quot;\'&amp;&lt;/script&gt;"></a>'),
        (
            tags.a(title=["<", tags.b('"', x="y")]),
            b'<a title="&lt;&lt;b x=&quot;y&quot;&gt;&quot;&lt;/b&gt;"></a>',
        ),
        (
            tags.a(title=tags.b(id='"')),
            b'<a title="&lt;b id=&quot;&amp;quot;&quot;&gt;&lt;/b&gt;"></a>',
        ),
        (["a", ("b", (x for x in "cd"))], b"abcd"),
        (CDATA("a]]>b"), b"<![CDATA[a]]]]><![CDATA[>b]]>"),
        (Comment("a-->b--!>c-"), b"<!--a--&gt;b--!&gt;c- -->"),
        (Comment("->a"), b"<!-- ->a-->"),
        (Comment(">a"), b"<!-- >a-->"),
        (CharRef(9731), b"&#9731;"),
        (tags.p(slot("x")).fillSlots(x="<"), b"<p>&lt;</p>"),
        (tags.p(title=slot("x")).fillSlots(x='"'), b'<p title="&quot;"></p>'),
        (tags.p(slot("x", "else")), b"<p>else</p>"),
        (tags.div(tags.p(slot("x")).fillSlots(x="in")).fillSlots(x="out"), b"<div><p>in</p></div>"),
        (succeed(tags.b("later")), b"<b>later</b>"),
        (tags.p(class_="c", for_="f"), b'<p class="c" for="f"></p>'),
    ],
)
def test_flattened(root: Any, expected: bytes) -> None:
    assert flat(root) == expected


def test_coroutine() -> None:
    async def name() -> str:
        return "<" + str(await succeed("x"))

    assert flat(tags.p(name())) == b"<p>&lt;x</p>"


def test_nested_deeply() -> None:
    document: Any = "x"
    for _ in range(20_000):
        document = [document]
    assert flat(document) == b"x"


@pytest.mark.parametrize(
    "name", ["a onclick", "a>", "a/", 'a"', "a'", "a=b", "a\n", "a\0", "<", ""]
)
def test_names_that_are_none(name: str) -> None:
    """What would end a name where it stands, and begin something else, is refused."""
    assert isinstance(why(tags.p(**{name: "x"})), ValueError)
    if name:
        assert isinstance(why(Tag(name)), ValueError)


@pytest.mark.parametrize(
    ("root", "kind"),
    [
        (None, UnsupportedType),
        (tags.p(slot("x")), UnfilledSlot),
        (tags.p(render="x"), ValueError),
        (Tag("é"), UnicodeEncodeError),
        (Tag("p", {"é": ""}), UnicodeEncodeError),
        (Element(), MissingTemplateLoader),
        (Element(TagLoader(tags.p(render="x"))), MissingRenderMethod),
    ],
)
def test_not_flattened(root: Any, kind: type[Exception]) -> None:
    assert isinstance(why(root), kind)


def test_error_tells_the_way() -> None:
    @implementer(IRenderable)
    class Broken:
        def __repr__(self) -> str:
            return "<broken>"

        def render(self, request: Any) -> Any:
            raise ZeroDivisionError("no")

    tag = Tag("div", filename="page.xml", lineNumber=3, columnNumber=1)(["x" * 100, Broken()])
    with pytest.raises(FlattenerError) as raised:
        flat(tag)
    lines = str(raised.value).splitlines()
    assert lines[:2] == [
        "Exception while flattening:",
        '  File "page.xml", line 3, column 1, in "div"',
    ]
    assert lines[2].startswith("  ['xxx")
    assert lines[3] == "  <broken>"
    assert lines[-1] == "ZeroDivisionError: no"


def test_written_in_pieces() -> None:
    written: list[bytes] = []
    later: Deferred[str] = Deferred()
    done = flatten(None, ["a", "b" * 70_000, "c", later, "e"], written.append)
    assert [len(piece) for piece in written] == [70_001, 1]
    assert not done.called
    later.callback("d")
    assert written[2:] == [b"de"]
    assert done.called


def test_deferred_keeps_its_result() -> None:
    value = succeed("x")
    assert flat([value, value]) == b"xx"


def test_cancelled() -> None:
    waiting: Deferred[str] = Deferred()
    failures: list[Failure] = []
    done = flatten(None, waiting, lambda data: None)
    done.addErrback(failures.append)
    done.cancel()
    waiting.addErrback(lambda failure: failure.trap(CancelledError))
    assert isinstance(failures[0].value.exception, CancelledError)


class Page(Element):
    loader = XMLString(
        f'<ul {NAMESPACE} class="list"><li t:render="items"><t:attr name="id"><t:slot name="id"/>'
        '</t:attr><t:transparent t:render="name">?</t:transparent></li><!-- end --></ul>'
    )

    @renderer
    def items(self, request: Any, tag: Tag) -> Any:
        for number in range(2):
            yield tag.clone().fillSlots(id=f"n{number}")

    @renderer
    def name(self, request: Any, tag: Tag) -> Any:
        return succeed(tag.clear()("<name>"))

    def hidden(self, request: Any, tag: Tag) -> str:
        return "never"


def test_element() -> None:
    row = b'<li id="n%d">&lt;name&gt;</li>'
    assert flat(Page()) == b'<ul class="list">' + row % 0 + row % 1 + b"<!-- end --></ul>"
    assert flat(Page()) == flat(Page())


def test_only_marked_methods_are_called() -> None:
    assert isinstance(why(Page(TagLoader(tags.p(render="hidden")))), MissingRenderMethod)
    assert isinstance(why(Page(TagLoader(tags.p(render="__init__")))), MissingRenderMethod)
    with pytest.raises(UnexposedMethodError):
        renderer.get(Page(), "hidden")


@pytest.mark.parametrize(
    "document",
    [
        b"<p>Hello &amp; \xe2\x98\x83</p>",
        b"<p><![CDATA[<raw>]]></p>",
        b'<a xmlns="urn:x"><b:c xmlns:b="urn:b" b:d="e"></b:c></a>',
        b"<p><!--comment--></p>",
    ],
)
def test_xml_stays_as_it_is(document: bytes) -> None:
    assert flat(Element(XMLString(document))) == document


def test_names_of_characters() -> None:
    loader = XMLString("<!DOCTYPE html><p>a&nbsp;&copy;&#65;</p>")
    assert flat(Element(loader)) == "<p>a\N{NO-BREAK SPACE}©A</p>".encode()


@pytest.mark.parametrize("bad", ["<p>", "<p>&nothing;</p>", "text", "<a><b></a></b>"])
def test_bad_xml(bad: str) -> None:
    with pytest.raises(SAXParseException) as raised:
        XMLString(bad)
    assert raised.value.getLineNumber() == 1


@pytest.mark.parametrize(
    "bad", [f'<t:attr {NAMESPACE} name="x"/>', f"<p {NAMESPACE}><t:attr/></p>"]
)
def test_misplaced_attr(bad: str) -> None:
    with pytest.raises(AssertionError):
        XMLString(bad)


def test_file(tmp_path: Any) -> None:
    path = FilePath(str(tmp_path / "page.xml"))
    path.setContent(b"<p>\n<b/></p>")
    loader = XMLFile(path)
    (tag,) = loader.load()
    assert loader.load() == [tag]
    assert (tag.filename, tag.children[1].lineNumber) == (path.path, 2)
    with pytest.warns(DeprecationWarning, match="Pass a FilePath"):
        assert flat(Element(XMLFile(path.path))) == b"<p>\n<b></b></p>"
    with pytest.warns(DeprecationWarning, match="Pass a FilePath"):
        assert flat(Element(XMLFile(io.StringIO("<p/>")))) == b"<p></p>"  # type: ignore[arg-type]


def test_unknown_tags() -> None:
    for name in ("xmp", "nothing"):
        with pytest.raises(AttributeError):
            getattr(tags, name)


def test_clone_warns_of_what_is_consumed() -> None:
    with pytest.warns(DeprecationWarning, match="generator"):
        tags.p(x for x in "ab").clone()


class Site:
    displayTracebacks = False


@pytest.fixture
def request_() -> Any:
    made = DummyRequest([b""])
    made.site = Site()  # type: ignore[attr-defined]
    return made


def test_renderElement(request_: Any) -> None:
    renderElement(request_, TagText("x"))
    assert b"".join(request_.written) == b"<!DOCTYPE html>\nx"
    assert request_.finished


class TagText(Element):
    """An element that is a text."""

    def __init__(self, text: Any) -> None:
        Element.__init__(self, TagLoader(text))


@pytest.mark.parametrize("shown", [False, True])
def test_renderElement_fails(request_: Any, shown: bool) -> None:
    request_.site.displayTracebacks = shown
    with capturedLogs() as events:
        renderElement(request_, TagText(slot("secret")))
    page = b"".join(request_.written)
    assert (b"UnfilledSlot" in page) is shown
    assert (b"An error occurred" in page) is not shown
    assert request_.finished
    assert [event["log_failure"].type for event in events] == [FlattenerError]


def test_client_leaves_while_rendering(request_: Any) -> None:
    waiting: Deferred[str] = Deferred()
    renderElement(request_, TagText(waiting))
    request_.processingFailed(Failure(ConnectionError()))
    waiting.callback("too late")
    assert not request_.finished


def test_failure_page_of_no_failure() -> None:
    """What is no failure has no page."""
    with pytest.raises(FlattenerError):
        formatFailure(object())  # type: ignore[arg-type]


def test_failure_page() -> None:
    try:
        raise ValueError("<nasty>")
    except ValueError:
        failure = Failure()
    page = formatFailure(failure)
    assert b"ValueError: &lt;nasty&gt;" in page
    assert b"test_failure_page" in page
    assert b'raise ValueError("&lt;nasty&gt;")' in page
    assert flat(FailureElement(failure)).decode().encode("ascii", "xmlcharrefreplace") == page
