"""Command lines and checkers of others: they show what our server holds, and read what it gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.clients.documents import (
    CONCEPT,
    SHELL,
    SUBMODEL,
    concept_description,
    everything,
    shell,
)
from tests.clients.tools import run_outside, tools_python
from tests.system.aas_process import AasServer, encoded

NAMEPLATE = "Digital_nameplate/3/0/IDTA_02006-3-0_Template_Digital_Nameplate.json"
PACKAGE = "application/asset-administration-shell-package+json"


@pytest.fixture
def filled(server: AasServer) -> AasServer:
    """The server with a shell, its submodel and a concept description."""
    for path, document in (
        (f"/shells/{encoded(SHELL)}", shell(submodels=(SUBMODEL,))),
        (f"/submodels/{encoded(SUBMODEL)}", everything()),
        (f"/concept-descriptions/{encoded(CONCEPT)}", concept_description()),
    ):
        assert server.client.http.put(path, json=document).status_code in (201, 204)
    return server


def command(name: str, *arguments: str | Path, folder: Path) -> str:
    """Return what a program tells that ends well."""
    program = tools_python().with_name(name)
    ended = run_outside([program, *arguments], folder=folder)
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    return ended.stdout


def export(server: AasServer, file: Path, media_type: str, **parameters: str) -> Path:
    answer = server.client.http.get(
        "/serialization", params=parameters, headers={"Accept": media_type}
    )
    assert answer.status_code == 200, answer.text
    file.write_bytes(answer.content)
    return file


def test_the_command_line_of_shellsmith_shows_the_tree(filled: AasServer, tmp_path: Path) -> None:
    address = f"{filled.client.address}/api/v3"

    told = command("aas", "info", "--host", address, folder=tmp_path)

    assert f"{address} (UP)" in told
    assert f"Press7: {SHELL}" in told
    assert f"Everything: {SUBMODEL}" in told


def test_the_command_line_of_basyx_client_lists_shells_and_values(
    filled: AasServer, tmp_path: Path
) -> None:
    to = ("--url", f"{filled.client.address}/api/v3", "--format", "json")

    shells = json.loads(command("basyx", *to, "shells", "list", folder=tmp_path))
    value = json.loads(command("basyx", *to, "submodels", "value", SUBMODEL, folder=tmp_path))

    assert [each["id"] for each in shells] == [SHELL]
    assert value["Tool"] == {"Serial": "T-9", "Wear": {"Edge": "0.2"}}


@pytest.mark.parametrize(
    ("media_type", "options"),
    [("application/json", ["--json"]), (PACKAGE, ["--json", "--aasx"])],
    ids=["JSON", "AASX"],
)
def test_the_compliance_tool_of_basyx_reads_an_export(
    filled: AasServer, tmp_path: Path, media_type: str, options: list[str]
) -> None:
    file = export(filled, tmp_path / "export", media_type)

    told = command("aas-compliance-check", "d", file, *options, "-v", folder=tmp_path)

    assert "FAILED" not in told


def test_a_template_s_instance_is_judged_the_same_before_and_after(
    empty_server: AasServer, shared_dir: Path, tmp_path: Path
) -> None:
    environment = json.loads((shared_dir / "templates" / NAMEPLATE).read_text(encoding="utf-8"))
    (template,) = environment["submodels"]
    nameplate = instance(template)
    before = tmp_path / "before.json"
    before.write_text(json.dumps({"submodels": [nameplate]}), encoding="utf-8")

    put = empty_server.client.http.put(f"/submodels/{encoded(nameplate['id'])}", json=nameplate)
    assert put.status_code == 201, put.text
    after = export(empty_server, tmp_path / "after.json", "application/json")

    assert judged(before) == judged(after)
    assert judged(after)


def instance(node: Any) -> Any:
    """Return a template without what only a template may have, and what is faulty in it."""
    if isinstance(node, list):
        return [instance(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        name: instance(member)
        for name, member in node.items()
        if name not in ("kind", "qualifiers", "description") and member not in ("", [])
    }


def judged(file: Path) -> list[Any]:
    """Return what the validator of submodels has to say of ``file``."""
    ended = run_outside(
        [tools_python().with_name("smtv"), file, "--format", "json", "--show-meta"],
        folder=file.parent,
    )
    report = json.loads(ended.stdout)
    findings: list[Any] = report["findings"]
    return findings
