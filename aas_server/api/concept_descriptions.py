"""The concept description repository (IDTA-01002)."""

from __future__ import annotations

from aas_server.api.call import Call
from aas_server.api.paging import page_response
from aas_server.api.responses import Response, json_response
from aas_server.repository.collection import Filter


def list_concept_descriptions(call: Call) -> Response:
    """Answer with a page of concept descriptions."""
    wanted = Filter(
        id_short=call.query.one("idShort"),
        is_case_of=call.query.reference("isCaseOf"),
        data_specification=call.query.reference("dataSpecificationRef"),
    )
    page = call.repository.concept_descriptions.page(
        wanted, limit=call.limit(), cursor=call.query.cursor()
    )
    return page_response([found.body() for found in page.documents], page.cursor)


def get_concept_description(call: Call) -> Response:
    """Answer with one concept description."""
    identifier = call.identifier("cdIdentifier")
    return json_response(call.repository.concept_descriptions.get(identifier).body())
