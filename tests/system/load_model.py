"""Many changing numbers of the stranger's machine, bound one by one, and what is shown of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple

from tests.system.aas_process import AasClient, encoded
from tests.system.strangers_machine import LOAD_NAMESPACE
from tests.system.strangers_model import Node

STEPS: Final = 1000
"""An item adds a thousandth of this per step to its number, so its whole part tells which it is
for as many steps.
"""


class Shown(NamedTuple):
    """One element as a client reads it."""

    value: float | None
    quality: str
    time: datetime | None


def submodel(identifier: str, names: Iterable[str], value_type: str = "xs:double") -> Node:
    """Return a submodel with a Property of each name."""
    return {
        "modelType": "Submodel",
        "id": identifier,
        "idShort": "Load",
        "submodelElements": [
            {"modelType": "Property", "idShort": name, "valueType": value_type} for name in names
        ],
    }


def item_names(count: int) -> list[str]:
    """Return the idShorts of the first ``count`` items."""
    return [f"Item{number}" for number in range(count)]


def item_bindings(connection: str, submodel_id: str, count: int) -> list[Node]:
    """Return the bindings of the first ``count`` items."""
    return [
        {
            "connection": connection,
            "node": f"nsu={LOAD_NAMESPACE};i={number + 1}",
            "sink": {"submodel": submodel_id, "path": name},
        }
        for number, name in enumerate(item_names(count))
    ]


def shown(client: AasClient, submodel_id: str) -> dict[str, Shown]:
    """Return every element of a submodel, read at once."""
    elements = client.get(f"/submodels/{encoded(submodel_id)}")["submodelElements"]
    return {element["idShort"]: _shown(element) for element in elements}


def wrong(elements: dict[str, Shown]) -> dict[str, Shown]:
    """Return the items whose number is not theirs."""
    return {
        name: each
        for name, each in elements.items()
        if each.value is not None and int(each.value) != int(name.removeprefix("Item"))
    }


def _shown(element: dict[str, Any]) -> Shown:
    told = {each["type"]: each["value"] for each in element.get("qualifiers", ())}
    time = told.get("sourceTimestamp")
    value = element.get("value")
    return Shown(
        None if value is None else float(value),
        told.get("quality", ""),
        None if time is None else datetime.fromisoformat(time),
    )
