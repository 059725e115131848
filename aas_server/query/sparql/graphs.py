"""The graphs: one for each document, in a store that nobody changes but the documents."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import msgspec
import pyoxigraph as ox

from aas_server.errors import Conflict
from aas_server.metamodel.tree import Node
from aas_server.packages.rdf.resources import MADE, iri_of
from aas_server.query.sparql.forms import GRAPH_FORMS, SOLUTION_FORMS
from aas_server.query.sparql.messages import Described, Outcome, Question, Reply
from aas_server.query.sparql.statements import document_statements
from aas_server.query.sparql.vocabulary import LIVE_GRAPH, PREFIXES

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_decoder: Final[msgspec.json.Decoder[Node]] = msgspec.json.Decoder(dict[str, Any])

_MAX_TEXT: Final = 300
"""Characters of what the parser says that are passed on."""


class _TooLarge(Exception):
    """The answer is larger than answers may be."""


class Graphs:
    """Holds the graphs in memory.

    What is gone still takes memory: ``garbage`` counts its statements.
    """

    def __init__(self) -> None:
        self._store = ox.Store()
        self.statements = 0
        self.garbage = 0
        self.left_out: set[str] = set()
        """Ids of documents of which nothing can be said: nested too deep."""

    def put(self, identifier: str, documents: Iterable[Described], *, adds: bool = False) -> None:
        """Let the graph of ``identifier`` say what ``documents`` are, which have that id.

        With ``adds`` they come to what it says already, which is faster, but names blank nodes by
        chance: the first change of a document replaces what is said of them, too.
        """
        graph = _graph(identifier)
        self.left_out.discard(identifier)
        lines: list[bytes] = []
        for each in documents:
            told = _statements(each)
            if told is None:
                self.left_out.add(identifier)
            else:
                lines.append(told)
        if adds:
            for part in lines:
                self._load(part, graph)
                self.statements += part.count(b"\n")
        else:
            self._replace(graph, b"".join(lines))

    def _replace(self, graph: ox.NamedNode, lines: bytes) -> None:
        """Let ``graph`` say ``lines``: what stays the same is not touched, it would be garbage."""
        present = set(self._store.quads_for_pattern(None, None, None, graph))
        wanted = {
            ox.Quad(each.subject, each.predicate, each.object, graph)
            for each in ox.parse(lines, ox.RdfFormat.N_TRIPLES, lenient=True)
        }
        gone, new = present - wanted, wanted - present
        # Numbers come out as they are counted, not as they were written: what is added comes last.
        for each in gone:
            self._store.remove(each)
        self._store.extend(new)
        if not wanted:
            self._store.remove_graph(graph)
        self.statements += len(new) - len(gone)
        self.garbage += len(gone)

    def ask(self, question: Question) -> Reply:
        """Answer a question; the live values and made documents of it stay in the store."""
        self._load(question.live, ox.NamedNode(LIVE_GRAPH))
        for each in question.made:
            lines = _statements(each) or b""
            self._load(lines, _graph(str(_decoder.decode(each.body).get("id"))))
        try:
            return self._answer(question)
        except _TooLarge:
            return _reply(
                Outcome.TOO_LARGE,
                f"the answer is larger than {question.max_bytes} bytes: ask for less, or in parts "
                "with LIMIT and OFFSET",
            )
        except SyntaxError as error:
            return _reply(Outcome.REFUSED, _shortened(str(error.msg)))
        except (ValueError, OSError) as error:
            return _reply(Outcome.REFUSED, _shortened(str(error)))
        except MemoryError:
            return _reply(Outcome.TOO_COMPLEX, "")

    def dataset(self) -> ox.Dataset:
        """Return all statements, to be compared."""
        return ox.Dataset(self._store)

    def _answer(self, question: Question) -> Reply:
        is_about_all = not (
            question.names_graphs or question.default_graphs or question.named_graphs
        )
        has_dataset = bool(question.default_graphs or question.named_graphs)
        found = self._store.query(
            question.text,
            prefixes=PREFIXES,
            use_default_graph_as_union=is_about_all,
            default_graph=list(map(ox.NamedNode, question.default_graphs)) if has_dataset else None,
            named_graphs=list(map(ox.NamedNode, question.named_graphs)) if has_dataset else None,
        )
        is_graph = isinstance(found, ox.QueryTriples)
        form = question.graph_form if is_graph else question.form
        if form is None:
            return _reply(
                Outcome.NOT_ACCEPTABLE,
                f"Accept must take one of {', '.join(GRAPH_FORMS if is_graph else SOLUTION_FORMS)}",
            )
        target = _Bounded(question.max_bytes)
        if isinstance(found, ox.QueryTriples):
            found.serialize(target, ox.RdfFormat.from_media_type(form))
        else:
            found.serialize(target, ox.QueryResultsFormat.from_media_type(form))
        return Reply(Outcome.ANSWERED, target.getvalue(), form)

    def _load(self, lines: bytes, graph: ox.NamedNode) -> None:
        if lines:
            self._store.load(lines, ox.RdfFormat.N_TRIPLES, to_graph=graph, lenient=True)


class _Bounded(BytesIO):
    """Takes what is written up to ``room`` bytes."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self._room = room

    def write(self, data: ReadableBuffer) -> int:
        written = super().write(data)
        if self.tell() > self._room:
            raise _TooLarge
        return written


def _statements(described: Described) -> bytes | None:
    """Return what is said of a document, None for one that is nested too deep to say it."""
    try:
        tree = _decoder.decode(described.body)
        return document_statements(tree, described.class_name, described.live)
    except (Conflict, RecursionError):
        return None


def _graph(identifier: str) -> ox.NamedNode:
    """Return the name of the graph of a document: its IRI, or a made one where that is none for
    the store.
    """
    try:
        return ox.NamedNode(iri_of(identifier))
    except ValueError:
        return ox.NamedNode(MADE + quote(identifier, safe=""))


def _reply(outcome: Outcome, text: str) -> Reply:
    return Reply(outcome, text.encode())


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}…"
