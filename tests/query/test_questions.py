"""The questions of ``examples/queries``, asked of the demo plant and of what stands beside it; and
docs/queries.md, which prints what a server answers.
"""

from __future__ import annotations

import io
import json
import re
import shlex
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from aas_server.api.app import AasApplication
from aas_server.cli.query import Asked, ask, read_query
from aas_server.live.hub import LiveHub
from aas_server.live.sinks import resolve_sink
from aas_server.live.values import LiveValue, quality_of
from aas_server.metamodel.id_short_path import parse_id_short_path
from aas_server.repository.loader import read_environments
from aas_server.repository.repository import Repository
from tests.api.documents import API
from tests.api.sockets import serving
from tests.support.clock import START, FakeClock
from tests.support.services import make_app

GOOD, BAD_SENSOR_FAILURE = 0, 0x808C_0000
MACHINES = ("mill", "moulder", "packer", "robot")
LIVE = (
    # machine, signal or element, value, status code
    ("mill", "Signals.DriveTemperature", 61.5, GOOD),
    ("moulder", "Signals.DriveTemperature", 84.25, GOOD),
    ("moulder", "Signals.MeltTemperature", 231.0, BAD_SENSOR_FAILURE),
    ("packer", "Signals.DriveTemperature", 48.0, GOOD),
    ("robot", "Signals.DriveTemperature", 55.0, GOOD),
    ("mill", "Counters.ScrapQuantity", 0.0, GOOD),
    ("packer", "Counters.ScrapQuantity", 12.0, GOOD),
)
"""What the machines tell; the plant's own binding feeds the same elements."""


@pytest.fixture
async def plant(
    repository: Repository, hub: LiveHub, clock: FakeClock, project_dir: Path
) -> AasApplication:
    """The demo plant's documents with values of the moment, and a line and a compressor."""
    examples = project_dir / "examples"
    folders = [examples / "plant" / "model", examples / "queries" / "model"]
    documents = read_environments(folders, max_bytes=10_000_000)
    await repository.add_missing(documents, actor="test")
    for machine, path, value, status in LIVE:
        submodel = await repository.submodels.find(f"urn:demo-plant:{machine}:OperationalData")
        assert submodel is not None
        point = hub.register(resolve_sink(submodel.tree(), parse_id_short_path(path)))
        live = LiveValue(value, quality_of(status), status, START, START)
        hub.apply([(point, live)])
    return make_app(repository, clock)


@pytest.fixture
async def client(plant: AasApplication) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=plant)
    async with httpx.AsyncClient(transport=transport, base_url="http://plant") as client:
        yield client


@pytest.fixture
def questions(project_dir: Path) -> Path:
    return project_dir / "examples" / "queries"


async def answer(client: httpx.AsyncClient, file: Path, kind: str) -> list[Any]:
    response = await client.post(f"{API}/query/{kind}", content=file.read_bytes())
    assert response.status_code == 200, response.text
    result: list[Any] = response.json()["result"]
    return result


def shells(*names: str) -> list[str]:
    return [f"urn:demo-plant:shell:{name}" for name in names]


def submodels(*names: str) -> list[str]:
    return [f"urn:demo-plant:{name}" for name in names]


OPERATIONAL_DATA = [f"{machine}:OperationalData" for machine in MACHINES]
NAMEPLATES = [f"{machine}:Nameplate" for machine in MACHINES]


@pytest.mark.parametrize(
    ("question", "kind", "expected"),
    [
        ("bad-signals", "submodels", submodels("moulder:OperationalData")),
        ("overdue-maintenance", "shells", shells("moulder")),
        (
            "serial-numbers",
            "submodels",
            submodels("mill:Nameplate", "packer:Nameplate", "robot:Nameplate"),
        ),
        ("no-nameplate", "shells", shells("compressor")),
        ("hot", "submodels", submodels("moulder:OperationalData", "compressor:Condition")),
        ("of-one-manufacturer", "shells", shells("mill", "compressor")),
        ("nameplates-of-any-version", "submodels", submodels(*NAMEPLATES, "line:Nameplate")),
        ("parts-counted-as-bad", "shells", shells("packer")),
        ("changed-meaning", "submodels", submodels(*NAMEPLATES)),
        (
            "where-a-concept-is-used",
            "submodels",
            submodels(*OPERATIONAL_DATA, "compressor:Condition"),
        ),
    ],
)
async def test_a_question_of_the_plant_has_its_answer(client, questions, question, kind, expected):
    found = await answer(client, questions / f"{question}.json", kind)
    assert [document["id"] for document in found] == expected


async def test_of_a_submodel_the_bad_signals_are_left(client, questions):
    (document,) = await answer(client, questions / "bad-signals.json", "submodels")
    (signals,) = document["submodelElements"]
    values = {signal["idShort"]: signal.get("value") for signal in signals["value"]}
    (value,) = values.pop("MeltTemperature")
    assert value["idShort"] == "Value"
    assert {"quality": "bad"}.items() <= {
        q["type"]: q["value"] for q in value["qualifiers"]
    }.items()
    assert set(values.values()) == {None}


async def test_of_a_nameplate_the_serial_number_is_left(client, questions):
    found = await answer(client, questions / "serial-numbers.json", "submodels")
    serials = [[each["value"] for each in document["submodelElements"]] for document in found]
    assert serials == [["K400-20-0731"], ["VI-9-00217"], ["AR22-105518"]]


def test_the_assets_below_a_node_are_those_that_are_asked_for(questions):
    (bill,) = [
        document
        for _, document in read_environments([questions / "model"], max_bytes=100_000)
        if document["idShort"] == "BillOfMaterial"
    ]
    entry = bill["submodelElements"][1]
    below = {node["globalAssetId"] for node in entry["statements"]}
    text = (questions / "serial-numbers.json").read_text()
    assert below == set(re.findall(r"urn:demo-plant:asset:\w+", text))


async def test_a_value_of_the_moment_counts(client, questions, hub):
    point, _ = hub.find(
        "urn:demo-plant:mill:OperationalData",
        parse_id_short_path("Signals.DriveTemperature.Value"),
    )
    hub.apply([(point, LiveValue(80.5, quality_of(GOOD), GOOD, START, START))])
    found = await answer(client, questions / "hot.json", "submodels")
    assert "urn:demo-plant:mill:OperationalData" in [document["id"] for document in found]


def test_every_question_is_told_about(project_dir, questions):
    page = (project_dir / "docs" / "queries.md").read_text()
    readme = (questions / "README.md").read_text()
    names = sorted(file.name for file in questions.glob("*.json"))
    assert len(names) == 10
    for name in names:
        assert f"examples/queries/{name}" in page
        assert f"`{name}`" in readme


def steps(page: str) -> list[tuple[str, str]]:
    """Each command of the page with what it prints."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = step.partition("\n")
            found.append((command, output))
    return found


async def test_the_page_shows_what_a_server_answers(plant, project_dir, monkeypatch):
    monkeypatch.chdir(project_dir)
    page = (project_dir / "docs" / "queries.md").read_text()
    commands = steps(page)
    assert len(commands) >= 10
    async with serving(plant) as server:
        for command, expected in commands:
            printed = await output_of(command, f"http://127.0.0.1:{server.port}")
            assert printed == expected, command


async def output_of(command: str, address: str) -> str:
    """What ``aas-server query`` prints: results, and then how they were found."""
    program, subcommand, file, *options = shlex.split(command)
    assert (program, subcommand) == ("aas-server", "query")
    query = read_query(file)
    if "--ids" in options:
        query["$select"] = "id"
    kind = options[options.index("--kind") + 1] if "--kind" in options else "submodels"
    out, err = io.StringIO(), io.StringIO()
    consoles = [Console(file=each, soft_wrap=True) for each in (out, err)]
    await ask(Asked(address, kind, query, None, "--explain" in options), *consoles)
    return out.getvalue() + err.getvalue()


def test_every_query_on_the_page_is_json(project_dir):
    page = (project_dir / "docs" / "queries.md").read_text()
    blocks = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert len(blocks) >= 10
    files = {
        json.dumps(json.loads(file.read_text()), sort_keys=True)
        for file in (project_dir / "examples" / "queries").glob("*.json")
    }
    shown = {json.dumps(json.loads(block), sort_keys=True) for block in blocks}
    assert files <= shown
