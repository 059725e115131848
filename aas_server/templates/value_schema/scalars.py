"""Values of Properties and bounds of Ranges, as JSON Schema has them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final, TypeAlias

from aas_server.metamodel.value_types import (
    FLOAT_TYPES,
    INTEGER_BOUNDS,
    Scalar,
    text_pattern,
    to_json,
)
from aas_server.templates.patterns import AllowedValues
from aas_server.templates.ranges import AllowedRange, Interval
from aas_server.templates.rules import Rules

Schema: TypeAlias = dict[str, Any]

_POSITIVE: Final = ("INF", "+INF")
_NEGATIVE: Final = ("-INF",)
_NO_NUMBER: Final = ("NaN",)
_STRINGS: Final[dict[str, Schema]] = {
    "xs:base64Binary": {"contentEncoding": "base64"},
    "xs:anyURI": {"format": "iri-reference"},
}
ANY_SCALAR: Final[Schema] = {"type": ["string", "number", "boolean"]}


def scalar(value_type: str, rules: Rules) -> Schema:
    """Return the schema of a value of ``value_type`` that keeps to ``rules``."""
    if value_type == "xs:boolean":
        schema: Schema = {"type": "boolean"}
    elif value_type in INTEGER_BOUNDS:
        low, high = INTEGER_BOUNDS[value_type]
        schema = _number("integer", Interval(_decimal(low), _decimal(high)), rules.allowed_range)
    elif value_type == "xs:decimal":
        schema = _number("number", Interval(None, None), rules.allowed_range)
    elif value_type in FLOAT_TYPES:
        number = _number("number", Interval(None, None), rules.allowed_range)
        special = _special(rules.allowed_range)
        schema = {"anyOf": [number, {"enum": special}]} if special else number
    else:
        schema = {"type": "string", **_STRINGS.get(value_type, {})}
        if (pattern := text_pattern(value_type)) is not None:
            schema["pattern"] = anchored(pattern)
    if rules.allowed_values is not None:
        schema |= _allowed(value_type, rules.allowed_values, schema.get("type") == "string")
    return schema


def notes(value_type: str, rules: Rules) -> Schema:
    """Return what helps to fill a value in: default, examples, choices."""
    found: Schema = {}
    given = rules.initial if rules.initial is not None else rules.default
    default = _converted(value_type, [] if given is None else [given])
    if default:
        found["default"] = default[0]
    if examples := _converted(value_type, rules.examples):
        found["examples"] = examples
    if rules.choices:
        found["x-choices"] = list(rules.choices)
    return found


def anchored(pattern: str) -> str:
    """Return a pattern that matches whole texts only, as JSON Schema searches within them."""
    return f"^(?:{pattern})$"


def is_portable(pattern: str) -> bool:
    """Return whether a pattern that RE2 takes is one for the usual engines as well."""
    if "[[:" in pattern or "(?P" in pattern or re.search(r"\\[pPQEACzZ]|\(\?[a-zA-Z-]", pattern):
        return False
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return False
    return True


def _number(name: str, bounds: Interval, allowed: AllowedRange | None) -> Schema:
    schema: Schema = {"type": name, **_bounds(bounds)}
    if allowed is None:
        return schema
    if len(allowed.intervals) == 1:
        return {"type": name, **_bounds(_both(bounds, allowed.intervals[0]))}
    return {**schema, "anyOf": [_bounds(each) for each in allowed.intervals]}


def _both(one: Interval, other: Interval) -> Interval:
    """Return ``other`` within the bounds of ``one``, which belong to it."""
    least, has_least, most, has_most = other.least, other.has_least, other.most, other.has_most
    if one.least is not None and (least is None or least < one.least):
        least, has_least = one.least, True
    if one.most is not None and (most is None or most > one.most):
        most, has_most = one.most, True
    return Interval(least, most, has_least, has_most)


def _bounds(interval: Interval) -> Schema:
    found: Schema = {}
    if interval.least is not None:
        found["minimum" if interval.has_least else "exclusiveMinimum"] = _json(interval.least)
    if interval.most is not None:
        found["maximum" if interval.has_most else "exclusiveMaximum"] = _json(interval.most)
    return found


def _decimal(number: int | None) -> Decimal | None:
    return None if number is None else Decimal(number)


def _json(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)


def _special(allowed: AllowedRange | None) -> list[str]:
    """Return the floats that JSON has no numbers for, as far as the range has them."""
    if allowed is None:
        return [*_POSITIVE, *_NEGATIVE, *_NO_NUMBER]
    is_up = any(each.most is None for each in allowed.intervals)
    is_down = any(each.least is None for each in allowed.intervals)
    return [*(_POSITIVE if is_up else ()), *(_NEGATIVE if is_down else ())]


def _allowed(value_type: str, allowed: AllowedValues, is_text: bool) -> Schema:
    values = _converted(value_type, allowed.values)
    if not allowed.patterns:
        return {"enum": values} if values else {}
    patterns = [each.compiled.pattern for each in allowed.patterns]
    if not is_text or not all(map(is_portable, patterns)):
        return {"x-allowed-value": str(allowed)}
    ways: list[Schema] = [{"pattern": anchored(each)} for each in patterns]
    if values:
        ways.append({"enum": values})
    return {"anyOf": ways} if len(ways) > 1 else {"allOf": ways}


def _converted(value_type: str, texts: Iterable[str]) -> list[Scalar]:
    found = []
    for text in texts:
        try:
            found.append(to_json(value_type, text))
        except ValueError:
            continue  # the linter tells it
    return found
