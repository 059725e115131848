"""Instances judged by their templates, rule by rule."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from aas_server.metamodel.tree import Node
from aas_server.packages.reader import read_package
from aas_server.templates.catalog import TemplateCatalog
from aas_server.templates.prototype import Template
from aas_server.templates.semantics import ARBITRARY, DROP_IN, INTENTIONALLY_EMPTY
from aas_server.templates.validation.judge import Judge
from aas_server.templates.validation.rendering import as_json, exit_code, show
from aas_server.templates.validation.report import Level, Mode, Verdict
from aas_server.templates.validation.whole import Validator
from tests.packages.packages import aasx
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


def instance(*elements: Node, **members: Any) -> Node:
    found: Node = {
        "modelType": "Submodel",
        "kind": "Instance",
        "id": "urn:example:instance",
        "idShort": "Pump",
        "semanticId": reference("urn:example:Pump"),
        **members,
    }
    return {**found, "submodelElements": list(elements)} if elements else found


def prop(id_short: str | None, value: str | None = "x", **members: Any) -> Node:
    found: Node = {"modelType": "Property", "valueType": "xs:string", **members}
    if id_short is not None:
        found["idShort"] = id_short
    return found if value is None else {**found, "value": value}


def double(id_short: str | None, value: str | None = "1", **members: Any) -> Node:
    return prop(id_short, value, valueType="xs:double", **members)


def group(id_short: str | None, *children: Node, **members: Any) -> Node:
    found: Node = {"modelType": "SubmodelElementCollection", **members}
    if id_short is not None:
        found["idShort"] = id_short
    return {**found, "value": list(children)} if children else found


def judged(
    prototypes: list[Node], elements: list[Node], mode: Mode = Mode.STRICT, **members: Any
) -> list[tuple[str, str, str]]:
    found = Judge(template(*prototypes)).judge(instance(*elements, **members), mode=mode)
    return [(each.code, each.level.value, each.path) for each in found]


def test_an_instance_as_the_template_has_it_is_clean() -> None:
    prototypes = [
        text("Name", "One"),
        number("Weight", "ZeroToOne"),
        text("Tag__00__", "OneToMany"),
    ]
    assert judged(prototypes, [prop("Name"), prop("Tag01"), prop("Tag02")]) == []


@pytest.mark.parametrize(
    ("prototypes", "elements", "expected"),
    [
        ([text("Name", "One")], [], ("missing", "error", "")),
        ([text("Name", None)], [], ("missing", "error", "")),
        ([text("Tag__00__", "OneToMany")], [], ("missing", "error", "")),
        ([text("Tag__00__", "ZeroToOne")], [prop("Tag1"), prop("Tag2")], ("too-many", "error", "")),
        ([text("Name", "One")], [double("Name")], ("value-type", "error", "Name")),
        ([text("Name", "One")], [group("Name")], ("model-type", "error", "Name")),
        ([text("Name", "One")], [prop("Name", None)], ("no-value", "error", "Name")),
        (
            [text("Name", "One", rule("SMT/AllowedValue", "a;b"))],
            [prop("Name", "c")],
            ("allowed-value", "error", "Name"),
        ),
        (
            [number("Weight", "One", rule("SMT/AllowedRange", "(0,1]"))],
            [double("Weight", "0")],
            ("allowed-range", "error", "Weight"),
        ),
        (
            [number("Weight", "One", rule("SMT/AllowedRange", "(0,1]"))],
            [double("Weight", "NaN")],
            ("allowed-range", "error", "Weight"),
        ),
        (
            [text("Sig__00__", "ZeroToMany", rule("SMT/AllowedIdShort", "Sig[a-z]+"))],
            [prop("Sig01")],
            ("id-short", "error", "Sig01"),
        ),
        (
            [text("Kind", "One", rule("FormChoices", "a;b", kind=None))],
            [prop("Kind", "c")],
            ("choices", "warning", "Kind"),
        ),
        (
            [text("Name", "One")],
            [prop("Name", qualifiers=[rule("SMT/Cardinality", "One", kind=None)])],
            ("leftover-qualifier", "error", "Name"),
        ),
        ([text("Name", "ZeroToOne")], [prop("Other")], ("unknown", "info", "Other")),
        (
            [text("SerialNumber", "ZeroToOne")],
            [prop("SerialNumer")],
            ("near-miss", "warning", "SerialNumer"),
        ),
    ],
)
def test_each_rule_is_judged(
    prototypes: list[Node], elements: list[Node], expected: tuple[str, str, str]
) -> None:
    assert judged(prototypes, elements) == [expected]


def test_booleans_are_allowed_in_any_capitals() -> None:
    flag = element("Property", "Flag", "One", rule("SMT/AllowedValue", "True;False"))
    flag["valueType"] = "xs:boolean"
    assert judged([flag], [prop("Flag", "true", valueType="xs:boolean")]) == []


def test_languages_are_required() -> None:
    name = element("MultiLanguageProperty", "Name", "One", rule("SMT/RequiredLang", "en|de"))
    given_texts = [{"language": "en-GB", "text": "pump"}]
    found = {"modelType": "MultiLanguageProperty", "idShort": "Name", "value": given_texts}
    assert judged([name], [found]) == [("language", "error", "Name")]
    found["value"] = [*given_texts, {"language": "DE", "text": "Pumpe"}]
    assert judged([name], [found]) == []


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["First"], []),
        (["First", "Second"], [("either-or", "error", "")]),
        ([], [("either-or", "error", "")]),
    ],
)
def test_of_an_either_or_there_is_exactly_one(
    names: list[str], expected: list[tuple[str, str, str]]
) -> None:
    either = [text(name, "One", rule("SMT/EitherOr", "A")) for name in ("First", "Second")]
    assert judged(either, [prop(name) for name in names]) == expected


def test_an_optional_either_or_may_be_left_out() -> None:
    either = [text(name, "ZeroToOne", rule("SMT/EitherOr", "A")) for name in ("First", "Second")]
    assert judged(either, []) == []


def test_lists_have_the_items_that_the_template_has() -> None:
    items = listing("Items", collection(None, text("Name", "One"), card="OneToMany"), card="One")
    found: Node = {
        "modelType": "SubmodelElementList",
        "idShort": "Items",
        "typeValueListElement": "SubmodelElementCollection",
        "value": [group(None, prop("Name")), group(None)],
    }
    assert judged([items], [found]) == [("missing", "error", "Items[1]")]
    found["typeValueListElement"] = "Property"
    codes = {code for code, _, _ in judged([items], [found])}
    assert "list-type" in codes
    empty = {**found, "typeValueListElement": "SubmodelElementCollection", "value": []}
    assert judged([items], [empty]) == [("missing", "error", "Items")]


def test_several_prototypes_of_items_are_samples() -> None:
    items = listing(
        "Items", *(collection(None, text("Name", "One"), card="One") for _ in range(3)), card="One"
    )
    found: Node = {
        "modelType": "SubmodelElementList",
        "idShort": "Items",
        "typeValueListElement": "SubmodelElementCollection",
        "value": [group(None, prop("Name"))],
    }
    assert judged([items], [found]) == []


def test_elements_are_matched_by_what_they_mean() -> None:
    weight = {**number("Weight", "One"), "semanticId": reference("urn:weight")}
    other = double("Gewicht", semanticId=reference(" urn:weight "))
    assert judged([weight], [other]) == [("id-short", "error", "Gewicht")]
    assert judged([weight], [other], Mode.LENIENT) == [("id-short", "warning", "Gewicht")]
    supplemental = double(
        "Weight",
        semanticId=reference("urn:mine"),
        supplementalSemanticIds=[reference("urn:weight")],
    )
    assert judged([weight], [supplemental]) == []


@pytest.mark.parametrize(
    ("semantic_id", "mode", "level"),
    [
        ("https://example.com/Weight/1/1", Mode.STRICT, "warning"),
        ("https://example.com/weight/1/0", Mode.STRICT, "warning"),
        ("urn:else", Mode.STRICT, "error"),
        ("urn:else", Mode.LENIENT, "warning"),
        (None, Mode.STRICT, "warning"),
    ],
)
def test_another_semantic_id_is_told(semantic_id: str | None, mode: Mode, level: str) -> None:
    weight = {**number("Weight", "One"), "semanticId": reference("https://example.com/Weight/1/0")}
    members = {} if semantic_id is None else {"semanticId": reference(semantic_id)}
    assert judged([weight], [double("Weight", **members)], mode) == [
        ("semantic-id", level, "Weight")
    ]


def test_siblings_with_one_meaning_are_told_apart_by_name() -> None:
    shared = {"semanticId": reference("urn:current")}
    prototypes = [{**text("Low", "One"), **shared}, {**number("High", "One"), **shared}]
    elements = [double("High", **shared), prop("Low", **shared)]
    assert judged(prototypes, elements) == []


def test_arbitrary_elements_may_be_called_and_mean_anything() -> None:
    free = {**text("Arbitrary", "ZeroToMany"), "semanticId": reference(f"{ARBITRARY}Prop")}
    assert judged([free], [prop("Mine", semanticId=reference("urn:mine"))]) == []


def test_what_is_meant_to_be_empty_is_no_fault() -> None:
    later = {**text("Later", "One"), "semanticId": reference(INTENTIONALLY_EMPTY)}
    found = prop("Later", None, semanticId=reference(INTENTIONALLY_EMPTY))
    assert judged([later], [found]) == [("no-value", "info", "Later")]


def test_a_repetition_is_judged_as_deep_as_it_goes() -> None:
    section = collection("Section", text("Title", "One"), card="ZeroToMany")
    section["value"].append(collection("Section", card="ZeroToMany"))
    deep = group(
        "Section", prop("Title"), group("Section", prop("Title"), group("Section", double("X")))
    )
    found = judged([section], [deep])
    assert found == [
        ("missing", "error", "Section.Section.Section"),
        ("unknown", "info", "Section.Section.Section.X"),
    ]


def drop_in(semantic_id: str, id_short: str = "Address") -> Node:
    marks = {
        "semanticId": reference(semantic_id),
        "supplementalSemanticIds": [reference(DROP_IN)],
    }
    return {**collection(id_short, card="One"), **marks}


def test_the_content_of_a_drop_in_is_judged_by_its_definition() -> None:
    contact = {**collection("Contact", text("Street", "One"), card="One")}
    contact["semanticId"] = reference("urn:contact")
    catalog = TemplateCatalog([template(contact, identifier="urn:definer")])
    element_ = group("Address", prop("Town"), semanticId=reference("urn:contact"))
    judge = Judge(template(drop_in("urn:contact")), catalog)
    codes = [each.code for each in judge.judge(instance(element_))]
    assert codes == ["missing", "unknown"]
    unknown = Judge(template(drop_in("urn:contact"))).judge(instance(element_))
    assert [(each.code, each.level) for each in unknown] == [("drop-in", Level.INFO)]


def test_a_cycle_of_drop_ins_ends() -> None:
    first = {
        **collection("First", drop_in("urn:b", "In"), card="One"),
        "semanticId": reference("urn:a"),
    }
    second = {
        **collection("Second", drop_in("urn:a", "In"), card="One"),
        "semanticId": reference("urn:b"),
    }
    catalog = TemplateCatalog([template(first, identifier="1"), template(second, identifier="2")])
    deep = group("In")
    for number_ in range(60):
        deep = group("In", deep, semanticId=reference("urn:a" if number_ % 2 else "urn:b"))
    Judge(template(drop_in("urn:a")), catalog).judge(instance({**deep, "idShort": "Address"}))


def test_operations_have_the_variables_that_the_template_has() -> None:
    start = element("Operation", "Start", "One", inputVariables=[{"value": text("Order", "One")}])
    found = {"modelType": "Operation", "idShort": "Start"}
    assert judged([start], [found]) == [("missing", "error", "Start")]
    found["inputVariables"] = [{"value": prop("Order", None)}]  # type: ignore[assignment]
    assert [code for code, _, _ in judged([start], [found], Mode.LENIENT)] == ["no-value"]


def test_a_template_is_no_instance() -> None:
    assert judged([text("Name", "ZeroToOne")], [], kind="Template") == [("kind", "error", "")]


def test_the_value_list_of_a_concept_counts() -> None:
    pairs = [{"value": each, "valueId": reference(f"urn:{each}")} for each in ("a", "b")]
    content = {
        "modelType": "DataSpecificationIec61360",
        "valueList": {"valueReferencePairs": pairs},
    }
    concept = {
        "modelType": "ConceptDescription",
        "id": "urn:kind",
        "embeddedDataSpecifications": [{"dataSpecificationContent": content}],
    }
    node = template({**text("Kind", "One"), "semanticId": reference("urn:kind")}).node
    judge = Judge(Template(node, "test", {"urn:kind": concept}))
    for value, codes in (("a", []), ("c", ["value-list"])):
        found = judge.judge(instance(prop("Kind", value, semanticId=reference("urn:kind"))))
        assert [each.code for each in found] == codes


def verdicts_of(
    folder: Path, environment: Any, files: dict[str, str] | None = None
) -> list[Verdict]:
    file = folder / "file"
    body = json.dumps(environment).encode() if files is None else aasx(environment, files)
    file.write_bytes(body)
    catalog = TemplateCatalog(
        [template(text("Name", "One"), element("File", "Manual", "ZeroToOne"))]
    )
    with read_package(file) as contents:
        return Validator(catalog).contents(contents)


def test_each_submodel_of_a_file_is_judged_by_its_own_template(tmp_path: Path) -> None:
    other = {"modelType": "Submodel", "id": "urn:other", "semanticId": reference("urn:unknown")}
    verdicts = verdicts_of(tmp_path, {"submodels": [instance(prop("Name")), other]})
    assert [each.is_judged for each in verdicts] == [True, False]
    assert exit_code(verdicts) == 0
    console = Console(record=True, width=200)
    show(verdicts, console)
    assert "judged 1 of 2 submodels: 0 errors, 0 warnings" in console.export_text()
    view = json.loads(as_json(verdicts))
    assert (view["judged"], view["submodels"], view["errors"]) == (1, 2, 0)


def test_files_and_references_of_a_package_are_looked_at(tmp_path: Path) -> None:
    manual = {"modelType": "File", "idShort": "Manual", "value": "/aasx/files/a.txt"}
    keys = [
        {"type": "Submodel", "value": "urn:example:instance"},
        {"type": "Property", "value": "Nothing"},
    ]
    link = {
        "modelType": "ReferenceElement",
        "idShort": "Link",
        "value": {"type": "ModelReference", "keys": keys},
    }
    environment = {"submodels": [instance(prop("Name"), manual, link)]}
    (verdict,) = verdicts_of(tmp_path, environment, {"aasx/files/b.txt": ""})
    assert [each.code for each in verdict.violations] == ["unknown", "file", "reference"]
    keys[1]["value"] = "Name"
    (verdict,) = verdicts_of(tmp_path, environment, {"aasx/files/a.txt": ""})
    assert [each.code for each in verdict.violations] == ["unknown"]


def test_a_shell_with_a_submodel_that_is_elsewhere_is_told(tmp_path: Path) -> None:
    keys = [{"type": "Submodel", "value": "urn:elsewhere"}]
    shell = {
        "modelType": "AssetAdministrationShell",
        "id": "urn:shell",
        "assetInformation": {"assetKind": "Instance"},
        "submodels": [{"type": "ModelReference", "keys": keys}],
    }
    (verdict,) = verdicts_of(tmp_path, {"assetAdministrationShells": [shell]})
    assert (verdict.submodel, verdict.is_judged) == ("urn:elsewhere", False)
    assert exit_code([verdict]) == 2


@pytest.mark.parametrize("odd", [None, 5, "x", [], {}, {"modelType": "Submodel"}])
def test_what_is_no_submodel_is_told(odd: Any) -> None:
    verdict = Validator(TemplateCatalog([template()])).submodel(odd)
    assert not verdict.is_judged
    assert {each.code for each in verdict.violations} == {"structure"}
    assert exit_code([verdict]) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["modelType", "idShort", "value", "semanticId", "keys", "type", "qualifiers", "min"]
            ),
            inner | st.sampled_from(["Property", "SubmodelElementList", "Operation", "Entity"]),
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(JSON, max_size=4))
def test_no_document_makes_judging_fail(elements: list[Any]) -> None:
    prototypes = (text("Name", "One"), listing("Items", text(None, None), card="ZeroToOne"))
    catalog = TemplateCatalog([template(*prototypes)])
    Validator(catalog).submodel(instance(*elements))
