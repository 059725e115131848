"""What is refused before it is parsed, and what only looks like it."""

from __future__ import annotations

import time

import pytest

from aas_server.errors import BadRequest
from aas_server.query.sparql.scanning import MAX_DEPTH, MAX_LENGTH, scan

SERVICE = "SELECT * { SERVICE <http://other/> { ?s ?p ?o } }"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (SERVICE, "query 1:12"),
        ("SELECT *\n{\n  service silent ?x {} }", "query 3:3"),
        ("SELECT * { ?a ?b 5SERVICE<http://x>{} }", "query 1:18"),
        ("PREFIX : <http://x/> SELECT * { SERVICE:a {} }", "query 1:33"),
        (r"SELECT * { \u0053ERVICE <http://x> {} }", "query 1:12"),
        ("SELECT * { FILTER(?a<?b)SERVICE<http://x>{} }", "query 1:25"),
        ("ASK { ?a ?b '''it's''' SERVICE ?x {} }", "query 1:24"),
    ],
)
def test_no_other_server_is_asked(text, place):
    with pytest.raises(BadRequest, match="no other server") as caught:
        scan(text)
    assert caught.value.path == place


@pytest.mark.parametrize(
    "text",
    [
        "SELECT ?service { ?s ?p ?service }",
        "SELECT * { ?s ex:service 'SERVICE' }",
        "SELECT * { ?s <http://x/SERVICE> 'a \\' SERVICE' }",
        '# SERVICE\nASK { ?s ?p """a " SERVICE""" }',
        "ASK { ?s ?p 'x'@service }",
    ],
)
def test_a_text_that_only_looks_like_service_is_taken(text):
    assert scan(text).text == text


@pytest.mark.parametrize(
    "text",
    [
        "INSERT DATA { <a:a> <a:b> <a:c> }",
        "# why\nPREFIX a: <urn:a> delete WHERE { ?s ?p ?o }",
        "LOAD <file:///etc/passwd>",
        "CLEAR ALL",
        "DROP GRAPH <urn:sm:Mill>",
        "WITH <urn:g> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }",
    ],
)
def test_updates_are_refused_by_their_name(text):
    with pytest.raises(BadRequest, match="is an update"):
        scan(text)


@pytest.mark.parametrize("text", ["", "  # nothing", "HELLO { }", "<urn:a> { }"])
def test_what_is_no_question_is_refused(text):
    with pytest.raises(BadRequest, match="SELECT, ASK, CONSTRUCT or DESCRIBE"):
        scan(text)


def test_a_question_that_names_graphs_is_known():
    assert scan("SELECT * FROM <urn:g> { ?s ?p ?o }").names_graphs
    assert scan("ASK FROM NAMED <urn:g> { ?s ?p ?o }").names_graphs
    assert not scan("SELECT ?from { ?from ?p 'from' }").names_graphs


def test_what_is_nested_too_deep_is_refused_with_the_place():
    fits = "{" * MAX_DEPTH
    assert scan(f"SELECT * {fits}").text
    with pytest.raises(BadRequest, match="nested deeper") as caught:
        scan(f"SELECT * \n{fits}{{")
    assert caught.value.path == f"query 2:{MAX_DEPTH + 1}"


def test_what_is_too_long_is_refused():
    with pytest.raises(BadRequest, match="at most 65536"):
        scan("ASK { } #" + "x" * MAX_LENGTH)


@pytest.mark.parametrize(
    "part", ["'", '"\\"', "'''", "a.", "<a", "a.a:", "\\u0041", "\\", "(", "5"]
)
def test_nothing_takes_long_to_look_at(part):
    text = "ASK " + part * ((MAX_LENGTH - 10) // len(part))
    started = time.perf_counter()
    try:
        scan(text)
    except BadRequest:
        """Refused or not: quickly."""
    assert time.perf_counter() - started < 0.5
