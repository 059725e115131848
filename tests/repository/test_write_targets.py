"""An element that a device takes and cannot be asked for shows what the device last accepted."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aas_server.errors import (
    BadRequest,
    Conflict,
    DeviceFailed,
    Forbidden,
    NotFound,
    PreconditionFailed,
)
from aas_server.live.hub import LiveHub, LivePoint
from aas_server.live.sinks import resolve_sink
from aas_server.metamodel.tree import with_changed
from aas_server.repository.conditions import Conditions
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind
from tests.repository.test_repository import element

SUBMODEL: dict[str, Any] = {
    "modelType": "Submodel",
    "id": "urn:sm",
    "submodelElements": [
        {"modelType": "Property", "idShort": "Temp", "valueType": "xs:double", "value": "1.50"}
    ],
}


class Device:
    """Takes values, or refuses them."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.refusal: Exception | None = None

    async def write(self, _point: LivePoint, value: Any) -> None:
        await asyncio.sleep(0)
        if self.refusal is not None:
            raise self.refusal
        self.taken.append(value)


@pytest.fixture
async def loaded(repository: Repository) -> Repository:
    await repository.add_missing([(Kind.SUBMODEL, SUBMODEL)], actor="test")
    return repository


@pytest.fixture
def device(hub: LiveHub, loaded: Repository) -> Device:
    """Behind Temp."""
    device = Device()
    hub.register_target(resolve_sink(SUBMODEL, ("Temp",)), device)
    return device


async def test_what_the_device_accepted_is_stored(loaded: Repository, device: Device) -> None:
    await loaded.write_value("urn:sm", ("Temp",), 7.5, actor="client")

    assert device.taken == [7.5]
    shown = await element(loaded, "Temp")
    assert shown["value"] == "7.5"


async def test_what_the_device_refuses_is_not_stored(loaded: Repository, device: Device) -> None:
    device.refusal = DeviceFailed("no", status_code=0x80000000, status_name="Bad")
    with pytest.raises(DeviceFailed):
        await loaded.write_value("urn:sm", ("Temp",), 7.5, actor="client")

    assert (await element(loaded, "Temp"))["value"] == "1.50"


async def test_what_cannot_be_stored_never_reaches_the_device(
    loaded: Repository, device: Device
) -> None:
    stale = Conditions(if_match=frozenset({"0r0"}))
    with pytest.raises(PreconditionFailed):
        await loaded.write_value("urn:sm", ("Temp",), 7.5, actor="client", conditions=stale)
    with pytest.raises(BadRequest):
        await loaded.write_value("urn:sm", ("Temp",), "hot", actor="client")

    assert device.taken == []


async def test_writes_are_stored_in_the_order_in_which_the_device_took_them(
    loaded: Repository, device: Device
) -> None:
    writes = (loaded.write_value("urn:sm", ("Temp",), float(n), actor="client") for n in range(9))
    await asyncio.gather(*writes)

    assert (await element(loaded, "Temp"))["value"] == str(device.taken[-1])
    assert sorted(device.taken) == list(range(9))


async def test_the_element_is_written_by_itself_and_not_as_part_of_others(
    loaded: Repository, device: Device
) -> None:
    with pytest.raises(Forbidden, match="write it by itself"):
        await loaded.write_value("urn:sm", (), {"Temp": 3.5}, actor="client")
    changed = with_changed(SUBMODEL, ("Temp",), lambda each: {**each, "value": "3.5"})
    with pytest.raises(Conflict, match="written through to a machine"):
        await loaded.put(Kind.SUBMODEL, "urn:sm", changed, actor="client")
    renamed = with_changed(SUBMODEL, ("Temp",), lambda each: {**each, "category": "PARAMETER"})
    await loaded.put(Kind.SUBMODEL, "urn:sm", renamed, actor="client")

    assert device.taken == []
    assert (await element(loaded, "Temp"))["value"] == "1.50"


async def test_without_its_target_the_element_is_one_as_any_other(
    loaded: Repository, hub: LiveHub, device: Device
) -> None:
    (target,) = hub.targets.of("urn:sm").values()
    with pytest.raises(Conflict, match="already takes"):
        hub.register_target(target.point.sink, device)
    hub.targets.remove(target)

    await loaded.write_value("urn:sm", ("Temp",), 7.5, actor="client")

    assert device.taken == []
    assert (await element(loaded, "Temp"))["value"] == "7.5"


async def test_a_write_to_a_document_that_is_gone_never_reaches_the_device(
    loaded: Repository, device: Device
) -> None:
    await loaded.delete(Kind.SUBMODEL, "urn:sm", actor="client")
    with pytest.raises(NotFound):
        await loaded.write_value("urn:sm", ("Temp",), 7.5, actor="client")
    assert device.taken == []
