"""docs/sparql.md says what is true: its questions are asked, its words and limits looked up."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rdflib import Graph
from rdflib.compare import isomorphic

from aas_server.live.hub import LiveHub
from aas_server.live.sinks import resolve_sink
from aas_server.live.values import LiveValue, quality_of
from aas_server.metamodel.id_short_path import parse_id_short_path
from aas_server.query.sparql import scanning, vocabulary
from aas_server.query.sparql.forms import GRAPH_FORMS, SOLUTION_FORMS
from aas_server.query.sparql.service import Asked, SparqlLimits, SparqlService
from aas_server.repository.loader import read_environments
from aas_server.repository.repository import Repository
from tests.query.test_questions import LIVE
from tests.support.clock import START, FakeClock


@pytest.fixture
def page(project_dir: Path) -> str:
    return (project_dir / "docs" / "sparql.md").read_text()


@pytest.fixture
async def plant(
    repository: Repository, hub: LiveHub, clock: FakeClock, project_dir: Path
) -> AsyncIterator[SparqlService]:
    examples = project_dir / "examples"
    folders = [examples / "plant" / "model", examples / "queries" / "model"]
    await repository.add_missing(read_environments(folders, max_bytes=10_000_000), actor="test")
    for machine, path, value, status in LIVE:
        submodel = await repository.submodels.get(f"urn:demo-plant:{machine}:OperationalData")
        point = hub.register(resolve_sink(submodel.tree(), parse_id_short_path(path)))
        hub.apply([(point, LiveValue(value, quality_of(status), status, START, START))])
    service = SparqlService(repository, hub, clock)
    service.start()
    try:
        await service.ready()
        yield service
    finally:
        await service.stop()


async def test_the_page_shows_what_a_server_answers(plant, page, project_dir):
    questions = re.findall(
        r"`examples/queries/([\w-]+\.rq)`\n\n```sparql\n(.*?)```\n\n```(csv|turtle)\n(.*?)```",
        page,
        re.DOTALL,
    )
    folder = project_dir / "examples" / "queries"
    assert sorted(name for name, *_ in questions) == sorted(
        file.name for file in folder.glob("*.rq")
    )
    assert len(questions) >= 8
    for name, text, form, expected in questions:
        assert text == (folder / name).read_text()
        answer = (await plant.ask(Asked(text, "text/csv", "text/turtle"))).body.decode()
        if form == "csv":
            assert answer.replace("\r\n", "\n") == expected, name
        else:
            graphs = [Graph().parse(data=each, format="turtle") for each in (answer, expected)]
            assert isomorphic(*graphs), name


def test_every_word_prefix_and_form_is_on_the_page(page):
    own = {
        value.removeprefix(vocabulary.PLANT)
        for value in vars(vocabulary).values()
        if isinstance(value, str) and value.startswith(vocabulary.PLANT)
    }
    for word in own - {""}:
        assert f"`plant:{word}`" in page, word
    for prefix in vocabulary.PREFIXES:
        assert f"`{prefix}`" in page
    for form in (*SOLUTION_FORMS, *GRAPH_FORMS):
        assert f"`{form}`" in page
    assert vocabulary.LIVE_GRAPH in page


def test_the_limits_on_the_page_are_those_of_the_server(page):
    limits = SparqlLimits()
    for text in (
        f"{scanning.MAX_LENGTH:,} characters",
        f"deeper than {scanning.MAX_DEPTH} levels",
        f"({limits.seconds:g} s)",
        f"more than {limits.answer // 1024**2} MiB",
        f"more than {limits.memory // 1024**2} MiB of memory",
        f"more than {limits.waiting} queries wait",
        f"{limits.garbage:,} statements",
    ):
        assert text in page, text


def test_every_question_is_in_the_readme(project_dir):
    folder = project_dir / "examples" / "queries"
    readme = (folder / "README.md").read_text()
    for file in folder.glob("*.rq"):
        assert f"| `{file.name}` |" in readme
