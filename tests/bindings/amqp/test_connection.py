"""What only AMQP has: exchanges and queues of a broker, patterns, redelivery, refusals."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aio_pika
import pytest

from aas_server.clock import SystemClock
from aas_server.errors import DeviceFailed
from tests.bindings.messages.benches import AmqpBench
from tests.bindings.messages.plant import NAME, SUBMODEL, BrokerPlant, connected, running, until
from tests.support.certificates import make_identity


def plant_of(
    bench: AmqpBench, rows: list[dict[str, Any]], tmp_path: Path, **more: Any
) -> BrokerPlant:
    return BrokerPlant(bench.url, rows, tmp_path, **{**bench.connection, **more})


def queue_row(queue: str, path: str = "Value") -> dict[str, Any]:
    return {"connection": NAME, "queue": queue, "sink": {"submodel": SUBMODEL, "path": path}}


async def test_the_message_s_own_time_is_the_value_s_unless_the_payload_tells_it(
    amqp: AmqpBench, topic: str, tmp_path: Path
) -> None:
    sent = datetime(2026, 3, 1, 12, tzinfo=UTC)
    rows = [amqp.row(topic, member="v"), amqp.row(topic, "Told", member="v", timestamp="t")]
    async with running(plant_of(amqp, rows, tmp_path)) as plant:
        await connected(plant)

        await amqp.publish(topic, '{"v": 1, "t": 1772366401}', timestamp=sent)

        await until(lambda: plant.shows("Told", 1.0))
        assert plant.live("Value").source_timestamp == 1_772_366_400_000_000
        assert plant.live("Told").source_timestamp == 1_772_366_401_000_000


async def test_a_pattern_of_a_topic_exchange_shows_the_newest_of_what_it_matches(
    amqp: AmqpBench, topic: str, tmp_path: Path
) -> None:
    rows = [amqp.row(f"{topic}.*.t"), amqp.row(f"{topic}.#", "All")]
    async with running(plant_of(amqp, rows, tmp_path)) as plant:
        await connected(plant)

        await amqp.publish(f"{topic}.a.t", "1")
        await until(lambda: plant.shows("Value", 1.0) and plant.shows("All", 1.0))
        await amqp.publish(f"{topic}.b.c.t", "2")
        await until(lambda: plant.shows("All", 2.0))
        assert plant.shows("Value", 1.0)


async def test_a_queue_that_is_there_is_read_and_what_is_delivered_again_is_uncertain(
    amqp: AmqpBench, topic: str, tmp_path: Path
) -> None:
    async with amqp.channel() as channel:
        queue = await channel.declare_queue(topic, auto_delete=False)
        await channel.default_exchange.publish(aio_pika.Message(b"1"), topic)
        # Somebody else took it and gave it back.
        await queue.get()
    async with (
        amqp.channel() as channel,
        running(plant_of(amqp, [queue_row(topic)], tmp_path)) as plant,
    ):
        await until(lambda: plant.shows("Value", 1.0, "uncertain"))
        assert plant.status("Value") == "UncertainLastUsableValue"

        await channel.default_exchange.publish(aio_pika.Message(b"2"), topic)
        await until(lambda: plant.shows("Value", 2.0))

        left = (await channel.declare_queue(topic, passive=True)).declaration_result
        assert left.message_count == 0

        await (await channel.get_queue(topic)).delete(if_unused=False, if_empty=False)
        await until(lambda: "the queue is gone" in (plant.problem("Value") or ""))
        assert plant.live("Value").quality.value == "bad"


async def test_an_exchange_or_a_queue_that_is_not_there_is_a_problem_of_its_binding_alone(
    amqp: AmqpBench, topic: str, tmp_path: Path
) -> None:
    rows = [
        amqp.row(topic, "Good"),
        {**amqp.row(topic, "Exchange"), "exchange": f"no-{topic}"},
        queue_row(f"no-{topic}", "Queue"),
    ]
    async with running(plant_of(amqp, rows, tmp_path)) as plant:
        await connected(plant)
        await amqp.publish(topic, "1")

        await until(lambda: plant.shows("Good", 1.0))
        assert f"no exchange 'no-{topic}'" in (plant.problem("Exchange") or "")
        assert f"no queue 'no-{topic}'" in (plant.problem("Queue") or "")
        assert plant.status("Queue") == "BadConfigurationError"
        assert plant.problem("Good") is None


async def test_an_exchange_that_is_not_there_takes_no_value_and_others_still_do(
    amqp: AmqpBench, topic: str, tmp_path: Path
) -> None:
    rows = [
        amqp.row(topic, "Bad", **amqp.write(f"{topic}.set", exchange=f"no-{topic}")),
        amqp.row(topic, "Good", **amqp.write(f"{topic}.set")),
    ]
    async with (
        running(plant_of(amqp, rows, tmp_path)) as plant,
        amqp.listening(f"{topic}.set") as heard,
    ):
        await connected(plant)

        results = await asyncio.gather(
            plant.write("Bad", 1.0), plant.write("Good", 2.0), return_exceptions=True
        )
        assert isinstance(results[0], DeviceFailed)
        assert f"no exchange 'no-{topic}'" in str(results[0])
        assert results[1] is None
        await until(lambda: heard)
        with pytest.raises(DeviceFailed):
            await plant.write("Bad", 1.0)
        assert plant.report().state.value == "connected"


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"password": "wrong"}, "ACCESS_REFUSED"), ({"url": "nowhere"}, "virtual host 'nowhere'")],
)
async def test_what_the_broker_refuses_is_told_and_not_tried_again_soon(
    amqp: AmqpBench,
    topic: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, str],
    reason: str,
) -> None:
    if "password" in change:
        monkeypatch.setenv("AAS_TEST_RABBIT", change["password"])
    amqp.url += change.get("url", "")
    plant = plant_of(amqp, [amqp.row(topic)], tmp_path)
    async with running(plant):
        await until(lambda: reason in (plant.report().last_error or ""))
        since = plant.report().since
        await asyncio.sleep(1.5)
        assert plant.report().since == since
        assert plant.metric("aas_binding_reconnects_total") == 0


async def test_a_broker_is_talked_to_with_tls_when_its_certificate_is_trusted(
    amqp: AmqpBench, topic: str, tmp_path: Path
) -> None:
    amqp.url = f"amqps://127.0.0.1:{amqp.broker.tls_port}/"
    _, other = make_identity(SystemClock(), "Other", is_authority=True).files(tmp_path / "other")
    async with running(plant_of(amqp, [amqp.row(topic)], tmp_path, ca=str(other))) as plant:
        await until(lambda: "not trusted" in (plant.report().last_error or ""))
    trusted = str(amqp.broker.authority)
    async with running(plant_of(amqp, [amqp.row(topic)], tmp_path, ca=trusted)) as plant:
        await connected(plant)
        await amqp.publish(topic, "1")
        await until(lambda: plant.shows("Value", 1.0))
