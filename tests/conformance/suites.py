"""The runs of the official test tool: which of its suites against which server and address."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.clients.tools import run_outside, tools_python
from tests.system.aas_process import encoded

SHELL: Final = "www.example.com/ids/aas/8132_4102_8042_7561"
SUBMODEL: Final = "www.example.com/ids/sm/8132_4102_8042_1861"
BASE_PATH: Final = "/api/v3"
RUN_SECONDS: Final = 120.0
_WARNING: Final = 1
_ERROR: Final = 2


@dataclass(frozen=True, slots=True)
class Suite:
    """One run of the tool.

    ``operations`` are how many it tests; ``host`` is what stands behind the base path, ``prefix``
    what the tool leaves out of the paths that it asks for.
    """

    name: str
    service: str
    operations: int
    host: str = ""
    prefix: str = ""

    @property
    def profile(self) -> str:
        """What the tool calls the suite."""
        return f"https://admin-shell.io/aas/API/3/0/{self.service}ServiceSpecification/SSP-002"


_SHELL_PATH: Final = f"/shells/{encoded(SHELL)}"
SUITES: Final = (
    Suite("AAS repository", "AssetAdministrationShellRepository", 25),
    Suite("Submodel repository", "SubmodelRepository", 23),
    Suite("AAS, of a repository", "AssetAdministrationShell", 23, _SHELL_PATH, "/aas"),
    Suite(
        "Submodel, of a repository",
        "Submodel",
        18,
        f"{_SHELL_PATH}/submodels/{encoded(SUBMODEL)}",
        "/submodel",
    ),
    # The tool looks for the submodels of the shell above the address of the shell.
    Suite("AAS, of its own", "AssetAdministrationShell", 23, "/aas", "/aas"),
    Suite("Submodel, of its own", "Submodel", 18),
)
"""The last two need a server that was started for one shell and one submodel."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that the tool does not like about one case of one operation."""

    operation: str
    case: str
    text: str
    is_error: bool


@dataclass(frozen=True, slots=True)
class OperationResult:
    """What the tool says about one operation."""

    operation: str
    cases: int
    findings: tuple[Finding, ...]

    @property
    def failed_cases(self) -> int:
        return len({finding.case for finding in self.findings if finding.is_error})


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """What one run of the tool came to."""

    suite: Suite
    operations: tuple[OperationResult, ...]

    @property
    def findings(self) -> frozenset[Finding]:
        return frozenset(found for operation in self.operations for found in operation.findings)


def run_suites(address: str, folder: Path) -> list[SuiteResult]:
    """Run the tool with every suite against the server at ``address``, two at a time."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(lambda suite: run_suite(suite, address, folder), SUITES))


def run_suite(suite: Suite, address: str, folder: Path) -> SuiteResult:
    """Run the tool against the server at ``address``; its exit code says no more than its report.

    Raises ``AssertionError`` with what it printed when it made no report.
    """
    arguments = [suite.profile, "--remove-path-prefix", suite.prefix, "--output", "json"]
    program = [tools_python(), "-m", "aas_test_engines", "check_server"]
    ended = run_outside(
        [*program, f"{address}{BASE_PATH}{suite.host}", *arguments],
        folder=folder,
        within=RUN_SECONDS,
    )
    return SuiteResult(suite, tuple(_operations(_report(ended))))


def _report(ended: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    try:
        report: dict[str, Any] = json.loads(ended.stdout)
    except ValueError:
        raise AssertionError(f"no report:\n{ended.stdout}\n{ended.stderr}") from None
    return report


def _operations(report: dict[str, Any]) -> Iterator[OperationResult]:
    for part in report["s"]:
        operation = part["m"].removeprefix("Checking ")
        if operation == part["m"]:
            assert part["m"].startswith(("Trying to reach", "Summary")), part["m"]
            assert part["l"] == 0, part
            continue
        cases = [(phase, case) for phase in part["s"] for case in _cases(phase)]
        findings = {
            Finding(operation, _title(phase, case), leaf["m"], leaf["l"] >= _ERROR)
            for phase, case in cases
            for leaf in _leaves(case)
        }
        tested = [case for phase, case in cases if phase["m"] != "Setup"]
        yield OperationResult(operation, len(tested), tuple(sorted(findings)))


def _cases(phase: dict[str, Any]) -> list[dict[str, Any]]:
    return [phase] if phase["m"] == "Setup" else phase["s"]


def _title(phase: dict[str, Any], case: dict[str, Any]) -> str:
    return "Setup" if case is phase else case["m"].strip()


def _leaves(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what is at least a warning and has nothing below it that says more."""
    if node["l"] < _WARNING:
        return
    worse = [child for child in node["s"] if child["l"] >= _WARNING]
    if not worse:
        yield node
    for child in worse:
        yield from _leaves(child)
