"""What composite elements take of a device's values, and give back."""

from __future__ import annotations

from array import array
from datetime import UTC, datetime
from typing import Any

import pytest

from aas_server.bindings.composite_types import namesakes
from aas_server.bindings.conversion import compile_conversion
from aas_server.bindings.named_values import NamedNumber, NamedObject
from aas_server.bindings.plant.opcua import OpcUaBindingSettings
from aas_server.bindings.sink_types import MAX_VALUE_SIZE, ConversionError, TooLarge
from aas_server.errors import BadRequest, ConfigurationError
from aas_server.live.shapes import ABSENT, Shape
from aas_server.live.sinks import Facet, Sink
from aas_server.live.values import BAD_ENCODING_LIMITS_EXCEEDED

DOUBLE = Shape("Property", "xs:double")
TEXT = Shape("Property", "xs:string")
NUMBERS = Shape("SubmodelElementList", item=DOUBLE)
TEXTS = Shape("SubmodelElementList", item=TEXT)
RANGE = Shape("Range", "xs:double")
BLOB = Shape("Blob", content_type="image/gif")
TOOL = Shape(
    "SubmodelElementCollection",
    members=(("Name", TEXT), ("Life", DOUBLE), ("X_", DOUBLE), ("Feeds", NUMBERS)),
)


def conversion(shape: Shape, **settings: Any) -> Any:
    row = OpcUaBindingSettings.model_validate(
        {
            "connection": "c",
            "node": "i=1",
            "sink": {"submodel": "urn:s", "path": "There"},
            **settings,
        }
    )
    path = ("There",)
    is_leaf = shape.model_type == "Property"
    sink = Sink(
        "urn:s",
        path,
        shape.model_type,
        shape.value_type,
        {path: Facet.VALUE},
        None if is_leaf else shape,
    )
    return compile_conversion(row, sink)


@pytest.mark.parametrize(
    ("shape", "given", "taken"),
    [
        (NUMBERS, [1, 2.5, True], [1.0, 2.5, 1.0]),
        (NUMBERS, (), []),
        (NUMBERS, [1.0, None], [1.0, None]),
        (Shape("SubmodelElementList", item=NUMBERS), [[1], []], [[1.0], []]),
        (RANGE, {"Low": 1, "High": 2.5}, {"min": 1.0, "max": 2.5}),
        (RANGE, {"min": 1, "max": None}, {"min": 1.0, "max": None}),
        (RANGE, [1, 2], {"min": 1.0, "max": 2.0}),
        (BLOB, b"\x01\x02", "AQI="),
        (TEXTS, [NamedNumber(3, "Worn"), 4], ["Worn", "4"]),
        (
            TOOL,
            {"Name": "Drill", "Life": ABSENT, "X": 2, "Feeds": [1], "Other": object()},
            {"Name": "Drill", "Life": ABSENT, "X_": 2.0, "Feeds": [1.0]},
        ),
        (TOOL, {"Name": None, "Life": 1}, {"Name": None, "Life": 1.0}),
    ],
)
def test_a_devices_value_becomes_the_value_of_the_element(
    shape: Shape, given: Any, taken: Any
) -> None:
    assert conversion(shape).to_sink(given) == taken


@pytest.mark.parametrize(
    ("shape", "given", "told"),
    [
        (NUMBERS, 1.0, "one value and no array"),
        (NUMBERS, None, "no value"),
        (NUMBERS, [1.0, "fast"], r"\[1\]: the device gives 'fast'"),
        (RANGE, 5, "a range of two bounds"),
        (RANGE, {"Low": 1}, "a range of two bounds"),
        (RANGE, [1, 2, 3], "an array of 3, which is not a range"),
        (RANGE, {"Low": 1, "High": "x"}, "max: the device gives 'x'"),
        (BLOB, 5, "xs:base64Binary"),
        (TOOL, [1], "an array of 1"),
        (TOOL, {"Colour": 1}, "the fields Colour: none is an element .*Name, Life"),
        (TOOL, {"Feeds": [0, {}]}, r"Feeds: \[1\]: the device gives an object"),
        (DOUBLE, {"Low": 1}, "an object of Low, which is not a number"),
    ],
)
def test_what_does_not_fit_is_refused_where_it_is(shape: Shape, given: Any, told: str) -> None:
    with pytest.raises(ConversionError, match=told):
        conversion(shape).to_sink(given)


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        (NUMBERS, [0.0] * 1_000_000),
        (TEXT, "x" * 10_000_000),
        (TEXTS, ["x" * 1000] * 2000),
        (BLOB, bytes(2_000_000)),
        (Shape("Property", "xs:hexBinary"), bytes(2_000_000)),
        (TEXT, {"Values": [1.0] * 200_000}),
        (Shape("SubmodelElementList", item=NUMBERS), [[1.0] * 1000] * 200),
    ],
)
def test_a_value_of_megabytes_is_refused_as_such(shape: Shape, value: Any) -> None:
    with pytest.raises(TooLarge, match=f"{MAX_VALUE_SIZE:,} are taken") as refusal:
        conversion(shape).to_sink(value)

    assert refusal.value.status_code == BAD_ENCODING_LIMITS_EXCEEDED
    assert len(str(refusal.value)) < 200


def test_one_item_of_an_array_of_any_size_is_taken() -> None:
    numbers = array("d", [0.5]) * 1_000_000

    assert conversion(DOUBLE, index=999_999).to_sink(numbers) == 0.5
    with pytest.raises(TooLarge):
        conversion(NUMBERS).to_sink(numbers)
    with pytest.raises(ConversionError, match="an array of 1000000: say which"):
        conversion(DOUBLE).to_sink(numbers)


def test_an_object_in_a_text_is_json() -> None:
    value = {
        "Name": "Drill",
        "Life": float("nan"),
        "Gone": ABSENT,
        "Key": b"\x00",
        "State": NamedNumber(1, "Cutting"),
        "When": datetime(2026, 1, 2, tzinfo=UTC),
        "Title": {"language": "de", "text": "Fräse"},
        "Null": None,
    }

    assert conversion(TEXT).to_sink(value) == (
        '{"Name":"Drill","Life":"NaN","Key":"AA==","State":1,"When":"2026-01-02T00:00:00.000Z",'
        '"Title":{"language":"de","text":"Fräse"},"Null":null}'
    )


def test_what_has_a_name_is_called_by_it_in_a_text_and_counted_elsewhere() -> None:
    status = NamedNumber(0x80340000, "BadNodeIdUnknown")
    unit = NamedObject({"UnitId": 4408652}, "CEL")

    assert conversion(TEXT).to_sink(status) == "BadNodeIdUnknown"
    for value_type in ("xs:unsignedInt", "xs:long", "xs:decimal"):
        number = conversion(Shape("Property", value_type)).to_sink(status)
        assert (type(number), number) == (int, 0x80340000)
    assert type(conversion(DOUBLE).to_sink(status)) is float
    assert conversion(TEXT).to_sink(unit) == "CEL"


def test_units_and_scales_calculate_with_every_number_of_a_list_and_a_range() -> None:
    degrees = {"unit": {"from": "degF", "to": "degC"}, "direction": "readWrite"}

    assert conversion(NUMBERS, **degrees).to_sink([32, 212]) == pytest.approx([0, 100])
    limits = conversion(RANGE, **degrees)
    assert limits.to_sink({"Low": 32, "High": 212}) == pytest.approx({"min": 0, "max": 100})
    assert limits.to_device({"min": 0, "max": 100}) == pytest.approx({"min": 32, "max": 212})
    with pytest.raises(ConfigurationError, match="calculate with numbers"):
        conversion(TOOL, **degrees)


def test_an_enumeration_names_every_number_of_a_list() -> None:
    named = conversion(TEXTS, enumeration={0: "Off", 1: "On"}, direction="readWrite")

    assert named.to_sink([1, 0]) == ["On", "Off"]
    assert named.to_device(["Off", "On"]) == [0, 1]
    with pytest.raises(ConversionError, match=r"\[1\]: .*enumeration"):
        named.to_sink([1, 7])
    with pytest.raises(ConfigurationError, match="bind a Property or a list"):
        conversion(TOOL, enumeration={0: "Off"})


@pytest.mark.parametrize(
    ("shape", "given", "sent"),
    [
        (NUMBERS, [1, 2.5], [1, 2.5]),
        (RANGE, {"min": 1, "max": "INF"}, {"min": 1.0, "max": float("inf")}),
        (BLOB, {"contentType": "image/gif", "value": "AQI="}, b"\x01\x02"),
        (TOOL, {"Name": "Drill", "Life": None}, {"Name": "Drill", "Life": None}),
    ],
)
def test_a_clients_value_becomes_the_devices(shape: Shape, given: Any, sent: Any) -> None:
    assert conversion(shape).to_device(given) == sent


@pytest.mark.parametrize(
    ("shape", "given", "told"),
    [
        (NUMBERS, {"0": 1}, "an array"),
        (NUMBERS, [1, "fast"], r"\[1\]: "),
        (RANGE, {"min": 1}, "both bounds"),
        (RANGE, {"min": 1, "max": "x"}, "max: "),
        (BLOB, "AQI=", "base64"),
        (BLOB, {"value": "?"}, "base64"),
        (BLOB, {"contentType": "image/png", "value": ""}, "stay image/gif"),
        (TOOL, {"Colour": 1}, "'Colour' is no field"),
        (TOOL, {"Feeds": [None]}, r"Feeds: \[0\]: "),
        (TOOL, [1], "an object"),
    ],
)
def test_a_clients_value_of_another_form_is_refused_where_it_is(
    shape: Shape, given: Any, told: str
) -> None:
    with pytest.raises(BadRequest, match=told) as refusal:
        conversion(shape).to_device(given)

    assert refusal.value.path == "There"


def test_a_decoder_comes_before_the_conversion_and_is_replaced_by_the_next() -> None:
    plain = conversion(NUMBERS)

    first = plain.with_decoder(lambda value: [value])
    second = first.with_decoder(lambda value: [value, value])

    assert first.to_sink(1) == [1.0]
    assert second.to_sink(1) == [1.0, 1.0]
    assert second.with_decoder(None).to_sink([1]) == [1.0]


@pytest.mark.parametrize(
    ("wanted", "given", "found"),
    [
        (["X_"], ["X", "Y"], {"X_": "X"}),
        (["AirPressure"], ["Air Pressure"], {"AirPressure": "Air Pressure"}),
        (["Name"], ["Name", "name"], {"Name": "Name"}),
        (["NAME"], ["Name", "name"], {}),
        (["Other"], ["Name"], {}),
    ],
)
def test_names_that_differ_in_punctuation_only_mean_the_same(
    wanted: list[str], given: list[str], found: dict[str, str]
) -> None:
    assert namesakes(wanted, given) == found
