"""What payloads say of a value's quality, as a status code."""

from __future__ import annotations

from typing import Any, Final

from aas_server.live.values import GOOD, STATUS_NAMES

UNCERTAIN: Final = 0x40000000
BAD: Final = 0x80000000

_LARGEST: Final = 0xFFFFFFFF
_WORDS: Final = {
    "good": GOOD,
    "ok": GOOD,
    "valid": GOOD,
    "true": GOOD,
    "uncertain": UNCERTAIN,
    "questionable": UNCERTAIN,
    "bad": BAD,
    "invalid": BAD,
    "error": BAD,
    "false": BAD,
}
_NAMES: Final = {name.lower(): code for code, name in STATUS_NAMES.items()}
# Quality bytes of OPC Data Access, which gateways still send: only 0 means something else there.
_DATA_ACCESS_UNCERTAIN: Final = range(0x40, 0x80)
_DATA_ACCESS_GOOD: Final = range(0xC0, 0x100)


class NoStatus(ValueError):
    """What a payload has for its quality is none that is known."""


def to_status(value: Any) -> int:
    """Return the OPC UA StatusCode of what a payload says of a value's quality.

    Words (good, uncertain, bad and the like), names of status codes, a boolean (true is good), a
    StatusCode itself, or a quality of OPC Data Access from 64 on. Raises ``NoStatus``.
    """
    if isinstance(value, bool):
        return GOOD if value else BAD
    if isinstance(value, str):
        word = value.strip().lower()
        code = _WORDS.get(word, _NAMES.get(word))
        if code is None and word.isascii() and word.isdigit() and len(word) <= 10:
            return to_status(int(word))
        if code is not None:
            return code
    elif isinstance(value, int):
        if value in _DATA_ACCESS_GOOD:
            return GOOD
        if value in _DATA_ACCESS_UNCERTAIN:
            return UNCERTAIN
        if value == GOOD or UNCERTAIN <= value <= _LARGEST:
            return value
    shown = repr(value)[:80]
    raise NoStatus(f"the payload's quality is {shown}: neither good, uncertain nor bad")
