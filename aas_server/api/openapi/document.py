"""The OpenAPI document (OpenAPI 3.0.3), put together from the operation table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from aas_server.api.openapi.examples import examples
from aas_server.api.openapi.messages import message_schemas
from aas_server.api.openapi.metamodel import metamodel_schemas
from aas_server.api.openapi.notation import Schema, typed
from aas_server.api.openapi.parameters import parameter_components
from aas_server.api.openapi.responses import HEADERS, failure, other, response_components
from aas_server.api.openapi.values import value_schemas
from aas_server.api.operations.operation import JSON, Answer, Operation, Right, Service
from aas_server.api.operations.parts import SUBMODEL_TYPES
from aas_server.api.operations.table import BASE_PATHS, OPERATIONS

SERVICES: Final = {
    "aas-repository": Service.SHELL_REPOSITORY,
    "submodel-repository": Service.SUBMODEL_REPOSITORY,
    "concept-description-repository": Service.CONCEPT_DESCRIPTION_REPOSITORY,
    "aas-registry": Service.SHELL_REGISTRY,
    "submodel-registry": Service.SUBMODEL_REGISTRY,
    "discovery": Service.DISCOVERY,
    "aasx-file-server": Service.PACKAGES,
    "aas": Service.SHELL,
    "submodel": Service.SUBMODEL,
}
"""Every service, by the name of its own document."""

_TAGS: Final = {
    Service.SHELL_REPOSITORY: "Asset Administration Shell repository",
    Service.SUBMODEL_REPOSITORY: "Submodel repository",
    Service.CONCEPT_DESCRIPTION_REPOSITORY: "Concept description repository",
    Service.SHELL_REGISTRY: "Asset Administration Shell registry",
    Service.SUBMODEL_REGISTRY: "Submodel registry",
    Service.DISCOVERY: "Discovery",
    Service.PACKAGES: "AASX file server",
    Service.SHELL: "Asset Administration Shell",
    Service.SUBMODEL: "Submodel",
}
_SHARED: Final = "Several services"
_EXTENSION: Final = "Extensions"
_TAG_DESCRIPTIONS: Final = {
    "Asset Administration Shell repository": "Shells, and their submodels through them",
    "Submodel repository": "Submodels and their elements",
    "Concept description repository": "What semantic ids mean",
    "Asset Administration Shell registry": "Where shells are: our own, and those of others",
    "Submodel registry": "Where submodels are: our own, and those of others",
    "Discovery": "From asset ids to shells",
    "AASX file server": "Packages",
    "Asset Administration Shell": "The one shell of a server that is started with --shell",
    "Submodel": "The one submodel of a server that is started with --submodel",
    _SHARED: "Profiles, serialization, results of work in bulk",
    _EXTENSION: "Not part of the standard",
}
"""The tags, in the order in which they are shown."""

_DESCRIPTIONS: Final = {
    200: "Done",
    201: "Created",
    202: "Accepted: Location tells where its status is",
    204: "Done",
    302: "Ended: Location tells where the result is",
}
_REFERENCE: Final = re.compile(r"^#/components/(\w+)/(.+)$")
_DOCUMENTS: Final = frozenset(
    {"AssetAdministrationShell", "Submodel", "ConceptDescription", "SubmodelElement"}
)
"""What is written as a whole, and read with an ETag that the writing may name."""

_DOCUMENT_MODULES: Final = frozenset({"shells", "submodels", "elements", "concept_descriptions"})


def whole_document(version: str) -> Schema:
    """Return the document with every operation and every schema."""
    document = _document("AAS server", OPERATIONS, version)
    document["components"] = _COMPONENTS
    return document


def service_document(name: str, version: str) -> Schema:
    """Return the document of one of ``SERVICES``, with nothing in it that it does not use."""
    service = SERVICES[name]
    operations = [operation for operation in OPERATIONS if service in operation.services]
    return _document(f"AAS server: {_TAGS[service]}", operations, version)


def _document(title: str, operations: Iterable[Operation], version: str) -> Schema:
    paths: dict[str, Schema] = {}
    used: set[str] = set()
    for operation in operations:
        tag = _tag(operation)
        used.add(tag)
        for path in filter(None, (operation.path, operation.typo)):
            misspelt = path == operation.typo
            item = paths.setdefault(path, {})
            item[operation.method.lower()] = _operation(operation, tag, misspelt=misspelt)
    return {
        "openapi": "3.0.3",
        "info": {
            "title": title,
            "version": version,
            "description": "Asset Administration Shells through the HTTP API of IDTA-01002.",
            "license": {
                "name": "Apache-2.0",
                "url": "https://www.apache.org/licenses/LICENSE-2.0",
            },
        },
        "servers": [{"url": BASE_PATHS[0]}],
        "tags": [
            {"name": name, "description": text}
            for name, text in _TAG_DESCRIPTIONS.items()
            if name in used
        ],
        "paths": paths,
        "components": _used_components(paths),
    }


def _tag(operation: Operation) -> str:
    services = operation.services
    if not services:
        return _EXTENSION
    return _TAGS[services[0]] if len(services) == 1 else _SHARED


def _operation(operation: Operation, tag: str, *, misspelt: bool) -> Schema:
    document: Schema = {
        "tags": [tag],
        "summary": operation.summary,
        "operationId": operation.id + ("_Misspelt" if misspelt else ""),
        "parameters": [
            {"$ref": f"#/components/parameters/{name}"} for name in _parameters(operation)
        ],
        "responses": _responses(operation),
    }
    if misspelt:
        document["deprecated"] = True
    if operation.body is not None:
        media_type = "multipart/form-data" if operation.body.multipart else JSON
        content = _content(operation.body.schema, media_type)
        document["requestBody"] = {"required": True, "content": {media_type: content}}
    if operation.semantic_ids:
        document["x-semanticIds"] = list(operation.semantic_ids)
        document["x-profiles"] = list(operation.profile_ids)
    return document


def _parameters(operation: Operation) -> Iterator[str]:
    yield from operation.path_parameters
    yield from operation.query
    if _writes_document(operation):
        yield "If-Match"
    if _writes_document(operation) or _reads_document(operation):
        yield "If-None-Match"


def _reads_document(operation: Operation) -> bool:
    return operation.method == "GET" and _gives(operation) in _DOCUMENTS


def _gives(operation: Operation) -> str | None:
    return operation.answers[0].schema


def _writes_document(operation: Operation) -> bool:
    writes = operation.method in ("PUT", "PATCH", "DELETE")
    return writes and operation.handler.split(".")[0] in _DOCUMENT_MODULES


def _responses(operation: Operation) -> Schema:
    responses: Schema = {}
    for answer in operation.answers:
        responses[str(answer.status)] = _success(answer, tagged=_reads_document(operation))
    if _reads_document(operation):
        responses["304"] = other("NotModified")
    for status in sorted(_failures(operation)):
        responses[str(status)] = failure(status)
    responses["default"] = other("Failure")
    return responses


def _failures(operation: Operation) -> set[int]:
    """Return the statuses of failures that are worth telling of this operation."""
    statuses = {400, 401, 403, 500}
    module = operation.handler.split(".")[0]
    if operation.path_parameters or operation.implied:
        statuses.add(404)
    if operation.body is not None:
        statuses |= {413, 415}
    if Right.CREATE in operation.rights and operation.creates:
        statuses.add(409)
    if _writes_document(operation):
        statuses.add(412)
    if operation.path.endswith("/attachment") or module == "invocation":
        statuses.add(405)
    if module == "files" and operation.method == "GET":
        statuses.add(416)
    if module == "serialization":
        statuses |= {404, 406}
    if module == "query":
        statuses.add(408)
    if module == "invocation" or (module == "elements" and operation.method == "PATCH"):
        statuses |= {502, 503, 504}
    return statuses


def _success(answer: Answer, *, tagged: bool) -> Schema:
    response: Schema = {"description": _DESCRIPTIONS[answer.status]}
    headers = (*answer.headers, *(("ETag",) if tagged else ()))
    if headers:
        response["headers"] = {name: HEADERS[name] for name in headers}
    if answer.schema is not None:
        response["content"] = {
            media_type: _content(answer.schema, media_type) for media_type in answer.media_types
        }
    return response


def _content(schema: str, media_type: str) -> Schema:
    if media_type != JSON and (schema == "Environment" or media_type in SUBMODEL_TYPES):
        return {"schema": typed("Binary")}
    name = schema.removesuffix("[]")
    listed = name != schema
    content: Schema = {"schema": typed(f"{name}[0..]" if listed else name)}
    if name in _EXAMPLES and media_type == JSON:
        content["example"] = [_EXAMPLES[name]] if listed else _EXAMPLES[name]
    return content


def _used_components(paths: Schema) -> Schema:
    """Return the components that ``paths`` use, and those that these use."""
    components: dict[str, Schema] = {"schemas": {}, "parameters": {}, "responses": {}}
    waiting = list(_references(paths))
    while waiting:
        kind, name = waiting.pop()
        if name not in components[kind]:
            components[kind][name] = _COMPONENTS[kind][name]
            waiting += _references(_COMPONENTS[kind][name])
    return {kind: dict(sorted(found.items())) for kind, found in components.items()}


def _references(part: Any) -> Iterator[tuple[str, str]]:
    if isinstance(part, dict):
        reference = part.get("$ref")
        if isinstance(reference, str) and (found := _REFERENCE.match(reference)):
            yield found[1], found[2]
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)


_EXAMPLES: Final = examples()
_COMPONENTS: Final[dict[str, dict[str, Schema]]] = {
    "schemas": dict(sorted((metamodel_schemas() | value_schemas() | message_schemas()).items())),
    "parameters": parameter_components(),
    "responses": response_components(),
}
