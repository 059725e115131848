"""The discovery service: from asset ids to shells."""

from __future__ import annotations

from collections.abc import Iterator

from aas_server.api.operations.operation import Answer, Body, Operation, Service, profiles
from aas_server.api.operations.parts import CREATE_OR_UPDATE, DELETE, NO_CONTENT, PAGE, READ, ok


def discovery_operations() -> Iterator[Operation]:
    """Yield the operations of the discovery service."""
    one = "/lookup/shells/{aasIdentifier}"
    reading = (1, 2)
    for id_, method, path, numbers, summary, rights, function, answers, body, query in (
        (
            "GetAllAssetAdministrationShellIdsByAssetLink",
            "GET",
            "/lookup/shells",
            (1,),
            "Page of the ids of shells that have all of these asset ids",
            READ,
            "list_shell_ids",
            ok("GetShellIdsResult"),
            None,
            ("assetIds", *PAGE),
        ),
        (
            "SearchAllAssetAdministrationShellIdsByAssetLink",
            "POST",
            "/lookup/shellsByAssetLink",
            reading,
            "Page of the ids of shells that have all of these asset links",
            READ,
            "search_shell_ids",
            ok("GetShellIdsResult"),
            Body("AssetLink[]"),
            PAGE,
        ),
        (
            "GetAllAssetLinksById",
            "GET",
            one,
            reading,
            "The asset ids that lead to a shell",
            READ,
            "get_asset_links",
            ok("SpecificAssetId[]"),
            None,
            (),
        ),
        (
            "PostAllAssetLinksById",
            "POST",
            one,
            (1,),
            "Set the asset ids that lead to a shell, in place of those before",
            CREATE_OR_UPDATE,
            "post_asset_links",
            (Answer(201, "SpecificAssetId[]", headers=("Location",)),),
            Body("SpecificAssetId[]"),
            (),
        ),
        (
            "DeleteAllAssetLinksById",
            "DELETE",
            one,
            (1,),
            "Delete the asset ids that lead to a shell",
            DELETE,
            "delete_asset_links",
            NO_CONTENT,
            None,
            (),
        ),
    ):
        yield Operation(
            id=id_,
            method=method,
            path=path,
            summary=summary,
            profiles=profiles(Service.DISCOVERY, *numbers),
            semantic_names=(id_,),
            rights=rights,
            handler=f"discovery.{function}",
            answers=answers,
            body=body,
            query=query,
            paged="limit" in query,
        )
