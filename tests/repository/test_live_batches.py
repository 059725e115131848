"""Several machines' values in one request: all are tried, and each that was not taken is told."""

from __future__ import annotations

from typing import Any

import pytest

from aas_server.errors import (
    BadRequest,
    DeviceFailed,
    DeviceRefusedAccess,
    Forbidden,
    NotAllWritten,
    NotFound,
)
from aas_server.live.hub import LiveHub, LivePoint
from aas_server.live.sinks import resolve_sink
from aas_server.metamodel.id_short_path import format_id_short_path, parse_id_short_path
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind

STATUS = {"status_code": 0x803B0000, "status_name": "BadNotWritable"}


def prop(name: str) -> dict[str, Any]:
    return {"modelType": "Property", "idShort": name, "valueType": "xs:int", "value": "1"}


SUBMODEL: dict[str, Any] = {
    "modelType": "Submodel",
    "id": "urn:sm",
    "submodelElements": [
        {
            "modelType": "SubmodelElementCollection",
            "idShort": "Box",
            "value": [prop("A"), prop("B"), prop("Stored")],
        },
        {
            "modelType": "SubmodelElementList",
            "idShort": "List",
            "typeValueListElement": "Property",
            "valueTypeListElement": "xs:int",
            "value": [{"modelType": "Property", "valueType": "xs:int", "value": "1"}] * 2,
        },
    ],
}


class Device:
    """Takes values, but for those that it refuses."""

    def __init__(self) -> None:
        self.taken: dict[str, Any] = {}
        self.refusals: dict[str, Exception] = {}

    async def write(self, point: LivePoint, value: Any) -> None:
        path = format_id_short_path(point.sink.path)
        if path in self.refusals:
            raise self.refusals[path]
        self.taken[path] = value


@pytest.fixture
async def loaded(repository: Repository) -> Repository:
    await repository.add_missing([(Kind.SUBMODEL, SUBMODEL)], actor="test")
    return repository


@pytest.fixture
def device(hub: LiveHub, loaded: Repository) -> Device:
    """Behind Box.A, Box.B and the second item of the list."""
    device = Device()
    for path in ("Box.A", "Box.B", "List[1]"):
        hub.register(resolve_sink(SUBMODEL, parse_id_short_path(path)), device)
    return device


async def write(repository: Repository, path: tuple[str, ...], value: Any) -> None:
    await repository.write_value("urn:sm", path, value, actor="client")


async def test_all_values_of_a_container_go_to_their_machines(
    loaded: Repository, device: Device
) -> None:
    await write(loaded, ("Box",), {"A": 1, "B": 2})
    assert device.taken == {"Box.A": 1, "Box.B": 2}
    await write(loaded, (), {"Box": {"B": 3}, "List": [None, 7]})
    assert device.taken == {"Box.A": 1, "Box.B": 3, "List[1]": 7}


async def test_what_was_not_taken_is_told_one_by_one(loaded: Repository, device: Device) -> None:
    device.refusals = {"Box.B": DeviceFailed("broken", path="Box.B", **STATUS)}
    with pytest.raises(NotAllWritten, match=r"1 of 2 not written; written: Box\.A") as told:
        await write(loaded, ("Box",), {"A": 1, "B": 2})
    (finding,) = told.value.findings
    assert (finding.path, finding.code) == ("Box.B", "DeviceFailed")
    assert "BadNotWritable" in finding.text

    device.refusals["Box.A"] = DeviceRefusedAccess("no", path="Box.A", **STATUS)
    with pytest.raises(NotAllWritten, match="none of the elements"):
        await write(loaded, ("Box",), {"A": 1, "B": 2})


async def test_one_element_that_cannot_be_written_at_all_holds_up_the_others(
    loaded: Repository, hub: LiveHub, device: Device
) -> None:
    hub.register(resolve_sink(SUBMODEL, ("Box", "Stored")))
    with pytest.raises(Forbidden):
        await write(loaded, ("Box",), {"A": 1, "Stored": 2})
    assert device.taken == {}


@pytest.mark.parametrize(
    ("path", "value", "error"),
    [
        (("Box",), {"A": 1, "Stored": 2}, Forbidden),
        (("Box",), {"A": 1, "Nope": 2}, Forbidden),
        ((), {"Box": {"A": 1}, "List": [5, 7]}, Forbidden),
        (("Nope",), {"A": 1}, NotFound),
        (("Box",), [1], BadRequest),
    ],
)
async def test_machines_values_are_not_mixed_with_stored_ones(
    loaded: Repository, device: Device, path: tuple[str, ...], value: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await write(loaded, path, value)
    assert device.taken == {}
