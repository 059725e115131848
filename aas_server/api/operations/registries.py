"""The AAS registry, the submodel registry and what both have in common: work in bulk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from aas_server.api.operations.operation import (
    Answer,
    Body,
    Operation,
    Profile,
    Service,
    profiles,
)
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

_FULL: Final = 1
_BULK: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Descriptors:
    """A collection of descriptors: its path, the kind, and what stands in names and profiles."""

    path: str
    parameter: str
    kind: str
    module: str
    service: Service
    lists: tuple[int, ...]
    suffix: str = ""
    list_names: tuple[str, ...]
    list_query: tuple[str, ...] = ()
    what: str

    def operations(self) -> Iterator[Operation]:
        """Yield list, POST, GET, PUT and DELETE."""
        handler = (
            "shell_descriptor" if self.module == "shell_descriptors" else "submodel_descriptor"
        )
        full = profiles(self.service, _FULL)
        one = f"{self.path}/{{{self.parameter}}}"
        lists = profiles(self.service, *self.lists)
        yield Operation(
            id=f"{self.list_names[0]}{self.suffix}",
            method="GET",
            path=self.path,
            summary=f"Page of {self.what}",
            profiles=lists,
            semantic_names=self.list_names,
            rights=READ,
            handler=f"{self.module}.list_{handler}s",
            answers=ok(f"Get{self.kind}sResult"),
            query=(*self.list_query, *PAGE),
            paged=True,
        )
        for method, name, path, held_by, rights, answers, body in (
            ("POST", f"Post{self.kind}", self.path, full, CREATE, created(self.kind), True),
            ("GET", f"Get{self.kind}ById", one, lists, READ, ok(self.kind), False),
            ("PUT", f"Put{self.kind}ById", one, full, CREATE_OR_UPDATE, put(self.kind), True),
            ("DELETE", f"Delete{self.kind}ById", one, full, DELETE, NO_CONTENT, False),
        ):
            yield Operation(
                id=f"{name}{self.suffix}",
                method=method,
                path=path,
                summary=f"{_VERBS[method]} one of {self.what}",
                profiles=held_by,
                semantic_names=(name,),
                rights=rights,
                handler=f"{self.module}.{method.lower()}_{handler}",
                answers=answers,
                body=Body(self.kind) if body else None,
            )


_VERBS: Final = {"POST": "Add", "GET": "Read", "PUT": "Add or replace", "DELETE": "Delete"}

_COLLECTIONS: Final = (
    _Descriptors(
        path="/shell-descriptors",
        parameter="aasIdentifier",
        kind="AssetAdministrationShellDescriptor",
        module="shell_descriptors",
        service=Service.SHELL_REGISTRY,
        lists=(1, 2, 5),
        list_names=(
            "GetAllAssetAdministrationShellDescriptors",
            "GetAllAssetAdministrationShellDescriptorsByAssetType",
        ),
        list_query=("assetIds", "assetKind", "assetType", "createdFrom", "updatedFrom"),
        what="the shell descriptors",
    ),
    _Descriptors(
        path="/shell-descriptors/{aasIdentifier}/submodel-descriptors",
        parameter="submodelIdentifier",
        kind="SubmodelDescriptor",
        module="submodel_descriptors",
        service=Service.SHELL_REGISTRY,
        lists=(1, 2),
        suffix="_ThroughSuperpath",
        list_names=("GetAllSubmodelDescriptors",),
        what="the submodel descriptors within a shell descriptor",
    ),
    _Descriptors(
        path="/submodel-descriptors",
        parameter="submodelIdentifier",
        kind="SubmodelDescriptor",
        module="submodel_descriptors",
        service=Service.SUBMODEL_REGISTRY,
        lists=(1, 2),
        list_names=("GetAllSubmodelDescriptors",),
        list_query=("createdFrom", "updatedFrom"),
        what="the submodel descriptors",
    ),
)


def registry_operations() -> Iterator[Operation]:
    """Yield the operations of both registries."""
    for collection in _COLLECTIONS:
        yield from collection.operations()
    yield from _bulk("/bulk/shell-descriptors", "AssetAdministrationShellDescriptor", "shell")
    yield from _bulk("/bulk/submodel-descriptors", "SubmodelDescriptor", "submodel")
    yield from _bulk_handles()


def _bulk(path: str, kind: str, word: str) -> Iterator[Operation]:
    registry = Service.SHELL_REGISTRY if word == "shell" else Service.SUBMODEL_REGISTRY
    for method, name, rights, schema in (
        ("POST", f"CreateBulk{kind}s", CREATE, f"{kind}[]"),
        ("PUT", f"PutBulk{kind}sById", CREATE_OR_UPDATE, f"{kind}[]"),
        ("DELETE", f"DeleteBulk{kind}sById", DELETE, "Identifier[]"),
    ):
        yield Operation(
            id=name,
            method=method,
            path=path,
            summary=f"{_VERBS[method]} many {word} descriptors, all of them or none",
            profiles=profiles(registry, _BULK),
            semantic_names=(name,),
            rights=rights,
            handler=f"bulk.{method.lower()}_{word}_descriptors",
            answers=ACCEPTED,
            body=Body(schema),
        )


def _bulk_handles() -> Iterator[Operation]:
    both: tuple[Profile, ...] = (
        *profiles(Service.SHELL_REGISTRY, _BULK),
        *profiles(Service.SUBMODEL_REGISTRY, _BULK),
    )
    yield Operation(
        id="GetAsyncBulkStatus",
        method="GET",
        path="/bulk/status/{handleId}",
        summary="How far work in bulk is; leads to its result once it has ended",
        profiles=both,
        semantic_names=("GetAsyncBulkStatus", "GetBulkAsyncStatus"),
        rights=READ,
        handler="bulk.get_bulk_status",
        answers=(
            Answer(200, "BaseOperationResult", headers=("Retry-After",)),
            Answer(302, headers=("Location",)),
        ),
    )
    yield Operation(
        id="GetBulkAsyncResult",
        method="GET",
        path="/bulk/result/{handleId}",
        summary="Whether work in bulk was done; tells of every descriptor why not",
        profiles=both,
        semantic_names=("GetBulkAsyncResult",),
        rights=READ,
        handler="bulk.get_bulk_result",
        answers=NO_CONTENT,
    )
