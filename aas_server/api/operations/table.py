"""The one table of operations: IDTA-01002 3.1.2, the 3.2 draft, and our /upload and /templates."""

from __future__ import annotations

from typing import Final

from aas_server.api.operations.common import common_operations
from aas_server.api.operations.concept_descriptions import concept_description_operations
from aas_server.api.operations.discovery import discovery_operations
from aas_server.api.operations.operation import Operation
from aas_server.api.operations.packages import package_operations
from aas_server.api.operations.registries import registry_operations
from aas_server.api.operations.shells import shell_operations
from aas_server.api.operations.submodels import submodel_operations
from aas_server.api.operations.templates import template_operations

BASE_PATHS: Final = ("/api/v3", "/api/v3.0", "/api/v3.1")
"""Where the API answers, the first of them in what the server itself writes."""

OPERATIONS: Final[tuple[Operation, ...]] = (
    *shell_operations(),
    *submodel_operations(),
    *concept_description_operations(),
    *registry_operations(),
    *discovery_operations(),
    *package_operations(),
    *template_operations(),
    *common_operations(),
)
"""Every operation that this server has."""
