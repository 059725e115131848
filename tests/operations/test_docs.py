"""What docs/operations.md shows works."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from aas_server.operations.plugin import ENTRY_POINT_GROUP, PluginOperation


def test_the_example_of_a_plugin_works(project_dir: Path) -> None:
    text = (project_dir / "docs" / "operations.md").read_text()
    blocks = dict(re.findall(r"```(toml|python)\n(.*?)```", text, re.DOTALL))
    declared = tomllib.loads(blocks["toml"])["project"]["entry-points"][ENTRY_POINT_GROUP]
    _, _, name = declared["recipes"].partition(":")
    namespace: dict[str, Any] = {"__name__": "my_plant.operations"}
    exec(compile(blocks["python"], "operations.md", "exec"), namespace)
    operation = namespace[name]
    assert isinstance(operation, PluginOperation)
    assert operation.label == "my_plant.operations.add_recipe"
