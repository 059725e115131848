"""Outcomes of jobs as JSON: what one server tells another tells in the same way."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

# So that every class of errors that there is in a server is there.
import aas_server.runtime  # noqa: F401
from aas_server.api.errors import MethodNotAllowed, RangeNotSatisfiable, error_response
from aas_server.errors import (
    AasError,
    BadRequest,
    Conflict,
    DeviceError,
    DeviceUnreachable,
    Finding,
    InvalidDocument,
    NotAllWritten,
    StoreUnavailable,
)
from aas_server.operations.executor import Message
from aas_server.operations.job import JobState, Outcome, WorkFailed, WorkLost
from aas_server.operations.records import JsonCodec, decode_outcome, encode_outcome
from aas_server.operations.service import OperationResult
from tests.operations.desk import CODEC
from tests.operations.documents import prop
from tests.support.clock import FakeClock

FINDINGS = [
    Finding("AASd-117", "[3].idShort", "must be there"),
    Finding("structure", "", "is — no descriptor", is_error=False, part="/a.xml", hint="mend it"),
]
SPECIAL = {
    InvalidDocument: lambda kind: kind(FINDINGS),
    NotAllWritten: lambda kind: kind(FINDINGS, ["Box.A"]),
    WorkFailed: lambda kind: kind("c" * 32),
    WorkLost: lambda kind: kind(),
    MethodNotAllowed: lambda kind: kind("cannot", allow="GET, PUT"),
    RangeNotSatisfiable: lambda kind: kind(17),
    DeviceError: lambda kind: kind(
        "no such node", status_code=0x80340000, status_name="BadNodeIdUnknown", path="Speed"
    ),
}


def kinds(kind: type[AasError]) -> Iterator[type[AasError]]:
    for each in kind.__subclasses__():
        if each.__module__.startswith("aas_server."):
            yield each
        yield from kinds(each)


def example(kind: type[AasError]) -> AasError:
    for special, make in SPECIAL.items():
        if issubclass(kind, special):
            return make(kind)
    assert list(inspect.signature(kind).parameters) == ["text", "path"], (
        f"{kind.__name__} is made in a way of its own: add an example"
    )
    return kind("it did not do: “ü” and\nmore", path="inputArguments[0].value")


def there_and_back(outcome: Outcome[Any], codec: JsonCodec[Any] = CODEC) -> Outcome[Any]:
    return decode_outcome(encode_outcome(outcome, codec), codec)


def told(error: AasError) -> tuple[int, object, list[dict[str, str]]]:
    response = error_response(error, FakeClock())
    return response.status, response.headers, json.loads(response.body)["messages"]


@pytest.mark.parametrize(
    "kind", sorted(set(kinds(AasError)), key=str), ids=lambda kind: kind.__name__
)
def test_every_error_is_told_as_the_server_tells_it_to_which_it_happened(
    kind: type[AasError],
) -> None:
    error = example(kind)
    found = there_and_back(Outcome(JobState.FAILED, error=error)).error
    assert type(found) is kind
    assert (found.code, found.text, found.path) == (error.code, error.text, error.path)
    assert str(found) == str(error)
    assert vars(found) == vars(error)
    assert told(found) == told(error)


def test_an_error_that_is_known_to_the_other_server_alone_is_of_the_nearest_kind_here() -> None:
    class Jammed(Conflict):
        code = "Jammed"

    error = Jammed("the drawer is stuck", path="Drawer")
    body = encode_outcome(Outcome(JobState.FAILED, error=error), CODEC)
    elsewhere = body.replace(b".Jammed", b".Unheard")
    assert elsewhere != body
    found = decode_outcome(elsewhere, CODEC).error
    assert type(found) is Conflict
    assert (found.code, found.text, found.path) == ("Jammed", "the drawer is stuck", "Drawer")
    assert told(found) == told(error)
    assert Conflict.code == "Conflict"


def test_of_an_error_nothing_is_kept_that_json_does_not_have() -> None:
    error = BadRequest("no")
    vars(error).update(cause=ZeroDivisionError(), tries=3, where=None)
    found = there_and_back(Outcome(JobState.FAILED, error=error)).error
    assert vars(found) == {"text": "no", "path": None, "tries": 3, "where": None}


def test_what_is_stored_names_no_class_but_errors() -> None:
    body = encode_outcome(Outcome(JobState.FAILED, error=StoreUnavailable("away")), CODEC)
    for name in (b"builtins.SystemExit", b"subprocess.Popen", b"aas_server.clock.SystemClock"):
        hostile = body.replace(b"aas_server.errors.StoreUnavailable", name)
        assert type(decode_outcome(hostile, CODEC).error) is AasError


@pytest.mark.parametrize("state", list(JobState))
def test_states_come_back(state: JobState) -> None:
    assert there_and_back(Outcome(state)) == Outcome(state)


@pytest.mark.parametrize("result", [0, "", [], {}, False, {"packageId": "ü", "aasIds": ["urn:1"]}])
def test_results_come_back_empty_ones_too(result: object) -> None:
    outcome = Outcome(JobState.COMPLETED, result)
    assert there_and_back(outcome) == outcome


RESULT = OperationResult(
    state=JobState.COMPLETED,
    success=True,
    ended_at=1_767_225_600_000_001,
    outputs=(prop("JobNumber", "xs:long", "12"), {"modelType": "Blob", "value": "AA=="}),
    inoutputs=(prop("Counter", "xs:int", "007"),),
    messages=(Message("warm", "Warning"), Message("ü", "Error", "Timeout")),
)


@pytest.mark.parametrize(
    "result",
    [
        RESULT,
        replace(RESULT, outputs=(), inoutputs=(), messages=()),
        replace(RESULT, state=JobState.TIMEOUT, success=False),
    ],
)
def test_results_of_operations_come_back(result: OperationResult) -> None:
    outcome = Outcome(JobState.COMPLETED, result)
    assert there_and_back(outcome, JsonCodec(OperationResult)) == outcome


def test_a_device_error_keeps_its_status() -> None:
    error = DeviceUnreachable("away", status_code=0x80310000, status_name="BadNoCommunication")
    found = there_and_back(Outcome(JobState.FAILED, error=error)).error
    assert isinstance(found, DeviceUnreachable)
    assert (found.status_code, found.status_name) == (0x80310000, "BadNoCommunication")
