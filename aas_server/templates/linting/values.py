"""Values that a template holds: initial, default and example ones, and samples left in it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Final

from aas_server.metamodel.verification import is_lexical
from aas_server.templates.linting.findings import LintFinding, found
from aas_server.templates.prototype import Prototype

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
_SHOWN: Final = 60


def value_findings(prototype: Prototype) -> Iterator[LintFinding]:
    """Yield what is wrong with the values at one prototype."""
    rules = prototype.rules
    given = [("bad-initial-value", rules.initial), ("bad-default-value", rules.default)]
    given += [("bad-example-value", each) for each in rules.examples]
    for code, text in given:
        reason = "" if text is None else why_not(prototype, text)
        if reason:
            yield found(code, prototype.path, reason)
    names = _SAMPLES.get(prototype.model_type, ())
    values = [prototype.node[name] for name in names if prototype.node.get(name)]
    if values:
        shown = ", ".join(str(each)[:_SHOWN] for each in values)
        yield found("sample-value", prototype.path, f"the template's own value: {shown}")


def why_not(prototype: Prototype, text: str) -> str:
    """Return why ``text`` may not be the value of a Property of this prototype, ``""`` if it
    may.
    """
    if prototype.model_type != "Property":
        return ""
    value_type, rules = str(prototype.node.get("valueType", "xs:string")), prototype.rules
    if not is_lexical(value_type, text):
        return f"{text[:_SHOWN]!r} is no {value_type}"
    if rules.allowed_values is not None and not rules.allowed_values.allows(text):
        return f"{text[:_SHOWN]!r} is none of {rules.allowed_values}"
    if rules.allowed_range is not None and not _holds(prototype, text):
        return f"{text[:_SHOWN]!r} is not within {rules.allowed_range.text}"
    return ""


def _holds(prototype: Prototype, text: str) -> bool:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return True  # a range on something that is no number is told elsewhere
    allowed = prototype.rules.allowed_range
    return allowed is None or not number.is_finite() or allowed.holds(number)
