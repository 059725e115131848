"""The three templates as documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for

from tests.submodels.oracles import Json, load


@pytest.fixture(params=["OperationalData", "Maintenance", "Quality"])
def folder(request: pytest.FixtureRequest, project_dir: Path) -> Path:
    """The folder of each template in turn."""
    path: Path = project_dir / "submodels" / request.param
    return path


@pytest.fixture
def template(folder: Path) -> Json:
    """The environment of the template in ``folder``."""
    return load(folder / "template.json")


@pytest.fixture
def example(folder: Path) -> Json:
    """The environment of its filled instance."""
    return load(folder / "example.json")


@pytest.fixture(scope="session")
def schema(shared_dir: Path) -> Validator:
    """The published JSON schema of the metamodel."""
    text = (shared_dir / "spec" / "schemas" / "aas.json").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return validator_for(content)(content)
