"""A long run of generated requests: no failure, no growth, nothing changed by what is refused."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import httpx
import psutil
import pytest

from tests.fuzz.checks import complaints, refusal_complaint, report
from tests.fuzz.flawed import flawed
from tests.fuzz.values import encoded
from tests.fuzz.wild import ROUND, wild
from tests.fuzz.wire import exchange, in_groups
from tests.fuzz.world import Operation, world
from tests.system.aas_process import AasServer

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "100000"))
SEED = int(os.environ.get("FUZZ_SEED", "3"))
GROWTH_BYTES = 96 * 1024 * 1024
"""How much more memory the server may hold after the run than after its first rounds."""


@pytest.mark.timeout(1200)
async def test_no_request_makes_the_server_fail_or_grow(
    server: AasServer, port: int, published: list[Operation]
) -> None:
    process = psutil.Process(server.process.pid)
    wrong = []
    warm = 0
    for number, requests in enumerate(in_groups(wild(published, SEED, REQUESTS), ROUND)):
        wrong += complaints(requests, await exchange(port, requests))
        if number == 3:
            warm = process.memory_info().rss

    assert not wrong, f"{report(wrong)}\n{server.process.tail()}"
    assert "Traceback" not in server.process.log()
    if warm:
        assert process.memory_info().rss - warm < GROWTH_BYTES


@pytest.mark.timeout(600)
async def test_what_is_refused_is_named_and_changes_nothing(
    server: AasServer, port: int, published: list[Operation]
) -> None:
    prepared = await exchange(port, world(), connections=1)
    assert all(answer.status in (201, 204) for answer in prepared), prepared
    before = dump(server.client.http)

    wrong = []
    for requests in in_groups(flawed(published), ROUND):
        for request, answer in zip(requests, await exchange(port, requests), strict=True):
            if problem := refusal_complaint(request, answer):
                wrong.append((request, answer, problem))

    assert not wrong, f"{len(wrong)} wrong\n{report(wrong)}\n{server.process.tail()}"
    assert dump(server.client.http) == before


def dump(http: httpx.Client) -> dict[str, Any]:
    """Return all that the server holds."""
    lists = ("shells", "submodels", "concept-descriptions", "shell-descriptors")
    held: dict[str, Any] = {
        name: list(pages(http, f"/{name}")) for name in (*lists, "submodel-descriptors", "packages")
    }
    for shell in held["shells"]:
        links = http.get(f"/lookup/shells/{encoded(shell['id'])}")
        held[f"links of {shell['id']}"] = links.json() if links.is_success else links.status_code
    return held


def pages(http: httpx.Client, path: str) -> Iterable[Any]:
    """Yield the items of all pages of a list."""
    cursor = ""
    while True:
        parameters = {"limit": "1000", "extent": "withBlobValue", "cursor": cursor}
        page = http.get(path, params={name: text for name, text in parameters.items() if text})
        assert page.status_code == 200, page.text
        yield from page.json()["result"]
        cursor = page.json()["paging_metadata"].get("cursor", "")
        if not cursor:
            return
