"""Invoking Operations (IDTA-01002, submodel interface): at once, or with a handle to ask by.

A request that cannot be carried out, its arguments wrong or its machine away, gets the Result of
its error, as every request does. What is found while the Operation runs asynchronously, or what
fails in the matter, is part of an OperationResult.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from aas_server.api.bodies import read_json
from aas_server.api.call import Call
from aas_server.api.responses import Response, view_response
from aas_server.api.submodels import submodel_of
from aas_server.clock import to_iso
from aas_server.metamodel.identifiers import encode_identifier
from aas_server.metamodel.tree import Node
from aas_server.metamodel.views import Content, Extent, Level, value_only
from aas_server.operations.executor import Message
from aas_server.operations.job import Job, WorkFailed
from aas_server.operations.service import OperationResult

_ELEMENT: Final = "/{idShortPath}"
_PARAMETER: Final = re.compile(r"{(\w+)}")


async def invoke(call: Call) -> Response:
    """Carry out an Operation and answer with its result."""
    submodel_id, body = (await submodel_of(call)).id, await read_json(call)
    result = await call.services.operations.invoke(
        submodel_id,
        call.id_short_path(),
        body,
        value_only=_is_value_only(call),
        actor=call.actor,
    )
    return view_response(_result_view(result, value_only=_is_value_only(call)))


async def invoke_async(call: Call) -> Response:
    """Begin to carry out an Operation; Location says where to ask how it fares."""
    submodel_id, body = (await submodel_of(call)).id, await read_json(call)
    job = await call.services.operations.invoke_async(
        submodel_id,
        call.id_short_path(),
        body,
        value_only=_is_value_only(call),
        actor=call.actor,
    )
    return _empty(202, _address(call, "operation-status", job.handle))


async def get_operation_status(call: Call) -> Response:
    """Answer how an invocation fares, or with the way to its result once it has ended."""
    job = await _job(call)
    if job.finished:
        return _empty(302, _address(call, "operation-results", job.handle))
    return view_response({"executionState": job.state.value})


async def get_operation_result(call: Call) -> Response:
    """Answer with the result of an invocation, or how it fares while there is none."""
    job = await _job(call)
    if job.result is not None:
        return view_response(_result_view(job.result, value_only=_is_value_only(call)))
    if not job.finished:
        return view_response({"executionState": job.state.value})
    view: Node = {"executionState": job.state.value, "success": False}
    if job.error is not None:
        message: Node = {
            "messageType": "Exception",
            "code": job.error.code,
            "text": job.error.text,
        }
        if isinstance(job.error, WorkFailed):
            message["correlationId"] = job.error.correlation_id
        view["messages"] = [message]
    return view_response(view)


def _is_value_only(call: Call) -> bool:
    return call.operation.content is Content.VALUE


async def _job(call: Call) -> Job[OperationResult]:
    submodel_id = (await submodel_of(call)).id
    return await call.services.operations.find(
        submodel_id, call.id_short_path(), call.identifier("handleId")
    )


def _address(call: Call, resource: str, handle: str) -> bytes:
    """Return the Location of ``resource`` beside the one that was asked for, by the same way."""
    way, segment, _ = call.operation.path.partition(_ELEMENT)
    element = _PARAMETER.sub(lambda match: call.values[match[1]], way + segment)
    return call.origin.location(f"{element}/{resource}/{encode_identifier(handle)}")


def _empty(status: int, location: bytes) -> Response:
    return Response(status, ((b"location", location), (b"content-length", b"0")), b"")


def _result_view(result: OperationResult, *, value_only: bool) -> Node:
    arguments = _values if value_only else _variables
    view: Node = {"executionState": result.state.value, "success": result.success}
    if result.messages:
        view["messages"] = [_message(message, result.ended_at) for message in result.messages]
    if result.inoutputs:
        view["inoutputArguments"] = arguments(result.inoutputs)
    if result.outputs:
        view["outputArguments"] = arguments(result.outputs)
    return view


def _message(message: Message, moment: int) -> Node:
    code = {} if message.code is None else {"code": message.code}
    return {
        **code,
        "messageType": message.type,
        "text": message.text,
        "timestamp": to_iso(moment),
    }


def _variables(elements: Iterable[Node]) -> list[Node]:
    return [{"value": element} for element in elements]


def _values(elements: Iterable[Node]) -> Node:
    values = {
        element["idShort"]: value_only(element, Level.DEEP, Extent.WITH_BLOB_VALUE)
        for element in elements
    }
    return {name: value for name, value in values.items() if value is not None}
