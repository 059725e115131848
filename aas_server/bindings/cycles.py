"""Cycles: rows through which a value would come back to where it began, found before they run."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, TypeGuard
from urllib.parse import unquote, urlsplit

from aas_server.bindings.messages.member_path import parse_member_path
from aas_server.bindings.plant.base import ConnectionSettings
from aas_server.bindings.plant.elements import ElementBindingSettings
from aas_server.bindings.plant.http import HttpBindingSettings, HttpConnectionSettings
from aas_server.bindings.wanted import Refused, Row, Wanted
from aas_server.errors import AasError
from aas_server.metamodel.id_short_path import IdShortPath, parse_id_short_path
from aas_server.metamodel.identifiers import decode_identifier

_Element: TypeAlias = tuple[str, IdShortPath]
"""Id of a submodel and a path in it; () is the submodel itself."""
_Device: TypeAlias = tuple[str, str]
"""Name of a connection and a source of it."""
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_ANY: Final = frozenset({"0.0.0.0", "::", ""})
_SHOWN: Final = 20
"""Places of a cycle that are spelled out at most."""
MAX_STEPS: Final = 1_000_000
"""Steps from element to element that looking for cycles takes at most, all in all."""


@dataclass(frozen=True, slots=True)
class OwnAddresses:
    """Under which addresses this very server is reached: its hosts, each with its port.

    ``prefixes`` are the paths in front of its operations, where a proxy adds one.
    """

    places: frozenset[tuple[str, int]] = frozenset()
    prefixes: tuple[str, ...] = ("",)

    @classmethod
    def of(cls, host: str, port: int, external_url: str | None = None) -> OwnAddresses:
        """Return the addresses of a server that listens on ``host`` and ``port``."""
        hosts = {host.lower()}
        if host in _ANY or host in _LOOPBACK:
            hosts |= _LOOPBACK
        if host in _ANY:
            hosts |= {socket.gethostname().lower(), socket.getfqdn().lower()}
        places = {(each, port) for each in hosts}
        prefixes = [""]
        if external_url is not None:
            parts = urlsplit(external_url)
            place = (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS[parts.scheme]
            places.add(place)
            prefixes.insert(0, parts.path.rstrip("/"))
        return cls(frozenset(places), tuple(dict.fromkeys(prefixes)))

    def has(self, url: str) -> bool:
        """Return whether ``url`` leads to this server."""
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
        return ((parts.hostname or "").lower(), port) in self.places

    def element(self, url: str) -> _Element | None:
        """Return which element, or submodel, of this server ``url`` names; None for neither."""
        path = urlsplit(url).path
        for prefix in self.prefixes:
            if path.startswith(f"{prefix}/"):
                found = _element(path[len(prefix) + 1 :].split("/"))
                if found is not None:
                    return found
        return None


def without_cycles(wanted: Wanted, own: OwnAddresses) -> Wanted:
    """Return ``wanted`` without the rows that would close a cycle; these are refused, and the
    reason spells the cycle out.

    Of the rows of a cycle the first ones stay. A row leads from its source to its sink, and one
    that clients may write through back as well.
    """
    graph = _Graph(wanted.connections, own)
    if not any(map(graph.is_of_ours, wanted.rows)):
        return wanted
    kept: list[Row] = []
    refused: list[Refused] = []
    for row in wanted.rows:
        reason = graph.refusal(row)
        if reason is None:
            kept.append(row)
            graph.add(row)
        else:
            settings = row.settings
            refused.append(
                Refused(
                    settings.connection, settings.source, settings.sink.name, row.origin, reason
                )
            )
    return replace(wanted, rows=tuple(kept), refused=(*wanted.refused, *refused))


class _Reachable:
    """Rows by the element that they begin at: found by that element, by what lies in it, and by
    what it lies in.
    """

    def __init__(self) -> None:
        self._at: dict[_Element, list[Row]] = {}
        self._within: dict[_Element, list[Row]] = {}

    def add(self, place: _Element, row: Row) -> None:
        submodel, path = place
        self._at.setdefault(place, []).append(row)
        for length in range(len(path)):
            self._within.setdefault((submodel, path[:length]), []).append(row)

    def of(self, place: _Element) -> Iterator[Row]:
        submodel, path = place
        yield from self._within.get(place, ())
        for length in range(len(path) + 1):
            yield from self._at.get((submodel, path[:length]), ())


class _Graph:
    """Which elements and sources feed which, over the rows that were taken so far."""

    def __init__(self, connections: Mapping[str, ConnectionSettings], own: OwnAddresses) -> None:
        self._connections = connections
        self._own = own
        self._reading = _Reachable()
        self._writing = _Reachable()
        self._of_device: dict[_Element | _Device, list[Row]] = {}
        self._steps_left = MAX_STEPS

    def is_of_ours(self, row: Row) -> bool:
        """Return whether the source of ``row`` is an element of this server."""
        url = self._url(row)
        return isinstance(row.settings, ElementBindingSettings) or (
            url is not None and self._own.has(url)
        )

    def refusal(self, row: Row) -> str | None:
        """Return why ``row`` must not run, None when it may."""
        source = self._source(row)
        if source is None:
            return "its address leads back to this very server and names no single element there"
        sink = _sink(row)
        if sink is None:
            return None
        way = self._way(sink, source)
        if self._steps_left < 0:
            return "elements feed each other in more ways than can be looked through for cycles"
        if way is None:
            return None
        steps = [each.settings.source for each in (row, *way, row)]
        if len(steps) > _SHOWN:
            steps[_SHOWN // 2 : -_SHOWN // 2] = [f"{len(steps) - _SHOWN} more"]
        return f"it would close a cycle: {' -> '.join(steps)}"

    def add(self, row: Row) -> None:
        """Take in a row that runs."""
        source, sink = self._source(row), _sink(row)
        if source is None or sink is None:
            return
        if _is_element(source):
            self._reading.add(source, row)
        else:
            self._of_device.setdefault(source, []).append(row)
        if row.settings.direction != "read":
            self._writing.add(sink, row)

    def _way(self, start: _Element, end: _Element | _Device) -> list[Row] | None:
        """Return the rows through which what arrives at ``start`` gets to ``end``, or None."""
        if _touches(start, end):
            return []
        came: dict[_Element | _Device, tuple[_Element | _Device, Row] | None] = {start: None}
        waiting: list[_Element | _Device] = [start]
        while waiting and self._steps_left >= 0:
            place = waiting.pop()
            before = came[place]
            for row, after in self._steps(place):
                self._steps_left -= 1
                if after in came or (before is not None and before[1] is row):
                    continue
                came[after] = (place, row)
                if _touches(after, end):
                    return _way_to(after, came)
                waiting.append(after)
        return None

    def _steps(self, place: _Element | _Device) -> Iterator[tuple[Row, _Element | _Device]]:
        reading: Iterable[Row]
        if _is_element(place):
            reading = self._reading.of(place)
            for row in self._writing.of(place):
                source = self._source(row)
                if source is not None:
                    yield row, source
        else:
            reading = self._of_device.get(place, ())
        for row in reading:
            sink = _sink(row)
            if sink is not None:
                yield row, sink

    def _source(self, row: Row) -> _Element | _Device | None:
        """Return where a row reads; None for something of this server that is no element."""
        settings = row.settings
        if isinstance(settings, ElementBindingSettings):
            path = _parsed(settings.element.path)
            return settings.element.submodel, path or ()
        url = self._url(row)
        if url is None or not self._own.has(url):
            return settings.connection, settings.source
        found = self._own.element(url)
        if found is None or not isinstance(settings, HttpBindingSettings):
            return None
        if not urlsplit(url).path.endswith("/$value"):
            return found
        return found[0], (*found[1], *_member_steps(settings.member))

    def _url(self, row: Row) -> str | None:
        """Return which address a row of HTTP asks, None for other rows."""
        connection = self._connections.get(row.settings.connection)
        if isinstance(connection, HttpConnectionSettings) and isinstance(
            row.settings, HttpBindingSettings
        ):
            return connection.address(row.settings.href)
        return None


def _way_to(
    place: _Element | _Device,
    came: Mapping[_Element | _Device, tuple[_Element | _Device, Row] | None],
) -> list[Row]:
    way: list[Row] = []
    step = came[place]
    while step is not None:
        way.append(step[1])
        step = came[step[0]]
    return way[::-1]


def _is_element(place: _Element | _Device) -> TypeGuard[_Element]:
    return isinstance(place[1], tuple)


def _sink(row: Row) -> _Element | None:
    path = _parsed(row.settings.sink.path)
    return None if path is None else (row.settings.sink.submodel, path)


def _parsed(path: str) -> IdShortPath | None:
    try:
        return parse_id_short_path(path)
    except AasError:
        return None


def _touches(one: _Element | _Device, other: _Element | _Device) -> bool:
    """Return whether both are the same, or one element lies within the other."""
    if _is_element(one) and _is_element(other):
        length = min(len(one[1]), len(other[1]))
        return one[0] == other[0] and one[1][:length] == other[1][:length]
    return one == other


def _member_steps(member: str | None) -> tuple[str | int, ...]:
    """Return the path below an element that a member of its value names: values of collections
    have their elements as members.
    """
    return () if member is None else parse_member_path(member).steps


def _element(segments: list[str]) -> _Element | None:
    """Return what the segments of a path name: submodels/{id}[/submodel-elements/{path}]."""
    try:
        at = segments.index("submodels")
        submodel = decode_identifier(unquote(segments[at + 1]), name="submodelIdentifier")
        rest = segments[at + 2 :]
        if not rest or rest[0] != "submodel-elements":
            return (submodel, ()) if rest[:1] in ([], ["$value"]) else None
        return submodel, parse_id_short_path(unquote(rest[1])) if len(rest) > 1 else ()
    except (ValueError, IndexError, AasError):
        return None
