"""The page about a template in HTML: one file, nothing loaded, no script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Final

from aas_server.templates.documentation.facts import Page, Row, page_of
from aas_server.templates.prototype import Template

_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
_HEADINGS: Final = ("Element", "Type", "Unit", "Number", "Allowed", "Example", "Meaning")
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
td:first-child { padding-left: calc(.6rem + var(--depth, 0) * 1.1rem); min-width: 15rem; }
td:nth-child(2) { min-width: 8.5rem; } td:nth-child(3) { min-width: 3.5rem; }
td:nth-child(4) { white-space: nowrap; } td:last-child { min-width: 20rem; }
td:nth-child(5), td:nth-child(6) { min-width: 7rem; max-width: 15rem; }
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
    yield '</dl><div class="wide"><table><thead><tr>'
    yield "".join(f"<th>{heading}</th>" for heading in _HEADINGS)
    yield "</tr></thead><tbody>"
    for row in page.rows:
        yield _row(row)
    yield "</tbody></table></div></body></html>"


def _row(row: Row) -> str:
    style = f' style="--depth:{row.depth}"' if row.depth else ""
    name = ' class="required"' if row.is_required else ""
    meaning = escape(row.description) + "".join(
        f"<small>{_linked(each)}</small>" for each in row.semantic_ids
    )
    kind = escape(row.type) + (f"<small>{escape(row.value_type)}</small>" if row.value_type else "")
    plain = (row.unit, row.cardinality, row.allowed, row.example)
    cells = [f"<td>{each}</td>" for each in (kind, *map(escape, plain), meaning)]
    return f"<tr><td{style}><span{name}>{escape(row.name)}</span></td>{''.join(cells)}</tr>"


def _linked(text: str) -> str:
    """Return a text escaped, as a link when it is an address and nothing else."""
    shown = escape(text)
    if _LINK.fullmatch(text) is None:
        return shown
    return f'<a href="{shown}" rel="noreferrer nofollow">{shown}</a>'
