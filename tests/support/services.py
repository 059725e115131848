"""What stands behind the API, put together as the composition root does it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from aas_server.api.app import AasApplication, build_app
from aas_server.api.services import Services
from aas_server.api.settings import ApiSettings
from aas_server.clock import Clock
from aas_server.operations.jobs import Jobs
from aas_server.operations.service import OperationService
from aas_server.packages.library import PackageLibrary
from aas_server.packages.signatures.policy import SignaturePolicy
from aas_server.query.engine import QueryEngine
from aas_server.registry.discovery import Discovery
from aas_server.registry.registry import Registry
from aas_server.repository.repository import Repository
from aas_server.signing.signer import DocumentSigner
from aas_server.store.protocol import Store
from aas_server.templates.catalog import TemplateCatalog
from aas_server.templates.service import TemplateService
from tests.support.memory_store import MemoryStore


def make_services(
    repository: Repository, clock: Clock, folder: Path, store: Store | None = None
) -> Services:
    """Return services of which nothing is running yet; the signer's key would be in ``folder``.

    ``store`` is for the jobs, by default one of their own.
    """
    jobs = Jobs(clock, store or MemoryStore(clock))
    registry = Registry(repository)
    return Services(
        repository=repository,
        registry=registry,
        queries=QueryEngine(repository, registry, repository.hub, clock),
        discovery=Discovery(repository),
        packages=PackageLibrary(repository),
        operations=OperationService(repository, jobs, clock),
        jobs=jobs,
        signer=DocumentSigner(folder / "signing", clock),
        templates=TemplateService(repository, TemplateCatalog()),
        signatures=SignaturePolicy(),
        clock=clock,
    )


@asynccontextmanager
async def running_services(
    repository: Repository, clock: Clock, folder: Path, store: Store | None = None
) -> AsyncIterator[Services]:
    """Yield services, and stop what they started."""
    services = make_services(repository, clock, folder, store)
    try:
        yield services
    finally:
        await services.jobs.stop()
        await services.operations.stop()


def make_app(
    repository: Repository,
    clock: Clock,
    *,
    registry: CollectorRegistry | None = None,
    **settings: Any,
) -> AasApplication:
    """Return an application for tests that invoke no operations and sign nothing."""
    return build_app(
        make_services(repository, clock, Path("nowhere")),
        registry=registry or CollectorRegistry(),
        settings=ApiSettings(version="1", **settings),
    )
