"""What the tests of this room share: a machine's process, a model that it feeds, the service
between them.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from prometheus_client import CollectorRegistry

from aas_server.bindings.plant.file import PlantFile
from aas_server.bindings.service import BindingService
from aas_server.clock import SystemClock
from aas_server.live.hub import LiveHub
from aas_server.live.values import LiveValue
from aas_server.metamodel.id_short_path import parse_id_short_path
from aas_server.operations.functions import FunctionExecutors
from aas_server.operations.jobs import Jobs
from aas_server.operations.service import OperationResult, OperationService
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind
from tests.bindings.opcua.machine import URI
from tests.support.memory_store import MemoryStore
from tests.support.ports import free_port

T = TypeVar("T")

SUBMODEL = "urn:test:data"
CONNECTION = {
    "publishingInterval": "100ms",
    "keepAliveCount": 3,
    "timeout": "2s",
}


class MachineProcess:
    """A test machine in a process of its own; ``options`` as its module says."""

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.port = free_port()
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.port}/machine"

    def start(self, **changes: Any) -> MachineProcess:
        """Start it, on the port that it had before."""
        options = {"port": self.port, **self.options, **changes}
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("machine.py")), json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.port = self._answer()["port"]
        return self

    def tell(self, **command: Any) -> Any:
        """Have it do something and return its answer."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        assert not (isinstance(answer, dict) and "error" in answer), answer
        return answer

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it as a power failure would."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(10)
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    def _signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _answer(self) -> Any:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the machine ended"
        return json.loads(line)


def node(name: str) -> str:
    """The node ``name`` of the test machine."""
    return f"nsu={URI};s={name}"


def row(name: str, value_type: str = "xs:double", **settings: Any) -> dict[str, Any]:
    """A binding of the machine's node ``name`` to the Property of that name and ``value_type``."""
    return {
        "connection": "machine",
        "node": settings.pop("node", node(name)),
        "sink": {"submodel": SUBMODEL, "path": settings.pop("path", name)},
        "_valueType": value_type,
        **settings,
    }


def method_row(name: str, *, path: str | None = None, **settings: Any) -> dict[str, Any]:
    """The machine's method ``name`` as what the Operation of that name does."""
    return {
        "connection": "machine",
        "object": "i=85",
        "method": node(name),
        "operation": {"submodel": SUBMODEL, "path": path or name},
        **settings,
    }


class Plant:
    """A model whose Properties are fed by one machine, and whose Operations it carries out.

    ``methods`` are the rows of the plant file's operations, ``alarms`` those of its alarms,
    ``elements`` further elements of the submodel.
    """

    def __init__(
        self,
        url: str,
        rows: list[dict[str, Any]],
        pki_dir: Path,
        *,
        methods: Sequence[dict[str, Any]] = (),
        elements: Sequence[dict[str, Any]] = (),
        alarms: Sequence[dict[str, Any]] = (),
        **connection: Any,
    ):
        self.clock = SystemClock()
        self.hub = LiveHub(self.clock)
        store = MemoryStore(self.clock)
        self.repository = Repository(store, self.hub, self.clock)
        self.registry = CollectorRegistry()
        self._rows = rows
        self._elements = elements
        self.jobs = Jobs(self.clock, store)
        self.operations = OperationService(
            self.repository, self.jobs, self.clock, functions=FunctionExecutors()
        )
        self.file = PlantFile.model_validate(
            {
                "version": 1,
                "connections": {"machine": {"url": url, **CONNECTION, **connection}},
                "bindings": [
                    {key: value for key, value in one.items() if not key.startswith("_")}
                    for one in rows
                ],
                "operations": list(methods),
                "alarms": list(alarms),
            }
        )
        self.service = BindingService(
            self.file,
            self.repository,
            self.hub,
            self.clock,
            self.registry,
            pki_dir=pki_dir,
            operations=self.operations,
        )

    async def load(self) -> None:
        """Put the submodel into the repository."""
        elements = {
            one["sink"]["path"]: {
                "modelType": "Property",
                "idShort": one["sink"]["path"],
                "valueType": one["_valueType"],
            }
            for one in self._rows
        }
        submodel = {
            "modelType": "Submodel",
            "id": SUBMODEL,
            "submodelElements": [*elements.values(), *self._elements],
        }
        await self.repository.add_missing([(Kind.SUBMODEL, submodel)], actor="test")

    def live(self, path: str) -> LiveValue:
        """What the element at ``path`` shows now."""
        found = self.hub.find(SUBMODEL, parse_id_short_path(path))
        assert found is not None
        return found[0].current

    async def invoke(self, path: str, **values: Any) -> OperationResult:
        """Invoke as a client does, with input arguments in the ValueOnly form."""
        body = {"inputArguments": values}
        return await self.operations.invoke(
            SUBMODEL, parse_id_short_path(path), body, value_only=True, actor="test"
        )

    async def write(self, path: str, value: Any) -> None:
        """Write as a client does."""
        await self.repository.write_value(SUBMODEL, parse_id_short_path(path), value, actor="test")

    def metric(self, name: str, **labels: str) -> float:
        """The value of one metric, 0 when it has not been counted."""
        labels = {"connection": "machine", **labels}
        return self.registry.get_sample_value(name, labels) or 0.0


@asynccontextmanager
async def running(plant: Plant) -> AsyncIterator[Plant]:
    """The plant with its service started, and stopped afterwards."""
    await plant.load()
    await plant.service.start()
    try:
        yield plant
    finally:
        await plant.service.stop()
        await plant.jobs.stop()


async def until(probe: Callable[[], T], *, within: float = 15.0) -> T:
    """Return what ``probe`` returns once that is true; fails after ``within`` seconds."""
    deadline = time.monotonic() + within
    while not (found := probe()):
        assert time.monotonic() < deadline, f"not within {within} s; at last {found!r}"
        await asyncio.sleep(0.02)
    return found
