"""The documents say what is true: settings, plant file, room by room."""

from __future__ import annotations

import re
from pathlib import Path

from aas_server.bindings.plant.file import load_plant_file
from aas_server.settings import ENVIRONMENT_PREFIX, Settings


def test_every_setting_is_in_the_table_with_its_variable_and_default(project_dir: Path) -> None:
    table = (project_dir / "docs" / "settings.md").read_text()
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = "" if default in (None, ()) else f"`{str(default).lower()}`"
        row = rf"\| `{name}` \| `{ENVIRONMENT_PREFIX}{name.upper()}` \| {re.escape(shown)} ?\|"
        assert re.search(row, table, re.IGNORECASE), name


def test_the_example_of_the_plant_file_loads(project_dir: Path, tmp_path: Path) -> None:
    text = (project_dir / "docs" / "plant-file.md").read_text()
    example = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    file = tmp_path / "plant.yaml"
    file.write_text(example[1])
    assert len(load_plant_file(file).bindings) == 3


def test_every_room_is_in_the_architecture_and_says_what_it_is(project_dir: Path) -> None:
    architecture = (project_dir / "docs" / "architecture.md").read_text()
    rooms = [path.parent for path in (project_dir / "aas_server").glob("*/__init__.py")]
    assert rooms
    for room in rooms:
        assert f"| `{room.name}` |" in architecture
        assert (room / "__init__.py").read_text().startswith('"""')


def test_links_between_documents_lead_somewhere(project_dir: Path) -> None:
    for document in [*project_dir.glob("*.md"), *project_dir.glob("docs/*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / link).exists(), f"{document.name}: {link}"
