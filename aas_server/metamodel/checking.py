"""Checking what is written, as every way in does it: lifted to the present metamodel, verified."""

from __future__ import annotations

from typing import Any

from aas_server.errors import Finding
from aas_server.metamodel.lift import lifted
from aas_server.metamodel.screening import CHARACTERS_TEXT
from aas_server.metamodel.shape import shape_findings
from aas_server.metamodel.structure import STRUCTURE
from aas_server.metamodel.value_types import is_xml_text
from aas_server.metamodel.verification import verify, verify_part


def checked(
    tree: Any, model_type: str | None = None, text: bytes | None = None
) -> tuple[Any, list[Finding]]:
    """Return the 3.1 form of an identifiable, an element or another part, and what was found.

    ``model_type`` names the part (``AssetInformation``); without it ``modelType`` does. Any JSON is
    taken, the argument is not changed. ``text`` is its JSON without blanks, for whoever has that.
    """
    newer, warnings = lifted(tree, text)
    findings = verify(newer) if model_type is None else verify_part(newer, model_type)
    return newer, warnings + findings


def checked_shape(
    tree: Any, model_type: str, text: bytes | None = None
) -> tuple[Any, list[Finding]]:
    """Return the 3.1 form of the identifiable ``tree`` and what is wrong with its shape.

    Constraints are not looked at: for documents that were verified elsewhere.
    """
    newer, findings = lifted(tree, text)
    findings += shape_findings(newer, model_type)
    # A database may not take it, and nothing could ask for it.
    if not any(each.is_error for each in findings) and not is_xml_text(newer["id"]):
        findings.append(Finding("AASd-130", "id", CHARACTERS_TEXT))
    return newer, findings


def is_refused(finding: Finding, *, strict: bool) -> bool:
    """Return whether nothing with ``finding`` is taken: errors of structure, with ``strict``
    constraints as well.
    """
    return finding.is_error and (strict or finding.code == STRUCTURE)
