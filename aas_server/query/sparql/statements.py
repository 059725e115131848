"""What is said of one document: the specification's ontology, and our shortcuts beside it.

The names of resources are those of the RDF export. Of an element that shows a machine's value the
stored value is left out: what it is at the moment stands in the graph of the live values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from hashlib import blake2s
from itertools import pairwise
from typing import Final, TypeAlias

from aas_server.metamodel.tree import Node
from aas_server.packages.rdf.quads import Writer
from aas_server.packages.rdf.resources import (
    Iri,
    Resource,
    Resources,
    Value,
    element_iri,
    element_resource,
    iri_of,
)
from aas_server.packages.rdf.terms import iri, simple, tagged, typed
from aas_server.packages.rdf.vocabulary import NAMESPACE, SHAPES, XSD, Enumeration
from aas_server.query.sparql import vocabulary as words

_Statements: TypeAlias = "list[tuple[str, Value]]"

_VALUES: Final = frozenset(
    NAMESPACE + local
    for local in (
        "Property/value",
        "MultiLanguageProperty/value",
        "Range/min",
        "Range/max",
        "Blob/value",
        "File/value",
    )
)
"""Properties that hold what a machine may tell."""

_LITERALS: Final[Mapping[str, Mapping[str, str]]] = {
    "Property": {"Property/value": words.VALUE},
    "Range": {"Range/min": words.MINIMUM, "Range/max": words.MAXIMUM},
    "File": {"File/value": words.VALUE},
}
_REFERRING: Final[Mapping[str, Mapping[str, str]]] = {
    "ReferenceElement": {"ReferenceElement/value": words.VALUE},
    "RelationshipElement": {
        "RelationshipElement/first": words.FIRST,
        "RelationshipElement/second": words.SECOND,
    },
    "AnnotatedRelationshipElement": {
        "RelationshipElement/first": words.FIRST,
        "RelationshipElement/second": words.SECOND,
    },
    "AssetAdministrationShell": {"AssetAdministrationShell/submodels": words.SUBMODEL},
}
_SEMANTICS: Final = frozenset(
    NAMESPACE + local
    for local in ("HasSemantics/semanticId", "HasSemantics/supplementalSemanticIds")
)
_VALUE_TYPES: Final = (f"{NAMESPACE}Property/valueType", f"{NAMESPACE}Range/valueType")


def _type_names() -> dict[str, str]:
    types = SHAPES["Property"].attributes["valueType"].range
    literals = types.literals if isinstance(types, Enumeration) else {}
    return {name: value.removeprefix("xs:") for value, name in literals.items()}


_TYPE_NAMES: Final = _type_names()
"""What follows the namespace of XML Schema, by the IRI in the ontology."""
_UNIT: Final = f"{NAMESPACE}DataSpecificationIec61360/unit"
_LIST: Final = "SubmodelElementList"


def document_statements(tree: Node, class_name: str, live: Collection[str] = ()) -> bytes:
    """Return the statements about a document of the class ``class_name`` as N-Triples.

    ``live`` are the IRIs of the elements that show machines' values, of which, and of everything
    below them, the stored values are left out. Blank nodes have names that no other document has,
    and the same ones as long as nothing but values changes. Raises ``Conflict`` for a document that
    is nested too deep.
    """
    document = Resources((str(tree.get("id")),)).document(tree, class_name)
    if live:
        _leave_out(document, frozenset(live))
    lines: list[str] = []
    for subject, name in _named(document):
        if class_name == "Submodel" and subject is not document:
            lines.append(_line(name, words.IN_SUBMODEL, iri(document.name or "")))
        lines += _shortcuts(subject, name)
        lines += _value_shortcuts(subject, name)
    writer = Writer(named=False, prefix=_prefix(class_name, tree))
    return writer.write(document) + "".join(lines).encode()


def value_statements(element: Node, submodel: str, path: str, *, prefix: str) -> bytes:
    """Return what ``document_statements`` leaves out of a live ``element``, as N-Triples.

    It is at ``path`` of the submodel with the IRI ``submodel``; blank nodes begin with ``prefix``.
    """
    writer = Writer(named=False, prefix=prefix)
    parts: list[bytes] = []
    for subject, name in _named(element_resource(element, submodel, path)):
        for word, value in subject.statements:
            if word in _VALUES:
                parts.append(writer.statement(name, word, value))
        parts.append("".join(_value_shortcuts(subject, name)).encode())
    return b"".join(parts)


def _prefix(class_name: str, tree: Node) -> str:
    name = f"{class_name} {tree.get('id')}".encode("utf-8", "surrogatepass")
    return f"d{blake2s(name, digest_size=10).hexdigest()}x"


def _named(root: Resource) -> Iterator[tuple[Resource, str]]:
    """Yield the resources with a name: a document and its elements, those around others first."""
    waiting = [root]
    while waiting:
        resource = waiting.pop()
        if resource.name is not None:
            yield resource, resource.name
        below = [value for _, value in resource.statements if isinstance(value, Resource)]
        waiting += (each for each in reversed(below) if each.name is not None)


def _leave_out(document: Resource, live: frozenset[str]) -> None:
    """Take the values of the elements in ``live``, and of all below them, out of a document."""
    waiting = [(document, False)]
    while waiting:
        resource, is_live = waiting.pop()
        is_live = is_live or resource.name in live
        if is_live:
            resource.statements[:] = [
                each
                for each in resource.statements
                # A collection's elements stand at a property of the same kind: they stay.
                if each[0] not in _VALUES
            ]
        for _, value in resource.statements:
            if isinstance(value, Resource) and value.name is not None:
                waiting.append((value, is_live))


def _shortcuts(subject: Resource, name: str) -> Iterator[str]:
    """Yield the statements of our own about a document or element, but for its value."""
    referring = _REFERRING.get(subject.type, {})
    seen: set[str] = set()
    for word, value in subject.statements:
        if isinstance(value, Resource):
            own = referring.get(word.removeprefix(NAMESPACE))
            if value.name is not None:
                yield _line(name, words.CONTAINS, iri(value.name))
            elif own is not None:
                yield from _line_to(name, own, _target(value))
            elif word in _SEMANTICS:
                for _, key in _keys(value):
                    if key not in seen:
                        seen.add(key)
                        yield _line(name, words.MEANS, iri(iri_of(key)))
            elif value.type == "AssetInformation":
                yield from _asset(name, value, "AssetInformation/globalAssetId")
            elif value.type == "EmbeddedDataSpecification":
                yield from _unit(name, value)
    if subject.type == "Entity":
        yield from _asset(name, subject, "Entity/globalAssetId")


def _value_shortcuts(subject: Resource, name: str) -> Iterator[str]:
    """Yield the statements of our own about the value of an element."""
    own = _LITERALS.get(subject.type)
    if own is not None:
        datatype = _datatype(subject.statements)
        for word, value in subject.statements:
            shortcut = own.get(word.removeprefix(NAMESPACE))
            if shortcut is not None and isinstance(value, str):
                yield _line(name, shortcut, literal(value, datatype))
    elif subject.type == "MultiLanguageProperty":
        for word, value in subject.statements:
            if word in _VALUES and isinstance(value, Resource):
                of_text = {key.rpartition("/")[2]: each for key, each in value.statements}
                text = tagged(str(of_text.get("text", "")), str(of_text.get("language", "")))
                yield _line(name, words.VALUE, text)


def literal(text: str, datatype: str) -> str:
    """Return a value as a term; ``datatype`` is what follows the namespace of XML Schema."""
    return simple(text) if datatype == "string" else typed(text.strip(" \t\r\n"), XSD + datatype)


def _datatype(statements: _Statements) -> str:
    for word, value in statements:
        if word in _VALUE_TYPES and isinstance(value, Iri):
            return _TYPE_NAMES[value]
    return "string"


def _asset(name: str, subject: Resource, local: str) -> Iterator[str]:
    for word, value in subject.statements:
        if word == NAMESPACE + local and isinstance(value, str):
            yield _line(name, words.ASSET, iri(iri_of(value)))


def _unit(name: str, specification: Resource) -> Iterator[str]:
    for _, content in specification.statements:
        for word, value in content.statements if isinstance(content, Resource) else ():
            if word == _UNIT and isinstance(value, str):
                yield _line(name, words.UNIT, simple(value))


def _keys(reference: Resource) -> list[tuple[str, str]]:
    """Return the type and the value of each key of a reference."""
    found: list[tuple[str, str]] = []
    for word, key in reference.statements:
        if word == f"{NAMESPACE}Reference/keys" and isinstance(key, Resource):
            parts = {local.rpartition("/")[2]: str(value) for local, value in key.statements}
            found.append((parts.get("type", "").rpartition("/")[2], parts.get("value", "").strip()))
    return found


def _target(reference: Resource) -> str | None:
    """Return the IRI of what a reference refers to: a document, an element, or what it names."""
    keys = _keys(reference)
    if not keys:
        return None
    kind, first = keys[0]
    if kind != "Submodel" or len(keys) == 1:
        return iri_of(first)
    path = ""
    for (around, _), (_, step) in pairwise(keys):
        if around == _LIST:
            path += f"[{step}]"
        else:
            path += f".{step}" if path else step
    return element_iri(iri_of(first), path)


def _line_to(name: str, word: str, target: str | None) -> Iterator[str]:
    if target is not None:
        yield _line(name, word, iri(target))


def _line(name: str, word: str, term: str) -> str:
    return f"<{name}> <{word}> {term} .\n"
