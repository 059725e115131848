"""xs: value types: the lexical text of the normal form, the JSON scalar of ValueOnly, and the way
between them.

IDTA-01001, format Value: booleans and numbers are JSON scalars, everything else is a string. INF,
-INF and NaN have no JSON number: they travel as strings.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeAlias

Scalar: TypeAlias = bool | int | float | str
"""A value in Python: what a converter hands over and what ValueOnly shows."""

_INTEGER: Final = re.compile(r"[+-]?[0-9]+", re.ASCII)
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)", re.ASCII)
_FLOAT: Final = re.compile(
    r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?INF|NaN", re.ASCII
)
_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
_YEAR = r"-?(?:[1-9][0-9]{3,}|0[0-9]{3})"
_DATE = _YEAR + r"-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_TIME = r"(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?|24:00:00(?:\.0+)?)"
_DURATION = (
    r"-?P(?=[0-9T])(?:[0-9]+Y)?(?:[0-9]+M)?(?:[0-9]+D)?"
    r"(?:T(?=[0-9])(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+(?:\.[0-9]+)?S)?)?"
)

_TEXT_PATTERNS: Final = {
    "xs:dateTime": re.compile(_DATE + "T" + _TIME + _ZONE, re.ASCII),
    "xs:date": re.compile(_DATE + _ZONE, re.ASCII),
    "xs:time": re.compile(_TIME + _ZONE, re.ASCII),
    "xs:duration": re.compile(_DURATION, re.ASCII),
    "xs:gYear": re.compile(_YEAR + _ZONE, re.ASCII),
    "xs:gYearMonth": re.compile(_YEAR + r"-(?:0[1-9]|1[0-2])" + _ZONE, re.ASCII),
    "xs:gMonth": re.compile(r"--(?:0[1-9]|1[0-2])" + _ZONE, re.ASCII),
    "xs:gMonthDay": re.compile(r"--(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])" + _ZONE, re.ASCII),
    "xs:gDay": re.compile(r"---(?:0[1-9]|[12][0-9]|3[01])" + _ZONE, re.ASCII),
    "xs:hexBinary": re.compile(r"(?:[0-9a-fA-F]{2})*", re.ASCII),
}

_XML_TEXT: Final = re.compile("[\\t\\n\\r\\u0020-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]*")

INTEGER_BOUNDS: Final[dict[str, tuple[int | None, int | None]]] = {
    "xs:integer": (None, None),
    "xs:long": (-(2**63), 2**63 - 1),
    "xs:int": (-(2**31), 2**31 - 1),
    "xs:short": (-(2**15), 2**15 - 1),
    "xs:byte": (-128, 127),
    "xs:nonNegativeInteger": (0, None),
    "xs:positiveInteger": (1, None),
    "xs:nonPositiveInteger": (None, 0),
    "xs:negativeInteger": (None, -1),
    "xs:unsignedLong": (0, 2**64 - 1),
    "xs:unsignedInt": (0, 2**32 - 1),
    "xs:unsignedShort": (0, 2**16 - 1),
    "xs:unsignedByte": (0, 255),
}
"""Smallest and largest value of every integer type; None where there is no bound."""

FLOAT_TYPES: Final = frozenset({"xs:double", "xs:float"})
_MAX_FLOAT32: Final = 3.4028235677973366e38
_SPECIAL_FLOATS: Final = {"INF": math.inf, "+INF": math.inf, "-INF": -math.inf, "NaN": math.nan}


def is_xml_text(text: str) -> bool:
    """Whether ``text`` holds only characters that XML 1.0 has (AASd-130)."""
    return _XML_TEXT.fullmatch(text) is not None


def text_pattern(value_type: str) -> str | None:
    """Return the regular expression that all of a text of ``value_type`` matches, None without."""
    pattern = _TEXT_PATTERNS.get(value_type)
    return None if pattern is None else pattern.pattern


def to_json(value_type: str, lexical: str) -> Scalar:
    """Return the ValueOnly scalar of ``lexical``; raises ``ValueError`` when it is no
    ``value_type``.
    """
    parse = _PARSERS.get(value_type)
    return lexical if parse is None else parse(value_type, lexical.strip(" \t\r\n"))


def to_lexical(value_type: str, value: Any) -> str:
    """Return the lexical text of a JSON scalar; raises ``ValueError`` when it does not fit
    ``value_type``.

    Numbers and booleans are taken as JSON scalars or as their lexical text, which is kept as it is.
    """
    if isinstance(value, str):
        to_json(value_type, value)
        return value
    if isinstance(value, bool):
        if value_type != "xs:boolean":
            raise ValueError(f"a boolean is no {value_type}")
        return "true" if value else "false"
    if value_type in FLOAT_TYPES and isinstance(value, int | float):
        return _format_float(value_type, value)
    if value_type in INTEGER_BOUNDS and isinstance(value, int | float):
        return str(_to_integer(value_type, value))
    if value_type == "xs:decimal" and isinstance(value, int | float):
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError("xs:decimal has no INF and no NaN")
        return format(Decimal(repr(value)), "f")
    raise ValueError(f"{type(value).__name__} is no {value_type}")


def _format_float(value_type: str, number: float) -> str:
    try:
        value = float(number)
    except OverflowError as error:
        raise ValueError(f"the integer is out of the range of {value_type}") from error
    if math.isnan(value):
        return "NaN"
    if value_type == "xs:float" and _MAX_FLOAT32 <= abs(value) < math.inf:
        raise ValueError(f"{value!r} is out of the range of xs:float")
    if math.isinf(value):
        return "INF" if value > 0 else "-INF"
    return repr(value)


def _to_integer(value_type: str, value: int | float) -> int:
    # An integer may be too large to be asked whether it is finite.
    if isinstance(value, float) and not value.is_integer():
        raise ValueError(f"{value!r} is no {value_type}")
    integer = int(value)
    low, high = INTEGER_BOUNDS[value_type]
    if (low is not None and integer < low) or (high is not None and integer > high):
        raise ValueError(f"{integer} is out of the range of {value_type}")
    return integer


def _parse_boolean(value_type: str, lexical: str) -> bool:
    if lexical in ("true", "1"):
        return True
    if lexical in ("false", "0"):
        return False
    raise ValueError(f"{lexical!r} is no {value_type}")


def _parse_integer(value_type: str, lexical: str) -> int:
    if not _INTEGER.fullmatch(lexical) or len(lexical) > 1000:
        raise ValueError(f"{lexical!r} is no {value_type}")
    return _to_integer(value_type, int(lexical))


def _parse_decimal(value_type: str, lexical: str) -> int | float:
    if not _DECIMAL.fullmatch(lexical) or len(lexical) > 1000:
        raise ValueError(f"{lexical!r} is no {value_type}")
    try:
        number = Decimal(lexical)
    except InvalidOperation as error:
        raise ValueError(f"{lexical!r} is no {value_type}") from error
    return int(number) if number == number.to_integral_value() else float(number)


def _parse_float(value_type: str, lexical: str) -> float | str:
    if not _FLOAT.fullmatch(lexical):
        raise ValueError(f"{lexical!r} is no {value_type}")
    if lexical in _SPECIAL_FLOATS:
        return lexical
    number = float(lexical)
    return number if math.isfinite(number) else ("INF" if number > 0 else "-INF")


def _parse_text(value_type: str, lexical: str) -> str:
    if not _TEXT_PATTERNS[value_type].fullmatch(lexical):
        raise ValueError(f"{lexical!r} is no {value_type}")
    return lexical


def _parse_base64(value_type: str, lexical: str) -> str:
    try:
        base64.b64decode("".join(lexical.split()), validate=True)
    except binascii.Error as error:
        raise ValueError(f"{lexical!r} is no {value_type}") from error
    return lexical


_PARSERS: Final[dict[str, Callable[[str, str], Scalar]]] = {
    "xs:boolean": _parse_boolean,
    "xs:decimal": _parse_decimal,
    "xs:base64Binary": _parse_base64,
    **dict.fromkeys(INTEGER_BOUNDS, _parse_integer),
    **dict.fromkeys(FLOAT_TYPES, _parse_float),
    **dict.fromkeys(_TEXT_PATTERNS, _parse_text),
}
VALUE_TYPES: Final = frozenset({*_PARSERS, "xs:string", "xs:anyURI"})
"""Every DataTypeDefXsd of the metamodel."""
