"""Submodel elements as parts of the submodel interface (IDTA-01002): read, written, invoked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aas_server.api.operations.homes import Part
from aas_server.api.operations.operation import ANY_TYPE, BINARY, Answer, Body, Operation
from aas_server.api.operations.parts import (
    ACCEPTED,
    CREATE,
    CREATE_OR_UPDATE,
    DELETE,
    EXECUTE,
    FORM,
    MODIFIERS,
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

_ELEMENTS: Final = "/submodel-elements"
_ELEMENT: Final = "/submodel-elements/{idShortPath}"

_LIST_RESULTS: Final = {
    Content.NORMAL: "GetSubmodelElementsResult",
    Content.METADATA: "GetSubmodelElementsMetadataResult",
    Content.VALUE: "GetSubmodelElementsValueResult",
    Content.REFERENCE: "GetReferencesResult",
    Content.PATH: "GetPathItemsResult",
}
_RESULTS: Final = {
    Content.NORMAL: "SubmodelElement",
    Content.METADATA: "SubmodelElementMetadata",
    Content.VALUE: "SubmodelElementValue",
    Content.REFERENCE: "Reference",
    Content.PATH: "PathItem[]",
}
_PATCHES: Final = (Content.NORMAL, Content.METADATA, Content.VALUE)


def element_parts() -> Iterator[Part]:
    """Yield everything that can be done with the elements of a submodel."""
    yield from _list()
    yield from _element()
    yield from _attachment()
    yield from _invocation()


def _list() -> Iterator[Part]:
    for content in Content:
        yield Part(
            Operation(
                id=f"GetAllSubmodelElements{SUFFIX[content]}",
                method="GET",
                path=with_content(_ELEMENTS, content),
                summary=f"Page of the submodel's own elements{FORM[content]}",
                profiles=(),
                semantic_names=("GetAllSubmodelElements",),
                rights=READ,
                handler="elements.list_elements",
                answers=ok(_LIST_RESULTS[content]),
                query=(*PAGE, *MODIFIERS[content]),
                content=content,
                paged=True,
            ),
            in_template_profiles=content in (Content.NORMAL, Content.METADATA),
        )
    for name, path, where in (
        ("PostSubmodelElement", _ELEMENTS, "to the submodel"),
        ("PostSubmodelElementByPath", _ELEMENT, "to a collection, list or entity"),
    ):
        yield Part(
            Operation(
                id=name,
                method="POST",
                path=path,
                summary=f"Add an element {where}",
                profiles=(),
                semantic_names=(name,),
                rights=CREATE,
                handler="elements.post_element",
                answers=created("SubmodelElement"),
                body=Body("SubmodelElement"),
            ),
            in_template_profiles=True,
        )


def _element() -> Iterator[Part]:
    for content in Content:
        yield Part(
            Operation(
                id=f"GetSubmodelElementByPath{SUFFIX[content]}",
                method="GET",
                path=with_content(_ELEMENT, content),
                summary=f"One element{FORM[content]}",
                profiles=(),
                semantic_names=("GetSubmodelElementByPath",),
                rights=READ,
                handler="elements.get_element",
                answers=ok(_RESULTS[content]),
                query=MODIFIERS[content],
                content=content,
            ),
            in_template_profiles=True,
        )
    yield Part(
        Operation(
            id="PutSubmodelElementByPath",
            method="PUT",
            path=_ELEMENT,
            summary="Create or replace an element",
            profiles=(),
            semantic_names=("PutSubmodelElementByPath",),
            rights=CREATE_OR_UPDATE,
            handler="elements.put_element",
            answers=put("SubmodelElement"),
            body=Body("SubmodelElement"),
        ),
        in_template_profiles=True,
    )
    for content in _PATCHES:
        yield Part(
            Operation(
                id=f"PatchSubmodelElementByPath{SUFFIX[content]}",
                method="PATCH",
                path=with_content(_ELEMENT, content),
                summary=f"Change an element{FORM[content]}",
                profiles=(),
                semantic_names=("PatchSubmodelElementByPath",),
                rights=UPDATE,
                handler="elements.patch_element",
                answers=NO_CONTENT,
                body=Body(_RESULTS[content]),
                content=content,
            ),
            in_template_profiles=True,
        )
    yield Part(
        Operation(
            id="DeleteSubmodelElementByPath",
            method="DELETE",
            path=_ELEMENT,
            summary="Delete an element and what it holds",
            profiles=(),
            semantic_names=("DeleteSubmodelElementByPath",),
            rights=DELETE,
            handler="elements.delete_element",
            answers=NO_CONTENT,
        ),
        in_template_profiles=True,
    )


def _attachment() -> Iterator[Part]:
    path = f"{_ELEMENT}/attachment"
    file = Answer(200, "Binary", (BINARY, ANY_TYPE), ("Content-Disposition",))
    for method, name, summary, rights, answers, body in (
        ("GET", "GetFileByPath", "The file of a File element", READ, (file,), None),
        (
            "PUT",
            "PutFileByPath",
            "Upload the file of a File element",
            UPDATE,
            NO_CONTENT,
            Body("FileForm", multipart=True),
        ),
        (
            "DELETE",
            "DeleteFileByPath",
            "Delete the file of a File element",
            DELETE,
            (Answer(200),),
            None,
        ),
    ):
        yield Part(
            Operation(
                id=name,
                method=method,
                path=path,
                summary=summary,
                profiles=(),
                semantic_names=(name,),
                rights=rights,
                handler=f"files.{method.lower()}_attachment",
                answers=answers,
                body=body,
            ),
            in_template_profiles=True,
        )


def _invocation() -> Iterator[Part]:
    for content in (Content.NORMAL, Content.VALUE):
        only = "ValueOnly" if content is Content.VALUE else ""
        yield Part(
            _invoke(
                "InvokeOperationSync",
                "POST",
                "/invoke",
                "Run an operation and wait for its result",
                "invoke",
                content,
                ok(f"OperationResult{only}"),
                body=Body(f"OperationRequest{only}"),
            ),
            in_value_profile=True,
        )
        yield Part(
            _invoke(
                "InvokeOperationAsync",
                "POST",
                "/invoke-async",
                "Start an operation; Location tells where its status is",
                "invoke_async",
                content,
                ACCEPTED,
                body=Body(f"OperationRequest{only}"),
                alias="/invoke-asnyc",
            )
        )
    yield Part(
        _invoke(
            "GetOperationAsyncStatus",
            "GET",
            "/operation-status/{handleId}",
            "How far a started operation is; leads to the result once it has ended",
            "get_operation_status",
            Content.NORMAL,
            (Answer(200, "BaseOperationResult"), Answer(302, headers=("Location",))),
        )
    )
    for content in (Content.NORMAL, Content.VALUE):
        only = "ValueOnly" if content is Content.VALUE else ""
        yield Part(
            _invoke(
                "GetOperationAsyncResult",
                "GET",
                "/operation-results/{handleId}",
                "The result of a started operation",
                "get_operation_result",
                content,
                ok(f"OperationResult{only}"),
                alias="/operation-result/{handleId}",
            )
        )


def _invoke(
    name: str,
    method: str,
    path: str,
    summary: str,
    function: str,
    content: Content,
    answers: tuple[Answer, ...],
    *,
    body: Body | None = None,
    alias: str = "",
) -> Operation:
    return Operation(
        id=name + SUFFIX[content],
        method=method,
        path=with_content(_ELEMENT + path, content),
        summary=summary + FORM[content],
        profiles=(),
        semantic_names=(name,),
        rights=EXECUTE,
        handler=f"invocation.{function}",
        answers=answers,
        body=body,
        content=content,
        aliases=(with_content(_ELEMENT + alias, content),) if alias else (),
    )
