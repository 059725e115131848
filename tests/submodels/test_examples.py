"""The filled examples: instances of their templates that use all of them."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest

from tests.submodels.oracles import Json, children, qualifiers, violations, walk


def _concepts_of_elements(submodel: Json) -> set[str]:
    return {element["semanticId"]["keys"][0]["value"] for _, element in walk(submodel)}


def test_an_example_keeps_the_rules_of_its_template(template: Json, example: Json) -> None:
    (declared,), (filled,) = template["submodels"], example["submodels"]
    assert list(violations(declared, filled)) == []


def test_an_example_uses_every_element_of_its_template(template: Json, example: Json) -> None:
    (declared,), (filled,) = template["submodels"], example["submodels"]
    assert _concepts_of_elements(filled) == _concepts_of_elements(declared)


def test_an_example_is_an_instance_that_names_its_template(template: Json, example: Json) -> None:
    (declared,), (filled,) = template["submodels"], example["submodels"]
    assert filled["kind"] == "Instance"
    assert filled["semanticId"] == declared["semanticId"]
    assert filled["administration"]["templateId"] == declared["id"]
    for path, element in walk(filled):
        assert qualifiers(element) == {}, path
        if element["modelType"] not in {"Range", "ReferenceElement"}:
            assert element["value"], path
        if element["modelType"] in {"SubmodelElementCollection", "SubmodelElementList"}:
            assert children(element), path


def _remove_state_since(submodel: Json) -> None:
    del submodel["submodelElements"][0]["value"][2]


def _mistype_state(submodel: Json) -> None:
    submodel["submodelElements"][0]["value"][0]["value"] = "Running"


def _second_value(submodel: Json) -> None:
    signals = submodel["submodelElements"][1]["value"]
    signals[0]["value"].append(copy.deepcopy(signals[1]["value"][0]))


@pytest.mark.parametrize("spoil", [_remove_state_since, _mistype_state, _second_value])
@pytest.mark.parametrize("folder", ["OperationalData"], indirect=True)
def test_the_rules_notice_a_spoiled_example(
    template: Json, example: Json, spoil: Callable[[Json], None]
) -> None:
    (declared,), (filled,) = template["submodels"], example["submodels"]
    spoil(filled)
    assert len(list(violations(declared, filled))) == 1
