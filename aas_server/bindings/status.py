"""How the connections fare, as the generated submodel ``AssetConnectionStatus``."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from aas_server.clock import to_iso
from aas_server.metamodel.tree import Node

STATUS_ID: Final = "urn:aas-server:AssetConnectionStatus"
"""Id of the generated submodel."""
MAX_SHOWN_FAILING: Final = 100
"""Failing bindings that a connection lists; ``BindingsFailing`` counts all of them."""

_TEMPLATE: Final = "urn:aas-server:smt/AssetConnectionStatus"
_NOT_IN_ID_SHORT: Final = re.compile(r"[^a-zA-Z0-9_-]", re.ASCII)
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MAX_ID_SHORT: Final = 110


class ConnectionState(enum.Enum):
    """Where a connection stands."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    STOPPED = "stopped"


class FailingBinding(NamedTuple):
    """A binding that does not work now; ``since`` in microseconds since the epoch."""

    node: str
    sink: str
    problem: str
    since: int


@dataclass(frozen=True, slots=True)
class ConnectionReport:
    """How one connection fares.

    ``since`` (microseconds since the epoch) is when ``state`` began; ``last_error`` stays after the
    connection came back.
    """

    name: str
    url: str
    state: ConnectionState
    since: int
    last_error: str | None
    bindings_ok: int
    bindings_failing: tuple[FailingBinding, ...]


def status_submodel(reports: Iterable[ConnectionReport]) -> Node:
    """Return the submodel that shows ``reports``, a collection for each, in their order."""
    names: set[str] = set()
    connections = [_connection(report, _id_short(report.name, names)) for report in reports]
    submodel: Node = {
        "modelType": "Submodel",
        "id": STATUS_ID,
        "idShort": "AssetConnectionStatus",
        "kind": "Instance",
        "semanticId": _reference(f"{_TEMPLATE}/1/0"),
    }
    if connections:
        submodel["submodelElements"] = connections
    return submodel


def _connection(report: ConnectionReport, id_short: str) -> Node:
    elements = [
        _property("Name", "xs:string", report.name),
        _property("Url", "xs:anyURI", report.url),
        _property("State", "xs:string", report.state.value),
        _property("Since", "xs:dateTime", to_iso(report.since)),
        _property("BindingsOk", "xs:unsignedInt", str(report.bindings_ok)),
        _property("BindingsFailing", "xs:unsignedInt", str(len(report.bindings_failing))),
    ]
    if report.last_error:
        elements.append(_property("LastError", "xs:string", report.last_error))
    if report.bindings_failing:
        elements.append(_failing_list(report.bindings_failing))
    return {**_collection("Connection", elements), "idShort": id_short}


def _failing_list(failing: Sequence[FailingBinding]) -> Node:
    return {
        "modelType": "SubmodelElementList",
        "idShort": "FailingBindings",
        "semanticId": _semantic_id("FailingBindings"),
        "orderRelevant": False,
        "semanticIdListElement": _semantic_id("FailingBinding"),
        "typeValueListElement": "SubmodelElementCollection",
        "value": [_failing(binding) for binding in failing[:MAX_SHOWN_FAILING]],
    }


def _failing(binding: FailingBinding) -> Node:
    return _collection(
        "FailingBinding",
        [
            _property("Node", "xs:string", binding.node),
            _property("Sink", "xs:string", binding.sink),
            _property("Problem", "xs:string", binding.problem),
            _property("Since", "xs:dateTime", to_iso(binding.since)),
        ],
    )


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
