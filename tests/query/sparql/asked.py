"""Graphs of a few documents, and short ways to ask them, without a process."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import msgspec

from aas_server.query.sparql.graphs import Graphs
from aas_server.query.sparql.messages import Described, Outcome, Question, Reply


def described(tree: dict[str, Any], live: Sequence[str] = ()) -> Described:
    return Described(tree["modelType"], msgspec.json.encode(tree), live)


def graphs_of(*trees: dict[str, Any]) -> Graphs:
    graphs = Graphs()
    for tree in trees:
        graphs.put(tree["id"], [described(tree)], adds=True)
    return graphs


def question(text: str, **more: Any) -> Question:
    names_graphs = more.pop("names_graphs", False)
    return Question(
        number=1,
        text=text,
        form=more.pop("form", "text/csv"),
        graph_form=more.pop("graph_form", "application/n-triples"),
        names_graphs=names_graphs,
        default_graphs=more.pop("default_graphs", ()),
        named_graphs=more.pop("named_graphs", ()),
        live=more.pop("live", b""),
        made=more.pop("made", ()),
        seconds=10.0,
        max_bytes=more.pop("max_bytes", 1024**2),
        max_memory=256 * 1024**2,
    )


def ask(graphs: Graphs, text: str, **more: Any) -> Reply:
    return graphs.ask(question(text, **more))


def rows_in(body: bytes) -> list[tuple[str, ...]]:
    """The rows of an answer in CSV, sorted, without the names of the columns."""
    return sorted(tuple(row) for row in list(csv.reader(io.StringIO(body.decode())))[1:])


def rows(graphs: Graphs, text: str, **more: Any) -> list[tuple[str, ...]]:
    reply = ask(graphs, text, **more)
    assert reply.outcome is Outcome.ANSWERED, reply.body
    return rows_in(reply.body)


def terms(graphs: Graphs, text: str) -> list[tuple[str, ...]]:
    """The rows of an answer as they are written in SPARQL, with types and languages."""
    reply = ask(graphs, text, form="text/tab-separated-values")
    assert reply.outcome is Outcome.ANSWERED, reply.body
    return sorted(tuple(line.split("\t")) for line in reply.body.decode().splitlines()[1:])
