"""The JSON Schema of what ``$value`` shows of instances."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from aas_server.metamodel.tree import Node
from aas_server.metamodel.views import Extent, Level, value_only
from aas_server.templates.catalog import TemplateCatalog
from aas_server.templates.instantiation.engine import instantiate
from aas_server.templates.instantiation.request import Mode, Request
from aas_server.templates.prototype import Template
from aas_server.templates.semantics import ARBITRARY, DROP_IN
from aas_server.templates.value_schema.schema import value_schema
from tests.templates.fillings import REFERENCE, fitting
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

REF: Final = REFERENCE


def accepts(made: Template | Node, value: Any, catalog: TemplateCatalog | None = None) -> bool:
    """Return whether the schema of a template, or of one with this element, accepts a value."""
    whole = made if isinstance(made, Template) else template(made)
    schema = value_schema(whole, catalog)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema).is_valid(value)


def prop(value_type: str, *rules: Node) -> Node:
    return element("Property", "P", "One", *rules, valueType=value_type)


@pytest.mark.parametrize(
    ("value_type", "right", "wrong"),
    [
        ("xs:string", ["", "a"], [1, True, None, {}]),
        ("xs:boolean", [True, False], ["true", 1]),
        ("xs:int", [1, -(2**31)], [2**31, 1.5, "1"]),
        ("xs:unsignedByte", [0, 255], [256, -1]),
        ("xs:decimal", [1, 1.5], ["INF", "1"]),
        ("xs:double", [1.5, 2, "INF", "-INF", "NaN"], ["1.5", True]),
        ("xs:dateTime", ["2026-01-31T12:00:00Z", "2026-01-31T12:00:00"], ["2026-01-31", 5]),
        ("xs:duration", ["PT1H"], ["1 h", "P"]),
        ("xs:anyURI", ["https://example.com", "a b"], [1]),
    ],
)
def test_values_are_of_their_types(value_type: str, right: list[Any], wrong: list[Any]) -> None:
    assert [each for each in right if not accepts(prop(value_type), {"P": each})] == []
    assert [each for each in wrong if accepts(prop(value_type), {"P": each})] == []


@pytest.mark.parametrize(
    ("value_type", "qualifier", "right", "wrong"),
    [
        ("xs:string", ("AllowedValue", "a; b"), ["a", "b"], ["c", ""]),
        ("xs:string", ("AllowedValue", "^[a-c]{2}$"), ["ab"], ["a", "abc", "dd"]),
        ("xs:int", ("AllowedValue", "1;2"), [1, 2], [3]),
        ("xs:int", ("AllowedRange", "[0,10]"), [0, 10], [-1, 11]),
        ("xs:double", ("AllowedRange", "(0,10)"), [0.1], [0, 10, "NaN", "INF"]),
        ("xs:double", ("AllowedRange", "[0,*]"), [0, "INF"], [-0.1, "-INF", "NaN"]),
        ("xs:decimal", ("AllowedRange", "[0,1]|[5,6]"), [1, 5.5], [2, 7]),
        ("xs:byte", ("AllowedRange", "[0,1000]"), [127], [128]),
    ],
)
def test_rules_are_kept(
    value_type: str, qualifier: tuple[str, str], right: list[Any], wrong: list[Any]
) -> None:
    made = prop(value_type, rule(f"SMT/{qualifier[0]}", qualifier[1]))
    assert [each for each in right if not accepts(made, {"P": each})] == []
    assert [each for each in wrong if accepts(made, {"P": each})] == []


@pytest.mark.parametrize(
    ("made", "right", "wrong"),
    [
        (
            element("MultiLanguageProperty", "E", "One", rule("SMT/RequiredLang", "en|de")),
            [{"en": "a"}, {"de": "b"}],
            [{"en": "a"}],
        ),
        (element("MultiLanguageProperty", "E", "One"), [{"fr": "a"}], {"fr": "a"}),
        (element("Range", "E", "One", valueType="xs:int"), {"min": 1}, {"min": "a"}),
        (element("File", "E", "One"), {"contentType": "a/b", "value": "x"}, {"contentType": "a/b"}),
        (element("Blob", "E", "One"), {"contentType": "a/b"}, {"url": "x"}),
        (element("ReferenceElement", "E", "One"), REF, "urn:x"),
        (element("RelationshipElement", "E", "One"), {"first": REF, "second": REF}, {"first": REF}),
        (
            {
                **element("AnnotatedRelationshipElement", "E", "One"),
                "annotations": [text("A", "One")],
            },
            {"first": REF, "annotations": {"A": "x"}},
            {"first": REF, "annotations": {"A": 1}},
        ),
        (
            {**element("Entity", "E", "One"), "statements": [text("A", "One")]},
            {"entityType": "CoManagedEntity", "statements": {"A": "x"}},
            {"entityType": "CoManagedEntity"},
        ),
        (element("BasicEventElement", "E", "One"), {"observed": REF}, {"state": "on"}),
        (listing("E", text(None, "OneToMany"), card="One"), ["a", "b"], []),
        (listing("E", text(None, "ZeroToOne"), card="One"), ["a"], ["a", "b"]),
        (listing("E", text(None, "ZeroToMany"), card="One"), ["a", None], [1]),
        (
            element(
                "SubmodelElementList",
                "E",
                "One",
                typeValueListElement="Property",
                valueTypeListElement="xs:int",
            ),
            [1, None],
            ["a"],
        ),
    ],
)
def test_each_type_of_element_has_its_form(made: Node, right: Any, wrong: Any) -> None:
    assert accepts(made, {"E": right})
    assert not accepts(made, {"E": wrong})


def test_required_is_what_surely_shows_a_value() -> None:
    optional = collection("C", text("A", "ZeroToOne"), card="One")
    assert accepts(optional, {})
    needed = collection("C", text("A", "One"), card="One")
    assert not accepts(needed, {})
    assert accepts(collection("C", text("A", "One"), card="ZeroToOne"), {})
    assert accepts(element("Capability", "C", "One"), {})
    assert not accepts(element("Capability", "C", "One"), {"C": 1})


def test_no_other_members_are_allowed_where_names_are_fixed() -> None:
    assert not accepts(text("A", "One"), {"A": "x", "B": "y"})
    assert accepts(collection("C", card="One"), {"C": {"anything": 1}})


def test_what_may_stand_several_times_has_numbers_or_other_names() -> None:
    several = template(text("Tag__00__", "OneToMany"), number("Size", "One"))
    assert accepts(several, {"Size": 1, "Tag01": "a", "Own": "b"})
    assert not accepts(several, {"Size": 1, "Tag01": 5})
    assert not accepts(several, {"Size": "a", "Tag01": "b"})
    assert not accepts(several, {"Size": 1})


def test_patterns_of_names_leave_no_other_names() -> None:
    made = template(text("Time", "ZeroToMany", rule("AllowedIdShort", r"Time[\d{2,3}]")))
    assert accepts(made, {"Time01": "x", "Time001": "y"})
    assert not accepts(made, {"Time": "x"})


def test_names_that_fit_several_prototypes_may_have_the_values_of_each() -> None:
    own = text("Tag1", "One", valueType="xs:boolean")
    made = template(text("Tag", "ZeroToMany"), number("Tag", "ZeroToMany"), own)
    assert accepts(made, {"Tag01": "x", "Tag02": 1, "Tag1": True})
    assert not accepts(made, {"Tag1": "x"})
    assert not accepts(made, {"Tag1": True, "Tag2": True})


def test_arbitrary_elements_may_be_called_anything() -> None:
    free = text("ArbitraryProperty", "ZeroToMany", semanticId=reference(f"{ARBITRARY}Prop"))
    assert accepts(template(text("A", "One"), free), {"A": "x", "Anything": 5})
    assert not accepts(template(text("A", "One"), free), {"A": 5, "Anything": 5})
    assert not accepts(template(text("A", "One"), free), {"A": "x", "Anything": [1]})


def test_of_an_either_or_class_there_is_one() -> None:
    members = [text(each, "One", rule("SMT/EitherOr", "X")) for each in "ABC"]
    made = template(*members)
    assert accepts(made, {"B": "x"})
    assert not accepts(made, {"A": "x", "C": "x"})
    assert not accepts(made, {})


def test_what_contains_itself_is_described_once() -> None:
    node = {**element("Entity", "Node", "ZeroToOne"), "semanticId": reference("urn:node")}
    made = {**node, "statements": [text("Name", "One"), node]}
    schema = value_schema(template(made))
    assert "Node" in schema["$defs"]
    deep = {"Node": {"statements": {"Name": "a", "Node": {"statements": {"Name": "b"}}}}}
    assert accepts(made, deep)
    deep["Node"]["statements"]["Node"]["statements"] = {"Name": 1}
    assert not accepts(made, deep)


def test_content_of_drop_ins_is_that_of_its_definer() -> None:
    address = {"semanticId": reference("urn:address")}
    dropping = collection("A", card="One", supplementalSemanticIds=[reference(DROP_IN)], **address)
    definer = template(
        collection("B", text("Street", "One"), card="One", **address), identifier="urn:2"
    )
    assert accepts(dropping, {"A": {"Anything": 1}})
    assert accepts(dropping, {"A": {"Street": "x"}}, TemplateCatalog([definer]))
    assert not accepts(dropping, {"A": {"Street": 1}}, TemplateCatalog([definer]))


def test_people_are_told_what_values_mean() -> None:
    made = number(
        "Mass",
        "One",
        rule("SMT/DefaultValue", "1"),
        rule("SMT/ExampleValue", "2.5"),
        rule("SMT/AccessMode", "ReadOnly"),
        semanticId=reference("urn:mass"),
        description=[{"language": "en", "text": "how heavy"}, {"language": "de", "text": "Masse"}],
    )
    concepts = {
        "urn:mass": concept(
            "urn:mass", unit="kg", preferredName=[{"language": "en", "text": "mass"}]
        )
    }
    schema = value_schema(Template(template(made).node, "test", concepts), language="de")
    told = schema["properties"]["Mass"]
    assert {name: told[name] for name in ("title", "description", "x-unit", "default")} == {
        "title": "mass",
        "description": "Masse",
        "x-unit": "kg",
        "default": 1,
    }
    assert (told["examples"], told["readOnly"], told["x-value-type"]) == ([2.5], True, "xs:double")


@pytest.mark.parametrize("name", ["^(a+)+$", "a.b", "x" * 3000, "$ref", "\u202e<b>"])
def test_odd_names_and_patterns_make_valid_schemas(name: str) -> None:
    made = template(
        text(name, "ZeroToMany"),
        text(f"{name}1", "One", rule("SMT/AllowedValue", r"^\pL+$")),
        text("Other", "ZeroToMany", rule("AllowedIdShort", r"[[:alpha:]]+")),
    )
    Draft202012Validator.check_schema(value_schema(made))


def test_values_of_filled_instances_of_published_templates_are_accepted(
    published: list[Template], catalog: TemplateCatalog
) -> None:
    for one in published:
        schema = value_schema(one, catalog)
        Draft202012Validator.check_schema(schema)
        validator = Draft202012Validator(schema)
        for mode in Mode:
            value = _filled(one, mode, catalog)
            wrong = [f"{list(e.path)}: {e.message[:200]}" for e in validator.iter_errors(value)]
            assert wrong == [], one.source


def test_broken_values_of_published_templates_are_refused(
    published: list[Template], catalog: TemplateCatalog
) -> None:
    broken = 0
    accepted = set()
    for one in published:
        validator = Draft202012Validator(value_schema(one, catalog))
        for mutant in _mutants(_filled(one, Mode.FULL, catalog)):
            broken += 1
            if validator.is_valid(mutant):
                accepted.add(one.id_short)
    assert broken > 1000
    # In its areas stand arbitrary collections, whose values may be any object.
    assert accepted <= {"TechnicalData"}


def _filled(one: Template, mode: Mode, catalog: TemplateCatalog) -> Any:
    request = Request("urn:example:i", mode, values=fitting(one.children))
    submodel = instantiate(one, request, catalog=catalog).submodel
    return value_only(submodel, Level.DEEP, Extent.WITH_BLOB_VALUE)


def _mutants(value: Any) -> Iterator[Any]:
    """Yield copies of a value in which one scalar is of a type that nothing has; some of them."""
    places = list(_scalars(value, ()))
    for path in places[:: max(1, len(places) // 25)]:
        mutant = deepcopy(value)
        holder = mutant
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = {"no such member": [[]]}
        yield mutant


def _scalars(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for step, each in items:
            yield from _scalars(each, (*path, step))
    elif path:
        yield path
