"""The start page: where things are, and how the shells are doing."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Final

from aas_server.api.operations.table import BASE_PATHS
from aas_server.metamodel.identifiers import encode_identifier
from aas_server.metamodel.references import key_values
from aas_server.metamodel.tree import walk
from aas_server.repository.collection import Collection, Filter
from aas_server.repository.document import Document
from aas_server.repository.repository import Repository

MAX_SHELLS: Final = 50
MAX_SUBMODELS: Final = 50
"""Rows of each kind at most; the API has the rest."""

_API: Final = BASE_PATHS[0]
_STYLE: Final = """
:root { color-scheme: light dark; --line: #8884; --dim: #7a7f87; --link: #2563eb;
  --good: #15803d; --uncertain: #b45309; --bad: #b91c1c; }
@media (prefers-color-scheme: dark) { :root { --link: #7aa2ff; --good: #4ade80;
  --uncertain: #fbbf24; --bad: #f87171; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2.5rem auto;
  padding: 0 1.25rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.05rem; margin: 2.25rem 0 .5rem; }
p { color: var(--dim); margin: .25rem 0 0; } a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; } code { font-size: .85em; color: var(--dim);
  overflow-wrap: anywhere; }
section { border: 1px solid var(--line); border-radius: .6rem; padding: .75rem 1rem;
  margin: .75rem 0; }
h3 { font-size: 1rem; margin: 0; } ul { list-style: none; margin: .35rem 0 0; padding: 0; }
li { padding: .3rem 0; border-top: 1px solid var(--line); } li:first-child { border-top: 0; }
li > * { margin-right: .75rem; } li a + a { font-size: .85rem; }
.good, .uncertain, .bad { font-size: .8rem; font-weight: 600; }
.good { color: var(--good); } .uncertain { color: var(--uncertain); } .bad { color: var(--bad); }
nav a { margin-right: 1.25rem; }
"""
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Lets in nothing but the page's own style."""

_LINKS: Final = (
    ("Shells", f"{_API}/shells"),
    ("Submodels", f"{_API}/submodels"),
    ("Concept descriptions", f"{_API}/concept-descriptions"),
    ("API documentation", "/docs"),
    ("Health", "/health"),
    ("Metrics", "/metrics"),
)


async def render_start_page(repository: Repository, *, version: str) -> str:
    """Return the page as HTML, complete in itself."""
    submodels = repository.submodels
    shells = (await repository.shells.page(Filter(), limit=MAX_SHELLS)).documents
    listed = [_submodel_ids(shell) for shell in shells]
    known = await submodels.find_all({each for ids in listed for each in ids[:MAX_SUBMODELS]})
    sections = [
        _shell_section(shell, ids, known) for shell, ids in zip(shells, listed, strict=True)
    ]
    count = await submodels.count()
    if count > len(known):
        sections += await _section_of_others(submodels, count, listed, len(known))
    links = "".join(f'<a href="{path}">{name}</a>' for name, path in _LINKS)
    counts = (
        f"Shells: {await repository.shells.count()}, submodels: {count}, "
        f"concept descriptions: {await repository.concept_descriptions.count()}"
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>AAS server</title><style>{_STYLE}</style></head><body>"
        f"<h1>AAS server</h1><p>Version {escape(version)}. {counts}. "
        f"The API is at <code>{_API}</code>.</p>"
        f"<h2>Where things are</h2><nav>{links}</nav>"
        f"<h2>Shells</h2>{''.join(sections) or '<p>None are loaded yet.</p>'}</body></html>"
    )


def _shell_section(
    shell: Document, submodel_ids: Sequence[str], known: Mapping[str, Document]
) -> str:
    tree = shell.tree()
    rows: list[str] = []
    for submodel_id in submodel_ids[:MAX_SUBMODELS]:
        submodel = known.get(submodel_id)
        rows.append(
            f"<code>{escape(submodel_id)}</code> (not on this server)"
            if submodel is None
            else _submodel_row(submodel)
        )
    link = f"{_API}/shells/{encode_identifier(shell.id)}"
    title = f'<a href="{link}">{escape(str(tree.get("idShort", shell.id)))}</a>'
    return _section(title, f"<code>{escape(shell.id)}</code>", rows, len(submodel_ids))


async def _section_of_others(
    submodels: Collection, count: int, listed: Sequence[Sequence[str]], known: int
) -> list[str]:
    """Return the section of those of ``count`` submodels that no list names, if there are any;
    ``known`` ones have a row already.
    """
    # As many as stand above and as many as have a place here: never all that there are.
    page = await submodels.page(Filter(), limit=known + MAX_SUBMODELS)
    named = {each for ids in listed for each in ids}
    others = [found for found in page.documents if found.id not in named]
    if not others:
        return []
    # What was cut off above is taken to be on this server: looking would be for one number only.
    cut = named - {each for ids in listed for each in ids[:MAX_SUBMODELS]}
    total = max(len(others), count - known - len(cut))
    rows = [_submodel_row(found) for found in others[:MAX_SUBMODELS]]
    return [_section("Submodels of no shell above", "", rows, total)]


def _section(title: str, subtitle: str, rows: list[str], total: int) -> str:
    items = "".join(f"<li>{row}</li>" for row in rows)
    more = f"<li>and {total - len(rows)} more</li>" if total > len(rows) else ""
    return f"<section><h3>{title}</h3>{subtitle}<ul>{items}{more}</ul></section>"


def _submodel_row(submodel: Document) -> str:
    link = f"{_API}/submodels/{encode_identifier(submodel.id)}"
    name = escape(str(submodel.tree().get("idShort", submodel.id)))
    return (
        f'<a href="{link}">{name}</a> <a href="{link}/$value">values</a>'
        f"{_quality(submodel)} <code>{escape(submodel.id)}</code>"
    )


def _quality(submodel: Document) -> str:
    if submodel.live_version() is None:
        return ""
    counts = Counter(_qualities(submodel))
    return "".join(
        f'<span class="{quality}">{counts[quality]} {quality}</span>'
        for quality in ("good", "uncertain", "bad")
        if counts[quality]
    )


def _qualities(submodel: Document) -> Iterable[str]:
    for _, element in walk(submodel.tree()):
        for qualifier in element.get("qualifiers") or ():
            if qualifier.get("type") == "quality" and qualifier.get("kind") == "ValueQualifier":
                yield qualifier.get("value", "")


def _submodel_ids(shell: Document) -> list[str]:
    references = shell.tree().get("submodels") or ()
    return [values[-1] for values in map(key_values, references) if values]
