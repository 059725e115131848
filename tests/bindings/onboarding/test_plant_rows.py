"""Adding rows to a plant file that somebody has written in."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from aas_server.bindings.onboarding.plant_rows import with_more_rows, with_other_nodes
from aas_server.errors import ConfigurationError
from aas_server.yaml_files.reading import YamlFile

NEW = {"property": "I/New", "unit": {"from": "m", "to": "mm"}}


OLD = "overlays:\n  - property: I/Old\n    index: 1\n"
FLAT = "overlays:\n- property: I/Old\n  index: 1\n"
OPERATIONS = "operations:\n  - a: 1\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"version: 1\n\n{OLD}\n# the end\n{OPERATIONS}", id="comments"),
        pytest.param(f"{FLAT}{OPERATIONS}", id="no-indent"),
        pytest.param(f"overlays:\n  - {{property: I/Old}}  # mine\n{OPERATIONS}", id="one-line"),
        pytest.param(f"{OPERATIONS}{OLD.rstrip()}", id="last-without-line-end"),
        pytest.param(f"{OLD}    note: |\n      two\n      lines\n{OPERATIONS}", id="block-text"),
    ],
)
def test_rows_come_behind_the_others_and_nothing_else_changes(text: str) -> None:
    before = yaml.safe_load(text)

    found = with_more_rows(text, {"overlays": [NEW]})

    after = yaml.safe_load(found)
    assert after["overlays"] == [*before["overlays"], NEW]
    assert after["operations"] == before["operations"]
    for line in text.splitlines():
        assert line in found.splitlines()


def test_a_section_that_is_not_there_is_begun() -> None:
    found = with_more_rows("version: 1", {"overlays": [NEW], "operations": []})

    assert yaml.safe_load(found) == {"version": 1, "overlays": [NEW]}


@pytest.mark.parametrize("text", ["overlays: []\n", "overlays: [{a: 1}]\n", "overlays: {a: 1}\n"])
def test_a_section_in_brackets_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="with a dash"):
        with_more_rows(text, {"overlays": [NEW]})


def test_a_file_that_is_no_yaml_any_more_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no YAML"):
        with_more_rows("overlays: [", {"overlays": [NEW]})


def test_only_nodes_that_are_exactly_the_old_ones_are_replaced() -> None:
    text = 'a:\n  - object: "i=1"\n    method: i=12\n    note: "i=1"\n  - object: i=1\n'

    found = with_other_nodes(text, {"i=1": "i=7"})

    assert yaml.safe_load(found) == {
        "a": [{"object": "i=7", "method": "i=12", "note": "i=1"}, {"object": "i=7"}]
    }


@pytest.mark.parametrize("word", ["yes", "Off", "1", "a: b", "#x", "- x", "Größe", "two words", ""])
def test_any_text_comes_back_from_the_file_as_it_was(word: str, tmp_path: Path) -> None:
    row = {"enumeration": {1: word, word or "x": "t"}}
    file = tmp_path / "plant.yaml"
    file.write_text(with_more_rows("", {"overlays": [row]}), encoding="utf-8")

    assert YamlFile.read(file).content == {"overlays": [row]}
