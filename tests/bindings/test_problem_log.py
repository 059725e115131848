"""The log is for people: one line for a problem, one for its end, no flood."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from aas_server.bindings.binding import Binding
from aas_server.bindings.plant.opcua import OpcUaBindingSettings
from aas_server.bindings.problem_log import QUIET, ProblemLog
from tests.support.clock import FakeClock

SETTINGS = {"connection": "mill", "node": "i=1", "sink": {"submodel": "urn:sm", "path": "Temp"}}


@pytest.fixture
def lines() -> Iterator[list[MutableMapping[str, Any]]]:
    with capture_logs() as captured:
        yield captured


@pytest.fixture
def binding(clock: FakeClock) -> Binding:
    return Binding(OpcUaBindingSettings.model_validate(SETTINGS), now=clock.now)


def test_a_problem_and_its_end_are_told_once(
    clock: FakeClock, binding: Binding, lines: list[MutableMapping[str, Any]]
) -> None:
    told = ProblemLog(clock)
    for problem in (None, "broken", "broken", None, None):
        binding.set_problem(problem)
        told.tell([binding])
    assert [(line["event"], line["log_level"], line["connection"]) for line in lines] == [
        ("binding failed", "warning", "mill"),
        ("binding works again", "info", "mill"),
    ]


def test_a_problem_that_reads_differently_each_time_is_told_once_in_a_while(
    clock: FakeClock, binding: Binding, lines: list[MutableMapping[str, Any]]
) -> None:
    told = ProblemLog(clock)
    for number in range(121):
        binding.set_problem(f"the device gives {number}")
        told.tell([binding])
        clock.advance(1)
    assert [line["problem"] for line in lines] == [
        f"the device gives {number}" for number in (0, round(QUIET), round(2 * QUIET))
    ]


def test_a_binding_that_comes_and_goes_is_told_once_in_a_while(
    clock: FakeClock, binding: Binding, lines: list[MutableMapping[str, Any]]
) -> None:
    told = ProblemLog(clock)
    for _ in range(59):
        for problem in ("broken", None):
            binding.set_problem(problem)
            told.tell([binding])
        clock.advance(1)
    assert [line["event"] for line in lines] == ["binding failed", "binding works again"]
