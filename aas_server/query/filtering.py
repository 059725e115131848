"""Leaving fragments out of what a query found (``$filters`` of the 3.2 draft)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from aas_server.metamodel.element_texts import CONTAINERS
from aas_server.metamodel.tree import Node
from aas_server.query.evaluation import Subject, fulfils
from aas_server.query.expression import Filter
from aas_server.query.fields import ANYWHERE, Root, Step
from aas_server.query.matches import Place
from aas_server.query.reading import Chosen, Tree

_Keep = Callable[[Chosen], bool]


def without_fragments(
    node: Node, root: Root, subject: Subject, filters: tuple[Filter, ...]
) -> Node:
    """Return a copy of the document ``node`` with only those fragments that their filters keep.

    ``root`` is what the document is, ``subject`` what conditions are asked of: the whole document,
    and of a list the one element that is kept or not. A fragment whose condition is invalid is left
    out; one of another root does not apply.
    """
    result = copy.deepcopy(node)
    for each in filters:
        of = Root.SUBMODEL if each.fragment.root is Root.ELEMENT else each.fragment.root
        if of is not root:
            continue
        subject = subject.bound(root, [Tree(result)])

        def keep(chosen: Chosen, each: Filter = each, subject: Subject = subject) -> bool:
            return fulfils(subject, each.condition, chosen) is True

        _leave_out(result, each, keep)
    return result


def _leave_out(node: Node, each: Filter, keep: _Keep) -> None:
    fragment = each.fragment
    if fragment.root is not Root.ELEMENT:
        _leave_out_parts(node, fragment.attribute, Place(fragment.root, ()), keep, {})
        return
    if not fragment.attribute:
        _leave_out_elements(node, "submodelElements", fragment.path, keep)
        return
    place = Place(Root.ELEMENT, fragment.path)
    for element, chosen in list(_elements(node, fragment.path)):
        _leave_out_parts(element, fragment.attribute, place, keep, chosen)


def _leave_out_elements(node: Node, member: str, path: tuple[Step, ...], keep: _Keep) -> None:
    """Take those elements at ``path`` out of what holds them that are not kept."""
    dropped = {id(element) for element, chosen in list(_elements(node, path)) if not keep(chosen)}
    if dropped:
        _without(node, member, dropped)


def _without(holder: Node, member: str, dropped: set[int]) -> None:
    children = holder.get(member)
    if not isinstance(children, list):
        return
    holder[member] = [child for child in children if id(child) not in dropped]
    if children and not holder[member]:
        del holder[member]
        return
    for child in holder[member]:
        if child.get("modelType") in CONTAINERS:
            _without(child, "value", dropped)


def _elements(node: Node, path: tuple[Step, ...]) -> Iterator[tuple[Node, Chosen]]:
    """Yield the elements at ``path``, each with what is chosen of the lists on the way."""
    for element in Tree(node).elements:
        if not path:
            yield element, {Place(Root.ELEMENT, ()): element}
        elif element.get("idShort") == path[0]:
            yield from _below(element, path, 1, {})


def _below(
    element: Node, path: tuple[Step, ...], position: int, chosen: Chosen
) -> Iterator[tuple[Node, Chosen]]:
    if position == len(path):
        yield element, chosen
        return
    step, children = path[position], element.get("value")
    if not isinstance(children, list):
        return
    for index, child in enumerate(children):
        if step is ANYWHERE:
            place = Place(Root.ELEMENT, path[:position])
            yield from _below(child, path, position + 1, {**chosen, place: child})
        elif step in (index, child.get("idShort")):
            yield from _below(child, path, position + 1, chosen)


def _leave_out_parts(
    holder: Any, steps: tuple[Step, ...], place: Place, keep: _Keep, chosen: Chosen
) -> None:
    """Take the parts at ``steps`` below ``holder`` out that are not kept."""
    name, *rest = steps
    if not isinstance(holder, dict) or not isinstance(name, str) or name not in holder:
        return
    if not rest:
        if not keep(chosen):
            del holder[name]
        return
    here = Place(place.root, place.path, (*place.attribute, name))
    if isinstance(rest[0], str):
        _leave_out_parts(holder[name], tuple(rest), here, keep, chosen)
        return
    index, *below = rest
    members = holder[name] if isinstance(holder[name], list) else []
    after = Place(place.root, place.path, (*here.attribute, index))
    left: list[Any] = []
    for number, member in enumerate(members):
        is_meant = index in (ANYWHERE, number)
        of_member = {**chosen, here: member} if index is ANYWHERE else chosen
        if is_meant and below:
            _leave_out_parts(member, tuple(below), after, keep, of_member)
        if below or not is_meant or keep(of_member):
            left.append(member)
    if left:
        holder[name] = left
    else:
        del holder[name]
