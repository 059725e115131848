"""What clients' values become for devices: the way back of ``sink_types``."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from aas_server.bindings.sink_types import UNKNOWN_LANGUAGE
from aas_server.metamodel.value_types import FLOAT_TYPES, to_json, to_lexical

_DAYS_TO_SECONDS: Final = re.compile(
    r"(?P<sign>-?)P(?:(?P<days>[0-9]+)D)?"
    r"(?:T(?:(?P<hours>[0-9]+)H)?(?:(?P<minutes>[0-9]+)M)?(?:(?P<seconds>[0-9]+(?:\.[0-9]+)?)S)?)?",
    re.ASCII,
)


def from_client(model_type: str, value_type: str | None, value: Any) -> Any:
    """Return a client's ValueOnly form as the Python value that devices take.

    Numbers, booleans and texts as themselves, xs:dateTime as an aware datetime, binary types as
    bytes, xs:duration as milliseconds, a MultiLanguageProperty as {"language", "text"}. Raises
    ``ValueError`` for what the type does not have.
    """
    if model_type == "MultiLanguageProperty":
        return _localized_text(value)
    value_type = value_type or "xs:string"
    if value is None or isinstance(value, dict | list):
        raise ValueError(f"a machine takes one value of {value_type}")
    scalar = to_json(value_type, to_lexical(value_type, value))
    if not isinstance(scalar, str):
        return scalar
    convert = _FROM_TEXT.get(value_type)
    return scalar if convert is None else convert(scalar)


def _localized_text(value: Any) -> dict[str, str]:
    entries = [value] if isinstance(value, dict) else value
    if isinstance(entries, list) and len(entries) == 1 and isinstance(entries[0], dict):
        texts = list(entries[0].items())
        if len(texts) == 1 and isinstance(texts[0][1], str):
            language, text = texts[0]
            return {"language": "" if language == UNKNOWN_LANGUAGE else language, "text": text}
    raise ValueError('a machine takes one text in one language, such as [{"en": "text"}]')


def _special_float(text: str) -> float:
    return float(text.replace("INF", "inf"))


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no time that a machine takes") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _milliseconds(text: str) -> float:
    match = _DAYS_TO_SECONDS.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} has years or months, whose length no machine knows")
    days, hours, minutes, seconds = (
        Decimal(match[name] or 0) for name in ("days", "hours", "minutes", "seconds")
    )
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    return float(-total * 1000 if match["sign"] else total * 1000)


def _base64_bytes(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as error:
        raise ValueError(f"{text!r} is no xs:base64Binary") from error


_FROM_TEXT: Final[dict[str, Callable[[str], Any]]] = {
    **dict.fromkeys(FLOAT_TYPES, _special_float),
    "xs:dateTime": _moment,
    "xs:duration": _milliseconds,
    "xs:base64Binary": _base64_bytes,
    "xs:hexBinary": bytes.fromhex,
}
