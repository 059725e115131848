"""SPARQL at a server as its user starts it: turned on by one setting, gone with the server."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest

from tests.system.aas_process import AasServer, serve_arguments

pytestmark = pytest.mark.system

SECONDS = 20.0
HOT = "examples/queries/hot.rq"


def start(tmp_path: Path, project_dir: Path, name: str) -> AasServer:
    examples = project_dir / "examples"
    arguments = serve_arguments(
        data=tmp_path / "data", load=[examples / "plant" / "model", examples / "queries" / "model"]
    )
    return AasServer(*arguments, folder=tmp_path / name, environment={"AAS_SPARQL": "true"})


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def ask(server: AasServer, query: str) -> str:
    """Return the answer in CSV, once the graphs are made."""
    url = f"{server.client.address}/sparql"

    def attempt():
        return server.client.http.get(url, params={"query": query}, headers={"accept": "text/csv"})

    until(lambda: attempt().status_code != 503)
    response = attempt()
    assert response.status_code == 200, response.text
    return response.text


ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"


@pytest.mark.parametrize("end", ["terminate", "kill"])
def test_the_process_with_the_graphs_ends_with_the_server(tmp_path, project_dir, end):
    with start(tmp_path, project_dir, end) as server:
        found = ask(server, (project_dir / HOT).read_text())
        assert "urn:demo-plant:compressor:Condition#OilTemperature,91.5," in found
        process = psutil.Process(server.process.pid)
        # Whoever hangs up ends the work.
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{server.client.address}/sparql", params={"query": ENDLESS}, timeout=1.5)
        until(lambda: len(process.children(recursive=True)) == 1)
        below = process.children(recursive=True)
        assert below
        getattr(server.process, end)()
        until(lambda: not any(each.is_running() for each in below))
