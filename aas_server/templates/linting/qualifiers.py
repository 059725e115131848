"""Whether the qualifiers of a template can be read, and are what they should be called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from aas_server.metamodel.tree import Node
from aas_server.metamodel.value_types import FLOAT_TYPES, INTEGER_BOUNDS
from aas_server.templates.linting.findings import LintFinding, found
from aas_server.templates.prototype import Prototype
from aas_server.templates.semantics import primary_ids
from aas_server.templates.vocabulary import RuleKind, rule_kind

_IDS: Final = "https://admin-shell.io/SubmodelTemplates"
_OFFICIAL: Final = frozenset({"One", "ZeroToOne", "ZeroToMany", "OneToMany"})
_NUMERIC: Final = frozenset({*INTEGER_BOUNDS, *FLOAT_TYPES, "xs:decimal"})


def qualifier_findings(prototype: Prototype) -> Iterator[LintFinding]:
    """Yield what is wrong with the qualifiers of one prototype."""
    path = prototype.path
    qualifiers: Any = prototype.node.get("qualifiers")
    known = [each for each in qualifiers or () if isinstance(each, dict)]
    repeated = list(repeated_qualifiers(prototype.node, path))
    yield from repeated
    for fault in prototype.rules.faults:
        if fault.code.startswith("no-"):
            yield found("empty-qualifier", path, fault.text)
        elif not fault.code.startswith("several-"):
            yield found(fault.code, path, fault.text)
        elif not repeated:
            yield found("contradicting-qualifiers", path, fault.text)
    for qualifier in known:
        kind = rule_kind(qualifier)
        if kind is not None and kind not in (RuleKind.HINT, RuleKind.CHOICES):
            yield from _form(qualifier, kind, path)
    yield from _cardinality(prototype, known)
    yield from _misplaced(prototype)


def repeated_qualifiers(node: Node, path: str) -> Iterator[LintFinding]:
    """Yield a finding for each type that several qualifiers of ``node`` have."""
    qualifiers: Any = node.get("qualifiers")
    types = Counter(
        str(each.get("type", "")) for each in qualifiers or () if isinstance(each, dict)
    )
    for name, count in types.items():
        if count > 1:
            yield found("repeated-qualifier", path, f"there are {count} qualifiers {name!r}")


def _form(qualifier: Node, kind: RuleKind, path: str) -> Iterator[LintFinding]:
    name = str(qualifier.get("type"))
    if name != f"SMT/{kind.value}":
        yield found("qualifier-name", path, f"{name!r} is officially SMT/{kind.value}")
    if qualifier.get("kind") != "TemplateQualifier":
        given = qualifier.get("kind", "none given")
        yield found("qualifier-kind", path, f"the kind of {name!r}: {given}")
    if qualifier.get("valueType", "xs:string") != "xs:string":
        text = f"the valueType of {name!r} is {qualifier.get('valueType')}"
        yield found("qualifier-value-type", path, text)
    official = f"{_IDS}/{kind.value}/1/0"
    ids = primary_ids(qualifier)
    if not ids:
        yield found("no-qualifier-id", path, f"{name!r} has no semanticId, which is {official}")
    elif official not in ids:
        text = f"the semanticId of {name!r} is {', '.join(sorted(ids))}, not {official}"
        yield found("qualifier-id", path, text)


def _cardinality(prototype: Prototype, qualifiers: list[Node]) -> Iterator[LintFinding]:
    texts = [each.get("value") for each in qualifiers if rule_kind(each) is RuleKind.CARDINALITY]
    if not texts and not prototype.variables:
        yield found("no-cardinality", prototype.path, "there is no SMT/Cardinality")
    if any(fault.code == "bad-cardinality" for fault in prototype.rules.faults):
        return
    for text in texts:
        if isinstance(text, str) and text.strip() and text not in _OFFICIAL:
            read = "a recursion" if prototype.rules.is_recursive else str(prototype.cardinality)
            yield found("cardinality-spelling", prototype.path, f"{text!r} is read as {read}")


def _misplaced(prototype: Prototype) -> Iterator[LintFinding]:
    rules, model_type = prototype.rules, prototype.model_type
    is_numeric = str(prototype.node.get("valueType")) in _NUMERIC
    has_numbers = model_type in ("Property", "Range") and is_numeric
    has_text = model_type in ("Property", "MultiLanguageProperty", "Range")
    judged = (
        ("AllowedRange", rules.allowed_range is not None, has_numbers),
        ("AllowedValue", rules.allowed_values is not None, has_text),
        ("RequiredLang", bool(rules.languages), model_type == "MultiLanguageProperty"),
    )
    for name, is_there, fits in judged:
        if is_there and not fits:
            value_type = prototype.node.get("valueType", "")
            text = f"SMT/{name} says nothing about a {model_type} {value_type}".strip()
            yield found("misplaced-rule", prototype.path, text)
