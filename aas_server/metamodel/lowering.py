"""Lowering: documents of metamodel 3.1 as 3.0 has them, and what 3.0 cannot say.

3.0 demands attributes that 3.1 made optional, knows one kind of assets less, has no idShorts in
lists (AASd-120), three categories of data elements (AASd-090), and no hyphens in idShorts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from aas_server.errors import Finding
from aas_server.metamodel.rewriting import JsonPath, json_path
from aas_server.metamodel.structure import DATA_ELEMENT_TYPES
from aas_server.metamodel.tree import CHILDREN_ATTRIBUTE, Node

LOWERED: Final = "lowered"
"""The code of a finding about something that 3.0 says otherwise, or (an error) cannot say."""

_KINDS_3_0: Final = frozenset({"Type", "Instance", "NotApplicable"})
_CATEGORIES_3_0: Final = frozenset({"CONSTANT", "PARAMETER", "VARIABLE"})
_NAME_3_0: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_NEW_DATES: Final = ("createdAt", "updatedAt")
_MAX_IDENTIFIER: Final = 2000
_BINARY: Final = "application/octet-stream"
_RELATIONSHIPS: Final = ("RelationshipElement", "AnnotatedRelationshipElement")


@dataclass(slots=True)
class Lowered:
    """A document of 3.0 with what it says otherwise: warnings, and errors for what is lost."""

    tree: Any
    findings: list[Finding] = field(default_factory=list)

    @property
    def losses(self) -> list[Finding]:
        """Return what 3.0 cannot say."""
        return [finding for finding in self.findings if finding.is_error]


def lowered(tree: Node) -> Lowered:
    """Return ``tree``, a document of 3.1 in the normal form, as 3.0 has it; it is not changed."""
    lowering = _Lowering()
    return Lowered(lowering.value(tree, []), lowering.findings)


class _Lowering:
    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def value(self, value: Any, path: JsonPath) -> Any:
        if isinstance(value, dict):
            return self._node(value, path)
        if isinstance(value, list):
            items = [self._item(item, [*path, index]) for index, item in enumerate(value)]
            return [item for item in items if item is not None]
        return value

    def _item(self, item: Any, path: JsonPath) -> Any:
        """Return an item as 3.0 has it, None when it cannot be there."""
        if isinstance(item, dict):
            if item.get("modelType") in _RELATIONSHIPS and not (
                "first" in item and "second" in item
            ):
                self._lose(path, "3.0 has no relationship without both ends: it is left out")
                return None
            if path[-2:-1] == ["valueReferencePairs"] and "valueId" not in item:
                self._lose(path, "3.0 has no value of a list without valueId: it is left out")
                return None
        return self.value(item, path)

    def _node(self, node: Node, path: JsonPath) -> Node:
        found: Node = {}
        for name, value in node.items():
            below = self.value(value, [*path, name])
            if value and below == [] and isinstance(value, list):
                continue  # All items are left out, and there are no empty arrays.
            found[name] = below
        return self._mended(found, path)

    def _mended(self, node: Node, path: JsonPath) -> Node:
        model_type = node.get("modelType")
        if model_type == "SubmodelElementList":
            self._drop_names(node, path)
        elif model_type in ("File", "Blob") and "contentType" not in node:
            self._set(node, path, "contentType", _BINARY)
        elif model_type == "Entity":
            self._mend_entity(node, path)
        if model_type in DATA_ELEMENT_TYPES and node.get("category", "VARIABLE") not in (
            _CATEGORIES_3_0
        ):
            self._drop(node, path, "category", "3.0 knows CONSTANT, PARAMETER and VARIABLE")
        if path[-1:] == ["assetInformation"] and node.get("assetKind") not in _KINDS_3_0:
            self._set(node, path, "assetKind", "NotApplicable", is_loss=True)
        if path[-1:] == ["administration"]:
            for name in _NEW_DATES:
                self._drop(node, path, name, "3.0 has no such date")
        self._judge(node, path)
        return node

    def _mend_entity(self, node: Node, path: JsonPath) -> None:
        if "entityType" not in node:
            manages = "globalAssetId" in node or "specificAssetIds" in node
            self._set(node, path, "entityType", f"{'Self' if manages else 'Co'}ManagedEntity")
        if "globalAssetId" in node:
            reason = "3.0 has one of globalAssetId and specificAssetIds (AASd-014)"
            self._drop(node, path, "specificAssetIds", reason)

    def _judge(self, node: Node, path: JsonPath) -> None:
        """Tell of what stays, although 3.0 forbids it: other documents refer to it."""
        id_short = node.get("idShort")
        if isinstance(id_short, str) and not _NAME_3_0.fullmatch(id_short):
            text = "3.0 allows letters, digits and _ in an idShort, and a letter at its beginning"
            self._lose([*path, "idShort"], text)
        identifier = node.get("id")
        if not path and isinstance(identifier, str) and len(identifier) > _MAX_IDENTIFIER:
            self._lose(["id"], f"3.0 has ids of {_MAX_IDENTIFIER} characters at most")

    def _drop_names(self, node: Node, path: JsonPath) -> None:
        attribute = CHILDREN_ATTRIBUTE["SubmodelElementList"]
        for index, item in enumerate(node.get(attribute) or ()):
            if isinstance(item, dict) and "idShort" in item:
                place = [*path, attribute, index]
                self._drop(item, place, "idShort", "3.0 has no idShorts in lists (AASd-120)")

    def _set(
        self, node: Node, path: JsonPath, name: str, value: str, *, is_loss: bool = False
    ) -> None:
        before = f"{node[name]!r} is" if name in node else "3.0 demands it:"
        node[name] = value
        text = f"{before} {value!r} in 3.0"
        self.findings.append(Finding(LOWERED, json_path([*path, name]), text, is_loss))

    def _drop(self, node: Node, path: JsonPath, name: str, reason: str) -> None:
        if name in node:
            del node[name]
            self._lose([*path, name], f"{reason}: it is left out")

    def _lose(self, path: JsonPath, text: str) -> None:
        self.findings.append(Finding(LOWERED, json_path(path), text))
