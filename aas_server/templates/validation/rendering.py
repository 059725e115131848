"""Verdicts for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson
from rich.console import Console

from aas_server.packages.report_view import finding_view
from aas_server.templates.validation.report import Level, Verdict, Violation
from aas_server.templates.validation.whole import judged

_SHOWN: Final = 200
_STYLES: Final = {Level.ERROR: "red", Level.WARNING: "yellow", Level.INFO: None}


def exit_code(verdicts: Sequence[Verdict]) -> int:
    """Return 0 when nothing is wrong, 1 for violations of level error, 2 when nothing is judged."""
    if any(verdict.count(Level.ERROR) for verdict in verdicts):
        return 1
    return 0 if judged(verdicts)[0] else 2


def view(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Return verdicts as JSON: how many were judged, and what is said of each submodel."""
    count, total = judged(verdicts)
    return {
        "judged": count,
        "submodels": total,
        "errors": sum(each.count(Level.ERROR) for each in verdicts),
        "warnings": sum(each.count(Level.WARNING) for each in verdicts),
        "verdicts": [_verdict(each) for each in verdicts],
    }


def as_json(verdicts: Sequence[Verdict]) -> bytes:
    """Return ``view`` as one line of JSON."""
    return orjson.dumps(view(verdicts)) + b"\n"


def show(verdicts: Sequence[Verdict], console: Console) -> None:
    """Print what is said of each submodel: level, place, what is wrong and how to mend it."""
    for verdict in verdicts:
        by = "no template" if verdict.match is None else _template(verdict)
        console.print(f"{verdict.submodel}: {by}", style="bold", markup=False)
        for violation in verdict.violations[:_SHOWN]:
            _show(violation, console)
        more = len(verdict.violations) - _SHOWN
        if more > 0:
            console.print(f"  and {more} more: --json tells all of them", markup=False)
        for finding in verdict.metamodel[:_SHOWN]:
            console.print("  metamodel  ", style="yellow", end="")
            console.print(f"{finding.path}: {finding.text} ({finding.code})", markup=False)
    count, total = judged(verdicts)
    errors = sum(each.count(Level.ERROR) for each in verdicts)
    warnings = sum(each.count(Level.WARNING) for each in verdicts)
    console.print(
        f"judged {count} of {total} submodels: {errors} errors, {warnings} warnings", markup=False
    )


def _template(verdict: Verdict) -> str:
    if verdict.match is None:
        return "no template"
    template = verdict.match.template
    return f"{template.id_short} {template.version} ({template.id}), by {verdict.match.by}"


def _show(violation: Violation, console: Console) -> None:
    style = _STYLES[violation.level]
    console.print(f"  {violation.level.value:9}  ", style=style, end="", markup=False)
    place = violation.path or "the submodel"
    facts = [
        f"{name} {text}"
        for name, text in (("expected", violation.expected), ("found", violation.found))
        if text
    ]
    detail = f" ({', '.join(facts)})" if facts else ""
    remedy = f"; {violation.remedy}" if violation.remedy else ""
    text = f"{place}: {violation.text}{detail}{remedy} [{violation.code}]"
    console.print(text, markup=False)


def _verdict(verdict: Verdict) -> dict[str, Any]:
    found: dict[str, Any] = {"submodel": verdict.submodel, "judged": verdict.is_judged}
    if verdict.match is not None:
        found["template"] = verdict.match.template.id
        found["by"] = verdict.match.by
    found["violations"] = [_violation(each) for each in verdict.violations]
    found["metamodel"] = [finding_view(each) for each in verdict.metamodel]
    return found


def _violation(violation: Violation) -> dict[str, str]:
    return {
        "code": violation.code,
        "level": violation.level.value,
        "path": violation.path,
        "text": violation.text,
        "expected": violation.expected,
        "found": violation.found,
        "templatePath": violation.template_path,
        "remedy": violation.remedy,
    }
