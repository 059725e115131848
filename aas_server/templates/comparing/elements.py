"""What changed of one element that is in both versions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from aas_server.metamodel.tree import CHILDREN_ATTRIBUTE, Node
from aas_server.templates.comparing.changes import Change, ChangeKind, Step
from aas_server.templates.comparing.matching import rough_ids
from aas_server.templates.comparing.rules import rule_changes
from aas_server.templates.concepts import text_in
from aas_server.templates.prototype import Prototype
from aas_server.templates.semantics import reference_ids, supplemental_ids
from aas_server.templates.vocabulary import RuleKind, rule_kind

_TEXTS: Final = ("displayName", "description")
_SAMPLES: Final = (
    "value",
    "valueId",
    "min",
    "max",
    "first",
    "second",
    "globalAssetId",
    "specificAssetIds",
    "observed",
)
_LIST_TYPES: Final = ("typeValueListElement", "valueTypeListElement")
_LIST_MEANING: Final = "semanticIdListElement"
_MARKS: Final = ("extensions", "embeddedDataSpecifications", "category")
_HANDLED: Final = frozenset(
    {
        *(*_TEXTS, *_SAMPLES, *_LIST_TYPES, _LIST_MEANING),
        *("modelType", "idShort", "semanticId", "supplementalSemanticIds", "qualifiers"),
        *("valueType", "statements", "annotations", "submodelElements"),
        *("inputVariables", "outputVariables", "inoutputVariables"),
        *("id", "administration", "kind"),
    }
)
_FORM: Final = ("type", "kind", "valueType", "semanticId")
_FREE: Final = (None, RuleKind.HINT, RuleKind.CHOICES)
_SHOWN: Final = 80


def element_changes(old: Prototype, new: Prototype) -> Iterator[Change]:
    """Yield what changed of a prototype, without what changed below it."""
    path = new.path
    if old.id_short != new.id_short:
        is_bound = (old.is_named or new.is_named) and not new.is_arbitrary
        step = Step.MAJOR if is_bound else Step.PATCH if new.in_list else Step.MINOR
        text = f"{old.id_short or 'without name'} is called {new.id_short or 'nothing'} now"
        yield Change(ChangeKind.RENAMED, path, text, step, old.id_short, new.id_short)
    if old.model_type != new.model_type:
        text = f"a {old.model_type} became a {new.model_type}"
        yield Change(ChangeKind.TYPE, path, text, Step.MAJOR, old.model_type, new.model_type)
        yield from meaning_changes(old.node, new.node, path)
        return
    yield from _member(ChangeKind.VALUE_TYPE, old.node, new.node, "valueType", path, Step.MAJOR)
    for name in _LIST_TYPES:
        yield from _member(ChangeKind.LIST_TYPE, old.node, new.node, name, path, Step.MAJOR)
    yield from rule_changes(old, new)
    yield from meaning_changes(old.node, new.node, path)
    yield from plain_changes(old.node, new.node, path)


def meaning_changes(old: Node, new: Node, path: str) -> Iterator[Change]:
    """Yield what changed of the semantic ids of a submodel or an element."""
    for name in ("semanticId", _LIST_MEANING):
        before, after = reference_ids(old.get(name)), reference_ids(new.get(name))
        if before == after:
            continue
        one, other = _joined(before), _joined(after)
        text = f"{name}: {one or 'none'} became {other or 'none'}"
        if before and after and rough_ids(before) == rough_ids(after):
            yield Change(ChangeKind.SEMANTIC_VERSION, path, text, Step.MINOR, one, other)
        else:
            step = Step.MAJOR if before else Step.MINOR
            yield Change(ChangeKind.SEMANTIC_ID, path, text, step, one, other)
    before, after = supplemental_ids(old), supplemental_ids(new)
    if before != after:
        one, other = _joined(before - after), _joined(after - before)
        text = f"supplemental semantic ids: without {one or 'none'}, with {other or 'none'}"
        yield Change(ChangeKind.SUPPLEMENTAL_IDS, path, text, Step.MINOR, one, other)


def plain_changes(old: Node, new: Node, path: str) -> Iterator[Change]:
    """Yield what changed of texts, samples, and members without rules."""
    if any(old.get(name) != new.get(name) for name in _TEXTS):
        before, after = (text_in(node.get("description"), "en")[:_SHOWN] for node in (old, new))
        yield Change(ChangeKind.TEXT, path, "name or description", Step.PATCH, before, after)
    is_container = new.get("modelType") in CHILDREN_ATTRIBUTE
    samples = [name for name in _SAMPLES if not (name == "value" and is_container)]
    changed = [name for name in samples if old.get(name) != new.get(name)]
    if changed:
        text = f"the template's own {', '.join(changed)}"
        before, after = (_shown([node.get(name) for name in changed]) for node in (old, new))
        yield Change(ChangeKind.EXAMPLE, path, text, Step.PATCH, before, after)
    for name in sorted((old.keys() | new.keys()) - _HANDLED):
        step = Step.PATCH if name in _MARKS else Step.MINOR
        yield from _member(ChangeKind.MEMBER, old, new, name, path, step)
    yield from _qualifiers(old, new, path)


def _member(
    kind: ChangeKind, old: Node, new: Node, name: str, path: str, step: Step
) -> Iterator[Change]:
    before, after = old.get(name), new.get(name)
    if before != after:
        one, other = _shown(before), _shown(after)
        text = f"{name}: {one or 'none'} became {other or 'none'}"
        yield Change(kind, path, text, step, one, other)


def _qualifiers(old: Node, new: Node, path: str) -> Iterator[Change]:
    """Yield a change when qualifiers differ that rule nothing, or the form of those that do."""
    before, after = _forms(old), _forms(new)
    ruled = {each for each in before.keys() ^ after.keys() if isinstance(each, RuleKind)}
    differing = [
        str(each.value if isinstance(each, RuleKind) else each)
        for each in dict.fromkeys([*before, *after])
        if each not in ruled and before.get(each) != after.get(each)
    ]
    if differing:
        text = f"how qualifiers are written, or what they note: {', '.join(differing)}"
        yield Change(ChangeKind.QUALIFIER, path, text, Step.PATCH)


def _forms(node: Node) -> dict[RuleKind | str, list[Any]]:
    """Return the qualifiers by what they rule without their values, the others whole by type."""
    found: dict[RuleKind | str, list[Any]] = {}
    for qualifier in node.get("qualifiers") or ():
        kind = rule_kind(qualifier)
        if kind is None or kind in _FREE:
            found.setdefault(str(qualifier.get("type")), []).append(qualifier)
        else:
            form = {name: qualifier.get(name) for name in _FORM}
            found.setdefault(kind, []).append(form)
    return found


def _joined(identifiers: frozenset[str]) -> str:
    return ", ".join(sorted(identifiers))


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(shown for each in value if (shown := _shown(each)))[:_SHOWN]
    return "" if value is None else str(value)[:_SHOWN]
