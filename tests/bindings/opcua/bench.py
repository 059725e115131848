"""A supervisor without a service around it, and bindings for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from aas_server.bindings.binding import Binding
from aas_server.bindings.connection import ConnectionContext
from aas_server.bindings.conversion import compile_conversion
from aas_server.bindings.metrics import BindingMetrics
from aas_server.bindings.opcua.pki import Pki
from aas_server.bindings.opcua.supervisor import OpcUaSupervisor
from aas_server.bindings.plant.opcua import OpcUaBindingSettings, OpcUaConnectionSettings
from aas_server.bindings.status import ConnectionState
from aas_server.clock import SystemClock
from aas_server.live.hub import LiveHub
from aas_server.live.sinks import Facet, Sink
from aas_server.live.values import LiveValue, Quality
from tests.bindings.opcua.plant import CONNECTION, node


class Bench:
    """A supervisor and the bindings that it is given."""

    def __init__(self, url: str, pki: Path, **connection: Any) -> None:
        self.hub = LiveHub(SystemClock())
        self.registry = CollectorRegistry()
        context = ConnectionContext(
            self.hub, SystemClock(), lambda: None, Pki(pki), BindingMetrics(self.registry)
        )
        settings = OpcUaConnectionSettings.model_validate({"url": url, **CONNECTION, **connection})
        self.supervisor = OpcUaSupervisor("machine", settings, context)

    def bind(self, name: str, value_type: str = "xs:double", **more: Any) -> Binding:
        """A binding of the machine's node ``name`` to an element of its own."""
        path = more.pop("path", name)
        row = {"connection": "machine", "node": node(name), **more}
        settings = OpcUaBindingSettings.model_validate(
            {**row, "sink": {"submodel": "urn:ex", "path": path}}
        )
        sink = Sink("urn:ex", (path,), "Property", value_type, {(path,): Facet.VALUE})
        conversion, point = compile_conversion(settings, sink), self.hub.register(sink)
        return Binding(settings, now=self.hub.now, sink=sink, conversion=conversion, point=point)

    def metric(self, name: str) -> float:
        """The value of one metric, 0 when it has not been counted."""
        return self.registry.get_sample_value(name, {"connection": "machine"}) or 0.0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The supervisor at work, and ended afterwards."""
        task = asyncio.create_task(self.supervisor.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    @property
    def is_connected(self) -> bool:
        return self.supervisor.report().state is ConnectionState.CONNECTED


def shown(binding: Binding) -> LiveValue:
    """What the element of ``binding`` shows now."""
    assert binding.point is not None
    return binding.point.current


def is_good(*bindings: Binding) -> bool:
    """Whether all of them show good values."""
    return all(shown(binding).quality is Quality.GOOD for binding in bindings)
