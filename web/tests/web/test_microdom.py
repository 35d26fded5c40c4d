"""Tests of `twisted.web.microdom` and `twisted.web.domhelpers`."""

from __future__ import annotations

import importlib
import warnings
from io import BytesIO, StringIO
from xml.dom import minidom

import pytest
from hypothesis import given
from hypothesis import strategies as st

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from twisted.web import domhelpers, microdom
from twisted.web.microdom import (
    CDATASection,
    Comment,
    Document,
    Element,
    EntityReference,
    MicroDOMParser,
    MismatchedTags,
    Node,
    ParseError,
    Text,
    lmx,
    parseString,
    parseXMLString,
)

DECLARATION = '<?xml version="1.0"?>'


def written(text, **options):
    """What a document is when it was read and is written again, without its declaration."""
    return parseString(text, **options).toxml().removeprefix(DECLARATION)


@pytest.mark.parametrize("module", [microdom, domhelpers])
def test_deprecated(module):
    """Importing either tells that there are better ones."""
    with pytest.warns(DeprecationWarning, match=r"deprecated at Twisted 23\.10\.0"):
        importlib.reload(module)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<a/>", "<a></a>"),
        ("<A B='c'>x</a>", '<a b="c">x</a>'),
        ("<a b='&quot;&lt;&apos;'/>", '<a b="&quot;&lt;&amp;apos;"></a>'),
        ("<a z='1' b='2'/>", '<a b="2" z="1"></a>'),
        ("<a> <b/> x <b/> </a>", "<a><b></b> x <b></b></a>"),
        ("<pre> <b/> </pre>", "<pre> <b></b> </pre>"),
        (
            "<a xml:space='preserve'> <b/> </a>",
            '<a xml:space="preserve"> <b></b> </a>',
        ),
        ("<a>x &amp; y</a>", "<a>x &amp; y</a>"),
        ("<a><!-- c --><![CDATA[<d>]]></a>", "<a><!-- c --><![CDATA[<d>]]></a>"),
        ("<p><br/><img src='x'/></p>", '<p><br /><img src="x" /></p>'),
        ("<!-- c --><a/>more<b/>", "<a></a>"),
        ("<!DOCTYPE html><a/>", "<!DOCTYPE html><a></a>"),
        ("<a xmlns:b='u'><b:c b:d='1'/></a>", '<a xmlns:b="u"><b:c b:d="1"></b:c></a>'),
        (
            "<a xmlns='u'><b xmlns='v'><c xmlns='u'/></b></a>",
            '<a xmlns="u"><b xmlns="v"><c xmlns="u"></c></b></a>',
        ),
        ("<a xmlns='u'><b xmlns=''/></a>", '<a xmlns="u"><b xmlns=""></b></a>'),
        ("<a>\u2603</a>", "<a>\u2603</a>"),
    ],
)
def test_read_and_written(text, expected):
    """Documents are read, and written alike."""
    assert written(text) == expected
    assert written(text.encode()) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a<b>c</b>d", "<html>a<b>c</b>d</html>"),
        ("<a/><b/>", "<html><a></a><b></b></html>"),
        ("<!-- c --><a/>", "<html><!-- c --><a></a></html>"),
        ("<br>x</br>y", "<html><br />xy</html>"),
        ("<a><img><img></a>", "<a><img /><img /></a>"),
        ("<a><b><c></a>x", "<html><a><b><c></c></b></a>x</html>"),
        ("<b>x<i>y</b>z</i>", "<html><b>x<i>y</i></b>z</html>"),
        ("</a><b>", "<b></b>"),
        ("<p>a<p>b", "<html><p>a</p><p>b</p></html>"),
        ("<ul><li>a<ul><li>b</ul><li>c</ul>", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>"),
        ("<table><tr><td>a<td>b</table>", "<table><tr><td>a</td><td>b</td></tr></table>"),
        (
            "<html><head><title>x<body>y</html>",
            "<html><head><title>x</title></head><body>y</body></html>",
        ),
        ("<a>1 < 2 & 3</a>", "<a>1 &lt; 2 &amp; 3</a>"),
        ("<script>a<b</script>", "<script>a&lt;b</script>"),
        ("<script>\n<!-- a<b -->\n</script>", "<script><!-- a<b --></script>"),
        ("<script>// <![CDATA[ a<b\n//]]></script>", "<script>// <![CDATA[ a<b\n//]]></script>"),
        ("<script><![CDATA[a<b]]></script>", "<script><![CDATA[a<b]]></script>"),
        ("<script> </script>", "<script></script>"),
        ("<a b=c>d", '<a b="c">d</a>'),
    ],
)
def test_leniently(text, expected):
    """What people call HTML becomes a document, too."""
    assert written(text, beExtremelyLenient=True) == expected


TAGS = ["<p>", "</p>", "<b", " c='d'", ">", "x", "&", "<br>", "</b>", "<!--"]


@given(st.lists(st.sampled_from(TAGS)))
def test_anything_leniently(parts):
    """Anything with a node in it becomes a document, which is the same when it is read again."""
    text = "<a>" + "".join(parts)
    document = parseString(text, beExtremelyLenient=True)
    assert parseString(document.toxml()).toxml() == document.toxml()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<a><b></a>", "expected </b>, got </a> line: 1 col: 10, began line: 1 col: 6"),
        ("</a>", "expected </NOTHING>, got </a> line: 1 col: 4, began line: 0 col: 0"),
        ("<a>\n", "expected </a>, got </END_OF_FILE> line: 1 col: 4, began line: 1 col: 3"),
        ("<A></a>", None),
    ],
)
def test_mismatched(text, message):
    """Elements end in the order in which they have begun."""
    options = {} if message else {"caseInsensitive": 0}
    with pytest.raises(MismatchedTags, match="expected") as caught:
        parseString(text, **options)
    if message:
        assert str(caught.value) == message


@pytest.mark.parametrize("text", ["", "  ", "<a", "<!-- x -->", "x", "<a b>"])
def test_no_document(text):
    """What is no document is an error."""
    with pytest.raises(ParseError):
        parseString(text)


def test_depth():
    """Elements may be nested so deep, and all can be done with them then."""
    deepest = "<b>" * MicroDOMParser.maxDepth
    document = parseString(deepest, beExtremelyLenient=True)
    assert document.toxml().count("</b>") == MicroDOMParser.maxDepth
    assert document.isEqualToDocument(document.cloneNode(1))
    assert len(document.getElementsByTagName("b")) == MicroDOMParser.maxDepth
    with pytest.raises(ParseError, match="too deep"):
        parseString(deepest + "<b>", beExtremelyLenient=True)


def test_files(tmp_path):
    """Documents are read from files of all kinds."""
    path = tmp_path / "x.xml"
    path.write_text("<A>\u2603</A>", encoding="utf-8")
    expected = DECLARATION + "<A>\u2603</A>"
    assert microdom.parseXML(str(path)).toxml() == expected
    with path.open(encoding="utf-8") as text, path.open("rb") as data:
        assert microdom.parseXML(text).toxml() == expected
        assert microdom.parse(data).documentElement._filename == str(path)
    assert parseXMLString("<A b='c'/>").toxml() == DECLARATION + '<A b="c"></A>'


def test_streams():
    """Documents are written to streams of text and of bytes."""
    document = parseString("<a>\u2603</a>")
    for kind, expected in (
        (StringIO(), DECLARATION + "<a>\u2603</a>"),
        (BytesIO(), (DECLARATION + "<a>\u2603</a>").encode()),
    ):
        document.writexml(kind)
        assert kind.getvalue() == expected
    stream = StringIO()
    document.writeprettyxml(stream)
    assert stream.getvalue() == DECLARATION + "\n<a>\u2603</a>"


def test_pretty():
    """For people, what is a block stands on lines of its own."""
    text = "<body><h1>a</h1><ul><li>x</li><li><b>y</b></li></ul><hr/></body>"
    assert parseString(text).toprettyxml() == (
        DECLARATION + "\n\n<body>\n <h1>a\n </h1>\n <ul>\n  <li>x</li>\n  <li><b>y</b></li>\n"
        " </ul>\n <hr />\n</body>"
    )
    assert parseString("<a> x </a>").documentElement.toxml(strip=1) == "<a>x</a>"


def test_prefixes():
    """Elements are in namespaces, by prefixes that are known, or by declarations."""
    root = Element("root", namespace="o")
    root.addPrefixes({"i": "inner"})
    child = Element("child", {"b": "1"}, namespace="i")
    child.setAttribute(("x", "c"), "2")
    root.appendChild(child)
    child.appendChild(Element("leaf", namespace="o"))
    text = root.toxml()
    assert text.startswith('<root xmlns="o" xmlns:inner="i"><inner:child b="1" p')
    assert text.endswith('="x"><leaf></leaf></inner:child></root>')
    assert child.getAttributeNS("i", "b") == "1"
    assert child.getAttributeNS("x", "c") == "2"
    assert child.getAttributeNS("y", "c", "none") == "none"
    read = parseString("<a xmlns:p='u' p:x='1'/>").documentElement
    assert read.getAttributeNS("u", "x") == "1"
    assert root.cloneNode(1).toxml().startswith('<root xmlns="o" xmlns:inner="i">')


def test_nodes():
    """Nodes are put in, taken out and replaced."""
    root = Element("a")
    first, second, third = Text("1"), Element("b"), Comment("c")
    root.appendChild(second)
    assert root.insertBefore(first, second) is first
    assert root.replaceChild(third, second) is second
    assert (root.firstChild(), root.lastChild()) == (first, third)
    assert (second.parentNode, third.parentNode) == (None, root)
    assert root.removeChild(first) is first
    assert root.removeChild(first) is first
    assert root.hasChildNodes()
    with pytest.raises(ValueError, match="not a child"):
        root.replaceChild(first, second)
    with pytest.raises(ValueError, match="not a child"):
        root.insertBefore(first, second)
    for wrong in (root.appendChild, root.removeChild):
        with pytest.raises(TypeError):
            wrong(None)
    for node in (Node(), microdom.CharacterData("x")):
        with pytest.raises(TypeError):
            node.toxml()
        with pytest.raises(TypeError):
            node.cloneNode()


def test_document():
    """A document has one element, makes nodes and finds them."""
    document = parseString("<a id='1'><B id='2'/></a>")
    assert document.getElementById("2").tagName == "b"
    assert document.getElementById("3") is None
    assert len(document.getElementsByTagName("B")) == 1
    exact = parseXMLString("<a><B/><b/></a>")
    assert len(exact.getElementsByTagName("B")) == 1
    assert len(exact.documentElement.getElementsByTagName("b")) == 1
    with pytest.raises(ValueError, match="one element"):
        document.appendChild(Element("x"))
    assert document.createElement("X").toxml() == "<x></x>"
    assert document.createTextNode("<").toxml() == "&lt;"
    assert document.createComment("c").toxml() == "<!--c-->"
    assert document.isEqualToDocument(document.cloneNode(1))
    with pytest.raises(IndexError):
        Document().documentElement


def test_elements():
    """Attributes are there or not, in any case of their names or not."""
    element = Element("A", {"B": "&lt;"})
    assert (element.tagName, element.getAttribute("b"), element.hasAttributes()) == ("a", "<", True)
    element.removeAttribute("b")
    element.removeAttribute("b")
    assert not element.hasAttribute("B")
    assert element.getAttribute("b", 5) == 5
    exact = Element("A", {"B": "c"}, caseInsensitive=0, preserveCase=1)
    assert not exact.hasAttribute("b")
    exact.endTag("a")
    assert exact.toxml() == '<A B="c"></a>'
    assert exact.getAttributeNode("B").value == "c"
    placed = Element("a", {"b": "c"}, filename="f", markpos=(1, 2))
    assert str(placed) == "<a ('f' line 1 column 2) b='c' />"
    assert repr(placed).startswith("Element('a', attributes=")
    placed.appendChild(Text("x"))
    assert str(placed).endswith(">...</a>")
    assert not Element("a").isEqualToElement(Text("a"))


def test_what_cannot_be_written():
    """No text of a section or a comment ends that before its end."""
    assert CDATASection("a]]>b").toxml() == "<![CDATA[a]]]]><![CDATA[>b]]>"
    assert Comment("->").toxml() == "<!-- ->-->"
    with pytest.raises(ValueError, match="no comment"):
        Comment("a-->b").toxml()


def test_equality():
    """Nodes are equal by what they are and hold."""
    assert EntityReference("a").isEqualToNode(EntityReference("a"))
    assert not EntityReference("a").isEqualToNode(Text("&a;"))
    assert not Text("a").isEqualToNode(CDATASection("a"))
    assert not parseString("<a/>").isEqualToDocument(parseString("<!DOCTYPE a><a/>"))
    one, other = (parseString(text, preserveCase=1) for text in ("<A B=''/>", "<a b=''/>"))
    assert one.isEqualToDocument(other)


def test_lmx():
    """Elements are made in elements."""
    made = lmx("p")
    inner = made.text("x").b(_class="y", title="<")
    inner["z"] = "1"
    assert (inner["z"], inner["none"]) == ("1", None)
    lmx(inner.node).text("&", raw=1)
    assert made.node.toxml() == '<p>x<b class="y" title="&lt;" z="1">&</b></p>'
    with pytest.raises(AttributeError):
        made._private


def names(nodes):
    """What elements are called."""
    return "".join(getattr(node, "tagName", "#") for node in nodes)


@pytest.mark.parametrize("parse", [parseString, minidom.parseString])
def test_helpers(parse):
    """Nodes are found by what they have, in documents of either kind."""
    document = parse(
        '<r><a k="1" id="A"><b k="1"/></a><x class="X">t<y k="2" model="M">u</y></x></r>'
    )
    root = document.documentElement
    matches = [domhelpers.get(document, key).tagName for key in "AXM"]
    assert "".join(matches) == "axy"
    assert domhelpers.getIfExists(document, "none") is None
    with pytest.raises(domhelpers.NodeLookupError):
        domhelpers.get(document, "none")
    assert names(domhelpers.findElementsWithAttribute(document, "k")) == "aby"
    assert names(domhelpers.findElementsWithAttribute(document, "k", "1")) == "ab"
    assert names(domhelpers.findElementsWithAttributeShallow(document, "k")) == "ay"
    assert names(domhelpers.locateNodes(document, "k", "1")) == "a"
    assert names(domhelpers.locateNodes(document.childNodes, "k", "1", 0)) == "ab"
    assert names(domhelpers.findNodesNamed(document, "Y")) == "y"
    assert names(domhelpers.namedChildren(root, "x")) == "x"
    assert names(domhelpers.getElementsByTagName(root, "r")) == "r"
    found = domhelpers.findNodesShallowOnMatch(
        root, lambda node: domhelpers._hasAttribute(node, "k"), lambda node: node.nodeName != "x"
    )
    assert names(found) == "ab"
    assert names(domhelpers.getParents(found[-1])) == "bar#"
    accumulated = [1]
    assert domhelpers.findNodes(root, lambda node: False, accumulated) is accumulated
    assert domhelpers.gatherTextNodes(document, joinWith="-") == "t-u"
    assert domhelpers.getNodeText(document) == "tu"
    assert domhelpers.getAndClear(document, "X").childNodes == []


def test_changes():
    """Attributes are set in all elements below a node, and text filled in."""
    document = parseString("<a>%(x)s 100%%<b q='1'/>t</a>")
    domhelpers.substitute(None, document, {"x": "<"})
    domhelpers.superPrependAttribute(document, "q", "0")
    domhelpers.superAppendAttribute(document, "q", "2")
    domhelpers.superSetAttribute(document, "r", "3")
    text = '<a q="0/2" r="3">&lt; 100%<b q="0/1/2" r="3"></b>t</a>'
    assert document.documentElement.toxml() == text
    assert domhelpers.RawText("<b>").toxml() == "<b>"
    assert domhelpers.gatherTextNodes(parseString("<a>&amp;x</a>"), 1) == "&x"
    assert domhelpers.unescape(domhelpers.escape("<\"'&>")) == "<\"'&>"
