"""The submodel interface with the four homes that offer it, and the submodel repository.

A submodel is reached through its shell, through the one shell of the server, by its own id, or as
the one submodel of the server: one declaration, four homes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from aas_server.api.operations.elements import element_parts
from aas_server.api.operations.homes import Home, Part
from aas_server.api.operations.operation import JSON, Body, Operation, Service, profiles
from aas_server.api.operations.parts import (
    CREATE,
    CREATE_OR_UPDATE,
    DELETE,
    FORM,
    MODIFIERS,
    NO_CONTENT,
    PAGE,
    READ,
    SUBMODEL_TYPES,
    SUFFIX,
    UPDATE,
    created,
    ok,
    put,
    with_content,
)
from aas_server.metamodel.views import Content

_REPOSITORY: Final = Home(
    path="/submodels/{submodelIdentifier}",
    service=Service.SUBMODEL_REPOSITORY,
    suffix="_SubmodelRepo",
    template_reads=(3, 4),
    template_writes=(3,),
)
_THROUGH_SHELL: Final = Home(
    path="/shells/{aasIdentifier}/submodels/{submodelIdentifier}",
    service=Service.SHELL_REPOSITORY,
    suffix="_AasRepository",
    renamed={"GetSubmodelById": "GetSubmodel", "PatchSubmodelById": "PatchSubmodel"},
)
_OF_THE_SHELL: Final = Home(
    path="/aas/submodels/{submodelIdentifier}",
    service=Service.SHELL,
    suffix="_Aas",
    implied="aasIdentifier",
)
_THE_SUBMODEL: Final = Home(
    path="/submodel",
    service=Service.SUBMODEL,
    suffix="_Submodel",
    value_profile=(3,),
    implied="submodelIdentifier",
    renamed={
        "GetSubmodelById": "GetSubmodel",
        "PutSubmodelById": "PutSubmodel",
        "PatchSubmodelById": "PatchSubmodel",
    },
)
_HOMES: Final = (_REPOSITORY, _THROUGH_SHELL, _OF_THE_SHELL, _THE_SUBMODEL)
_CREATING: Final = (_REPOSITORY, _THROUGH_SHELL)
"""The homes where a PUT may create: the others stand for what is there."""

_RESULTS: Final = {
    Content.NORMAL: "Submodel",
    Content.METADATA: "SubmodelMetadata",
    Content.VALUE: "SubmodelValue",
    Content.REFERENCE: "Reference",
    Content.PATH: "PathItem[]",
}
_LIST_RESULTS: Final = {
    Content.NORMAL: "GetSubmodelsResult",
    Content.METADATA: "GetSubmodelsMetadataResult",
    Content.VALUE: "GetSubmodelsValueResult",
    Content.REFERENCE: "GetReferencesResult",
    Content.PATH: "GetPathItemsResult",
}
_WITH_VALUES: Final = (Content.NORMAL, Content.METADATA, Content.VALUE)
_HOT: Final = (
    ("/submodels/{submodelIdentifier}", Content.NORMAL),
    ("/submodels/{submodelIdentifier}/submodel-elements/{idShortPath}/$value", Content.VALUE),
)


def submodel_operations() -> Iterator[Operation]:
    """Yield the submodel repository's own operations, then the interface at each of its homes."""
    yield from _collection()
    for home in _HOMES:
        for part in (*_submodel_parts(home), *element_parts()):
            placed = home.place(part)
            hot = placed.method == "GET" and (placed.path, placed.content) in _HOT
            yield _with_published_typo(replace(placed, hot=hot))


def _with_published_typo(operation: Operation) -> Operation:
    """The published document of the AAS service misspells this one path."""
    typo = "/aas/submodels/{submodelIdentifier}/submodel-elements/{idShortPath}/invoke-asnyc"
    if typo not in operation.aliases:
        return operation
    return replace(operation, typo=typo, aliases=())


def _collection() -> Iterator[Operation]:
    for content in Content:
        numbers = (1, 2, 3, 4) if content in _WITH_VALUES else (1, 2)
        yield Operation(
            id=f"GetAllSubmodels{SUFFIX[content]}",
            method="GET",
            path=with_content("/submodels", content),
            summary=f"Page of submodels{FORM[content]}",
            profiles=profiles(Service.SUBMODEL_REPOSITORY, *numbers),
            semantic_names=(
                "GetAllSubmodels",
                "GetAllSubmodelsBySemanticId",
                "GetAllSubmodelsByIdShort",
            ),
            rights=READ,
            handler="submodels.list_submodels",
            answers=ok(_LIST_RESULTS[content]),
            query=("semanticId", "idShort", "createdFrom", "updatedFrom", *PAGE)
            + MODIFIERS[content],
            content=content,
            paged=True,
        )
    yield Operation(
        id="PostSubmodel",
        method="POST",
        path="/submodels",
        summary="Create a submodel",
        profiles=profiles(Service.SUBMODEL_REPOSITORY, 1, 3),
        semantic_names=("PostSubmodel",),
        rights=CREATE,
        handler="submodels.post_submodel",
        answers=created("Submodel"),
        body=Body("Submodel"),
    )


def _submodel_parts(home: Home) -> Iterator[Part]:
    creates = home in _CREATING
    for content in Content:
        yield Part(
            Operation(
                id=f"GetSubmodelById{SUFFIX[content]}",
                method="GET",
                path=with_content("", content),
                summary=f"One submodel{FORM[content]}",
                profiles=(),
                semantic_names=("GetSubmodelById",),
                rights=READ,
                handler="submodels.get_submodel",
                answers=ok(
                    _RESULTS[content],
                    SUBMODEL_TYPES if content is Content.NORMAL else (JSON,),
                ),
                query=MODIFIERS[content],
                content=content,
            ),
            in_template_profiles=content in (Content.NORMAL, Content.METADATA),
            in_value_profile=content in (Content.NORMAL, Content.VALUE),
        )
    yield Part(
        Operation(
            id="PutSubmodelById",
            method="PUT",
            path="",
            summary="Create or replace a submodel" if creates else "Replace a submodel",
            profiles=(),
            semantic_names=("PutSubmodelById",),
            rights=CREATE_OR_UPDATE if creates else UPDATE,
            handler="submodels.put_submodel",
            answers=put("Submodel", creates=creates),
            body=Body("Submodel"),
        ),
        in_template_profiles=True,
    )
    for content in _WITH_VALUES:
        yield Part(
            Operation(
                id=f"PatchSubmodelById{SUFFIX[content]}",
                method="PATCH",
                path=with_content("", content),
                summary=f"Change a submodel{FORM[content]}",
                profiles=(),
                semantic_names=("PatchSubmodelById",),
                rights=UPDATE,
                handler="submodels.patch_submodel",
                answers=NO_CONTENT,
                body=Body(_RESULTS[content]),
                content=content,
            ),
            in_template_profiles=content is not Content.VALUE,
        )
    if home is not _THE_SUBMODEL:
        yield Part(
            Operation(
                id="DeleteSubmodelById",
                method="DELETE",
                path="",
                summary="Delete a submodel",
                profiles=(),
                semantic_names=("DeleteSubmodelById",),
                rights=DELETE,
                handler="submodels.delete_submodel",
                answers=NO_CONTENT,
            ),
            in_template_profiles=True,
        )
