"""``aas-server query``: what it prints of an answer, and what it says when there is none."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.aas_process import AasServer, serve_arguments

pytestmark = pytest.mark.system
ODD = {"$eq": [{"$field": "$sme.Odd#value"}, {"$strVal": "true"}]}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("query")
    submodels = [
        {
            "modelType": "Submodel",
            "id": f"urn:{number}",
            "idShort": f"S{number}",
            "submodelElements": [
                {
                    "modelType": "Property",
                    "idShort": "Odd",
                    "valueType": "xs:boolean",
                    "value": "true" if number % 2 else "false",
                }
            ],
        }
        for number in range(250)
    ]
    (folder / "model.json").write_text(json.dumps({"submodels": submodels}))
    arguments = serve_arguments(data=folder / "data", load=[folder / "model.json"])
    with AasServer(*arguments, folder=folder) as server:
        yield server.client.address


def query(server: str, *arguments: str, content: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "aas_server.cli", "query", "-", "--server", server, *arguments],
        input=content if isinstance(content, str) else json.dumps(content),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_result_of_every_page_is_a_line(server: str) -> None:
    found = query(server, "--ids", content={"$condition": ODD})
    assert found.returncode == 0, found.stderr
    assert found.stdout.split() == [f"urn:{number}" for number in range(1, 250, 2)]
    (document,) = query(server, "--limit", "1", content=ODD).stdout.splitlines()
    assert json.loads(document)["id"] == "urn:1"


def test_it_says_how_results_were_found(server: str) -> None:
    found = query(server, "--explain", "--ids", "--limit", "3", content=ODD)
    assert len(found.stdout.splitlines()) == 3
    assert found.stderr.splitlines() == [
        "index: $sme.Odd#value $eq 'true': 125 documents",
        "looked at: 3 documents",
    ]


def test_nothing_found_ends_with_1(server: str) -> None:
    nothing = {"$eq": [{"$field": "$sm#id"}, {"$strVal": "urn:none"}]}
    assert query(server, content=nothing).returncode == 1


def test_what_is_wrong_is_said_with_its_place_and_ends_with_2(server: str) -> None:
    wrong = query(server, content={"$condition": {"$and": [ODD]}})
    assert wrong.returncode == 2
    assert "$condition.$and" in wrong.stderr
    assert query(server, content="{").returncode == 2


def test_a_server_that_is_not_there_ends_with_2() -> None:
    found = query("http://127.0.0.1:1", content=ODD)
    assert found.returncode == 2
    assert "http://127.0.0.1:1/api/v3/query/submodels" in found.stderr


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "aas_server.cli", "query", str(tmp_path / "none.json")]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 2
    assert "none.json" in found.stderr
