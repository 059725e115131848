"""The machines as an OPC UA client sees them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asyncua import Client, Node, ua
from asyncua.ua.uaerrors import (
    BadArgumentsMissing,
    BadInvalidArgument,
    BadNodeIdUnknown,
    BadNotWritable,
    BadOutOfRange,
    BadTypeMismatch,
    BadUserAccessDenied,
)

from examples.plant.plant_file import plant_for
from examples.plant.vendors.catalogue import VENDORS
from examples.plant.vendors.description import Numbers, Text, Variable

pytestmark = pytest.mark.system

DEADLINE = 20.0


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Client]:
    logging.getLogger("asyncua").setLevel(logging.ERROR)
    async with Client(url) as client:
        yield client


async def node_at(client: Client, node: str) -> Node:
    expanded = ua.NodeId.from_string(node)
    assert isinstance(expanded, ua.ExpandedNodeId)
    namespace = await client.get_namespace_index(expanded.NamespaceUri)
    return client.get_node(ua.NodeId(expanded.Identifier, namespace))


def bound_nodes(urls: Mapping[str, str], key: str, path: str) -> str:
    [node] = {
        row["node"]
        for row in plant_for(urls)["bindings"]
        if row["connection"] == key
        and row["sink"]["path"] == path
        and row["sink"]["submodel"].endswith("OperationalData")
    }
    assert isinstance(node, str)
    return node


def variables(key: str) -> dict[Any, Variable[Any]]:
    return {variable.id: variable for variable in VENDORS[key].root.variables()}


async def call(client: Client, method: str, *arguments: Any) -> None:
    index = await client.get_namespace_index("urn:demo-plant:simulation")
    simulation = client.get_node(ua.NodeId("Simulation", index))
    await simulation.call_method(ua.NodeId(method, index), *arguments)


async def until(
    node: Node, accepts: Callable[[ua.DataValue], bool], deadline: float = DEADLINE
) -> ua.DataValue:
    async with asyncio.timeout(deadline):
        while True:
            value = await node.read_data_value(raise_on_bad_status=False)
            if accepts(value):
                return value
            await asyncio.sleep(0.05)


def is_sensor_failure(value: ua.DataValue) -> bool:
    return value.StatusCode.value == ua.StatusCodes.BadSensorFailure


async def write(node: Node, value: Any, kind: ua.VariantType) -> None:
    await node.write_value(ua.DataValue(ua.Variant(value, kind)))


@pytest.mark.parametrize("key", VENDORS)
async def test_every_bound_node_is_there_with_its_type(
    plant_urls: Mapping[str, str], key: str
) -> None:
    nodes = {row["node"] for row in plant_for({key: plant_urls[key]})["bindings"]}
    described = variables(key)
    async with connected(plant_urls[key]) as client:
        for text in sorted(nodes):
            node = await node_at(client, text)
            variable = described[node.nodeid.Identifier]
            value = await node.read_data_value()
            assert value.Value.VariantType is variable.type, text
            assert value.StatusCode.is_good()
            assert value.SourceTimestamp is not None
            age = datetime.now(UTC) - value.SourceTimestamp
            assert timedelta(seconds=-5) < age < timedelta(seconds=DEADLINE)
            if variable.length is not None:
                assert len(value.Value.Value) == variable.length
                assert await node.read_value_rank() is ua.ValueRank.OneDimension
            if isinstance(variable.data_type, int):
                assert await node.read_data_type() == ua.NodeId(variable.data_type)
            elif variable.data_type is None:
                assert await node.read_data_type() == ua.NodeId(variable.type.value)


async def test_vendors_differ_in_the_style_of_their_node_ids(
    plant_urls: Mapping[str, str],
) -> None:
    bindings = plant_for(plant_urls)["bindings"]
    styles = {
        key: {row["node"].rsplit(";", 1)[1][:2] for row in bindings if row["connection"] == key}
        for key in VENDORS
    }
    assert styles == {"mill": {"s="}, "robot": {"s="}, "moulder": {"i="}, "packer": {"g="}}


async def test_an_enumeration_tells_its_texts(plant_urls: Mapping[str, str]) -> None:
    async with connected(plant_urls["robot"]) as client:
        node = await node_at(client, bound_nodes(plant_urls, "robot", "Signals.ProgramState"))
        data_type = client.get_node(await node.read_data_type())
        texts = await (await data_type.get_child("0:EnumStrings")).read_value()
        assert [text.Text for text in texts][:3] == ["Unloaded", "Stopped", "Running"]
        state = await node_at(client, bound_nodes(plant_urls, "robot", "State.OperatingState"))
        sparse = client.get_node(await state.read_data_type())
        values = await (await sparse.get_child("0:EnumValues")).read_value()
        assert (40, "RUN") in [(value.Value, value.DisplayName.Text) for value in values]
        definition = await data_type.read_data_type_definition()
        assert [field.Name for field in definition.Fields][:2] == ["Unloaded", "Stopped"]


async def test_some_vendors_tell_their_units_and_some_do_not(
    plant_urls: Mapping[str, str],
) -> None:
    for key, symbol in {"mill": "°C", "moulder": "°F", "robot": None, "packer": None}.items():
        async with connected(plant_urls[key]) as client:
            path = bound_nodes(plant_urls, key, "Signals.DriveTemperature")
            node = await node_at(client, path)
            properties = {
                (await child.read_browse_name()).Name: child
                for child in await node.get_properties()
            }
            if symbol is None:
                assert not properties
            else:
                unit = await properties["EngineeringUnits"].read_value()
                assert unit.DisplayName.Text == symbol
                assert (await properties["EURange"].read_value()).High > 100


async def test_the_state_says_in_utc_since_when_it_holds(plant_urls: Mapping[str, str]) -> None:
    async with connected(plant_urls["moulder"]) as client:
        node = await node_at(client, bound_nodes(plant_urls, "moulder", "State.StateSince"))
        since = await node.read_value()
        assert since.tzinfo is not None
        assert since <= datetime.now(UTC)
        assert datetime.now(UTC) - since < timedelta(minutes=10)


async def test_values_move_and_so_do_their_timestamps(plant_urls: Mapping[str, str]) -> None:
    async with connected(plant_urls["robot"]) as client:
        node = await node_at(client, bound_nodes(plant_urls, "robot", "Signals.PowerConsumption"))
        first = await node.read_data_value()
        later = await until(node, lambda value: value.Value.Value != first.Value.Value)
        assert later.SourceTimestamp > first.SourceTimestamp


@pytest.mark.parametrize("key", VENDORS)
async def test_a_failed_sensor_is_told_with_its_last_value_and_time(
    plant_urls: Mapping[str, str], key: str
) -> None:
    async with connected(plant_urls[key]) as client:
        node = await node_at(client, bound_nodes(plant_urls, key, "Signals.DriveTemperature"))
        try:
            before = datetime.now(UTC) - timedelta(seconds=1)
            await call(client, "InjectFault", "sensor-failure", 1.0)
            failed = await until(node, is_sensor_failure)
            assert failed.SourceTimestamp > before
            assert failed.Value.VariantType is variables(key)[node.nodeid.Identifier].type
            await until(node, lambda value: value.SourceTimestamp > failed.SourceTimestamp)
            last = await node.read_data_value(raise_on_bad_status=False)
            assert last.Value.Value == failed.Value.Value
        finally:
            await call(client, "ClearFaults")
        await until(node, lambda value: value.StatusCode.is_good())


async def test_subscribers_hear_of_a_failed_sensor(plant_urls: Mapping[str, str]) -> None:
    heard: asyncio.Queue[ua.DataValue] = asyncio.Queue()

    class Handler:
        def datachange_notification(self, node: Node, value: Any, data: Any) -> None:
            heard.put_nowait(data.monitored_item.Value)

    async with connected(plant_urls["packer"]) as client:
        node = await node_at(client, bound_nodes(plant_urls, "packer", "Signals.DriveTemperature"))
        subscription = await client.create_subscription(50, Handler())
        await subscription.subscribe_data_change(node)
        try:
            await call(client, "InjectFault", "sensor-failure", 1.0)
            async with asyncio.timeout(DEADLINE):
                while not is_sensor_failure(value := await heard.get()):
                    pass
            assert value.Value.Value is not None
        finally:
            await call(client, "ClearFaults")
            await subscription.delete()


@pytest.mark.parametrize("key", VENDORS)
async def test_an_override_is_taken_in_its_range_only(
    plant_urls: Mapping[str, str], key: str
) -> None:
    async with connected(plant_urls[key]) as client:
        node = await node_at(client, bound_nodes(plant_urls, key, "Signals.SpeedOverride"))
        variable = variables(key)[node.nodeid.Identifier]
        limits = variable.write
        assert isinstance(limits, Numbers)
        number = float if variable.type in (ua.VariantType.Float, ua.VariantType.Double) else int
        before = await node.read_value()
        try:
            for share in (0.0, 0.5, 1.0):
                wanted = number(limits.high * share)
                await write(node, wanted, variable.type)
                assert await node.read_value() == pytest.approx(wanted)
            beyond = number(limits.high * 1.05)
            with pytest.raises(BadOutOfRange):
                await write(node, beyond, variable.type)
            if variable.type is not ua.VariantType.Byte:
                with pytest.raises(BadOutOfRange):
                    await write(node, number(-1), variable.type)
            with pytest.raises(BadTypeMismatch):
                await write(node, "50", ua.VariantType.String)
            assert await node.read_value() == pytest.approx(number(limits.high))
        finally:
            await write(node, before, variable.type)


@pytest.mark.parametrize("key", VENDORS)
async def test_an_order_is_taken_up_to_its_length_and_changes_the_machine_over(
    plant_urls: Mapping[str, str], key: str
) -> None:
    async with connected(plant_urls[key]) as client:
        node = await node_at(client, bound_nodes(plant_urls, key, "State.ActiveOrder"))
        since = await node_at(client, bound_nodes(plant_urls, key, "State.StateSince"))
        limits = variables(key)[node.nodeid.Identifier].write
        assert isinstance(limits, Text)
        before, state_since = await node.read_value(), await since.read_value()
        await write(node, "T-1", ua.VariantType.String)
        assert await node.read_value() == "T-1"
        await until(since, lambda value: value.Value.Value > state_since)
        for wrong in ("", "x" * (limits.longest + 1), None):
            with pytest.raises(BadOutOfRange):
                await write(node, wrong, ua.VariantType.String)
        await write(node, before, ua.VariantType.String)


@pytest.mark.parametrize("key", VENDORS)
async def test_nothing_else_can_be_written(plant_urls: Mapping[str, str], key: str) -> None:
    async with connected(plant_urls[key]) as client:
        namespace = await client.get_namespace_index(VENDORS[key].namespace)
        for variable in VENDORS[key].root.variables():
            node = client.get_node(ua.NodeId(variable.id, namespace))
            levels = await node.get_access_level()
            assert (ua.AccessLevel.CurrentWrite in levels) == (variable.write is not None)
            if variable.write is None:
                value = await node.read_data_value()
                with pytest.raises(BadNotWritable):
                    await node.write_value(ua.DataValue(value.Value))
        with pytest.raises(BadNotWritable):
            await client.nodes.server_state.write_value(1, ua.VariantType.Int32)
        with pytest.raises(BadNodeIdUnknown):
            await write(client.get_node(ua.NodeId("no such", namespace)), 1, ua.VariantType.Int32)
        with pytest.raises(BadUserAccessDenied):
            await client.nodes.objects.add_folder(ua.NodeId("mine", namespace), "mine")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("rust", 0.5), BadInvalidArgument),
        (("drift", 1.5), BadInvalidArgument),
        (("drift", float("nan")), BadInvalidArgument),
        ((1, 0.5), BadInvalidArgument),
        (("drift",), BadArgumentsMissing),
    ],
)
async def test_a_wrong_fault_is_refused(
    plant_urls: Mapping[str, str], arguments: tuple[Any, ...], error: type[Exception]
) -> None:
    async with connected(plant_urls["mill"]) as client:
        with pytest.raises(error):
            await call(client, "InjectFault", *arguments)


async def test_an_injected_fault_reaches_the_machine(plant_urls: Mapping[str, str]) -> None:
    async with connected(plant_urls["moulder"]) as client:
        node = await node_at(client, bound_nodes(plant_urls, "moulder", "Signals.MeltTemperature"))
        normal = await node.read_value()
        try:
            await call(client, "InjectFault", "drift", 1.0)
            await until(node, lambda value: value.Value.Value > normal + 5)
        finally:
            await call(client, "ClearFaults")


@pytest.mark.parametrize("key", VENDORS)
async def test_an_order_is_started_by_the_vendors_own_method(
    plant_urls: Mapping[str, str], key: str
) -> None:
    [row] = plant_for({key: plant_urls[key]})["operations"]
    async with connected(plant_urls[key]) as client:
        owner, method = [await node_at(client, row[name]) for name in ("object", "method")]
        declared = await (await method.get_child("0:InputArguments")).read_value()
        kinds = [ua.VariantType(argument.DataType.Identifier) for argument in declared]
        good = [
            ua.Variant("FA-77" if kind is ua.VariantType.String else 30, kind) for kind in kinds
        ]
        order = await node_at(client, bound_nodes(plant_urls, key, "State.ActiveOrder"))
        before = await order.read_value()
        assert len(await owner.call_method(method, *good)) == 2
        assert await order.read_value() == "FA-77"
        for wrong, error in (
            (good[:1], BadArgumentsMissing),
            ([ua.Variant(1.5, ua.VariantType.Double)] * 2, BadInvalidArgument),
            ([ua.Variant("" if kind is ua.VariantType.String else 0, kind) for kind in kinds],
             BadInvalidArgument),
        ):  # fmt: skip
            with pytest.raises(error):
                await owner.call_method(method, *wrong)
        await write(order, before, ua.VariantType.String)
