"""From a device's value to the model's and back, compiled once per binding."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, TypeAlias

from aas_server.bindings.composite_types import (
    Leaf,
    is_numbers,
    leaf_back,
    leaf_check,
    leaf_of,
    shape_back,
    shape_check,
)
from aas_server.bindings.plant.base import BindingSettings
from aas_server.bindings.sink_types import (
    NUMERIC_TYPES,
    Check,
    ConversionError,
    refused,
    to_number,
)
from aas_server.bindings.units import Line, unit_line
from aas_server.errors import BadRequest, ConfigurationError
from aas_server.live.shapes import Shape
from aas_server.live.sinks import Sink
from aas_server.metamodel.id_short_path import format_id_short_path

__all__ = ["Conversion", "ConversionError", "compile_conversion"]

_Table: TypeAlias = Mapping[Any, str]
_SHOWN_TEXTS: Final = 20


@dataclass(frozen=True, slots=True)
class Conversion:
    """What happens to the values of one binding on their way, in both directions.

    ``to_sink`` takes a device's value (bool, int, float, str, datetime, bytes, a localized text as
    ``{"language", "text"}``, an object of such values by name, a list of them) and returns what
    ``LiveValue.value`` is for the sink; it raises ``ConversionError``. ``to_device`` takes a
    client's ValueOnly form and returns what the device takes: as ``client_values.from_client`` and
    ``composite_types.shape_back``, a float where values are scaled, the device's own key of an
    enumeration; it raises ``BadRequest``. ``item_to_device`` does that for one item of a list.
    """

    to_sink: Callable[[Any], Any]
    to_device: Callable[[Any], Any]
    settings: BindingSettings
    sink: Sink
    item_to_device: Callable[[Any], Any] | None = None
    undecoded: Callable[[Any], Any] | None = None
    """``to_sink`` without the decoder that ``with_decoder`` puts before it."""

    def with_device_texts(self, texts: Mapping[int, str]) -> Conversion:
        """Return this conversion with the texts that the node itself gives to its numbers.

        Only a binding with ``enumeration: device`` uses them.
        """
        if self.settings.enumeration != "device":
            return self
        return _enumerated(self.settings, self.sink, texts)

    def with_decoder(self, decode: Callable[[Any], Any] | None) -> Conversion:
        """Return this conversion for values that ``decode`` makes plain first, None for values that
        are; it raises ``ConversionError``.
        """
        to_sink = self.undecoded or self.to_sink
        if decode is None:
            return replace(self, to_sink=to_sink, undecoded=None)
        return replace(self, to_sink=_after(decode, to_sink), undecoded=to_sink)


def compile_conversion(settings: BindingSettings, sink: Sink) -> Conversion:
    """Return the conversion of a binding to the elements of ``sink``.

    Raises ``ConfigurationError`` for an unknown unit, units of different dimensions, a calculation
    with texts, and an enumeration that the sink cannot take or that cannot be written back.
    """
    if settings.enumeration is not None:
        if settings.unit is not None or settings.scale is not None:
            raise ConfigurationError("an enumeration goes with neither unit nor scale")
        if not _is_values(sink):
            raise ConfigurationError(
                f"an enumeration gives one value to each number, and the sink is "
                f"{_type_name(sink)}: bind a Property or a list of them"
            )
        if settings.enumeration == "device":
            return _awaiting_texts(settings, sink)
        return _enumerated(settings, sink, settings.enumeration)
    line = _line(settings)
    if line.is_identity:
        return _compiled(settings, sink, leaf_check, leaf_back)
    if not is_numbers(_shape(sink)) or leaf_of(_shape(sink)).value_type not in NUMERIC_TYPES:
        raise ConfigurationError(
            f"unit and scale calculate with numbers, and the sink is {_type_name(sink)}: "
            "leave them out or bind a number"
        )
    return _compiled(settings, sink, partial(_calculated, line), partial(_line_back, line))


def _compiled(settings: BindingSettings, sink: Sink, check: Leaf, back: Leaf) -> Conversion:
    """Return the conversion whose scalars go through ``check`` and ``back``."""
    shape = _shape(sink)
    to_sink = check(shape) if sink.shape is None else shape_check(shape, check)
    return Conversion(
        _indexed(to_sink, settings.index),
        _refusing(sink, back(shape) if sink.shape is None else shape_back(shape, back)),
        settings,
        sink,
        None if shape.item is None else _refusing(sink, shape_back(shape.item, back)),
    )


def _after(decode: Callable[[Any], Any], to_sink: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: to_sink(decode(value))


def _shape(sink: Sink) -> Shape:
    return sink.shape or Shape(sink.model_type, sink.value_type)


def _is_values(sink: Sink) -> bool:
    return leaf_of(_shape(sink)).model_type in ("Property", "MultiLanguageProperty")


def _line(settings: BindingSettings) -> Line:
    line = Line()
    if settings.scale is not None:
        line = Line.of(settings.scale.factor, settings.scale.offset)
    if settings.unit is not None:
        line = line.then(unit_line(settings.unit.from_, settings.unit.to))
    return line


def _indexed(to_sink: Check, index: int | None) -> Check:
    if index is None:
        return to_sink

    def pick(value: Any) -> Any:
        if not isinstance(value, list | tuple | array):
            raise ConversionError("the device gives one value and no array: leave index out")
        if index >= len(value):
            raise ConversionError(
                f"the device gives an array of {len(value)}: there is no [{index}]"
            )
        return to_sink(value[index])

    return pick


def _calculated(line: Line, shape: Shape) -> Check:
    if shape.value_type == "xs:double":
        return _calculated_double(line)
    convert = line.exact_function()
    check = leaf_check(shape)

    def to_sink(value: Any) -> Any:
        number = to_number(value)
        return check(_within_range(convert, number))

    return to_sink


def _calculated_double(line: Line) -> Check:
    convert = line.function()

    def to_sink(value: Any) -> float:
        if type(value) is not float and type(value) is not int:
            value = to_number(value)
        result: float = _within_range(convert, value)
        return result

    return to_sink


def _within_range(convert: Callable[[Any], Any], value: float) -> Any:
    """Return the converted value; one that only the calculation made infinite is no value."""
    try:
        result = convert(value)
        if math.isfinite(result) or not math.isfinite(value):
            return result
    except OverflowError:
        pass
    raise refused(value, "small enough to be converted")


def _line_back(line: Line, shape: Shape) -> Check:
    plain = leaf_back(shape)
    convert = line.inverse().function()

    def to_device(value: Any) -> float:
        try:
            return float(_within_range(convert, plain(value)))
        except ConversionError:
            raise ValueError("the value is too large to be converted") from None

    return to_device


def _refusing(sink: Sink, back: Check) -> Check:
    """Return ``back`` as clients meet it: what it refuses is their request."""

    def to_device(value: Any) -> Any:
        try:
            return back(value)
        except (ValueError, OverflowError) as error:
            raise _bad_request(sink, str(error)) from None

    return to_device


def _awaiting_texts(settings: BindingSettings, sink: Sink) -> Conversion:
    if leaf_of(_shape(sink)).value_type not in (None, "xs:string"):
        raise ConfigurationError(
            f"enumeration: device gives texts, and the sink is {_type_name(sink)}: "
            "leave it out or bind an xs:string"
        )

    def to_sink(_: Any) -> Any:
        raise ConversionError("the node's own texts are not known yet")

    def to_device(_: Any) -> Any:
        raise _bad_request(sink, "the texts of the machine's node are not known yet")

    return Conversion(to_sink, to_device, settings, sink)


def _enumerated(settings: BindingSettings, sink: Sink, texts: _Table) -> Conversion:
    check = leaf_check(leaf_of(_shape(sink)))
    table: dict[Any, Any] = {}
    for key, text in texts.items():
        try:
            table[key] = check(text)
        except ConversionError:
            if settings.enumeration != "device":
                raise ConfigurationError(
                    f"the enumeration's {text!r} is no value of the sink, {_type_name(sink)}"
                ) from None
    back = _enumeration_back(settings, sink, table)
    return _compiled(settings, sink, lambda _: _looked_up(table), lambda _: back)


def _looked_up(table: Mapping[Any, Any]) -> Check:
    def to_sink(value: Any) -> Any:
        if isinstance(value, dict):
            value = value.get("text")
        try:
            return table[value]
        except (KeyError, TypeError):  # TypeError: an array has no hash
            raise refused(value, "in the enumeration") from None

    return to_sink


def _enumeration_back(
    settings: BindingSettings, sink: Sink, table: Mapping[Any, Any]
) -> Callable[[Any], Any]:
    plain = leaf_back(leaf_of(_shape(sink)))
    if settings.direction == "read":
        return plain
    if leaf_of(_shape(sink)).model_type == "MultiLanguageProperty":
        raise ConfigurationError("an enumeration can be written back from a Property only")
    back = {value: key for key, value in table.items()}
    if len(back) != len(table) and settings.enumeration != "device":
        raise ConfigurationError(
            "the enumeration gives one text to several values of the device: "
            "it cannot be written back (direction: readWrite)"
        )

    def to_device(value: Any) -> Any:
        wanted = plain(value)
        if wanted not in back:
            known = ", ".join(map(str, list(back)[:_SHOWN_TEXTS]))
            raise ValueError(f"{value!r} is none of the machine's values: {known}")
        return back[wanted]

    return to_device


def _type_name(sink: Sink) -> str:
    return str(sink.shape or sink.value_type or f"a {sink.model_type}")


def _bad_request(sink: Sink, text: str) -> BadRequest:
    return BadRequest(text, path=format_id_short_path(sink.path))
