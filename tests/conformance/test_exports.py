"""What the server exports is taken by the official file checker and by aas-core."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from aas_core3_1 import jsonization, verification, xmlization

from tests.clients.tools import run_outside, tools_python
from tests.system.aas_process import AasServer

PACKAGE = "application/asset-administration-shell-package"
SPECIFICATION = "aasx/data.xml"


def export(server: AasServer, media_type: str) -> bytes:
    answer = server.client.http.get("/serialization", headers={"Accept": media_type})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].split(";")[0] == media_type
    return answer.content


@pytest.mark.parametrize(
    ("form", "media_type"), [("json", "application/json"), ("aasx", f"{PACKAGE}+json")]
)
def test_the_official_checker_finds_no_fault_with_an_export(
    server: AasServer, tmp_path: Path, form: str, media_type: str
) -> None:
    file = tmp_path / f"export.{form}"
    file.write_bytes(export(server, media_type))

    ended = run_outside(
        [tools_python(), "-m", "aas_test_engines", "check_file", file, "--format", form],
        folder=tmp_path,
    )

    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"


def test_an_export_as_json_has_no_error_of_version_3_1(server: AasServer) -> None:
    document = json.loads(export(server, "application/json"))

    environment = jsonization.environment_from_jsonable(document)

    assert [str(error.cause) for error in verification.verify(environment)] == []


def test_an_export_as_xml_has_no_error_of_version_3_1(server: AasServer) -> None:
    check_xml(export(server, "application/xml"))


def test_a_package_has_no_error_of_version_3_1(server: AasServer) -> None:
    """The official checker takes packages with JSON only: it knows the XML of 3.0 and no other."""
    with zipfile.ZipFile(io.BytesIO(export(server, PACKAGE))) as package:
        assert package.read("aasx/files/hello.txt")
        check_xml(package.read(SPECIFICATION))


def check_xml(body: bytes) -> None:
    environment = xmlization.environment_from_str(body.decode())

    assert [str(error.cause) for error in verification.verify(environment)] == []
    assert len(environment.submodels or ()) == 2
