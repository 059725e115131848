"""N-Quads and N-Triples: one statement a line (RDF 1.1 N-Quads, RDF 1.1 N-Triples)."""

from __future__ import annotations

from itertools import count
from typing import Final

from aas_server.packages.rdf.resources import Resource, Value
from aas_server.packages.rdf.terms import iri, simple
from aas_server.packages.rdf.vocabulary import NAMESPACE, TYPE

_TYPE: Final = iri(TYPE)


class Writer:
    """Writes documents; blank nodes are numbered through, behind ``prefix``.

    With ``named`` graphs each document is one, which has its IRI: a triple store can replace it as
    a whole.
    """

    def __init__(self, *, named: bool, prefix: str = "b") -> None:
        self._named = named
        self._prefix = prefix
        self._numbers = count()

    def write(self, document: Resource) -> bytes:
        """Return a document and all that it is made of."""
        subject = self._term(document)
        end = f" {subject} .\n" if self._named else " .\n"
        return "".join(self._lines(subject, document, end)).encode()

    def statement(self, subject: str, name: str, value: Value) -> bytes:
        """Return one statement, in no graph, about what has the IRI ``subject``, and all that its
        value is made of.
        """
        if not isinstance(value, Resource):
            return f"{iri(subject)} {iri(name)} {simple(value)} .\n".encode()
        term = self._term(value)
        first = f"{iri(subject)} {iri(name)} {term} .\n"
        return "".join((first, *self._lines(term, value, " .\n"))).encode()

    def _lines(self, subject: str, resource: Resource, end: str) -> list[str]:
        waiting = [(subject, resource)]
        lines: list[str] = []
        while waiting:
            subject, resource = waiting.pop()
            lines.append(f"{subject} {_TYPE} {iri(NAMESPACE + resource.type)}{end}")
            inner: list[tuple[str, Resource]] = []
            for name, value in resource.statements:
                if isinstance(value, Resource):
                    term = self._term(value)
                    inner.append((term, value))
                else:
                    term = simple(value)
                lines.append(f"{subject} {iri(name)} {term}{end}")
            waiting += reversed(inner)
        return lines

    def _term(self, resource: Resource) -> str:
        return (
            f"_:{self._prefix}{next(self._numbers)}"
            if resource.name is None
            else iri(resource.name)
        )
