"""What the template commands print, and with which exit code they end."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from aas_server.cli.template_reports import diff_files, docs_of, lint_file, schema_of
from aas_server.metamodel.tree import Node
from tests.templates.samples import reference, text
from tests.templates.well_made import part, well_made

BAD = {
    "nothing.json": b"{}",
    "text.json": b"certainly no JSON",
    "no-submodel.json": b'{"assetAdministrationShells": []}',
    "odd.json": b'{"submodels": [5]}',
    "array.json": b'{"submodels": [{"modelType": "Submodel", "submodelElements": 1}]}',
}


@pytest.fixture
def out() -> Console:
    return Console(file=StringIO(), width=80, force_terminal=False)


def printed(out: Console) -> str:
    assert isinstance(out.file, StringIO)
    return out.file.getvalue()


def stored(folder: Path, name: str, *parts: Node, **members: Any) -> Path:
    """Write a file with a template of ``parts``; return where it is."""
    made = well_made(*parts, **members)
    environment = {
        "submodels": [made.node],
        "conceptDescriptions": list(made.concept_descriptions.values()),
    }
    file = folder / name
    file.write_text(json.dumps(environment))
    return file


def name(card: str = "One", **members: Any) -> Node:
    return part("Property", "Name", card, **members)


def test_a_clean_template_is_told_as_one(tmp_path: Path, out: Console) -> None:
    assert lint_file(stored(tmp_path, "a.json", name()), json=False, out=out) == 0
    assert "0 errors, 0 warnings, 0 notes" in printed(out)


def test_errors_are_told_with_places_and_remedies(tmp_path: Path, out: Console) -> None:
    file = stored(tmp_path, "a.json", name(card="Some"))
    assert lint_file(file, json=False, out=out) == 1
    shown = printed(out)
    assert "bad-cardinality, 1: write One, ZeroToOne, ZeroToMany or OneToMany" in shown
    assert "Name: Cardinality: 'Some'" in shown


def test_warnings_alone_are_no_failure(tmp_path: Path, out: Console) -> None:
    file = stored(tmp_path, "a.json", name(value="sample"))
    assert lint_file(file, json=True, out=out) == 0
    view = json.loads(printed(out))
    assert view["status"] == "clean"
    (one,) = view["templates"]
    assert (one["idShort"], one["errors"], one["warnings"]) == ("Pump", 0, 1)
    assert one["findings"][0]["code"] == "sample-value"
    assert one["findings"][0]["path"] == "Name"


@pytest.mark.parametrize("file", BAD)
@pytest.mark.parametrize("as_json", [True, False])
def test_what_is_no_template_is_told_and_never_a_traceback(
    tmp_path: Path, out: Console, file: str, as_json: bool
) -> None:
    bad = tmp_path / file
    bad.write_bytes(BAD[file])
    good = stored(tmp_path, "good.json", name())
    assert lint_file(bad, json=as_json, out=out) == 2
    assert diff_files(good, bad, json=as_json, out=out) == 2
    assert schema_of(bad, out) == 2
    assert docs_of(bad, html=as_json, language="en", out=out) == 2
    assert file in printed(out)
    assert lint_file(tmp_path / "absent.json", json=as_json, out=out) == 2


def test_a_difference_that_breaks_is_the_exit_code(tmp_path: Path, out: Console) -> None:
    old = stored(tmp_path, "old.json", name())
    new = stored(tmp_path, "new.json", name(valueType="xs:int"))
    assert diff_files(old, new, json=False, out=out) == 1
    assert "Name: valueType: xs:string became xs:int (value-type)" in printed(out)
    assert "needs a major step of the version; declared is a patch one, which is not enough" in (
        printed(out)
    )


def test_a_compatible_difference_is_told_as_json(tmp_path: Path, out: Console) -> None:
    old = stored(tmp_path, "old.json", name())
    new = stored(
        tmp_path,
        "new.json",
        name(card="ZeroToOne"),
        administration={"version": "1", "revision": "1"},
    )
    assert diff_files(old, new, json=True, out=out) == 0
    view = json.loads(printed(out))
    assert (view["neededStep"], view["declaredStep"]) == ("minor", "minor")
    (change,) = view["changes"]
    assert (change["kind"], change["breaking"], change["after"]) == (
        "cardinality",
        False,
        "ZeroToOne",
    )


def test_nothing_changed_is_told(tmp_path: Path, out: Console) -> None:
    file = stored(tmp_path, "a.json", name())
    assert diff_files(file, file, json=False, out=out) == 0
    assert printed(out) == "nothing changed\n"


def test_a_schema_is_printed_as_json(tmp_path: Path, out: Console) -> None:
    assert schema_of(stored(tmp_path, "a.json", name()), out) == 0
    assert json.loads(printed(out))["required"] == ["Name"]


@pytest.mark.parametrize(("html", "begin"), [(True, "<!doctype html>"), (False, "# Pump")])
def test_a_page_is_printed_as_it_is(tmp_path: Path, out: Console, html: bool, begin: str) -> None:
    file = stored(tmp_path, "a.json", name())
    assert docs_of(file, html=html, language="en", out=out) == 0
    assert printed(out).startswith(begin)


def test_of_several_templates_one_is_named(tmp_path: Path, out: Console) -> None:
    submodels = [well_made(name(), id=f"urn:{each}", idShort=each).node for each in ("A1", "B1")]
    file = tmp_path / "two.json"
    file.write_text(json.dumps({"submodels": submodels}))
    assert schema_of(file, out) == 2
    assert "urn:A1, urn:B1" in printed(out)
    assert schema_of(file, out, template_id="B1") == 0
    assert docs_of(file, html=False, language="en", out=out, template_id="urn:A1") == 0
    assert diff_files(file, file, json=True, out=out, template_id="C1") == 2
    assert lint_file(file, json=False, out=out) == 0


def test_texts_of_a_template_do_not_steer_the_terminal(tmp_path: Path, out: Console) -> None:
    steering = text("Na\x1b[31mme", None, semanticId=reference("[bold]urn:\x1b]0;x\x07[/bold]"))
    lint_file(stored(tmp_path, "a.json", steering), json=False, out=out)
    assert "\x1b" not in printed(out)
    assert "[bold]" in printed(out)
