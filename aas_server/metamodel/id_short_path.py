"""idShort paths: ``Signals.Temperature``, ``Schedule[2].DueDate`` (IDTA-01002, idShortPath)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, TypeAlias

from aas_server.errors import BadRequest

IdShortPath: TypeAlias = tuple[str | int, ...]
"""idShorts (str) and indexes into SubmodelElementLists (int), from the submodel downwards."""

MAX_DEPTH: Final = 64
"""Segments of a path at most; the metamodel recommends no more than 32."""

_SEGMENT: Final = re.compile(
    r"(?P<dot>\.?)(?P<name>[a-zA-Z](?:[a-zA-Z0-9_-]*[a-zA-Z0-9_])?)|\[(?P<index>0|[1-9][0-9]*)\]",
    re.ASCII,
)


def parse_id_short_path(text: str) -> IdShortPath:
    """Return the segments of ``text``; raises ``BadRequest`` that points at the first wrong
    character.

    One-letter idShorts of metamodel 3.0 are accepted.
    """
    segments: list[str | int] = []
    position = 0
    while position < len(text):
        match = _SEGMENT.match(text, position)
        if match is None or (match["index"] is None and bool(match["dot"]) != bool(segments)):
            raise _malformed(text, position)
        if match["index"] is not None:
            if not segments or len(match["index"]) > 9:
                raise _malformed(text, position)
            segments.append(int(match["index"]))
        else:
            segments.append(match["name"])
        if len(segments) > MAX_DEPTH:
            raise BadRequest(f"idShortPath has more than {MAX_DEPTH} segments", path="idShortPath")
        position = match.end()
    if not segments:
        raise _malformed(text, 0)
    return tuple(segments)


def format_id_short_path(segments: Iterable[str | int]) -> str:
    """Return the text of ``segments``; the inverse of ``parse_id_short_path``."""
    text = ""
    for segment in segments:
        if isinstance(segment, int):
            text += f"[{segment}]"
        else:
            text += f".{segment}" if text else segment
    return text


def _malformed(text: str, position: int) -> BadRequest:
    return BadRequest(
        f"{text[:200]!r} is no idShortPath: character {position + 1} begins no idShort or [index]",
        path="idShortPath",
    )
