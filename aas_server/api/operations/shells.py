"""The AAS interface with the two homes that offer it, and the AAS repository."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from aas_server.api.operations.homes import Home, Part
from aas_server.api.operations.operation import (
    ANY_TYPE,
    BINARY,
    Answer,
    Body,
    Operation,
    Service,
    profiles,
)
from aas_server.api.operations.parts import (
    CREATE,
    CREATE_OR_UPDATE,
    DELETE,
    DOCUMENT_TYPES,
    FORM,
    NO_CONTENT,
    PAGE,
    READ,
    SUFFIX,
    UPDATE,
    created,
    ok,
    put,
    with_content,
)
from aas_server.metamodel.views import Content

_REPOSITORY: Final = Home(
    path="/shells/{aasIdentifier}", service=Service.SHELL_REPOSITORY, suffix="_AasRepository"
)
_THE_SHELL: Final = Home(
    path="/aas",
    service=Service.SHELL,
    suffix="_Aas",
    implied="aasIdentifier",
    renamed={
        "GetAssetAdministrationShellById": "GetAssetAdministrationShell",
        "PutAssetAdministrationShellById": "PutAssetAdministrationShell",
    },
)
_FORMS: Final = (Content.NORMAL, Content.REFERENCE)
_THUMBNAIL: Final = "/asset-information/thumbnail"


def shell_operations() -> Iterator[Operation]:
    """Yield the AAS repository's own operations, then the interface at each of its homes."""
    yield from _collection()
    for home in (_REPOSITORY, _THE_SHELL):
        for part in (*_shell_parts(home), *_asset_parts(), *_reference_parts()):
            placed = home.place(part)
            yield replace(placed, hot=placed.id == "GetAssetAdministrationShellById_AasRepository")


def _collection() -> Iterator[Operation]:
    for content in _FORMS:
        yield Operation(
            id=f"GetAllAssetAdministrationShells{SUFFIX[content]}",
            method="GET",
            path=with_content("/shells", content),
            summary=f"Page of shells{FORM[content]}",
            profiles=profiles(Service.SHELL_REPOSITORY, 1, 2),
            semantic_names=(
                "GetAllAssetAdministrationShells",
                "GetAllAssetAdministrationShellsByAssetId",
                "GetAllAssetAdministrationShellsByIdShort",
            ),
            rights=READ,
            handler="shells.list_shells",
            answers=ok(
                "GetAssetAdministrationShellsResult"
                if content is Content.NORMAL
                else "GetReferencesResult"
            ),
            query=("assetIds", "idShort", "createdFrom", "updatedFrom", *PAGE),
            content=content,
            paged=True,
        )
    yield Operation(
        id="PostAssetAdministrationShell",
        method="POST",
        path="/shells",
        summary="Create a shell",
        profiles=profiles(Service.SHELL_REPOSITORY, 1),
        semantic_names=("PostAssetAdministrationShell",),
        rights=CREATE,
        handler="shells.post_shell",
        answers=created("AssetAdministrationShell"),
        body=Body("AssetAdministrationShell"),
    )


def _shell_parts(home: Home) -> Iterator[Part]:
    creates = home is _REPOSITORY
    for content in _FORMS:
        yield Part(
            Operation(
                id=f"GetAssetAdministrationShellById{SUFFIX[content]}",
                method="GET",
                path=with_content("", content),
                summary=f"One shell{FORM[content]}",
                profiles=(),
                semantic_names=("GetAssetAdministrationShellById",),
                rights=READ,
                handler="shells.get_shell",
                answers=ok("AssetAdministrationShell", DOCUMENT_TYPES)
                if content is Content.NORMAL
                else ok("Reference"),
                content=content,
            )
        )
    yield Part(
        Operation(
            id="PutAssetAdministrationShellById",
            method="PUT",
            path="",
            summary="Create or replace a shell" if creates else "Replace the shell",
            profiles=(),
            semantic_names=("PutAssetAdministrationShellById",),
            rights=CREATE_OR_UPDATE if creates else UPDATE,
            handler="shells.put_shell",
            answers=put("AssetAdministrationShell", creates=creates),
            body=Body("AssetAdministrationShell"),
        )
    )
    if creates:
        yield Part(
            Operation(
                id="DeleteAssetAdministrationShellById",
                method="DELETE",
                path="",
                summary="Delete a shell; its submodels stay",
                profiles=(),
                semantic_names=("DeleteAssetAdministrationShellById",),
                rights=DELETE,
                handler="shells.delete_shell",
                answers=NO_CONTENT,
            )
        )


def _asset_parts() -> Iterator[Part]:
    file = Answer(200, "Binary", (BINARY, ANY_TYPE), ("Content-Disposition",))
    form = Body("FileForm", multipart=True)
    for id_, method, path, summary, rights, handler, answers, body in (
        (
            "GetAssetInformation",
            "GET",
            "/asset-information",
            "The asset that the shell stands for",
            READ,
            "shells.get_asset_information",
            ok("AssetInformation"),
            None,
        ),
        (
            "PutAssetInformation",
            "PUT",
            "/asset-information",
            "Replace the asset information",
            UPDATE,
            "shells.put_asset_information",
            NO_CONTENT,
            Body("AssetInformation"),
        ),
        (
            "GetThumbnail",
            "GET",
            _THUMBNAIL,
            "The picture of the asset",
            READ,
            "files.get_thumbnail",
            (file,),
            None,
        ),
        (
            "PutThumbnail",
            "PUT",
            _THUMBNAIL,
            "Upload the picture of the asset",
            UPDATE,
            "files.put_thumbnail",
            NO_CONTENT,
            form,
        ),
        (
            "DeleteThumbnail",
            "DELETE",
            _THUMBNAIL,
            "Delete the picture of the asset",
            DELETE,
            "files.delete_thumbnail",
            NO_CONTENT,
            None,
        ),
    ):
        yield Part(
            Operation(
                id=id_,
                method=method,
                path=path,
                summary=summary,
                profiles=(),
                semantic_names=(id_,),
                rights=rights,
                handler=handler,
                answers=answers,
                body=body,
            )
        )


def _reference_parts() -> Iterator[Part]:
    yield Part(
        Operation(
            id="GetAllSubmodelReferences",
            method="GET",
            path="/submodel-refs",
            summary="Page of the shell's references to submodels",
            profiles=(),
            semantic_names=("GetAllSubmodelReferences",),
            rights=READ,
            handler="shells.list_submodel_references",
            answers=ok("GetReferencesResult"),
            query=PAGE,
            paged=True,
        )
    )
    yield Part(
        Operation(
            id="PostSubmodelReference",
            method="POST",
            path="/submodel-refs",
            summary="Add a reference to a submodel",
            profiles=(),
            semantic_names=("PostSubmodelReference",),
            rights=CREATE,
            handler="shells.post_submodel_reference",
            answers=created("Reference"),
            body=Body("Reference"),
        )
    )
    yield Part(
        Operation(
            id="DeleteSubmodelReference",
            method="DELETE",
            path="/submodel-refs/{submodelIdentifier}",
            summary="Delete the reference to a submodel; the submodel stays",
            profiles=(),
            semantic_names=("DeleteSubmodelReference",),
            rights=DELETE,
            handler="shells.delete_submodel_reference",
            answers=NO_CONTENT,
        )
    )
