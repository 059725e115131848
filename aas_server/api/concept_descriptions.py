"""The concept description repository (IDTA-01002)."""

from __future__ import annotations

from aas_server.api.bodies import read_json
from aas_server.api.call import Call
from aas_server.api.documents import (
    created_document,
    document_filter,
    replaced_document,
    whole_response,
)
from aas_server.api.forms import in_form, wanted_type
from aas_server.api.operations.operation import JSON
from aas_server.api.paging import page_response
from aas_server.api.responses import Response, no_content
from aas_server.metamodel.identifiers import encode_identifier
from aas_server.store.protocol import Kind


async def list_concept_descriptions(call: Call) -> Response:
    """Answer with a page of concept descriptions."""
    wanted = document_filter(
        call,
        is_case_of=call.query.reference("isCaseOf"),
        data_specification=call.query.reference("dataSpecificationRef"),
    )
    page = await call.repository.concept_descriptions.page(
        wanted, limit=call.limit(), cursor=call.query.cursor()
    )
    return page_response([found.body() for found in page.documents], page.cursor)


async def post_concept_description(call: Call) -> Response:
    """Create a concept description."""
    concept = await call.repository.create(
        Kind.CONCEPT_DESCRIPTION,
        await read_json(call),
        actor=call.actor,
        conditions=call.conditions(),
    )
    return created_document(call, concept, f"/concept-descriptions/{encode_identifier(concept.id)}")


async def get_concept_description(call: Call) -> Response:
    """Answer with one concept description in the form that Accept likes best."""
    concept = await call.repository.concept_descriptions.get(call.identifier("cdIdentifier"))
    media_type = wanted_type(call)
    if media_type != JSON:
        return await in_form(call, concept, concept.tree(), media_type)
    return whole_response(concept)


async def put_concept_description(call: Call) -> Response:
    """Create or replace a concept description."""
    identifier = call.identifier("cdIdentifier")
    concept, is_new = await call.repository.put(
        Kind.CONCEPT_DESCRIPTION,
        identifier,
        await read_json(call),
        actor=call.actor,
        conditions=call.conditions(),
    )
    if is_new:
        path = f"/concept-descriptions/{encode_identifier(identifier)}"
        return created_document(call, concept, path)
    return replaced_document(concept)


async def delete_concept_description(call: Call) -> Response:
    """Delete a concept description."""
    await call.repository.delete(
        Kind.CONCEPT_DESCRIPTION,
        call.identifier("cdIdentifier"),
        actor=call.actor,
        conditions=call.conditions(),
    )
    return no_content()
