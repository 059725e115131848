"""The page about a template in Markdown, with a table as GitHub has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from aas_server.templates.documentation.facts import Row, page_of
from aas_server.templates.prototype import Template

_HEADINGS: Final = (
    "Element",
    "Type",
    "Value type",
    "Unit",
    "Number",
    "Semantic id",
    "Allowed",
    "Example",
    "Description",
)
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]#|~$]|^[-+=>])")
_NUMBER: Final = re.compile(r"^(\d+)([.)])(?=\s)")
_LINK: Final = re.compile(r"https?://[A-Za-z0-9./_~%#?=&:-]+")
_BLANKS: Final = re.compile(r"\s+")


def markdown(template: Template, *, language: str = "en") -> str:
    """Return a page about ``template``; the same template gives the same page."""
    return "\n".join([*_lines(template, language), ""])


def _lines(template: Template, language: str) -> Iterator[str]:
    page = page_of(template, language)
    yield f"# {_escaped(page.title)}"
    yield ""
    if page.description:
        yield _escaped(page.description)
        yield ""
    for name, value in page.facts:
        yield f"- {name}: {_escaped(value)}"
    yield ""
    yield _line(_HEADINGS)
    yield _line(["---"] * len(_HEADINGS))
    for row in page.rows:
        yield _line(_cells(row))


def _cells(row: Row) -> list[str]:
    name = _escaped(row.name)
    texts = (
        row.type,
        row.value_type,
        row.unit,
        row.cardinality,
        ", ".join(row.semantic_ids),
        "; ".join(row.allowed),
        row.example,
        row.description,
    )
    name = f"**{name}**" if row.is_required and name else name
    return ["&emsp;" * row.depth + name, *map(_escaped, texts)]


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """Return a text as Markdown shows it, in one line, with nothing in it that means something."""
    plain = _BLANKS.sub(" ", text).strip()
    if _LINK.fullmatch(plain):
        return f"<{plain}>"
    plain = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _NUMBER.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", plain))
