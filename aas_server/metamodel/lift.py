"""Lifting: documents of metamodel 3.0, and harmless habits of older tools, become 3.1.

3.1 relaxed 3.0 (optional attributes, longer texts, hyphens and idShorts in lists), so a valid 3.0
document needs almost nothing. What is mended here cannot be misunderstood: a member without content
is no member. Everything else is left to ``verification``.
"""

from __future__ import annotations

from typing import Any, Final

from aas_server.errors import Finding
from aas_server.metamodel.rewriting import JsonPath, encoded, json_path, rewritten
from aas_server.metamodel.structure import STRUCTURE
from aas_server.metamodel.tree import Node
from aas_server.metamodel.verification import MAX_FINDINGS

LIFTED: Final = "lifted"
"""The code of a finding about something that was mended: always a warning."""

_OPTIONAL_ARRAYS: Final = frozenset(
    {
        "annotations",
        "definition",
        "description",
        "displayName",
        "embeddedDataSpecifications",
        "extensions",
        "inoutputVariables",
        "inputVariables",
        "isCaseOf",
        "outputVariables",
        "qualifiers",
        "refersTo",
        "shortName",
        "specificAssetIds",
        "statements",
        "submodelElements",
        "submodels",
        "supplementalSemanticIds",
    }
)
_ARRAY_VALUES: Final = (
    "MultiLanguageProperty",
    "SubmodelElementCollection",
    "SubmodelElementList",
)
_OPTIONAL_TEXTS: Final = frozenset({"category", "contentType", "revision", "version"})
_OLD_SPELLING: Final = "DataSpecificationIEC61360"
_NEW_SPELLING: Final = "DataSpecificationIec61360"
_SIGNS: Final = (b":null", b":[]", b':""', f'"{_OLD_SPELLING}"'.encode())
"""One of these is in the JSON text of every document that needs lifting."""


def lifted(tree: Any, text: bytes | None = None) -> tuple[Any, list[Finding]]:
    """Return ``tree`` as a 3.1 document, and a warning for each thing that was mended, at most
    ``MAX_FINDINGS``.

    Members that are null, optional arrays without items and optional texts without characters go;
    the data specification's old spelling is replaced. A document that needs nothing is returned as
    it is, and a lifted one needs nothing. The argument is not changed and any JSON is taken; only
    nesting too deep to be walked is an error, of structure. ``text`` is its JSON without blanks,
    for whoever has that.
    """
    text = text or encoded(tree)
    if not isinstance(tree, dict | list) or (text and not any(sign in text for sign in _SIGNS)):
        return tree, []
    lifting = _Lifting()
    try:
        return rewritten(tree, lifting.lift), lifting.findings
    except RecursionError:
        return tree, [Finding(STRUCTURE, "", "is nested too deep")]


class _Lifting:
    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def lift(self, node: Node, path: JsonPath) -> Node:
        """Return ``node`` without its empty members."""
        dropped: list[str] = []
        for name, value in node.items():
            if not value and (reason := _reason_to_drop(node, name, value)):
                self._note(path, name, reason)
                dropped.append(name)
        if dropped:
            node = {name: value for name, value in node.items() if name not in dropped}
        if node.get("modelType") == _OLD_SPELLING:
            self._note(path, "modelType", f"is spelt {_NEW_SPELLING} in 3.1")
            node = {**node, "modelType": _NEW_SPELLING}
        return node

    def _note(self, path: JsonPath, name: str, text: str) -> None:
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding(LIFTED, json_path([*path, name]), text, is_error=False))


def _reason_to_drop(node: Node, name: str, value: Any) -> str | None:
    model_type = node.get("modelType")
    if value is None:
        return "null was left out"
    if value == [] and (
        name in _OPTIONAL_ARRAYS or (name == "value" and model_type in _ARRAY_VALUES)
    ):
        return "an empty array was left out"
    if value == "" and (name in _OPTIONAL_TEXTS or (name == "value" and model_type == "File")):
        return "an empty text was left out"
    return None
