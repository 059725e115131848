"""Reading what fields name out of documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from aas_server.metamodel.element_texts import elements_below, languages_of
from aas_server.metamodel.element_texts import texts_of as element_texts
from aas_server.metamodel.tree import Node
from aas_server.query.fields import ANYWHERE, Field, Root, Step
from aas_server.query.matches import Place, places_of

Chosen: TypeAlias = Mapping[Place, Any]
"""The one element of each list that a ``$match`` looks at."""

_NONE: Final[Chosen] = {}


class Tree:
    """One document as conditions look at it."""

    __slots__ = ("_by_id_short", "_elements", "node")

    def __init__(self, node: Node) -> None:
        self.node = node
        self._elements: list[Node] | None = None
        self._by_id_short: dict[str, list[Node]] | None = None

    @property
    def elements(self) -> Sequence[Node]:
        """Return all submodel elements in collections and lists, parents before their children."""
        if self._elements is None:
            self._elements = list(elements_below(self.node.get("submodelElements")))
        return self._elements

    def named(self, id_short: str) -> Sequence[Node]:
        """Return the elements with an idShort, wherever they are."""
        if self._by_id_short is None:
            index: dict[str, list[Node]] = {}
            for element in self.elements:
                name = element.get("idShort")
                if isinstance(name, str):
                    index.setdefault(name, []).append(element)
            self._by_id_short = index
        return self._by_id_short.get(id_short, ())


def texts_of(trees: Sequence[Tree], field: Field, chosen: Chosen = _NONE) -> list[str]:
    """Return all values of ``field`` in ``trees``, as texts, in the order of the documents.

    Of lists in ``chosen`` only the chosen element counts.
    """
    nodes, path, attribute = _start(trees, field.root, field.path, field.attribute, field, chosen)
    for step in path:
        nodes = _elements_at(nodes, step)
    read = _OF_ELEMENTS.get(field.attribute) if field.root is Root.ELEMENT else None
    if read is not None:
        return [text for node in nodes for text in read(node)]
    values: Iterable[Any] = nodes
    for step in attribute:
        values = _parts_at(values, step)
    return [value for value in values if isinstance(value, str)]


def members_of(
    trees: Sequence[Tree], place: Place, field: Field, chosen: Chosen = _NONE
) -> list[Any]:
    """Return the elements of the list at ``place``, which is one of those of ``field``."""
    nodes, path, attribute = _start(trees, place.root, place.path, place.attribute, field, chosen)
    for step in path:
        nodes = _elements_at(nodes, step)
    values: Iterable[Any] = nodes
    for step in attribute:
        values = _parts_at(values, step)
    if place.attribute:
        return list(_parts_at(values, ANYWHERE))
    if not place.path:
        return list(values)
    return list(_elements_at(values, ANYWHERE))


def _start(
    trees: Sequence[Tree],
    root: Root,
    path: tuple[Step, ...],
    attribute: tuple[Step, ...],
    field: Field,
    chosen: Chosen,
) -> tuple[Iterable[Any], tuple[Step, ...], tuple[Step, ...]]:
    """Return where reading begins and the steps that are left: at the innermost chosen element."""
    if chosen:
        for place in reversed(list(places_of(field))):
            if place not in chosen or (place.path, place.attribute) == (path, attribute):
                continue
            start = [chosen[place]]
            if place.attribute:
                return start, (), attribute[len(place.attribute) + 1 :]
            if place.path:
                return start, path[len(place.path) + 1 :], attribute
            return start, (), attribute
    if root is not Root.ELEMENT:
        return [tree.node for tree in trees], (), attribute
    if not path:
        return [element for tree in trees for element in tree.elements], (), attribute
    name = path[0]
    found = [each for tree in trees for each in tree.named(name)] if isinstance(name, str) else []
    return found, path[1:], attribute


def _elements_at(nodes: Iterable[Node], step: Step) -> Iterator[Node]:
    """Yield the elements that one step of an idShortPath leads to.

    The name after a list without brackets is looked for in each of its elements.
    """
    for node in nodes:
        model_type, children = node.get("modelType"), node.get("value")
        if not isinstance(children, list):
            continue
        if isinstance(step, str):
            if model_type == "SubmodelElementCollection":
                yield from (each for each in children if each.get("idShort") == step)
            elif model_type == "SubmodelElementList":
                yield from _elements_at(children, step)
        elif model_type == "SubmodelElementList":
            if step is ANYWHERE:
                yield from children
            elif step < len(children):
                yield children[step]


def _parts_at(values: Iterable[Any], step: Step) -> Iterator[Any]:
    """Yield what one step leads to in JSON; where it leads nowhere there is nothing."""
    for value in values:
        if isinstance(step, str):
            if isinstance(value, dict) and step in value:
                yield value[step]
        elif isinstance(value, list):
            if step is ANYWHERE:
                yield from value
            elif step < len(value):
                yield value[step]


_OF_ELEMENTS: Final[Mapping[tuple[Step, ...], Any]] = {
    ("value",): element_texts,
    ("language",): languages_of,
}
