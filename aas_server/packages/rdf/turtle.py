"""Turtle (RDF 1.1 Turtle): blank nodes stand where they are meant, all else at the margin."""

from __future__ import annotations

from typing import Final

from aas_server.packages.rdf.resources import Resource, Value
from aas_server.packages.rdf.terms import iri, simple
from aas_server.packages.rdf.vocabulary import NAMESPACE, XSD

HEAD: Final = f"@prefix aas: <{NAMESPACE}> .\n@prefix xs: <{XSD}> .\n".encode()


def write(document: Resource) -> bytes:
    """Return a document and all that it is made of."""
    waiting = [document]
    blocks: list[str] = []
    while waiting:
        resource = waiting.pop()
        named: list[Resource] = []
        subject = "[]" if resource.name is None else iri(resource.name)
        blocks.append(f"\n{subject} {_statements(resource, '    ', named)} .\n")
        waiting += reversed(named)
    return "".join(blocks).encode()


def _statements(resource: Resource, margin: str, named: list[Resource]) -> str:
    """Return what is said of ``resource``; resources with a name in it are added to ``named``."""
    lines = [f"a aas:{resource.type}"]
    lines += (f"{iri(name)} {_value(each, margin, named)}" for name, each in resource.statements)
    return f" ;\n{margin}".join(lines)


def _value(value: Value, margin: str, named: list[Resource]) -> str:
    if not isinstance(value, Resource):
        return simple(value)
    if value.name is not None:
        named.append(value)
        return iri(value.name)
    deeper = margin + "    "
    return f"[\n{deeper}{_statements(value, deeper, named)}\n{margin}]"
