"""``aas-server template build`` and ``template new``."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from aas_server.cli.template_building import build_file, new_file
from aas_server.errors import ConfigurationError

_MODEL = '''\
from typing import Annotated, ClassVar
from pydantic import BaseModel
from aas_server.templates.authoring.marks import TemplateOf, Text

class Tank(BaseModel):
    """A tank."""

    template: ClassVar = TemplateOf("https://example.com/smt/Tank/1/0")
    level: Annotated[float, Text("How full it is.")]
'''


@pytest.fixture
def out() -> Console:
    return Console(file=io.StringIO(), width=200)


def _printed(out: Console) -> str:
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def test_a_new_source_compiles_as_it_is(tmp_path: Path, out: Console) -> None:
    source, target = tmp_path / "pump.yaml", tmp_path / "pump.json"
    new_file("FeedPump", source)
    build_file(source, target, out)
    assert "FeedPump, 6 elements, 7 concept descriptions" in _printed(out)
    (submodel,) = json.loads(target.read_text(encoding="utf-8"))["submodels"]
    assert submodel["idShort"] == "FeedPump"


def test_without_a_target_the_document_is_printed(tmp_path: Path, out: Console) -> None:
    source = tmp_path / "pump.yaml"
    new_file("Pump", source)
    build_file(source, None, out)
    assert json.loads(_printed(out))["submodels"][0]["kind"] == "Template"


def test_a_model_is_found_beside_the_caller(
    tmp_path: Path, out: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tank_model.py").write_text(_MODEL, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    build_file(Path("tank_model:Tank"), None, out)
    assert json.loads(_printed(out))["submodels"][0]["idShort"] == "Tank"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere.yaml", "nowhere.yaml: cannot be read"),
        ("no_such_module:Model", "no_such_module: cannot be imported"),
        ("json:Model", "json: has no pydantic model 'Model'"),
    ],
)
def test_what_cannot_be_built_is_told(source: str, message: str, out: Console) -> None:
    with pytest.raises(ConfigurationError, match=message):
        build_file(Path(source), None, out)


def test_a_target_that_cannot_be_written_is_told(tmp_path: Path, out: Console) -> None:
    source = tmp_path / "pump.yaml"
    new_file("Pump", source)
    with pytest.raises(ConfigurationError, match="cannot be written"):
        build_file(source, tmp_path / "no" / "pump.json", out)


def test_a_new_source_overwrites_nothing(tmp_path: Path) -> None:
    source = tmp_path / "pump.yaml"
    source.write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="is there already"):
        new_file("Pump", source)
    assert source.read_text(encoding="utf-8") == "mine"


def test_a_name_that_is_no_id_short_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="'2 pumps' is no idShort"):
        new_file("2 pumps", tmp_path / "pump.yaml")
