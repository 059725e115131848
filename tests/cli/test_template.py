"""``aas-server template``: lists, shows, and makes instances."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from aas_server.cli.main import app
from tests.templates.samples import collection, number, rule, template, text

PUMP = template(
    text("Name", "One"),
    number("Weight", "ZeroToOne"),
    collection("Tool__00__", text("Kind", "One"), card="ZeroToMany"),
    *(text(name, "One", rule("SMT/EitherOr", "A")) for name in ("Left", "Right")),
).node


@pytest.fixture
def pump(tmp_path: Path) -> Path:
    file = tmp_path / "pump.json"
    file.write_text(json.dumps({"submodels": [PUMP]}))
    return file


def run(*arguments: str | Path, code: int = 0) -> Result:
    command = ["template", *map(str, arguments)]
    result = CliRunner().invoke(app, command, env={"COLUMNS": "300"})
    assert result.exit_code == code, result.output
    return result


def made(*arguments: str | Path, code: int = 0) -> dict[str, Any]:
    environment = json.loads(run("instantiate", *arguments, code=code).stdout)
    (submodel,) = environment["submodels"]
    found: dict[str, Any] = submodel
    return found


def names(submodel: dict[str, Any]) -> list[str]:
    return [each["idShort"] for each in submodel["submodelElements"]]


def test_our_own_templates_and_those_of_a_folder_are_listed(pump: Path) -> None:
    known = run("list").stdout
    assert "OperationalData" in known
    assert "urn:example:Pump" not in known
    more = run("list", "--templates", pump.parent, "--json").stdout.splitlines()
    assert {
        "id": "urn:example:template",
        "idShort": "Pump",
        "version": "1.2",
        "semanticId": "urn:example:Pump",
        "source": str(pump),
    } in [json.loads(line) for line in more]


def test_a_file_of_a_folder_that_is_no_template_is_told(pump: Path) -> None:
    (pump.parent / "odd.json").write_text("nonsense")
    result = run("list", "--templates", pump.parent)
    assert "odd.json: is neither JSON nor XML" in result.stderr
    assert "urn:example:Pump" in result.stdout


def test_a_template_is_shown_as_a_tree(pump: Path) -> None:
    lines = run("show", pump).stdout.splitlines()
    assert "    Kind  Property string One" in lines
    assert "  Weight  Property double ZeroToOne" in lines


@pytest.mark.parametrize("name", ["Pump", "urn:example:template", "urn:example:Pump"])
def test_a_template_is_named_by_file_id_or_meaning(pump: Path, name: str) -> None:
    assert names(made(name, "--templates", pump)) == ["Name", "Left"]


def test_an_instance_is_made_as_the_options_say(pump: Path) -> None:
    submodel = made(pump, "--mode", "full", "--id", "urn:mine", "--choose", "A=Right")
    assert (submodel["id"], submodel["kind"]) == ("urn:mine", "Instance")
    assert names(submodel) == ["Name", "Weight", "Tool01", "Right"]
    assert names(made(pump, "--select", "Weight", "--count", "Tool__00__=2")) == [
        "Name",
        "Weight",
        "Tool01",
        "Tool02",
        "Left",
    ]


def test_an_instance_is_filled_and_written(pump: Path) -> None:
    values, target = pump.with_name("values.json"), pump.with_name("out.json")
    values.write_text(json.dumps({"Name": "P1", "Tool": [{"Kind": "saw"}], "Left": "x"}))
    result = run("instantiate", pump, "--values", values, "-o", target)
    assert (result.stdout, result.stderr) == ("", "")
    (submodel,) = json.loads(target.read_text())["submodels"]
    assert names(submodel) == ["Name", "Tool01", "Left"]


def test_what_is_required_and_unfilled_is_listed(pump: Path) -> None:
    result = run("instantiate", pump)
    assert "required and without a value: Name, Left" in result.stderr


def test_values_that_do_not_fit_end_with_1_and_are_named(pump: Path) -> None:
    values = pump.with_name("values.json")
    values.write_text(json.dumps({"Weight": "heavy", "Nmae": "x"}))
    result = run("instantiate", pump, "--values", values, code=1)
    assert "Weight" in result.stderr
    assert "did you mean Name?" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.json"], "neither a file nor a known template"),
        (["PUMP", "--count", "Weight"], "is not NAME=VALUE"),
        (["PUMP", "--count", "Weight=many"], "no number of elements"),
        (["PUMP", "--values", "missing.json"], "missing.json"),
        (["PUMP", "--templates", "missing"], "no such file or folder"),
    ],
)
def test_what_cannot_be_done_ends_with_2_in_words(
    pump: Path, arguments: list[str], words: str
) -> None:
    result = run(
        "instantiate", *[str(pump) if each == "PUMP" else each for each in arguments], code=2
    )
    assert words in result.stderr


@pytest.mark.parametrize("body", ["nonsense", "{}", '{"submodels": [5]}', "[]"])
def test_a_file_without_a_template_ends_with_2(pump: Path, body: str) -> None:
    pump.write_text(body)
    for command in ("instantiate", "show"):
        assert str(pump) in run(command, pump, code=2).stderr


def test_values_that_are_no_object_end_with_2(pump: Path) -> None:
    values = pump.with_name("values.json")
    for body in ("nonsense", "[]"):
        values.write_text(body)
        run("instantiate", pump, "--values", values, code=2)


def test_the_reports_of_a_template_are_told(pump: Path) -> None:
    assert "warning no-semantic-id, 6" in run("lint", pump).stdout
    assert run("diff", pump, pump).stdout
    assert json.loads(run("schema", pump).stdout)["$schema"].startswith("https://json-schema.org")
    assert "Weight" in run("docs", pump).stdout
    assert run("docs", pump, "--html").stdout.startswith("<!doctype html>")


def test_an_instance_is_validated(pump: Path) -> None:
    target = pump.with_name("out.json")
    run("instantiate", pump, "-o", target)
    strict = run("validate", target, "--template", pump, code=1).stdout
    assert "Name: is required and has no value" in strict
    assert "judged 1 of 1 submodels" in strict
    run("validate", target, "--templates", pump, "--lenient")
    view = json.loads(run("validate", target, "--templates", pump, "--json", code=1).stdout)
    assert (view["judged"], view["errors"]) == (1, 2)


def test_what_has_no_template_is_not_judged(pump: Path) -> None:
    target = pump.with_name("out.json")
    run("instantiate", pump, "-o", target)
    assert "judged 0 of 1 submodels" in run("validate", target, code=2).stdout


@pytest.mark.parametrize("command", ["validate", "lint", "schema", "docs"])
def test_a_file_that_cannot_be_read_ends_with_2(pump: Path, command: str) -> None:
    pump.write_text("nonsense")
    result = run(command, pump, code=2)
    assert "neither JSON nor XML" in result.output


def test_texts_of_documents_cannot_steer_the_terminal(pump: Path) -> None:
    tree = {**PUMP, "submodelElements": [{**text("Name", "One"), "idShort": "a\x1b[31mb"}]}
    pump.write_text(json.dumps({"submodels": [tree]}))
    assert "\x1b" not in run("show", pump).stdout


def test_a_template_is_begun_built_and_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "Conveyor.yaml" in run("new", "Conveyor").stdout
    assert "Conveyor, 6 elements" in run("build", "Conveyor.yaml", "-o", "conveyor.json").stdout
    assert json.loads(run("build", "Conveyor.yaml").stdout)["submodels"][0]["kind"] == "Template"
    assert "0 errors, 0 warnings" in run("lint", "conveyor.json").stdout
    assert made("conveyor.json")["idShort"] == "Conveyor"
    again = run("new", "Conveyor", code=2)
    assert "is there already" in again.stderr
    source = tmp_path / "Conveyor.yaml"
    source.write_text(source.read_text().replace("type: double", "type: duble"))
    wrong = run("build", "Conveyor.yaml", code=2)
    assert "Conveyor.yaml:15: there is no type 'duble', did you mean 'double'?" in wrong.stderr
