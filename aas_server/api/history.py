"""History (IDTA-01002 v3.2): shells and submodels as they were at an instant."""

from __future__ import annotations

from aas_server.api.call import Call
from aas_server.api.responses import Response, encode_json, json_response
from aas_server.clock import to_iso
from aas_server.errors import NotFound
from aas_server.metamodel.views import Extent, Level, normal
from aas_server.repository.document import decode
from aas_server.store.protocol import Kind


async def get_history(call: Call) -> Response:
    """Answer with the document that was valid at ``date``, without one with the present one.

    Former states are those that were stored: what machines said in between is not among them.
    """
    time = call.query.moment("date")
    if "aasIdentifier" in call.operation.path_parameters:
        identifier = call.identifier("aasIdentifier")
        return json_response(await _body_at(call, Kind.SHELL, identifier, time))
    level, extent = call.modifiers()
    identifier = call.identifier("submodelIdentifier")
    body = await _body_at(call, Kind.SUBMODEL, identifier, time)
    if level is Level.DEEP and extent is Extent.WITH_BLOB_VALUE:
        return json_response(body)
    return json_response(encode_json(normal(decode(body), level, extent)))


async def _body_at(call: Call, kind: Kind, identifier: str, time: int | None) -> bytes:
    """Return the document at ``time``; raises ``NotFound`` that says whether it did not exist or is
    not known any more.
    """
    collection = call.repository.collection(kind)
    if time is None:
        return (await collection.get(identifier)).body()
    body = await call.repository.version_at(kind, identifier, time)
    if body is not None:
        return body
    document = await collection.find(identifier)
    what = f"the {kind.value} {identifier!r}"
    if document is None:
        raise NotFound(f"{what} did not exist at {to_iso(time)}, or that is not kept any more")
    created = document.stored.created
    if time < created:
        raise NotFound(
            f"{what} did not exist at {to_iso(time)}: it was created at {to_iso(created)}",
            path="date",
        )
    raise NotFound(f"what {what} was at {to_iso(time)} is not kept any more", path="date")
