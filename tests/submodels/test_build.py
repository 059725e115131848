"""The committed files are what the sources say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from jsonschema.validators import validator_for

from aas_server.packages.reader import read_package
from aas_server.templates.authoring.schema import source_schema
from aas_server.templates.catalog import TemplateCatalog
from aas_server.templates.linting.findings import Level
from aas_server.templates.linting.linter import lint
from aas_server.templates.reading import read_templates
from aas_server.templates.sources import own_templates
from aas_server.templates.validation.rendering import exit_code
from aas_server.templates.validation.report import Mode as ValidationMode
from aas_server.templates.validation.whole import Validator
from submodels import build


@pytest.fixture(scope="module")
def generated() -> dict[str, str]:
    return build.files()


def test_the_committed_files_are_what_the_sources_generate(
    generated: dict[str, str], project_dir: Path
) -> None:
    folder = project_dir / "submodels"
    committed = {path.relative_to(folder).as_posix() for path in folder.rglob("*.json")}
    assert {path for path in generated if path.endswith(".json")} == committed
    for path, text in generated.items():
        assert (folder / path).read_text(encoding="utf-8") == text, path


def test_building_twice_gives_the_same_bytes(generated: dict[str, str]) -> None:
    assert build.files() == generated


def test_our_own_concepts_are_told_once() -> None:
    ids = [concept["id"] for concept in build.own_concepts()]
    assert len(ids) == len(set(ids))


def test_every_source_is_valid_by_the_schema_for_editors(project_dir: Path) -> None:
    schema = source_schema()
    committed = project_dir / "specs" / "template-source.schema.json"
    assert json.loads(committed.read_text(encoding="utf-8")) == schema
    validator = validator_for(schema)
    validator.check_schema(schema)
    for source in build.sources():
        content = yaml.safe_load(source.read_text(encoding="utf-8"))
        assert list(validator(schema).iter_errors(content)) == [], source


def test_no_template_of_ours_has_an_error_that_authors_are_told_of() -> None:
    for source in build.sources():
        ((template,), _) = read_templates(source.with_name("template.json"))
        errors = [each for each in lint(template) if each.level is Level.ERROR]
        assert errors == [], source


def test_every_filled_example_is_judged_clean(project_dir: Path) -> None:
    catalog = TemplateCatalog(own_templates())
    for name in ("OperationalData", "Maintenance", "Quality"):
        with read_package(project_dir / "submodels" / name / "example.json") as contents:
            verdicts = Validator(catalog, mode=ValidationMode.STRICT).contents(contents)
        assert exit_code(verdicts) == 0, name


def test_every_folder_of_a_template_has_a_readme_that_names_it() -> None:
    for source in build.sources():
        readme = (source.parent / "README.md").read_text(encoding="utf-8")
        assert readme.startswith("# "), source
        assert "template.json" in readme, source
