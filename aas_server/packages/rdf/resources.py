"""From documents to resources: what is to be said of them in RDF, whatever it is written in.

Identifiables bear their id as IRI, elements of a submodel the IRI of the submodel with their
idShortPath as fragment, and everything else is a blank node.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Final, TypeAlias
from urllib.parse import quote

import msgspec

from aas_server.errors import Conflict
from aas_server.metamodel.tree import CHILDREN_ATTRIBUTE, Node
from aas_server.packages.rdf.vocabulary import (
    BINARY,
    BOOLEAN,
    OTHER,
    POSITION,
    SHAPES,
    STRING,
    Attribute,
    Enumeration,
    Range,
    Shape,
)

_ABSOLUTE: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>\"{}|\\^`\x7f-\x9f\s\ue000-\uf8ff\ufdd0-\ufdef\ufff0-\uffff]+"
)
MADE: Final = "urn:aas-server:id:"
"""How made IRIs begin; the percent-encoded Identifier follows."""
_SIMPLE: Final = frozenset({STRING, BOOLEAN, BINARY})


class Iri(str):
    """The IRI of something that is not described here."""

    __slots__ = ()


class Binary(str):
    """A text in base64."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Resource:
    """Something of which ``statements`` say something; without a ``name`` it is a blank node.

    A statement is a property and a value. Values of one property stand one after the other.
    """

    name: str | None
    type: str
    statements: list[tuple[str, Value]]


Value: TypeAlias = "Resource | Iri | Binary | str | int"
"""A value: a text is an xs:string, False and True are xs:boolean, numbers xs:integer."""


def iri_of(identifier: str) -> str:
    """Return the IRI that stands for an Identifier: itself when it is one, a made one else."""
    if _ABSOLUTE.fullmatch(identifier) and identifier.count("#") <= 1:
        return identifier
    return MADE + quote(identifier, safe="")


def element_iri(submodel: str, path: str) -> str:
    """Return the IRI of the element at the idShortPath ``path`` of what has the IRI ``submodel``.

    It follows the IRI as fragment; a fragment cannot have a fragment, but it may hold slashes.
    """
    return f"{submodel}{'/' if '#' in submodel else '#'}{quote(path, safe='.')}"


def element_resource(element: Node, submodel: str, path: str) -> Resource:
    """Return what is to be said of an element, which has a modelType and is at ``path`` of what has
    the IRI ``submodel``; raises ``Conflict`` for one nested too deep.
    """
    name = element_iri(submodel, path)
    shape = SHAPES[element["modelType"]]
    try:
        return _Document(submodel, ()).resource(element, shape, name, path)
    except RecursionError as error:
        raise Conflict("is nested too deep for RDF", path=name) from error


class Resources:
    """Makes resources; an IRI names one of them at most, what else would have it is blank.

    ``identifiers`` are the ids of all documents that go into one graph.
    """

    def __init__(self, identifiers: Iterable[str]) -> None:
        self._documents: Final = frozenset(map(iri_of, identifiers))
        self._described: set[str] = set()

    def document(self, tree: Node, class_name: str) -> Resource:
        """Return what is to be said of a document; raises ``Conflict`` for one nested too deep."""
        identifier = tree.get("id")
        name = iri_of(identifier) if isinstance(identifier, str) else None
        if name in self._described:
            name = None
        elif name is not None:
            self._described.add(name)
        try:
            return _Document(name or "", self._documents).resource(
                tree, SHAPES[class_name], name, ""
            )
        except RecursionError as error:
            raise Conflict("is nested too deep for RDF", path=str(identifier)) from error


class _Document:
    """Makes the resources of one document, which has the IRI ``name``."""

    def __init__(self, name: str, taken: Iterable[str]) -> None:
        self._iri = name
        self._documents = taken
        self._described: set[str] = set()

    def resource(self, node: Node, shape: Shape, name: str | None, path: str) -> Resource:
        """Return ``node`` as a resource; ``path`` is the idShortPath of one with a ``name``."""
        statements: list[tuple[str, Value]] = []
        other: Node = {}
        elements = CHILDREN_ATTRIBUTE.get(shape.name) if name else None
        for member, value in node.items():
            attribute = shape.attributes.get(member)
            if attribute is not None and _can_say(attribute, value):
                steps = _steps(shape, value, path) if member == elements else repeat("")
                statements += self._statements(attribute, value, steps)
            elif not (member == "modelType" and shape.is_typed and value == shape.name):
                other[member] = value
        if shape.is_typed and "modelType" not in node:
            other["modelType"] = None
        if other:
            statements.append((OTHER, msgspec.json.encode(other).decode()))
        return Resource(name, shape.name, statements)

    def _statements(
        self, attribute: Attribute, value: Any, paths: Iterable[str]
    ) -> Iterator[tuple[str, Value]]:
        if isinstance(attribute.range, Enumeration):
            yield attribute.iri, Iri(attribute.range.literals[value])
        elif attribute.range in _SIMPLE:
            yield attribute.iri, Binary(value) if attribute.range == BINARY else value
        else:
            nodes = value if attribute.is_list else [value]
            for index, (node, path) in enumerate(zip(nodes, paths, strict=False)):
                shape = SHAPES[_class_of(attribute.range, node)]
                resource = self.resource(node, shape, self._name(path), path)
                if len(nodes) > 1:
                    resource.statements.append((POSITION, index))
                yield attribute.iri, resource

    def _name(self, path: str) -> str | None:
        """Return the IRI of the element at ``path``, None when another resource has it."""
        name = element_iri(self._iri, path)
        if not path or name in self._described or name in self._documents:
            return None
        self._described.add(name)
        return name


def _steps(container: Shape, elements: list[Node], path: str) -> Iterator[str]:
    """Yield the idShortPath of each of ``elements``, nothing for one that has none."""
    for index, element in enumerate(elements):
        id_short = element.get("idShort")
        if container.name == "SubmodelElementList":
            yield f"{path}[{index}]"
        elif isinstance(id_short, str) and id_short:
            yield f"{path}.{id_short}" if path else id_short
        else:
            yield ""


def _can_say(attribute: Attribute, value: Any) -> bool:
    """Return whether RDF can say ``value`` so that the same comes back."""
    if not attribute.is_list:
        return _is_of(attribute.range, value)
    return (
        isinstance(value, list)
        and bool(value)
        and attribute.range not in _SIMPLE
        and all(_is_of(attribute.range, each) for each in value)
    )


def _is_of(wanted: Range, value: Any) -> bool:
    if isinstance(wanted, Enumeration):
        return isinstance(value, str) and value in wanted.literals
    if wanted == BOOLEAN:
        return isinstance(value, bool)
    if wanted in _SIMPLE:
        return isinstance(value, str) and (wanted == STRING or _is_canonical(value))
    return isinstance(value, dict) and _class_of(wanted, value) != ""


def _class_of(wanted: str, node: Node) -> str:
    """Return the class of ``node``, nothing when it tells none that is a ``wanted``."""
    shape = SHAPES[wanted]
    if not shape.is_typed:
        return wanted
    model_type = node.get("modelType")
    is_one = isinstance(model_type, str) and model_type in shape.concrete
    return str(model_type) if is_one else ""


def _is_canonical(text: str) -> bool:
    """Return whether ``text`` is base64 as it is written: readers of RDF write it anew."""
    try:
        return base64.b64encode(base64.b64decode(text, validate=True)).decode() == text
    except ValueError:
        return False
