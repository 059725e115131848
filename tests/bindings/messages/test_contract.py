"""What every broker's messages do to the model, the same for MQTT and AMQP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aas_server.errors import BadRequest, DeviceFailed
from tests.bindings.messages.benches import Bench
from tests.bindings.messages.plant import BrokerPlant, connected, running, until


def plant_of(bench: Bench, rows: list[dict[str, Any]], tmp_path: Path, **more: Any) -> BrokerPlant:
    return BrokerPlant(bench.url, rows, tmp_path, **{**bench.connection, **more})


async def test_a_number_as_text_is_shown_as_good(bench: Bench, topic: str, tmp_path: Path) -> None:
    async with running(plant_of(bench, [bench.row(topic)], tmp_path)) as plant:
        await connected(plant)

        await bench.publish(topic, "21.5")

        await until(lambda: plant.shows("Value", 21.5))
        assert plant.live("Value").received_timestamp is not None
        assert plant.metric("aas_binding_values_received_total") == 1


async def test_members_of_one_payload_feed_several_elements(
    bench: Bench, topic: str, tmp_path: Path
) -> None:
    rows = [
        bench.row(topic, "Temperature", member="data.temperature"),
        bench.row(topic, "Second", member="values[1].v", _valueType="xs:int"),
        bench.row(topic, "Name", member='["a.name"]', _valueType="xs:string"),
    ]
    async with running(plant_of(bench, rows, tmp_path)) as plant:
        await connected(plant)

        payload = {"data": {"temperature": 3.25}, "values": [{}, {"v": 7}], "a.name": "press"}
        await bench.publish(topic, json.dumps(payload))

        await until(lambda: plant.shows("Temperature", 3.25))
        assert plant.shows("Second", 7)
        assert plant.shows("Name", "press")
        # One message, whatever it feeds: the topic is subscribed once.
        assert plant.metric("aas_binding_values_received_total") == 1


@pytest.mark.parametrize(
    ("timestamp", "microseconds"),
    [
        ('"2026-03-01T12:00:00.250Z"', 1_772_366_400_250_000),
        ('"2026-03-01T13:00:00.25+01:00"', 1_772_366_400_250_000),
        ("1772366400", 1_772_366_400_000_000),
        ("1772366400250", 1_772_366_400_250_000),
    ],
)
async def test_the_time_of_a_value_is_the_one_that_its_payload_tells(
    bench: Bench, topic: str, tmp_path: Path, timestamp: str, microseconds: int
) -> None:
    rows = [bench.row(topic, member="v", timestamp="ts")]
    async with running(plant_of(bench, rows, tmp_path)) as plant:
        await connected(plant)

        await bench.publish(topic, f'{{"v": 1, "ts": {timestamp}}}')

        await until(lambda: plant.shows("Value", 1.0))
        assert plant.live("Value").source_timestamp == microseconds


async def test_the_quality_of_a_value_is_the_one_that_its_payload_tells(
    bench: Bench, topic: str, tmp_path: Path
) -> None:
    rows = [bench.row(topic, member="v", quality="q")]
    async with running(plant_of(bench, rows, tmp_path)) as plant:
        await connected(plant)

        await bench.publish(topic, '{"v": 1, "q": "good"}')
        await until(lambda: plant.shows("Value", 1.0, "good"))
        await bench.publish(topic, '{"v": 2, "q": "Uncertain"}')
        await until(lambda: plant.shows("Value", 2.0, "uncertain"))
        await bench.publish(topic, '{"v": 3, "q": "BadSensorFailure"}')
        await until(lambda: plant.shows("Value", 2.0, "bad"))
        assert plant.status("Value") == "BadSensorFailure"


BAD_PAYLOADS = [
    (b"\xff\xfe", "no UTF-8"),
    (b"NaN", "no finite number"),
    (b"1e999", "no finite number"),
    (b"warm", "not a text of xs:double"),
    (b"", "not a text of xs:double"),
]
BAD_JSON = [
    (b'{"v": "\xff"}', "no UTF-8"),
    (b'{"v": NaN}', "no JSON"),
    (b'{"v": 1e999}', "too large"),
    (b'{"v": null}', "no value"),
    (b'{"w": 1}', "no member v"),
    (b"[1]", "no member v"),
    (b'{"v": {"deep": 1}}', "not"),
    (b'{"v": ' + b"[" * 100 + b"]" * 100 + b"}", "nested deeper"),
    (b"[" * 100_000, "nested deeper"),
    (b'{"v": 1', "no JSON"),
]


@pytest.mark.parametrize(
    ("settings", "payload", "reason"),
    [({}, *one) for one in BAD_PAYLOADS] + [({"member": "v"}, *one) for one in BAD_JSON],
)
async def test_what_cannot_be_a_value_makes_this_binding_bad_and_tells_why(
    mqtt: Bench, topic: str, tmp_path: Path, settings: Any, payload: bytes, reason: str
) -> None:
    rows = [mqtt.row(topic, **settings), mqtt.row(f"{topic}.other", "Other")]
    async with running(plant_of(mqtt, rows, tmp_path)) as plant:
        await connected(plant)
        good = b'{"v": 1.5}' if settings else b"1.5"
        await mqtt.publish(topic, good)
        await until(lambda: plant.shows("Value", 1.5))
        await mqtt.publish(f"{topic}.other", "2.5")
        await until(lambda: plant.shows("Other", 2.5))

        await mqtt.publish(topic, payload)

        await until(lambda: plant.shows("Value", 1.5, "bad"))
        assert reason in (plant.problem("Value") or "")
        assert plant.shows("Other", 2.5)
        await mqtt.publish(topic, good)
        await until(lambda: plant.shows("Value", 1.5))
        assert plant.problem("Value") is None


async def test_a_payload_that_is_too_large_is_refused(
    bench: Bench, topic: str, tmp_path: Path
) -> None:
    row = bench.row(topic, _valueType="xs:string")
    async with running(plant_of(bench, [row], tmp_path, maxPayload=1000)) as plant:
        await connected(plant)
        await bench.publish(topic, "x" * 1000)
        await until(lambda: plant.shows("Value", "x" * 1000))

        await bench.publish(topic, "x" * 1001)

        await until(lambda: plant.shows("Value", "x" * 1000, "bad"))
        assert "1001 bytes" in (plant.problem("Value") or "")


async def test_bytes_go_into_binary_elements_as_they_are(
    bench: Bench, topic: str, tmp_path: Path
) -> None:
    row = bench.row(topic, _valueType="xs:base64Binary")
    async with running(plant_of(bench, [row], tmp_path)) as plant:
        await connected(plant)

        await bench.publish(topic, b"\x00\xff")

        await until(lambda: plant.shows("Value", "AP8="))


async def test_silence_makes_a_value_uncertain_and_the_next_message_good_again(
    bench: Bench, topic: str, tmp_path: Path
) -> None:
    rows = [bench.row(topic, expectedInterval="400ms"), bench.row(f"{topic}.calm", "Calm")]
    async with running(plant_of(bench, rows, tmp_path)) as plant:
        await connected(plant)
        await bench.publish(f"{topic}.calm", "1")
        await bench.publish(topic, "1")
        await until(lambda: plant.shows("Value", 1.0))

        await until(lambda: plant.shows("Value", 1.0, "uncertain"), within=2)
        assert "expectedInterval" in (plant.problem("Value") or "")
        assert plant.shows("Calm", 1.0)

        await bench.publish(topic, "2")
        await until(lambda: plant.shows("Value", 2.0))
        assert plant.problem("Value") is None


async def test_a_value_is_published_and_the_model_waits_for_the_echo(
    bench: Bench, topic: str, tmp_path: Path
) -> None:
    row = bench.row(topic, unit={"from": "mm", "to": "m"}, **bench.write(f"{topic}.set"))
    async with (
        running(plant_of(bench, [row], tmp_path)) as plant,
        bench.listening(f"{topic}.set") as heard,
    ):
        await connected(plant)
        await bench.publish(topic, "1000")
        await until(lambda: plant.shows("Value", 1.0))

        await plant.write("Value", 2.5)

        await until(lambda: heard)
        assert heard == [b"2500.0"]
        assert plant.shows("Value", 1.0)
        assert plant.metric("aas_binding_writes_total", result="ok") == 1
        await bench.publish(topic, "2500")
        await until(lambda: plant.shows("Value", 2.5))


@pytest.mark.parametrize(
    ("write", "payload"),
    [
        ({"member": "set.value"}, b'{"set": {"value": "on"}}'),
        ({"template": '{"cmd": "write", "v": {value}}'}, b'{"cmd": "write", "v": "on"}'),
        ({"template": "SET {value};", "format": "text"}, b"SET on;"),
        ({}, b'"on"'),
    ],
)
async def test_a_value_is_published_in_the_form_that_the_row_says(
    mqtt: Bench, topic: str, tmp_path: Path, write: Any, payload: bytes
) -> None:
    row = mqtt.row(topic, _valueType="xs:string", **mqtt.write(f"{topic}.set", **write))
    async with (
        running(plant_of(mqtt, [row], tmp_path)) as plant,
        mqtt.listening(f"{topic}.set") as heard,
    ):
        await connected(plant)

        await plant.write("Value", "on")

        await until(lambda: heard)
        assert heard == [payload]


async def test_a_value_that_nobody_listens_for_is_refused(
    bench: Bench, topic: str, tmp_path: Path
) -> None:
    row = bench.row(topic, **bench.write(f"{topic}.set"))
    async with running(plant_of(bench, [row], tmp_path)) as plant:
        await connected(plant)

        with pytest.raises(DeviceFailed, match="reaches no device"):
            await plant.write("Value", 2.5)

        assert plant.metric("aas_binding_writes_total", result="DeviceFailed") == 1


async def test_a_value_of_the_wrong_type_is_not_published(
    bench: Bench, topic: str, tmp_path: Path
) -> None:
    row = bench.row(topic, **bench.write(f"{topic}.set"))
    async with (
        running(plant_of(bench, [row], tmp_path)) as plant,
        bench.listening(f"{topic}.set") as heard,
    ):
        await connected(plant)

        with pytest.raises(BadRequest):
            await plant.write("Value", "warm")
        with pytest.raises(BadRequest, match="JSON has no"):
            await plant.write("Value", "NaN")

        await plant.write("Value", 1.0)
        await until(lambda: heard)
        assert heard == [b"1.0"]


async def test_bindings_come_and_go_without_a_new_connection(
    bench: Bench, topic: str, tmp_path: Path
) -> None:
    first = bench.row(topic, "First", member="v")
    second = bench.row(topic, "Second", member="w")
    other = bench.row(f"{topic}.other", "Other")
    async with running(plant_of(bench, [first, second, other], tmp_path)) as plant:
        await connected(plant)
        since = plant.report().since
        await plant.use([first])
        await bench.publish(topic, '{"v": 1, "w": 2}')
        await until(lambda: plant.shows("First", 1.0))

        await plant.use([first, second, other])
        # A shared topic's newest message feeds who comes later.
        await until(lambda: plant.shows("Second", 2.0))
        for number in range(100):
            await bench.publish(f"{topic}.other", str(number))
            if plant.live("Other").value is not None:
                break
        await until(lambda: plant.live("Other").value is not None)

        await plant.use([second])
        await bench.publish(topic, '{"v": 3, "w": 4}')
        await until(lambda: plant.shows("Second", 4.0))
        assert plant.report().since == since
        assert plant.metric("aas_binding_reconnects_total") == 0


async def test_a_burst_is_survived_and_the_newest_value_stays(
    bench: Bench, topic: str, tmp_path: Path
) -> None:
    rows = [bench.row(topic, _valueType="xs:int"), bench.row(f"{topic}.rare", "Rare")]
    async with running(plant_of(bench, rows, tmp_path)) as plant:
        await connected(plant)
        await bench.publish(f"{topic}.rare", "1")

        await bench.publish(topic, *(str(number) for number in range(2000)))

        await until(lambda: plant.shows("Value", 1999))
        assert plant.shows("Rare", 1.0)


async def test_an_overtaken_value_is_dropped(bench: Bench, topic: str, tmp_path: Path) -> None:
    rows = [bench.row(topic, member="v", timestamp="t")]
    async with running(plant_of(bench, rows, tmp_path)) as plant:
        await connected(plant)

        newer, older = '{"v": 2, "t": 1772366402}', '{"v": 1, "t": 1772366401}'
        await bench.publish(topic, newer, older, newer)

        await until(lambda: plant.metric("aas_binding_values_received_total") == 3)
        assert plant.shows("Value", 2.0)
        assert plant.metric("aas_binding_values_dropped_total", reason="overtaken") == 1


def prop(name: str, value_type: str) -> dict[str, Any]:
    return {"modelType": "Property", "idShort": name, "valueType": value_type}


async def test_an_object_fills_a_collection_and_a_collection_is_published_as_an_object(
    mqtt: Bench, topic: str, tmp_path: Path
) -> None:
    members = [prop("Speed", "xs:double"), prop("Program", "xs:string")]
    collection = {"modelType": "SubmodelElementCollection", "value": members}
    limits = {"modelType": "Range", "valueType": "xs:int"}
    rows = [
        mqtt.row(topic, _element=collection, **mqtt.write(f"{topic}.set")),
        mqtt.row(f"{topic}.l", "Limits", member="limits", _element=limits),
    ]
    async with (
        running(plant_of(mqtt, rows, tmp_path)) as plant,
        mqtt.listening(f"{topic}.set") as heard,
    ):
        await connected(plant)

        await mqtt.publish(topic, '{"Speed": 1.5, "Program": "A"}')
        await mqtt.publish(f"{topic}.l", '{"limits": {"min": 1, "max": 5}}')
        await until(lambda: plant.live("Value").quality.value == "good")
        await until(lambda: plant.live("Limits").quality.value == "good")
        assert plant.live("Value").value == {"Speed": 1.5, "Program": "A"}
        assert plant.live("Limits").value == {"min": 1, "max": 5}

        await plant.write("Value", {"Speed": 2.5, "Program": "B"})
        await until(lambda: heard)
        assert json.loads(heard[0]) == {"Speed": 2.5, "Program": "B"}
        with pytest.raises(BadRequest, match="JSON has no"):
            await plant.write("Value", {"Speed": "INF", "Program": "B"})
