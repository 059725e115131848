"""N-Quads and N-Triples: one statement a line (RDF 1.1 N-Quads, RDF 1.1 N-Triples)."""

from __future__ import annotations

from itertools import count
from typing import Final

from aas_server.packages.rdf.resources import Resource
from aas_server.packages.rdf.terms import iri, simple
from aas_server.packages.rdf.vocabulary import NAMESPACE, TYPE

_TYPE: Final = iri(TYPE)


class Writer:
    """Writes documents; blank nodes are numbered through.

    With ``named`` graphs each document is one, which has its IRI: a triple store can replace it as
    a whole.
    """

    def __init__(self, *, named: bool) -> None:
        self._named = named
        self._numbers = count()

    def write(self, document: Resource) -> bytes:
        """Return a document and all that it is made of."""
        subject = self._term(document)
        end = f" {subject} .\n" if self._named else " .\n"
        waiting = [(subject, document)]
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
        return "".join(lines).encode()

    def _term(self, resource: Resource) -> str:
        return f"_:b{next(self._numbers)}" if resource.name is None else iri(resource.name)
