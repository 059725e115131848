"""Each of other people's clients does with our server what its users do with it."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path

import pytest

from tests.clients.documents import (
    SUBMODEL,
    concept_description,
    everything,
    shell,
    submodel,
    submodel_reference,
)
from tests.clients.packages import package
from tests.clients.tools import PROGRAMS, PROJECT, run_outside, tools_python, typescript_folder
from tests.fuzz.world import shell_descriptor, submodel_descriptor
from tests.system.aas_process import AasServer

NAMES = sorted(file.stem for file in PROGRAMS.glob("*_program.py"))


@pytest.mark.parametrize("name", NAMES)
def test_a_client_of_python_works(empty_server: AasServer, tmp_path: Path, name: str) -> None:
    address = f"{empty_server.client.address}/api/v3"

    ended = run_outside(
        [tools_python(), "-m", f"tests.clients.programs.{name}", address, tmp_path],
        folder=PROJECT,
        # Some functions of shellsmith forget the address that they were given.
        environment={"SHELLSMITH_BASYX_ENV_HOST": address},
    )

    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}\n{empty_server.process.tail()}"
    assert ended.stdout.endswith("steps done\n")


def test_the_client_of_typescript_works(empty_server: AasServer, tmp_path: Path) -> None:
    documents = tmp_path / "documents.json"
    documents.write_text(
        json.dumps(
            {
                "shell": shell(),
                "submodel": everything(),
                "conceptDescription": concept_description(),
                "submodelReference": submodel_reference(SUBMODEL),
                "package": base64.b64encode(package(submodel("urn:press-shop:packed"))).decode(),
                "shellDescriptor": shell_descriptor(),
                "submodelDescriptor": submodel_descriptor(),
            }
        ),
        encoding="utf-8",
    )
    node = shutil.which("node")
    assert node is not None

    ended = run_outside(
        [node, "client.cjs", f"{empty_server.client.address}/api/v3", documents],
        folder=typescript_folder(),
    )

    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}\n{empty_server.process.tail()}"
    assert ended.stdout.endswith("steps done\n")
