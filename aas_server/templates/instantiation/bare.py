"""Prototypes without what only a template has: rules, marks, samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from aas_server.metamodel.references import key_values
from aas_server.metamodel.tree import CHILDREN_ATTRIBUTE, Node
from aas_server.metamodel.verification import is_lexical, verify_part
from aas_server.templates.prototype import Prototype
from aas_server.templates.semantics import ARBITRARY, DROP_IN, reference_ids
from aas_server.templates.vocabulary import belongs_to_templates

_SAMPLES: Final = {
    "Property": ("value", "valueId"),
    "MultiLanguageProperty": ("value", "valueId"),
    "Range": ("min", "max"),
    "File": ("value",),
    "Blob": ("value",),
    "ReferenceElement": ("value",),
    "RelationshipElement": ("first", "second"),
    "AnnotatedRelationshipElement": ("first", "second"),
    "Entity": ("globalAssetId", "specificAssetIds"),
}
"""Where a template may hold values of its own, which no instance is to take for true."""
_DEFINITION: Final = "https://admin-shell.io/smt-dropin/smt-dropin-definition/1/0"
_ATTRIBUTE_SET: Final = "smt-attribute-set"
_TEMPLATES: Final = "https://admin-shell.io/idta/SubmodelTemplate"
_FIXED: Final = {
    f"{_TEMPLATES}/ProcessVariablesForManufacturingKPICalculation/1/0": ("key",),
    f"{_TEMPLATES}/ProductionCalendar/1/0": ("variableName",),
}
"""Elements whose value in a template is meant for every instance, by the template's semanticId."""
_MAX_TEXT: Final = 1023
"""Characters of a description at most (MultiLanguageTextType)."""


def bare(prototype: Prototype, *, in_template: frozenset[str]) -> Node:
    """Return the element that a prototype stands for, without children and without a value, but for
    those that the template ``in_template`` (its semantic ids) fixes.
    """
    node = prototype.node
    dropped = {CHILDREN_ATTRIBUTE.get(prototype.model_type, "")}
    if not _is_fixed(prototype, in_template):
        dropped |= set(_SAMPLES.get(prototype.model_type, ()))
    if prototype.model_type == "Operation":
        dropped |= {"inputVariables", "outputVariables", "inoutputVariables"}
    found = {name: value for name, value in node.items() if name not in dropped}
    if found.get("entityType") == "SelfManagedEntity" and "globalAssetId" not in found:
        # AASd-014: it manages itself once it is known which asset it is.
        del found["entityType"]
    return sound(found)


def sound(node: Node) -> Node:
    """Return ``node`` without qualifiers and marks of templates, its references as they may be."""
    found = dict(node)
    _keep(found, "qualifiers", lambda each: not belongs_to_templates(each))
    _keep(found, "extensions", lambda each: each.get("name") != _ATTRIBUTE_SET)
    _keep(found, "supplementalSemanticIds", lambda each: not _is_mark(each))
    _keep(found, "description", lambda each: len(each.get("text", "")) <= _MAX_TEXT)
    for name in ("semanticId", "semanticIdListElement"):
        if name in found:
            found[name] = _sound_reference(found[name])
    if "supplementalSemanticIds" in found:
        if "semanticId" in found:
            found["supplementalSemanticIds"] = [
                _sound_reference(each) for each in found["supplementalSemanticIds"]
            ]
        else:
            del found["supplementalSemanticIds"]  # AASd-118
    return found


def legal_text(value_type: str, text: str) -> str | None:
    """Return the lexical form of an initial or default value, None when it is not of the type."""
    for candidate in (text, text.strip(), text.strip().casefold()):
        if is_lexical(value_type, candidate):
            return candidate
    return None


def _is_fixed(prototype: Prototype, in_template: frozenset[str]) -> bool:
    return any(prototype.id_short in _FIXED.get(each, ()) for each in in_template)


def _keep(node: Node, name: str, is_kept: Callable[[Node], bool]) -> None:
    if name in node:
        kept = [each for each in node[name] if is_kept(each)]
        if kept:
            node[name] = kept
        else:
            del node[name]


def _is_mark(reference: Node) -> bool:
    return any(
        each in (DROP_IN, _DEFINITION) or each.startswith(ARBITRARY)
        for each in reference_ids(reference)
    )


def _sound_reference(reference: Node) -> Node:
    """Return a reference that verification accepts: as it is, or as an external one with its keys.

    Templates have references to models whose chains of keys break AASd-123 to -128.
    """
    types = {key.get("type") for key in reference.get("keys", ())}
    is_plain = reference.get("type") == "ExternalReference" and types == {"GlobalReference"}
    if (is_plain and "referredSemanticId" not in reference) or not verify_part(
        reference, "Reference"
    ):
        return reference
    keys = [{"type": "GlobalReference", "value": each} for each in key_values(reference) if each]
    return {"type": "ExternalReference", "keys": keys}
