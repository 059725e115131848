"""JSON-LD 1.1: resources within each other, under a context that is part of the text.

The context has no prefixes: an IRI that begins with the name of one would be taken for another.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from aas_server.packages.rdf.resources import Binary, Iri, Resource, Value
from aas_server.packages.rdf.vocabulary import NAMESPACE, XSD

HEAD: Final = b'{"@context":{"@vocab":"%b"},"@graph":[' % NAMESPACE.encode()
TAIL: Final = b"]}"


class Writer:
    """Writes documents, with commas between them."""

    def __init__(self) -> None:
        self._separator = b""

    def write(self, document: Resource) -> bytes:
        """Return a document and all that it is made of."""
        separator, self._separator = self._separator, b","
        return separator + msgspec.json.encode(_node(document))


def _node(resource: Resource) -> dict[str, Any]:
    values: dict[str, list[Any]] = {}
    for name, value in resource.statements:
        values.setdefault(name.removeprefix(NAMESPACE), []).append(_value(value))
    return {
        **({} if resource.name is None else {"@id": resource.name}),
        "@type": resource.type,
        **{name: each[0] if len(each) == 1 else each for name, each in values.items()},
    }


def _value(value: Value) -> Any:
    if isinstance(value, Resource):
        return _node(value)
    if isinstance(value, Iri):
        return {"@id": str(value)}
    if isinstance(value, Binary):
        return {"@type": f"{XSD}base64Binary", "@value": str(value)}
    return value
