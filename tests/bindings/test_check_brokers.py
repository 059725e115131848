"""The dry run of brokers, HTTP servers, elements, and of what descriptions among the submodels
want.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aas_server.bindings.check import CheckResult, check
from aas_server.bindings.hosts import AllowedHosts
from aas_server.bindings.plant.file import PlantFile
from aas_server.clock import SystemClock
from aas_server.live.hub import LiveHub
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind
from tests.bindings.aid.documents import mapping, to_element
from tests.bindings.http.device import Response, running_device
from tests.bindings.messages.benches import AmqpBench, Bench, MqttBench
from tests.bindings.onboarding.trees import TreeBuilder, proposed
from tests.bindings.opcua.machine import URI
from tests.bindings.opcua.plant import MachineProcess
from tests.support.memory_store import MemoryStore
from tests.support.mosquitto import running_mosquitto

SUBMODEL = "urn:test:data"


async def model(*submodels: dict[str, Any]) -> Repository:
    """A repository with Properties ``Value`` (xs:double) and ``Copy``, and ``submodels``."""
    clock = SystemClock()
    repository = Repository(MemoryStore(clock), LiveHub(clock), clock)
    data = {
        "modelType": "Submodel",
        "id": SUBMODEL,
        "submodelElements": [
            {"modelType": "Property", "idShort": "Value", "valueType": "xs:double"},
            {"modelType": "Property", "idShort": "Other", "valueType": "xs:double", "value": "7"},
        ],
    }
    documents = [(Kind.SUBMODEL, each) for each in (data, *submodels)]
    await repository.add_missing(documents, actor="test")
    return repository


async def checked(
    bench: Any, rows: list[dict[str, Any]], tmp_path: Path, **connection: Any
) -> list[CheckResult]:
    plant = PlantFile.model_validate(
        {
            "version": 1,
            "connections": {
                "broker": {"url": bench.url, "timeout": "2s", **bench.connection, **connection}
            },
            "bindings": rows,
        }
    )
    return await check(plant, await model(), pki_dir=tmp_path)


async def test_a_topic_that_may_be_listened_to_is_ok(
    bench: Bench, topic: str, tmp_path: Path
) -> None:
    (result,) = await checked(bench, [bench.row(topic)], tmp_path)

    assert result.ok, result.text


async def test_what_the_broker_keeps_is_tried_on_the_sink(
    mqtt: MqttBench, topic: str, tmp_path: Path
) -> None:
    await mqtt.publish(topic, "21.5", retain=True)
    await mqtt.publish(f"{topic}.x", "warm", retain=True)
    rows = [mqtt.row(topic), mqtt.row(f"{topic}.x", path="Other")]

    good, wrong = await checked(mqtt, rows, tmp_path)

    assert (good.ok, wrong.ok) == (True, False)
    assert good.text.endswith("subscribed, now '21.5', shown as 21.5")
    assert "'warm'" in wrong.text


async def test_a_topic_that_the_broker_refuses_fails_alone(tmp_path: Path, topic: str) -> None:
    with running_mosquitto(unsubscribable="closed/#") as broker:
        bench = MqttBench(broker)
        rows = [bench.row(f"closed.{topic}"), bench.row(f"open.{topic}", path="Other")]

        closed, free = await checked(bench, rows, tmp_path)

    assert free.ok, free.text
    assert not closed.ok, closed.text
    assert "refuses the subscription" in closed.text


async def test_a_check_does_not_disturb_a_client_of_the_configured_name(
    mqtt: MqttBench, topic: str, tmp_path: Path
) -> None:
    async with mqtt.client(identifier=f"name-{topic}") as client:
        await checked(mqtt, [mqtt.row(topic)], tmp_path, clientId=f"name-{topic}")
        await client.publish("still/there", "1", qos=1)


@pytest.mark.xdist_group("rabbitmq")
async def test_a_queue_is_asked_for_and_not_emptied(
    amqp: AmqpBench, topic: str, tmp_path: Path
) -> None:
    async with amqp.channel() as channel:
        queue = await channel.declare_queue(topic, exclusive=False, auto_delete=False)
        await queue.bind("amq.topic", topic)
        await amqp.publish(topic, "1")
        sink = {"submodel": SUBMODEL, "path": "Value"}
        rows: list[dict[str, Any]] = [
            {"connection": "broker", "queue": topic, "sink": sink},
            {"connection": "broker", "queue": "none", "sink": {**sink, "path": "Other"}},
        ]

        there, missing = await checked(amqp, rows, tmp_path)

        assert await queue.get(timeout=5) is not None
        await queue.delete(if_empty=False)
    assert there.ok, there.text
    assert not missing.ok
    assert "refuses queue 'none'" in missing.text


async def test_a_broker_that_is_not_there_leaves_its_topics_unchecked(tmp_path: Path) -> None:
    nobody = _Server("mqtt://127.0.0.1:9")
    row = {"connection": "broker", "topic": "a", "sink": {"submodel": SUBMODEL, "path": "Value"}}

    found = await checked(nobody, [row], tmp_path)

    assert [result.ok for result in found] == [False, False]
    assert "not checked" in found[1].text


async def test_an_address_is_asked_once_and_its_answer_tried_on_every_sink(tmp_path: Path) -> None:
    with running_device() as device:
        device.answers["/api/state"] = Response(b'{"speed": 3.5, "name": "x"}')
        rows = [
            {"connection": "broker", "href": "state", "member": member,
             "sink": {"submodel": SUBMODEL, "path": path}}
            for member, path in (("speed", "Value"), ("name", "Other"))
        ]  # fmt: skip

        found = await checked(_Server(device.url), rows, tmp_path)

        assert len(device.asked("/api/state")) == 1
    good, wrong = found
    assert good.text.endswith("answered, now 3.5, shown as 3.5")
    assert not wrong.ok


async def test_an_address_that_answers_with_a_failure_fails(tmp_path: Path) -> None:
    with running_device() as device:
        device.answers["/api/state"] = Response(b"", 404)
        row = {
            "connection": "broker",
            "href": "state",
            "sink": {"submodel": SUBMODEL, "path": "Value"},
        }

        (result,) = await checked(_Server(device.url), [row], tmp_path)

    assert not result.ok
    assert "404" in result.text


class _Server:
    def __init__(self, url: str) -> None:
        self.url = url
        self.connection: dict[str, Any] = {}


def described(machine: MachineProcess, node: str) -> list[dict[str, Any]]:
    """Documents that feed ``Signals.Speed`` from a node of the test machine."""
    builder = TreeBuilder()
    builder.variable(builder.root, "Speed", node=f"nsu={URI};s={node}")
    documents = proposed(builder).documents
    found = [each for file in documents.values() for each in file.get("submodels", ())]
    described = next(each for each in found if each["idShort"] == "AssetInterfacesDescription")
    endpoint = described["submodelElements"][0]["value"][1]
    base = next(each for each in endpoint["value"] if each["idShort"] == "base")
    base["value"] = machine.url
    return found


@pytest.mark.parametrize(("node", "ok"), [("Speed", True), ("Nowhere", False)])
async def test_what_descriptions_want_is_checked_without_a_plant_file(
    machine: MachineProcess, tmp_path: Path, node: str, ok: bool
) -> None:
    repository = await model(*described(machine, node))

    (result,) = await check(
        None, repository, pki_dir=tmp_path, hosts=AllowedHosts.parse(["127.0.0.1"])
    )

    assert result.ok is ok
    assert ("now 1.5, shown as 1.5" if ok else "BadNodeIdUnknown") in result.text


async def test_a_description_that_leads_to_a_host_that_is_not_allowed_fails(
    machine: MachineProcess, tmp_path: Path
) -> None:
    repository = await model(*described(machine, "Speed"))

    (result,) = await check(None, repository, pki_dir=tmp_path)

    assert not result.ok
    assert "AIMC" in result.text


async def test_a_cycle_of_elements_fails_with_the_way(tmp_path: Path) -> None:
    other, value = (to_element(SUBMODEL, name, leaf="Property") for name in ("Other", "Value"))
    repository = await model(mapping((other, value), (value, other)))

    results = await check(None, repository, pki_dir=tmp_path)

    assert [result.ok for result in results] == [True, False]
    assert f"it would close a cycle: {SUBMODEL}/" in results[1].text
