"""How the connections fare, as the generated submodel ``AssetConnectionStatus``."""

from __future__ import annotations

import enum
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Final, NamedTuple

from aas_server.bindings.binding import Binding
from aas_server.bindings.wanted import Refused
from aas_server.clock import to_iso
from aas_server.live.values import Quality, status_name
from aas_server.metamodel.tree import Node

STATUS_ID: Final = "urn:aas-server:AssetConnectionStatus"
"""Id of the generated submodel."""
MAX_SHOWN: Final = 500
"""Bindings that the whole submodel lists; the counts are of all of them."""

_TEMPLATE: Final = "urn:aas-server:smt/AssetConnectionStatus"
_NOT_IN_ID_SHORT: Final = re.compile(r"[^a-zA-Z0-9_-]", re.ASCII)
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MAX_ID_SHORT: Final = 110
_WORST_FIRST: Final = (Quality.BAD, Quality.UNCERTAIN, Quality.GOOD)
_COUNTS: Final = {
    Quality.GOOD: "ValuesGood",
    Quality.UNCERTAIN: "ValuesUncertain",
    Quality.BAD: "ValuesBad",
}


class ConnectionState(enum.Enum):
    """Where a connection stands."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    STOPPED = "stopped"


class BindingReport(NamedTuple):
    """How one binding fares; times in microseconds since the epoch.

    ``problem`` says why it does not work and what to do, ``since`` since when; both are None while
    it works. ``quality`` is None where there is no element to have one, ``last_update`` as long as
    the server has not heard of the value. ``errors`` counts values that were bad or could not be
    converted and refusals of the source. ``note`` says what it does without, though it works.
    """

    source: str
    sink: str
    problem: str | None = None
    since: int | None = None
    origin: str = ""
    quality: Quality | None = None
    status_code: int | None = None
    last_update: int | None = None
    errors: int = 0
    note: str | None = None

    @classmethod
    def of(cls, binding: Binding) -> BindingReport:
        """Return how ``binding`` fares now."""
        live = None if binding.point is None else binding.point.current
        return cls(
            binding.source,
            binding.sink_name,
            binding.problem,
            binding.problem_since,
            binding.origin,
            None if live is None else live.quality,
            None if live is None else live.status_code,
            None if live is None else live.received_timestamp,
            binding.errors,
            binding.note,
        )

    @classmethod
    def of_refused(cls, refused: Refused) -> BindingReport:
        """Return what there is to say of a binding that could not even become a row."""
        return cls(refused.source, refused.sink, refused.reason, origin=refused.origin)


@dataclass(frozen=True, slots=True)
class ConnectionReport:
    """How one connection fares.

    ``since`` (microseconds since the epoch) is when ``state`` began; ``last_error`` stays until the
    connection is back. ``bindings_failing`` are all that have a problem, ``bindings_working`` those
    of the others that are worth showing first, at most ``MAX_SHOWN``, ``qualities`` counts the
    values of all, under None what is only written and has no value. ``keep_alive_age`` is how many
    seconds ago the machine was heard of, None when it never was; ``sessions`` how often the
    connection was made.
    """

    name: str
    url: str
    state: ConnectionState
    since: int
    last_error: str | None
    bindings_ok: int
    bindings_failing: tuple[BindingReport, ...]
    bindings_working: tuple[BindingReport, ...] = ()
    qualities: Mapping[Quality | None, int] = field(default_factory=dict)
    keep_alive_age: float | None = None
    sessions: int = 0

    @property
    def bindings(self) -> tuple[BindingReport, ...]:
        """Return what can be listed: the failing ones first, then the less good before the good."""
        return self.bindings_failing + self.bindings_working


class Bindings(NamedTuple):
    """The bindings of one connection, sorted for a report."""

    failing: tuple[BindingReport, ...]
    working: tuple[BindingReport, ...]
    qualities: Mapping[Quality | None, int]

    @classmethod
    def of(cls, bindings: Iterable[Binding]) -> Bindings:
        """Return the reports of ``bindings``; those that work as far as they can be shown."""
        failing: list[BindingReport] = []
        working: dict[Quality | None, list[Binding]] = {each: [] for each in _WORST_FIRST}
        working[None] = []
        qualities = Counter[Quality | None]()
        for binding in bindings:
            quality = None if binding.point is None else binding.point.current.quality
            is_planned = binding.point is not None or binding.target is not None
            is_failing = binding.problem is not None or not is_planned
            if is_failing:
                failing.append(BindingReport.of(binding))
            else:
                working[quality].append(binding)
            # What failed before it had a value is counted among the failing alone.
            if quality is not None or not is_failing:
                qualities[quality] += 1
        shown = islice(chain.from_iterable(working.values()), MAX_SHOWN)
        return cls(tuple(failing), tuple(map(BindingReport.of, shown)), qualities)


def status_submodel(
    reports: Sequence[ConnectionReport], strays: Sequence[BindingReport] = ()
) -> Node:
    """Return the submodel that shows ``reports``, a collection for each, in their order.

    ``strays`` are bindings that belong to none of the connections.
    """
    names: set[str] = set()
    listed = _listed(reports, strays)
    elements = [
        _connection(report, shown, _id_short(report.name, names))
        for report, shown in zip(reports, listed, strict=False)
    ]
    if strays:
        children = [
            _property("BindingsFailing", "xs:unsignedInt", str(len(strays))),
            *_bindings(listed[-1], len(strays)),
        ]
        stray = _collection("WithoutConnection", children)
        elements.append({**stray, "idShort": _id_short("WithoutConnection", names)})
    submodel: Node = {
        "modelType": "Submodel",
        "id": STATUS_ID,
        "idShort": "AssetConnectionStatus",
        "kind": "Instance",
        "semanticId": _reference(f"{_TEMPLATE}/1/0"),
    }
    if elements:
        submodel["submodelElements"] = elements
    return submodel


def _listed(
    reports: Sequence[ConnectionReport], strays: Sequence[BindingReport]
) -> list[Sequence[BindingReport]]:
    """Return the bindings that each connection, and at the end nobody, lists: failing ones of all
    connections before any other one, and of what is too much an equal share for each.
    """
    failing = [*(report.bindings_failing for report in reports), tuple(strays)]
    working = [*(report.bindings_working for report in reports), ()]
    first = _shares([len(each) for each in failing], MAX_SHOWN)
    then = _shares([len(each) for each in working], MAX_SHOWN - sum(first))
    return [
        bad[:some] + good[:more]
        for bad, some, good, more in zip(failing, first, working, then, strict=True)
    ]


def _shares(wanted: Sequence[int], room: int) -> list[int]:
    """Return how much of ``room`` each gets: what it wants, or as much as the others at most."""
    shares = [0] * len(wanted)
    rest = len(wanted)
    for index in sorted(range(len(wanted)), key=lambda index: wanted[index]):
        shares[index] = min(wanted[index], room // rest)
        room -= shares[index]
        rest -= 1
    return shares


def _connection(report: ConnectionReport, shown: Sequence[BindingReport], id_short: str) -> Node:
    failing = len(report.bindings_failing)
    elements = [
        _property("Name", "xs:string", report.name),
        _property("Url", "xs:anyURI", report.url),
        _property("State", "xs:string", report.state.value),
        _property("Since", "xs:dateTime", to_iso(report.since)),
        _property("Sessions", "xs:unsignedInt", str(report.sessions)),
        _property("BindingsOk", "xs:unsignedInt", str(report.bindings_ok)),
        _property("BindingsFailing", "xs:unsignedInt", str(failing)),
    ]
    for quality, name in _COUNTS.items():
        count = report.qualities.get(quality, 0)
        elements.append(_property(name, "xs:unsignedInt", str(count)))
    if report.keep_alive_age is not None:
        elements.append(_property("KeepAliveAge", "xs:double", f"{report.keep_alive_age:.1f}"))
    if report.last_error:
        elements.append(_property("LastError", "xs:string", report.last_error))
    elements += _bindings(shown, _count(report))
    return {**_collection("Connection", elements), "idShort": id_short}


def _count(report: ConnectionReport) -> int:
    """Return how many bindings there are, those that are not shown among them."""
    planned = sum(report.qualities.values())
    return planned + sum(each.quality is None for each in report.bindings)


def _bindings(shown: Sequence[BindingReport], count: int) -> list[Node]:
    elements = []
    if count > len(shown):
        missing = str(count - len(shown))
        elements.append(_property("BindingsNotShown", "xs:unsignedInt", missing))
    if shown:
        elements.append(
            {
                "modelType": "SubmodelElementList",
                "idShort": "Bindings",
                "semanticId": _semantic_id("Bindings"),
                "orderRelevant": False,
                "semanticIdListElement": _semantic_id("Binding"),
                "typeValueListElement": "SubmodelElementCollection",
                "value": [_binding(binding) for binding in shown],
            }
        )
    return elements


def _binding(binding: BindingReport) -> Node:
    elements = [
        _property("Source", "xs:string", binding.source),
        _property("Sink", "xs:string", binding.sink),
        _property("Errors", "xs:unsignedInt", str(binding.errors)),
    ]
    if binding.origin:
        elements.append(_property("Origin", "xs:string", binding.origin))
    if binding.quality is not None and binding.status_code is not None:
        code = status_name(binding.status_code)
        elements.append(_property("Quality", "xs:string", binding.quality.value))
        elements.append(_property("StatusCode", "xs:string", code))
    if binding.last_update is not None:
        elements.append(_property("LastUpdate", "xs:dateTime", to_iso(binding.last_update)))
    if binding.note is not None:
        elements.append(_property("Note", "xs:string", binding.note))
    if binding.problem is not None:
        elements.append(_property("Problem", "xs:string", binding.problem))
    if binding.since is not None:
        elements.append(_property("ProblemSince", "xs:dateTime", to_iso(binding.since)))
    return _collection("Binding", elements)


def _collection(concept: str, elements: list[Node]) -> Node:
    return {
        "modelType": "SubmodelElementCollection",
        "semanticId": _semantic_id(concept),
        "value": elements,
    }


def _property(id_short: str, value_type: str, value: str) -> Node:
    return {
        "modelType": "Property",
        "idShort": id_short,
        "semanticId": _semantic_id(id_short),
        "valueType": value_type,
        "value": _NOT_XML.sub("\ufffd", value),
    }


def _semantic_id(concept: str) -> Node:
    return _reference(f"{_TEMPLATE}/{concept}/1/0")


def _reference(value: str) -> Node:
    return {"type": "ExternalReference", "keys": [{"type": "GlobalReference", "value": value}]}


def _id_short(name: str, taken: set[str]) -> str:
    """Return ``name`` as an idShort (AASd-002) that is not in ``taken`` yet, and put it there."""
    text = _NOT_IN_ID_SHORT.sub("_", name)[:_MAX_ID_SHORT]
    if not text[:1].isalpha():
        text = f"Connection_{text}"
    if len(text) == 1 or text.endswith("-"):
        text += "_"
    unique, number = text, 1
    while unique in taken:
        number += 1
        unique = f"{text}_{number}"
    taken.add(unique)
    return unique
