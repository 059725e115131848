"""The example that publishes a shell authored with the SDK, against a real server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from aas_server.metamodel.identifiers import encode_identifier
from tests.system.aas_process import AasServer, serve_arguments

SUBMODEL = encode_identifier("urn:example:basyx:submodel:pump-17:nameplate")


@pytest.mark.system
def test_the_example_publishes_a_shell_and_changes_nothing_the_second_time(
    tmp_path: Path, project_dir: Path
) -> None:
    program = project_dir / "examples" / "basyx" / "publish_shell.py"

    def publish() -> str:
        command = [sys.executable, str(program), server.client.address]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=60
        ).stdout

    with AasServer(*serve_arguments(data=tmp_path / "data"), folder=tmp_path / "server") as server:
        assert publish() == "1 shells and 1 submodels created, 0 replaced, 0 left as they were\n"
        assert publish() == "0 shells and 0 submodels created, 0 replaced, 2 left as they were\n"
        with httpx.Client(base_url=f"{server.client.address}/api/v3/submodels/{SUBMODEL}") as http:
            value = http.get("/$value").json()
            assert value["SerialNumber"] == "P-17"
            assert value["ManufacturerName"] == [{"en": "Example Pumps"}, {"de": "Beispielpumpen"}]
            manual = http.get("/submodel-elements/Manual/attachment")
            assert manual.headers["content-type"].startswith("text/plain")
            assert manual.text.startswith("Turn the pump on")
