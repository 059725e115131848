"""Machines for the tests of bindings: one that all share, and as many as they ask for."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.bindings.messages.benches import AmqpBench, Bench, MqttBench
from tests.bindings.opcua.plant import MachineProcess
from tests.support.mosquitto import Mosquitto, running_mosquitto
from tests.support.rabbitmq import PASSWORD, RabbitMissing, RabbitMq, running_rabbitmq

MachineFactory = Callable[..., MachineProcess]


@pytest.fixture(scope="session")
def shared_machine() -> Iterator[MachineProcess]:
    shared = MachineProcess().start()
    yield shared
    shared.kill()


@pytest.fixture
def machine(shared_machine: MachineProcess) -> MachineProcess:
    """A machine that lives as long as the test run, with the values it started with."""
    shared_machine.tell(reset=True)
    return shared_machine


@pytest.fixture
def make_machine() -> Iterator[MachineFactory]:
    """Starts machines that a test may kill and freeze."""
    started: list[MachineProcess] = []

    def make(**options: Any) -> MachineProcess:
        machine = MachineProcess(**options)
        started.append(machine)
        return machine.start()

    yield make
    for machine in started:
        machine.kill()


@pytest.fixture(scope="session")
def shared_mosquitto() -> Iterator[Mosquitto]:
    """One broker for all tests that leave it running."""
    with running_mosquitto() as broker:
        yield broker


@pytest.fixture(scope="session")
def shared_rabbitmq(_no_process_is_left: None) -> Iterator[RabbitMq]:
    """One broker for all tests; who kills it starts it again. Takes ten seconds to start."""
    try:
        with running_rabbitmq() as broker:
            yield broker
    except RabbitMissing as reason:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI runs with RabbitMQ: {reason}")
        pytest.skip(str(reason))


@pytest.fixture
def mqtt(shared_mosquitto: Mosquitto) -> MqttBench:
    return MqttBench(shared_mosquitto)


@pytest.fixture
def amqp(shared_rabbitmq: RabbitMq, monkeypatch: pytest.MonkeyPatch) -> AmqpBench:
    monkeypatch.setenv("AAS_TEST_RABBIT", PASSWORD)
    return AmqpBench(shared_rabbitmq)


@pytest.fixture(params=["mqtt", "amqp"])
def bench(request: pytest.FixtureRequest) -> Bench:
    """Each broker in turn: what a test says holds for all of them."""
    bench: Bench = request.getfixturevalue(request.param)
    return bench


@pytest.fixture
def own_mosquitto() -> Iterator[Mosquitto]:
    """A broker that the test may kill and freeze."""
    with running_mosquitto() as broker:
        yield broker


@pytest.fixture
def topic() -> str:
    """A topic that no other test uses: brokers are shared."""
    return f"t{uuid.uuid4().hex}"
