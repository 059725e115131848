"""The store of the graphs: what it is after any changes, and what it answers and refuses."""

from __future__ import annotations

from typing import Any

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aas_server.packages.rdf.resources import iri_of
from aas_server.query.sparql.graphs import Graphs
from aas_server.query.sparql.messages import Described, Outcome
from tests.query.asked import prop, submodel
from tests.query.sparql.asked import ask, described, graphs_of, rows
from tests.support.strategies import identifiables

PRESS = submodel("Press", prop("Force", "17"))
MILL = submodel("Mill", prop("Speed", "99"))


def canonical(graphs: Graphs) -> str:
    dataset = graphs.dataset()
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return "\n".join(sorted(map(str, dataset)))


@given(st.lists(st.tuples(st.integers(0, 2), identifiables | st.none()), max_size=8))
@settings(max_examples=50, deadline=None)
def test_after_any_changes_the_graphs_are_those_made_from_scratch(
    changes: list[tuple[int, dict[str, Any] | None]],
):
    graphs = Graphs()
    present: dict[str, dict[str, Any]] = {}
    for number, tree in changes:
        identifier = f"urn:document:{number}"
        if tree is None:
            present.pop(identifier, None)
            graphs.put(identifier, [])
        else:
            present[identifier] = tree | {"id": identifier}
            live = [f"{iri_of(identifier)}#{each}" for each in ("a", "A")]
            graphs.put(identifier, [described(present[identifier], live)])
    scratch = Graphs()
    for identifier, tree in present.items():
        live = [f"{iri_of(identifier)}#{each}" for each in ("a", "A")]
        scratch.put(identifier, [described(tree, live)], adds=True)
    assert canonical(graphs) == canonical(scratch)
    assert graphs.statements == len(graphs.dataset())


def test_two_documents_of_different_kinds_share_the_graph_of_their_id():
    concept = {"modelType": "ConceptDescription", "id": PRESS["id"], "idShort": "Concept"}
    graphs = graphs_of(PRESS, concept)
    text = "SELECT ?n { GRAPH <urn:sm:Press> { <urn:sm:Press> referable:idShort ?n } }"
    assert rows(graphs, text) == [("Concept",), ("Press",)]
    graphs.put(PRESS["id"], [described(PRESS)])
    assert rows(graphs, text) == [("Press",)]


def test_what_stays_the_same_leaves_no_garbage():
    elements = [prop(f"P{number}", "1", "urn:concept") for number in range(50)]
    graphs = Graphs()
    graphs.put("urn:sm:S", [described(submodel("S", *elements))])
    statements = graphs.statements
    for value in ("2", "3"):
        elements[7] = prop("P7", value, "urn:concept")
        graphs.put("urn:sm:S", [described(submodel("S", *elements))])
    assert rows(graphs, "SELECT ?v { <urn:sm:S#P7> plant:value ?v }") == [("3",)]
    # Two statements hold a value, and both were replaced twice.
    assert (graphs.statements, graphs.garbage) == (statements, 4)


def test_without_a_dataset_a_query_is_about_all_graphs():
    graphs = graphs_of(PRESS, MILL)
    text = "SELECT ?v { ?e plant:value ?v }"
    assert rows(graphs, text) == [("17",), ("99",)]
    assert rows(graphs, text, default_graphs=["urn:sm:Mill"]) == [("99",)]
    assert rows(graphs, text, named_graphs=["urn:sm:Mill"]) == []
    inside = "SELECT ?v { GRAPH ?g { ?e plant:value ?v } }"
    assert rows(graphs, inside, named_graphs=["urn:sm:Mill"]) == [("99",)]


def test_a_query_may_name_graphs_itself():
    graphs = graphs_of(PRESS, MILL)
    text = "SELECT ?v FROM <urn:sm:Press> { ?e plant:value ?v }"
    assert rows(graphs, text, names_graphs=True) == [("17",)]


@pytest.mark.parametrize("text", ["SELECT ?v { ?e plant:value ?v ", "SELECT * { ?a foo:b ?c }"])
def test_what_is_no_sparql_is_refused_with_the_place(text):
    reply = ask(graphs_of(PRESS), text)
    assert reply.outcome is Outcome.REFUSED
    assert b"error at 1:" in reply.body
    assert len(reply.body) < 400


def test_a_graph_that_is_no_iri_is_refused():
    reply = ask(graphs_of(PRESS), "ASK { ?s ?p ?o }", default_graphs=["no iri"])
    assert reply.outcome is Outcome.REFUSED


def test_an_answer_that_is_too_large_is_refused():
    reply = ask(graphs_of(PRESS), "SELECT * { ?s ?p ?o }", max_bytes=100)
    assert reply.outcome is Outcome.TOO_LARGE
    assert b"100 bytes" in reply.body


@pytest.mark.parametrize(
    ("text", "forms", "named"),
    [
        ("ASK { ?s ?p ?o }", {"form": None}, b"text/csv"),
        ("DESCRIBE <urn:sm:Press>", {"graph_form": None}, b"text/turtle"),
    ],
)
def test_an_answer_in_no_form_that_is_taken_says_which_there_are(text, forms, named):
    reply = ask(graphs_of(PRESS), text, **forms)
    assert reply.outcome is Outcome.NOT_ACCEPTABLE
    assert named in reply.body


def test_a_document_nested_too_deep_is_passed_over():
    graphs = Graphs()
    graphs.put("urn:deep", [described(submodel("Deep"))])
    body = b'{"modelType":"SubmodelElementCollection","idShort":"C","value":[' * 900
    body += b"]}" * 900
    deep = b'{"modelType":"Submodel","id":"urn:deep","submodelElements":[' + body + b"]}"
    graphs.put("urn:deep", [Described("Submodel", deep)])
    assert graphs.statements == 0
    assert graphs.left_out == {"urn:deep"}
    graphs.put("urn:deep", [described(submodel("Deep"))])
    assert graphs.statements
    assert not graphs.left_out
