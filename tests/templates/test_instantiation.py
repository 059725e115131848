"""Instances made after templates."""

from __future__ import annotations

from typing import Any

import pytest

from aas_server.metamodel.id_short_path import parse_id_short_path
from aas_server.metamodel.tree import Node, resolve, walk
from aas_server.metamodel.verification import verify
from aas_server.templates.catalog import TemplateCatalog
from aas_server.templates.instantiation.engine import Maker, instantiate
from aas_server.templates.instantiation.request import Instance, Mode, Request
from aas_server.templates.prototype import Template
from aas_server.templates.semantics import ARBITRARY, DROP_IN
from aas_server.templates.vocabulary import belongs_to_templates
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

ID = "urn:example:instance"
FULL = Request(ID, Mode.FULL)


def made(*elements: Node, request: Request | None = None, **values: Any) -> Instance:
    return instantiate(template(*elements), request or Request(ID, values=values))


def names(instance: Instance) -> list[str]:
    return [each["idShort"] for each in instance.submodel.get("submodelElements", ())]


def value_at(instance: Instance, path: str) -> Any:
    return resolve(instance.submodel, parse_id_short_path(path)).get("value")


def told(instance: Instance) -> list[tuple[str, str]]:
    return [(each.code, each.path) for each in instance.findings]


def test_an_instance_says_what_it_is_made_after() -> None:
    instance = made(text("Name", "One"))
    submodel = instance.submodel
    assert (submodel["id"], submodel["kind"], submodel["idShort"]) == (ID, "Instance", "Pump")
    assert submodel["semanticId"] == reference("urn:example:Pump")
    assert submodel["administration"] == {
        "version": "1",
        "revision": "2",
        "templateId": "urn:example:template",
    }
    assert verify(submodel) == []


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (Mode.MINIMAL, ["Name", "Tags01", "Plain"]),
        (Mode.FULL, ["Name", "Maker", "Notes", "Tags01", "Plain"]),
    ],
)
def test_the_mode_says_what_is_there_without_being_asked_for(
    mode: Mode, expected: list[str]
) -> None:
    elements = (
        text("Name", "One"),
        text("Maker", "ZeroToOne"),
        text("Notes", "ZeroToMany"),
        text("Tags__00__", "OneToMany"),
        text("Plain", None),
    )
    assert names(made(*elements, request=Request(ID, mode))) == expected


def test_what_is_selected_is_there_with_all_above_it() -> None:
    deep = collection(
        "Outer",
        collection(
            "Inner", text("Wanted", "ZeroToOne"), text("Not", "ZeroToOne"), card="ZeroToOne"
        ),
        card="ZeroToOne",
    )
    request = Request(ID, select=frozenset({"Outer.Inner.Wanted", "Outer.Nothing"}))
    instance = made(deep, request=request)
    paths = [path for path, _ in walk(instance.submodel)]
    assert paths == [("Outer",), ("Outer", "Inner"), ("Outer", "Inner", "Wanted")]
    assert told(instance) == [("unknown-path", "Outer.Nothing")]


def test_counts_number_what_stands_several_times() -> None:
    elements = (text("Tag__000__", "ZeroToMany"), text("Note", "ZeroToMany"), text("One", "One"))
    request = Request(ID, counts={"Tag__000__": 2, "Note": 3, "One": 2})
    instance = made(*elements, request=request)
    assert names(instance) == [
        "Tag001",
        "Tag002",
        "Note01",
        "Note02",
        "Note03",
        "One01",
        "One02",
    ]
    assert told(instance) == [("too-many", "One")]


def test_nothing_of_the_template_language_is_left() -> None:
    marked = {
        **text("Name", "One", rule("SMT/ExampleValue", "x"), rule("FormInfo", "y", kind=None)),
        "semanticId": reference("urn:name"),
        "supplementalSemanticIds": [reference(f"{ARBITRARY}Prop"), reference("urn:mine")],
        "extensions": [{"name": "smt-attribute-set", "value": "{}"}, {"name": "mine"}],
    }
    marked["qualifiers"].append(rule("LifeCycleQual", "z", kind="ConceptQualifier"))
    (found,) = made(marked, request=FULL).submodel["submodelElements"]
    assert [each["type"] for each in found["qualifiers"]] == ["LifeCycleQual"]
    assert found["supplementalSemanticIds"] == [reference("urn:mine")]
    assert found["extensions"] == [{"name": "mine"}]


def test_values_are_initial_then_default_and_never_examples_or_samples() -> None:
    elements = (
        text("A", "One", rule("SMT/InitialValue", "i"), rule("SMT/DefaultValue", "d"), value="s"),
        text("B", "One", rule("SMT/DefaultValue", "d"), value="sample"),
        text("C", "One", rule("SMT/ExampleValue", "example"), value="sample"),
        element("Property", "D", "One", rule("SMT/InitialValue", "True"), valueType="xs:boolean"),
        number("E", "One", rule("SMT/InitialValue", "many")),
    )
    instance = made(*elements)
    assert [value_at(instance, path) for path in "ABCDE"] == ["i", "d", None, "true", None]
    assert [each.path for each in instance.unfilled] == ["C", "E"]
    assert told(instance) == [("bad-initial-value", "E")]


def test_a_null_leaves_an_element_without_its_value() -> None:
    elements = (
        text("A", "ZeroToOne"),
        text("B", "One", rule("SMT/InitialValue", "i")),
        collection("Cc", text("D", "ZeroToOne"), card="ZeroToOne"),
    )
    instance = made(*elements, A=None, B=None, Cc={"D": None})
    assert [path for path, _ in walk(instance.submodel)] == [("A",), ("B",), ("Cc",), ("Cc", "D")]
    assert [value_at(instance, path) for path in ("A", "B", "Cc.D")] == [None, None, None]
    assert [each.path for each in instance.unfilled] == ["B"]


def test_samples_of_every_type_are_left_out() -> None:
    target = {"type": "ExternalReference", "keys": [{"type": "GlobalReference", "value": "urn:x"}]}
    elements = (
        element("MultiLanguageProperty", "Mm", "One", value=[{"language": "en", "text": "sample"}]),
        element("Range", "Rr", "One", valueType="xs:int", min="1", max="2"),
        element("File", "Ff", "One", value="/sample.pdf", contentType="application/pdf"),
        element("ReferenceElement", "Ee", "One", value=target),
        element("RelationshipElement", "Ss", "One", first=target, second=target),
        element("Entity", "Tt", "One", entityType="SelfManagedEntity", globalAssetId="urn:sample"),
    )
    instance = made(*elements)
    assert verify(instance.submodel) == []
    assert "sample" not in str(instance.submodel)
    assert [each.path for each in instance.unfilled] == ["Mm", "Rr", "Ff", "Ee", "Ss", "Tt"]


@pytest.mark.parametrize(
    ("card", "request_", "values", "expected"),
    [
        ("ZeroToOne", Request(ID), {}, []),
        ("One", Request(ID), {}, ["First"]),
        ("ZeroToOne", FULL, {}, ["First"]),
        ("ZeroToOne", Request(ID, Mode.FULL, choices={"A": "Second"}), {}, ["Second"]),
        ("One", Request(ID), {"Second": "x"}, ["Second"]),
    ],
)
def test_of_an_either_or_there_is_one(
    card: str, request_: Request, values: dict[str, str], expected: list[str]
) -> None:
    either = [text(name, card, rule("SMT/EitherOr", "A")) for name in ("First", "Second")]
    request = Request(ID, request_.mode, choices=request_.choices, values=values)
    assert names(made(*either, request=request)) == expected


def test_two_values_for_an_either_or_are_told() -> None:
    either = [text(name, "One", rule("SMT/EitherOr", "A")) for name in ("First", "Second")]
    instance = made(*either, First="x", Second="y")
    assert (names(instance), told(instance)) == (["First"], [("either-or", "A")])


def test_values_are_filled_in_by_id_short_by_path_and_by_meaning() -> None:
    address = collection("Address", text("Street", "One"), text("City", "One"), card="ZeroToOne")
    weight = {**number("Weight", "ZeroToOne"), "semanticId": reference("0173-1#02-AAF040#008")}
    values = {
        "Address.Street": "Main Road 1",
        "https://api.eclass-cdp.com/0173-1-02-AAF040-008": 12.5,
        "Address.City": "Ulm",
    }
    instance = made(address, weight, request=Request(ID, values=values))
    assert value_at(instance, "Address.Street") == "Main Road 1"
    assert value_at(instance, "Address.City") == "Ulm"
    assert value_at(instance, "Weight") == "12.5"
    assert (instance.unfilled, instance.findings) == ([], [])


def test_every_type_of_element_takes_values() -> None:
    elements = (
        element("MultiLanguageProperty", "Mm", "ZeroToOne"),
        element("Range", "Rr", "ZeroToOne", valueType="xs:int"),
        element("File", "Ff", "ZeroToOne", contentType="application/pdf"),
        element("ReferenceElement", "Ee", "ZeroToOne"),
        element("RelationshipElement", "Ss", "ZeroToOne"),
        {
            **element("Entity", "Tt", "ZeroToOne", entityType="SelfManagedEntity"),
            "statements": [text("Role", "ZeroToOne")],
        },
        listing("Ll", text(None, None), card="ZeroToOne"),
    )
    values = {
        "Mm": {"en": "pump", "de": "Pumpe"},
        "Rr": {"min": 1, "max": 2},
        "Ff": "/aasx/files/a.pdf",
        "Ee": "urn:target",
        "Ss": {"first": "urn:a", "second": "urn:b"},
        "Tt": {"globalAssetId": "urn:asset", "Role": "drive"},
        "Ll": ["x", "y"],
    }
    instance = made(*elements, request=Request(ID, values=values))
    assert instance.findings == []
    assert verify(instance.submodel) == []
    assert value_at(instance, "Mm") == [
        {"language": "en", "text": "pump"},
        {"language": "de", "text": "Pumpe"},
    ]
    entity = resolve(instance.submodel, ("Tt",))
    assert (entity["globalAssetId"], entity["entityType"]) == ("urn:asset", "SelfManagedEntity")
    assert entity["statements"][0]["value"] == "drive"
    assert [each["value"] for each in value_at(instance, "Ll")] == ["x", "y"]
    assert value_at(instance, "Ff") == "/aasx/files/a.pdf"


def test_lists_of_values_make_several_elements() -> None:
    elements = (
        collection("Tool__00__", text("Name", "One"), card="ZeroToMany"),
        text("Note", "ZeroToMany"),
    )
    values = {
        "Tool": [{"Name": "saw"}, {"Name": "drill"}],
        "Note": ["a", "b"],
        "Tool07": {"Name": "x"},
    }
    instance = made(*elements, request=Request(ID, values=values))
    assert names(instance) == ["Tool01", "Tool02", "Tool07", "Note01", "Note02"]
    assert value_at(instance, "Tool02.Name") == "drill"
    assert instance.findings == []


def test_arbitrary_elements_have_the_names_and_meanings_that_are_given() -> None:
    free = {
        **number("ArbitraryProperty", "ZeroToMany"),
        "semanticId": reference(f"{ARBITRARY}Prop"),
    }
    values = {"Depth": 3, "Width of it": {"value": 4, "semanticId": "urn:width"}, "Odd": {"a": 1}}
    instance = made(text("Name", "One"), free, request=Request(ID, values={**values, "Name": "x"}))
    assert names(instance) == ["Name", "Depth", "Width_of_it"]
    assert resolve(instance.submodel, ("Width_of_it",))["semanticId"] == reference("urn:width")
    assert told(instance) == [("unknown-path", "Odd")]


def test_a_recursive_prototype_goes_as_deep_as_the_values() -> None:
    section = collection("Section", text("Title", "ZeroToOne"), card="ZeroToMany")
    section["value"].append(collection("Section", card="ZeroToMany"))
    values = {"Section": {"Title": "1", "Section": {"Title": "2", "Section": {"Title": "3"}}}}
    instance = made(section, request=Request(ID, values=values))
    assert value_at(instance, "Section.Section.Section.Title") == "3"
    assert instance.findings == []


def drop_in(semantic_id: str, **more: Any) -> Node:
    found = collection("Address", card="One")
    return {
        **found,
        "semanticId": reference(semantic_id),
        "supplementalSemanticIds": [reference(DROP_IN)],
        **more,
    }


def test_the_content_of_a_drop_in_is_that_of_its_definition() -> None:
    definer = collection("Contact", text("Street", "One"), card="One")
    definer["semanticId"] = reference("urn:contact")
    catalog = TemplateCatalog([template(definer, identifier="urn:definer")])
    instance = instantiate(template(drop_in("urn:contact")), Request(ID), catalog=catalog)
    assert [path for path, _ in walk(instance.submodel)] == [("Address",), ("Address", "Street")]
    assert instance.submodel["submodelElements"][0]["semanticId"] == reference("urn:contact")
    unknown = instantiate(template(drop_in("urn:else")), Request(ID), catalog=catalog)
    assert told(unknown) == [("unknown-drop-in", "Address")]


def test_a_cycle_of_drop_ins_ends() -> None:
    inner = {**drop_in("urn:b"), "idShort": "Inner"}
    first = {**collection("First", inner, card="One"), "semanticId": reference("urn:a")}
    back = {**drop_in("urn:a"), "idShort": "Back"}
    second = {**collection("Second", back, card="One"), "semanticId": reference("urn:b")}
    catalog = TemplateCatalog(
        [template(first, identifier="urn:1"), template(second, identifier="urn:2")]
    )
    instance = instantiate(template(drop_in("urn:a")), FULL, catalog=catalog)
    assert len(list(walk(instance.submodel))) < 10
    assert verify(instance.submodel) == []


@pytest.mark.parametrize(
    ("values", "code", "path"),
    [
        ({"Wieght": 1}, "unknown-path", "Wieght"),
        ({"Weight": "heavy"}, "wrong-value", "Weight"),
        ({"Weight": {"a": 1}}, "wrong-value", "Weight"),
        ({"Box": 5}, "wrong-value", "Box"),
        ({"Items": {"a": 1}}, "wrong-value", "Items"),
        ({"Box": {"Depth": 1, "Hight": 1}}, "unknown-path", "Box.Hight"),
        ({"Weight": [1, 2]}, "too-many", "Weight"),
    ],
)
def test_values_that_do_not_fit_are_told_and_the_rest_is_made(
    values: dict[str, Any], code: str, path: str
) -> None:
    elements = (
        number("Weight", "ZeroToOne"),
        collection("Box", number("Depth", "ZeroToOne"), number("Height", "ZeroToOne"), card="One"),
        listing("Items", number(None, None), card="ZeroToOne"),
        text("Name", "One"),
    )
    instance = made(*elements, request=Request(ID, values={**values, "Name": "x"}))
    assert told(instance) == [(code, path)]
    assert value_at(instance, "Name") == "x"
    if code == "unknown-path":
        assert "did you mean" in instance.findings[0].text


def test_the_concepts_that_are_used_come_along() -> None:
    concepts = {
        each: {"modelType": "ConceptDescription", "id": each} for each in ("urn:a", "urn:b")
    }
    node = template({**text("Name", "One"), "semanticId": reference(" urn:a ")}).node
    instance = instantiate(Template(node, "test", concepts), Request(ID))
    assert instance.environment() == {
        "submodels": [instance.submodel],
        "conceptDescriptions": [concepts["urn:a"]],
    }


OWN_FAULTS = {
    "AASd-002": {"Models3D", "AssetLocation"},
}
"""Findings in instances that are the templates' own: idShorts of one letter."""


@pytest.mark.parametrize("mode", list(Mode))
def test_instances_of_every_published_template_verify(
    published: list[Template], catalog: TemplateCatalog, mode: Mode
) -> None:
    faults: dict[str, set[str]] = {}
    for source in published:
        instance = Maker(source, catalog).make(Request(ID, mode))
        assert [finding for finding in instance.findings if finding.is_error] == []
        for finding in verify(instance.submodel):
            faults.setdefault(finding.code, set()).add(source.id_short)
        for node in (instance.submodel, *(each for _, each in walk(instance.submodel))):
            assert not any(map(belongs_to_templates, node.get("qualifiers") or ()))
    assert faults == (OWN_FAULTS if mode is Mode.FULL else {})


def test_fixed_values_of_a_template_are_kept(published: list[Template]) -> None:
    name = "ProcessVariablesForManufacturingKPICalculation"
    kpis = next(each for each in published if each.id_short == name)
    instance = instantiate(kpis, FULL)
    keys = [each for path, each in walk(instance.submodel) if path[-1] == "key"]
    assert len(keys) == 19
    assert all(each.get("value") for each in keys)
