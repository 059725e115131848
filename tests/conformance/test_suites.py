"""The official test tool finds what the specification asks for, and the page tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.allowed import deviations, exemptions
from tests.conformance.page import PAGE, page
from tests.conformance.servers import conformance_server
from tests.conformance.suites import SUITES, Suite, SuiteResult, run_suites

SUITE_NAMES = [suite.name for suite in SUITES]


@pytest.mark.parametrize("name", SUITE_NAMES)
def test_the_tool_finds_fault_only_where_it_contradicts_the_specification(
    results: dict[str, SuiteResult], name: str
) -> None:
    assert deviations(results[name]) == []


@pytest.mark.parametrize("suite", SUITES, ids=SUITE_NAMES)
def test_every_suite_is_run_on_all_its_operations(
    results: dict[str, SuiteResult], suite: Suite
) -> None:
    assert len(results[suite.name].operations) == suite.operations


def test_the_tool_says_the_same_without_the_fast_lane(
    results: dict[str, SuiteResult], shared_dir: Path, tmp_path: Path
) -> None:
    with conformance_server(shared_dir, tmp_path / "server", fast_lane=False) as server:
        slow = run_suites(server.client.address, tmp_path)

    assert {result.suite.name: result for result in slow} == results


def test_the_committed_page_is_what_the_run_gives(results: dict[str, SuiteResult]) -> None:
    written = page([results[name] for name in SUITE_NAMES])

    assert PAGE.read_text(encoding="utf-8") == written, "please run: make conformance"


def test_an_exemption_names_only_suites_that_there_are() -> None:
    for entry in exemptions():
        assert entry.suites <= set(SUITE_NAMES), entry
        assert entry.clause, entry
