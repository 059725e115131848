"""Reports of imports as JSON, for the API and the command line."""

from __future__ import annotations

from typing import Final

from aas_server.errors import Finding
from aas_server.metamodel.differences import Difference
from aas_server.metamodel.tree import Node
from aas_server.packages.plan import ImportReport, Step, shown
from aas_server.store.protocol import Kind

COUNTED: Final = {
    "shells": Kind.SHELL,
    "submodels": Kind.SUBMODEL,
    "conceptDescriptions": Kind.CONCEPT_DESCRIPTION,
}
"""What counts of documents are called."""


def counts(by_kind: dict[Kind, int]) -> Node:
    """Return numbers of documents by their names."""
    return {name: by_kind.get(kind, 0) for name, kind in COUNTED.items()}


def finding_view(finding: Finding) -> Node:
    """Return a finding with its level; ``part`` and ``hint`` where there are any."""
    view = {
        "code": finding.code,
        "level": "error" if finding.is_error else "warning",
        "path": finding.path,
        "text": finding.text,
    }
    if finding.part:
        view["part"] = finding.part
    if finding.hint:
        view["hint"] = finding.hint
    return view


def steps_view(report: ImportReport) -> list[Node]:
    """Return what becomes of every document of ``report``."""
    return [_step(step) for step in report.steps]


def _step(step: Step) -> Node:
    view: Node = {"kind": step.kind.value, "id": step.id, "action": step.fate.value}
    if step.reason:
        view["reason"] = step.reason
    view["files"] = step.files
    view["changes"] = [_change(each) for each in step.changes]
    if step.more_changes:
        view["moreChanges"] = step.more_changes
    return view


def _change(difference: Difference) -> Node:
    sides = {"before": difference.before, "after": difference.after}
    texts = {name: shown(value) for name, value in sides.items() if value is not None}
    return {"path": difference.path, **texts}
