"""What changed between two versions of a template."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, Final

import orjson
import pytest

from aas_server.metamodel.tree import Node
from aas_server.templates.comparing.changes import (
    Change,
    ChangeKind,
    Step,
    declared_step,
    needed_step,
)
from aas_server.templates.comparing.comparer import compare
from aas_server.templates.prototype import Prototype, Template
from aas_server.templates.vocabulary import RuleKind, rule_kind
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

K = ChangeKind


def changed(*old: Node, to: tuple[Node, ...] | Node) -> list[tuple[ChangeKind, str, bool]]:
    new = to if isinstance(to, tuple) else (to,)
    return [
        (each.kind, each.path, each.breaking) for each in compare(template(*old), template(*new))
    ]


NAME: Final = text("Name", "ZeroToOne", semanticId=reference("urn:example:Name/1/0"))


def name(*rules: Node, card: str = "ZeroToOne", **members: Any) -> Node:
    return text("Name", card, *rules, **{"semanticId": NAME["semanticId"], **members})


def size(*rules: Node) -> Node:
    return number("Size", "One", *rules)


@pytest.mark.parametrize(
    ("old", "new", "kind", "breaking"),
    [
        (name(), name(card="One"), K.CARDINALITY, True),
        (name(), name(card="ZeroToMany"), K.CARDINALITY, False),
        (name(), name(idShort="Label"), K.RENAMED, True),
        (name(card="ZeroToMany"), name(card="ZeroToMany", idShort="Label"), K.RENAMED, False),
        (name(), name(valueType="xs:int"), K.VALUE_TYPE, True),
        (name(), name(modelType="Range"), K.TYPE, True),
        (name(), name(semanticId=reference("urn:example:Other")), K.SEMANTIC_ID, True),
        (name(), name(semanticId=reference("urn:example:Name/2/0")), K.SEMANTIC_VERSION, False),
        (text("Name", "One"), text("Name", "One", semanticId=reference("urn:x")), K.SEMANTIC_ID, 0),
        (
            name(),
            name(supplementalSemanticIds=[reference("urn:x")]),
            K.SUPPLEMENTAL_IDS,
            False,
        ),
        (name(), name(rule("SMT/AllowedValue", "a;b")), K.ALLOWED_VALUES, True),
        (name(rule("SMT/AllowedValue", "a;b")), name(), K.ALLOWED_VALUES, False),
        (
            name(rule("SMT/AllowedValue", "a;b")),
            name(rule("SMT/AllowedValue", "a;b;c")),
            K.ALLOWED_VALUES,
            False,
        ),
        (
            name(rule("SMT/AllowedValue", "a;b")),
            name(rule("SMT/AllowedValue", "a")),
            K.ALLOWED_VALUES,
            True,
        ),
        (size(), size(rule("SMT/AllowedRange", "[0,1]")), K.ALLOWED_RANGE, True),
        (size(rule("SMT/AllowedRange", "[0,1]")), size(), K.ALLOWED_RANGE, False),
        (
            size(rule("SMT/AllowedRange", "(0,1]")),
            size(rule("SMT/AllowedRange", "[0,*]")),
            K.ALLOWED_RANGE,
            False,
        ),
        (
            size(rule("SMT/AllowedRange", "[0,1]")),
            size(rule("SMT/AllowedRange", "[0,1)")),
            K.ALLOWED_RANGE,
            True,
        ),
        (name(), name(rule("SMT/AllowedIdShort", "N.*")), K.ALLOWED_ID_SHORT, True),
        (name(), name(rule("SMT/RequiredLang", "en")), K.LANGUAGES, True),
        (
            name(rule("SMT/RequiredLang", "en|de")),
            name(rule("SMT/RequiredLang", "de")),
            K.LANGUAGES,
            0,
        ),
        (name(), name(rule("SMT/EitherOr", "A")), K.EITHER_OR, True),
        (name(rule("SMT/EitherOr", "A")), name(), K.EITHER_OR, False),
        (name(), name(rule("SMT/InitialValue", "x")), K.INITIAL_VALUE, False),
        (name(), name(rule("SMT/AccessMode", "ReadOnly")), K.ACCESS_MODE, False),
        (name(), name(rule("SMT/ExampleValue", "x")), K.EXAMPLE, False),
        (name(), name(value="x"), K.EXAMPLE, False),
        (name(), name(rule("Note", "x", kind=None)), K.QUALIFIER, False),
        (name(), name(description=[{"language": "en", "text": "x"}]), K.TEXT, False),
        (
            element("File", "F", "One", contentType="text/plain"),
            element("File", "F", "One", contentType="text/csv"),
            K.MEMBER,
            False,
        ),
    ],
)
def test_each_change_is_told_once(old: Node, new: Node, kind: ChangeKind, breaking: bool) -> None:
    (change,) = compare(template(old), template(new))
    assert (change.kind, change.breaking) == (kind, bool(breaking))


def test_what_is_added_breaks_when_it_is_required() -> None:
    assert changed(to=name()) == [(K.ADDED, "Name", False)]
    assert changed(to=name(card="One")) == [(K.ADDED, "Name", True)]
    either = tuple(name(rule("SMT/EitherOr", "A"), card="One", idShort=each) for each in "AB")
    assert [breaking for _, _, breaking in changed(to=either)] == [False, False]


def test_of_what_is_removed_the_topmost_element_is_told() -> None:
    outer = collection("Outer", name(), collection("Inner", name(), card="One"), card="One")
    assert changed(outer, to=()) == [(K.REMOVED, "Outer", True)]


def test_what_is_deep_inside_has_its_path() -> None:
    def outer(inner: Node) -> Node:
        return collection("Outer", listing("List", inner, card="One"), card="One")

    item = text(None, "OneToMany")
    other = text(None, "OneToMany", description=[{"language": "en", "text": "x"}])
    assert changed(outer(item), to=outer(other)) == [(K.TEXT, "Outer.List[0]", False)]


def test_types_of_items_are_told() -> None:
    old, new = (
        listing("L", text(None, "One", valueType=each), card="One")
        for each in ("xs:int", "xs:long")
    )
    kinds = changed(old, to=new)
    assert kinds == [(K.LIST_TYPE, "L", True), (K.VALUE_TYPE, "L[0]", True)]


def test_siblings_of_one_meaning_are_told_apart_by_their_names() -> None:
    first, second = (text(each, "One", semanticId=reference("urn:same")) for each in "AB")
    assert changed(first, second, to=(second, first)) == []
    third = {**second, "idShort": "C"}
    assert changed(first, second, to=(first, third)) == [(K.RENAMED, "C", True)]
    assert {each[0] for each in changed(first, second, to=third)} == {K.REMOVED, K.ADDED}


def test_the_meaning_tells_more_than_a_name_that_went_over_to_another() -> None:
    other = name(semanticId=reference("urn:example:Other"))
    assert changed(name(), to=(name(idShort="Label"), other)) == [
        (K.RENAMED, "Label", True),
        (K.ADDED, "Name", False),
    ]


def test_a_concept_with_another_unit_breaks() -> None:
    def version(unit: str) -> Template:
        return Template(template(name()).node, "test", {"urn:c": concept("urn:c", unit=unit)})

    (change,) = compare(version("mm"), version("m"))
    assert (change.kind, change.path, change.breaking) == (K.UNIT, "urn:c", True)


def test_the_submodel_itself_is_compared() -> None:
    old, new = template(), template(semanticId=reference("urn:example:Pump/2/0"))
    assert [each.kind for each in compare(old, new)] == [K.SEMANTIC_VERSION]
    assert compare(old, template(identifier="urn:other", administration={"version": "9"})) == []


@pytest.mark.parametrize(
    ("version", "revision", "step"),
    [("2", "0", Step.MAJOR), ("1", "3", Step.MINOR), ("1", "2", Step.PATCH)],
)
def test_the_declared_step_is_read_from_the_administrations(
    version: str, revision: str, step: Step
) -> None:
    new = template(administration={"version": version, "revision": revision})
    assert declared_step(template(), new) is step


def test_the_largest_change_says_which_step_is_needed() -> None:
    steps = [Step.PATCH, Step.MAJOR, Step.MINOR]
    changes = [Change(K.TEXT, "", "", step) for step in steps]
    assert needed_step(changes) is Step.MAJOR
    assert needed_step([]) is Step.NONE


def test_nothing_changed_between_a_published_template_and_itself(
    published: list[Template],
) -> None:
    for each in published:
        copy = Template(deepcopy(each.node), "copy", deepcopy(each.concept_descriptions))
        assert compare(each, copy) == [], each.source


def _renamed(prototype: Prototype) -> None:
    prototype.node["idShort"] = "CompletelyOther"


def _other_meaning(prototype: Prototype) -> None:
    prototype.node["semanticId"] = reference("urn:example:completely-other")


def _other_value_type(prototype: Prototype) -> None:
    is_string = prototype.node["valueType"] == "xs:string"
    prototype.node["valueType"] = "xs:int" if is_string else "xs:string"


def _other_cardinality(prototype: Prototype) -> None:
    for each in prototype.node["qualifiers"]:
        if rule_kind(each) is RuleKind.CARDINALITY:
            each["value"] = "OneToMany" if prototype.cardinality.most == 1 else "One"


def _other_description(prototype: Prototype) -> None:
    prototype.node["description"] = [{"language": "en", "text": "completely other"}]


def _other_range(prototype: Prototype) -> None:
    prototype.node.setdefault("qualifiers", []).append(rule("SMT/AllowedRange", "[3,4]"))


def _has_cardinality(prototype: Prototype) -> bool:
    kinds = [rule_kind(each) for each in prototype.node.get("qualifiers", ())]
    is_single = kinds.count(RuleKind.CARDINALITY) == 1
    return is_single and prototype.rules.cardinality is not None


MUTATIONS: Final[
    list[tuple[ChangeKind, Callable[[Prototype], None], Callable[[Prototype], Any]]]
] = [
    (K.RENAMED, _renamed, lambda each: each.ids and each.id_short and not each.in_list),
    (K.SEMANTIC_ID, _other_meaning, lambda each: each.ids and each.id_short),
    (K.VALUE_TYPE, _other_value_type, lambda each: "valueType" in each.node),
    (K.CARDINALITY, _other_cardinality, _has_cardinality),
    (K.TEXT, _other_description, lambda each: True),
    (
        K.ALLOWED_RANGE,
        _other_range,
        lambda each: each.model_type == "Property" and each.rules.allowed_range is None,
    ),
]


@pytest.mark.parametrize(
    ("kind", "mutate", "fits"), MUTATIONS, ids=[str(m[0].value) for m in MUTATIONS]
)
def test_a_single_mutation_of_a_published_template_is_a_single_change(
    published: list[Template],
    kind: ChangeKind,
    mutate: Callable[[Prototype], None],
    fits: Callable[[Prototype], Any],
) -> None:
    for one in published:
        copy = Template(orjson.loads(orjson.dumps(one.node)), "mutant", one.concept_descriptions)
        chosen = [each for each in _alone(copy.children) if fits(each)]
        if not chosen:
            continue
        target = chosen[len(chosen) // 2]
        mutate(target)
        mutant = Template(copy.node, "mutant", one.concept_descriptions)
        changes = compare(one, mutant)
        assert [each.kind for each in changes] == [kind], (one.source, target.path, changes)


def _alone(prototypes: tuple[Prototype, ...]) -> list[Prototype]:
    """Return the prototypes that no sibling shares a name or a meaning with."""
    found = []
    for each in prototypes:
        others = [other for other in prototypes if other is not each]
        if not any(other.id_short == each.id_short or other.ids == each.ids for other in others):
            found.append(each)
        found += _alone(each.children)
    return found


def _between(published: list[Template], old: str, new: str) -> list[Change]:
    pair = [next(one for one in published if part in one.source) for part in (old, new)]
    return compare(*pair)


def test_what_changed_in_the_asset_interfaces_description(published: list[Template]) -> None:
    changes = _between(published, "IDTA_02017-1-0_", "IDTA_02017-1-1_")
    added = [each.path for each in changes if each.kind is K.ADDED and "." not in each.path]
    assert added == [
        "InterfaceTemplateForOPCUA",
        "InterfaceTemplateForBacnet",
        "InterfaceTemplateForIOLINK_OVER_PROFINET_REST",
    ]
    assert changes[0].kind is K.SEMANTIC_VERSION
    became = [each for each in changes if each.kind is K.TYPE]
    assert [(each.before, each.after) for each in became] == [
        ("Property", "SubmodelElementList")
    ] * 2
    assert needed_step(changes) is Step.MAJOR


def test_what_changed_in_the_mapping_configuration(published: list[Template]) -> None:
    changes = _between(published, "IDTA_02027-1-0_", "IDTA_02027_Template_AIMC")
    item = "MappingConfigurations[0]"
    gone = [each.path for each in changes if each.kind is K.REMOVED]
    new = [each.path for each in changes if each.kind is K.ADDED and each.breaking]
    assert gone == [f"{item}.InterfaceReference", f"{item}.MappingSourceSinkRelations"]
    assert new == [f"{item}.Sources", f"{item}.Sinks"]


def test_what_changed_in_the_simulation_models(published: list[Template]) -> None:
    changes = _between(published, "IDTA_02005-1-0_", "IDTA_02005_Template")
    assert [each.path for each in changes if each.kind is K.ADDED] == ["SimulationModel.Quality"]
    assert not [each for each in changes if each.kind is K.REMOVED]


def test_containers_are_compared_by_their_children_only() -> None:
    grown = collection("Outer", name(), name(idShort="More", semanticId=None), card="One")
    assert changed(collection("Outer", name(), card="One"), to=grown) == [
        (K.ADDED, "Outer.More", False)
    ]
