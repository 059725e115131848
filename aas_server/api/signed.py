"""Signed documents (IDTA-01002 v3.2): shells, submodels and concept descriptions as JWS."""

from __future__ import annotations

import asyncio
from typing import Final

from aas_server.api.call import Call
from aas_server.api.responses import Response
from aas_server.store.protocol import Kind

_PARAMETERS: Final = {
    "aasIdentifier": Kind.SHELL,
    "submodelIdentifier": Kind.SUBMODEL,
    "cdIdentifier": Kind.CONCEPT_DESCRIPTION,
}


async def get_signed(call: Call) -> Response:
    """Answer with one document, blobs and live values included, as a compact JWS."""
    (parameter,) = call.operation.path_parameters
    collection = call.repository.collection(_PARAMETERS[parameter])
    document = await collection.get(call.identifier(parameter))
    token = await asyncio.to_thread(call.services.signer.sign, document.body())
    body = token.encode("ascii")
    headers = (
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
    )
    return Response(200, headers, body)
