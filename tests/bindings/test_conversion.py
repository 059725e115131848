"""Conversions: no value passes that the model's type does not hold, none is changed in silence."""

from __future__ import annotations

import base64
import math
import struct
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aas_server.bindings.conversion import Conversion, ConversionError, compile_conversion
from aas_server.bindings.plant.opcua import OpcUaBindingSettings
from aas_server.errors import BadRequest, ConfigurationError
from aas_server.live.sinks import Facet, Sink
from aas_server.metamodel.value_types import INTEGER_BOUNDS, VALUE_TYPES, to_lexical


def settings(**keys: Any) -> OpcUaBindingSettings:
    row = {"connection": "m", "node": "n", "sink": {"submodel": "urn:s", "path": "A.B"}}
    return OpcUaBindingSettings.model_validate({**row, **keys})


def sink(value_type: str | None = "xs:double", model_type: str = "Property") -> Sink:
    path = ("A", "B")
    return Sink("urn:s", path, model_type, value_type, {path: Facet.VALUE})


def conversion(value_type: str | None = "xs:double", **keys: Any) -> Conversion:
    model_type = "MultiLanguageProperty" if value_type is None else "Property"
    return compile_conversion(settings(**keys), sink(value_type, model_type))


DEGREES = {"unit": {"from": "degF", "to": "degC"}}
TENTHS = {"scale": {"factor": 0.1}}


NAIVE = datetime(2026, 1, 2, 3, 4, 5, 6789)  # noqa: DTZ001 - as device libraries give it
NO_TIMES = [datetime(1601, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)]


def digits(value: float) -> int:
    """How many digits say it; 99999997952.0 and 1e11 are one number of single precision."""
    return len(Decimal(repr(value)).normalize().as_tuple().digits)


LARGE = 10**400 - 1
"""No double can hold it."""
OF_NUMBERS = ("xs:double", "xs:float", "xs:decimal", "xs:integer", "xs:int", "xs:unsignedLong")


class TestToSink:
    @pytest.mark.parametrize("value", [LARGE, -LARGE, str(LARGE)[:350], str(-LARGE)[:350]])
    @pytest.mark.parametrize("keys", [{}, TENTHS, DEGREES], ids=["plain", "scaled", "unit"])
    @pytest.mark.parametrize("value_type", OF_NUMBERS)
    def test_a_number_that_no_double_can_hold_is_whole_or_refused(self, value_type, keys, value):
        try:
            found = conversion(value_type, **keys).to_sink(value)
        except ConversionError:
            return
        if value_type in ("xs:double", "xs:float"):
            # A text beyond their range is infinite by XSD; an integer of a device is refused.
            assert isinstance(value, str)
            assert math.isinf(found)
        else:
            assert not keys
            assert value_type in ("xs:decimal", "xs:integer")
            assert found == int(value)

    def test_a_duration_may_be_longer_than_any_double(self):
        assert conversion("xs:duration").to_sink(LARGE).startswith("PT1000")

    @pytest.mark.parametrize(
        ("value_type", "value", "expected"),
        [
            ("xs:double", 1.5, 1.5),
            ("xs:double", 7, 7.0),
            ("xs:double", 2**53, 9007199254740992.0),
            ("xs:double", True, 1.0),
            ("xs:double", "1.5", 1.5),
            ("xs:double", "-INF", -math.inf),
            ("xs:float", struct.unpack("<f", struct.pack("<f", 0.1))[0], 0.1),
            ("xs:float", struct.unpack("<f", struct.pack("<f", 16777217.0))[0], 16777216.0),
            ("xs:float", 7, 7.0),
            ("xs:float", math.inf, math.inf),
            ("xs:decimal", 7, 7),
            ("xs:decimal", 7.25, 7.25),
            ("xs:decimal", "7.25", 7.25),
            ("xs:decimal", False, 0),
            ("xs:int", 7, 7),
            ("xs:int", 7.0, 7),
            ("xs:int", "7", 7),
            ("xs:int", True, 1),
            ("xs:unsignedLong", 2**64 - 1, 2**64 - 1),
            ("xs:boolean", True, True),
            ("xs:boolean", 0, False),
            ("xs:boolean", 1.0, True),
            ("xs:boolean", "true", True),
            ("xs:string", "Läuft", "Läuft"),
            ("xs:string", "", ""),
            ("xs:string", 7, "7"),
            ("xs:string", 7.0, "7.0"),
            ("xs:string", math.nan, "NaN"),
            ("xs:string", -math.inf, "-INF"),
            ("xs:string", True, "true"),
            ("xs:string", {"language": "de", "text": "Läuft"}, "Läuft"),
            ("xs:string", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05.000Z"),
            ("xs:anyURI", "urn:x", "urn:x"),
            ("xs:dateTime", NAIVE, "2026-01-02T03:04:05.006789Z"),
            ("xs:dateTime", "2026-01-02T03:04:05", "2026-01-02T03:04:05"),
            ("xs:duration", 1500.0, "PT1.5S"),
            ("xs:duration", -90000, "-PT90S"),
            ("xs:duration", 0, "PT0S"),
            ("xs:duration", "P1D", "P1D"),
            ("xs:date", "2026-01-02", "2026-01-02"),
            ("xs:base64Binary", b"\x00\xff", "AP8="),
            ("xs:base64Binary", "AP8=", "AP8="),
            ("xs:hexBinary", b"\x00\xff", "00FF"),
            (None, {"language": "de", "text": "a"}, [{"language": "de", "text": "a"}]),
            (None, {"language": None, "text": "a"}, [{"language": "und", "text": "a"}]),
            (None, {"language": "en_US", "text": "a"}, [{"language": "en-US", "text": "a"}]),
            (None, {"language": "Deutsch!", "text": "a"}, [{"language": "und", "text": "a"}]),
            (None, "a", [{"language": "und", "text": "a"}]),
            (
                None,
                [{"language": "de", "text": "a"}, {"language": "en", "text": "b"}],
                [{"language": "de", "text": "a"}, {"language": "en", "text": "b"}],
            ),
        ],
    )
    def test_a_value_passes_when_nothing_of_it_is_lost(self, value_type, value, expected):
        result = conversion(value_type).to_sink(value)
        assert result == expected
        assert type(result) is type(expected)

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
    @pytest.mark.parametrize("value_type", ["xs:double", "xs:float"])
    def test_not_a_number_and_infinity_pass_into_floating_types(self, value_type, value):
        assert repr(conversion(value_type).to_sink(value)) == repr(value)

    @pytest.mark.parametrize(
        ("value_type", "value"),
        [
            ("xs:double", 2**53 + 1),
            ("xs:double", 10**400),
            ("xs:double", "twelve"),
            ("xs:double", ""),
            ("xs:double", datetime(2026, 1, 1, tzinfo=UTC)),
            ("xs:double", b"\x01"),
            ("xs:float", 1e39),
            ("xs:decimal", math.nan),
            ("xs:decimal", math.inf),
            ("xs:int", 7.5),
            ("xs:int", 7 + 1e-8),
            ("xs:int", 2**31),
            ("xs:int", -(2**31) - 1),
            ("xs:int", math.nan),
            ("xs:int", math.inf),
            ("xs:int", "7.0"),
            ("xs:unsignedByte", -1),
            ("xs:boolean", 2),
            ("xs:boolean", "yes"),
            ("xs:boolean", math.nan),
            ("xs:string", b"\x01"),
            ("xs:string", "bell \x07"),
            ("xs:string", "\x00slot\x00"),
            ("xs:string", "\ud800"),
            ("xs:dateTime", "yesterday"),
            ("xs:dateTime", 1767225600),
            ("xs:duration", math.inf),
            ("xs:duration", "1h"),
            ("xs:date", 20260102),
            ("xs:date", "02.01.2026"),
            ("xs:base64Binary", "a"),
            ("xs:base64Binary", 1),
            ("xs:hexBinary", "0"),
            (None, {"language": "de", "text": "\x07"}),
            (None, [{"language": "de", "text": "a"}, {"language": "de", "text": "b"}]),
        ],
    )
    def test_a_value_that_does_not_fit_is_an_error(self, value_type, value):
        with pytest.raises(ConversionError, match="the device gives "):
            conversion(value_type).to_sink(value)

    @pytest.mark.parametrize("value_type", [*sorted(VALUE_TYPES), None])
    def test_no_value_is_no_value_for_every_type(self, value_type):
        with pytest.raises(ConversionError, match=r"^the device gives no value$"):
            conversion(value_type).to_sink(None)

    @pytest.mark.parametrize("moment", NO_TIMES)
    @pytest.mark.parametrize("value_type", ["xs:dateTime", "xs:string"])
    def test_the_ends_of_opc_ua_time_are_no_value(self, value_type, moment):
        with pytest.raises(ConversionError, match="no value"):
            conversion(value_type).to_sink(moment)

    def test_a_localized_text_without_text_is_no_value(self):
        for value_type in ("xs:string", None):
            with pytest.raises(ConversionError, match="no value"):
                conversion(value_type).to_sink({"language": "de", "text": None})

    def test_moments_of_other_zones_are_told_in_utc(self):
        moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))
        assert conversion("xs:dateTime").to_sink(moment) == "2026-01-02T01:04:05.000Z"

    def test_an_array_needs_an_index(self):
        with pytest.raises(ConversionError, match="an array of 2: say which element"):
            conversion().to_sink([1.0, 2.0])

    def test_a_long_value_is_cut_in_the_error(self):
        with pytest.raises(ConversionError) as raised:
            conversion().to_sink("x" * 10_000)
        assert len(str(raised.value)) < 200

    @given(st.data())
    def test_what_passes_can_be_rendered_and_stays_the_same(self, data):
        value_type = data.draw(st.sampled_from(sorted(VALUE_TYPES)))
        value = data.draw(
            st.one_of(
                st.booleans(), st.integers(), st.floats(), st.text(), st.binary(max_size=8),
                st.datetimes(), st.none(), st.lists(st.integers()),
            )
        )  # fmt: skip
        to_sink = conversion(value_type).to_sink
        try:
            result = to_sink(value)
        except ConversionError:
            return
        assert isinstance(to_lexical(value_type, result), str)
        assert repr(to_sink(result)) == repr(result)

    @given(st.floats(width=32, allow_nan=False))
    def test_single_precision_is_shown_shortest_and_exact(self, value):
        result = conversion("xs:float").to_sink(value)
        assert struct.pack("<f", result) == struct.pack("<f", value)
        assert not math.isfinite(value) or digits(result) <= digits(value)


class TestIndex:
    def test_one_element_of_an_array_is_taken_before_all_else(self):
        assert conversion(index=1, **DEGREES).to_sink([0.0, 212.0]) == 100.0
        assert conversion("xs:string", index=0, enumeration={1: "On"}).to_sink((1, 2)) == "On"

    def test_an_index_beyond_the_array_is_an_error(self):
        with pytest.raises(ConversionError, match=r"an array of 2: there is no \[2\]"):
            conversion(index=2).to_sink([1.0, 2.0])

    @pytest.mark.parametrize("value", [1.0, "12", b"12", None])
    def test_an_index_into_a_single_value_is_an_error(self, value):
        with pytest.raises(ConversionError, match="no array: leave index out"):
            conversion(index=0).to_sink(value)


class TestCalculation:
    def test_the_scale_comes_before_the_unit(self):
        convert = conversion(scale={"factor": 0.1, "offset": 2}, unit={"from": "K", "to": "degC"})
        assert convert.to_sink(2981) == 26.95

    def test_texts_of_devices_can_be_calculated_with(self):
        assert conversion(**TENTHS).to_sink("25") == 2.5
        assert conversion("xs:int", **TENTHS).to_sink("20") == 2

    @pytest.mark.parametrize("value", [True, None, b"1", "x", [1], NAIVE])
    @pytest.mark.parametrize("value_type", ["xs:double", "xs:int"])
    def test_what_is_no_number_cannot_be_calculated_with(self, value_type, value):
        with pytest.raises(ConversionError):
            conversion(value_type, **TENTHS).to_sink(value)

    def test_not_a_number_and_infinity_stay_what_they_are(self):
        convert = conversion(**DEGREES)
        assert math.isnan(convert.to_sink(math.nan))
        assert convert.to_sink(-math.inf) == -math.inf

    @pytest.mark.parametrize("value", [1e308, -1e308, 10**320])
    def test_a_value_that_only_the_calculation_makes_infinite_is_an_error(self, value):
        for value_type in ("xs:double", "xs:decimal", "xs:int"):
            with pytest.raises(ConversionError, match=r"the device gives -?1"):
                conversion(value_type, scale={"factor": 1000}).to_sink(value)

    def test_an_integer_sink_takes_only_whole_results(self):
        convert = conversion("xs:int", **TENTHS)
        assert convert.to_sink(20) == 2
        assert convert.to_sink(20.0) == 2
        with pytest.raises(ConversionError, match=r"2\.5, which is not a whole number"):
            convert.to_sink(25)

    def test_noise_of_the_calculation_is_rounded_away_but_no_more(self):
        convert = conversion("xs:long", scale={"factor": 1000})
        assert convert.to_sink(4.35) == 4350
        with pytest.raises(ConversionError):
            convert.to_sink(4.3500001)

    def test_large_integers_lose_no_digit(self):
        assert (
            conversion("xs:unsignedLong", scale={"factor": 3}).to_sink(2**62 + 1) == 3 * 2**62 + 3
        )

    def test_a_decimal_stays_whole_where_it_is(self):
        results = [conversion("xs:decimal", **TENTHS).to_sink(value) for value in (20, 25)]
        assert [repr(result) for result in results] == ["2", "2.5"]

    def test_the_result_is_checked_against_the_range(self):
        with pytest.raises(ConversionError, match="in the range of xs:byte"):
            conversion("xs:byte", scale={"factor": 10}).to_sink(20)
        with pytest.raises(ConversionError, match="in the range of xs:float"):
            conversion("xs:float", scale={"factor": 10}).to_sink(1e38)

    def test_units_that_are_the_same_leave_integers_alone(self):
        convert = conversion("xs:long", unit={"from": "%", "to": "percent"})
        assert convert.to_sink(2**62 + 1) == 2**62 + 1

    @pytest.mark.parametrize("value_type", ["xs:string", "xs:boolean", "xs:dateTime", None])
    @pytest.mark.parametrize("keys", [DEGREES, TENTHS])
    def test_texts_are_not_calculated_with(self, value_type, keys):
        with pytest.raises(ConfigurationError, match="unit and scale calculate with numbers"):
            conversion(value_type, **keys)

    def test_bad_units_are_configuration_errors(self):
        with pytest.raises(ConfigurationError, match="'kg' cannot be converted to 'm'"):
            conversion(unit={"from": "kg", "to": "m"})


class TestEnumeration:
    TABLE: ClassVar = {0: "Off", 1: "Idle", "AUTO_RUN": "Execute"}

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (0, "Off"),
            (1, "Idle"),
            (True, "Idle"),
            (1.0, "Idle"),
            ("AUTO_RUN", "Execute"),
            ({"language": "en", "text": "AUTO_RUN"}, "Execute"),
        ],
    )
    def test_numbers_and_texts_become_the_models_texts(self, value, text):
        assert conversion("xs:string", enumeration=self.TABLE).to_sink(value) == text

    @pytest.mark.parametrize("value", [2, "IDLE", 0.5, math.nan, b"\x00", {"text": "x"}])
    def test_a_value_that_the_table_does_not_have_is_named(self, value):
        with pytest.raises(ConversionError, match=r"in the enumeration|xs:base64Binary"):
            conversion("xs:string", enumeration=self.TABLE).to_sink(value)

    def test_arrays_and_missing_values_are_told_apart(self):
        convert = conversion("xs:string", enumeration=self.TABLE)
        with pytest.raises(ConversionError, match="an array of 1"):
            convert.to_sink([0])
        with pytest.raises(ConversionError, match="no value"):
            convert.to_sink(None)

    def test_the_table_gives_values_of_the_sinks_type(self):
        assert conversion("xs:boolean", enumeration={0: "false", 7: "true"}).to_sink(7) is True
        assert conversion("xs:int", enumeration={"LOW": "1"}).to_sink("LOW") == 1
        assert conversion(None, enumeration={0: "aus"}).to_sink(0) == [
            {"language": "und", "text": "aus"}
        ]

    def test_a_text_that_the_sink_cannot_take_is_a_configuration_error(self):
        with pytest.raises(ConfigurationError, match="'Off' is no value of the sink, xs:int"):
            conversion("xs:int", enumeration={0: "Off"})

    @pytest.mark.parametrize("keys", [DEGREES, TENTHS])
    def test_an_enumeration_is_not_calculated_with(self, keys):
        with pytest.raises(ConfigurationError, match="neither unit nor scale"):
            conversion("xs:string", enumeration=self.TABLE, **keys)

    def test_an_enumeration_can_be_written_back(self):
        convert = conversion("xs:string", enumeration=self.TABLE, direction="readWrite")
        assert [convert.to_device(text) for text in ("Off", "Idle", "Execute")] == [
            0,
            1,
            "AUTO_RUN",
        ]
        with pytest.raises(BadRequest, match="'On' is none of the machine's values: Off, Idle"):
            convert.to_device("On")

    def test_an_ambiguous_way_back_is_a_configuration_error(self):
        with pytest.raises(ConfigurationError, match="one text to several values"):
            conversion("xs:string", enumeration={0: "Off", 9: "Off"}, direction="readWrite")
        assert conversion("xs:string", enumeration={0: "Off", 9: "Off"}).to_sink(9) == "Off"


class TestDeviceTexts:
    def test_the_nodes_own_texts_are_used_once_they_are_known(self):
        waiting = conversion("xs:string", enumeration="device", direction="readWrite")
        with pytest.raises(ConversionError, match="not known yet"):
            waiting.to_sink(0)
        with pytest.raises(BadRequest, match="not known yet"):
            waiting.to_device("Aus")
        known = waiting.with_device_texts({0: "Aus", 5: "Läuft"})
        assert known.to_sink(5) == "Läuft"
        assert known.to_device("Aus") == 0
        with pytest.raises(ConversionError, match="1, which is not in the enumeration"):
            known.to_sink(1)

    def test_new_texts_replace_the_old_ones(self):
        known = conversion("xs:string", enumeration="device").with_device_texts({0: "Aus"})
        assert known.with_device_texts({0: "Off"}).to_sink(0) == "Off"

    def test_the_index_is_applied_with_the_nodes_texts_too(self):
        waiting = conversion("xs:string", enumeration="device", index=1)
        assert waiting.with_device_texts({3: "Run"}).to_sink([0, 3]) == "Run"

    def test_a_text_that_no_document_takes_is_left_out_alone(self):
        known = conversion("xs:string", enumeration="device").with_device_texts({0: "\x07", 1: "B"})
        assert known.to_sink(1) == "B"
        with pytest.raises(ConversionError):
            known.to_sink(0)

    def test_a_node_may_give_one_text_to_two_numbers(self):
        waiting = conversion("xs:string", enumeration="device", direction="readWrite")
        assert waiting.with_device_texts({0: "-", 1: "-"}).to_sink(1) == "-"

    def test_a_binding_with_a_table_of_its_own_ignores_the_nodes_texts(self):
        table = conversion("xs:string", enumeration={0: "Off"})
        assert table.with_device_texts({0: "Aus"}).to_sink(0) == "Off"
        assert conversion().with_device_texts({0: "Aus"}).to_sink(0) == 0.0

    def test_texts_go_into_texts_only(self):
        with pytest.raises(ConfigurationError, match="gives texts, and the sink is xs:int"):
            conversion("xs:int", enumeration="device")


class TestToDevice:
    @pytest.mark.parametrize(
        ("value_type", "value", "expected"),
        [
            ("xs:double", 7, 7.0),
            ("xs:double", "7.5", 7.5),
            ("xs:double", "-INF", -math.inf),
            ("xs:int", 7, 7),
            ("xs:int", 7.0, 7),
            ("xs:int", "7", 7),
            ("xs:decimal", 7.5, 7.5),
            ("xs:boolean", True, True),
            ("xs:boolean", "false", False),
            ("xs:string", "Auftrag 5", "Auftrag 5"),
            ("xs:dateTime", "2026-01-02T03:04:05.5Z", datetime(2026, 1, 2, 3, 4, 5, 500000, UTC)),
            ("xs:dateTime", "2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5, 0, UTC)),
            ("xs:dateTime", "2026-01-02T03:04:05+02:00", datetime(2026, 1, 2, 1, 4, 5, 0, UTC)),
            ("xs:duration", "-P1DT1H1M1.5S", -90061500.0),
            ("xs:base64Binary", "AP8=", b"\x00\xff"),
            ("xs:hexBinary", "00ff", b"\x00\xff"),
            ("xs:date", "2026-01-02", "2026-01-02"),
            (None, [{"de": "a"}], {"language": "de", "text": "a"}),
            (None, {"und": "a"}, {"language": "", "text": "a"}),
        ],
    )
    def test_clients_values_become_what_devices_take(self, value_type, value, expected):
        result = conversion(value_type).to_device(value)
        assert result == expected
        assert type(result) is type(expected)

    @pytest.mark.parametrize(
        ("value_type", "value"),
        [
            ("xs:double", "x"),
            ("xs:double", True),
            ("xs:double", 10**400),
            ("xs:double", None),
            ("xs:double", [1.0]),
            ("xs:double", {"a": 1}),
            ("xs:int", 7.5),
            ("xs:int", 2**31),
            ("xs:int", True),
            ("xs:boolean", 1),
            ("xs:string", 5),
            ("xs:string", None),
            ("xs:dateTime", "2026-13-02T03:04:05Z"),
            ("xs:dateTime", "12026-01-02T03:04:05Z"),
            ("xs:dateTime", "0000-01-02T03:04:05Z"),
            ("xs:duration", "P1Y"),
            ("xs:base64Binary", "a"),
            ("xs:hexBinary", "a"),
            (None, "a"),
            (None, []),
            (None, [{"de": "a"}, {"en": "b"}]),
            (None, [{"de": 5}]),
        ],
    )
    def test_what_the_type_does_not_have_is_a_bad_request_at_the_element(self, value_type, value):
        with pytest.raises(BadRequest) as raised:
            conversion(value_type).to_device(value)
        assert raised.value.path == "A.B"

    def test_unit_and_scale_are_undone(self):
        convert = conversion(scale={"factor": 0.1, "offset": 2}, unit={"from": "K", "to": "degC"})
        assert convert.to_device(26.95) == pytest.approx(2981, abs=1e-9)
        assert type(conversion("xs:int", **TENTHS).to_device(2)) is float

    def test_a_value_that_only_the_calculation_makes_infinite_is_a_bad_request(self):
        with pytest.raises(BadRequest, match="too large"):
            conversion(**TENTHS).to_device(1e308)

    @given(
        value=st.floats(min_value=-1e9, max_value=1e9),
        factor=st.floats(min_value=1e-3, max_value=1e3),
        offset=st.floats(min_value=-1e3, max_value=1e3),
        unit=st.sampled_from([None, ("degF", "degC"), ("1/min", "1/s"), ("hp", "kW"), ("%", "1")]),
    )
    def test_a_device_gets_back_what_it_gave(self, value, factor, offset, unit):
        keys: dict[str, Any] = {"scale": {"factor": factor, "offset": offset}}
        if unit is not None:
            keys["unit"] = {"from": unit[0], "to": unit[1]}
        convert = conversion(**keys)
        back = convert.to_device(convert.to_sink(value))
        assert back == pytest.approx(value, rel=1e-9, abs=1e-6 * max(1.0, 1 / factor))

    @given(st.data())
    def test_integers_come_back_as_they_went(self, data):
        value_type = data.draw(st.sampled_from(sorted(INTEGER_BOUNDS)))
        low, high = INTEGER_BOUNDS[value_type]
        value = data.draw(st.integers(low, high))
        convert = conversion(value_type)
        assert convert.to_device(convert.to_sink(value)) == value

    @given(st.binary())
    def test_bytes_come_back_as_they_went(self, value):
        for value_type in ("xs:base64Binary", "xs:hexBinary"):
            convert = conversion(value_type)
            assert convert.to_device(convert.to_sink(value)) == value
        assert conversion("xs:base64Binary").to_sink(value) == base64.b64encode(value).decode()

    @given(st.datetimes(timezones=st.just(UTC)))
    def test_moments_come_back_as_they_went(self, value):
        assume(1601 < value.year < 9999)
        convert = conversion("xs:dateTime")
        assert convert.to_device(convert.to_sink(value)) == value
