"""The graph of the live values: what machines tell at the moment, made for one question."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from aas_server.clock import Clock, to_iso
from aas_server.live.hub import LiveHub, LivePoint
from aas_server.live.sinks import Facet
from aas_server.live.slots import Slot
from aas_server.live.values import LiveValue
from aas_server.metamodel.id_short_path import format_id_short_path
from aas_server.metamodel.tree import Node
from aas_server.packages.rdf.resources import element_iri, iri_of
from aas_server.packages.rdf.terms import simple, typed
from aas_server.packages.rdf.vocabulary import NAMESPACE, XSD
from aas_server.query.sparql import vocabulary as words
from aas_server.query.sparql.statements import literal, value_statements
from aas_server.repository.document import Document
from aas_server.repository.repository import Repository

_SLICE: Final = 0.005
"""Seconds that making statements keeps the event loop for itself at most, but for one document."""
_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode
_PROPERTY_VALUE: Final = f"{NAMESPACE}Property/value"


@dataclass(slots=True)
class _Shown:
    """One live element: how its value is said, and what was said of it last."""

    name: str
    path: str
    slot: Slot
    value_type: str | None
    """Of a Property, what follows the namespace of XML Schema; None for other elements."""
    prefix: str
    version: int = -1
    text: bytes = b""


@dataclass(slots=True)
class _Group:
    state: object
    shown: list[_Shown]
    version: int = -1
    text: bytes = field(default=b"")


class LiveStatements:
    """Says what all live values are; remembers what it said of those that did not change since."""

    def __init__(self, repository: Repository, hub: LiveHub, clock: Clock) -> None:
        self._repository = repository
        self._hub = hub
        self._clock = clock
        self._groups: dict[str, _Group] = {}
        self._made = 0

    async def all(self) -> bytes:
        """Return all statements about live values as N-Triples; raises ``StoreUnavailable``."""
        groups = self._hub.groups()
        for gone in self._groups.keys() - groups.keys():
            del self._groups[gone]
        documents = await self._repository.submodels.find_all(list(groups))
        parts: list[bytes] = []
        until = self._clock.monotonic() + _SLICE
        for identifier, document in documents.items():
            parts.append(self._of(identifier, document))
            if self._clock.monotonic() >= until:
                await asyncio.sleep(0)
                until = self._clock.monotonic() + _SLICE
        return b"".join(parts)

    def _of(self, identifier: str, document: Document) -> bytes:
        group = self._hub.group(identifier)
        if group is None:
            return b""
        stored = document.stored
        state = (group.structure, stored.sequence, stored.revision, stored.updated)
        known = self._groups.get(identifier)
        if known is None or known.state != state:
            known = _Group(state, list(self._shown_in(identifier, document)))
            self._groups[identifier] = known
        if known.version != group.version:
            known.text = b"".join(map(_text, known.shown))
            known.version = group.version
        return known.text

    def _shown_in(self, identifier: str, document: Document) -> Iterator[_Shown]:
        submodel = iri_of(identifier)
        group = self._hub.group(identifier)
        for place in () if group is None else tuple(group.facets):
            slot = document.slot(place)
            if slot is None:
                continue
            element: Node = _decode(slot.element_json())
            path = format_id_short_path(place)
            value_type = None
            if element.get("modelType") == "Property":
                value_type = str(element.get("valueType", "xs:string")).removeprefix("xs:")
            self._made += 1
            name = element_iri(submodel, path)
            yield _Shown(name, path, slot, value_type, f"l{self._made}x")


def live_names(document: Document, hub: LiveHub) -> list[str]:
    """Return the IRIs of the elements of ``document`` that show machines' values."""
    group = hub.group(document.id)
    if group is None:
        return []
    submodel = iri_of(document.id)
    return [
        element_iri(submodel, format_id_short_path(place))
        for place in group.facets
        if document.slot(place) is not None
    ]


def _text(shown: _Shown) -> bytes:
    point = shown.slot.point
    if shown.version != point.version:
        shown.text = _render(shown, point)
        shown.version = point.version
    return shown.text


def _render(shown: _Shown, point: LivePoint) -> bytes:
    quality = ""
    if shown.slot.facet is Facet.VALUE:
        quality = "".join(_about(shown.name, point.current))
    if shown.value_type is None:
        element: Node = _decode(shown.slot.element_json())
        submodel = iri_of(point.sink.submodel_id)
        values = value_statements(element, submodel, shown.path, prefix=shown.prefix)
        return values + quality.encode()
    value = shown.slot.normal_value()
    if value is None:
        return quality.encode()
    return (
        f"<{shown.name}> <{_PROPERTY_VALUE}> {simple(value)} .\n"
        f"<{shown.name}> <{words.VALUE}> {literal(value, shown.value_type)} .\n"
        f"{quality}"
    ).encode()


def _about(name: str, live: LiveValue) -> Iterator[str]:
    yield f"<{name}> <{words.QUALITY}> {simple(live.quality.value)} .\n"
    code = typed(str(live.status_code), f"{XSD}unsignedInt")
    yield f"<{name}> <{words.STATUS_CODE}> {code} .\n"
    for word, timestamp in (
        (words.SOURCE_TIMESTAMP, live.source_timestamp),
        (words.RECEIVED_TIMESTAMP, live.received_timestamp),
    ):
        if timestamp is not None:
            yield f"<{name}> <{word}> {typed(to_iso(timestamp), f'{XSD}dateTime')} .\n"
