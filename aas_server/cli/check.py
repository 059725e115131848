"""``aas-server check``: every binding tried, one line each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from aas_server.bindings.check import check
from aas_server.bindings.plant_file import load_plant_file
from aas_server.clock import SystemClock
from aas_server.live.hub import LiveHub
from aas_server.logs import configure_logging
from aas_server.repository.loader import read_environments
from aas_server.repository.repository import Repository
from aas_server.settings import Settings
from aas_server.store.sqlite import SqliteStore


async def check_plant(plant_file: Path, load: Sequence[Path], data: Path, console: Console) -> bool:
    """Print one line for each binding of ``plant_file`` and return whether all of them are ok.

    ``load`` names environments with the submodels that the bindings feed; without any, sinks are
    not looked at. ``data`` is where the server keeps its certificates and trust lists.
    """
    configure_logging("ERROR", "console")
    plant = load_plant_file(plant_file)
    async with _documents(load) as repository:
        results = await check(plant, repository, pki_dir=data / "pki")
    for result in results:
        mark, style = ("ok  ", "green") if result.ok else ("FAIL", "bold red")
        console.print(mark, style=style, end=" ")
        console.print(result.text, markup=False)
    failing = sum(not result.ok for result in results)
    console.print(f"{len(results) - failing} ok, {failing} failing")
    return failing == 0


@asynccontextmanager
async def _documents(load: Sequence[Path]) -> AsyncIterator[Repository | None]:
    """Yield a repository of its own with what ``load`` names, or None when it names nothing."""
    if not load:
        yield None
        return
    documents = read_environments(load, max_bytes=Settings.model_fields["max_load_bytes"].default)
    clock = SystemClock()
    with TemporaryDirectory(prefix="aas-server-check-") as folder:
        store = SqliteStore(Path(folder), clock)
        await store.open()
        try:
            repository = Repository(store, LiveHub(clock), clock)
            await repository.add_missing(documents, actor="check")
            yield repository
        finally:
            await store.close()
