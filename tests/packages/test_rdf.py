"""RDF by the ontology of the specification: nothing of a document is lost on the way."""

from __future__ import annotations

import copy
import json
import socket
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib import OWL, RDF, RDFS, XSD, Graph, Literal, URIRef
from rdflib.compare import isomorphic

from aas_server.errors import BadRequest, Conflict
from aas_server.metamodel.tree import Node
from aas_server.packages.contents import LISTS
from aas_server.packages.rdf import documents, reading
from aas_server.packages.rdf.reading import read_rdf
from aas_server.packages.rdf.vocabulary import (
    BOOLEAN,
    NAMESPACE,
    NAMESPACE_3_2,
    OTHER,
    POSITION,
    SHAPES,
    STRING,
    Enumeration,
)
from aas_server.packages.rdf.writing import RdfFormat, RdfWriter, write_rdf
from aas_server.packages.reader import read_package
from tests.packages.test_published import NO_ENVIRONMENT
from tests.support.strategies import concept_descriptions, shells, submodels

FORMS = list(RdfFormat)
EVERY_FORM = pytest.mark.parametrize("form", FORMS)
EXAMPLE = "https://example.com/sm"


def prop(id_short: str | None, **more: Any) -> Node:
    named = {} if id_short is None else {"idShort": id_short}
    return {"modelType": "Property", **named, "valueType": "xs:string", **more}


def submodel(*elements: Any, **more: Any) -> Node:
    listed = {"submodelElements": list(elements)} if elements else {}
    return {"modelType": "Submodel", "id": EXAMPLE, **listed, **more}


def environment(*trees: Node) -> Node:
    return {"submodels": list(trees)}


def parsed(body: bytes, form: RdfFormat = RdfFormat.TURTLE) -> Graph:
    """Read with rdflib alone; of N-Quads the graphs are told apart by the caller."""
    names = {RdfFormat.TURTLE: "turtle", RdfFormat.JSON_LD: "json-ld", RdfFormat.N_TRIPLES: "nt"}
    graph = Graph()
    if form is RdfFormat.JSON_LD:
        reading.to_rdf(json.loads(body), graph)
    else:
        graph.parse(data=body, format=names[form])
    return graph


def aas(local: str) -> URIRef:
    return URIRef(NAMESPACE + local)


@pytest.fixture(scope="module")
def ontology(shared_dir: Path) -> Graph:
    graph = Graph()
    graph.parse(shared_dir / "spec" / "schemas" / "rdf-ontology.ttl", format="turtle")
    return graph


def test_the_attributes_are_those_of_the_ontology_with_their_ranges(ontology: Graph) -> None:
    simple = {STRING: XSD.string, BOOLEAN: XSD.boolean}
    ours = {
        attribute.iri: attribute
        for shape in SHAPES.values()
        for attribute in shape.attributes.values()
        if attribute.iri.startswith(NAMESPACE)
    }
    published = {
        str(each): str(ontology.value(each, RDFS.range))
        for kind in (OWL.DatatypeProperty, OWL.ObjectProperty)
        for each in ontology.subjects(RDF.type, kind)
    }
    assert ours.keys() == published.keys()
    for iri, attribute in ours.items():
        if isinstance(attribute.range, Enumeration):
            expected = next(iter(attribute.range.literals.values())).rpartition("/")[0]
        elif attribute.range in SHAPES:
            expected = NAMESPACE + attribute.range
        else:
            expected = str(simple.get(attribute.range, XSD.base64Binary))
        assert published[iri] == expected


def test_the_classes_and_literals_are_those_of_the_ontology(ontology: Graph) -> None:
    enumerations = set(ontology.subjects(OWL.oneOf))
    classes = set(ontology.subjects(RDF.type, OWL.Class)) - enumerations
    assert {aas(name) for name in SHAPES} == classes
    literals = {
        iri
        for shape in SHAPES.values()
        for attribute in shape.attributes.values()
        if isinstance(attribute.range, Enumeration)
        for iri in attribute.range.literals.values()
    }
    published = {str(each) for kind in enumerations for each in ontology.subjects(RDF.type, kind)}
    assert literals - published == {f"{NAMESPACE_3_2}AssetKind/Batch"}
    assert published <= literals


@pytest.mark.parametrize("suffix", [".json", ".aasx"])
def test_every_published_document_comes_back_as_it_was(shared_dir: Path, suffix: str) -> None:
    """Each file in one form; which one moves on from file to file and with the kind of file."""
    files = [
        file
        for folder in ("templates", "conformance")
        for file in sorted((shared_dir / folder).rglob(f"*{suffix}"))
        if file.name != NO_ENVIRONMENT
    ]
    assert len(files) > 70
    for index, file in enumerate(files):
        with read_package(file) as contents:
            read = {
                name: contents.documents[kind]
                for name, kind in LISTS.items()
                if contents.documents[kind]
            }
        form = FORMS[(index + (suffix == ".aasx")) % len(FORMS)]
        body = write_rdf(read, form)
        assert OTHER.encode() not in body, file
        assert read_rdf(body, form) == read, file


@settings(max_examples=60, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "assetAdministrationShells": st.lists(shells, min_size=1, max_size=2),
            "submodels": st.lists(submodels, min_size=1, max_size=2),
            "conceptDescriptions": st.lists(concept_descriptions, min_size=1, max_size=2),
        },
    ),
    st.sampled_from(FORMS),
)
def test_every_valid_document_comes_back_as_it_was(trees: Node, form: RdfFormat) -> None:
    assert read_rdf(write_rdf(trees, form), form) == trees


TEXT = "a\x00\"\\\r\n\tü\U0001f600\u2028\x7f\x85\ufeff'''<>&{}^^@en  "


@EVERY_FORM
@pytest.mark.parametrize(
    "tree",
    [
        submodel(prop("P", value=TEXT), idShort="S"),
        submodel(prop("P", value="")),
        submodel(prop("P", value=42, unknown=[1, {"a": None}])),
        submodel(prop("P", valueType="string", category=None, qualifiers=[])),
        submodel(prop("P"), {"modelType": "Nonsense", "idShort": "N"}),
        submodel(prop("P"), "no element"),
        submodel(prop("P"), prop("P"), prop(None), prop("")),
        submodel({"idShort": "NoType"}),
        submodel({"modelType": "Blob", "idShort": "B", "contentType": "a/b", "value": "YQ=="}),
        submodel({"modelType": "Blob", "idShort": "B", "contentType": "a/b", "value": "no base64"}),
        submodel({"modelType": "Blob", "idShort": "B", "contentType": "a/b", "value": "YR=="}),
        submodel(semanticId={"modelType": "Reference", "type": "ExternalReference", "keys": []}),
        submodel(modelType="Shell"),
        {"id": EXAMPLE},
        {"modelType": "Submodel"},
        submodel(id=5),
        submodel(administration={"version": "1", "createdAt": "2026-01-01T00:00:00Z"}),
        submodel(description=[{"language": "de", "text": "a"}, {"language": "en", "text": "b"}]),
        submodel(
            {
                "modelType": "SubmodelElementList",
                "idShort": "L",
                "orderRelevant": False,
                "typeValueListElement": "Property",
                "value": [prop(None, value=str(index)) for index in range(12)],
            }
        ),
    ],
    ids=str,
)
def test_what_the_ontology_has_no_words_for_comes_back_too(tree: Node, form: RdfFormat) -> None:
    original = copy.deepcopy(tree)
    assert read_rdf(write_rdf(environment(tree), form), form) == environment(original)
    assert tree == original


@EVERY_FORM
@pytest.mark.parametrize(
    "identifier",
    [
        "0173-1#01-AHE582#003",
        "a b",
        "aas:id",
        "xs:id",
        "_:b0",
        "@type",
        "urn:x:<>",
        "urn:x:#a",
        "ä",
        "urn:x:ä",
        'urn:x:"',
        "https://[::1]/x",
        "urn:x:%",
        "urn:x:\xa0",
        "urn:x:\u3000",
        "urn:x:\ue000",
        "urn:x:\ufffd",
        "x:",
    ],
)
def test_any_identifier_has_an_iri_and_comes_back(identifier: str, form: RdfFormat) -> None:
    trees = environment(submodel(prop("P", value="1"), id=identifier))
    assert read_rdf(write_rdf(trees, form), form) == trees


def test_documents_and_elements_have_the_iris_that_are_told() -> None:
    inner = {"modelType": "SubmodelElementCollection", "idShort": "C", "value": [prop("P")]}
    graph = parsed(
        write_rdf(
            {
                "submodels": [
                    submodel(inner),
                    submodel(prop("P"), id="0173-1#01"),
                    submodel(prop("P"), id="urn:a#b"),
                ]
            },
            RdfFormat.TURTLE,
        )
    )
    made = f"urn:aas-server:id:{quote('0173-1#01')}"
    assert set(graph.subjects(RDF.type, aas("Submodel"))) == {
        URIRef(EXAMPLE),
        URIRef(made),
        URIRef("urn:a#b"),
    }
    assert set(graph.subjects(RDF.type, aas("Property"))) == {
        URIRef(f"{EXAMPLE}#C.P"),
        URIRef(f"{made}#P"),
        URIRef("urn:a#b/P"),
    }
    assert graph.value(URIRef(EXAMPLE), aas("Identifiable/id")) == Literal(EXAMPLE)


@EVERY_FORM
@pytest.mark.parametrize(
    "trees",
    [
        environment(submodel(prop("P", value="1")), submodel(id=f"{EXAMPLE}#P")),
        environment(submodel(prop("P", value="1"), prop("P", value="2"))),
        environment(submodel(prop("P", value="1")), submodel(prop("P", value="2"))),
        {
            "assetAdministrationShells": [{"modelType": "AssetAdministrationShell", "id": EXAMPLE}],
            "submodels": [submodel(prop("P"))],
        },
    ],
    ids=["element and document", "elements", "submodels", "shell and submodel"],
)
def test_what_would_have_the_same_iri_does_not_run_together(trees: Node, form: RdfFormat) -> None:
    assert read_rdf(write_rdf(trees, form), form) == trees


def test_all_forms_say_the_same() -> None:
    trees = environment(
        submodel(
            prop("P", value=TEXT.replace("\x00", ""), semanticId={"type": "ExternalReference"}),
            {"modelType": "Blob", "idShort": "B", "contentType": "a/b", "value": "YQ=="},
            {"modelType": "SubmodelElementList", "idShort": "L", "orderRelevant": True},
        )
    )
    turtle, json_ld, triples = (
        parsed(write_rdf(trees, form), form)
        for form in (RdfFormat.TURTLE, RdfFormat.JSON_LD, RdfFormat.N_TRIPLES)
    )
    assert isomorphic(turtle, json_ld)
    assert isomorphic(turtle, triples)
    quads = write_rdf(trees, RdfFormat.N_QUADS).replace(f" <{EXAMPLE}> .\n".encode(), b" .\n")
    assert quads == write_rdf(trees, RdfFormat.N_TRIPLES)


def test_each_document_is_a_graph_of_its_own_in_quads() -> None:
    trees = environment(submodel(prop("P")), submodel(prop("P"), id="urn:other"))
    lines = write_rdf(trees, RdfFormat.N_QUADS).decode().splitlines()
    assert {line.split()[-2] for line in lines} == {f"<{EXAMPLE}>", "<urn:other>"}
    for line in lines:
        assert line.split()[0].startswith(line.split()[-2][:-1])


def test_a_writer_gives_a_graph_document_by_document() -> None:
    trees = [submodel(prop("P")), submodel(id="urn:other")]
    for form in FORMS:
        writer = RdfWriter(form, [tree["id"] for tree in trees])
        parts = [writer.head, *(writer.document(tree, "Submodel") for tree in trees), writer.tail]
        assert b"".join(parts) == write_rdf(environment(*trees), form)


def test_the_order_is_that_of_positions_wherever_statements_stand() -> None:
    trees = environment(submodel(*(prop(f"P{index}") for index in range(12))))
    lines = write_rdf(trees, RdfFormat.N_TRIPLES).splitlines(keepends=True)
    assert read_rdf(b"".join(reversed(lines)), RdfFormat.N_TRIPLES) == trees
    assert POSITION.encode() not in write_rdf(environment(submodel(prop("P"))), RdfFormat.TURTLE)


@pytest.mark.parametrize("version", ["3/0", "3/1", "3/2"])
def test_what_others_write_is_read_in_the_order_in_which_it_stands(version: str) -> None:
    name = f"https://admin-shell.io/aas/{version}/"
    body = f"""
        @prefix aas: <{name}> . @prefix xs: <http://www.w3.org/2001/XMLSchema#> .
        @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
        <something> a aas:Submodel ; rdfs:label "passed over" ;
            <{name}Identifiable/id> "something"^^xs:string ;
            <{name}Referable/description> [ a aas:LangStringTextType ;
                <{name}AbstractLangString/language> "de"^^xs:string ;
                <{name}AbstractLangString/text> "eins"^^xs:string ] ;
            <{name}Referable/description> "two"@en ;
            <{name}HasSemantics/semanticId> [
                <{name}Reference/type> <{name}ReferenceTypes/ModelReference> ;
                <{name}Reference/keys>
                    [ <{name}Key/type> <{name}KeyTypes/Property> ;
                      <{name}Key/value> "p" ; aas:index 1 ] ,
                    [ <{name}Key/type> <{name}KeyTypes/Submodel> ;
                      <{name}Key/value> "s" ; aas:index 0 ] ] .
    """
    (found,) = read_rdf(body.encode(), RdfFormat.TURTLE)["submodels"]
    assert found == {
        "modelType": "Submodel",
        "id": "something",
        "description": [{"language": "de", "text": "eins"}, {"language": "en", "text": "two"}],
        "semanticId": {
            "type": "ModelReference",
            "keys": [{"type": "Submodel", "value": "s"}, {"type": "Property", "value": "p"}],
        },
    }


def statements(*lines: str) -> bytes:
    """Statements about a submodel, with names of the ontology in brackets."""
    head = [f"<urn:s> <{RDF.type}> <Submodel> .", '<urn:s> <Identifiable/id> "urn:s" .']
    text = "\n".join([*head, *lines])
    for scheme in ("urn:", "http"):
        text = text.replace(f"<{scheme}", f"\0{scheme}")
    return text.replace("<", f"<{NAMESPACE}").replace("\0", "<").encode()


ELEMENTS = "<urn:s> <Submodel/submodelElements> <urn:e> ."
LIST = f"<urn:e> <{RDF.type}> <SubmodelElementList> ."


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ([ELEMENTS], "must be one kind of SubmodelElement"),
        ([ELEMENTS, f"<urn:e> <{RDF.type}> <DataElement> ."], "must be one kind"),
        ([ELEMENTS, LIST, f"<urn:e> <{RDF.type}> <Property> ."], "must be one kind"),
        ([ELEMENTS, LIST, "<urn:e> <SubmodelElementList/value> <urn:e> ."], "in itself"),
        (["<urn:s> <Submodel/nothing> <urn:e> ."], "a Submodel has no Submodel/nothing"),
        (['<urn:s> <Identifiable/id> "b" .'], "has 2 values"),
        (["<urn:s> <Referable/idShort> <urn:e> ."], "must be a literal"),
        (['<urn:s> <Submodel/submodelElements> "x" .'], "must be a resource"),
        (['<urn:s> <Submodel/submodelElements> "x"@en .'], "must be a resource"),
        (["<urn:s> <HasKind/kind> <ModellingKind/No> ."], "not one of its literals"),
        (['<urn:s> <HasKind/kind> "Instance" .'], "not one of its literals"),
        ([f'<urn:s> <{OTHER}> "no json" .'], "no JSON object"),
        ([f'<urn:s> <{OTHER}> "[1]" .'], "no JSON object"),
        (
            [ELEMENTS, LIST, '<urn:e> <SubmodelElementList/orderRelevant> "perhaps" .'],
            "no xs:boolean",
        ),
        ([ELEMENTS, LIST, f'<urn:e> <{POSITION}> "first" .'], "no position"),
    ],
)
def test_what_is_no_document_is_refused_with_the_reason(lines: list[str], text: str) -> None:
    with pytest.raises(BadRequest, match=text):
        read_rdf(statements(*lines), RdfFormat.N_TRIPLES)


@EVERY_FORM
@pytest.mark.parametrize(
    "body",
    [b"\xff\xfe", b"<", b"<a> <b>", b"[" * 100_000, b"{" * 5_000, b'{"@context": 5}', b'"', b"]["],
    ids=lambda body: body[:12],
)
def test_what_is_no_rdf_is_refused(body: bytes, form: RdfFormat) -> None:
    with pytest.raises(BadRequest):
        read_rdf(body, form)


@EVERY_FORM
def test_a_graph_without_documents_is_an_empty_environment(form: RdfFormat) -> None:
    empty = write_rdf({}, form)
    assert read_rdf(empty, form) == {}


@pytest.mark.parametrize(
    "document",
    [
        {"@context": "http://127.0.0.1:9/context"},
        {"@context": ["http://127.0.0.1:9/context", {}]},
        {"@context": {"@import": "http://127.0.0.1:9/context"}},
        {"@context": {"a": {"@id": "urn:a", "@context": "http://127.0.0.1:9/context"}}, "a": {}},
        [{"urn:p": [{"@context": "file:///etc/hostname"}]}],
        {"@graph": [{"@context": ["file:///etc/hostname"]}]},
    ],
    ids=str,
)
def test_no_context_is_fetched_from_elsewhere(
    document: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _self, address: asked.append(address))
    with pytest.raises(BadRequest, match="context elsewhere"):
        read_rdf(json.dumps(document).encode(), RdfFormat.JSON_LD)
    assert asked == []


@EVERY_FORM
def test_more_statements_than_the_bound_are_refused(
    form: RdfFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = write_rdf(environment(submodel(*(prop(f"P{index}") for index in range(40)))), form)
    monkeypatch.setattr(reading, "MAX_STATEMENTS", 100)
    with pytest.raises(BadRequest, match="more than 100 statements"):
        read_rdf(body, form)
    monkeypatch.setattr(reading, "MAX_BYTES", 100)
    with pytest.raises(BadRequest, match="larger than 100 bytes"):
        read_rdf(body, form)


def test_a_resource_that_is_named_again_and_again_does_not_multiply_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "MAX_STATEMENTS", 1000)
    names = ["urn:s", *(f"urn:l{index}" for index in range(30))]
    lines = [f"<{name}> <{RDF.type}> <SubmodelElementCollection> ." for name in names[1:]]
    for upper, lower in pairwise(names[1:]):
        for twin in ("a", "b"):
            lines += [
                f"<{upper}> <SubmodelElementCollection/value> <{upper}{twin}> .",
                f"<{upper}{twin}> <{RDF.type}> <SubmodelElementCollection> .",
                f"<{upper}{twin}> <SubmodelElementCollection/value> <{lower}> .",
            ]
    with pytest.raises(BadRequest, match="more than can be read"):
        read_rdf(
            statements("<urn:s> <Submodel/submodelElements> <urn:l0> .", *lines),
            RdfFormat.N_TRIPLES,
        )


def nested(depth: int) -> Node:
    reference: Node = {"type": "ExternalReference"}
    for _ in range(depth):
        reference = {"type": "ExternalReference", "referredSemanticId": reference}
    return environment(submodel(semanticId=reference))


@EVERY_FORM
def test_nesting_has_a_bound_in_both_directions(form: RdfFormat) -> None:
    trees = nested(100)
    assert read_rdf(write_rdf(trees, form), form) == trees
    with pytest.raises(BadRequest, match="nested too deep"):
        read_rdf(write_rdf(nested(documents.MAX_DEPTH + 1), RdfFormat.N_TRIPLES), RdfFormat.N_QUADS)
    with pytest.raises(Conflict, match="nested too deep"):
        write_rdf(nested(100_000), form)


def test_a_document_that_is_no_object_cannot_be_written() -> None:
    with pytest.raises(Conflict, match="must be an object"):
        write_rdf({"submodels": ["text"]}, RdfFormat.TURTLE)
