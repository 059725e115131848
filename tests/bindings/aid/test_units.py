"""Units are converted where both are known, left alone where not, refused where they do not fit."""

from __future__ import annotations

import pytest

from aas_server.bindings.aid.units import unit_conversion, unit_of
from aas_server.bindings.unit_codes import UCUM_BY_CODE
from aas_server.bindings.units import unit_line
from aas_server.errors import ConfigurationError


@pytest.mark.parametrize(
    ("source", "target", "conversion"),
    [
        ("CEL", "K", {"from": "Cel", "to": "K"}),
        ("degC", "CEL", None),
        ("Cel", "°C", None),
        ("BAR", "KPA", {"from": "bar", "to": "kPa"}),
        ("RPM", "1/s", {"from": "1/min", "to": "1/s"}),
        (None, "K", None),
        ("CEL", None, None),
        ("Stück", "K", None),
        ("CEL", "Grad", None),
        ("CEL", "Grad Celsius", None),
        ("x", "x", None),
    ],
)
def test_only_units_that_are_known_and_differ_are_converted(
    source: str | None, target: str | None, conversion: dict[str, str] | None
) -> None:
    assert unit_conversion(source, target) == conversion


def test_units_that_measure_different_things_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="measure different things"):
        unit_conversion("CEL", "bar")


@pytest.mark.parametrize("code", UCUM_BY_CODE)
def test_every_code_is_a_unit_that_can_be_calculated_with(code: str) -> None:
    assert unit_line(UCUM_BY_CODE[code], UCUM_BY_CODE[code]).is_identity


@pytest.mark.parametrize(
    "concept",
    [{}, {"embeddedDataSpecifications": [{}]}, {"embeddedDataSpecifications": None}],
)
def test_a_concept_need_not_tell_a_unit(concept: dict[str, object]) -> None:
    assert unit_of(concept) is None
