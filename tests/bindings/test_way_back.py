"""What a machine gave goes back to it as what it was, whatever was made of it on the way."""

from __future__ import annotations

from typing import Any

from asyncua.ua import VariantType
from hypothesis import given, settings
from hypothesis import strategies as st

from aas_server.bindings.opcua.variants import to_variant
from aas_server.metamodel.value_types import is_xml_text
from tests.bindings.test_conversion import conversion

INTEGERS = st.integers(0, 65535)
FACTORS = st.sampled_from([0.1, 0.01, 0.001, 0.25, 2.0, 10.0, 1 / 3, 1.8, -0.5])
TEXTS = st.text(min_size=1, max_size=12).filter(is_xml_text)
KEYS = st.integers(-(2**31), 2**31 - 1) | st.text(min_size=1, max_size=8)


@settings(deadline=None)
@given(value=INTEGERS, factor=FACTORS, offset=st.sampled_from([0.0, -40.0, 273.15, 0.1]))
def test_a_scaled_integer_is_the_same_integer_again(
    value: int, factor: float, offset: float
) -> None:
    convert = conversion(scale={"factor": factor, "offset": offset})
    back = to_variant(convert.to_device(convert.to_sink(value)), VariantType.UInt16, path="p")
    assert back.Value == value


@settings(deadline=None)  # the first one reads all units
@given(
    value=INTEGERS,
    unit=st.sampled_from([("degF", "degC"), ("K", "degC"), ("1/min", "1/s"), ("psi", "bar")]),
)
def test_an_integer_in_another_unit_is_the_same_integer_again(
    value: int, unit: tuple[str, str]
) -> None:
    convert = conversion(unit={"from": unit[0], "to": unit[1]})
    back = to_variant(convert.to_device(convert.to_sink(value)), VariantType.UInt16, path="p")
    assert back.Value == value


@given(table=st.dictionaries(KEYS, TEXTS, min_size=1, max_size=20), data=st.data())
def test_a_text_is_the_machines_own_number_or_text_again(
    table: dict[Any, str], data: st.DataObject
) -> None:
    texts = {text: key for key, text in table.items()}
    distinct = {key: text for text, key in texts.items()}
    direction = data.draw(st.sampled_from(["readWrite", "write"]))
    convert = conversion("xs:string", enumeration=distinct, direction=direction)
    for key, text in distinct.items():
        assert convert.to_sink(key) == text
        assert convert.to_device(text) == key
