"""Pages about templates."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Final

import pytest
from markdown_it import MarkdownIt

from aas_server.metamodel.tree import Node
from aas_server.templates.documentation.html_page import html
from aas_server.templates.documentation.markdown_page import markdown
from aas_server.templates.prototype import Template
from tests.templates.samples import (
    collection,
    element,
    listing,
    number,
    reference,
    rule,
    template,
    text,
)
from tests.templates.well_made import concept

HOSTILE: Final = (
    "<script>alert(1)</script>|`x`\n# ](javascript:alert(1)) **b** \"'&amp; <img src=x>"
)
PAGES: Final = [html, markdown]


def texts(**by_language: str) -> list[Node]:
    return [{"language": each, "text": text} for each, text in by_language.items()]


def pump() -> Template:
    mass = number(
        "Mass",
        "One",
        rule("SMT/AllowedRange", "[0,100]"),
        rule("SMT/ExampleValue", "2.5"),
        semanticId=reference("https://example.com/mass/1/0"),
        description=texts(en="how heavy", de="wie schwer"),
    )
    made = template(
        collection(
            "Body", mass, listing("Parts", text(None, "ZeroToMany"), card="One"), card="One"
        ),
        element("MultiLanguageProperty", "Note__00__", "ZeroToMany", value=texts(en="a note")),
        displayName=texts(en="A pump", de="Eine Pumpe"),
        description=texts(en="moves liquids"),
    )
    concepts = {"https://example.com/mass/1/0": concept("https://example.com/mass/1/0", unit="kg")}
    return Template(made.node, "test", concepts)


class Shown(HTMLParser):
    """What a page shows: its tags, and the texts of table cells row by row."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.rows: list[list[str]] = []
        self._in_cell = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self._in_cell = True
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] += data


def rendered(page: str) -> Shown:
    return Shown(MarkdownIt("commonmark").enable("table").render(page))


def test_a_page_in_html_shows_the_tree() -> None:
    rows = Shown(html(pump())).rows
    assert rows[0] == ["Element", "Type", "Unit", "Number", "Allowed", "Example", "Meaning"]
    mass = "how heavyhttps://example.com/mass/1/0"
    assert rows[2] == ["Mass", "Propertydouble", "kg", "1", "[0,100]", "2.5", mass]
    assert [row[0] for row in rows[1:]] == ["Body", "Mass", "Parts", "[item]", "Note__00__"]
    assert [row[3] for row in rows[1:]] == ["1", "1", "1", "0..*", "0..*"]


def test_a_page_in_markdown_shows_the_tree() -> None:
    rows = rendered(markdown(pump())).rows
    assert rows[2] == [
        "\u2003Mass",
        "Property",
        "double",
        "kg",
        "1",
        "https://example.com/mass/1/0",
        "[0,100]",
        "2.5",
        "how heavy",
    ]
    assert rows[3][:2] == ["\u2003Parts", "List of Property"]


@pytest.mark.parametrize("page", PAGES)
def test_texts_are_in_the_language_asked_for(page: Callable[..., str]) -> None:
    german = page(pump(), language="de")
    assert "Eine Pumpe" in german
    assert "wie schwer" in german
    assert "moves liquids" in german


def test_columns_without_anything_are_left_out() -> None:
    assert Shown(html(template(text("A", "One")))).rows[0] == ["Element", "Type", "Number"]


@pytest.mark.parametrize("page", PAGES)
def test_nothing_in_a_template_becomes_part_of_the_page(page: Callable[..., str]) -> None:
    hostile = template(
        text(
            HOSTILE,
            "One",
            rule("SMT/AllowedValue", HOSTILE),
            rule("SMT/ExampleValue", HOSTILE),
            semanticId=reference(f'https://example.com/"onclick={HOSTILE}'),
            valueType=HOSTILE,
            description=texts(en=HOSTILE),
        ),
        identifier=HOSTILE,
        displayName=texts(en=HOSTILE),
        description=texts(en=HOSTILE),
    )
    made = page(hostile, language='en"><script>')
    shown = Shown(made) if page is html else rendered(made)
    assert not shown.tags & {"script", "img", "b", "code", "h2"}
    assert not shown.attributes & {"onclick", "src"}
    assert len(shown.rows) == 2
    assert not re.search(r"<[^>]*javascript:", made)


@pytest.mark.parametrize("page", PAGES)
def test_every_published_template_has_its_page(
    published: list[Template], page: Callable[..., str]
) -> None:
    for one in published:
        made = page(one)
        assert made == page(one)
        rows = made.count("<tr>") if page is html else made.count("\n| ") - 1
        assert rows == 1 + sum(1 for _ in one.walk()), one.source
