"""Interface descriptions and mappings that clients upload, change and delete, against real devices:
a machine of another stack, a broker, an HTTP server.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from paho.mqtt import publish

from tests.bindings.aid.documents import (
    AID_ID,
    AIMC_ID,
    channel,
    definition,
    description,
    form,
    interface,
    mapping,
    member,
    members,
    mqtt_terms,
    pair,
)
from tests.bindings.http.device import Device, Response, running_device
from tests.support.mosquitto import Mosquitto
from tests.support.processes import eventually
from tests.system.aas_process import (
    STATUS_SUBMODEL,
    AasClient,
    AasServer,
    encoded,
    serve_arguments,
)
from tests.system.strangers_machine import NAMESPACE, StrangersMachine
from tests.system.strangers_model import connection, write_plant

Node = dict[str, Any]
DATA = "urn:test:described:data"
PLANT = "machine"
TOPIC = "plant/pump"


@pytest.fixture(scope="module")
def broker(folder: Path) -> Iterator[Mosquitto]:
    (folder / "broker").mkdir()
    broker = Mosquitto(folder / "broker").start()
    yield broker
    broker.clean_up()


@pytest.fixture(scope="module")
def device() -> Iterator[Device]:
    with running_device() as device:
        device.answers["/status"] = Response(b'{"power": 75.5}')
        yield device


@pytest.fixture(scope="module")
def described(folder: Path, machine: StrangersMachine) -> Iterator[AasServer]:
    """A server that knows how to connect to the machine, and not what of it is wanted."""
    plant = write_plant(folder / "described.yaml", {PLANT: connection(machine)}, [])
    arguments = serve_arguments(data=folder / "described", plant=plant)
    environment = {**machine.environment, "AAS_CONNECTION_HOSTS": "127.0.0.1"}
    with AasServer(*arguments, folder=folder / "server2", environment=environment) as server:
        yield server


@pytest.fixture
def client(described: AasServer) -> Iterator[AasClient]:
    """A client of that server, which has none of our submodels before and after a test."""
    yield described.client
    for identifier in (DATA, AID_ID, AIMC_ID):
        described.client.http.delete(f"/submodels/{encoded(identifier)}")


def put(client: AasClient, *submodels: Node) -> None:
    for submodel in submodels:
        path = f"/submodels/{encoded(submodel['id'])}"
        response = client.http.put(path, json=submodel)
        assert response.status_code in (201, 204), response.text


def data(*names: str) -> Node:
    elements = [
        {"modelType": "Property", "idShort": name, "valueType": "xs:double", "value": "-1"}
        for name in names
    ]
    return {"modelType": "Submodel", "id": DATA, "submodelElements": elements}


def node(identifier: str) -> Node:
    return form(f"/?id=nsu={NAMESPACE};{identifier}")


def aid(machine: StrangersMachine, broker: Mosquitto, device: Device) -> Node:
    """A description of all three, the broker's and the device's addresses without a user."""
    base = machine.url
    return description(
        interface(
            "Machine",
            base,
            definition("Speed", node("s=Station.Compressor.MotorSpeed")),
            definition("Power", node("i=5004")),
            definition("Nowhere", node("i=999999")),
            security=[channel("SignAndEncrypt", "Basic256Sha256")],
        ),
        interface(
            "Broker",
            f"mqtt://127.0.0.1:{broker.port}/",
            definition(
                "Pump",
                form(TOPIC, *mqtt_terms(qos="1", controlPacket="subscribe")),
                members(member("temperature")),
            ),
        ),
        interface(
            "Device",
            f"http://127.0.0.1:{device.port}/",
            definition("Status", form("/status"), members(member("power"))),
        ),
    )


def is_stored(client: AasClient, path: str) -> bool:
    reading = client.read(DATA, path)
    return bool(reading.quality == "" and reading.value == -1)


def test_what_is_uploaded_is_bound_and_what_is_deleted_is_not(
    client: AasClient, machine: StrangersMachine, broker: Mosquitto, device: Device
) -> None:
    pairs = {
        "Speed": pair(["Machine", "Speed"], DATA, "Speed"),
        "Temperature": pair(["Broker", "Pump", "temperature"], DATA, "Temperature"),
        "Power": pair(["Device", "Status", "power"], DATA, "Power"),
    }
    put(client, data(*pairs), aid(machine, broker, device))
    put(client, mapping(*pairs.values(), interval=0.1))

    speed = client.read_when(DATA, "Speed", lambda reading: reading.is_good)
    power = client.read_when(DATA, "Power", lambda reading: reading.is_good)
    eventually(
        lambda: (
            publish.single(TOPIC, '{"temperature": 41.5}', qos=1, port=broker.port)
            or client.read(DATA, "Temperature").is_good
        ),
        within=10,
        what="the broker's value is shown",
    )
    assert 1440 <= speed.value <= 1500
    assert (client.read(DATA, "Temperature").value, power.value) == (41.5, 75.5)
    made = machine.sessions_made()
    assert made >= 1

    # Another mapping takes the place of one: the others go on, and no session is made for it.
    put(client, mapping(pairs["Speed"], pair(["Machine", "Power"], DATA, "Power")))
    client.read_when(DATA, "Power", lambda reading: reading.is_good and reading.value == 75)
    eventually(lambda: is_stored(client, "Temperature"), within=5, what="it is stored again")
    asked = len(device.requests)
    assert client.read(DATA, "Speed").is_good
    assert machine.sessions_made() == made
    assert client.connection(PLANT)["Sessions"] == 1

    response = client.http.delete(f"/submodels/{encoded(AIMC_ID)}")
    assert response.status_code == 204, response.text
    for path in ("Speed", "Power"):
        eventually(lambda path=path: is_stored(client, path), within=5, what=f"{path} is stored")
    assert len(device.requests) <= asked + 1
    assert machine.sessions_made() == made


def test_what_cannot_be_bound_is_told_and_all_others_run(
    client: AasClient, machine: StrangersMachine, broker: Mosquitto, device: Device
) -> None:
    put(client, data("Speed", "Nowhere", "Text"), aid(machine, broker, device))
    put(
        client,
        mapping(
            pair(["Machine", "Speed"], DATA, "Speed"),
            pair(["Machine", "Nowhere"], DATA, "Nowhere"),
            pair(["Machine", "Speed"], DATA, "Missing"),
            pair(["Machine", "Unknown"], DATA, "Text"),
        ),
    )

    client.read_when(DATA, "Speed", lambda reading: reading.is_good)

    def told() -> str:
        return json.dumps(client.submodel_value(STATUS_SUBMODEL))

    for text in ("BadNodeIdUnknown", "no element 'Missing'", "is no property of an interface"):
        eventually(lambda text=text: text in told(), within=10, what=f"{text} is told")
    assert client.read(DATA, "Nowhere").is_bad
    assert is_stored(client, "Text")


def test_a_host_that_is_not_allowed_is_never_asked(
    client: AasClient, machine: StrangersMachine, broker: Mosquitto, device: Device
) -> None:
    asked = len(device.requests)
    elsewhere = interface("Evil", f"http://localhost:{device.port}/", definition("P1", form("/x")))
    put(client, data("Speed"), description(elsewhere))
    put(client, mapping(pair(["Evil", "P1"], DATA, "Speed")))

    def told() -> str:
        return json.dumps(client.submodel_value(STATUS_SUBMODEL))

    eventually(
        lambda: "connection_hosts does not allow localhost" in told(), within=10, what="it is told"
    )
    assert is_stored(client, "Speed")
    assert len(device.requests) == asked


def test_an_element_that_reads_itself_over_http_is_refused(
    client: AasClient, described: AasServer
) -> None:
    own = httpx.URL(described.client.address)
    assert own.host == "127.0.0.1"
    path = f"/api/v3/submodels/{encoded(DATA)}/submodel-elements/Speed/$value"
    loop = interface("Self", f"{own}/", definition("P1", form(path)))
    put(client, data("Speed"), description(loop))
    put(client, mapping(pair(["Self", "P1"], DATA, "Speed")))

    def told() -> str:
        return json.dumps(client.submodel_value(STATUS_SUBMODEL))

    eventually(lambda: "it would close a cycle" in told(), within=10, what="it is told")
    assert is_stored(client, "Speed")
