"""Brokers that die, freeze, come late: bad while they are away, live again soon after."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from aas_server.errors import DeviceUnreachable
from tests.bindings.messages.benches import AmqpBench, Bench, MqttBench
from tests.bindings.messages.plant import BrokerPlant, connected, running, until
from tests.support.mosquitto import Mosquitto
from tests.support.ports import free_port

KEEP_ALIVE = 1.0
LIVE_AGAIN = 10.0


@pytest.fixture(params=["mqtt", pytest.param("amqp", marks=pytest.mark.system)])
def mortal(request: pytest.FixtureRequest) -> Any:
    """A bench whose broker the test may kill; it runs again when the test is over."""
    if request.param == "mqtt":
        return MqttBench(request.getfixturevalue("own_mosquitto"))
    return request.getfixturevalue("amqp")


@contextlib.asynccontextmanager
async def device(bench: Bench, topic: str) -> AsyncIterator[None]:
    """Publishes a rising number every tenth of a second, whenever the broker is there."""

    async def publish() -> None:
        number = 0
        while not is_over.is_set():
            number += 1
            with contextlib.suppress(Exception):
                async with asyncio.timeout(2):
                    await bench.publish(topic, str(number))
            await asyncio.sleep(0.1)

    # The client that publishes may turn a cancellation into an error of its own.
    is_over = asyncio.Event()
    task = asyncio.create_task(publish())
    try:
        yield
    finally:
        is_over.set()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def plant_of(bench: Any, rows: list[dict[str, Any]], tmp_path: Path, **more: Any) -> BrokerPlant:
    return BrokerPlant(bench.url, rows, tmp_path, **{**bench.connection, **more})


def is_good(plant: BrokerPlant) -> bool:
    return plant.live("Value").quality.value == "good"


def is_bad(plant: BrokerPlant) -> bool:
    return plant.status("Value") == "BadNoCommunication"


async def test_a_broker_that_was_killed_makes_values_bad_and_they_come_back_with_it(
    mortal: Any, topic: str, tmp_path: Path
) -> None:
    async with (
        running(plant_of(mortal, [mortal.row(topic)], tmp_path)) as plant,
        device(mortal, topic),
    ):
        await until(lambda: is_good(plant))
        value = plant.live("Value").value

        mortal.broker.kill()
        try:
            await until(lambda: is_bad(plant), within=3 * KEEP_ALIVE)
            assert plant.live("Value").value >= value
            assert plant.metric("aas_binding_connection_up") == 0
        finally:
            await asyncio.to_thread(mortal.broker.start)

        await until(lambda: is_good(plant), within=LIVE_AGAIN)
        assert plant.metric("aas_binding_reconnects_total") >= 1


async def test_a_frozen_broker_makes_values_bad_within_three_keep_alives(
    mortal: Any, topic: str, tmp_path: Path
) -> None:
    row = mortal.row(topic, **mortal.write(f"{topic}.set"))
    async with running(plant_of(mortal, [row], tmp_path)) as plant, device(mortal, topic):
        await until(lambda: is_good(plant))

        mortal.broker.freeze()
        try:
            frozen = time.monotonic()
            await until(lambda: is_bad(plant), within=3 * KEEP_ALIVE)
            assert time.monotonic() - frozen > 0.5 * KEEP_ALIVE
            assert "sign of life" in (plant.report().last_error or "")
            with pytest.raises(DeviceUnreachable):
                await plant.write("Value", 1.0)
            await asyncio.sleep(1)
            assert is_bad(plant)
        finally:
            mortal.broker.thaw()

        await until(lambda: is_good(plant), within=LIVE_AGAIN)


async def test_the_service_stops_in_time_while_a_broker_is_frozen(
    mortal: Any, topic: str, tmp_path: Path
) -> None:
    before = asyncio.all_tasks()
    try:
        async with running(plant_of(mortal, [mortal.row(topic)], tmp_path)) as plant:
            await connected(plant)
            mortal.broker.freeze()
            began = time.monotonic()
        assert time.monotonic() - began < 2.5
        await until(lambda: asyncio.all_tasks() <= before, within=2)
    finally:
        mortal.broker.thaw()


async def test_a_write_that_nobody_acknowledges_ends_with_the_time_out(
    mortal: Any, topic: str, tmp_path: Path
) -> None:
    row = mortal.row(topic, **mortal.write(f"{topic}.set"))
    plant = plant_of(mortal, [row], tmp_path, keepAlive=30, timeout="500ms")
    async with running(plant):
        await connected(plant)
        mortal.broker.freeze()
        try:
            with pytest.raises(DeviceUnreachable, match="may yet take"):
                await plant.write("Value", 1.0)
        finally:
            mortal.broker.thaw()


async def test_a_broker_may_come_later_than_the_server(
    own_mosquitto: Mosquitto, topic: str, tmp_path: Path
) -> None:
    own_mosquitto.kill()
    bench = MqttBench(own_mosquitto)
    async with running(plant_of(bench, [bench.row(topic)], tmp_path)) as plant:
        await until(lambda: "nothing listens" in (plant.report().last_error or ""))
        assert is_bad(plant)

        own_mosquitto.start()

        async with device(bench, topic):
            await until(lambda: is_good(plant), within=LIVE_AGAIN)


async def test_a_port_where_nobody_listens_is_told(
    bench: Bench, topic: str, tmp_path: Path
) -> None:
    bench.url = f"{bench.url.partition(':')[0]}://127.0.0.1:{free_port()}"
    async with running(plant_of(bench, [bench.row(topic)], tmp_path)) as plant:
        await until(lambda: "nothing listens" in (plant.report().last_error or ""))
        assert is_bad(plant)


async def test_an_endpoint_that_speaks_something_else_is_no_broker(
    mqtt: MqttBench, amqp: AmqpBench, topic: str, tmp_path: Path
) -> None:
    wrong = BrokerPlant(f"mqtt://127.0.0.1:{amqp.broker.port}", [mqtt.row(topic)], tmp_path)
    async with running(wrong):
        await until(lambda: wrong.report().state.value == "disconnected", within=5)
    other = BrokerPlant(f"amqp://127.0.0.1:{mqtt.broker.port}/", [amqp.row(topic)], tmp_path)
    async with running(other):
        await until(lambda: other.report().state.value == "disconnected", within=5)
