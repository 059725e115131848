"""The page about a template in HTML: one file, nothing loaded, no script."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Final

from aas_server.templates.documentation.facts import Page, Row, page_of
from aas_server.templates.prototype import Template

_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
_LINK: Final = re.compile(r"https?://[^\s<>\"]+")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")
_STYLE: Final = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --dim: #6b7280; --link: #1d4ed8; }
@media (prefers-color-scheme: dark) { :root { --dim: #9ca3af; --link: #7aa2ff; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 92rem;
  padding: 0 1.25rem; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } p { max-width: 60rem; margin: .25rem 0 1rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0 0 1.5rem; }
dt { color: var(--dim); } dd { margin: 0; overflow-wrap: anywhere; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; min-width: 60rem; }
th { text-align: left; font-size: .8rem; color: var(--dim); font-weight: 600;
  border-bottom: 2px solid var(--line); }
td { border-bottom: 1px solid var(--line); vertical-align: top; font-size: .9rem;
  overflow-wrap: anywhere; }
th, td { padding: .4rem .6rem; } tbody tr:hover { background: var(--soft); }
td.name { padding-left: calc(.6rem + var(--depth, 0) * 1.1rem); min-width: 15rem; }
td.type { min-width: 8.5rem; } td.number { white-space: nowrap; } td.meaning { min-width: 20rem; }
td.allowed, td.example { min-width: 7rem; max-width: 15rem; } td div + div { margin-top: .2rem; }
.required { font-weight: 600; } small { display: block; color: var(--dim); font-size: .78rem; }
a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; }
"""


def html(template: Template, *, language: str = "en") -> str:
    """Return a page about ``template``; the same template gives the same page."""
    return "\n".join([*_lines(page_of(template, language), language), ""])


def _lines(page: Page, language: str) -> Iterator[str]:
    tag = language if _LANGUAGE.fullmatch(language) else "en"
    yield "<!doctype html>"
    yield f'<html lang="{tag}"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">'
    yield '<meta name="viewport" content="width=device-width">'
    yield f"<title>{escape(page.title)}</title><style>{_STYLE}</style></head><body>"
    yield f"<h1>{escape(page.title)}</h1>"
    if page.description:
        yield f"<p>{escape(page.description)}</p>"
    yield "<dl>"
    for name, value in page.facts:
        yield f"<dt>{escape(name)}</dt><dd>{_linked(value)}</dd>"
    columns = [each for each in _COLUMNS if any(map(each.cell, page.rows))]
    yield '</dl><div class="wide"><table><thead><tr>'
    yield "".join(f"<th>{each.heading}</th>" for each in columns)
    yield "</tr></thead><tbody>"
    for row in page.rows:
        yield f"<tr>{''.join(_cell(each, row) for each in columns)}</tr>"
    yield "</tbody></table></div></body></html>"


def _cell(column: _Column, row: Row) -> str:
    is_indented = column.css == "name" and row.depth > 0
    style = f' style="--depth:{row.depth}"' if is_indented else ""
    return f'<td class="{column.css}"{style}>{column.cell(row)}</td>'


def _name(row: Row) -> str:
    name = escape(row.name)
    return f'<span class="required">{name}</span>' if row.is_required else name


def _type(row: Row) -> str:
    return escape(row.type) + (f"<small>{escape(row.value_type)}</small>" if row.value_type else "")


def _meaning(row: Row) -> str:
    ids = "".join(f"<small>{_linked(each)}</small>" for each in row.semantic_ids)
    return escape(row.description) + ids


def _linked(text: str) -> str:
    """Return a text escaped, as a link when it is an address and nothing else."""
    shown = escape(text)
    if _LINK.fullmatch(text) is None:
        return shown
    return f'<a href="{shown}" rel="noreferrer nofollow">{shown}</a>'


@dataclass(frozen=True, slots=True)
class _Column:
    """A column that is shown when some row has something in it."""

    heading: str
    css: str
    cell: Callable[[Row], str]


_COLUMNS: Final = (
    _Column("Element", "name", _name),
    _Column("Type", "type", _type),
    _Column("Unit", "unit", lambda row: escape(row.unit)),
    _Column("Number", "number", lambda row: escape(row.cardinality)),
    _Column(
        "Allowed",
        "allowed",
        lambda row: "".join(f"<div>{escape(each)}</div>" for each in row.allowed),
    ),
    _Column("Example", "example", lambda row: escape(row.example)),
    _Column("Meaning", "meaning", _meaning),
)
