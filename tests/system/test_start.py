"""A store of many documents: the start reads none of them, and memory holds few."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil
import pytest

from benchmarks.start import SUBMODELS_OF_EACH, fill, submodel_id
from tests.system.aas_process import AasServer, encoded

SHELLS: Final = 2_000
SUBMODELS: Final = SHELLS * SUBMODELS_OF_EACH
BYTES_OF_SUBMODEL: Final = 20_000
STORED: Final = SUBMODELS * BYTES_OF_SUBMODEL
CACHE: Final = 1_048_576
"""Bytes of documents that the server keeps in memory at most."""
START_SECONDS: Final = 20.0
"""Most of a start is importing Python modules; two busy cores take long for that."""
PAGE: Final = 50


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with many documents."""
    folder = tmp_path_factory.mktemp("start") / "data"
    asyncio.run(fill(folder, SHELLS, bytes_of_submodel=BYTES_OF_SUBMODEL))
    return folder


@pytest.fixture
def server(data: Path, tmp_path: Path) -> Iterator[AasServer]:
    begun = time.monotonic()
    with AasServer(
        *("--data", data),
        folder=tmp_path / "server",
        environment={"AAS_CACHE_BYTES": str(CACHE)},
    ) as server:
        print(f"listens after {time.monotonic() - begun:.2f} s")
        yield server


def memory(server: AasServer) -> int:
    used: int = psutil.Process(server.process.pid).memory_info().rss
    return used


def test_the_first_answer_does_not_wait_for_all_documents_to_be_read(
    data: Path, tmp_path: Path
) -> None:
    begun = time.monotonic()
    with AasServer("--data", data, folder=tmp_path / "server") as server:
        last = server.client.get(f"/submodels/{encoded(submodel_id(SUBMODELS - 1))}")
        seconds = time.monotonic() - begun
        process = psutil.Process(server.process.pid)
        read = process.io_counters().read_chars
    print(f"first answer after {seconds:.2f} s, {read / 1e6:.1f} MB read")

    assert last["id"] == submodel_id(SUBMODELS - 1)
    assert seconds < START_SECONDS
    assert read < STORED / 2


def test_reading_everything_in_turn_takes_no_more_memory_than_is_allowed(server: AasServer) -> None:
    http = server.client.http
    assert http.get("/shells?limit=1").status_code == 200
    at_start = memory(server)
    most = at_start
    found = 0
    cursor = ""
    while True:
        response = http.get(f"/submodels?limit={PAGE}{cursor}")
        assert response.status_code == 200, response.text
        page = response.json()
        found += len(page["result"])
        most = max(most, memory(server))
        if "cursor" not in page["paging_metadata"]:
            break
        cursor = f"&cursor={page['paging_metadata']['cursor']}"
    after_pages = memory(server)
    for number in range(0, SUBMODELS, 3):
        response = http.get(f"/submodels/{encoded(submodel_id(number))}")
        assert response.status_code == 200, response.text
    most = max(most, memory(server))
    print(
        f"{at_start / 1e6:.0f} MB at the start, {after_pages / 1e6:.0f} MB after all pages, "
        f"{most / 1e6:.0f} MB at most; stored are {STORED / 1e6:.0f} MB"
    )

    assert found == SUBMODELS
    assert most - at_start < STORED / 2
