"""Reading RDF with rdflib: bounded, and without a look at anything but the bytes that are given."""

from __future__ import annotations

import io
from typing import Any, Final, cast

import msgspec
from rdflib import Graph
from rdflib.plugins.parsers.jsonld import to_rdf
from rdflib.plugins.parsers.nquads import NQuadsParser
from rdflib.plugins.parsers.ntriples import NTGraphSink, W3CNTriplesParser
from rdflib.plugins.stores.memory import SimpleMemory

from aas_server.errors import BadRequest
from aas_server.metamodel.tree import Node
from aas_server.packages.rdf.documents import Documents
from aas_server.packages.rdf.writing import RdfFormat

MAX_BYTES: Final = 256 * 1024**2
MAX_STATEMENTS: Final = 1_000_000
"""Statements of a graph at most: each takes up to two kilobytes of memory."""


def read_rdf(body: bytes, form: RdfFormat) -> Node:
    """Return the environment that ``body`` describes, in the normal form.

    What is said in other vocabularies is passed over. Raises ``BadRequest`` for what is not of that
    form, is too large, or says what the metamodel has no place for.
    """
    if len(body) > MAX_BYTES:
        raise BadRequest(f"is larger than {MAX_BYTES} bytes")
    try:
        return Documents(_graph(body, form), budget=MAX_STATEMENTS).environment()
    except RecursionError as error:
        raise BadRequest("is nested too deep") from error


class _Bounded(SimpleMemory):
    """A store in memory that takes no more than ``MAX_STATEMENTS``."""

    def __init__(self) -> None:
        super().__init__()
        self._left = MAX_STATEMENTS

    def add(self, *args: Any, **kwargs: Any) -> None:
        """Add a statement; raises ``BadRequest``."""
        self._left -= 1
        if self._left < 0:
            raise BadRequest(f"has more than {MAX_STATEMENTS} statements")
        super().add(*args, **kwargs)


class _Union:
    """Stands for a dataset all of whose graphs are one: which document is in which says its IRI."""

    def __init__(self, graph: Graph) -> None:
        self.add = graph.add
        self.default_context = self

    def get_context(self, _name: object) -> _Union:
        """Return the graph of any name."""
        return self


def _graph(body: bytes, form: RdfFormat) -> Graph:
    graph = Graph(store=_Bounded())
    try:
        if form is RdfFormat.JSON_LD:
            to_rdf(_self_contained(body), graph)
        elif form is RdfFormat.N_QUADS:
            quads = NQuadsParser(sink=cast("NTGraphSink", _Union(graph)))
            W3CNTriplesParser.parse(quads, io.BytesIO(body))
        else:
            graph.parse(data=body, format="turtle" if form is RdfFormat.TURTLE else "nt")
    except (BadRequest, RecursionError):
        raise
    except Exception as error:
        # The parsers of rdflib raise whatever they meet first.
        raise BadRequest(f"is no {form.value}: {error}") from error
    return graph


def _self_contained(body: bytes) -> Any:
    """Return JSON of which nothing has to be fetched from elsewhere; raises ``BadRequest``."""
    try:
        tree = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadRequest(f"is no JSON: {error}") from error
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            contexts = part.get("@context")
            listed = contexts if isinstance(contexts, list) else [contexts]
            if "@import" in part or any(isinstance(each, str) for each in listed):
                raise BadRequest("names a context elsewhere: contexts must be part of the text")
            waiting += part.values()
    return tree
