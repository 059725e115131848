"""One machine behind one OPC UA server."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from asyncua import ua
from asyncua.server.server import Server

from examples.plant.machines import Pace
from examples.plant.opcua.access import GuardedAttributes, Operators
from examples.plant.opcua.address_space import AddressSpaceBuilder
from examples.plant.opcua.clock import SimulatedClock
from examples.plant.opcua.fault_methods import NAMESPACE, FaultMethods
from examples.plant.opcua.publisher import Publisher
from examples.plant.opcua.vendor_methods import VendorMethods
from examples.plant.physics.machine import Machine
from examples.plant.vendors.description import Vendor


class MachineServer:
    """Runs the simulation of a vendor's machine and serves it."""

    def __init__(self, vendor: Vendor[Any], *, port: int, seed: int, pace: Pace) -> None:
        self._vendor = vendor
        self._pace = pace
        self._machine: Machine = vendor.machine(seed)
        self.url = vendor.url(port)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve until the block ends; raises OSError when the port is taken."""
        # The standard address space is some 100,000 objects that stay: not for the collector.
        gc.disable()
        server = await self._new_server()
        clock = SimulatedClock(datetime.now(UTC), self._pace.time_scale)
        publisher = await self._fill(server, clock)
        gc.freeze()
        gc.enable()
        await server.start()
        simulation = asyncio.create_task(self._simulate(publisher))
        try:
            yield
        finally:
            simulation.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await simulation
            await server.stop()

    async def _new_server(self) -> Server:
        server = Server(user_manager=Operators())
        server.set_endpoint(self.url)
        server.set_server_name(self._vendor.product)
        server.product_uri = self._vendor.namespace
        server.manufacturer_name = self._vendor.manufacturer
        server.application_type = ua.ApplicationType.Server
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        server.set_identity_tokens([ua.AnonymousIdentityToken])
        await server.init()
        await server.set_application_uri(f"urn:demo-plant:{self._vendor.key}")
        return server

    async def _fill(self, server: Server, clock: SimulatedClock) -> Publisher[Any]:
        # First, so that it has the same index on every machine.
        await server.register_namespace(NAMESPACE)
        builder = AddressSpaceBuilder(server, self._vendor, self._pace.interval)
        variables = await builder.build()
        space = server.iserver.aspace
        publisher = Publisher(self._machine, clock, variables, space)
        await publisher.publish(clock.start)
        server.iserver.attribute_service = GuardedAttributes(
            space, self._machine, variables, publisher
        )
        await FaultMethods(self._machine, publisher).add_to(server)
        await VendorMethods(self._vendor, self._machine, publisher, clock).add_to(server)
        return publisher

    async def _simulate(self, publisher: Publisher[Any]) -> None:
        start = time.monotonic()
        samples = 0
        while True:
            elapsed = time.monotonic() - start
            self._machine.advance(elapsed * self._pace.time_scale - self._machine.time)
            await publisher.publish(datetime.now(UTC))
            # A slow computer skips samples, it does not fall behind.
            samples = max(samples + 1, int(elapsed / self._pace.interval))
            await asyncio.sleep(start + samples * self._pace.interval - time.monotonic())
