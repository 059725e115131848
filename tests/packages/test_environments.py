"""Environments as JSON and XML, of metamodel 3.0 and 3.1."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aas_server.errors import BadRequest, Conflict
from aas_server.metamodel.rewriting import JsonPath, rewritten
from aas_server.metamodel.tree import Node
from aas_server.packages.environments import read_environment, write_xml
from aas_server.store.protocol import Kind
from tests.packages.packages import (
    NAMESPACE_3_0,
    NAMESPACE_3_1,
    environment,
    shell,
    submodel,
    xml,
    xml_property,
)
from tests.packages.test_published import ordered
from tests.support.strategies import concept_descriptions, shells, submodels

WORD = {"modelType": "Property", "idShort": "Word", "valueType": "xs:string"}


def words(body: bytes) -> list[str | None]:
    contents = read_environment(body, "file")
    return [
        element.get("value")
        for tree in contents.documents[Kind.SUBMODEL]
        for element in tree["submodelElements"]
    ]


@pytest.mark.parametrize("namespace", [NAMESPACE_3_0, NAMESPACE_3_1])
def test_xml_of_both_versions_is_read(namespace: str) -> None:
    contents = read_environment(xml(xml_property("1.50"), namespace).encode(), "file")
    assert [ordered(tree) for _, tree in contents.identified()] == [
        submodel("urn:example:xml", {**WORD, "value": "1.50"})
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_xml_is_read_in_the_encoding_that_it_declares(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>\n'
    assert words((text + xml(xml_property("Grün"))).encode(encoding)) == ["Grün"]


def test_comments_processing_instructions_and_cdata_are_no_obstacle() -> None:
    text = "<?xml version='1.0'?><!-- a --><?b c?>" + xml(
        xml_property("a<!-- b --><![CDATA[<&>]]>c")
    )
    assert words(text.encode()) == ["a<&>c"]


def test_json_is_read_with_a_byte_order_mark() -> None:
    assert read_environment(b'\xef\xbb\xbf {"submodels":[]}', "file").documents[Kind.SHELL] == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "neither JSON nor XML"),
        (b"null", "is no AAS environment"),
        (b"[]", "is no AAS environment"),
        (b'{"id": "urn:example:a", "modelType": "Submodel"}', "is no AAS environment"),
        (b'{"submodels": {}}', "submodels must be an array"),
        (b'{"submodels": [}', "neither JSON nor XML"),
        (b"<environment", "is no XML"),
        (b"<environment/>", "namespace is None"),
        (b"<a:environment/>", "is no XML"),
        (f'<shell xmlns="{NAMESPACE_3_1}"/>'.encode(), "is no valid environment"),
        (xml("<wrong/>").encode(), "is no valid environment"),
        (xml(xml_property("x"), "https://admin-shell.io/aas/9/9").encode(), "aas/9/9"),
        (b'<aasenv xmlns="http://www.admin-shell.io/aas/1/0"/>', "aas/1/0"),
        (b'<?xml version="1.0" encoding="martian"?><a/>', "ncoding"),
        (b'<?xml version="1.0" encoding="ascii"?><a>\xff</a>', "is no XML"),
    ],
)
def test_what_is_no_environment_is_refused_and_named(body: bytes, reason: str) -> None:
    with pytest.raises(BadRequest, match=reason) as refusal:
        read_environment(body, "/aasx/data.xml")
    assert refusal.value.path == "/aasx/data.xml"


@pytest.mark.parametrize(
    "value", ["a\r\nb\rc\nd", " blanks ", "\t", "<&>\"'", "]]>", "\u0085\u2028 ä 😀", "&#13;"]
)
def test_texts_survive_xml_character_by_character(value: str) -> None:
    assert words(write_xml(environment(submodel("urn:a", {**WORD, "value": value})))) == [value]


@settings(max_examples=60, deadline=None)
@given(documents=st.lists(st.one_of(shells, submodels, concept_descriptions), max_size=4))
def test_any_documents_come_back_from_xml_as_they_were(documents) -> None:
    original = environment(*documents)
    contents = read_environment(write_xml(original), "file")
    found = environment(*(tree for _, tree in contents.identified()))
    assert ordered(found) == ordered(rewritten(original, without_dates))


def without_dates(node: Node, path: JsonPath) -> Node:
    return {name: node[name] for name in node if name not in ("createdAt", "updatedAt")}


def test_xml_of_3_1_has_no_place_for_what_3_2_adds() -> None:
    batch = {**shell("urn:a", assetKind="Batch"), "administration": {"version": "1"}}
    batch["administration"]["createdAt"] = "2026-01-01T00:00:00Z"
    ((_, found),) = read_environment(write_xml(environment(batch)), "file").identified()
    assert found["assetInformation"]["assetKind"] == "NotApplicable"
    assert found["administration"] == {"version": "1"}


def test_a_document_that_has_not_the_shape_of_the_metamodel_cannot_become_xml() -> None:
    broken = shell("urn:example:a", assetKind="Nothing")
    with pytest.raises(Conflict, match="cannot be written as XML"):
        write_xml(environment(broken))


def test_texts_are_whole_wherever_the_parser_pauses() -> None:
    # libxml2 takes a document in pieces of some kilobytes: many texts lie across their ends.
    values = [f"{number} " + "x" * (number % 1500) + "y" for number in range(1000)]
    elements = [{**WORD, "idShort": f"Word{n}", "value": text} for n, text in enumerate(values)]
    assert words(write_xml(environment(submodel("urn:a", *elements)))) == values
