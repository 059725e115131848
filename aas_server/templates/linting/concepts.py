"""Concept descriptions of a template: present, used, with what IEC 61360 has of a concept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aas_server.metamodel.references import semantic_keys
from aas_server.metamodel.tree import Node
from aas_server.metamodel.value_types import FLOAT_TYPES, INTEGER_BOUNDS
from aas_server.metamodel.verification import verify_part
from aas_server.templates.concepts import Concept, concepts_by_id
from aas_server.templates.linting.findings import LintFinding, found, metamodel_finding
from aas_server.templates.prototype import Prototype, Template
from aas_server.templates.semantics import GENERAL, canonical

_MEASURES: Final = ("INTEGER_MEASURE", "RATIONAL_MEASURE", "REAL_MEASURE")
_NUMBERS: Final = frozenset(
    {*_MEASURES, "INTEGER_COUNT", "REAL_COUNT", "INTEGER_CURRENCY", "REAL_CURRENCY", "RATIONAL"}
)
_TEXTS: Final = frozenset({"STRING", "STRING_TRANSLATABLE", "DATE", "TIMESTAMP", "IRI", "URL"})
_NUMERIC: Final = frozenset({*INTEGER_BOUNDS, *FLOAT_TYPES, "xs:decimal"})
_TOLD_HERE: Final = frozenset({"AASc-002", "AASc-3a-009"})
"""Constraints that have codes of their own here."""
_WITH_TYPE: Final = ("Property", "Range")


def concept_findings(template: Template) -> Iterator[LintFinding]:
    """Yield what is wrong with the concept descriptions that come with a template."""
    concepts = concepts_by_id(template)
    if not concepts:
        yield found("no-concepts", "", "there is no concept description with the template")
        return
    used = {canonical(key) for key in _all_keys(template.node)}
    told: set[str] = set()
    for prototype in template.walk():
        used |= {canonical(key) for key in _all_keys(prototype.node)}
        known = sorted(_own(prototype) & concepts.keys())
        if not known:
            for identifier in sorted(prototype.ids - told):
                if not identifier.startswith(GENERAL):
                    told.add(identifier)
                    yield found("no-concept", prototype.path, f"nothing describes {identifier!r}")
        for identifier in known:
            yield from _type(prototype, concepts[identifier])
            if identifier not in told:
                told.add(identifier)
                yield from _content(prototype, concepts[identifier])
    for identifier, concept in concepts.items():
        if identifier not in used:
            yield found("unused-concept", "", f"no element has the concept {concept.id!r}")
        yield from _metamodel(concept)


def _metamodel(concept: Concept) -> Iterator[LintFinding]:
    for finding in verify_part(concept.node, "ConceptDescription"):
        if finding.code not in _TOLD_HERE:
            place = f" {finding.path}" if finding.path else ""
            text = f"concept {concept.id!r}{place}: {finding.text}"
            yield metamodel_finding(finding.code, "", text, finding.hint, is_error=finding.is_error)


def _own(prototype: Prototype) -> set[str]:
    """Return the ids under which the concept of the semanticId may be: whole, or by its keys."""
    semantic: Node = {"semanticId": prototype.node.get("semanticId")}
    return set(prototype.ids) | {canonical(key) for keys in semantic_keys(semantic) for key in keys}


def _all_keys(node: Node) -> Iterator[str]:
    holders = [node, {"semanticId": node.get("semanticIdListElement")}]
    for holder in [*holders, *(node.get("qualifiers") or ())]:
        for keys in semantic_keys(holder):
            yield from keys
            yield "/".join(keys)


def _content(prototype: Prototype, concept: Concept) -> Iterator[LintFinding]:
    path = prototype.path
    if not concept.content:
        yield found("no-concept-content", path, f"{concept.id!r} says nothing")
        return
    if not concept.name("en", only=True):
        yield found("no-english-name", path, f"{concept.id!r} has no preferred name in English")
    if prototype.model_type in _WITH_TYPE and not concept.data_type:
        yield found("no-data-type", path, f"{concept.id!r} has no data type")
    if concept.data_type in _MEASURES and not (concept.unit or concept.unit_id):
        yield found("no-unit", path, f"{concept.id!r} is a {concept.data_type} without a unit")


def _type(prototype: Prototype, concept: Concept) -> Iterator[LintFinding]:
    value_type = str(prototype.node.get("valueType") or "")
    if prototype.model_type not in _WITH_TYPE or not value_type or prototype.is_arbitrary:
        return
    is_number = value_type in _NUMERIC
    if (is_number and concept.data_type in _TEXTS) or (
        not is_number and concept.data_type in _MEASURES
    ):
        text = f"{value_type}, and {concept.id!r} is a {concept.data_type}"
        yield found("concept-type", prototype.path, text)
