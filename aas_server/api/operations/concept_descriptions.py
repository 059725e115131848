"""The concept description repository."""

from __future__ import annotations

from collections.abc import Iterator

from aas_server.api.operations.operation import Body, Operation, Service, profiles
from aas_server.api.operations.parts import (
    CREATE,
    CREATE_OR_UPDATE,
    DELETE,
    DOCUMENT_TYPES,
    NO_CONTENT,
    PAGE,
    READ,
    created,
    ok,
    put,
)


def concept_description_operations() -> Iterator[Operation]:
    """Yield the operations of the concept description repository."""
    full = profiles(Service.CONCEPT_DESCRIPTION_REPOSITORY, 1)
    many, one = "/concept-descriptions", "/concept-descriptions/{cdIdentifier}"
    yield Operation(
        id="GetAllConceptDescriptions",
        method="GET",
        path=many,
        summary="Page of concept descriptions",
        profiles=full,
        semantic_names=(
            "GetAllConceptDescriptions",
            "GetAllConceptDescriptionsByIdShort",
            "GetAllConceptDescriptionsByIsCaseOf",
            "GetAllConceptDescriptionsByDataSpecificationReference",
        ),
        rights=READ,
        handler="concept_descriptions.list_concept_descriptions",
        answers=ok("GetConceptDescriptionsResult"),
        query=("idShort", "isCaseOf", "dataSpecificationRef", "createdFrom", "updatedFrom", *PAGE),
        paged=True,
    )
    for id_, method, path, summary, rights, answers, body in (
        (
            "PostConceptDescription",
            "POST",
            many,
            "Create a concept description",
            CREATE,
            created("ConceptDescription"),
            Body("ConceptDescription"),
        ),
        (
            "GetConceptDescriptionById",
            "GET",
            one,
            "One concept description",
            READ,
            ok("ConceptDescription", DOCUMENT_TYPES),
            None,
        ),
        (
            "PutConceptDescriptionById",
            "PUT",
            one,
            "Create or replace a concept description",
            CREATE_OR_UPDATE,
            put("ConceptDescription"),
            Body("ConceptDescription"),
        ),
        (
            "DeleteConceptDescriptionById",
            "DELETE",
            one,
            "Delete a concept description",
            DELETE,
            NO_CONTENT,
            None,
        ),
    ):
        yield Operation(
            id=id_,
            method=method,
            path=path,
            summary=summary,
            profiles=full,
            semantic_names=(id_,),
            rights=rights,
            handler=f"concept_descriptions.{method.lower()}_concept_description",
            answers=answers,
            body=body,
        )
