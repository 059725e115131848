"""Content negotiation (RFC 9110, 12): which of the forms on offer a client likes best."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from aas_server.api.call import Call

TAKES_JSON: Final = frozenset(
    {
        b"",
        b"*/*",
        b"application/*",
        b"application/json",
        b"application/json, */*",
        b"application/json,*/*",
        b"application/json, */*;q=0.5",
        b"application/json, text/plain, */*",
        b"application/json;charset=utf-8",
        b"application/json; charset=utf-8",
    }
)
"""Values of Accept, as clients send them, that JSON is the answer to wherever it is offered.

A hot read compares a header with these: what is not among them is looked at in full.
"""

_MAX_WISHES: Final = 4096
"""Characters of a header that are looked at."""
_ELEMENT: Final = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*+(?:"|\\?\Z))++', re.DOTALL)
"""One element of a list; a quotation that does not end takes all that follows."""
_RANGE: Final = re.compile(r"[\t ]*([!#$&^_.+*a-z0-9-]+)/([!#$&^_.+*a-z0-9-]+)[\t ]*(?=;|$)")
_QUALITY: Final = re.compile(r';[\t ]*q=([^;"\t ]*)')
_VALUE: Final = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")
_LANGUAGE: Final = re.compile(r"[\t ]*([a-z]{1,8}(?:-[a-z0-9]{1,8})*)[\t ]*(?=;|$)")


def accept_of(call: Call) -> str | None:
    """Return what the client accepts, None when it does not say: every Accept header of it."""
    return _joined(call, b"accept")


def best_type(accept: str | None, offered: Sequence[str]) -> str | None:
    """Return which of the media types in ``offered``, the preferred one first, is liked best.

    The most specific range that a type is in says how much it is liked. Of types that are liked
    alike it is the one that is named more specifically, then earlier. Without a wish it is the
    first, and None when all are refused. What is malformed, or comes late in a header of many
    kilobytes, is passed over.
    """
    if accept is None or not accept.strip():
        return offered[0]
    ranges = _ranges(accept)
    best, best_rank = None, (0.0, -1, 0)
    for media_type in offered:
        rank = max(
            (each for each in ((_rank(media_type, *one)) for one in ranges) if each is not None),
            key=lambda rank: rank[1:],
            default=None,
        )
        if rank is not None and rank[0] > 0 and rank > best_rank:
            best, best_rank = media_type, rank
    return best


def languages_of(call: Call) -> tuple[str, ...]:
    """Return the languages that a client likes, the best first, and English after them."""
    wishes: list[tuple[float, str]] = []
    wanted = _joined(call, b"accept-language") or ""
    for element in wanted[:_MAX_WISHES].lower().split(","):
        match = _LANGUAGE.match(element)
        quality = _quality(element)
        if match is not None and quality:
            wishes.append((quality, match[1]))
    wishes.sort(key=lambda wish: -wish[0])
    return (*(language for _, language in wishes), "en")


def _joined(call: Call, name: bytes) -> str | None:
    values = [value.decode("latin-1") for key, value in call.headers if key == name]
    return ", ".join(values) if values else None


def _ranges(accept: str) -> list[tuple[str, str, float, int]]:
    """Return type, subtype, quality and place of each media range."""
    found: list[tuple[str, str, float, int]] = []
    for place, element in enumerate(_ELEMENT.findall(accept[:_MAX_WISHES].lower())):
        match = _RANGE.match(element)
        quality = _quality(element)
        if match is not None and quality is not None:
            found.append((match[1], match[2], quality, place))
    return found


def _rank(
    media_type: str, main: str, sub: str, quality: float, place: int
) -> tuple[float, int, int] | None:
    """Return quality, specificity and place (a later one is less) of a type in a range."""
    own_main, own_sub = media_type.split("/")
    if (main, sub) == (own_main, own_sub):
        return quality, 2, -place
    if (main, sub) == (own_main, "*"):
        return quality, 1, -place
    return (quality, 0, -place) if (main, sub) == ("*", "*") else None


def _quality(element: str) -> float | None:
    """Return the weight of an element, None for a malformed one."""
    match = _QUALITY.search(element)
    if match is None:
        return 1.0
    return float(match[1]) if _VALUE.fullmatch(match[1]) else None
