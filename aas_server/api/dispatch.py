"""The dispatcher: a trie over path segments, whatever the number of operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from aas_server.api.call import Handler
from aas_server.api.metrics import Series
from aas_server.api.operations import Operation
from aas_server.errors import BadRequest


@dataclass(frozen=True, slots=True)
class Route:
    """One operation, the function that answers it and where its requests are counted."""

    operation: Operation
    handler: Handler
    series: Series


@dataclass(slots=True)
class _Segment:
    """What can follow one part of a path: fixed words first, then whatever ``parameter`` names."""

    words: dict[str, _Segment] = field(default_factory=dict)
    parameter: str = ""
    any_word: _Segment | None = None
    routes: dict[str, Route] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Match:
    """A known path: its operations by HTTP method, and the segments that their template names."""

    routes: Mapping[str, Route]
    values: Mapping[str, str]

    @property
    def allow(self) -> str:
        """Return the value of the Allow header."""
        methods = {*self.routes, "OPTIONS", *(("HEAD",) if "GET" in self.routes else ())}
        return ", ".join(sorted(methods))


class Router:
    """Finds the operations at a path."""

    def __init__(self, routes: Iterable[Route], *, base_paths: Iterable[str]) -> None:
        self._root: Final = _Segment()
        bases = tuple(base_paths)
        for route in routes:
            for base in bases:
                self._add(base + route.operation.path, route)

    def find(self, raw_path: str) -> Match | None:
        """Return what is at ``raw_path``, still percent-encoded, or None.

        One slash at the end is accepted. Segments are decoded one by one, so that an encoded slash
        stays within its segment. Raises ``BadRequest`` for what does not decode.
        """
        segments = raw_path.split("/")
        if segments[-1] == "":
            segments.pop()
        values: dict[str, str] = {}
        at = self._root
        for raw in segments[1:]:
            segment = _decode(raw) if "%" in raw else raw
            following = at.words.get(segment)
            if following is None:
                if at.any_word is None or not segment:
                    return None
                values[at.parameter] = segment
                following = at.any_word
            at = following
        return Match(at.routes, values) if at.routes else None

    def _add(self, path: str, route: Route) -> None:
        at = self._root
        for segment in path.split("/")[1:]:
            if segment.startswith("{"):
                at.any_word = at.any_word or _Segment()
                at.parameter = segment.strip("{}")
                at = at.any_word
            else:
                at = at.words.setdefault(segment, _Segment())
        at.routes[route.operation.method] = route


def _decode(raw: str) -> str:
    try:
        return unquote(raw, errors="strict")
    except UnicodeDecodeError as error:
        raise BadRequest("the path does not encode UTF-8 text", path="path") from error
