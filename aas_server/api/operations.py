"""The one table of operations: routing, rights, profiles and tests read it (IDTA-01002 3.1)."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from aas_server.metamodel.views import Content

BASE_PATHS: Final = ("/api/v3", "/api/v3.0", "/api/v3.1")
"""Where the API answers, the first of them in what the server itself writes."""


class Service(enum.Enum):
    """The services of Part 2, as their specification identifiers name them."""

    SHELL_REPOSITORY = "AssetAdministrationShellRepositoryServiceSpecification"
    SUBMODEL_REPOSITORY = "SubmodelRepositoryServiceSpecification"
    CONCEPT_DESCRIPTION_REPOSITORY = "ConceptDescriptionRepositoryServiceSpecification"


class Right(enum.Enum):
    """What a caller must be allowed to do (IDTA-01004, RIGHTS)."""

    READ = "READ"
    UPDATE = "UPDATE"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of one service.

    ``path`` is the template below a base path; ``semantic_names`` name the interface operations
    that it carries out; ``handler`` is the name of the function that answers; ``hot`` operations
    are answered by the fast lane.
    """

    id: str
    method: str
    path: str
    service: Service
    semantic_names: tuple[str, ...]
    content: Content
    right: Right
    handler: str
    hot: bool = False

    @property
    def semantic_ids(self) -> tuple[str, ...]:
        """Return the semantic ids of the interface operations."""
        return tuple(f"https://admin-shell.io/aas/API/{name}/3/1" for name in self.semantic_names)


@dataclass(frozen=True, slots=True)
class _Resource:
    """What can be read at one path: the operation id for every content that it offers."""

    path: str
    service: Service
    semantic_names: tuple[str, ...]
    handler: str
    normal: str
    metadata: str | None = None
    value: str | None = None
    reference: str | None = None
    paths: str | None = None
    hot: Content | None = None

    def reads(self) -> Iterator[Operation]:
        """Yield the operations, in the order of ``Content``."""
        ids = (self.normal, self.metadata, self.value, self.reference, self.paths)
        for content, operation_id in zip(Content, ids, strict=True):
            if operation_id is not None:
                yield Operation(
                    operation_id,
                    "GET",
                    self.path if content is Content.NORMAL else f"{self.path}/{content.value}",
                    self.service,
                    self.semantic_names,
                    content,
                    Right.READ,
                    self.handler,
                    content is self.hot,
                )


def _patch_value(operation_id: str, path: str, service: Service) -> Operation:
    return Operation(
        operation_id,
        "PATCH",
        f"{path}/{Content.VALUE.value}",
        service,
        ("PatchSubmodelElementByPath",),
        Content.VALUE,
        Right.UPDATE,
        "patch_element_value",
    )


_SHELL: Final = "/shells/{aasIdentifier}"
_SHELL_SUBMODEL: Final = _SHELL + "/submodels/{submodelIdentifier}"
_SUBMODEL: Final = "/submodels/{submodelIdentifier}"
_ELEMENTS: Final = "/submodel-elements"
_ELEMENT: Final = "/submodel-elements/{idShortPath}"

_SHELL_RESOURCES: Final = (
    _Resource(
        "/shells",
        Service.SHELL_REPOSITORY,
        (
            "GetAllAssetAdministrationShells",
            "GetAllAssetAdministrationShellsByAssetId",
            "GetAllAssetAdministrationShellsByIdShort",
        ),
        "list_shells",
        normal="GetAllAssetAdministrationShells",
        reference="GetAllAssetAdministrationShells-Reference",
    ),
    _Resource(
        _SHELL,
        Service.SHELL_REPOSITORY,
        ("GetAssetAdministrationShellById",),
        "get_shell",
        normal="GetAssetAdministrationShellById",
        reference="GetAssetAdministrationShellById-Reference_AasRepository",
        hot=Content.NORMAL,
    ),
    _Resource(
        _SHELL + "/asset-information",
        Service.SHELL_REPOSITORY,
        ("GetAssetInformation",),
        "get_asset_information",
        normal="GetAssetInformation_AasRepository",
    ),
    _Resource(
        _SHELL + "/submodel-refs",
        Service.SHELL_REPOSITORY,
        ("GetAllSubmodelReferences",),
        "list_submodel_references",
        normal="GetAllSubmodelReferences_AasRepository",
    ),
    _Resource(
        _SHELL_SUBMODEL,
        Service.SHELL_REPOSITORY,
        ("GetSubmodel",),
        "get_submodel",
        normal="GetSubmodelById_AasRepository",
        metadata="GetSubmodelById-Metadata_AasRepository",
        value="GetSubmodelById-ValueOnly_AasRepository",
        reference="GetSubmodelById-Reference_AasRepository",
        paths="GetSubmodelById-Path_AasRepository",
    ),
    _Resource(
        _SHELL_SUBMODEL + _ELEMENTS,
        Service.SHELL_REPOSITORY,
        ("GetAllSubmodelElements",),
        "list_elements",
        normal="GetAllSubmodelElements_AasRepository",
        metadata="GetAllSubmodelElements-Metadata_AasRepository",
        value="GetAllSubmodelElements-ValueOnly_AasRepository",
        reference="GetAllSubmodelElements-Reference_AasRepository",
        paths="GetAllSubmodelElements-Path_AasRepository",
    ),
    _Resource(
        _SHELL_SUBMODEL + _ELEMENT,
        Service.SHELL_REPOSITORY,
        ("GetSubmodelElementByPath",),
        "get_element",
        normal="GetSubmodelElementByPath_AasRepository",
        metadata="GetSubmodelElementByPath-Metadata_AasRepository",
        value="GetSubmodelElementByPath-ValueOnly_AasRepository",
        reference="GetSubmodelElementByPath-Reference_AasRepository",
        paths="GetSubmodelElementByPath-Path_AasRepository",
    ),
)

_SUBMODEL_RESOURCES: Final = (
    _Resource(
        "/submodels",
        Service.SUBMODEL_REPOSITORY,
        ("GetAllSubmodels", "GetAllSubmodelsBySemanticId", "GetAllSubmodelsByIdShort"),
        "list_submodels",
        normal="GetAllSubmodels",
        metadata="GetAllSubmodels-Metadata",
        value="GetAllSubmodels-ValueOnly",
        reference="GetAllSubmodels-Reference",
        paths="GetAllSubmodels-Path",
    ),
    _Resource(
        _SUBMODEL,
        Service.SUBMODEL_REPOSITORY,
        ("GetSubmodelById",),
        "get_submodel",
        normal="GetSubmodelById",
        metadata="GetSubmodelById-Metadata",
        value="GetSubmodelById-ValueOnly",
        reference="GetSubmodelById-Reference",
        paths="GetSubmodelById-Path",
        hot=Content.NORMAL,
    ),
    _Resource(
        _SUBMODEL + _ELEMENTS,
        Service.SUBMODEL_REPOSITORY,
        ("GetAllSubmodelElements",),
        "list_elements",
        normal="GetAllSubmodelElements",
        metadata="GetAllSubmodelElements-Metadata_SubmodelRepo",
        value="GetAllSubmodelElements-ValueOnly_SubmodelRepo",
        reference="GetAllSubmodelElements-Reference_SubmodelRepo",
        paths="GetAllSubmodelElements-Path_SubmodelRepo",
    ),
    _Resource(
        _SUBMODEL + _ELEMENT,
        Service.SUBMODEL_REPOSITORY,
        ("GetSubmodelElementByPath",),
        "get_element",
        normal="GetSubmodelElementByPath_SubmodelRepo",
        metadata="GetSubmodelElementByPath-Metadata_SubmodelRepo",
        value="GetSubmodelElementByPath-ValueOnly_SubmodelRepo",
        reference="GetSubmodelElementByPath-Reference_SubmodelRepo",
        paths="GetSubmodelElementByPath-Path_SubmodelRepo",
        hot=Content.VALUE,
    ),
)

_CONCEPT_DESCRIPTION_RESOURCES: Final = (
    _Resource(
        "/concept-descriptions",
        Service.CONCEPT_DESCRIPTION_REPOSITORY,
        (
            "GetAllConceptDescriptions",
            "GetAllConceptDescriptionsByIdShort",
            "GetAllConceptDescriptionsByIsCaseOf",
            "GetAllConceptDescriptionsByDataSpecificationReference",
        ),
        "list_concept_descriptions",
        normal="GetAllConceptDescriptions",
    ),
    _Resource(
        "/concept-descriptions/{cdIdentifier}",
        Service.CONCEPT_DESCRIPTION_REPOSITORY,
        ("GetConceptDescriptionById",),
        "get_concept_description",
        normal="GetConceptDescriptionById",
    ),
)

OPERATIONS: Final = (
    *(
        operation
        for resources in (_SHELL_RESOURCES, _SUBMODEL_RESOURCES, _CONCEPT_DESCRIPTION_RESOURCES)
        for resource in resources
        for operation in resource.reads()
    ),
    _patch_value(
        "PatchSubmodelElementValueByPath-ValueOnly",
        _SHELL_SUBMODEL + _ELEMENT,
        Service.SHELL_REPOSITORY,
    ),
    _patch_value(
        "PatchSubmodelElementByPath-ValueOnly_SubmodelRepo",
        _SUBMODEL + _ELEMENT,
        Service.SUBMODEL_REPOSITORY,
    ),
)
"""Every operation that this server has."""
