"""What can go wrong with each machine and broker, and with the wire to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from tests.bindings.http.device import Device, Request, Response
from tests.soak.publishers import EXCHANGE
from tests.support.mosquitto import Mosquitto
from tests.support.rabbitmq import USER, RabbitMq
from tests.support.relay import Relay
from tests.system.load_model import item_bindings, item_names
from tests.system.strangers_machine import PASSWORD_VARIABLE, StrangersMachine
from tests.system.strangers_model import Node, connection

ITEMS: Final = 50
RABBIT_VARIABLE: Final = "SOAK_RABBIT"

Step = Callable[[], object]


@dataclass(frozen=True)
class Target:
    """One connection of the server: how it is bound, and the faults that it may suffer.

    ``faults`` has for each what begins it and what ends it.
    """

    name: str
    connection: Node
    rows: list[Node]
    faults: Mapping[str, tuple[Step, Step]]

    @property
    def submodel(self) -> str:
        return submodel_of(self.name)


def submodel_of(name: str) -> str:
    return f"urn:soak:{name}"


def opcua_target(name: str, machine: StrangersMachine, wire: Relay) -> Target:
    """Return a machine that speaks OPC UA, encrypted."""
    found = connection(machine, password={"env": f"{PASSWORD_VARIABLE}_{name.upper()}"})
    found["url"] = f"opc.tcp://127.0.0.1:{wire.port}/nordvik"
    faults: dict[str, tuple[Step, Step]] = {
        **_faults_of(machine.process.kill, machine.start, machine.process, wire),
        "restart with other namespaces": (
            lambda: machine.process.kill(),
            lambda: machine.start("--shuffle-namespaces"),
        ),
    }
    # The process is another one after each start.
    faults["kill"] = (lambda: machine.process.kill(), machine.start)
    faults["freeze"] = (lambda: machine.process.freeze(), lambda: machine.process.thaw())
    return Target(name, found, item_bindings(name, submodel_of(name), ITEMS), faults)


def mqtt_target(name: str, broker: Mosquitto, wire: Relay) -> Target:
    """Return a broker of MQTT, to which devices publish."""
    found = {"url": f"mqtt://127.0.0.1:{wire.port}", "timeout": "2s", "keepAlive": 1}
    rows = [_row(name, number, topic=f"soak/{number}") for number in range(ITEMS)]
    return Target(name, found, rows, _faults_of(broker.kill, broker.start, broker, wire))


def amqp_target(name: str, broker: RabbitMq, wire: Relay) -> Target:
    """Return a broker of AMQP, to which devices publish."""
    found = {
        "url": f"amqp://127.0.0.1:{wire.port}/",
        "user": USER,
        "password": {"env": RABBIT_VARIABLE},
        "timeout": "2s",
        "keepAlive": 1,
    }
    rows = [
        _row(name, number, exchange=EXCHANGE, routingKey=f"soak.{number}")
        for number in range(ITEMS)
    ]
    return Target(name, found, rows, _faults_of(broker.kill, broker.start, broker, wire))


def http_target(name: str, device: Device, wire: Relay) -> Target:
    """Return a device that is polled over HTTP; it never fails itself, the wire to it does."""
    found = {"url": f"http://127.0.0.1:{wire.port}/api/", "timeout": "2s", "interval": "500ms"}
    rows = [
        {
            "connection": name,
            "href": "items",
            "member": f"v[{number}]",
            "timestamp": "t",
            "sink": {"submodel": submodel_of(name), "path": item_names(number + 1)[-1]},
        }
        for number in range(ITEMS)
    ]
    device.answers["/api/items"] = _items
    return Target(
        name, found, rows, {"cut": (wire.cut, wire.mend), "stall": (wire.stall, wire.mend)}
    )


def _items(_: Request) -> Response:
    """Answer with the present number of every item."""
    now = datetime.now(UTC)
    values = [number + now.microsecond / 1_000_001 for number in range(ITEMS)]
    return Response(json.dumps({"t": now.isoformat(), "v": values}).encode())


def _row(name: str, number: int, **source: Any) -> Node:
    sink = {"submodel": submodel_of(name), "path": item_names(number + 1)[-1]}
    read = {"member": "v", "timestamp": "t", "expectedInterval": "2s"}
    return {"connection": name, "sink": sink, **read, **source}


def _faults_of(kill: Step, start: Step, process: Any, wire: Relay) -> dict[str, tuple[Step, Step]]:
    return {
        "kill": (kill, start),
        "freeze": (process.freeze, process.thaw),
        "cut": (wire.cut, wire.mend),
        "stall": (wire.stall, wire.mend),
    }
