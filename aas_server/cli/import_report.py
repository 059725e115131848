"""What ``aas-server import`` tells of each file, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import orjson
from rich.console import Console

from aas_server.errors import Finding
from aas_server.packages.plan import Fate, ImportReport, Step, shown
from aas_server.packages.report_view import COUNTED, counts, finding_view, steps_view

Status = Literal["imported", "planned", "refused", "held back"]

CONFLICT: Final = "conflict"
"""The code of a finding about an id that exists and may not."""
HINT: Final = "say --on-conflict skip, replace or newer"

_SHOWN_FINDINGS: Final = 50
_SHOWN_STEPS: Final = 200
_NOUNS: Final = {
    "shells": "shell",
    "submodels": "submodel",
    "conceptDescriptions": "concept description",
}
_STYLES: Final = {Fate.CREATE: "green", Fate.REPLACE: "yellow", Fate.CONFLICT: "red"}


@dataclass(slots=True)
class Outcome:
    """How the import of one file ended; ``held back`` is what another file of the run prevented."""

    file: Path
    status: Status = "held back"
    report: ImportReport = field(default_factory=ImportReport)

    def refuse(self, findings: Sequence[Finding]) -> None:
        """Note that the file was refused for ``findings``."""
        self.status = "refused"
        self.report.findings += findings


def as_json(outcome: Outcome) -> bytes:
    """Return a line of JSON: how much was read, what was odd, what becomes of each document."""
    report = outcome.report
    view = {
        "file": str(outcome.file),
        **counts(report.read),
        "files": report.files_read,
        "findings": [finding_view(each) for each in report.findings],
        "status": outcome.status,
        "created": counts(report.created),
        "replaced": counts(report.replaced),
        "left": report.skipped,
        "documents": steps_view(report),
    }
    return orjson.dumps(view) + b"\n"


def show(outcome: Outcome, console: Console, *, dry_run: bool) -> None:
    """Print what became of a file: of a dry run every document, else those that were there."""
    report = outcome.report
    console.print(f"{outcome.file}: {', '.join(_read(report))} read", markup=False)
    steps = [step for step in report.steps if dry_run or step.fate is not Fate.CREATE]
    for step in steps[:_SHOWN_STEPS]:
        _show_step(step, console)
    _show_more(len(steps) - _SHOWN_STEPS, console)
    findings = [each for each in report.findings if each.code != CONFLICT]
    for finding in findings[:_SHOWN_FINDINGS]:
        level, style = ("error", "red") if finding.is_error else ("note", "yellow")
        console.print(f"  {level:8} ", style=style, end="", markup=False)
        console.print(_finding(finding), markup=False)
    _show_more(len(findings) - _SHOWN_FINDINGS, console)
    end_style = "red" if outcome.status == "refused" else None
    console.print(f"  {_end(outcome)}", style=end_style, markup=False)


def _read(report: ImportReport) -> Iterator[str]:
    for name, kind in COUNTED.items():
        yield _number(report.read.get(kind, 0), _NOUNS[name])
    yield _number(report.files_read, "file")


def _show_step(step: Step, console: Console) -> None:
    console.print(f"  {step.fate.value:8} ", style=_STYLES.get(step.fate), end="", markup=False)
    files = f", {_number(step.files, 'file')}" if step.files else ""
    reason = f": {step.reason}" if step.reason else ""
    console.print(f"{step.kind.value} {step.id}{files}{reason}", markup=False)
    for each in step.changes:
        before = "nothing" if each.before is None else shown(each.before)
        after = "nothing" if each.after is None else shown(each.after)
        console.print(f"             {each.path}: {before} -> {after}", markup=False)
    if step.more_changes:
        console.print(f"             and {step.more_changes} more", markup=False)


def _show_more(count: int, console: Console) -> None:
    if count > 0:
        console.print(f"  and {count} more: --json tells all of them", markup=False)


def _finding(finding: Finding) -> str:
    part = f"{finding.part} " if finding.part and finding.part != finding.path else ""
    place = f"{part}{finding.path}: " if part or finding.path else ""
    hint = f"; {finding.hint}" if finding.hint else ""
    return f"{place}{finding.text}{hint} ({finding.code})"


def _end(outcome: Outcome) -> str:
    report = outcome.report
    if report.conflicts:
        return f"refused, nothing was changed: {HINT}"
    if outcome.status == "refused":
        return "refused: nothing was changed"
    if outcome.status == "held back":
        return "held back, for another file was refused: nothing was changed"
    words = "would be " if outcome.status == "planned" else ""
    created, replaced = sum(report.created.values()), sum(report.replaced.values())
    return (
        f"{words}created {created}, {words}replaced {replaced}, left {report.skipped}; "
        f"{_number(report.files, 'file')} {words}stored"
    )


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
