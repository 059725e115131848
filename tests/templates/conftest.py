"""Templates to test with."""

from __future__ import annotations

from pathlib import Path

import pytest

from aas_server.templates.catalog import TemplateCatalog
from aas_server.templates.prototype import Template
from tests.templates.published import published_templates


@pytest.fixture(scope="session")
def published(shared_dir: Path) -> list[Template]:
    """Every template of every published JSON file; not to be changed."""
    return published_templates(shared_dir)


@pytest.fixture(scope="session")
def catalog(published: list[Template]) -> TemplateCatalog:
    """A catalog of all published templates."""
    return TemplateCatalog(published)
