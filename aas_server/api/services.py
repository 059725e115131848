"""What the handlers work with: everything that stands behind the API, in one place."""

from __future__ import annotations

from dataclasses import dataclass

from aas_server.clock import Clock
from aas_server.operations.jobs import Jobs
from aas_server.operations.service import OperationService
from aas_server.packages.library import PackageLibrary
from aas_server.packages.signatures.policy import SignaturePolicy
from aas_server.query.engine import QueryEngine
from aas_server.query.sparql.service import SparqlService
from aas_server.registry.discovery import Discovery
from aas_server.registry.registry import Registry
from aas_server.repository.repository import Repository
from aas_server.signing.signer import DocumentSigner
from aas_server.templates.service import TemplateService


@dataclass(frozen=True, slots=True)
class Services:
    """One of each; built by the composition root."""

    repository: Repository
    registry: Registry
    discovery: Discovery
    packages: PackageLibrary
    operations: OperationService
    jobs: Jobs
    signer: DocumentSigner
    templates: TemplateService
    queries: QueryEngine
    signatures: SignaturePolicy
    clock: Clock
    sparql: SparqlService | None = None
    """None where it is turned off."""
