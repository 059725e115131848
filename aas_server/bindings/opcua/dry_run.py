"""Trying bindings without subscribing: what a machine says about their nodes, changing nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError

from aas_server.bindings.binding import Binding
from aas_server.bindings.conversion import ConversionError
from aas_server.bindings.feed import converted_value
from aas_server.bindings.method import Method
from aas_server.bindings.opcua.alarm_check import try_alarms
from aas_server.bindings.opcua.methods import look_up_method, require_fit
from aas_server.bindings.opcua.nodes import NodeFacts, NodeProblem, Nodes
from aas_server.bindings.opcua.opening import open_session
from aas_server.bindings.opcua.preparing import prepare
from aas_server.bindings.opcua.problems import CODE_MASK, describe, describe_status, status_name
from aas_server.bindings.opcua.session import OpcUaSession, silence_asyncua
from aas_server.bindings.opcua.variants import Sample, sample
from aas_server.bindings.plant.alarms import AlarmSettings
from aas_server.bindings.plant.opcua import OpcUaBindingSettings, OpcUaConnectionSettings
from aas_server.bindings.structure import Structure
from aas_server.bindings.trying import Finding, NotReached, TrialContext
from aas_server.errors import AasError, ConfigurationError
from aas_server.live.values import Quality, quality_of

_LONGEST_VALUE: Final = 60


async def try_bindings(
    settings: OpcUaConnectionSettings,
    bindings: Sequence[Binding],
    methods: Sequence[Method],
    context: TrialContext,
) -> list[Finding]:
    """Return a finding for each of ``bindings`` and then of ``methods`` (see ``Trial``).

    Raises ``NotReached`` when there is no session with the machine, or it breaks.
    """
    silence_asyncua()
    try:
        session = await open_session(settings, context.pki)
        try:
            nodes = Nodes(session)
            findings = {
                binding: await _try_list(session, nodes, binding, binding.settings)
                for binding in bindings
                if isinstance(binding.settings, AlarmSettings)
            }
            values = [binding for binding in bindings if binding not in findings]
            findings.update(zip(values, await _try_all(session, nodes, values), strict=True))
            return [
                *(findings[binding] for binding in bindings),
                *[await _try_method(session, nodes, method) for method in methods],
            ]
        finally:
            await session.close()
    except (AasError, OSError, TimeoutError, UaError) as error:
        raise NotReached(describe(error)) from error


async def _try_all(
    session: OpcUaSession, nodes: Nodes, bindings: Sequence[Binding]
) -> list[Finding]:
    rows = [each.settings for each in bindings if isinstance(each.settings, OpcUaBindingSettings)]
    fallbacks = {row.node: row.fallback_path for row in rows if row.fallback_path is not None}
    facts = await nodes.look_up(dict.fromkeys(row.node for row in rows), fallbacks)
    there = {node: fact for node, fact in facts.items() if isinstance(fact, NodeFacts)}
    answers = await session.read(
        [(fact.node_id, AttributeIds.Value) for fact in there.values()],
        timestamps=ua.TimestampsToReturn.Both,
    )
    samples = dict(zip(there, (sample(answer) for answer in answers), strict=True))
    await prepare(nodes, [(each, there[each.source]) for each in bindings if each.source in there])
    await nodes.types.know(
        each.value.type_name for each in samples.values() if isinstance(each.value, Structure)
    )
    findings = []
    for binding in bindings:
        fact = facts[binding.source]
        if isinstance(fact, NodeProblem):
            findings.append(Finding(False, fact.text))
        else:
            type_name = await _type_name(nodes, fact)
            findings.append(_finding(binding, fact, type_name, samples[binding.source]))
    return findings


async def _try_list(
    session: OpcUaSession, nodes: Nodes, binding: Binding, settings: AlarmSettings
) -> Finding:
    try:
        return Finding(True, await try_alarms(session, nodes, binding, settings))
    except ConfigurationError as error:
        return Finding(False, error.text)


async def _try_method(session: OpcUaSession, nodes: Nodes, method: Method) -> Finding:
    facts = await look_up_method(session, nodes, method.settings)
    if isinstance(facts, NodeProblem):
        return Finding(False, facts.text)
    inputs, outputs = (
        ", ".join(f"{argument.name}: {argument.type_name}" for argument in arguments)
        for arguments in (facts.inputs, facts.outputs)
    )
    shown = f"({inputs}) -> ({outputs})"
    if method.problem is not None:
        return Finding(False, f"{shown}, but {method.problem}")
    if not facts.executable:
        return Finding(False, f"{shown}, but this user may not call it (UserExecutable)")
    if method.signature is not None:
        try:
            require_fit(facts, method.signature)
        except ConfigurationError as error:
            return Finding(False, f"{shown}, but {error.text}")
    return Finding(True, shown)


async def _type_name(nodes: Nodes, facts: NodeFacts) -> str:
    variant_type = await nodes.variant_type(facts)
    name = "any type" if variant_type is None else str(variant_type.name)
    return f"{name}[]" if facts.value_rank >= 0 else name


def _finding(binding: Binding, facts: NodeFacts, type_name: str, found: Sample) -> Finding:
    if binding.problem is not None:
        return Finding(False, binding.problem)
    direction = binding.settings.direction
    if direction != "read" and not facts.writable:
        return Finding(False, f"{type_name}, but this user may not write it (UserAccessLevel)")
    if direction == "write":
        return Finding(True, f"{type_name}, only written")
    if not facts.readable or found.status_code & CODE_MASK == StatusCodes.BadNotReadable:
        return Finding(False, f"{type_name}, but this user may not read it (UserAccessLevel)")
    if found.status_code & CODE_MASK == StatusCodes.BadUserAccessDenied:
        return Finding(False, f"{type_name}, but {describe_status(found.status_code)}")
    if quality_of(found.status_code) is Quality.BAD:
        return Finding(True, f"{type_name}, at the moment {status_name(found.status_code)}")
    if binding.conversion is None:
        return Finding(True, f"{type_name}, now {_short(found.value)}")
    try:
        converted = converted_value(binding, found.value)
    except ConversionError as error:
        return Finding(False, f"{type_name}, now {_short(found.value)}, but {error}")
    return Finding(True, f"{type_name}, now {_short(found.value)}, shown as {_short(converted)}")


def _short(value: Any) -> str:
    text = repr(value)
    if isinstance(value, Structure):
        text = f"a structure {value.type_name}"
    elif isinstance(value, datetime):
        text = value.isoformat()
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."
