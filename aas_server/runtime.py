"""The composition root: builds everything from ``Settings``, starts it in order, stops it in
reverse.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog
import uvicorn
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from aas_server import __version__
from aas_server.api.app import AasApplication, ApiSettings, build_app
from aas_server.api.server import make_server
from aas_server.bindings.plant_file import PlantFile, load_plant_file
from aas_server.bindings.service import BindingService
from aas_server.clock import Clock, SystemClock
from aas_server.errors import ConfigurationError
from aas_server.live.hub import LiveHub
from aas_server.repository.loader import read_environments
from aas_server.repository.repository import Repository
from aas_server.settings import Settings
from aas_server.store.sqlite import SqliteStore

log = structlog.get_logger(__name__)

DRAIN_SECONDS = 1.5
"""How long requests under way may take to finish after a signal to stop."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """What one running server is made of."""

    settings: Settings
    repository: Repository
    hub: LiveHub
    bindings: BindingService | None
    app: AasApplication


@asynccontextmanager
async def running(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Runtime]:
    """Yield a started server without its socket: documents loaded, bindings connecting.

    Raises ``ConfigurationError`` for whatever must be mended before a start: a plant file, a file
    to load, the data folder. Unreachable machines are not among it.
    """
    clock = clock or SystemClock()
    # Everything that can be wrong in a file is found before anything is opened.
    plant = None if settings.plant is None else load_plant_file(settings.plant)
    documents = read_environments(settings.load, max_bytes=settings.max_load_bytes)
    async with AsyncExitStack() as stack:
        store = SqliteStore(settings.data, clock)
        await store.open()
        stack.push_async_callback(store.close)
        hub = LiveHub(clock)
        repository = Repository(store, hub, clock)
        await repository.open()
        added = await repository.add_missing(documents, actor="load")
        if documents:
            log.info("loaded", added=len(added), already_there=len(documents) - len(added))
        registry = _make_registry()
        bindings = None
        if plant is not None:
            bindings = _bind(plant, settings, repository, hub, clock, registry)
            await bindings.start()
            stack.push_async_callback(bindings.stop)
        app = build_app(
            repository,
            clock=clock,
            registry=registry,
            settings=ApiSettings(
                version=__version__,
                max_body=settings.max_body_bytes,
                max_limit=settings.max_page,
                fast_lane=settings.fast_lane,
            ),
        )
        yield Runtime(settings, repository, hub, bindings, app)


async def serve(settings: Settings, *, on_ready: Callable[[str], None]) -> None:
    """Run the server until SIGTERM or SIGINT; ``on_ready`` hears the base address once it
    listens.
    """
    listener = _listen(settings.host, settings.port)
    with listener:
        async with running(settings) as runtime:
            server = make_server(
                runtime.app,
                host=settings.host,
                port=listener.getsockname()[1],
                shutdown_timeout=DRAIN_SECONDS,
            )
            loop = asyncio.get_running_loop()

            def stop() -> None:
                log.info("stopping")
                server.should_exit = True

            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, stop)
            # What was loaded stays: the collector need not look through it ever again.
            gc.collect()
            gc.freeze()
            try:
                serving = asyncio.create_task(server.serve(sockets=[listener]), name="http")
                await _until_started(server, serving)
                on_ready(_address(settings.host, listener))
                await serving
            finally:
                for number in (signal.SIGTERM, signal.SIGINT):
                    loop.remove_signal_handler(number)
    log.info("stopped")


def _listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises ``ConfigurationError`` that says why there is none."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        # A name that does not resolve has its own numbers and texts; the others' texts repeat us.
        number = error.errno or 0
        reason = os.strerror(number) if number > 0 else error.strerror
        raise ConfigurationError(
            f"cannot listen on {host}:{port} ({reason}): choose another --host or --port"
        ) from error


def _address(host: str, listener: socket.socket) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}"


async def _until_started(server: uvicorn.Server, serving: asyncio.Task[None]) -> None:
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn sets a flag only
        await asyncio.sleep(0.01)


def _make_registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def _bind(
    plant: PlantFile,
    settings: Settings,
    repository: Repository,
    hub: LiveHub,
    clock: Clock,
    registry: CollectorRegistry,
) -> BindingService:
    return BindingService(plant, repository, hub, clock, registry, pki_dir=settings.data / "pki")
