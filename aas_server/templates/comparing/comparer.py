"""Comparing: what whoever has instances of one version must know of another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aas_server.templates.comparing.changes import Change, ChangeKind, Step
from aas_server.templates.comparing.elements import (
    element_changes,
    meaning_changes,
    plain_changes,
)
from aas_server.templates.comparing.matching import pairs
from aas_server.templates.concepts import Concept, concepts_by_id
from aas_server.templates.prototype import Prototype, Template


def compare(old: Template, new: Template) -> list[Change]:
    """Return what changed from ``old`` to ``new``, in the order of the elements.

    The id and the administration of the document are its own, and no changes. Of what was removed
    or added the topmost element is told, not what is in it.
    """
    return [
        *_submodel(old, new),
        *_level(old.children, new.children),
        *_concepts(old, new),
    ]


def _submodel(old: Template, new: Template) -> Iterator[Change]:
    if old.id_short != new.id_short:
        text = f"the submodel {old.id_short!r} is called {new.id_short!r} now"
        yield Change(ChangeKind.RENAMED, "", text, Step.MINOR, old.id_short, new.id_short)
    yield from meaning_changes(old.node, new.node, "")
    yield from plain_changes(old.node, new.node, "")


def _level(old: Sequence[Prototype], new: Sequence[Prototype]) -> Iterator[Change]:
    for before, after in pairs(old, new):
        if before is None and after is not None:
            yield _added(after)
        elif after is None and before is not None:
            text = f"the {before.model_type} ({before.cardinality}) is gone"
            yield Change(ChangeKind.REMOVED, before.path, text, Step.MAJOR, before.model_type)
        elif before is not None and after is not None:
            yield from element_changes(before, after)
            if before.model_type == after.model_type:
                yield from _level(before.children, after.children)


def _added(prototype: Prototype) -> Change:
    is_required = prototype.cardinality.least > 0 and prototype.rules.either_or is None
    step = Step.MAJOR if is_required else Step.MINOR
    article = "a required" if is_required else "an optional"
    text = f"{article} {prototype.model_type} is new"
    return Change(ChangeKind.ADDED, prototype.path, text, step, after=prototype.model_type)


def _concepts(old: Template, new: Template) -> Iterator[Change]:
    """Yield what changed of the concepts that both versions describe; their ids are the paths."""
    known = concepts_by_id(old)
    for identifier, after in concepts_by_id(new).items():
        before = known.get(identifier)
        if before is not None and before.node != after.node:
            yield _concept(before, after)


def _concept(old: Concept, new: Concept) -> Change:
    one, other = old.unit or old.unit_id, new.unit or new.unit_id
    is_same = old.unit == new.unit or (old.unit_id == new.unit_id and bool(new.unit_id))
    if not is_same and one != other:
        text = f"the unit {one or 'none'} became {other or 'none'}"
        step = Step.MAJOR if one else Step.MINOR
        return Change(ChangeKind.UNIT, new.id, text, step, one, other)
    if old.data_type != new.data_type:
        text = f"the data type {old.data_type or 'none'} became {new.data_type or 'none'}"
        types = old.data_type, new.data_type
        return Change(ChangeKind.CONCEPT, new.id, text, Step.MINOR, *types)
    text = "names, definition or details of the concept"
    return Change(ChangeKind.CONCEPT, new.id, text, Step.PATCH)
