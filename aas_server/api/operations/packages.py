"""The AASX file server, with the asynchronous upload of API 3.2, and the upload of BaSyx."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aas_server.api.operations.operation import Answer, Body, Operation, Service, profiles
from aas_server.api.operations.parts import (
    ACCEPTED,
    CREATE,
    CREATE_OR_UPDATE,
    DELETE,
    NO_CONTENT,
    PAGE,
    READ,
    created,
    ok,
    put,
)

PACKAGE: Final = "application/asset-administration-shell-package"
"""The media type of a package (IDTA-01005)."""

_FORM: Final = Body("PackageForm", multipart=True)


def package_operations() -> Iterator[Operation]:
    """Yield the operations of the AASX file server, and ``/upload``."""
    yield from _file_server()
    yield from _asynchronous()
    yield Operation(
        id="Upload",
        method="POST",
        path="/upload",
        summary="Add what a JSON, XML or AASX file holds (an extension that BaSyx has, too)",
        profiles=(),
        semantic_names=(),
        rights=CREATE_OR_UPDATE,
        handler="upload.upload",
        answers=ok("UploadResult"),
        body=Body("UploadForm", multipart=True),
        query=("ignore-duplicates", "onConflict", "dryRun", "strict"),
    )


def _file_server() -> Iterator[Operation]:
    many, one = "/packages", "/packages/{packageId}"
    package = Answer(200, "Binary", (PACKAGE,), ("X-FileName",))
    for id_, method, path, summary, rights, function, answers, body in (
        (
            "GetAllAASXPackageIds",
            "GET",
            many,
            "Page of the packages",
            READ,
            "list_packages",
            ok("GetPackageDescriptionsResult"),
            None,
        ),
        (
            "PostAASXPackage",
            "POST",
            many,
            "Upload a package",
            CREATE,
            "post_package",
            created("PackageDescription"),
            _FORM,
        ),
        (
            "GetAASXByPackageId",
            "GET",
            one,
            "Download a package",
            READ,
            "get_package",
            (package,),
            None,
        ),
        (
            "PutAASXByPackageId",
            "PUT",
            one,
            "Create or replace a package",
            CREATE_OR_UPDATE,
            "put_package",
            put("PackageDescription"),
            _FORM,
        ),
        (
            "DeleteAASXByPackageId",
            "DELETE",
            one,
            "Delete a package",
            DELETE,
            "delete_package",
            NO_CONTENT,
            None,
        ),
    ):
        paged = function == "list_packages"
        yield Operation(
            id=id_,
            method=method,
            path=path,
            summary=summary,
            profiles=profiles(Service.PACKAGES, 1),
            semantic_names=(id_,),
            rights=rights,
            handler=f"packages.{function}",
            answers=answers,
            body=body,
            query=("aasId", *PAGE) if paged else (),
            paged=paged,
        )


def _asynchronous() -> Iterator[Operation]:
    for id_, method, path, summary, rights, function, answers, body in (
        (
            "PostAsyncAASXPackage",
            "POST",
            "/packages-async",
            "Upload a package; Location tells where its status is",
            CREATE,
            "post_package_async",
            ACCEPTED,
            _FORM,
        ),
        (
            "GetAasxAsyncStatus",
            "GET",
            "/packages-async/status/{handleId}",
            "How far an upload is; leads to its result once it has ended",
            READ,
            "get_package_status",
            (Answer(200, "BaseOperationResult"), Answer(302, headers=("Location",))),
            None,
        ),
        (
            "GetAasxAsyncResult",
            "GET",
            "/packages-async/results/{handleId}",
            "The result of an upload",
            READ,
            "get_package_result",
            ok("PackageResult"),
            None,
        ),
    ):
        yield Operation(
            id=id_,
            method=method,
            path=path,
            summary=summary,
            profiles=profiles(Service.PACKAGES, 2),
            semantic_names=(id_,),
            rights=rights,
            handler=f"packages.{function}",
            answers=answers,
            body=body,
            version="3/2",
        )
