"""Browsing a real server: types, values, limits, cycles, roots that are not there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.ua.object_ids import ObjectIds

from aas_server.bindings.opcua.address_space import MachineNode, MachineTree
from aas_server.bindings.opcua.browsing import BrowseLimits, browse_machine, node_text
from aas_server.bindings.opcua.opening import open_session
from aas_server.bindings.opcua.pki import Pki
from aas_server.bindings.opcua.session import OpcUaSession
from aas_server.bindings.opcua.variants import numeric
from aas_server.bindings.plant.opcua import OpcUaConnectionSettings
from aas_server.errors import ConfigurationError
from tests.bindings.opcua.machine import URI
from tests.bindings.opcua.plant import CONNECTION, MachineProcess, node

_SERVER = numeric(ObjectIds.Server).to_string()
"""The server's object about itself, which has levels below it."""


@pytest.fixture
async def session(machine: MachineProcess, tmp_path: Path) -> AsyncIterator[OpcUaSession]:
    settings = OpcUaConnectionSettings.model_validate({**CONNECTION, "url": machine.url})
    session = await open_session(settings, Pki(tmp_path))
    yield session
    await session.close()


def found(tree: MachineTree, name: str) -> MachineNode:
    return next(each for each in tree.root.walk() if each.name.name == name)


async def test_every_node_of_the_machine_is_found_with_type_access_and_value(
    session: OpcUaSession,
) -> None:
    tree = await browse_machine(session)

    speed, fixed = found(tree, "Speed"), found(tree, "ReadOnly")
    assert speed.node == node("Speed")
    assert tree.browse_path(speed) == "/Objects/Speed"
    assert (speed.facts.shown_type, speed.facts.sample.value) == ("Double", 1.5)
    assert (speed.facts.writable, fixed.facts.writable) == (True, False)
    assert found(tree, "Array").facts.shown_type == "Double[]"
    assert found(tree, "Matrix").facts.value_rank == 2
    assert found(tree, "Mode").facts.texts == {0: "Aus", 1: "Ein"}
    assert tree.cut is None


async def test_what_every_server_keeps_for_itself_is_no_machine(session: OpcUaSession) -> None:
    tree = await browse_machine(session)

    names = {each.name.name for each in tree.root.children}
    assert not names & {"Server", "Aliases", "Locations"}


async def test_methods_tell_their_arguments(session: OpcUaSession) -> None:
    start = found(await browse_machine(session), "Start")

    assert [(each.name, each.type_name) for each in start.inputs] == [
        ("Program", "String"),
        ("Quantity", "UInt16"),
        ("Speed", "Float"),
    ]
    assert [each.type_name for each in start.outputs] == ["Int64"]
    assert not start.children


async def test_more_nodes_than_wanted_cut_the_tree_and_say_so(session: OpcUaSession) -> None:
    tree = await browse_machine(session, limits=BrowseLimits(nodes=5))

    assert tree.count() == 5
    assert tree.cut == "there are more than 5 nodes"
    assert tree.root.cut


async def test_more_levels_than_wanted_cut_the_tree_and_say_so(session: OpcUaSession) -> None:
    tree = await browse_machine(session, _SERVER, BrowseLimits(depth=1))

    assert max(len(each.lineage) for each in tree.root.walk()) == 2
    assert tree.cut == "there is more below level 1"


async def test_a_walk_that_takes_too_long_is_cut_and_says_so(
    session: OpcUaSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    browse = session.view.browse

    async def slow(nodes: Any) -> list[list[ua.ReferenceDescription]]:
        if nodes[0].NodeClassMask:
            await asyncio.sleep(1)
        return await browse(nodes)

    monkeypatch.setattr(session.view, "browse", slow)
    tree = await browse_machine(session, limits=BrowseLimits(seconds=0.3))

    assert tree.cut == "browsing took more than 0.3 s"


async def test_a_server_that_stops_answering_is_not_mistaken_for_a_limit(
    session: OpcUaSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(nodes: Any) -> list[list[ua.ReferenceDescription]]:
        raise TimeoutError

    monkeypatch.setattr(session.view, "browse", silent)

    with pytest.raises(TimeoutError):
        await browse_machine(session, "i=85")


async def test_all_levels_within_the_limit_are_the_whole_tree(session: OpcUaSession) -> None:
    tree = await browse_machine(session, limits=BrowseLimits(depth=1))

    assert tree.cut is None


async def test_a_node_that_leads_back_up_is_there_once(
    session: OpcUaSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await browse_machine(session)
    speed = found(whole, "Speed").node_id
    browse = session.view.browse
    top: list[ua.ReferenceDescription] = []

    async def with_cycle(nodes: Any) -> list[list[ua.ReferenceDescription]]:
        answers = await browse(nodes)
        if nodes[0].NodeClassMask and not top:
            top.extend(each for each in answers[0] if each.NodeId.NamespaceIndex)
        return [
            [*references, *top] if each.NodeId == speed else references
            for each, references in zip(nodes, answers, strict=True)
        ]

    monkeypatch.setattr(session.view, "browse", with_cycle)
    again = await browse_machine(session, limits=BrowseLimits(nodes=500, depth=5))

    nodes = [each.node for each in again.root.walk()]
    assert top
    assert len(nodes) == len(set(nodes)) == whole.count()


@pytest.mark.parametrize("part", [1, 2, 7])
async def test_what_a_server_gives_in_parts_is_put_together(
    session: OpcUaSession, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    whole = await browse_machine(session)
    server = session._client.uaclient.session
    browse = server.browse
    rest: dict[bytes, list[ua.ReferenceDescription]] = {}

    def cut(references: list[ua.ReferenceDescription]) -> ua.BrowseResult:
        point = str(len(rest)).encode() if len(references) > part else None
        if point is not None:
            rest[point] = references[part:]
        return ua.BrowseResult(ua.StatusCode(0), point, references[:part])

    async def in_parts(parameters: Any) -> list[ua.BrowseResult]:
        return [cut(list(each.References or ())) for each in await browse(parameters)]

    async def the_next(parameters: Any) -> list[ua.BrowseResult]:
        assert not parameters.ReleaseContinuationPoints
        return [cut(rest[point]) for point in parameters.ContinuationPoints]

    monkeypatch.setattr(server, "browse", in_parts)
    monkeypatch.setattr(server, "browse_next", the_next)
    again = await browse_machine(session)

    assert [each.node for each in again.root.walk()] == [each.node for each in whole.root.walk()]


async def test_a_server_without_room_for_parts_is_asked_one_by_one(
    session: OpcUaSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = BrowseLimits(depth=3)
    whole = await browse_machine(session, _SERVER, limits)
    server = session._client.uaclient.session
    browse = server.browse

    async def short(parameters: Any) -> list[ua.BrowseResult]:
        results = await browse(parameters)
        if len(results) > 1:
            status = ua.StatusCode(ua.StatusCodes.BadNoContinuationPoints)
            return [*results[:1], *(ua.BrowseResult(status) for _ in results[1:])]
        return list(results)

    monkeypatch.setattr(server, "browse", short)
    again = await browse_machine(session, _SERVER, limits)

    assert [each.node for each in again.root.walk()] == [each.node for each in whole.root.walk()]


async def test_a_server_that_takes_few_operations_is_asked_in_parts(
    session: OpcUaSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await browse_machine(session)
    server = session._client.uaclient.session
    browse = server.browse
    taken: list[int] = []

    async def picky(parameters: Any) -> Any:
        if len(parameters.NodesToBrowse) > 3:
            raise ua.uaerrors.BadTooManyOperations
        taken.append(len(parameters.NodesToBrowse))
        return await browse(parameters)

    monkeypatch.setattr(server, "browse", picky)
    again = await browse_machine(session)

    assert [each.node for each in again.root.walk()] == [each.node for each in whole.root.walk()]
    assert len(taken) > 5


@pytest.mark.parametrize(
    ("root", "text"),
    [
        (f"nsu={URI};s=Nowhere", "BadNodeIdUnknown"),
        ("nsu=urn:other;s=X", "no namespace 'urn:other'"),
        ("i=45", "no object, variable or method"),
        ("nonsense", "is no node id"),
    ],
)
async def test_a_root_that_is_not_there_is_refused_with_the_reason(
    session: OpcUaSession, root: str, text: str
) -> None:
    with pytest.raises(ConfigurationError, match=text):
        await browse_machine(session, root)


@pytest.mark.parametrize("identifier", [7, "a;b=c", "Kühl #1&2", b"\x00\xff"])
def test_the_text_of_a_node_id_leads_back_to_the_node(identifier: Any) -> None:
    text = node_text(ua.NodeId(identifier, 1), ["http://opcfoundation.org/UA/", "urn:x"])

    parsed: Any = ua.NodeId.from_string(text)
    assert (parsed.NamespaceUri, parsed.Identifier) == ("urn:x", identifier)
