"""Filling a template from tables: what does not fit is refused with its place."""

from __future__ import annotations

from typing import Any

import pytest

from submodels.instances import DoesNotFit, instance
from submodels.values import LIVE, Span, Text, external, live, plain

_TEXT = Text("Text.", "Text auf Deutsch.")


def _maintenance(values: dict[str, Any]) -> dict[str, Any]:
    return instance("Maintenance", "urn:x", _TEXT, values)


def test_what_a_machine_delivers_has_no_value() -> None:
    (counters,) = _maintenance({"Counters": live("OperatingHours")})["submodelElements"]
    (element,) = counters["value"]
    assert (element["idShort"], element["valueType"]) == ("OperatingHours", "xs:double")
    assert "value" not in element


def test_a_live_element_does_not_get_its_initial_value() -> None:
    state = {"OperatingState": LIVE, "StateSince": LIVE}
    made = instance("OperationalData", "urn:x", _TEXT, {"State": state, "Signals": {}})
    (operating_state, since) = made["submodelElements"][0]["value"]
    assert operating_state["idShort"] == "OperatingState"
    assert "value" not in operating_state
    assert "value" not in since


def test_an_instance_keeps_names_of_structures_and_no_descriptions() -> None:
    made = _maintenance({"Counters": {"OperatingHours": "1.5"}})
    (counters,) = made["submodelElements"]
    assert counters["displayName"][0] == {"language": "en", "text": "Usage counters"}
    assert "description" not in counters
    assert "displayName" not in counters["value"][0]
    assert made["description"][1] == {"language": "de", "text": "Text auf Deutsch."}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"Counters": {"Strokes": "1"}}, r"urn:x Counters\.Strokes: the template has no such"),
        ({"Counters": {"OperatingHours": "many"}}, r"urn:x Counters\.OperatingHours"),
        ({"Schedule": "text"}, "urn:x Schedule: a list takes an array"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(values: dict[str, Any], message: str) -> None:
    with pytest.raises(DoesNotFit, match=f"^{message}"):
        _maintenance(values)


def test_values_become_what_the_engine_takes() -> None:
    assert plain(
        {"a": LIVE, "b": _TEXT, "c": Span("0", None), "d": [external("urn:y")], "e": "1"}
    ) == {
        "a": None,
        "b": {"en": "Text.", "de": "Text auf Deutsch."},
        "c": {"min": "0"},
        "d": [
            {
                "type": "ExternalReference",
                "keys": [{"type": "GlobalReference", "value": "urn:y"}],
            }
        ],
        "e": "1",
    }
