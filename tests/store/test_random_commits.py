"""Commits of any kind, several at the same time, against a model of what must be there then."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from aas_server.errors import Conflict
from aas_server.store.protocol import (
    Change,
    Kind,
    Operation,
    Selection,
    Store,
    StoredDocument,
    StoredFile,
    Write,
)
from aas_server.store.schema import file_names
from aas_server.store.schema import terms as terms_table
from aas_server.store.sql_store import SqlStore
from aas_server.store.terms import terms_of
from tests.store.writes import (
    all_documents,
    changed,
    creation,
    deletion,
    named,
    new_document,
    replacement,
    short,
    tree_of,
)

IDS = ("urn:0", "urn:1", "urn:2")
NAMES = "ABC"
CONTENT = StoredFile("0a" * 32, 1)

States = dict[str, StoredDocument]


@dataclass(frozen=True)
class Step:
    """One change of one document: it is made, changed or, for ``body`` None, taken away."""

    identifier: str
    body: dict[str, Any] | None
    paths: frozenset[str]
    is_stale: bool


@dataclass
class Model:
    """What must be stored, and what the log must say."""

    states: States = field(default_factory=dict)
    former: States = field(default_factory=dict)
    """An earlier state of each document: to build a write on it is a conflict."""
    log: list[tuple[str, Operation, int | None]] = field(default_factory=list)


references = st.sampled_from(["urn:a", "urn:b"]).map(
    lambda value: {"type": "ExternalReference", "keys": [{"type": "T", "value": value}]}
)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "idShort": st.sampled_from(NAMES),
        "semanticId": references,
        "supplementalSemanticIds": st.lists(references, max_size=2),
        "kind": st.sampled_from(["Instance", "Template"]),
    },
)
steps = st.builds(
    Step,
    identifier=st.sampled_from(IDS),
    body=st.one_of(bodies, bodies, st.none()),
    paths=st.frozensets(st.sampled_from(["/a", "/b"])),
    is_stale=st.sampled_from([False] * 9 + [True]),
)
units = st.lists(steps, min_size=1, max_size=4)
groups = st.lists(units, min_size=1, max_size=6)


def write_of(store: Store, step: Step, present: StoredDocument | None) -> Write | None:
    """How the repository carries out ``step``; None when there is nothing to take away."""
    identifier = step.identifier
    if step.body is None:
        return None if present is None else deletion(present)
    files = [named(identifier, path, CONTENT) for path in sorted(step.paths)]
    body = orjson.dumps(step.body | {"modelType": "File"})
    # No two states are of the same microsecond.
    at = store.new_sequence()
    if present is None:
        return creation(new_document(store, identifier, body, at=at, files=files))
    return replacement(present, changed(present, body, at=at, files=files))


def built(store: Store, unit: list[Step], heads: States, former: States) -> list[Write]:
    """The writes of a unit that sees ``heads``, some of them built on a former state."""
    writes: list[Write] = []
    seen = dict(heads)
    for step in unit:
        if step.is_stale and step.identifier in former:
            seen[step.identifier] = former[step.identifier]
        write = write_of(store, step, seen.get(step.identifier))
        if write is None:
            continue
        writes.append(write)
        apply(seen, write)
    return writes


def apply(states: States, write: Write) -> None:
    if write.after is None:
        states.pop(write.document.id, None)
    else:
        states[write.document.id] = write.after


def carried_out(model: Model, writes: list[Write]) -> bool:
    """Carry the writes out in the model, all or none; return whether they fit."""
    states = dict(model.states)
    for write in writes:
        if states.get(write.document.id) != write.before:
            return False
        apply(states, write)
    for write in writes:
        if write.before is not None:
            model.former[write.document.id] = write.before
        revision = None if write.before is None else write.before.revision
        model.log.append((write.document.id, write.operation, revision))
    model.states = states
    return True


async def commit_together(store: Store, model: Model, group: list[list[Step]]) -> None:
    """Commit all units of ``group`` at the same time and compare how each one ends."""
    heads = dict(model.states)
    waiting = []
    expected: list[int | None] = []
    heard: list[int | None] = []
    begin = await store.position() - len(model.log)
    for unit in group:
        # Whoever comes later builds on what is on its way, also when that will fail.
        writes = built(store, unit, heads, model.former)
        for write in writes:
            apply(heads, write)
        is_right = carried_out(model, writes)
        expected.append(begin + len(model.log) if is_right else None)
        waiting.append(store.commit(writes, actor="test", settled=heard.append))
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [isinstance(result, Conflict) for result in results] == [
        position is None for position in expected
    ]
    assert heard == expected


def revisions_follow(log: list[Change]) -> bool:
    """Whether the entries of each document make one chain from creation to deletion."""
    revisions: dict[str, int | None] = {}
    for change in log:
        if revisions.get(change.id) != change.previous_revision:
            return False
        is_gone = change.operation is Operation.DELETE
        revisions[change.id] = None if is_gone else (change.previous_revision or 0) + 1
    return True


async def assert_stored(store: Store, model: Model, begin: int) -> None:
    """Compare everything that the store tells with the model."""
    in_order = sorted(model.states.values(), key=lambda document: document.sequence)
    assert await all_documents(store) == in_order
    fetched = await store.fetch(Kind.SUBMODEL, IDS)
    assert {each.id: each for each in fetched.documents} == model.states
    assert await store.count(Kind.SUBMODEL) == len(in_order)
    terms = {each.id: terms_of(each.kind, tree_of(each)) for each in in_order}
    every = {term for found in terms.values() for term in found}
    every |= {term for name in NAMES for term in short(name)}
    for wanted in map(frozenset, itertools.combinations(sorted(every), 2)):
        found = await store.list_ids(Kind.SUBMODEL, Selection(wanted))
        assert [each for _, each in found.entries] == [
            each.id for each in in_order if wanted <= terms[each.id]
        ]
    for term in every:
        found = await store.list_ids(Kind.SUBMODEL, Selection(frozenset({term})))
        assert found.entries == [
            (each.sequence, each.id) for each in in_order if term in terms[each.id]
        ]
    log = [change async for change in store.changes(after=begin, limit=10_000)]
    assert [change.sequence for change in log] == list(range(begin + 1, begin + len(log) + 1))
    assert [(each.id, each.operation, each.previous_revision) for each in log] == model.log
    assert revisions_follow(log)
    assert await store.position() == fetched.position == begin + len(log)
    if isinstance(store, SqlStore):
        assert await store.read(kept) == (
            sorted((term, each.sequence) for each in in_order for term in terms[each.id]),
            sorted((each.id, path) for each in in_order for path in each.files),
        )


def kept(connection: Connection) -> tuple[list[Any], list[Any]]:
    """What the database keeps of terms and of names of files: nothing of what is gone."""
    of_terms = connection.execute(select(terms_table.c.term, terms_table.c.document))
    of_names = connection.execute(select(file_names.c.owner, file_names.c.path))
    return sorted(map(tuple, of_terms)), sorted(map(tuple, of_names))


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=st.lists(groups, max_size=5))
async def test_whatever_is_committed_documents_lists_and_log_agree(
    store: Store, history: list[list[list[Step]]]
) -> None:
    left = [deletion(document) for document in await all_documents(store)]
    await store.commit(left, actor="test")
    begin = await store.position()
    model = Model()
    for group in history:
        await commit_together(store, model, group)
        await assert_stored(store, model, begin)
