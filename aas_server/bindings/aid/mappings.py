"""Mappings: what an Asset Interfaces Mapping Configuration (IDTA 02027) of version 1.0, 1.0.1 or
2.0 wants to go where.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from aas_server.bindings.aid import meanings as m
from aas_server.metamodel.id_short_path import IdShortPath, format_id_short_path
from aas_server.metamodel.tree import Node

MAX_MAPPINGS: Final = 20_000
"""Mappings of one configuration at most."""
_MAX_SEGMENTS: Final = 64
_LIST: Final = "SubmodelElementList"


@dataclass(frozen=True, slots=True)
class Target:
    """An element that a reference leads to: the id of its submodel and its path there."""

    submodel: str
    path: IdShortPath

    @property
    def name(self) -> str:
        """Return the target as a user reads it: ``submodel id/idShortPath``."""
        return f"{self.submodel}/{format_id_short_path(self.path)}"


_End: TypeAlias = tuple[str, Node, Target | None]
"""Id, element and target of a source or a sink."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """One source and the sink that it feeds.

    ``place`` says where in the configuration it stands. ``interval`` is how often a source is
    polled, in seconds, ``interval_problem`` why what is said is none; both are for sources that are
    polled. ``problem`` says why it cannot be used, and then one of the ends may be
    None. ``interface`` is the interface that the source is said to be of, None when nothing is
    said.
    """

    place: str
    source: Target | None
    sink: Target | None
    interval: float | None = None
    interface: Target | None = None
    problem: str | None = None
    interval_problem: str | None = None


@dataclass(frozen=True, slots=True)
class MappingConfiguration:
    """An AIMC submodel; ``problem`` says why nothing of it was read, None if it was."""

    submodel_id: str
    mappings: tuple[Mapping, ...] = ()
    problem: str | None = None


def read_mappings(submodel: Node) -> MappingConfiguration:
    """Return what the AIMC ``submodel`` maps.

    What cannot be used has a ``problem``; nothing is raised, whatever the document holds.
    """
    identifier = str(submodel.get("id", ""))
    found: list[Mapping] = []
    for mapping in _mappings(submodel):
        if len(found) == MAX_MAPPINGS:
            problem = f"it has more than {MAX_MAPPINGS} mappings: nothing of it is used"
            return MappingConfiguration(identifier, problem=problem)
        found.append(mapping)
    return MappingConfiguration(identifier, tuple(found))


def target_of(reference: Any) -> Target | None:
    """Return the element that a model reference leads to, or None when it is none.

    A shell before the submodel is passed over: a submodel's id alone names it.
    """
    keys = _keys(reference)
    while keys and keys[0][0] == "AssetAdministrationShell":
        keys = keys[1:]
    if not 1 < len(keys) <= _MAX_SEGMENTS or keys[0][0] != "Submodel":
        return None
    path: list[str | int] = []
    container = ""
    for kind, value in keys[1:]:
        is_index = container == _LIST and value.isascii() and value.isdecimal() and len(value) < 10
        path.append(int(value) if is_index else value)
        container = kind
    return Target(keys[0][1], tuple(path))


def _mappings(submodel: Node) -> Iterator[Mapping]:
    for listed in m.find_all(submodel, *m.MAPPING_CONFIGURATIONS):
        for index, configuration in enumerate(m.elements_of(listed)):
            place = f"{listed.get('idShort', 'MappingConfigurations')}[{index}]"
            relations = m.find(configuration, *m.RELATIONS)
            if relations is not None:
                yield from _of_relations(place, configuration, relations)
            else:
                yield from _of_pairs(place, configuration)


def _of_relations(place: str, configuration: Node, relations: Node) -> Iterator[Mapping]:
    """Yield the mappings of version 1.0: relationships from a source to a sink."""
    reference = m.find(configuration, *m.INTERFACE_REFERENCE)
    interface = target_of(reference.get("value")) if reference is not None else None
    for index, relation in enumerate(m.elements_of(relations)):
        yield _mapping(
            f"{place}.{relations.get('idShort', 'MappingSourceSinkRelations')}[{index}]",
            target_of(relation.get("first")),
            target_of(relation.get("second")),
            ("first", "second"),
            interface=interface,
        )


def _of_pairs(place: str, configuration: Node) -> Iterator[Mapping]:
    """Yield the mappings of version 2.0: sources and sinks with equal ids."""
    sources = _ends(configuration, m.SOURCES, m.SOURCE, m.SOURCE_ID)
    sinks = _ends(configuration, m.SINKS, m.SINK, m.SINK_ID)
    problem = _pairing_problem(configuration, sources, sinks)
    if problem is not None:
        # Each sink is told of: it is what somebody looks at who misses a value.
        for _, _, target in sinks or [("", {}, None)]:
            yield Mapping(place, None, target, problem=problem)
        return
    by_id = {identifier: (node, target) for identifier, node, target in sources}
    default = m.text_of(configuration, *m.DEFAULT_POLLING)
    for identifier, _, sink in sinks:
        node, source = by_id[identifier]
        text = m.text_of(node, *m.POLLING) or default
        interval, reason = _interval(text)
        yield _mapping(
            *(f"{place} {identifier!r}", source, sink, ("Source", "Sink"), interval),
            interval_problem=reason,
        )


def _pairing_problem(configuration: Node, sources: list[_End], sinks: list[_End]) -> str | None:
    transformation = m.find(configuration, *m.TRANSFORMATION)
    if transformation is not None and str(transformation.get("value") or "").strip():
        return (
            "it is transformed by a Lua program, which this server does not run: "
            "leave Transformation out, and say unit, scale or enumeration in an overlay"
        )
    if not sources or not sinks:
        return f"it has no {'sources' if not sources else 'sinks'}"
    if len(sources) != len(sinks):
        return (
            f"it has {len(sources)} sources and {len(sinks)} sinks: "
            "without a transformation each source needs one sink with the same id"
        )
    for name, ends in (("SourceId", sources), ("SinkId", sinks)):
        identifiers = [identifier for identifier, _, _ in ends]
        if "" in identifiers:
            return f"one of them has no {name}"
        if len(set(identifiers)) != len(identifiers):
            return f"two of them have the same {name}"
    missing = {identifier for identifier, _, _ in sinks} - {each for each, _, _ in sources}
    if missing:
        return f"no source has the id of the sink {min(missing)!r}"
    return None


def _ends(
    configuration: Node, listed: tuple[str, ...], reference: tuple[str, ...], name: tuple[str, ...]
) -> list[_End]:
    found: list[_End] = []
    for node in m.elements_of(m.find(configuration, *listed)):
        element = m.find(node, *reference) or {}
        found.append((m.text_of(node, *name) or "", node, target_of(element.get("value"))))
    return found


def _mapping(
    place: str,
    source: Target | None,
    sink: Target | None,
    names: tuple[str, str],
    interval: float | None = None,
    *,
    interface: Target | None = None,
    interval_problem: str | None = None,
) -> Mapping:
    problem = None
    for name, target in zip(names, (source, sink), strict=True):
        if target is None and problem is None:
            problem = f"its {name} is no reference to an element of a submodel"
    return Mapping(place, source, sink, interval, interface, problem, interval_problem)


def _interval(text: str | None) -> tuple[float | None, str | None]:
    """Return the polling interval in seconds, or why there is none."""
    if text is None:
        return None, None
    try:
        seconds = float(text)
    except ValueError:
        return None, f"its polling interval {text[:40]!r} is no number of seconds"
    if not math.isfinite(seconds) or seconds <= 0:
        return None, f"its polling interval must be more than 0 seconds, not {text[:40]}"
    return seconds, None


def _keys(reference: Any) -> list[tuple[str, str]]:
    keys: Any = reference.get("keys") if isinstance(reference, dict) else None
    if not isinstance(keys, list) or reference.get("type") == "ExternalReference":
        return []
    return [
        (str(key.get("type", "")), str(key.get("value", "")).strip())
        for key in keys
        if isinstance(key, dict)
    ]
