"""The committed files are what the tables say."""

from __future__ import annotations

from pathlib import Path

from submodels import build


def test_the_committed_files_are_what_the_tables_generate(project_dir: Path) -> None:
    generated = build.files()
    committed = {
        str(path.relative_to(project_dir / "submodels"))
        for path in (project_dir / "submodels").glob("*/*.json")
    }
    assert {path for path in generated if path.endswith(".json")} == committed
    for path, text in generated.items():
        assert (project_dir / "submodels" / path).read_text(encoding="utf-8") == text, path


def test_concepts_are_told_once(project_dir: Path) -> None:
    ids = [concept.id for concept in build.concepts()]
    assert len(ids) == len(set(ids))
