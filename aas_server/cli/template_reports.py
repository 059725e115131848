"""``aas-server template lint``, ``diff``, ``schema`` and ``docs``: what they print and return."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Final

import orjson
from rich.console import Console

from aas_server.cli.template_output import (
    finding_lines,
    read_one,
    refuse,
    tell,
    write_json,
)
from aas_server.errors import BadRequest
from aas_server.packages.report_view import finding_view
from aas_server.templates.catalog import TemplateCatalog
from aas_server.templates.comparing.changes import Change, Step, declared_step, needed_step
from aas_server.templates.comparing.comparer import compare
from aas_server.templates.documentation.html_page import html as html_page
from aas_server.templates.documentation.markdown_page import markdown as markdown_page
from aas_server.templates.linting.findings import Level, LintFinding
from aas_server.templates.linting.linter import lint
from aas_server.templates.prototype import Template
from aas_server.templates.reading import read_templates
from aas_server.templates.value_schema.schema import value_schema

_SHOWN: Final = 200
_ORDER: Final = tuple(Level)
_PLURALS: Final = {Level.ERROR: "errors", Level.WARNING: "warnings", Level.INFO: "notes"}
_PLACES: Final = {Level.ERROR: 50, Level.WARNING: 3, Level.INFO: 1}
"""How many places of a code are printed."""
_STYLES: Final = {Level.ERROR: "red", Level.WARNING: "yellow", Level.INFO: "dim"}


def lint_file(
    file: Path, *, json: bool, out: Console, catalog: TemplateCatalog | None = None
) -> int:
    """Tell what is wrong with the templates in ``file``; drop-ins are looked up in ``catalog``.

    Returns 0 without errors, 1 with some, 2 when there is nothing to judge.
    """
    try:
        templates, odd = read_templates(file)
    except BadRequest as error:
        return refuse(error, file, json=json, out=out)
    found = [(each, lint(each, catalog)) for each in templates]
    has_errors = any(each.level is Level.ERROR for _, findings in found for each in findings)
    if json:
        write_json(
            out,
            {
                "status": "errors" if has_errors else "clean",
                "file": str(file),
                "reading": [finding_view(each) for each in odd],
                "templates": [_lint_view(each, findings) for each, findings in found],
            },
        )
    else:
        for line in finding_lines(odd):
            tell(out, f"{file}: {line}", style="yellow")
        for template, findings in found:
            _show_lint(template, findings, out)
    return 1 if has_errors else 0


def diff_files(old: Path, new: Path, *, json: bool, out: Console, template_id: str = "") -> int:
    """Tell what changed from the template in ``old`` to the one in ``new``; ``template_id`` says
    which of several is meant, by id or idShort.

    Returns 0 without breaking changes, 1 with some, 2 when there is nothing to compare.
    """
    pair = []
    for file in (old, new):
        try:
            pair.append(read_one(file, template_id))
        except BadRequest as error:
            return refuse(error, file, json=json, out=out)
    changes = compare(*pair)
    needed, declared = needed_step(changes), declared_step(*pair)
    is_breaking = any(change.breaking for change in changes)
    if json:
        view = {
            "status": "breaking" if is_breaking else "compatible",
            "old": _name_view(pair[0]),
            "new": _name_view(pair[1]),
            "neededStep": needed.name.lower(),
            "declaredStep": declared.name.lower(),
            "changes": [_change_view(each) for each in changes],
        }
        write_json(out, view)
    else:
        _show_changes(changes, out)
        tell(out, _verdict(needed, declared), style="red" if needed > declared else None)
    return 1 if is_breaking else 0


def schema_of(
    file: Path,
    out: Console,
    *,
    catalog: TemplateCatalog | None = None,
    language: str = "en",
    template_id: str = "",
) -> int:
    """Print the JSON Schema of the values of the template in ``file``.

    Returns 0, or 2 when there is none, or when it is not said which of several is meant.
    """
    try:
        template = read_one(file, template_id)
    except BadRequest as error:
        return refuse(error, file, json=True, out=out)
    schema = value_schema(template, catalog, language=language)
    out.file.write(orjson.dumps(schema, option=orjson.OPT_INDENT_2).decode() + "\n")
    return 0


def docs_of(file: Path, *, html: bool, language: str, out: Console, template_id: str = "") -> int:
    """Print a page about the template in ``file``, in Markdown or HTML; returns as ``schema_of``
    does.
    """
    try:
        template = read_one(file, template_id)
    except BadRequest as error:
        return refuse(error, file, json=False, out=out)
    page = html_page if html else markdown_page
    out.file.write(page(template, language=language))
    return 0


def _lint_view(template: Template, findings: list[LintFinding]) -> dict[str, Any]:
    counts = Counter(each.level for each in findings)
    return {
        **_name_view(template),
        **{name: counts[level] for level, name in _PLURALS.items()},
        "findings": [
            {
                "code": each.code,
                "level": each.level.value,
                "path": each.path,
                "text": each.text,
                "remedy": each.remedy,
            }
            for each in findings
        ],
    }


def _show_lint(template: Template, findings: list[LintFinding], out: Console) -> None:
    """Print the findings of each code together, the worst first, with some of their places."""
    tell(out, f"{template.id_short} {template.version} {template.id}", style="bold")
    by_code: dict[str, list[LintFinding]] = {}
    for each in findings:
        by_code.setdefault(each.code, []).append(each)
    ordered = sorted(
        by_code.values(), key=lambda alike: (_ORDER.index(alike[0].level), -len(alike))
    )
    for alike in ordered:
        one = alike[0]
        out.print(f"  {one.level.value:8}", style=_STYLES[one.level], end="", highlight=False)
        tell(out, f"{one.code}, {len(alike)}: {one.remedy}")
        places = _PLACES[one.level]
        for each in alike[:places]:
            tell(out, f"            {each.path or 'submodel'}: {each.text}")
        if len(alike) > places:
            tell(out, f"            and {len(alike) - places} more: --json tells all", style="dim")
    levels = Counter(each.level for each in findings)
    tell(out, "  " + ", ".join(f"{levels[level]} {_PLURALS[level]}" for level in Level))


def _show_changes(changes: list[Change], out: Console) -> None:
    """Print changes, the worst first, and only the number of those that are only texts."""
    told = [each for each in changes if each.step > Step.PATCH]
    for each in sorted(told, key=lambda change: -change.step)[:_SHOWN]:
        word, style = ("breaking", "red") if each.breaking else ("change", "yellow")
        out.print(f"{word:9} ", style=style, end="", highlight=False)
        tell(out, f"{each.path or 'submodel'}: {each.text} ({each.kind.value})")
    if len(told) > _SHOWN:
        tell(out, f"and {len(told) - _SHOWN} more: --json tells all of them")
    small = Counter(each.kind.value for each in changes if each.step <= Step.PATCH)
    if small:
        counted = ", ".join(f"{count} {kind}" for kind, count in sorted(small.items()))
        tell(out, f"besides without effect on instances: {counted}", style="dim")


def _verdict(needed: Step, declared: Step) -> str:
    if needed is Step.NONE:
        return "nothing changed"
    lack = ", which is not enough" if needed > declared else ""
    step, given = needed.name.lower(), declared.name.lower()
    return f"needs a {step} step of the version; declared is a {given} one{lack}"


def _change_view(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind.value,
        "path": change.path,
        "text": change.text,
        "breaking": change.breaking,
        "step": change.step.name.lower(),
        "before": change.before,
        "after": change.after,
    }


def _name_view(template: Template) -> dict[str, str]:
    return {"id": template.id, "idShort": template.id_short, "version": template.version}
