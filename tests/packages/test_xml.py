"""Our XML against that of aas-core: the same documents, the same bytes, and no refusal lost."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from aas_core3 import jsonization as jsonization_3_0
from aas_core3 import xmlization as xmlization_3_0
from aas_core3_1 import jsonization as jsonization_3_1
from aas_core3_1 import xmlization as xmlization_3_1
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from aas_server.errors import BadRequest, Conflict
from aas_server.metamodel.rewriting import JsonPath, rewritten
from aas_server.metamodel.tree import Node
from aas_server.packages.environments import write_xml
from aas_server.packages.xml.parsing import events, forgetting
from aas_server.packages.xml.reading import read_events
from aas_server.packages.xml.regular import read_regular
from aas_server.packages.xml.writing import Irregular, write_regular
from tests.packages.packages import (
    NAMESPACE_3_0,
    NAMESPACE_3_1,
    environment,
    shell,
    submodel,
    xml,
    xml_property,
)
from tests.packages.test_published import published
from tests.support.strategies import concept_descriptions, shells, submodels

CODECS: Final[dict[str, tuple[Any, Any]]] = {
    NAMESPACE_3_0: (xmlization_3_0, jsonization_3_0),
    NAMESPACE_3_1: (xmlization_3_1, jsonization_3_1),
}
DOCUMENTS = st.lists(st.one_of(shells, submodels, concept_descriptions), min_size=1, max_size=3)
VARIABLE: Final = (
    "<operation><inputVariables><operationVariable>{}</operationVariable></inputVariables>"
    "</operation>"
)
NAMES: Final = ("property", "value", "keys", "Value", "range", "submodel", "id", "capability")
TEXTS: Final = ("", " ", "x", "true", "1", "TRUE", "QQ==", "Q", "xs:int", "ü", "\u00a0", "]]>")
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

thorough = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


class Refused(Exception):
    """aas-core does not take a document."""


def by_aas_core(body: bytes, namespace: str) -> Node:
    xmlization, jsonization = CODECS[namespace]
    try:
        found = events(body, "file")
        instance = xmlization.environment_from_iterparse(forgetting(found))
        for _ in found:
            """What comes after the environment is to be read: it may be no XML."""
        node: Node = jsonization.to_jsonable(instance)
    except (xmlization.DeserializationException, BadRequest) as error:
        raise Refused from error
    return node


def by_events(body: bytes, namespace: str) -> Node:
    return read_events(forgetting(events(body, "file")), namespace, "file")


def written_by_aas_core(environment: Node) -> str:
    text = io.StringIO()
    xmlization_3_1.write(jsonization_3_1.environment_from_jsonable(environment), text)
    return DECLARATION + text.getvalue().replace("\r", "&#13;")


def as_text(node: Node) -> str:
    """Return JSON that shows the order of members, too."""
    return json.dumps(node)


def without_dates(node: Node, path: JsonPath) -> Node:
    return {name: node[name] for name in node if name not in ("createdAt", "updatedAt")}


def of_3_1(documents: list[Node]) -> Node:
    found: Node = rewritten(environment(*documents), without_dates)
    return found


def indented(text: str) -> bytes:
    root = etree.fromstring(text.encode())
    etree.indent(root, "\t")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def prefixed(text: str) -> bytes:
    """Return the same document with a prefix before each name."""
    return (
        text.replace("</", "\0")
        .replace("<", "<aas:")
        .replace("<aas:?xml", "<?xml")
        .replace("\0", "</aas:")
        .replace("xmlns=", "xmlns:aas=")
        .encode()
    )


def with_empty_elements(text: str) -> bytes:
    return etree.tostring(etree.fromstring(text.encode()))


def with_line_ends(text: str) -> bytes:
    return indented(text).replace(b"\n", b"\r\n")


WRITINGS: Final[dict[str, Callable[[str], bytes]]] = {
    "plain": str.encode,
    "indented": indented,
    "prefixed": prefixed,
    "with empty elements": with_empty_elements,
    "with other line ends": with_line_ends,
}


def published_xml(shared_dir: Path) -> Iterator[tuple[str, bytes, str]]:
    """Yield the place, the bytes and the namespace of each published environment as XML."""
    for file in published(shared_dir, ".aasx"):
        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                body = archive.read(name)
                for namespace in CODECS:
                    if name.endswith(".xml") and namespace.encode() in body[:1000]:
                        yield f"{file.name}/{name}", body, namespace


def test_every_published_environment_is_read_as_aas_core_reads_it(shared_dir: Path) -> None:
    ways: Counter[tuple[str, bool]] = Counter()
    for place, body, namespace in published_xml(shared_dir):
        expected = as_text(by_aas_core(body, namespace))
        assert as_text(by_events(body, namespace)) == expected, place
        regular = read_regular(body)
        ways[namespace, regular is not None] += 1
        assert regular is None or as_text(regular) == expected, place
    assert sum(ways.values()) > 70
    assert ways[NAMESPACE_3_0, True] > 0.9 * ways[NAMESPACE_3_0, False]
    assert ways[NAMESPACE_3_1, True] > 0.9 * ways[NAMESPACE_3_1, False]


def test_every_published_environment_is_written_as_aas_core_writes_it(shared_dir: Path) -> None:
    for place, body, namespace in published_xml(shared_dir):
        tree = by_aas_core(body, namespace)
        expected = written_by_aas_core(tree)
        assert write_xml(tree).decode() == expected, place


@pytest.mark.parametrize("writing", WRITINGS)
@thorough
@given(documents=DOCUMENTS)
def test_any_documents_are_read_as_aas_core_reads_them(writing: str, documents: list[Node]) -> None:
    body = WRITINGS[writing](written_by_aas_core(of_3_1(documents)))
    expected = as_text(by_aas_core(body, NAMESPACE_3_1))
    assert as_text(by_events(body, NAMESPACE_3_1)) == expected
    regular = read_regular(body)
    assert regular is not None
    assert as_text(regular) == expected


@thorough
@given(documents=DOCUMENTS)
def test_any_documents_are_written_as_aas_core_writes_them(documents: list[Node]) -> None:
    tree = of_3_1(documents)
    assert write_regular(tree) == written_by_aas_core(tree)
    assert write_xml(environment(*documents)).decode() == written_by_aas_core(tree)


@thorough
@given(documents=DOCUMENTS, random=st.randoms(use_true_random=False))
def test_the_order_of_members_in_json_makes_no_difference_in_xml(
    documents: list[Node], random: Random
) -> None:
    def shuffled(node: Node, path: JsonPath) -> Node:
        return dict(random.sample(list(node.items()), len(node)))

    tree = of_3_1(documents)
    assert write_regular(rewritten(tree, shuffled)) == written_by_aas_core(tree)


def dropped(element: etree._Element, random: Random) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def doubled(element: etree._Element, random: Random) -> None:
    parent = element.getparent()
    if parent is not None:
        copy = etree.fromstring(etree.tostring(element))
        parent.insert(random.randint(0, len(parent)), copy)


def moved(element: etree._Element, random: Random) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.insert(random.randint(0, len(parent)), element)


def moved_elsewhere(element: etree._Element, random: Random) -> None:
    ancestors = list(element.iterancestors())
    others = [each for each in element.getroottree().iter() if each is not element]
    descendants = set(element.iter())
    targets = [each for each in others if each not in descendants]
    if ancestors and targets:
        random.choice(targets).append(element)


def renamed(element: etree._Element, random: Random) -> None:
    names = [
        "property",
        "value",
        "keys",
        "Value",
        "range",
        "submodel",
        "id",
        "idShort",
        "capability",
    ]
    element.tag = etree.QName(etree.QName(element).namespace, random.choice(names))


def in_another_namespace(element: etree._Element, random: Random) -> None:
    local = etree.QName(element).localname
    element.tag = random.choice([local, f"{{urn:other}}{local}", f"{{{NAMESPACE_3_0}}}{local}"])


def with_other_text(element: etree._Element, random: Random) -> None:
    texts = [
        "",
        " ",
        "x",
        "true",
        "1",
        "TRUE",
        "QQ==",
        "Q",
        "xs:int",
        "Instance",
        "ü",
        "\u00a0",
        "]]>",
    ]
    element.text = random.choice(texts)


def with_text_behind(element: etree._Element, random: Random) -> None:
    if element.getparent() is not None:
        element.tail = random.choice([" ", "x", "\n", "\u00a0"])


def with_an_attribute(element: etree._Element, random: Random) -> None:
    element.set(random.choice(["x", "{urn:other}x"]), "y")


def with_a_comment(element: etree._Element, random: Random) -> None:
    made = random.choice([etree.Comment("x"), etree.ProcessingInstruction("x", "y")])
    element.insert(random.randint(0, len(element)), made)


CHANGES: Final[tuple[Callable[[etree._Element, Random], None], ...]] = (
    dropped,
    doubled,
    moved,
    moved_elsewhere,
    renamed,
    in_another_namespace,
    with_other_text,
    with_text_behind,
    with_an_attribute,
    with_a_comment,
)


def changed(text: str, random: Random) -> bytes:
    root = etree.fromstring(text.encode())
    for _ in range(random.choice((1, 1, 1, 2))):
        elements = [each for each in root.iter() if isinstance(each.tag, str)]
        random.choice(CHANGES)(random.choice(elements), random)
    return etree.tostring(root)


def agreement(body: bytes, namespace: str) -> str:
    """Compare what becomes of a document that may be wrong.

    What we take is what aas-core makes of it. We refuse more: elements that are there twice, of
    which aas-core takes the last one, and attributes and texts in some places where it does not
    look; the schema allows none of them, and dropping them without a word would lose something.
    """
    expected: str | None = None
    try:
        expected = as_text(by_aas_core(body, namespace))
    except Refused:
        """It is for us to refuse, too."""
    regular = read_regular(body)
    try:
        found = as_text(by_events(body, namespace))
    except BadRequest:
        assert regular is None
        return "refused" if expected is None else "refused by us"
    assert found == expected
    assert regular is None or as_text(regular) == expected
    return "read" if regular is None else "read fast"


@settings(thorough, max_examples=100)
@given(
    documents=DOCUMENTS,
    namespace=st.sampled_from(list(CODECS)),
    random=st.randoms(use_true_random=False),
)
def test_what_aas_core_refuses_is_refused(
    documents: list[Node], namespace: str, random: Random
) -> None:
    text = written_by_aas_core(of_3_1(documents)).replace(NAMESPACE_3_1, namespace)
    agreement(changed(text, random), namespace)


def test_published_environments_that_are_changed_are_refused_as_aas_core_does(
    shared_dir: Path,
) -> None:
    told: Counter[str] = Counter()
    random = Random(11)
    for _, body, namespace in published_xml(shared_dir):
        if len(body) < 100_000:
            text = etree.tostring(etree.fromstring(body), encoding=str)
            told += Counter(agreement(changed(text, random), namespace) for _ in range(15))
    assert all(told[each] > 10 for each in ("refused", "refused by us", "read", "read fast")), told


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        (
            "<wrong/>",
            r"submodels/\*\[0\]/submodelElements/\*\[0\] is an unexpected element 'wrong'",
        ),
        (xml_property("x") + "<property/>", r"submodelElements/\*\[1\] must have valueType"),
        (xml_property("<a/>"), r"\*\[0\]/value/a is an unexpected element"),
        ("<property><a/></property>", r"\*\[0\]/a is an unknown element"),
        ("<property><id/></property>", r"\*\[0\]/id is an unknown element"),
        ("<property>x</property>", r"\*\[0\] holds a text among elements: 'x'"),
        ("<property/>x", r"\*\[0\] must have valueType|holds a text"),
        ("<capability a='b'/>", r"\*\[0\] must have no attributes, and has 'a'"),
        ("<capability xmlns=''/>", r"capability must be of the namespace"),
        ("<property><valueType/></property>", r"\*\[0\]/valueType must have a text"),
        ("<property><valueType>x</valueType></property>", "valueType cannot be 'x'"),
        ("<blob><value>Q</value></blob>", "value must be base64"),
        ("<capability><idShort/><idShort/></capability>", "idShort is there twice"),
        (VARIABLE.format(""), r"inputVariables/\*\[0\] must have value"),
        (VARIABLE.format("<value/>"), r"inputVariables/\*\[0\]/value must hold an element"),
        (VARIABLE.format("<value><range/></value>"), r"value/\* must have valueType"),
        (
            VARIABLE.format("<value><capability/><capability/></value>"),
            "value must hold only one element",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(elements: str, reason: str) -> None:
    body = xml(elements).encode()
    assert read_regular(body) is None
    with pytest.raises(BadRequest, match=reason) as refusal:
        by_events(body, NAMESPACE_3_1)
    assert refusal.value.path == "file"
    if "twice" not in reason:
        with pytest.raises(Refused):
            by_aas_core(body, NAMESPACE_3_1)


@pytest.mark.parametrize(
    "body",
    [
        f"<!DOCTYPE e [<!ENTITY a 'b'>]>{xml(xml_property('&a;'))}",
        xml(xml_property("x")).replace("</submodels>", "</submodels><!-- c -->"),
        xml(xml_property("<![CDATA[x]]>")),
        xml(xml_property("x")) + "<?pi?>",
        xml(xml_property("x")).replace("urn:example:xml", "x" * 9 * 1024**2),
        '<?xml version="1.0" encoding="iso-8859-1"?>' + xml(xml_property("x")),
        xml(xml_property("x")).replace("<submodels>", "<submodels xmlns:b='urn:b'>"),
        xml(xml_property("x"))[:-1],
        xml(xml_property("x")) + "x",
        xml(xml_property("&undefined;")),
        xml(xml_property("\x01")),
        xml("<submodelElementCollection><value>" * 300),
        xml(xml_property("x"), "urn:unknown"),
        "",
    ],
)
def test_what_is_not_regular_is_left_to_the_parser(body: str) -> None:
    assert read_regular(body.encode()) is None


def test_deep_elements_are_read_as_far_as_the_parser_goes() -> None:
    start, end = "<submodelElementCollection><value>", "</value></submodelElementCollection>"
    body = xml(start * 100 + xml_property("x") + end * 100).encode()
    assert as_text(read_regular(body) or {}) == as_text(by_aas_core(body, NAMESPACE_3_1))


@pytest.mark.parametrize(
    "broken",
    [
        {"submodels": {}},
        {"submodels": []},
        {"submodels": [5]},
        {"other": []},
        environment(shell("urn:a", assetKind="Nothing")),
        environment(shell("urn:a", assetKind=["Instance"])),
        environment(shell("urn:a", other="x")),
        environment({**submodel("urn:a"), "idShort": 5}),
        environment({**submodel("urn:a"), "semanticId": {"type": "ExternalReference"}}),
        environment(submodel("urn:a", {"modelType": "Nothing", "idShort": "Aa"})),
        environment(submodel("urn:a", {"modelType": ["Property"], "idShort": "Aa"})),
        environment(submodel("urn:a", {"idShort": "Aa"})),
        environment(submodel("urn:a", {"modelType": "Property", "idShort": "Aa"})),
        environment(submodel("urn:a", {"modelType": "Blob", "value": "Q"})),
        environment(submodel("urn:a", {"modelType": "BasicEventElement", "direction": 1e999})),
        {"submodels": [shell("urn:a")]},
        {"submodels": [{"id": "urn:a"}]},
    ],
)
def test_only_what_has_the_shape_of_the_metamodel_is_written(broken: Node) -> None:
    with pytest.raises(Irregular):
        write_regular(broken)
    if broken != {"submodels": []} and not str(broken).count("'Q'"):
        with pytest.raises(Conflict, match="cannot be written as XML"):
            write_xml(broken)


@pytest.mark.parametrize("character", ["\0", "\x0b", "\x1f", "\ufffe", "\uffff", "\ud800"])
def test_a_character_that_xml_does_not_have_cannot_be_written(character: str) -> None:
    named = {**submodel("urn:a"), "idShort": f"a{character}b"}
    with pytest.raises(Conflict, match=f"no such character: U\\+{ord(character):04X}"):
        write_xml(environment(named))
