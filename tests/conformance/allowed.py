"""The exceptions: what the tool may find fault with, and why the specification is right."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

import yaml

from tests.conformance.suites import SuiteResult

_FILE: Final = Path(__file__).with_name("allowed.yaml")
_REASONS: Final = ("tool", "specification", "clause")


@dataclass(frozen=True, slots=True)
class Exemption:
    """One entry of ``allowed.yaml``."""

    suites: frozenset[str]
    """Names of the runs; empty for all."""
    operation: str
    cases: tuple[str, ...]
    findings: tuple[str, ...]
    tool: str
    specification: str
    clause: str

    def applies_to(self, suite: str) -> bool:
        return not self.suites or suite in self.suites


def exemptions() -> list[Exemption]:
    """Return the entries in their order."""
    entries = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return [
        Exemption(
            frozenset(entry.pop("suites", ())),
            operation=entry["operation"],
            cases=tuple(entry["cases"]),
            findings=tuple(entry["findings"]),
            **{reason: entry[reason] for reason in _REASONS},
        )
        for entry in entries
    ]


def deviations(result: SuiteResult) -> list[str]:
    """Return what differs from the entries: findings without one and entries without a finding."""
    name = result.suite.name
    found = {(finding.operation, finding.case, finding.text) for finding in result.findings}
    allowed = {
        (entry.operation, case, text)
        for entry in exemptions()
        if entry.applies_to(name)
        for case, text in product(entry.cases, entry.findings)
    }
    return [
        *(f"{name}: new: {' / '.join(finding)}" for finding in sorted(found - allowed)),
        *(f"{name}: comes no more: {' / '.join(gone)}" for gone in sorted(allowed - found)),
    ]
