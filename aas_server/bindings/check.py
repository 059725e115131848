"""The dry run of a plant file: every binding tried against its machine, nothing changed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aas_server.bindings.binding import Binding
from aas_server.bindings.method import Method, plan_methods
from aas_server.bindings.opcua.dry_run import Finding, NotReached, try_bindings
from aas_server.bindings.opcua.pki import Pki
from aas_server.bindings.opcua.session import silence_asyncua
from aas_server.bindings.plan import plan
from aas_server.bindings.plant_file import PlantFile
from aas_server.clock import SystemClock
from aas_server.live.hub import LiveHub
from aas_server.repository.repository import Repository


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line of the dry run: a binding, a method, or a connection that failed or has neither."""

    ok: bool
    text: str


async def check(
    plant: PlantFile, repository: Repository | None, *, pki_dir: Path
) -> list[CheckResult]:
    """Return what would become of every row of ``plant``, connection by connection.

    With a ``repository`` the elements of the rows are checked too; without one, the nodes alone. A
    machine that cannot be reached costs a few of its connection's timeouts, whatever else is
    checked.
    """
    silence_asyncua()
    pki = Pki(pki_dir)
    bindings = await _bindings(plant, repository)
    methods = await _methods(plant, repository)
    results = await asyncio.gather(
        *(
            _check_connection(
                name,
                plant,
                [binding for binding in bindings if binding.connection == name],
                [method for method in methods if method.settings.connection == name],
                pki,
            )
            for name in plant.connections
        )
    )
    strays = [
        _binding_result(
            binding, Finding(False, binding.problem or f"no connection {binding.connection!r}")
        )
        for binding in bindings
        if binding.connection not in plant.connections
    ]
    return [result for part in results for result in part] + strays


async def _bindings(plant: PlantFile, repository: Repository | None) -> list[Binding]:
    """Return the bindings, planned as far as can be; their points belong to a hub of their own."""
    clock = SystemClock()
    if repository is None:
        return [Binding(settings, now=clock.now) for settings in plant.bindings]
    return await plan(plant, repository, LiveHub(clock), lambda _: None)


async def _methods(plant: PlantFile, repository: Repository | None) -> list[Method]:
    if repository is None:
        return [Method(settings) for settings in plant.operations]
    return await plan_methods(plant, repository)


async def _check_connection(
    name: str,
    plant: PlantFile,
    bindings: Sequence[Binding],
    methods: Sequence[Method],
    pki: Pki,
) -> list[CheckResult]:
    settings = plant.connections[name]
    try:
        findings = iter(await try_bindings(settings, bindings, pki, methods=methods))
    except NotReached as error:
        unchecked = f"not checked: {error.text}"
        return [
            CheckResult(False, f"{name} {settings.url}: {error.text}"),
            *(
                _binding_result(each, Finding(False, each.problem or unchecked))
                for each in bindings
            ),
            *(_method_result(each, Finding(False, each.problem or unchecked)) for each in methods),
        ]
    if not bindings and not methods:
        return [CheckResult(True, f"{name} {settings.url}: connected, no bindings")]
    return [
        *(_binding_result(binding, next(findings)) for binding in bindings),
        *(_method_result(method, next(findings)) for method in methods),
    ]


def _binding_result(binding: Binding, finding: Finding) -> CheckResult:
    where = f"{binding.connection} {binding.node} -> {binding.sink_name}"
    return CheckResult(finding.ok, f"{where}: {finding.text}")


def _method_result(method: Method, finding: Finding) -> CheckResult:
    settings = method.settings
    where = f"{settings.connection} {settings.method} -> {settings.operation.name}"
    return CheckResult(finding.ok, f"{where}: {finding.text}")
