"""idShorts from names of machines."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aas_server.bindings.onboarding.naming import Names, id_short


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Drehzahl", "Drehzahl"),
        ("Wärmetauscher 1", "Waermetauscher_1"),
        ("Größe/µm", "Groesse_um"),
        ("/ax/1/vel", "ax_1_vel"),
        ("3D-Position", "E_3D_Position"),
        ("Température", "Temperature"),
        ("n", "n_"),
        ("温度", "Element"),
        ("", "Element"),
    ],
)
def test_an_id_short_is_the_closest_to_the_name_of_the_machine(name: str, expected: str) -> None:
    assert id_short(name) == expected


@given(st.text(max_size=300))
def test_any_name_makes_a_legal_id_short(name: str) -> None:
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*[A-Za-z0-9_]", id_short(name))
    assert len(id_short(name)) <= 128


def test_a_taken_name_makes_way_for_the_longer_one_and_then_for_a_number() -> None:
    names = Names(["speed"])

    assert names.take("Speed", "Spindle_Speed") == "Spindle_Speed"
    assert names.take("Speed", "Spindle_Speed") == "Spindle_Speed_2"
    assert names.take("Speed", "Spindle_Speed") == "Spindle_Speed_3"
