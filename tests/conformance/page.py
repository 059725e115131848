"""The page ``specs/CONFORMANCE.md``: what the tool said, and what was decided by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Final

from tests.clients.tools import PROJECT
from tests.conformance.allowed import Exemption, exemptions
from tests.conformance.soak import last_soak
from tests.conformance.suites import OperationResult, SuiteResult

PAGE: Final = PROJECT / "specs" / "CONFORMANCE.md"
_TEMPLATE: Final = Path(__file__).with_name("page.md")


def page(results: Sequence[SuiteResult]) -> str:
    """Return the page that tells ``results``."""
    entries = exemptions()
    template = Template(_TEMPLATE.read_text(encoding="utf-8"))
    return template.substitute(
        suites="\n".join(_suite(result) for result in results),
        operations=_operations(results),
        exemptions="\n".join(_exemption(entry) for entry in entries),
        soak=last_soak(),
    )


def _suite(result: SuiteResult) -> str:
    cases = sum(operation.cases for operation in result.operations)
    failed = sum(operation.failed_cases for operation in result.operations)
    return f"| {result.suite.name} | {len(result.operations)} | {cases} | {failed} |"


def _operations(results: Sequence[SuiteResult]) -> str:
    names = dict.fromkeys(
        operation.operation for result in results for operation in result.operations
    )
    tables = [
        {operation.operation: _verdict(operation) for operation in result.operations}
        for result in results
    ]
    head = f"| operation | {' | '.join(result.suite.name for result in results)} |"
    rule = f"|{'---|' * (len(results) + 1)}"
    rows = [f"| {name} | {' | '.join(table.get(name, '') for table in tables)} |" for name in names]
    return "\n".join([head, rule, *rows])


def _verdict(operation: OperationResult) -> str:
    if operation.failed_cases:
        return f"{operation.failed_cases} of {max(operation.cases, 1)} differ"
    return f"{operation.cases} pass"


def _exemption(entry: Exemption) -> str:
    where = ", ".join(sorted(entry.suites)) or "all"
    return (
        f"| {entry.operation} | {where} | {entry.tool} | {entry.specification} | {entry.clause} |"
    )
