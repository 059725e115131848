"""The dry run of all bindings: every one tried against its machine or broker, nothing changed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aas_server.bindings.aid.compiling import Compiler
from aas_server.bindings.aid.finding import DescribedBindings
from aas_server.bindings.amqp.trying import try_places
from aas_server.bindings.binding import Binding
from aas_server.bindings.cycles import OwnAddresses, without_cycles
from aas_server.bindings.elements.trying import try_elements
from aas_server.bindings.hosts import AllowedHosts
from aas_server.bindings.http.trying import try_addresses
from aas_server.bindings.method import Method, plan_methods
from aas_server.bindings.mqtt.trying import try_topics
from aas_server.bindings.opcua.dry_run import try_bindings
from aas_server.bindings.opcua.pki import Pki
from aas_server.bindings.plan import Plan
from aas_server.bindings.plant.amqp import AMQP
from aas_server.bindings.plant.base import ConnectionSettings
from aas_server.bindings.plant.elements import ELEMENTS
from aas_server.bindings.plant.file import PlantFile
from aas_server.bindings.plant.http import HTTP
from aas_server.bindings.plant.mqtt import MQTT
from aas_server.bindings.plant.opcua import OPC_UA
from aas_server.bindings.trying import Finding, NotReached, Trial, TrialContext
from aas_server.bindings.wanted import Refused, Wanted
from aas_server.clock import SystemClock
from aas_server.live.hub import LiveHub
from aas_server.repository.repository import Repository

TRIALS: Final[Mapping[str, Trial]] = {
    OPC_UA: try_bindings,
    MQTT: try_topics,
    AMQP: try_places,
    HTTP: try_addresses,
    ELEMENTS: try_elements,
}
"""How bindings are tried, by the protocol of their connection."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line of the dry run: a binding, a method, or a connection that failed or has neither."""

    ok: bool
    text: str


async def check(
    plant: PlantFile | None,
    repository: Repository | None,
    *,
    pki_dir: Path,
    hosts: AllowedHosts | None = None,
) -> list[CheckResult]:
    """Return what would become of everything that is wanted, connection by connection: of the rows
    of ``plant``, and of what interface descriptions in ``repository`` want.

    With a ``repository`` the elements of the rows are checked too; without one, the nodes alone. A
    machine that cannot be reached costs a few of its connection's timeouts, whatever else is
    checked. Descriptions lead to the hosts of the plant file and to ``hosts``, nowhere else.
    """
    wanted = await _wanted(plant, repository, hosts)
    bindings = await _bindings(wanted, repository)
    methods = await _methods(wanted, repository)
    context = TrialContext(Pki(pki_dir), repository)
    results = await asyncio.gather(
        *(
            _check_connection(
                name,
                settings,
                [binding for binding in bindings if binding.connection == name],
                [method for method in methods if method.settings.connection == name],
                context,
            )
            for name, settings in wanted.connections.items()
        )
    )
    strays = [
        _binding_result(
            binding, Finding(False, binding.problem or f"no connection {binding.connection!r}")
        )
        for binding in bindings
        if binding.connection not in wanted.connections
    ]
    refused = [
        CheckResult(False, f"{_told(each)}: {each.reason} ({each.origin})")
        for each in wanted.refused
    ]
    return [result for part in results for result in part] + strays + refused


async def _wanted(
    plant: PlantFile | None, repository: Repository | None, hosts: AllowedHosts | None
) -> Wanted:
    wanted = Wanted() if plant is None else Wanted.of_plant(plant)
    if repository is None:
        return wanted
    compiler = Compiler({}, hosts=hosts)
    if plant is not None:
        compiler = Compiler(plant.connections, plant.overlays, hosts)
    wanted = wanted.with_more(await DescribedBindings(repository, compiler).wanted())
    # At which addresses the server will be reached is not known here: it looks again at its start.
    return without_cycles(wanted, OwnAddresses())


def _told(refused: Refused) -> str:
    where = refused.source if refused.connection is None else (
        f"{refused.connection} {refused.source}"
    )  # fmt: skip
    return f"{where} -> {refused.sink}" if refused.sink else where


async def _bindings(wanted: Wanted, repository: Repository | None) -> list[Binding]:
    """Return the bindings, planned as far as can be; their points belong to a hub of their own."""
    clock = SystemClock()
    if repository is None:
        return [Binding(row.settings, now=clock.now, origin=row.origin) for row in wanted.rows]
    planned = Plan(repository, LiveHub(clock), lambda _: None)
    await planned.update(wanted)
    return list(planned.bindings)


async def _methods(wanted: Wanted, repository: Repository | None) -> list[Method]:
    if repository is None:
        return [Method(settings) for settings in wanted.methods]
    return await plan_methods(wanted, repository)


async def _check_connection(
    name: str,
    settings: ConnectionSettings,
    bindings: Sequence[Binding],
    methods: Sequence[Method],
    context: TrialContext,
) -> list[CheckResult]:
    trial = TRIALS.get(settings.protocol)
    try:
        if trial is None:
            raise NotReached(f"connections of {settings.protocol} cannot be checked")
        findings = iter(await trial(settings, bindings, methods, context))
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
    where = f"{binding.connection} {binding.source} -> {binding.sink_name}"
    return CheckResult(finding.ok, f"{where}: {finding.text}")


def _method_result(method: Method, finding: Finding) -> CheckResult:
    settings = method.settings
    where = f"{settings.connection} {settings.method} -> {settings.operation.name}"
    return CheckResult(finding.ok, f"{where}: {finding.text}")
