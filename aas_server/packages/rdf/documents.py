"""From a graph back to documents."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from rdflib import Graph, Literal, URIRef
from rdflib.term import Node as Term

from aas_server.errors import BadRequest
from aas_server.metamodel.tree import Node
from aas_server.packages.contents import LISTS
from aas_server.packages.rdf.vocabulary import (
    BOOLEAN,
    OTHER,
    POSITION,
    SHAPES,
    TYPE,
    Attribute,
    Enumeration,
    Shape,
    local_name,
)

MAX_DEPTH: Final = 128
"""Resources within each other at most."""

_TYPE: Final = URIRef(TYPE)
_OTHER: Final = URIRef(OTHER)
_POSITION: Final = URIRef(POSITION)
_INDEX: Final = "index"
"""What follows the namespace in the property that other tools tell positions with."""
_LAST: Final = float("inf")
_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}


class Documents:
    """Reads the documents that ``graph`` describes; ``budget`` is how many resources they may have.

    The budget is there because a graph can name one resource in many places.
    """

    def __init__(self, graph: Graph, *, budget: int) -> None:
        self._graph = graph
        self._budget = budget
        self._types: dict[Term, list[str]] = {}
        for subject, kind in graph.subject_objects(_TYPE):
            name = local_name(str(kind))
            if name is not None:
                self._types.setdefault(subject, []).append(name)

    def environment(self) -> Node:
        """Return every document in the order of the graph; raises ``BadRequest``."""
        members = {kind.value: member for member, kind in LISTS.items()}
        found: Node = {member: [] for member in LISTS}
        for subject, names in self._types.items():
            for name in names:
                if name in members:
                    found[members[name]].append(self._node(subject, SHAPES[name], 0))
        return {member: trees for member, trees in found.items() if trees}

    def _node(self, subject: Term, shape: Shape, depth: int) -> Node:
        self._budget -= 1
        if self._budget < 0:
            raise BadRequest("describes more than can be read", path=str(subject))
        if depth > MAX_DEPTH:
            raise BadRequest("is nested too deep, or in itself", path=str(subject))
        node: Node = {"modelType": shape.name} if shape.is_typed else {}
        objects, other = self._statements(subject, shape)
        for local, attribute in shape.properties.items():
            if local in objects:
                node[attribute.name] = self._value(attribute, objects[local], depth)
        node |= other
        if shape.is_typed and node["modelType"] is None:
            del node["modelType"]
        return node

    def _statements(self, subject: Term, shape: Shape) -> tuple[dict[str, list[Term]], Node]:
        """Return what is said of ``subject``, by property, and what is said of it in JSON."""
        objects: dict[str, list[Term]] = {}
        other: Node = {}
        for name, value in self._graph.predicate_objects(subject):
            local = local_name(str(name))
            if name == _OTHER:
                other |= _members(value)
            elif local is None or local == _INDEX:
                continue
            elif local in shape.properties:
                objects.setdefault(local, []).append(value)
            else:
                raise BadRequest(f"a {shape.name} has no {local}", path=str(subject))
        return objects, other

    def _value(self, attribute: Attribute, objects: list[Term], depth: int) -> Any:
        if attribute.is_list:
            ordered = sorted(objects, key=self._position)
            return [self._one(attribute, each, depth) for each in ordered]
        if len(objects) > 1:
            raise BadRequest(f"has {len(objects)} values, and one is allowed", path=attribute.iri)
        return self._one(attribute, objects[0], depth)

    def _one(self, attribute: Attribute, value: Term, depth: int) -> Any:
        if isinstance(attribute.range, Enumeration):
            literal = attribute.range.values.get(local_name(str(value)) or "")
            if literal is None:
                raise BadRequest(f"{value} is not one of its literals", path=attribute.iri)
            return literal
        if attribute.range not in SHAPES:
            return _simple(attribute, value)
        if isinstance(value, Literal):
            return _lang_string(attribute, value)
        return self._node(value, self._shape(attribute, value), depth + 1)

    def _shape(self, attribute: Attribute, value: Term) -> Shape:
        wanted = SHAPES[str(attribute.range)]
        told = [name for name in self._types.get(value, ()) if name in wanted.concrete]
        if len(told) != 1 and (told or len(wanted.concrete) != 1):
            raise BadRequest(f"{value} must be one kind of {wanted.name}", path=attribute.iri)
        return SHAPES[told[0] if told else wanted.name]

    def _position(self, value: Term) -> float:
        """Return where a value stands; those that do not tell come last, as they were found."""
        for name, position in self._graph.predicate_objects(value):
            if name == _POSITION or local_name(str(name)) == _INDEX:
                try:
                    return float(str(position))
                except ValueError as error:
                    raise BadRequest(f"{position} is no position", path=str(value)) from error
        return _LAST


def _simple(attribute: Attribute, value: Term) -> str | bool:
    if not isinstance(value, Literal):
        raise BadRequest(f"{value} must be a literal", path=attribute.iri)
    if attribute.range != BOOLEAN:
        return str(value)
    if str(value) not in _BOOLEANS:
        raise BadRequest(f"{value} is no xs:boolean", path=attribute.iri)
    return _BOOLEANS[str(value)]


def _lang_string(attribute: Attribute, value: Literal) -> Node:
    """Return a rdf:langString, which the specification allows in place of an object."""
    if value.language is None or "language" not in SHAPES[str(attribute.range)].attributes:
        raise BadRequest(f"{value} must be a resource", path=attribute.iri)
    return {"language": value.language, "text": str(value)}


def _members(value: Term) -> Node:
    try:
        return msgspec.json.decode(str(value), type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise BadRequest(f"is no JSON object: {error}", path=OTHER) from error
