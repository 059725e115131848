"""What the model's value types take of a device's values.

A value passes when nothing of it is lost: an integer into a double that holds it exactly, a number
into a text; a narrower type is checked value by value.
"""

from __future__ import annotations

import base64
import math
import re
import struct
from array import array
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Final, TypeAlias

import msgspec

from aas_server.bindings.named_values import NamedNumber, NamedObject
from aas_server.bindings.structure import Structure
from aas_server.clock import to_iso, to_microseconds
from aas_server.live.shapes import ABSENT
from aas_server.live.values import BAD_CONFIGURATION_ERROR, BAD_ENCODING_LIMITS_EXCEEDED
from aas_server.metamodel.value_types import (
    FLOAT_TYPES,
    INTEGER_BOUNDS,
    to_json,
    to_lexical,
)

Check: TypeAlias = Callable[[Any], Any]
"""Takes a device's value and returns the sink's; raises ``ConversionError``."""

UNKNOWN_LANGUAGE: Final = "und"
"""The language of a text whose device does not tell one (BCP 47: undetermined)."""

NUMERIC_TYPES: Final = frozenset({*INTEGER_BOUNDS, *FLOAT_TYPES, "xs:decimal"})

_LANGUAGE: Final = re.compile(
    r"[a-zA-Z]{2,3}(?:-[a-zA-Z]{4})?(?:-(?:[a-zA-Z]{2}|[0-9]{3}))?", re.ASCII
)
_LOCALIZED: Final = frozenset({"language", "text"})
_TOLERANCE: Final = 1e-9
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# The smallest and the largest DateTime of OPC UA say "no time" (OPC 10000-6 5.2.2.5).
_FIRST_YEAR: Final = 1601
_LAST_YEAR: Final = 9999


MAX_VALUE_SIZE: Final = 1_048_576
"""Characters of one value as text at most; a number counts as eight. More is no process value, and
every reader would pay for it.
"""


class ConversionError(ValueError):
    """A device's value that the sink cannot take without loss; the text says why.

    ``status_code`` is what the value's quality shows of it.
    """

    status_code: ClassVar[int] = BAD_CONFIGURATION_ERROR


class TooLarge(ConversionError):
    """A device's value that takes more than ``MAX_VALUE_SIZE``."""

    status_code = BAD_ENCODING_LIMITS_EXCEEDED


def sink_check(model_type: str, value_type: str | None) -> Check:
    """Return what turns a device's value into the value of a sink of this type."""
    if model_type == "MultiLanguageProperty":
        return to_lang_strings
    if value_type == "xs:double":
        return _to_double
    value_type = value_type or "xs:string"
    special = _CHECKS.get(value_type)
    if special is not None:
        return special
    if value_type in INTEGER_BOUNDS:
        return _integer_check(value_type)
    return _text_check(value_type)


def to_number(value: Any) -> int | float:
    """Return a device's value as a number to calculate with; raises ``ConversionError``."""
    if isinstance(value, NamedNumber):
        return int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        number: float = _parsed("xs:double", value)
        return number
    raise refused(value, "a number")


def _is_finite(number: float) -> bool:
    """Return whether a number is one, also an integer that no double can hold."""
    return isinstance(number, int) or math.isfinite(number)


def refused(value: Any, wanted: str) -> ConversionError:
    """Return the error that tells what the device gave instead of ``wanted``."""
    if value is None:
        return ConversionError("the device gives no value")
    if isinstance(value, Structure):
        return ConversionError(
            f"the node holds a structure ({value.type_name}): a single element cannot show it"
        )
    if isinstance(value, list | tuple | array):
        return ConversionError(
            f"the device gives an array of {len(value)}: say which element of it with index"
        )
    if isinstance(value, bytes):
        return ConversionError(
            f"the device gives {len(value)} bytes, which are not {wanted}: "
            "bind an xs:base64Binary or an xs:hexBinary"
        )
    if isinstance(value, dict):
        names = ", ".join(list(value)[:10])
        return ConversionError(f"the device gives an object of {names}, which is not {wanted}")
    shown = repr(value[:100] if isinstance(value, str) else value)
    shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
    return ConversionError(f"the device gives {shown}, which is not {wanted}")


def text_of(value: Any) -> str:
    """Return the text of a device's value; raises ``ConversionError`` for one that has none."""
    if isinstance(value, str):
        text = value
    elif isinstance(value, NamedNumber | NamedObject):
        text = value.name if isinstance(value, NamedNumber) else value.text
    elif isinstance(value, bool):
        return "true" if value else "false"
    elif isinstance(value, int):
        return str(value)
    elif isinstance(value, float):
        return to_lexical("xs:double", value)
    elif isinstance(value, datetime):
        return _to_date_time(value)
    elif isinstance(value, dict) and value.keys() <= _LOCALIZED:
        localized = value.get("text")
        if not isinstance(localized, str):
            raise refused(None, "a text")
        text = localized
    elif isinstance(value, dict):
        text = json_text(value)
    else:
        raise refused(value, "a text")
    if len(text) > MAX_VALUE_SIZE:
        raise too_large(len(text))
    if _NOT_XML.search(text):
        raise ConversionError("the device gives a text with characters that no XML document takes")
    return text


def json_text(value: Any) -> str:
    """Return a device's object as JSON text: times as texts, bytes as base64, what is absent left
    out; raises ``ConversionError`` for what is too large.
    """
    require_bounded(value)
    return msgspec.json.encode(_jsonable(value)).decode()


def require_bounded(value: Any) -> None:
    """Raise ``TooLarge`` for a device's value that takes more than ``MAX_VALUE_SIZE``."""
    size = _size(value)
    if size > MAX_VALUE_SIZE:
        raise too_large(size)


def too_large(size: int) -> TooLarge:
    """Return the error that tells how large a device's value is."""
    return TooLarge(
        f"the device gives a value of some {size:,} characters: {MAX_VALUE_SIZE:,} are taken"
    )


def to_lang_strings(value: Any) -> list[dict[str, str]]:
    """Return a localized text, or an array of them, as langStrings of different languages."""
    values = value if isinstance(value, list | tuple) else [value]
    texts: dict[str, str] = {}
    for item in values:
        language = _language(item)
        if texts.setdefault(language, text := text_of(item)) != text:
            raise ConversionError(f"the device gives two texts in the language {language!r}")
    if not texts:
        raise refused(None, "a text")
    return [{"language": language, "text": text} for language, text in texts.items()]


def _size(value: Any) -> int:
    if isinstance(value, str | bytes):
        return len(value) + 2
    if isinstance(value, list | tuple | array):
        if not value or len(value) * 8 > MAX_VALUE_SIZE or type(value[0]) in (int, float):
            return len(value) * 8
        return sum(map(_size, value))
    if isinstance(value, dict):
        return sum(len(name) + _size(each) for name, each in value.items())
    return 8


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        members = ((name, each) for name, each in value.items() if each is not ABSENT)
        return {name: _jsonable(each) for name, each in members}
    if isinstance(value, list | tuple):
        return [_jsonable(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else to_lexical("xs:double", value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, NamedNumber):
        return int(value)
    if value is None or isinstance(value, bool | int):
        return value
    return text_of(value)


def _language(value: Any) -> str:
    """Return the language tag of a localized text; devices also write locales as en_US."""
    locale = value.get("language") if isinstance(value, dict) else None
    tag = (locale or "").replace("_", "-")
    return tag if _LANGUAGE.fullmatch(tag) else UNKNOWN_LANGUAGE


def _to_double(value: Any) -> float:
    if type(value) is float:
        return value
    if isinstance(value, int):
        try:
            number = float(value)
        except OverflowError:
            raise refused(value, "a number that xs:double holds") from None
        if number != value:
            raise refused(value, "a number that xs:double holds exactly")
        return number
    return float(to_number(value))


def _to_float(value: Any) -> float:
    """Return the shortest number that is the same single precision value: 0.1, not
    0.10000000149.
    """
    number = _to_double(value)
    if not math.isfinite(number):
        return number
    try:
        single = struct.pack("<f", number)
    except OverflowError:
        raise refused(number, "in the range of xs:float") from None
    for digits in (6, 7, 8):
        shortest = float(f"{number:.{digits}g}")
        if struct.pack("<f", shortest) == single:
            return shortest
    return float(f"{number:.9g}")


def _to_decimal(value: Any) -> int | float:
    if isinstance(value, str):
        value = _parsed("xs:decimal", value)
    if isinstance(value, bool):
        return int(value)
    number = to_number(value)
    if _is_finite(number):
        return number
    raise refused(number, "a number of xs:decimal")


def _to_boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and value in (0, 1):
        return value == 1
    if isinstance(value, str):
        return bool(_parsed("xs:boolean", value))
    raise refused(value, "a boolean")


def _integer_check(value_type: str) -> Check:
    low, high = INTEGER_BOUNDS[value_type]
    low_bound = -math.inf if low is None else low
    high_bound = math.inf if high is None else high

    def check(value: Any) -> int:
        if type(value) is not int:
            value = _integral(value, value_type)
        if low_bound <= value <= high_bound:
            return value  # type: ignore[no-any-return]
        raise refused(value, f"in the range of {value_type}")

    return check


def _integral(value: Any, value_type: str) -> int:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        return int(_parsed("xs:integer", value))
    number = to_number(value)
    if isinstance(number, int):
        return number
    if not math.isfinite(number):
        raise refused(value, f"in the range of {value_type}")
    nearest = round(number)
    if abs(number - nearest) > max(_TOLERANCE, 2 * math.ulp(number)):
        raise refused(value, f"a whole number as {value_type} needs it")
    return nearest


def _to_string(value: Any) -> str:
    return text_of(value)


def _text_check(value_type: str) -> Check:
    """Return the check of a type whose values are texts of a certain form, as xs:date."""

    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise refused(value, value_type)
        text = text_of(value)
        _parsed(value_type, value)
        return text

    return check


def _to_date_time(value: Any) -> str:
    if isinstance(value, datetime):
        if not _FIRST_YEAR < value.year < _LAST_YEAR:
            raise refused(None, "a time")
        microseconds = to_microseconds(value)
        text = to_iso(microseconds)
        # xs:dateTime to the millisecond as everywhere, finer only where the device is.
        rest = microseconds % 1000
        return f"{text[:-1]}{rest:03d}Z" if rest else text
    if isinstance(value, str):
        _parsed("xs:dateTime", value)
        return value
    raise refused(value, "a time")


def _to_duration(value: Any) -> str:
    """Return xs:duration; a number is OPC UA's Duration in milliseconds (OPC 10000-3 8.13)."""
    if isinstance(value, str):
        _parsed("xs:duration", value)
        return value
    number = to_number(value)
    if not _is_finite(number):
        raise refused(value, "a duration")
    seconds = (abs(Decimal(repr(number))) / 1000).normalize()
    return f"{'-' if number < 0 else ''}PT{seconds:f}S"


def _to_base64(value: Any) -> str:
    if isinstance(value, bytes):
        _require_short(value)
        return base64.b64encode(value).decode("ascii")
    return _binary_text("xs:base64Binary", value)


def _to_hex(value: Any) -> str:
    if isinstance(value, bytes):
        _require_short(value)
        return value.hex().upper()
    return _binary_text("xs:hexBinary", value)


def _require_short(value: str | bytes) -> None:
    if len(value) > MAX_VALUE_SIZE:
        raise too_large(len(value))


def _binary_text(value_type: str, value: Any) -> str:
    if not isinstance(value, str):
        raise refused(value, value_type)
    _require_short(value)
    _parsed(value_type, value)
    return value


def _parsed(value_type: str, text: str) -> Any:
    try:
        value = to_json(value_type, text)
    except ValueError:
        raise refused(text, f"a text of {value_type}") from None
    if isinstance(value, str) and value_type in FLOAT_TYPES:
        return float(value.replace("INF", "inf"))
    return value


_CHECKS: Final[dict[str, Check]] = {
    "xs:string": _to_string,
    "xs:float": _to_float,
    "xs:decimal": _to_decimal,
    "xs:boolean": _to_boolean,
    "xs:dateTime": _to_date_time,
    "xs:duration": _to_duration,
    "xs:base64Binary": _to_base64,
    "xs:hexBinary": _to_hex,
}
