"""Writing RDF: documents one by one, so that what is written need not be in memory at once.

rdflib would keep every statement of a graph in memory, a kilobyte each; what is written here, tests
read with it.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable

from aas_server.errors import Conflict
from aas_server.metamodel.tree import Node
from aas_server.packages.contents import LISTS
from aas_server.packages.rdf import json_ld, quads, turtle
from aas_server.packages.rdf.resources import Resource, Resources


class RdfFormat(enum.Enum):
    """The forms of RDF, by their media types."""

    TURTLE = "text/turtle"
    JSON_LD = "application/ld+json"
    N_QUADS = "application/n-quads"
    N_TRIPLES = "application/n-triples"


class RdfWriter:
    """Writes one graph: ``head``, each document once, ``tail``.

    ``identifiers`` are the ids of all documents that follow.
    """

    def __init__(self, form: RdfFormat, identifiers: Iterable[str]) -> None:
        self._resources = Resources(identifiers)
        self.head, self._write, self.tail = _parts(form)

    def document(self, tree: Node, class_name: str) -> bytes:
        """Return a document of the class ``class_name``; raises ``Conflict``."""
        return self._write(self._resources.document(tree, class_name))


def write_rdf(environment: Node, form: RdfFormat) -> bytes:
    """Return an environment in the normal form as RDF.

    Raises ``Conflict`` for a document that is no object, or nested too deep.
    """
    documents = [
        (tree, kind.value) for name, kind in LISTS.items() for tree in environment.get(name) or ()
    ]
    if not all(isinstance(tree, dict) for tree, _ in documents):
        raise Conflict("cannot be written as RDF: a document must be an object")
    identifiers = [str(tree.get("id")) for tree, _ in documents]
    writer = RdfWriter(form, identifiers)
    written = [writer.document(tree, class_name) for tree, class_name in documents]
    return b"".join((writer.head, *written, writer.tail))


_Write = Callable[[Resource], bytes]


def _parts(form: RdfFormat) -> tuple[bytes, _Write, bytes]:
    if form is RdfFormat.TURTLE:
        return turtle.HEAD, turtle.write, b""
    if form is RdfFormat.JSON_LD:
        return json_ld.HEAD, json_ld.Writer().write, json_ld.TAIL
    return b"", quads.Writer(named=form is RdfFormat.N_QUADS).write, b""
