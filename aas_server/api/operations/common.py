"""What belongs to many services: self-description, serialization, queries, history, signatures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aas_server.api.operations.operation import (
    JSON,
    Answer,
    Body,
    Operation,
    Profile,
    Service,
    profiles,
)
from aas_server.api.operations.parts import PAGE, RDF, READ, ok

_DESCRIBED: Final = {
    Service.SHELL_REPOSITORY: 3,
    Service.SUBMODEL_REPOSITORY: 5,
    Service.CONCEPT_DESCRIPTION_REPOSITORY: 2,
    Service.SHELL_REGISTRY: 5,
    Service.SUBMODEL_REGISTRY: 4,
    Service.DISCOVERY: 2,
    Service.PACKAGES: 1,
    Service.SHELL: 2,
    Service.SUBMODEL: 3,
}
"""How many profiles a service has: every one of them has /description."""

_SERIALIZED: Final = {
    Service.SHELL_REPOSITORY: 2,
    Service.SUBMODEL_REPOSITORY: 4,
    Service.CONCEPT_DESCRIPTION_REPOSITORY: 1,
    Service.SHELL: 2,
    Service.SUBMODEL: 2,
}
"""How many profiles of a service, from the first one on, have /serialization."""

SERIALIZATIONS: Final = (
    JSON,
    "application/xml",
    "application/asset-administration-shell-package+xml",
    "application/asset-administration-shell-package",
    "application/aasx+xml",
    "application/aas+zip",
    *RDF,
)
"""The media types of /serialization: Part 2 and Part 5 name a package in four ways."""


def common_operations() -> Iterator[Operation]:
    """Yield what is offered once for several services."""
    yield Operation(
        id="GetSelfDescription",
        method="GET",
        path="/description",
        summary="The profiles that this server has",
        profiles=_first(_DESCRIBED),
        semantic_names=("GetSelfDescription",),
        rights=READ,
        handler="description.get_description",
        answers=ok("ServiceDescription"),
    )
    yield Operation(
        id="GenerateSerializationByIds",
        method="GET",
        path="/serialization",
        summary="Shells and submodels as one environment: JSON, XML, AASX or RDF",
        profiles=_first(_SERIALIZED),
        semantic_names=("GenerateSerializationByIds",),
        rights=READ,
        handler="serialization.get_serialization",
        answers=(Answer(200, "Environment", SERIALIZATIONS),),
        query=(
            "aasIds",
            "submodelIds",
            "includeConceptDescriptions",
            "liveQualifiers",
            "metamodel",
            "lossy",
        ),
    )
    yield from _queries()
    yield from _recent_changes()
    yield from _history()
    yield from _signed()


def _first(counts: dict[Service, int]) -> tuple[Profile, ...]:
    return tuple(
        profile
        for service, count in counts.items()
        for profile in profiles(service, *range(1, count + 1))
    )


def _queries() -> Iterator[Operation]:
    for service, number, path, name, more in (
        (Service.SHELL_REPOSITORY, 3, "shells", "AssetAdministrationShell", False),
        (Service.SUBMODEL_REPOSITORY, 5, "submodels", "Submodel", False),
        (
            Service.CONCEPT_DESCRIPTION_REPOSITORY,
            2,
            "concept-descriptions",
            "ConceptDescription",
            True,
        ),
        (
            Service.SHELL_REGISTRY,
            4,
            "shell-descriptors",
            "AssetAdministrationShellDescriptor",
            False,
        ),
        (Service.SUBMODEL_REGISTRY, 4, "submodel-descriptors", "SubmodelDescriptor", False),
    ):
        # The text of Part 2 misspells the last one.
        misspelt = ("/query/submodel-decriptors",) if name == "SubmodelDescriptor" else ()
        yield Operation(
            id=f"Query{name}s",
            method="POST",
            path=f"/query/{path}",
            summary=f"Page of the {path.replace('-', ' ')} that meet a condition",
            profiles=profiles(service, number),
            semantic_names=(f"Query{name}s", *((f"Query{name}Ids",) if more else ())),
            rights=READ,
            handler="query.query",
            answers=ok(f"QueryResult{name}"),
            body=Body("Query"),
            query=("explain", *PAGE),
            paged=True,
            aliases=misspelt,
        )


def _recent_changes() -> Iterator[Operation]:
    since = ("createdFrom", "updatedFrom", *PAGE)
    for service, path, name, query in (
        (Service.SHELL_REPOSITORY, "shells", "AssetAdministrationShells", ("assetIds", *since)),
        (Service.SUBMODEL_REPOSITORY, "submodels", "Submodel", ("semanticId", *since)),
        (
            Service.CONCEPT_DESCRIPTION_REPOSITORY,
            "concept-descriptions",
            "ConceptDescription",
            since,
        ),
        (
            Service.SHELL_REGISTRY,
            "shell-descriptors",
            "AssetAdministrationShellDescriptors",
            ("assetKind", "assetType", "assetIds", *since),
        ),
    ):
        yield Operation(
            id=f"GetAll{name}RecentChanges",
            method="GET",
            path=f"/{path}/$recent-changes",
            summary=f"Page of the {path.replace('-', ' ')} that were created or changed lately",
            profiles=profiles(service, 1),
            semantic_names=(f"GetAll{name}RecentChanges",),
            rights=READ,
            handler="recent_changes.list_recent_changes",
            answers=ok("GetRecentChangesResult"),
            query=query,
            paged=True,
            version="3/2",
        )


def _history() -> Iterator[Operation]:
    for service, number, path, id_, schema in (
        (
            Service.SHELL_REPOSITORY,
            6,
            "/shells/{aasIdentifier}",
            "GetAssetAdministrationShellVersionByIdAndDate",
            "AssetAdministrationShell",
        ),
        (
            Service.SUBMODEL_REPOSITORY,
            7,
            "/submodels/{submodelIdentifier}",
            "GetSubmodelByIdAndDate",
            "Submodel",
        ),
    ):
        yield Operation(
            id=id_,
            method="GET",
            path=f"{path}/$history",
            summary="What was valid at an instant; what is valid now without one",
            profiles=profiles(service, number),
            semantic_names=(id_,),
            rights=READ,
            handler="history.get_history",
            answers=ok(schema),
            query=("date",) if number == 6 else ("level", "extent", "date"),
            version="3/2",
        )


def _signed() -> Iterator[Operation]:
    for service, number, path, name in (
        (
            Service.SHELL_REPOSITORY,
            4,
            "/shells/{aasIdentifier}",
            "AssetAdministrationShell",
        ),
        (Service.SUBMODEL_REPOSITORY, 6, "/submodels/{submodelIdentifier}", "Submodel"),
        (
            Service.CONCEPT_DESCRIPTION_REPOSITORY,
            3,
            "/concept-descriptions/{cdIdentifier}",
            "ConceptDescription",
        ),
    ):
        yield Operation(
            id=f"Get{name}ByIdSigned",
            method="GET",
            path=f"{path}/$signed",
            summary="The document with the signature of this server (JWS, RFC 7515)",
            profiles=profiles(service, number),
            semantic_names=(f"Get{name}ByIdSigned",),
            rights=READ,
            handler="signed.get_signed",
            answers=(Answer(200, "SignedDocument", ("text/plain",)),),
            version="3/2",
        )
