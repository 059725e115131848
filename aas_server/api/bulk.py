"""Bulk operations of the registries (IDTA-01002): accepted at once, carried out as a job, all or
nothing.
"""

from __future__ import annotations

from typing import Final

from aas_server.api.bodies import read_json
from aas_server.api.call import Call
from aas_server.api.responses import Response, encode_json, json_response, no_content
from aas_server.errors import Conflict, NotFound
from aas_server.metamodel.identifiers import encode_identifier
from aas_server.operations.job import Job
from aas_server.operations.records import JsonCodec
from aas_server.registry.bulk import BulkAction, BulkChange, checked_items
from aas_server.registry.register import Register

OWNER: Final = "bulk"
"""Whose the jobs are: both registries share their handles."""

_RETRY_AFTER: Final = (b"retry-after", b"1")
_CODEC: Final = JsonCodec(int)
"""The result of a job is how many items it changed."""


async def post_shell_descriptors(call: Call) -> Response:
    """Register many shells that are elsewhere."""
    return await _start(call, call.services.registry.shells, BulkAction.CREATE)


async def put_shell_descriptors(call: Call) -> Response:
    """Set or add the descriptors of many shells that are elsewhere."""
    return await _start(call, call.services.registry.shells, BulkAction.PUT)


async def delete_shell_descriptors(call: Call) -> Response:
    """Forget many shells that are elsewhere."""
    return await _start(call, call.services.registry.shells, BulkAction.DELETE)


async def post_submodel_descriptors(call: Call) -> Response:
    """Register many submodels that are elsewhere."""
    return await _start(call, call.services.registry.submodels, BulkAction.CREATE)


async def put_submodel_descriptors(call: Call) -> Response:
    """Set or add the descriptors of many submodels that are elsewhere."""
    return await _start(call, call.services.registry.submodels, BulkAction.PUT)


async def delete_submodel_descriptors(call: Call) -> Response:
    """Forget many submodels that are elsewhere."""
    return await _start(call, call.services.registry.submodels, BulkAction.DELETE)


async def get_bulk_status(call: Call) -> Response:
    """Answer with how far the job is, or lead to its result."""
    job = await _job(call)
    if job.finished:
        return _leading(302, call, "result", job)
    state = encode_json({"executionState": job.state.value})
    return json_response(state, headers=(_RETRY_AFTER,))


async def get_bulk_result(call: Call) -> Response:
    """Answer with 204 when everything was done, else with why nothing was."""
    job = await _job(call)
    if not job.finished:
        raise NotFound("the work has not ended yet: ask for its status", path="handleId")
    if job.error is not None:
        raise job.error
    if job.result is None:
        raise Conflict(f"the work was ended before it was done: it is {job.state.value}")
    return no_content()


async def _start(call: Call, register: Register, action: BulkAction) -> Response:
    items = checked_items(await read_json(call), action)
    change = BulkChange(call.repository, register, action, items)
    actor = call.actor

    async def work() -> int:
        await change.run(actor=actor)
        return len(items)

    job = await call.services.jobs.start(work, owner=OWNER, codec=_CODEC)
    return _leading(202, call, "status", job)


def _leading(status: int, call: Call, resource: str, job: Job[int]) -> Response:
    location = call.origin.location(f"/bulk/{resource}/{encode_identifier(job.handle)}")
    return Response(status, ((b"location", location), (b"content-length", b"0")), b"")


async def _job(call: Call) -> Job[int]:
    return await call.services.jobs.find(call.identifier("handleId"), owner=OWNER, codec=_CODEC)
