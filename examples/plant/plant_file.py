"""The plant file for machines at addresses of their own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

PLANT_FILE: Final = Path(__file__).with_name("plant.yaml")
"""The plant file for all four machines at the default ports."""


def plant_for(urls: Mapping[str, str]) -> dict[str, Any]:
    """Return the plant file's content for the machines in ``urls``, at these addresses."""
    plant: dict[str, Any] = yaml.safe_load(PLANT_FILE.read_text(encoding="utf-8"))
    plant["connections"] = {
        key: {**connection, "url": urls[key]}
        for key, connection in plant["connections"].items()
        if key in urls
    }
    for section in ("bindings", "operations"):
        plant[section] = [row for row in plant[section] if row["connection"] in urls]
    return plant


def write_plant_file(path: Path, urls: Mapping[str, str]) -> None:
    """Write the plant file for the machines in ``urls`` to ``path``."""
    text = yaml.safe_dump(plant_for(urls), allow_unicode=True, sort_keys=False)
    path.write_text(text, encoding="utf-8")
