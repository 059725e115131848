"""Screening: a document made ready for aas-core, so that verifying it is bounded work.

aas-core's patterns need microseconds for each character of a URI and its integers raise beyond
4,300 digits, so long texts are cut before and checked here. Here is also checked what aas-core does
not look at, and taken out what the draft of 3.2 adds: aas-core 3.1 does not know it.
"""

from __future__ import annotations

import base64
import re
from itertools import islice
from typing import Final

from aas_server.errors import Finding
from aas_server.metamodel.naming import namesakes
from aas_server.metamodel.rewriting import JsonPath, encoded, json_path, rewritten
from aas_server.metamodel.structure import STRUCTURE
from aas_server.metamodel.tree import Node
from aas_server.metamodel.value_types import is_xml_text, to_json

METAMODEL: Final = "metamodel"
"""The code of a finding about a rule of the metamodel that has no number."""

CHARACTERS_TEXT: Final = "holds a character that XML 1.0 does not have"
"""What AASd-130 is about."""

MAX_CHECKED_TEXT: Final = 2052
"""Characters of a text that aas-core gets to see: more than any limit of the metamodel, and whole
groups of base64 and hexBinary."""
_MAX_URI_TEXT: Final = 100_000
"""Characters of URIs in one document whose pattern is checked: a third of a second's work."""
_MAX_UNSCREENED: Final = 65_536
"""Bytes of a document that may go unscreened: even if it is one URI."""
_SIGNS: Final = tuple(
    f'"{word}"'.encode()
    for word in (
        "Batch",
        "Blob",
        "SelfManagedEntity",
        "annotations",
        "createdAt",
        "dataSpecificationContent",
        "statements",
        "updatedAt",
    )
)
_UNWATCHED: Final = ("AnnotatedRelationshipElement", "Entity")
"""Whose children aas-core lets have the same idShort."""
_LONG_NUMBER: Final = re.compile(rb"[0-9]{1000}")
_STEP: Final = 100
_SAMPLED_NUMBER: Final = re.compile(rb"[0-9]{10}")
"""What each hundredth byte of a long number is; looking at all of them takes longer."""
_TYPED: Final = ("value", "min", "max")
_URIS: Final = ("value", "min", "max", "path")
_DATES: Final = frozenset({"createdAt", "updatedAt"})
_IEC61360: Final = re.compile(
    r"https?://admin-shell\.io/DataSpecificationTemplates/DataSpecificationI(?:EC|ec)61360"
    r"(?:/[0-9]+(?:/[0-9]+)?)?/?"
)


class Screening:
    """One walk over one document: ``tree`` is what aas-core may read, ``findings`` what was wrong
    on the way, at most ``limit``. ``plain`` is the JSON of a document in which nothing was to do.

    Raises ``RecursionError`` for nesting that Python cannot walk.
    """

    def __init__(self, tree: Node, model_type: str, *, limit: int) -> None:
        self.findings: list[Finding] = []
        self._limit = limit
        self._uri_text = _MAX_URI_TEXT
        self._administration = (
            [] if model_type == "AdministrativeInformation" else ["administration"]
        )
        self.plain = _unremarkable(tree)
        self.tree: Node = rewritten(tree, self._screen) if self.plain is None else tree

    def _screen(self, node: Node, path: JsonPath) -> Node:
        changes: Node = {}
        for name, value in node.items():
            if value.__class__ is str and len(value) > MAX_CHECKED_TEXT:
                self._check_tail(node, path, name)
                changes[name] = value[:MAX_CHECKED_TEXT]
        model_type = node.get("modelType")
        if model_type == "Blob" and isinstance(node.get("value"), str):
            self._check_base64(node["value"], path)
            changes["value"] = ""
        elif model_type == "File" or "path" in node or node.get("valueType") == "xs:anyURI":
            changes |= self._affordable({**node, **changes})
        elif model_type == "Entity":
            changes |= _other_entity_type(node)
        if model_type in _UNWATCHED:
            self.findings += islice(namesakes(node, path), self._limit - len(self.findings))
        if "dataSpecificationContent" in node:
            self._check_data_specification(node, path)
        if node.get("assetKind") == "Batch":
            changes["assetKind"] = "Instance"
        if path == self._administration:
            node = self._without_dates(node, path)
        return {**node, **changes} if changes else node

    def _check_tail(self, node: Node, path: JsonPath, name: str) -> None:
        text, value_type = node[name], node.get("valueType")
        if not is_xml_text(text[MAX_CHECKED_TEXT:]):
            self._note("AASd-130", path, name, CHARACTERS_TEXT)
        if name in _TYPED and isinstance(value_type, str):
            try:
                to_json(value_type, text)
            except ValueError:
                self._note(METAMODEL, path, name, f"is no {value_type}")

    def _check_base64(self, text: str, path: JsonPath) -> None:
        try:
            base64.b64decode(text, validate=True)
        except ValueError:
            self._note(STRUCTURE, path, "value", "must be base64")

    def _affordable(self, node: Node) -> Node:
        """Return the URIs of ``node`` that are too many to be checked, made short."""
        changes: Node = {}
        for name in _URIS:
            text = node.get(name)
            if isinstance(text, str):
                self._uri_text -= len(text)
                if self._uri_text < 0:
                    changes[name] = text[:1]
        return changes

    def _check_data_specification(self, node: Node, path: JsonPath) -> None:
        content, reference = node["dataSpecificationContent"], node.get("dataSpecification")
        if not isinstance(content, dict) or content.get("modelType") != "DataSpecificationIec61360":
            return
        keys = reference.get("keys") if isinstance(reference, dict) else None
        first = keys[0] if isinstance(keys, list) and keys else None
        value = first.get("value") if isinstance(first, dict) else None
        if isinstance(value, str) and not _IEC61360.fullmatch(value):
            text = "names another data specification than that of IEC 61360"
            self._note("AASc-3a-050", path, "dataSpecification", text, is_error=False)

    def _without_dates(self, administration: Node, path: JsonPath) -> Node:
        """Return ``administration`` without createdAt and updatedAt of 3.2."""
        for name in _DATES & administration.keys():
            date = administration[name]
            if not isinstance(date, str):
                self._note(STRUCTURE, path, name, "must be a text")
            elif not _is_utc(date):
                self._note(METAMODEL, path, name, "must be a dateTime in UTC")
        return {name: value for name, value in administration.items() if name not in _DATES}

    def _note(
        self, code: str, path: JsonPath, name: str, text: str, *, is_error: bool = True
    ) -> None:
        if len(self.findings) < self._limit:
            self.findings.append(Finding(code, json_path([*path, name]), text, is_error))


def _unremarkable(tree: Node) -> bytes | None:
    """Return the JSON of ``tree`` when there cannot be anything in it that screening is about; most
    documents are small and hold nothing of it.
    """
    text = encoded(tree)
    if (
        text is None
        or len(text) > _MAX_UNSCREENED
        or any(sign in text for sign in _SIGNS)
        or (_SAMPLED_NUMBER.search(text[::_STEP]) and _LONG_NUMBER.search(text))
    ):
        return None
    return text


def _other_entity_type(entity: Node) -> Node:
    """Return another type for an Entity with both kinds of ids.

    AASd-014 asks for one of them, which aas-core reads as not both; it asks nothing of
    CoManagedEntity.
    """
    both = "globalAssetId" in entity and "specificAssetIds" in entity
    is_managed = entity.get("entityType") == "SelfManagedEntity"
    return {"entityType": "CoManagedEntity"} if both and is_managed else {}


def _is_utc(text: str) -> bool:
    try:
        to_json("xs:dateTime", text)
    except ValueError:
        return False
    return text.endswith(("Z", "+00:00", "-00:00"))
