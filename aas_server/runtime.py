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
from functools import partial

import structlog
import uvicorn
from prometheus_client import (
    CollectorRegistry,
    Gauge,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
)

from aas_server import __version__
from aas_server.api.app import AasApplication, build_app
from aas_server.api.server import make_server
from aas_server.api.services import Services
from aas_server.api.settings import ApiSettings
from aas_server.bindings.aid.compiling import Compiler
from aas_server.bindings.aid.finding import DescribedBindings
from aas_server.bindings.cycles import OwnAddresses
from aas_server.bindings.hosts import AllowedHosts
from aas_server.bindings.plant.file import PlantFile, load_plant_file
from aas_server.bindings.service import BindingService
from aas_server.clock import Clock, SystemClock
from aas_server.errors import ConfigurationError
from aas_server.live.checkpoint import Checkpoints
from aas_server.live.hub import LiveHub
from aas_server.operations.jobs import Jobs
from aas_server.operations.service import OperationService
from aas_server.packages.library import PackageLibrary
from aas_server.packages.signatures.policy import read_policy
from aas_server.query.engine import Limits, QueryEngine
from aas_server.query.sparql.service import SparqlLimits, SparqlService
from aas_server.registry.discovery import Discovery
from aas_server.registry.registry import Registry
from aas_server.repository.loader import read_environments
from aas_server.repository.repository import Repository
from aas_server.repository.verifier import Verification, Verifier
from aas_server.settings import Settings, database_password
from aas_server.signing.signer import DocumentSigner
from aas_server.store.housekeeping import Housekeeping
from aas_server.store.opening import make_store
from aas_server.store.protocol import Store
from aas_server.templates.catalog import TemplateCatalog
from aas_server.templates.guarding import Guarding, TemplateGuard
from aas_server.templates.service import TemplateService
from aas_server.templates.sources import own_templates, templates_in

log = structlog.get_logger(__name__)

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
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
async def running(
    settings: Settings, clock: Clock | None = None, *, port: int | None = None
) -> AsyncIterator[Runtime]:
    """Yield a started server without its socket: documents loaded, bindings connecting.

    ``port`` is the one that it will listen on, where the settings leave that open.

    Raises ``ConfigurationError`` for whatever must be mended before a start: a plant file, a file
    to load, the data folder. Unreachable machines are not among it.
    """
    clock = clock or SystemClock()
    # Everything that can be wrong in a file is found before anything is opened.
    plant = None if settings.plant is None else load_plant_file(settings.plant)
    compiler = _compiler(plant, settings)
    documents = read_environments(settings.load, max_bytes=settings.max_load_bytes)
    async with AsyncExitStack() as stack:
        store = make_store(
            settings.data,
            settings.database,
            clock=clock,
            password=partial(database_password, settings),
            history_versions=settings.history_versions,
            history_days=settings.history_days,
        )
        await store.open()
        stack.push_async_callback(store.close)
        housekeeping = Housekeeping(store)
        housekeeping.start()
        stack.push_async_callback(housekeeping.stop)
        hub = LiveHub(clock)
        repository = Repository(
            store,
            hub,
            clock,
            verifier=Verifier(Verification(settings.verification)),
            cache_bytes=settings.cache_bytes,
        )
        await repository.open()
        stack.push_async_callback(repository.close)
        added = await repository.add_missing(documents, actor="load")
        if documents:
            log.info("loaded", added=len(added), already_there=len(documents) - len(added))
        services = await _services(settings, store, repository, hub, clock, stack)
        registry = _make_registry(repository)
        bindings = None
        if plant is not None or settings.aid_bindings:
            checkpoints = Checkpoints(store, hub, interval=settings.checkpoint_interval)
            described = None
            if settings.aid_bindings:
                described = DescribedBindings(repository, compiler)
            own = OwnAddresses.of(settings.host, port or settings.port, settings.external_url)
            bindings = BindingService(
                plant,
                repository,
                hub,
                clock,
                registry,
                pki_dir=settings.data / "pki",
                operations=services.operations,
                checkpoints=checkpoints,
                described=described,
                own=own,
            )
            await bindings.start()
            stack.push_async_callback(bindings.stop)
            # Stopped first: what the connections say at their end is no news.
            checkpoints.start()
            stack.push_async_callback(checkpoints.stop)
        app = build_app(services, registry=registry, settings=_api_settings(settings))
        yield Runtime(settings, repository, hub, bindings, app)


async def serve(settings: Settings, *, on_ready: Callable[[str], None]) -> None:
    """Run the server until SIGTERM or SIGINT; ``on_ready`` hears the base address once it
    listens.
    """
    listener = _listen(settings.host, settings.port)
    with listener:
        async with running(settings, port=listener.getsockname()[1]) as runtime:
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


def _make_registry(repository: Repository) -> CollectorRegistry:
    registry = CollectorRegistry()
    cache = repository.cache
    for name, text, value in (
        ("documents", "Documents that are in memory.", lambda: len(cache)),
        ("bytes", "Bytes that they take, about.", lambda: cache.size),
        ("position", "Position of the change log that is shown.", lambda: cache.follower.position),
    ):
        Gauge(f"aas_cache_{name}", text, registry=registry).set_function(value)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


async def _services(
    settings: Settings,
    store: Store,
    repository: Repository,
    hub: LiveHub,
    clock: Clock,
    stack: AsyncExitStack,
) -> Services:
    """Return what stands behind the API; ``stack`` stops what has to be stopped."""
    signer = DocumentSigner(
        settings.data / "signing",
        clock,
        key=settings.signing_key,
        certificate=settings.signing_certificate,
    )
    await signer.open()
    jobs = Jobs(clock, store, keep=settings.operation_results)
    operations = OperationService(
        repository,
        jobs,
        clock,
        timeout=settings.operation_timeout,
        delegation_hosts=settings.delegation_hosts,
    )
    stack.push_async_callback(operations.stop)
    stack.push_async_callback(jobs.stop)
    templates = TemplateService(repository, await _templates(settings))
    registry = Registry(repository)
    if settings.template_validation != "off":
        repository.guard_writes(TemplateGuard(templates, Guarding(settings.template_validation)))
    return Services(
        repository=repository,
        registry=registry,
        discovery=Discovery(repository),
        packages=PackageLibrary(repository),
        operations=operations,
        jobs=jobs,
        signer=signer,
        templates=templates,
        queries=QueryEngine(
            repository, registry, hub, clock, Limits(seconds=settings.query_timeout)
        ),
        signatures=read_policy(
            settings.trusted_signers, clock, is_required=settings.require_signature
        ),
        clock=clock,
        sparql=_sparql(settings, repository, hub, clock, stack),
    )


def _sparql(
    settings: Settings,
    repository: Repository,
    hub: LiveHub,
    clock: Clock,
    stack: AsyncExitStack,
) -> SparqlService | None:
    """Return what answers SPARQL, which makes its graphs from now on; None when it is off."""
    if not settings.sparql:
        return None
    if not hasattr(os, "fork"):
        raise ConfigurationError("sparql needs a system with processes that fork: Linux or macOS")
    limits = SparqlLimits(seconds=settings.query_timeout)
    service = SparqlService(repository, hub, clock, limits)
    service.start()
    stack.push_async_callback(service.stop)
    return service


async def _templates(settings: Settings) -> TemplateCatalog:
    """Return our own templates and those of the settings; what cannot be read is logged."""
    own = await asyncio.to_thread(own_templates)
    found, findings = await asyncio.to_thread(templates_in, settings.templates)
    for finding in findings:
        if finding.is_error:
            log.warning("template not read", file=finding.path, reason=finding.text)
    return TemplateCatalog([*own, *found])


def _api_settings(settings: Settings) -> ApiSettings:
    origins = settings.cors_origins
    if origins is None:
        origins = ("*",) if settings.host in _LOOPBACK else ()
    return ApiSettings(
        version=__version__,
        max_body=settings.max_body_bytes,
        max_upload=settings.max_upload_bytes,
        max_limit=settings.max_page,
        max_requests=settings.max_requests,
        idle_timeout=settings.idle_timeout,
        shell=settings.shell,
        submodel=settings.submodel,
        external_url=settings.external_url,
        trusted_proxies=settings.trusted_proxies,
        cors_origins=origins,
        fast_lane=settings.fast_lane,
        instance_ids=settings.instance_ids,
    )


def _compiler(plant: PlantFile | None, settings: Settings) -> Compiler:
    """Return what compiles descriptions; raises ``ConfigurationError`` for a wrong list of
    hosts.
    """
    hosts = AllowedHosts.parse(settings.connection_hosts)
    if plant is None:
        return Compiler({}, hosts=hosts)
    hosts = hosts.including(each.url for each in plant.connections.values())
    return Compiler(plant.connections, plant.overlays, hosts)
