"""What the qualifiers of templates are called, by those who write them (IDTA templates, measured).

A qualifier is read by its type first: many bear the semantic id of another one.
"""

from __future__ import annotations

import enum
import re
from typing import Final

from aas_server.metamodel.tree import Node


class RuleKind(enum.Enum):
    """What a template qualifier says about instances."""

    CARDINALITY = "Cardinality"
    EITHER_OR = "EitherOr"
    INITIAL_VALUE = "InitialValue"
    DEFAULT_VALUE = "DefaultValue"
    EXAMPLE_VALUE = "ExampleValue"
    ALLOWED_RANGE = "AllowedRange"
    ALLOWED_ID_SHORT = "AllowedIdShort"
    ALLOWED_VALUE = "AllowedValue"
    REQUIRED_LANG = "RequiredLang"
    ACCESS_MODE = "AccessMode"
    CHOICES = "FormChoices"
    HINT = "hint"
    """For forms and mappings: nothing that an instance could break, and nothing that it keeps."""


_PREFIX: Final = re.compile(r"^(?:\s*SMT\s*/)+", re.IGNORECASE)
_NUMBER: Final = re.compile(r"\d+$")
_RULES: Final = {
    "cardinality": RuleKind.CARDINALITY,
    "multiplicity": RuleKind.CARDINALITY,
    "eitheror": RuleKind.EITHER_OR,
    "initialvalue": RuleKind.INITIAL_VALUE,
    "defaultvalue": RuleKind.DEFAULT_VALUE,
    "examplevalue": RuleKind.EXAMPLE_VALUE,
    "example": RuleKind.EXAMPLE_VALUE,
    "allowedrange": RuleKind.ALLOWED_RANGE,
    "allowedidshort": RuleKind.ALLOWED_ID_SHORT,
    "allowedvalue": RuleKind.ALLOWED_VALUE,
    "requiredlang": RuleKind.REQUIRED_LANG,
    "accessmode": RuleKind.ACCESS_MODE,
    "formchoices": RuleKind.CHOICES,
}
_ONLY_PREFIXED: Final = {"value": RuleKind.ALLOWED_VALUE}
_HINTS: Final = ("form", "preset", "edit")
_MAPPINGS: Final = frozenset({"mappinginfo", "collectionmappinginfo", "filtermappinginfo"})


def rule_kind(qualifier: Node) -> RuleKind | None:
    """Return what a qualifier rules in a template, None for those of a domain's own."""
    name = qualifier.get("type")
    if not isinstance(name, str):
        return None
    bare = _PREFIX.sub("", name)
    is_prefixed = bare != name
    word = _NUMBER.sub("", bare.strip()).casefold()
    if word in _RULES:
        return _RULES[word]
    if is_prefixed and word in _ONLY_PREFIXED:
        return _ONLY_PREFIXED[word]
    if is_prefixed or word in _MAPPINGS or word.startswith(_HINTS):
        return RuleKind.HINT
    return None


def belongs_to_templates(qualifier: Node) -> bool:
    """Return whether an instance must not have this qualifier.

    That goes by the vocabulary as well as by the kind: most files do not set the kind
    (AASd-129 forbids only what is called ``TemplateQualifier``).
    """
    return qualifier.get("kind") == "TemplateQualifier" or rule_kind(qualifier) is not None
