"""Findings of the linter, and the table of everything it may find."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final


class Level(enum.Enum):
    """How bad a finding is: wrong, doubtful, or good to know."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class LintRule:
    """One thing that is looked for: its code, how bad it is, what it means, what to do."""

    code: str
    level: Level
    meaning: str
    remedy: str


@dataclass(frozen=True, slots=True)
class LintFinding:
    """Something about a template that its author wants to know.

    ``path`` is the idShortPath in the template, ``""`` for the submodel and for the file.
    """

    code: str
    level: Level
    path: str
    text: str
    remedy: str


_E, _W, _I = Level.ERROR, Level.WARNING, Level.INFO
_ROWS: Final = (
    ("kind", _E, "the submodel is not of the kind Template", "set kind to Template"),
    (
        "no-version",
        _W,
        "the administration has no version or no revision",
        "give administration.version and administration.revision",
    ),
    (
        "no-template-id",
        _I,
        "the administration has no templateId",
        "give administration.templateId: instances name it as their template",
    ),
    (
        "no-semantic-id",
        _W,
        "submodel or element has no semanticId",
        "give one: by it, instances are matched with their template",
    ),
    (
        "blank-in-id",
        _E,
        "a semantic id holds a blank, within or around it",
        "remove it: who compares exactly finds nothing",
    ),
    (
        "doubled-scheme",
        _E,
        "a semantic id begins twice, such as htthttps://",
        "write https:// once",
    ),
    (
        "odd-host",
        _E,
        "the host of a semantic id has no dot, such as admin-shell-io",
        "write the host's name out",
    ),
    (
        "odd-id",
        _W,
        "a semantic id is neither an IRI nor an IRDI",
        "give the concept's identifier",
    ),
    (
        "unversioned-id",
        _W,
        "the semantic id of a submodel, collection or list bears no version",
        "add version and revision: /1/0",
    ),
    (
        "several-dictionaries",
        _I,
        "elements take their concepts from ECLASS and from IEC CDD",
        "take one as semanticId, the other as supplemental semantic id",
    ),
    ("bad-id-short", _E, "an idShort is none (AASd-002)", "take letters, digits, - and _"),
    (
        "old-placeholder",
        _E,
        "an idShort has a counter in the old form, {00}",
        "write __00__, which is a valid idShort",
    ),
    (
        "repeated-id-short",
        _E,
        "two siblings have one idShort (AASd-022)",
        "rename one of them",
    ),
    (
        "no-cardinality",
        _W,
        "an element does not say how often it stands on its level",
        "add the qualifier SMT/Cardinality",
    ),
    (
        "cardinality-spelling",
        _W,
        "a cardinality can be read, but is not spelt as it should be",
        "write One, ZeroToOne, ZeroToMany or OneToMany",
    ),
    (
        "bad-cardinality",
        _E,
        "a cardinality cannot be read, or allows nothing",
        "write One, ZeroToOne, ZeroToMany or OneToMany",
    ),
    (
        "bad-allowed-value",
        _E,
        "SMT/AllowedValue is no regular expression that can be read",
        "mend the pattern",
    ),
    (
        "bad-allowed-range",
        _E,
        "SMT/AllowedRange is no range, or one that holds nothing",
        "write intervals such as [0,100] or (0,*]",
    ),
    (
        "bad-allowed-id-short",
        _E,
        "SMT/AllowedIdShort is no regular expression that can be read",
        "mend the pattern",
    ),
    (
        "bad-required-lang",
        _E,
        "SMT/RequiredLang names no language",
        "write tags such as en, with | between them",
    ),
    (
        "bad-access-mode",
        _E,
        "SMT/AccessMode is neither ReadOnly nor ReadWrite",
        "write one of the two",
    ),
    ("empty-qualifier", _E, "a template qualifier has no value", "give one or remove it"),
    (
        "repeated-qualifier",
        _E,
        "an element has two qualifiers of one type (AASd-021)",
        "join their values, or number the types",
    ),
    (
        "contradicting-qualifiers",
        _E,
        "qualifiers with the same meaning differ",
        "keep one of them",
    ),
    (
        "qualifier-name",
        _W,
        "a template qualifier has another type than the official one",
        "write SMT/ and the name, such as SMT/Cardinality",
    ),
    (
        "qualifier-kind",
        _W,
        "a template qualifier is not of the kind TemplateQualifier",
        "set the kind: tools strip instances by it",
    ),
    (
        "qualifier-id",
        _W,
        "a template qualifier has the semanticId of something else",
        "take the one of its type",
    ),
    (
        "no-qualifier-id",
        _I,
        "a template qualifier has no semanticId",
        "add https://admin-shell.io/SubmodelTemplates/Cardinality/1/0 or its like",
    ),
    (
        "qualifier-value-type",
        _I,
        "the valueType of a template qualifier is not xs:string",
        "take xs:string",
    ),
    (
        "misplaced-rule",
        _W,
        "a rule for values that elements of this type cannot have",
        "remove it, or move it to the element that is meant",
    ),
    (
        "single-either-or",
        _E,
        "an either-or class has one member on its level",
        "add the others, or remove SMT/EitherOr",
    ),
    (
        "either-or-cardinality",
        _E,
        "of an either-or class some members are required and others not",
        "give all members One, or all of them ZeroToOne",
    ),
    (
        "either-or-name",
        _I,
        "the name of an either-or class has other signs than letters and digits",
        "take letters and digits",
    ),
    (
        "bad-initial-value",
        _E,
        "an initial value is not of the valueType, or not allowed",
        "give a value that the element's own rules allow",
    ),
    (
        "bad-default-value",
        _E,
        "a default value is not of the valueType, or not allowed",
        "give a value that the element's own rules allow",
    ),
    (
        "bad-example-value",
        _W,
        "an example is not of the valueType, or not allowed",
        "give a value that the element's own rules allow",
    ),
    (
        "sample-value",
        _W,
        "an element of the template has a value, which nobody can tell from a true one",
        "move it to SMT/ExampleValue",
    ),
    (
        "drop-in-not-empty",
        _W,
        "a drop-in has content of its own",
        "remove the content, or the mark",
    ),
    (
        "unknown-drop-in",
        _W,
        "no known template defines the content of a drop-in",
        "add the defining template to the catalog, or mend the semanticId",
    ),
    ("drop-in-cycle", _E, "a drop-in contains itself", "break the circle"),
    (
        "no-concepts",
        _W,
        "the file holds no concept descriptions",
        "add one for each semantic id",
    ),
    (
        "no-concept",
        _W,
        "the file does not describe the concept of a semanticId",
        "add its concept description",
    ),
    ("unused-concept", _I, "no element has this concept", "remove the concept description"),
    (
        "no-concept-content",
        _W,
        "a concept description has no IEC 61360 content",
        "add names, definition and data type",
    ),
    ("no-english-name", _W, "a concept has no preferred name in English", "add it"),
    ("no-data-type", _W, "the concept of a Property or Range has no data type", "add it"),
    ("no-unit", _W, "a concept with a measure has no unit", "give unit or unitId"),
    (
        "concept-type",
        _W,
        "valueType and the concept's data type exclude each other",
        "change one of them",
    ),
)
RULES: Final = {row[0]: LintRule(*row) for row in _ROWS}
"""Every code of the linter itself; those of the metamodel are the constraints' own."""

_METAMODEL_REMEDY: Final = "mend the document: the metamodel forbids it"


def found(code: str, path: str, text: str) -> LintFinding:
    """Return a finding with the level and the remedy of its rule."""
    rule = RULES[code]
    return LintFinding(code, rule.level, path, text, rule.remedy)


def metamodel_finding(code: str, path: str, text: str, hint: str, *, is_error: bool) -> LintFinding:
    """Return what verification found, by the constraint's code."""
    level = Level.ERROR if is_error else Level.WARNING
    return LintFinding(code, level, path, text, hint or _METAMODEL_REMEDY)
