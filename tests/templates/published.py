"""The published templates, read once for each test process."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from aas_server.templates.prototype import Template
from aas_server.templates.reading import read_templates

NO_ENVIRONMENTS: Final = frozenset({"IDTA_02005-1-0_GenericForm_ProvisionOfSimulationModels.json"})
"""Files beside the templates that hold forms for a tool, not documents."""


def published_files(shared_dir: Path, suffix: str = ".json") -> list[Path]:
    """Return the files with published templates."""
    found = (shared_dir / "templates").rglob(f"*{suffix}")
    return sorted(file for file in found if file.name not in NO_ENVIRONMENTS)


@cache
def published_templates(shared_dir: Path) -> list[Template]:
    """Return the templates of all published JSON files."""
    return [each for file in published_files(shared_dir) for each in read_templates(file)[0]]
