"""Lists: whose elements fields stand for, and of which a ``$match`` means one and the same
(IDTA-01002 "Match of Elements in Lists").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aas_server.errors import BadRequest
from aas_server.query.expression import Comparison, Match
from aas_server.query.fields import ANYWHERE, Field, Root, Step


@dataclass(frozen=True, slots=True)
class Place:
    """A list: where the root's ``path`` and then ``attribute`` lead.

    The place of ``ELEMENT`` without steps is no list of the model: it is all elements of a
    submodel, however deep.
    """

    root: Root
    path: tuple[Step, ...]
    attribute: tuple[Step, ...] = ()


def places_of(field: Field) -> Iterator[Place]:
    """Yield the lists of which ``field`` takes any element, the outermost first."""
    if field.root is Root.ELEMENT and not field.path:
        yield Place(field.root, ())
    for position, step in enumerate(field.path):
        if step is ANYWHERE:
            yield Place(field.root, field.path[:position])
    for position, step in enumerate(field.attribute):
        if step is ANYWHERE:
            yield Place(field.root, field.path, field.attribute[:position])


def require_one_list(match: Match, path: str) -> None:
    """Raise ``BadRequest`` unless the comparisons of ``match`` are about elements of one list.

    Fields of what stands above the list, as the submodel of an element, may be beside it.
    """
    fields = [
        field
        for condition in match.conditions
        if isinstance(condition, Comparison)
        for field in condition.fields()
    ]
    first = {field: next(places_of(field), None) for field in fields}
    lists = {place for place in first.values() if place is not None}
    listed = {place.root for place in lists}
    if len(listed) < len(lists):
        shown = " and ".join(sorted({str(field) for field, place in first.items() if place}))
        raise _misused(f"its comparisons must be about elements of one list, not {shown}", path)
    if not lists and not any(field.root is Root.ELEMENT for field in fields):
        raise _misused("it needs a list, as in specificAssetIds[]; else write $and", path)
    for field, place in first.items():
        if place is None and field.root in listed:
            raise _misused(f"{field} is not about elements of its list", path)


def _misused(text: str, path: str) -> BadRequest:
    return BadRequest(f"the query is not understood: $match is misused: {text}", path=path)
