"""The machines, brokers, wires and devices of a soak, and the server that shows their values."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bindings.http.device import running_device
from tests.soak.publishers import AmqpPublisher, MqttPublisher
from tests.soak.targets import (
    ITEMS,
    RABBIT_VARIABLE,
    Target,
    amqp_target,
    http_target,
    mqtt_target,
    opcua_target,
)
from tests.support.mosquitto import running_mosquitto
from tests.support.rabbitmq import PASSWORD, running_rabbitmq
from tests.support.relay import Relay
from tests.system.aas_process import AasServer, serve_arguments
from tests.system.load_model import item_names, submodel
from tests.system.strangers_machine import PASSWORD_VARIABLE, StrangersMachine
from tests.system.strangers_model import write_environment, write_plant

MACHINES: Final = ("mill", "press")


@dataclass(frozen=True)
class Bench:
    """A server and all that it is connected to."""

    server: AasServer
    targets: list[Target]


@contextmanager
def running_bench(folder: Path) -> Iterator[Bench]:
    """Yield a bench that runs; at the end all of it is gone."""
    with ExitStack() as stack:
        variables: dict[str, str] = {RABBIT_VARIABLE: PASSWORD}
        targets: list[Target] = []

        def wire(port: int) -> Relay:
            return stack.enter_context(Relay(port))

        with ThreadPoolExecutor() as starters:
            options = ("--item-count", str(ITEMS))
            starts = {
                name: starters.submit(StrangersMachine, folder / name, *options)
                for name in MACHINES
            }
            rabbit = stack.enter_context(running_rabbitmq())
            mosquitto = stack.enter_context(running_mosquitto())
        for name, start in starts.items():
            machine = stack.enter_context(start.result())
            port = int(machine.url.rpartition(":")[2].partition("/")[0])
            targets.append(opcua_target(name, machine, wire(port)))
            variables[f"{PASSWORD_VARIABLE}_{name.upper()}"] = machine.environment[
                PASSWORD_VARIABLE
            ]
        targets.append(mqtt_target("mqtt", mosquitto, wire(mosquitto.port)))
        targets.append(amqp_target("amqp", rabbit, wire(rabbit.port)))
        device = stack.enter_context(running_device())
        targets.append(http_target("http", device, wire(device.port)))
        stack.enter_context(MqttPublisher(mosquitto.port, ITEMS))
        stack.enter_context(AmqpPublisher(rabbit.port, ITEMS))
        yield Bench(stack.enter_context(_server(folder, targets, variables)), targets)


def _server(folder: Path, targets: list[Target], variables: dict[str, str]) -> AasServer:
    documents = [submodel(target.submodel, item_names(ITEMS)) for target in targets]
    arguments = serve_arguments(
        data=folder / "data",
        load=[write_environment(folder / "soak.json", {"submodels": documents})],
        plant=write_plant(
            folder / "plant.yaml",
            {target.name: target.connection for target in targets},
            [row for target in targets for row in target.rows],
        ),
    )
    return AasServer(*arguments, folder=folder / "server", environment=variables)
