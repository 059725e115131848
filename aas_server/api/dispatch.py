"""The dispatcher: a trie over path segments, whatever the number of operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from aas_server.api.call import Handler
from aas_server.api.metrics import Series
from aas_server.api.operations.operation import Operation
from aas_server.errors import BadRequest, NotFound
from aas_server.metamodel.identifiers import encode_identifier

_OPTIONS: Final = {
    "aasIdentifier": ("/aas", "--shell"),
    "submodelIdentifier": ("/submodel", "--submodel"),
}
"""What the paths that leave out a parameter begin with, and the option that fills it in."""


@dataclass(frozen=True, slots=True)
class Route:
    """One operation, the function that answers it and where its requests are counted."""

    operation: Operation
    handler: Handler
    series: Series


@dataclass(slots=True)
class _Segment:
    """What can follow one part of a path: fixed words first, then whatever ``parameter`` names.

    ``implied`` names the parameter that the path leaves out.
    """

    words: dict[str, _Segment] = field(default_factory=dict)
    parameter: str = ""
    any_word: _Segment | None = None
    routes: dict[str, Route] = field(default_factory=dict)
    implied: str = ""


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
    """Finds the operations at a path.

    ``shell`` and ``submodel`` are the identifiers that /aas and /submodel stand for: handlers see
    them as if they had been in the path.
    """

    def __init__(
        self,
        routes: Iterable[Route],
        *,
        base_paths: Iterable[str],
        shell: str | None = None,
        submodel: str | None = None,
    ) -> None:
        self._root: Final = _Segment()
        given = {"aasIdentifier": shell, "submodelIdentifier": submodel}
        self._given: Final = {
            name: encode_identifier(each) for name, each in given.items() if each is not None
        }
        bases = tuple(base_paths)
        for route in routes:
            for base in bases:
                for path in route.operation.paths:
                    self._add(base + path, route)

    def find(self, raw_path: str) -> Match | None:
        """Return what is at ``raw_path``, still percent-encoded, or None.

        One slash at the end is accepted. Segments are decoded one by one, so that an encoded slash
        stays within its segment. Raises ``BadRequest`` for what does not decode, ``NotFound`` for
        the path of the one shell or submodel of a server that was not started for one.
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
        if at.implied:
            values[at.implied] = self._implied(at.implied)
        return Match(at.routes, values) if at.routes else None

    def _implied(self, parameter: str) -> str:
        if parameter not in self._given:
            path, option = _OPTIONS[parameter]
            raise NotFound(
                f"{path} is there when the server is started for one of them: {option} ID"
            )
        return self._given[parameter]

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
        at.implied = route.operation.implied


def _decode(raw: str) -> str:
    try:
        return unquote(raw, errors="strict")
    except UnicodeDecodeError as error:
        raise BadRequest("the path does not encode UTF-8 text", path="path") from error
