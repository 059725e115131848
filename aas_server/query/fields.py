"""Field identifiers: which attribute of which element a condition asks for (IDTA-01002 "Query
Language", Identification of Fields).
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

MAX_LENGTH: Final = 2000
"""Characters of a field identifier at most."""


class Root(enum.Enum):
    """What a field belongs to."""

    SHELL = "$aas"
    SUBMODEL = "$sm"
    ELEMENT = "$sme"
    CONCEPT = "$cd"
    SHELL_DESCRIPTOR = "$aasdesc"
    SUBMODEL_DESCRIPTOR = "$smdesc"


class Anywhere(enum.Enum):
    """The index of an element of a list that may be any of them."""

    ANYWHERE = "[]"


ANYWHERE: Final = Anywhere.ANYWHERE

Step: TypeAlias = str | int | Literal[Anywhere.ANYWHERE]
"""A name, the index of an element of a list, or any element of it."""


@dataclass(frozen=True, slots=True)
class Field:
    """An attribute that a condition asks for.

    ``path`` leads to a submodel element (``ELEMENT`` only; empty: every element, however deep);
    ``attribute`` leads from there to values, by the names of the JSON form. ``text`` is what was
    written.
    """

    root: Root
    path: tuple[Step, ...]
    attribute: tuple[Step, ...]
    text: str

    def __str__(self) -> str:
        return self.text


class FieldError(ValueError):
    """A text that is no field identifier; says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """What may follow a name: nothing (a value), further names, or the value of a shortcut.

    ``name`` is that of the JSON form where it differs. ``shortcut`` is where the name alone leads.
    """

    children: Mapping[str, Attribute]
    is_list: bool = False
    name: str | None = None
    shortcut: tuple[Step, ...] | None = None


_VALUE: Final = Attribute({})
_KEYS: Final = Attribute({"type": _VALUE, "value": _VALUE}, is_list=True)
_FIRST_KEY: Final = ("keys", 0, "value")
_REFERENCE_ATTRIBUTES: Final = {"type": _VALUE, "keys": _KEYS}
_REFERENCE: Final = Attribute(_REFERENCE_ATTRIBUTES, shortcut=_FIRST_KEY)
_REFERENCES: Final = Attribute(_REFERENCE_ATTRIBUTES, is_list=True, shortcut=_FIRST_KEY)
_SPECIFIC_ASSET_IDS: Final = Attribute(
    {"name": _VALUE, "value": _VALUE, "externalSubjectId": _REFERENCE}, is_list=True
)
_ENDPOINTS: Final = Attribute(
    {
        "interface": _VALUE,
        "protocolinformation": Attribute({"href": _VALUE}, name="protocolInformation"),
    },
    is_list=True,
)
# Not in the standard: how the quality of a live value is asked for.
_QUALIFIERS: Final = Attribute(
    {"type": _VALUE, "value": _VALUE, "valueType": _VALUE, "kind": _VALUE}, is_list=True
)
_IDENTIFIABLE: Final = {"idShort": _VALUE, "id": _VALUE}
_SEMANTICS: Final = {"semanticId": _REFERENCE, "supplementalSemanticIds": _REFERENCES}
_SUBMODEL_DESCRIPTOR: Final = {**_IDENTIFIABLE, **_SEMANTICS, "endpoints": _ENDPOINTS}

_ATTRIBUTES: Final[Mapping[Root, Mapping[str, Attribute]]] = {
    Root.SHELL: {
        **_IDENTIFIABLE,
        "assetInformation": Attribute(
            {
                "assetKind": _VALUE,
                "assetType": _VALUE,
                "globalAssetId": _VALUE,
                "specificAssetIds": _SPECIFIC_ASSET_IDS,
            }
        ),
        "submodels": _REFERENCES,
    },
    Root.SUBMODEL: {**_IDENTIFIABLE, **_SEMANTICS, "qualifiers": _QUALIFIERS},
    Root.ELEMENT: {
        "idShort": _VALUE,
        "value": _VALUE,
        "valueType": _VALUE,
        "language": _VALUE,
        "qualifiers": _QUALIFIERS,
        **_SEMANTICS,
    },
    Root.CONCEPT: _IDENTIFIABLE,
    Root.SHELL_DESCRIPTOR: {
        **_IDENTIFIABLE,
        "assetKind": _VALUE,
        "assetType": _VALUE,
        "globalAssetId": _VALUE,
        "specificAssetIds": _SPECIFIC_ASSET_IDS,
        "endpoints": _ENDPOINTS,
        "submodelDescriptors": Attribute(_SUBMODEL_DESCRIPTOR, is_list=True),
    },
    Root.SUBMODEL_DESCRIPTOR: _SUBMODEL_DESCRIPTOR,
}

_ROOT: Final = re.compile(r"(?P<root>\$[a-z]+)(?:\.(?P<path>[^#]*))?#(?P<attribute>.*)", re.ASCII)
SEGMENT: Final = re.compile(
    r"(?P<name>[A-Za-z](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)(?P<indexes>(?:\[[0-9]*\])*)", re.ASCII
)
INDEX: Final = re.compile(r"\[([0-9]*)\]", re.ASCII)
ROOTS: Final = {root.value: root for root in Root}
"""The roots by what is written."""


def parse_field(text: str) -> Field:
    """Return the field that ``text`` names; raises ``FieldError``.

    A list without brackets means any of its elements, a reference alone the value of its first key.
    """
    if len(text) > MAX_LENGTH:
        raise FieldError(f"a field identifier has at most {MAX_LENGTH} characters")
    match = _ROOT.fullmatch(text)
    root = None if match is None else ROOTS.get(match["root"])
    if match is None or root is None:
        raise FieldError(
            f"{text!r} is no field identifier: write <root>#<attribute> with one of the roots "
            f"{', '.join(ROOTS)}"
        )
    path: tuple[Step, ...] = ()
    if match["path"] is not None:
        if root is not Root.ELEMENT:
            raise FieldError(f"only $sme takes an idShortPath, not {root.value} (AASa-005)")
        path = parse_path(match["path"])
    attribute = _parse_attribute(match["attribute"], _ATTRIBUTES[root], root.value)
    return Field(root, path, attribute, text)


def parse_path(text: str) -> tuple[Step, ...]:
    """Return the steps of an idShortPath, whose indexes may be left open."""
    steps: list[Step] = []
    for segment in text.split("."):
        match = SEGMENT.fullmatch(segment)
        if match is None:
            raise FieldError(
                f"{segment!r} is no idShort with indexes, as in Documents[0] or List[]"
            )
        steps.append(match["name"])
        steps += [index_of(index) for index in INDEX.findall(match["indexes"])]
    return tuple(steps)


def index_of(digits: str) -> Step:
    """Return the step of an index by its digits, any element for none."""
    return int(digits) if digits else ANYWHERE


def _parse_attribute(text: str, known: Mapping[str, Attribute], above: str) -> tuple[Step, ...]:
    """Return the way to the values of the attribute that ``text`` names below ``above``."""
    steps: list[Step] = []
    attribute = Attribute(known)
    for segment in text.split("."):
        match = SEGMENT.fullmatch(segment)
        found = None if match is None else attribute.children.get(match["name"])
        if match is None or found is None:
            allowed = ", ".join(attribute.children) or "nothing"
            raise FieldError(f"{above} has no attribute {segment!r}: there is {allowed}")
        indexes = INDEX.findall(match["indexes"])
        if len(indexes) > found.is_list:
            raise FieldError(f"{match['name']!r} takes no {match['indexes']}")
        steps.append(found.name or match["name"])
        if found.is_list:
            steps.append(index_of(indexes[0]) if indexes else ANYWHERE)
        attribute, above = found, match["name"]
    if attribute.shortcut is not None:
        steps += attribute.shortcut
    elif attribute.children:
        allowed = ", ".join(attribute.children)
        raise FieldError(f"{above!r} has no value of its own: ask for one of {allowed}")
    return tuple(steps)
