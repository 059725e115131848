"""Fragments: parts of a document that a filter keeps or leaves out (3.2 draft)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from aas_server.query.fields import (
    INDEX,
    MAX_LENGTH,
    ROOTS,
    SEGMENT,
    Attribute,
    Field,
    FieldError,
    Root,
    Step,
    index_of,
    parse_path,
)

_PART: Final = Attribute({})
_KEYS: Final = Attribute({}, is_list=True)
_REFERENCE: Final = Attribute({"keys": _KEYS})
_REFERENCES: Final = Attribute({"keys": _KEYS}, is_list=True)
_SPECIFIC_ASSET_IDS: Final = Attribute({"externalSubjectId": _REFERENCE}, is_list=True)
_SEMANTICS: Final = {"semanticId": _REFERENCE, "supplementalSemanticIds": _REFERENCES}
_ENDPOINTS: Final = Attribute({}, is_list=True)
_SUBMODEL_DESCRIPTOR: Final = {"idShort": _PART, **_SEMANTICS, "endpoints": _ENDPOINTS}

# What the metamodel does not make mandatory: leaving out anything else would break the document.
_PARTS: Final[Mapping[Root, Mapping[str, Attribute]]] = {
    Root.SHELL: {
        "idShort": _PART,
        "assetInformation": Attribute(
            {
                "assetType": _PART,
                "globalAssetId": _PART,
                "specificAssetIds": _SPECIFIC_ASSET_IDS,
            }
        ),
        "submodels": _REFERENCES,
    },
    Root.SUBMODEL: {"idShort": _PART, **_SEMANTICS},
    Root.ELEMENT: {
        "idShort": _PART,
        "value": _PART,
        "valueType": _PART,
        "language": _PART,
        **_SEMANTICS,
    },
    Root.CONCEPT: {"idShort": _PART},
    Root.SHELL_DESCRIPTOR: {
        "idShort": _PART,
        "description": _PART,
        "displayName": _PART,
        "extension": Attribute({}, name="extensions"),
        "administration": _PART,
        "assetKind": _PART,
        "assetType": _PART,
        "globalAssetId": _PART,
        "specificAssetIds": _SPECIFIC_ASSET_IDS,
        "endpoints": _ENDPOINTS,
        "submodelDescriptors": Attribute(_SUBMODEL_DESCRIPTOR, is_list=True),
    },
    Root.SUBMODEL_DESCRIPTOR: _SUBMODEL_DESCRIPTOR,
}
_FRAGMENT: Final = re.compile(
    r"(?P<root>\$[a-z]+)(?:\.(?P<path>[^#]*))?(?:#(?P<attribute>.*))?", re.ASCII
)


def parse_fragment(text: str) -> Field:
    """Return the part of a document that ``text`` names; raises ``FieldError``.

    ``$sme`` alone, or with a path, is a submodel element; a list without brackets is the whole
    list, ``[]`` stands for each of its elements.
    """
    if len(text) > MAX_LENGTH:
        raise FieldError(f"a fragment has at most {MAX_LENGTH} characters")
    match = _FRAGMENT.fullmatch(text)
    root = None if match is None else ROOTS.get(match["root"])
    if match is None or root is None:
        raise FieldError(
            f"{text!r} is no fragment: write <root>#<attribute> with one of the roots "
            f"{', '.join(ROOTS)}"
        )
    path: tuple[Step, ...] = ()
    if match["path"] is not None:
        if root is not Root.ELEMENT:
            raise FieldError(f"only $sme takes an idShortPath, not {root.value} (AASa-005)")
        path = parse_path(match["path"])
    if match["attribute"] is None:
        if root is not Root.ELEMENT:
            raise FieldError(f"{root.value} is no fragment: name one of its attributes")
        return Field(root, path, (), text)
    return Field(root, path, _parse_part(match["attribute"], _PARTS[root], root.value), text)


def _parse_part(text: str, known: Mapping[str, Attribute], above: str) -> tuple[Step, ...]:
    steps: list[Step] = []
    part = Attribute(known)
    segments = text.split(".")
    for position, segment in enumerate(segments):
        match = SEGMENT.fullmatch(segment)
        found = None if match is None else part.children.get(match["name"])
        if match is None or found is None:
            allowed = ", ".join(part.children) or "nothing"
            raise FieldError(f"{above} has no part {segment!r} to leave out: there is {allowed}")
        indexes = INDEX.findall(match["indexes"])
        if len(indexes) > found.is_list:
            raise FieldError(f"{match['name']!r} takes no {match['indexes']}")
        steps.append(found.name or match["name"])
        if indexes:
            steps.append(index_of(indexes[0]))
        elif found.is_list and position + 1 < len(segments):
            raise FieldError(f"{match['name']!r} needs [] or an index before {segments[-1]!r}")
        part, above = found, match["name"]
    if above == "assetInformation":
        raise FieldError("assetInformation cannot be left out: name one of its attributes")
    return tuple(steps)
