"""``aas-server check``: every binding tried, one line each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from aas_server.bindings.check import check
from aas_server.bindings.hosts import AllowedHosts
from aas_server.bindings.plant.file import load_plant_file
from aas_server.clock import SystemClock
from aas_server.errors import ConfigurationError
from aas_server.live.hub import LiveHub
from aas_server.logs import configure_logging
from aas_server.repository.loader import read_environments
from aas_server.repository.repository import Repository
from aas_server.settings import Settings, database_password
from aas_server.store.opening import make_snapshot
from aas_server.store.sqlite import FILE_NAME, SqliteStore


async def check_plant(
    plant_file: Path | None, load: Sequence[Path], settings: Settings, console: Console
) -> bool:
    """Print one line for each binding and return whether all of them are ok.

    Bindings are those of ``plant_file`` and those that interface descriptions want. ``load`` names
    environments with the submodels; without any, they are those of the store, as they are now, and
    without a store sinks are not looked at. Raises ``ConfigurationError`` when nothing is named
    that could have a binding.
    """
    configure_logging("ERROR", "console")
    plant = None if plant_file is None else load_plant_file(plant_file)
    hosts = AllowedHosts.parse(settings.connection_hosts)
    async with _documents(load, settings) as repository:
        if plant is None and repository is None:
            raise ConfigurationError("name a plant file, or with --load or --data a model")
        results = await check(plant, repository, pki_dir=settings.data / "pki", hosts=hosts)
    for result in results:
        mark, style = ("ok  ", "green") if result.ok else ("FAIL", "bold red")
        console.print(mark, style=style, end=" ")
        console.print(result.text, markup=False)
    failing = sum(not result.ok for result in results)
    console.print(f"{len(results) - failing} ok, {failing} failing")
    return failing == 0


@asynccontextmanager
async def _documents(load: Sequence[Path], settings: Settings) -> AsyncIterator[Repository | None]:
    """Yield a repository of its own with what ``load`` names; when it names nothing, a look at the
    store, and None where there is none.
    """
    clock = SystemClock()
    if not load:
        if settings.database is None and not (settings.data / FILE_NAME).exists():
            yield None
            return
        password = partial(database_password, settings)
        snapshot = make_snapshot(settings.data, settings.database, clock=clock, password=password)
        await snapshot.open()
        try:
            yield Repository(snapshot, LiveHub(clock), clock)
        finally:
            await snapshot.close()
        return
    documents = read_environments(load, max_bytes=settings.max_load_bytes)
    with TemporaryDirectory(prefix="aas-server-check-") as folder:
        store = SqliteStore(Path(folder), clock)
        await store.open()
        try:
            repository = Repository(store, LiveHub(clock), clock)
            await repository.add_missing(documents, actor="check")
            yield repository
        finally:
            await store.close()
