"""The plan: every row that is wanted resolved against the model, compiled and registered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aas_server.bindings.binding import Binding
from aas_server.bindings.conversion import Conversion, compile_conversion
from aas_server.bindings.plant.alarms import AlarmSettings
from aas_server.bindings.plant.base import ConnectionSettings
from aas_server.bindings.wanted import Row, Wanted
from aas_server.errors import AasError, ConfigurationError, Conflict, NotFound
from aas_server.live.hub import ElementWriter, LiveHub
from aas_server.live.shapes import COLLECTION
from aas_server.live.sinks import Sink, resolve_sink
from aas_server.live.targets import WriteTarget
from aas_server.metamodel.id_short_path import (
    IdShortPath,
    format_id_short_path,
    parse_id_short_path,
)
from aas_server.metamodel.tree import Node, child, children
from aas_server.metamodel.ways import Ways
from aas_server.repository.collection import Filter
from aas_server.repository.document import Document, decode
from aas_server.repository.repository import Repository
from aas_server.yaml_files.problems import nearest

Writers = Callable[[Binding], ElementWriter | None]
"""Makes the writer of a binding that clients may write through, or None when there is none."""

_AT_ONCE: Final = 50
"""Rows that are planned before others in the event loop have their turn."""
_NEAR: Final = 500
"""Submodels among which one is looked for that may be meant, at most."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What is different after a plan was updated; a binding that changed is in both."""

    added: Sequence[Binding]
    removed: Sequence[Binding]


class Plan:
    """The bindings that are wanted now, each with what hinders it.

    A row that works has its sink, conversion and registered point; a row that does not has a
    ``problem`` that says what to do; one that is only written has a target in place of the point.
    ``writers`` is asked for the rows that clients may write.
    """

    def __init__(self, repository: Repository, hub: LiveHub, writers: Writers) -> None:
        self._repository = repository
        self._hub = hub
        self._writers = writers
        self._planned: dict[Row, Binding] = {}
        self._failing: list[Binding] = []

    @property
    def bindings(self) -> Sequence[Binding]:
        """Return all bindings: those of the rows in their order, then repeated rows."""
        return [*self._planned.values(), *self._failing]

    async def update(self, wanted: Wanted) -> Changes:
        """Plan the rows of ``wanted``, and of what is planned leave all that stays the same.

        To be called when the rows, or submodels that they name, have changed.
        """
        outcomes = await self._outcomes(wanted)
        planned: dict[Row, Binding] = {}
        failing: list[Binding] = []
        fresh: list[tuple[Binding, _Outcome]] = []
        for row, outcome in outcomes:
            old = self._planned.get(row)
            if row in planned or old is None or old.sink != outcome.sink:
                binding = Binding(row.settings, now=self._hub.now, origin=row.origin)
                fresh.append((binding, outcome))
            else:
                binding = old
                if outcome.problem is not None:
                    binding.set_problem(outcome.problem)
            if row in planned:
                failing.append(binding)
            else:
                planned[row] = binding
        kept = set(planned.values())
        removed = [binding for binding in self.bindings if binding not in kept]
        self._hub.unregister(each.point for each in removed if each.point is not None)
        for each in removed:
            if each.target is not None:
                self._hub.targets.remove(each.target)
        for binding, outcome in fresh:
            self._register(binding, outcome)
        self._planned, self._failing = planned, failing
        return Changes([binding for binding, _ in fresh], removed)

    async def _outcomes(self, wanted: Wanted) -> list[tuple[Row, _Outcome]]:
        ids = {row.settings.sink.submodel for row in wanted.rows}
        submodels = await self._repository.submodels.find_all(ids)
        known: Sequence[str] = ()
        if ids - submodels.keys():
            page = await self._repository.submodels.page(Filter(), limit=_NEAR)
            known = [document.id for document in page.documents]
        model = _Model(submodels, known, self._repository.is_generated)
        return await _resolved(wanted.rows, wanted.connections, model)

    def _register(self, binding: Binding, outcome: _Outcome) -> None:
        if outcome.problem is not None or outcome.sink is None:
            binding.set_problem(outcome.problem)
            return
        binding.conversion = outcome.conversion
        direction = binding.settings.direction
        writer = None if direction == "read" else self._writers(binding)
        try:
            if direction == "write":
                binding.target = self._target(binding, outcome.sink, writer)
            else:
                binding.point = self._hub.register(outcome.sink, writer)
        except AasError as error:
            binding.set_problem(str(error))
            return
        binding.sink = outcome.sink
        if binding.point is not None and binding.settings.history is not None:
            self._hub.keep_samples(binding.point, binding.settings.history.keep)

    def _target(self, binding: Binding, sink: Sink, writer: ElementWriter | None) -> WriteTarget:
        if binding.settings.enumeration == "device" or binding.settings.history is not None:
            raise ConfigurationError(
                "of a source that is only written nothing is asked: "
                "enumeration: device and history do not go with direction: write"
            )
        return self._hub.register_target(sink, writer)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What planning one row found: where its values go and how, or why they cannot."""

    sink: Sink | None = None
    conversion: Conversion | None = None
    problem: str | None = None


async def _resolved(
    rows: Iterable[Row], connections: Mapping[str, ConnectionSettings], model: _Model
) -> list[tuple[Row, _Outcome]]:
    """Return what becomes of each row: the first to name an element gets it.

    Nothing changes meanwhile but the clock: others in the event loop have their turn.
    """
    owners: dict[tuple[str, IdShortPath], Row] = {}
    outcomes: list[tuple[Row, _Outcome]] = []
    for number, row in enumerate(rows, 1):
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)
        try:
            _require_connection(row, connections)
            sink = model.sink(row)
            _require_list(row, sink)
            _refuse_taken(sink, owners)
            outcome = _Outcome(sink, compile_conversion(row.settings, sink))
            owners.update({(sink.submodel_id, path): row for path in sink.facets})
        except AasError as error:
            outcome = _Outcome(problem=str(error))
        outcomes.append((row, outcome))
    return outcomes


def _require_connection(row: Row, connections: Mapping[str, ConnectionSettings]) -> None:
    name = row.settings.connection
    connection = connections.get(name)
    if connection is None:
        raise ConfigurationError(f"unknown connection {name!r}{nearest(name, connections)}")
    if connection.protocol != row.settings.protocol:
        raise ConfigurationError(
            f"{row.settings.source!r} is a source of {row.settings.protocol}, and the connection "
            f"{name!r} speaks {connection.protocol}"
        )


def _require_list(row: Row, sink: Sink) -> None:
    if not isinstance(row.settings, AlarmSettings):
        return
    item = None if sink.shape is None else sink.shape.item
    if item is None or item.model_type != COLLECTION:
        raise ConfigurationError(
            "alarms go into a SubmodelElementList of SubmodelElementCollections, of which the "
            "first shows what is told of each"
        )


def _refuse_taken(sink: Sink, owners: Mapping[tuple[str, IdShortPath], Row]) -> None:
    for path in sink.facets:
        owner = owners.get((sink.submodel_id, path))
        if owner is not None:
            raise Conflict(
                f"{format_id_short_path(path)} is already fed by {owner.settings.source!r} of "
                f"{owner.settings.connection!r} ({owner.origin}): remove one of the two"
            )


class _Model:
    """The submodels that rows name, as they are stored now."""

    def __init__(
        self,
        submodels: Mapping[str, Document],
        known: Sequence[str],
        is_generated: Callable[[str], bool],
    ) -> None:
        self._submodels = submodels
        self._known = known
        self._is_generated = is_generated
        self._trees: dict[str, Node | ConfigurationError] = {}
        self._ways: dict[str, Ways] = {}

    def sink(self, row: Row) -> Sink:
        """Return the elements that a row feeds; raises ``AasError`` that says what to do."""
        path = parse_id_short_path(row.settings.sink.path)
        submodel = row.settings.sink.submodel
        tree = self._tree(submodel)
        try:
            return resolve_sink(self._ways.setdefault(submodel, Ways(tree)).to(path), path)
        except NotFound:
            raise ConfigurationError(_missing(tree, path)) from None

    def _tree(self, submodel_id: str) -> Node:
        """Return the stored submodel; it, or why it takes no values, is found out once."""
        tree = self._trees.get(submodel_id)
        if tree is None:
            try:
                tree = decode(self._document(submodel_id).stored.body)
            except ConfigurationError as error:
                tree = error
            self._trees[submodel_id] = tree
        if isinstance(tree, ConfigurationError):
            raise tree
        return tree

    def _document(self, submodel_id: str) -> Document:
        document = self._submodels.get(submodel_id)
        if document is None:
            near = nearest(submodel_id, self._known)
            raise ConfigurationError(f"there is no submodel {submodel_id!r}{near}")
        if self._is_generated(submodel_id):
            raise ConfigurationError(
                f"the submodel {submodel_id!r} is generated by the server: no machine can feed it"
            )
        return document


def _missing(tree: Node, path: IdShortPath) -> str:
    """Return which element of ``path`` is not there and which one may be meant."""
    node, depth = tree, 0
    while (found := child(node, path[depth])) is not None:
        node, depth = found, depth + 1
    names = [element["idShort"] for element in children(node) if "idShort" in element]
    missing = format_id_short_path(path[: depth + 1])
    return f"the submodel has no element {missing!r}{nearest(str(path[depth]), names)}"
