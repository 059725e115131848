"""What authors are told of their templates."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

from aas_server.metamodel.tree import Node
from aas_server.templates.catalog import TemplateCatalog
from aas_server.templates.linting.findings import RULES, Level
from aas_server.templates.linting.linter import lint
from aas_server.templates.prototype import Template
from aas_server.templates.reading import template_of
from aas_server.templates.semantics import DROP_IN
from tests.templates.samples import reference, text
from tests.templates.well_made import ADMIN, concept, part, told, well_made

DOCS: Final = Path(__file__).parents[2] / "docs/templates.md"
NAME: Final = f"{ADMIN}/Name/1/0"
NUMBER: Final = {NAME: concept(NAME, dataType="REAL_COUNT")}

PUBLISHED: Final = {
    "AASc-3a-008": 352,
    "AASc-3a-050": 41,
    "AASd-002": 18,
    "AASd-014": 8,
    "AASd-020": 2,
    "AASd-114": 1,
    "AASd-118": 2,
    "AASd-121": 5,
    "AASd-123": 17,
    "AASd-127": 43,
    "bad-example-value": 2,
    "blank-in-id": 126,
    "cardinality-spelling": 17,
    "concept-type": 48,
    "doubled-scheme": 5,
    "empty-qualifier": 2,
    "metamodel": 113,
    "misplaced-rule": 1,
    "no-cardinality": 94,
    "no-concept": 406,
    "no-concept-content": 26,
    "no-concepts": 4,
    "no-data-type": 880,
    "no-qualifier-id": 2466,
    "no-semantic-id": 58,
    "no-template-id": 39,
    "no-unit": 4,
    "no-version": 22,
    "odd-host": 2,
    "odd-id": 12,
    "qualifier-id": 303,
    "qualifier-kind": 3082,
    "qualifier-name": 2296,
    "qualifier-value-type": 6,
    "repeated-id-short": 1,
    "repeated-qualifier": 6,
    "sample-value": 1319,
    "several-dictionaries": 8,
    "unused-concept": 849,
    "unversioned-id": 34,
}
"""Findings over the published templates, by code."""
COUNTED: Final = 72
"""How many templates that are."""


def prop(*rules: Node, **members: Any) -> Node:
    return part("Property", "Name", "One", *rules, **members)


def numeric(*rules: Node) -> Node:
    return prop(*rules, valueType="xs:double")


def either(name: str, card: str = "One", group: str = "A") -> Node:
    return part("Property", name, card, told("EitherOr", group))


def meaning(identifier: str) -> Node:
    return prop(semanticId=reference(identifier))


def described(**content: Any) -> Template:
    """Return a template with a Property of doubles, whose concept has ``content``."""
    return well_made(numeric(), concepts={NAME: concept(NAME, **content)})


def codes(template: Template, catalog: TemplateCatalog | None = None) -> list[str]:
    return [each.code for each in lint(template, catalog)]


def test_nothing_is_found_in_a_template_as_it_should_be() -> None:
    inner = part("SubmodelElementCollection", None, "OneToMany", value=[either("A"), either("B")])
    template = well_made(
        prop(told("AllowedValue", "a;b"), told("InitialValue", "a"), told("ExampleValue", "b")),
        part("SubmodelElementList", "Parts", "One", value=[inner]),
        part("MultiLanguageProperty", "Text__00__", "ZeroToMany", told("RequiredLang", "en|de")),
    )
    template.node["submodelElements"][1]["typeValueListElement"] = "SubmodelElementCollection"
    assert lint(template, TemplateCatalog([template])) == []


SPOILED: Final = {
    "kind": well_made(prop(), kind="Instance"),
    "no-version": well_made(prop(), administration={"templateId": "urn:t", "version": "1"}),
    "no-template-id": well_made(prop(), administration={"version": "1", "revision": "0"}),
    "no-semantic-id": well_made(prop(), prop(idShort="Other", semanticId=None)),
    "blank-in-id": well_made(meaning(f"{ADMIN}/Na me/1/0")),
    "doubled-scheme": well_made(meaning("htthttps://example.com/Name/1/0")),
    "odd-host": well_made(meaning("https://admin-shell-io/Name/1/0")),
    "odd-id": well_made(meaning("[IRI] Name".replace(" ", ""))),
    "unversioned-id": well_made(prop(), semanticId=reference(f"{ADMIN}/Pump")),
    "several-dictionaries": well_made(
        meaning("0173-1#02-AAO677#004"),
        prop(idShort="Other", semanticId=reference("0112/2///61987#ABA951#009")),
    ),
    "bad-id-short": well_made(prop(idShort="Na me")),
    "old-placeholder": well_made(prop(idShort="Name{00}")),
    "repeated-id-short": well_made(prop(), prop()),
    "no-cardinality": well_made(prop(qualifiers=None)),
    "cardinality-spelling": well_made(part("Property", "Name", "ZerotoOne ")),
    "bad-cardinality": well_made(part("Property", "Name", "Some")),
    "bad-allowed-value": well_made(prop(told("AllowedValue", "^(a|b$"))),
    "bad-allowed-range": well_made(numeric(told("AllowedRange", "[5,1]")), concepts=NUMBER),
    "bad-allowed-id-short": well_made(prop(told("AllowedIdShort", "Name("))),
    "bad-required-lang": well_made(
        part("MultiLanguageProperty", "Name", "One", told("RequiredLang", "!"))
    ),
    "bad-access-mode": well_made(prop(told("AccessMode", "None"))),
    "empty-qualifier": well_made(prop(told("EitherOr", " "))),
    "repeated-qualifier": well_made(prop(told("Cardinality", "ZeroToOne"))),
    "qualifier-kind": well_made(prop(told("AllowedValue", "a", kind="ConceptQualifier"))),
    "qualifier-name": well_made(prop(told("AllowedValue", "a", type="AllowedValue"))),
    "qualifier-id": well_made(
        either("Name"),
        part(
            "Property",
            "Other",
            "One",
            told(
                "EitherOr",
                "A",
                semanticId=reference("https://admin-shell.io/SubmodelTemplates/Cardinality/1/0"),
            ),
        ),
    ),
    "no-qualifier-id": well_made(prop(told("AllowedValue", "a", semanticId=None))),
    "qualifier-value-type": well_made(prop(told("ExampleValue", "1", valueType="xs:int"))),
    "misplaced-rule": well_made(prop(told("AllowedRange", "[0,1]"))),
    "single-either-or": well_made(either("Name")),
    "either-or-cardinality": well_made(either("Name"), either("Other", "ZeroToOne")),
    "either-or-name": well_made(either("Name", group="a-b"), either("Other", group="a-b")),
    "bad-initial-value": well_made(prop(told("AllowedValue", "a;b"), told("InitialValue", "c"))),
    "bad-default-value": well_made(prop(told("DefaultValue", "x"), valueType="xs:boolean")),
    "sample-value": well_made(prop(value="v")),
    "drop-in-not-empty": well_made(
        part(
            "SubmodelElementCollection",
            "Address",
            "One",
            value=[prop()],
            supplementalSemanticIds=[reference(DROP_IN)],
        )
    ),
    "no-concepts": well_made(prop(), concepts={}),
    "no-concept": well_made(
        prop(), part("Property", "Other", "One"), concepts={NAME: concept(NAME)}
    ),
    "unused-concept": well_made(
        prop(), concepts={NAME: concept(NAME), "urn:example:x": concept("urn:example:x")}
    ),
    "no-concept-content": well_made(
        prop(), concepts={NAME: {"modelType": "ConceptDescription", "id": NAME}}
    ),
    "no-english-name": described(
        preferredName=[{"language": "de", "text": "Name"}], dataType="REAL_COUNT"
    ),
    "no-data-type": described(dataType=None),
    "no-unit": described(dataType="REAL_MEASURE"),
    "concept-type": described(dataType="STRING"),
    "AASd-118": well_made(
        prop(), semanticId=None, supplementalSemanticIds=[reference(f"{ADMIN}/Pump/1/0")]
    ),
}
"""Templates with one thing wrong, by the code of it."""
_FOLLOWS: Final = {"AASd-118": ["no-semantic-id"]}
"""What else is found where one thing cannot be wrong alone."""


@pytest.mark.parametrize("code", SPOILED)
def test_each_defect_is_found_and_nothing_else(code: str) -> None:
    assert sorted(codes(SPOILED[code])) == sorted([code, *_FOLLOWS.get(code, [])])


def test_a_range_is_judged_for_initial_and_example_values() -> None:
    spoiled = numeric(
        told("AllowedRange", "[0,100)"), told("ExampleValue", "100"), told("InitialValue", "INF")
    )
    template = well_made(spoiled, concepts=NUMBER)
    assert codes(template) == ["bad-example-value"]


def test_qualifiers_of_one_meaning_that_differ_are_told() -> None:
    twice = prop(told("Cardinality", "ZeroToOne", type="Multiplicity"))
    assert codes(well_made(twice)) == ["contradicting-qualifiers", "qualifier-name"]


def test_every_finding_says_where_it_is_and_what_to_do() -> None:
    inner = part("Property", "Name", "Some")
    outer = part("SubmodelElementCollection", "Outer", "One", value=[inner])
    (finding,) = lint(well_made(outer))
    assert (finding.path, finding.level) == ("Outer.Name", Level.ERROR)
    assert "Some" in finding.text
    assert "OneToMany" in finding.remedy


def test_what_verification_finds_has_the_path_of_the_element() -> None:
    inner = prop(value="x", valueType="xs:int")
    outer = part("SubmodelElementCollection", "Outer", "One", value=[inner])
    template = well_made(outer, concepts={})
    found = {each.code: each for each in lint(template)}
    assert found["metamodel"].path == "Outer.Name"
    assert found["metamodel"].text.startswith("value: ")


def test_drop_ins_are_looked_up_in_the_catalog() -> None:
    def dropping(name: str) -> Node:
        return part(
            "SubmodelElementCollection",
            name,
            "One",
            supplementalSemanticIds=[reference(DROP_IN)],
        )

    def defining(name: str, content: Node, identifier: str) -> Template:
        outer = part("SubmodelElementCollection", name, "One", value=[content])
        return well_made(outer, id=identifier)

    unknown = well_made(dropping("Address"))
    assert codes(unknown, TemplateCatalog([unknown])) == ["unknown-drop-in"]
    assert codes(unknown) == []
    known = defining("Address", prop(), "urn:example:1")
    assert codes(unknown, TemplateCatalog([unknown, known])) == []
    one = defining("Address", dropping("Phone"), "urn:example:1")
    other = defining("Phone", dropping("Address"), "urn:example:2")
    assert codes(unknown, TemplateCatalog([unknown, one, other])) == ["drop-in-cycle"]


def test_a_template_is_judged_as_it_was_written() -> None:
    node = well_made(meaning(f" {NAME}")).node
    template = template_of(node, {NAME: concept(NAME)}, source="test")
    assert template.children[0].node["semanticId"]["keys"][0]["value"] == NAME
    assert codes(template) == ["blank-in-id"]


@pytest.mark.parametrize(
    "element",
    [
        {"modelType": "Property"},
        {"modelType": "SubmodelElementList", "idShort": "L", "value": [{"modelType": "Range"}]},
        text("Odd", None, {"type": "SMT/Cardinality"}, {"type": "SMT/AllowedValue", "value": "("}),
        {"modelType": "Entity", "idShort": "E" * 5000, "semanticId": {"keys": []}},
        {"modelType": "Operation", "idShort": "O", "inputVariables": [{"value": prop()}]},
    ],
)
def test_odd_templates_are_judged_without_failing(element: Node) -> None:
    assert lint(well_made(element, concepts={"x": {"id": "x", "embeddedDataSpecifications": 1}}))


def test_the_findings_in_published_templates_are_known(
    published: list[Template], catalog: TemplateCatalog
) -> None:
    if len(published) != COUNTED:
        pytest.skip(f"the findings of {COUNTED} templates are known, not of {len(published)}")
    counts = Counter(each.code for one in published for each in lint(one, catalog))
    assert dict(sorted(counts.items())) == PUBLISHED


def test_the_documentation_tells_every_code_with_its_level() -> None:
    section = DOCS.read_text().partition("## Linting")[2].partition("\n## ")[0]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    told_there = {row[1].strip(" `"): row[2].strip() for row in rows}
    assert {code: rule.level.value for code, rule in RULES.items()} == told_there
