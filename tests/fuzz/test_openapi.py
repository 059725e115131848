"""Requests made from the published OpenAPI and from our own: the answers are as they say."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clients.tools import run_outside, tools_python
from tests.fuzz.published import Node, bundled, with_real_data
from tests.fuzz.wire import exchange
from tests.fuzz.world import world
from tests.system.aas_process import AasServer

EXAMPLES = os.environ.get("OPENAPI_EXAMPLES", "3")
"""Cases an operation beside those that its schema names itself."""
SEED = "3"
READING = ("GET",)
WRITING = ("POST", "PUT", "PATCH", "DELETE")
CHECKS = {
    "published": "not_a_server_error,response_schema_conformance,content_type_conformance",
    "own": "not_a_server_error,response_schema_conformance,content_type_conformance,"
    "status_code_conformance",
}


@pytest.fixture
def document(request: pytest.FixtureRequest, server: AasServer, shared_dir: Path) -> Node:
    """The document that the test's parameter names."""
    if request.param == "published":
        return bundled(shared_dir / "spec" / "openapi")
    own: Node = httpx.get(f"{server.client.address}/openapi.json").json()
    return own


@pytest.mark.timeout(600)
@pytest.mark.parametrize("methods", [READING, WRITING], ids=["reading", "writing"])
@pytest.mark.parametrize(
    ("document", "checks"), CHECKS.items(), ids=list(CHECKS), indirect=["document"]
)
async def test_answers_are_what_the_document_says(
    server: AasServer,
    port: int,
    tmp_path: Path,
    document: Node,
    checks: str,
    methods: tuple[str, ...],
) -> None:
    await exchange(port, world(), connections=1)

    report, told = schemathesis(server, with_real_data(document), tmp_path, checks, methods)

    assert report["complete"], told
    assert report["errors"] == [], told
    assert report["failures"] == [], told
    assert report["test_cases"]["generated"] > 500


def schemathesis(
    server: AasServer, document: Node, folder: Path, checks: str, methods: tuple[str, ...]
) -> tuple[dict[str, Any], str]:
    """Return the report of the tool on ``methods`` of ``document``, and what else it told."""
    file, result = folder / "openapi.json", folder / "report.json"
    file.write_text(json.dumps(document, default=str), encoding="utf-8")
    ended = run_outside(
        [
            *(tools_python(), "-m", "schemathesis.cli", "run", file),
            *("--url", f"{server.client.address}/api/v3"),
            *("--phases", "coverage,fuzzing", "--checks", checks),
            *("--max-examples", EXAMPLES, "--seed", SEED, "--no-shrink"),
            "--continue-on-failure",
            *(option for method in methods for option in ("--include-method", method)),
            *("--suppress-health-check", "all", "--warnings", "off"),
            *("--report", "json", "--report-json-path", result),
        ],
        folder=folder,
        within=580.0,
    )
    assert result.exists(), f"{ended.stdout[-4000:]}\n{ended.stderr[-4000:]}"
    report: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return report, ended.stdout[-30_000:]


@pytest.mark.parametrize(
    "kind",
    ["shells", "submodels", "concept-descriptions", "shell-descriptors", "submodel-descriptors"],
)
def test_a_query_is_declared_and_carried_out(server: AasServer, kind: str) -> None:
    answer = server.client.http.post(f"/query/{kind}", json={"$condition": {"$boolean": True}})

    assert answer.status_code == 200
    assert len(answer.json()["result"]) == len(server.client.get(f"/{kind}")["result"])
