"""Filling a template: what does not fit is refused with its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from submodels.authoring.declaration import (
    MANY,
    ONE,
    OPTIONAL,
    Collection,
    List,
    Meaning,
    Property,
    Template,
    Text,
)
from submodels.authoring.instance import DoesNotFit, instance
from submodels.authoring.template import template_environment
from submodels.authoring.values import LIVE

_NAME = Meaning("Name", "Name", "A name.", "Ein Name.")
_TEXT = Text("Text.", "Text.")
_TEMPLATE = Template(
    "Sample",
    (
        Property("First", ONE, _NAME),
        Property("Second", OPTIONAL, _NAME, value_type="xs:int"),
        List(
            "Items",
            OPTIONAL,
            _NAME,
            item=Collection("Item", MANY, _NAME, elements=(Property("Part", ONE, _NAME),)),
        ),
    ),
    _NAME,
)


def _elements(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    filled: list[dict[str, Any]] = instance(_TEMPLATE, "urn:x", _TEXT, values)["submodelElements"]
    return filled


def test_elements_stand_in_the_template_s_order() -> None:
    names = [element["idShort"] for element in _elements({"Second": "2", "First": "1"})]
    assert names == ["First", "Second"]


def test_what_a_machine_delivers_has_no_value() -> None:
    (element,) = _elements({"First": LIVE})
    assert element["valueType"] == "xs:string"
    assert "value" not in element


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"Second": "2"}, "urn:x: First is missing"),
        ({"First": "1", "Third": "3"}, "urn:x: the template has no Third"),
        ({"First": 1}, "urn:x.First: 1 does not fit"),
        ({"First": "1", "Items": []}, "urn:x.Items: is empty, leave it out"),
        ({"First": "1", "Items": "text"}, "urn:x.Items: 'text' does not fit"),
        ({"First": "1", "Items": [{"Part": "1"}, {}]}, r"urn:x.Items\[1\]: Part is missing"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(
    values: Mapping[str, Any], message: str
) -> None:
    with pytest.raises(DoesNotFit, match=f"^{message}$"):
        _elements(values)


def test_a_template_without_a_meaning_is_refused() -> None:
    with pytest.raises(ValueError, match="what each of its elements means"):
        template_environment(Template("Sample", (Property("First", ONE),), _NAME))
