"""What the graphs say of documents: the ontology's words and ours, for elements of every type."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rdflib import Graph
from rdflib.compare import isomorphic

from aas_server.packages.rdf.writing import RdfFormat, write_rdf
from aas_server.query.sparql.graphs import Graphs
from aas_server.query.sparql.messages import Outcome
from aas_server.query.sparql.statements import document_statements, value_statements
from tests.api.documents import DOCUMENTS, TYPES_SUBMODEL
from tests.query.asked import collection, listed, prop, reference, submodel
from tests.query.sparql.asked import ask, graphs_of, rows, terms

MILL = "urn:sm:Mill"


def of(*elements: dict[str, Any], **more: Any) -> Graphs:
    return graphs_of(submodel("Mill", *elements, **more))


def typed(value_type: str, value: str, **more: Any) -> dict[str, Any]:
    return {
        "modelType": "Property",
        "idShort": "P",
        "valueType": value_type,
        "value": value,
        **more,
    }


def model_reference(*keys: tuple[str, str]) -> dict[str, Any]:
    return {
        "type": "ModelReference",
        "keys": [{"type": kind, "value": value} for kind, value in keys],
    }


@pytest.mark.parametrize(
    ("value_type", "value", "term"),
    [
        ("xs:int", "17", "17"),
        ("xs:boolean", "true", "true"),
        ("xs:double", "8.5", '"8.5"^^<http://www.w3.org/2001/XMLSchema#double>'),
        ("xs:decimal", "8.5", "8.5"),
        ("xs:string", 'a "b"\n\\', r'"a \"b\"\n\\"'),
        ("xs:anyURI", "urn:x", '"urn:x"^^<http://www.w3.org/2001/XMLSchema#anyURI>'),
        ("xs:date", "2026-11-30", '"2026-11-30"^^<http://www.w3.org/2001/XMLSchema#date>'),
        ("xs:gMonthDay", "--11-30", '"--11-30"^^<http://www.w3.org/2001/XMLSchema#gMonthDay>'),
        ("xs:base64Binary", "AAE=", '"AAE="^^<http://www.w3.org/2001/XMLSchema#base64Binary>'),
    ],
)
def test_a_property_has_its_value_as_a_literal_of_its_type(value_type, value, term):
    found = terms(of(typed(value_type, value)), "SELECT ?v { ?e plant:value ?v }")
    assert found == [(term,)]


def test_values_of_numbers_are_compared_as_numbers():
    graphs = of(typed("xs:int", "9"), typed("xs:double", "1e1", idShort="Q"))
    assert rows(graphs, "SELECT ?e { ?e plant:value ?v FILTER(?v > 9.5) }") == [(f"{MILL}#Q",)]


def test_a_property_without_a_value_has_none():
    graphs = of(prop("P", None))
    assert rows(graphs, "SELECT ?v { ?e plant:value ?v }") == []
    assert rows(graphs, "SELECT ?n { ?e a aas:Property ; referable:idShort ?n }") == [("P",)]


def test_a_text_in_languages_has_a_value_in_each():
    texts = [{"language": "de", "text": "Fräse"}, {"language": "en", "text": "Mill"}]
    element = {"modelType": "MultiLanguageProperty", "idShort": "Name", "value": texts}
    found = terms(of(element), "SELECT ?v { ?e plant:value ?v }")
    assert found == [('"Fräse"@de',), ('"Mill"@en',)]


def test_a_range_has_bounds():
    element = {"modelType": "Range", "idShort": "R", "valueType": "xs:int", "min": "1", "max": "5"}
    found = rows(of(element), "SELECT ?a ?b { ?e plant:min ?a ; plant:max ?b FILTER(?b - ?a = 4) }")
    assert found == [("1", "5")]


def test_a_file_has_its_path_and_a_blob_no_short_value():
    graphs = of(
        {"modelType": "File", "idShort": "F", "contentType": "text/plain", "value": "/a.txt"},
        {"modelType": "Blob", "idShort": "B", "contentType": "text/plain", "value": "AAE="},
    )
    assert rows(graphs, "SELECT ?e ?v { ?e plant:value ?v }") == [(f"{MILL}#F", "/a.txt")]


@pytest.mark.parametrize(
    ("target", "iri"),
    [
        (model_reference(("Submodel", "urn:sm:Other")), "urn:sm:Other"),
        (
            model_reference(
                ("Submodel", "urn:sm:Other"),
                ("SubmodelElementCollection", "A"),
                ("SubmodelElementList", "Items"),
                ("Property", "2"),
            ),
            "urn:sm:Other#A.Items%5B2%5D",
        ),
        (reference("0173-1#02-AAO677#002"), "urn:aas-server:id:0173-1%2302-AAO677%23002"),
        (reference("urn:thing"), "urn:thing"),
    ],
)
def test_what_refers_leads_to_the_iri_of_what_is_meant(target, iri):
    element = {"modelType": "ReferenceElement", "idShort": "To", "value": target}
    assert rows(of(element), "SELECT ?v { ?e plant:value ?v }") == [(iri,)]


@pytest.mark.parametrize("model_type", ["RelationshipElement", "AnnotatedRelationshipElement"])
def test_a_relationship_leads_to_both(model_type):
    element = {
        "modelType": model_type,
        "idShort": "HasPart",
        "first": model_reference(("Submodel", MILL), ("Entity", "Root")),
        "second": model_reference(("Submodel", MILL), ("Entity", "Root"), ("Entity", "Motor")),
    }
    found = rows(of(element), "SELECT ?a ?b { ?e plant:first ?a ; plant:second ?b }")
    assert found == [(f"{MILL}#Root", f"{MILL}#Root.Motor")]


def test_a_shell_and_an_entity_lead_to_one_asset_and_a_shell_to_its_submodels():
    shell = {
        "modelType": "AssetAdministrationShell",
        "id": "urn:shell",
        "assetInformation": {"assetKind": "Instance", "globalAssetId": "urn:asset"},
        "submodels": [model_reference(("Submodel", MILL)), model_reference(("Submodel", "urn:b"))],
    }
    entity = {
        "modelType": "Entity",
        "idShort": "Node",
        "entityType": "SelfManagedEntity",
        "globalAssetId": "urn:asset",
    }
    graphs = graphs_of(shell, submodel("Mill", entity))
    text = "SELECT ?s ?e { ?s a aas:AssetAdministrationShell ; plant:asset ?a . ?e plant:asset ?a }"
    assert rows(graphs, text) == [("urn:shell", "urn:shell"), ("urn:shell", f"{MILL}#Node")]
    found = rows(graphs, "SELECT ?s { <urn:shell> plant:submodel ?s }")
    assert found == [("urn:b",), (MILL,)]


def test_an_element_means_every_concept_that_is_named():
    element = prop("P", "1", "urn:concept") | {"supplementalSemanticIds": [reference("urn:more")]}
    found = rows(of(element, concept="urn:template"), "SELECT ?e ?c { ?e plant:means ?c }")
    assert found == [
        (MILL, "urn:template"),
        (f"{MILL}#P", "urn:concept"),
        (f"{MILL}#P", "urn:more"),
    ]


def test_an_id_that_is_no_iri_can_be_made_one_in_a_query():
    graphs = of(prop("P", "1", "0173-1#02-AAO677#002"))
    text = """SELECT ?e { ?e plant:means ?c FILTER(
        ?c = IRI(CONCAT("urn:aas-server:id:", ENCODE_FOR_URI("0173-1#02-AAO677#002")))) }"""
    assert rows(graphs, text) == [(f"{MILL}#P",)]


def test_elements_are_in_what_is_around_them_and_in_their_submodel():
    graphs = of(collection("C", listed("L", prop(None, "1"))))
    found = rows(graphs, "SELECT ?a ?b { ?a plant:contains ?b }")
    assert found == [
        (MILL, f"{MILL}#C"),
        (f"{MILL}#C", f"{MILL}#C.L"),
        (f"{MILL}#C.L", f"{MILL}#C.L%5B0%5D"),
    ]
    inside = [(f"{MILL}#C",), (f"{MILL}#C.L",), (f"{MILL}#C.L%5B0%5D",)]
    assert rows(graphs, f"SELECT ?e {{ ?e plant:inSubmodel <{MILL}> }}") == inside
    assert rows(graphs, f"SELECT ?e {{ <{MILL}> plant:contains+ ?e }}") == inside


def test_all_that_the_export_says_is_there():
    documents = [tree for _, tree in DOCUMENTS]
    names = {
        "AssetAdministrationShell": "assetAdministrationShells",
        "Submodel": "submodels",
        "ConceptDescription": "conceptDescriptions",
    }
    environment: dict[str, Any] = {}
    for tree in documents:
        environment.setdefault(names[tree["modelType"]], []).append(tree)
    exported = Graph().parse(write_rdf(environment, RdfFormat.N_TRIPLES), format="nt")
    held = Graph()
    for tree in documents:
        own = Graph().parse(document_statements(tree, tree["modelType"]), format="nt")
        held += own
    ours = [each for each in held if str(each[1]).startswith("urn:aas-server:rdf/")]
    assert ours
    for each in ours:
        held.remove(each)
    assert isomorphic(held, exported)


def test_types_of_every_kind_are_in_the_graph():
    found = rows(graphs_of(TYPES_SUBMODEL), "SELECT DISTINCT ?t { ?e plant:inSubmodel ?s ; a ?t }")
    names = {text.rpartition("/")[2] for (text,) in found}
    assert names == {
        "AnnotatedRelationshipElement",
        "BasicEventElement",
        "Blob",
        "Capability",
        "Entity",
        "File",
        "MultiLanguageProperty",
        "Operation",
        "Property",
        "Range",
        "ReferenceElement",
        "RelationshipElement",
        "SubmodelElementCollection",
        "SubmodelElementList",
    }


LIVE = [
    typed("xs:int", "17"),
    {
        "modelType": "MultiLanguageProperty",
        "idShort": "P",
        "value": [{"language": "en", "text": "on"}],
    },
    {"modelType": "Range", "idShort": "P", "valueType": "xs:int", "min": "1", "max": "5"},
    {"modelType": "Blob", "idShort": "P", "contentType": "text/plain", "value": "AAE="},
    collection("P", prop("A", "1"), prop("B", None)),
    listed("P", prop(None, "1"), prop(None, "2")),
]


@pytest.mark.parametrize("element", LIVE, ids=lambda each: each["modelType"])
def test_a_live_element_and_its_document_together_say_what_the_document_would(element):
    tree = submodel("Mill", element, prop("Other", "1"))
    static = document_statements(tree, "Submodel", [f"{MILL}#P"])
    live = value_statements(element, MILL, "P", prefix="live")
    whole = Graph().parse(document_statements(tree, "Submodel"), format="nt")
    parts = Graph().parse(static + live, format="nt")
    assert static.count(b"\n") < len(whole)
    assert isomorphic(parts, whole)


def test_a_graph_for_each_document_bears_its_iri():
    graphs = graphs_of(submodel("A", prop("P", "1")), submodel("B"))
    found = rows(graphs, "SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }")
    assert found == [("urn:sm:A",), ("urn:sm:B",)]


@pytest.mark.parametrize("identifier", ["no iri", "http://[", "a:b#c", "a:%zz", 'urn:"'])
def test_documents_with_any_id_can_be_held_and_replaced(identifier):
    tree = submodel("A", prop("P", "1")) | {"id": identifier}
    graphs = graphs_of(tree)
    assert rows(graphs, "SELECT ?v { ?e plant:value ?v }") == [("1",)]
    graphs.put(identifier, [])
    assert ask(graphs, "ASK { ?s ?p ?o }").body == b"false"
    assert graphs.statements == 0
    assert graphs.garbage > 0


def test_answers_come_in_every_form():
    graphs = graphs_of(submodel("A", prop("P", "1")))
    construct = "CONSTRUCT { ?s plant:value ?v } WHERE { ?s plant:value ?v }"
    formats = {
        "text/turtle": "turtle",
        "application/n-triples": "nt",
        "application/rdf+xml": "xml",
    }
    for media_type, name in formats.items():
        reply = ask(graphs, construct, graph_form=media_type)
        assert (reply.outcome, reply.media_type) == (Outcome.ANSWERED, media_type)
        assert len(Graph().parse(reply.body, format=name)) == 1
    (node,) = json.loads(ask(graphs, construct, graph_form="application/ld+json").body)
    assert node == {"@id": "urn:sm:A#P", "urn:aas-server:rdf/value": [{"@value": "1"}]}
