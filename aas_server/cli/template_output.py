"""What the template commands have in common: reading templates, telling why not, writing."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import orjson
from rich.console import Console

from aas_server.errors import BadRequest, Finding
from aas_server.templates.prototype import Template
from aas_server.templates.reading import read_templates

UNREADABLE: Final = 2
"""The exit code when there was nothing to judge."""


def plain(text: str) -> str:
    """Return a text of a document as a terminal may see it: in one line, nothing that steers."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def tell(out: Console, text: str, *, style: str | None = None) -> None:
    """Print a line as it is: nothing in it is markup, and it is not broken."""
    out.print(plain(text), style=style, markup=False, highlight=False, soft_wrap=True)


def write_json(out: Console, view: Any) -> None:
    """Print ``view`` as one line of JSON."""
    out.file.write(orjson.dumps(view).decode() + "\n")


def refuse(error: BadRequest, file: Path, *, json: bool, out: Console) -> int:
    """Tell why ``file`` cannot be read; returns the exit code."""
    if json:
        view = {"status": "unreadable", "file": str(file), "text": error.text, "path": error.path}
        write_json(out, view)
    else:
        tell(out, f"{file}: {error.text}", style="red")
    return UNREADABLE


def read_one(file: Path, template_id: str) -> Template:
    """Return the template in ``file``; of several the one with this id or idShort.

    Raises ``BadRequest`` that names what there is.
    """
    templates, _ = read_templates(file)
    fitting = [
        each
        for each in templates
        if not template_id or template_id in (each.id, each.template_id, each.id_short)
    ]
    if len(fitting) == 1:
        return fitting[0]
    known = ", ".join(each.id for each in templates)
    text = "has several templates" if fitting else f"has no template {template_id!r}"
    raise BadRequest(f"{text}; say which of {known}", path=str(file))


def finding_lines(findings: list[Finding]) -> list[str]:
    """Return what was odd about reading a file, for people."""
    return [f"{each.part or each.path}: {each.text} ({each.code})" for each in findings]
