"""A proposal: from a machine's nodes, and from what is in the folder, to the files to write."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aas_server.bindings.onboarding import interface
from aas_server.bindings.onboarding.concepts import concept_description
from aas_server.bindings.onboarding.guide import guide
from aas_server.bindings.onboarding.identity import Identity, identity_of
from aas_server.bindings.onboarding.lock import (
    FILE_NAME,
    VERSION,
    Earlier,
    Lock,
    LockedNode,
    lock_text,
    owner_place,
)
from aas_server.bindings.onboarding.merging import Changes, merged
from aas_server.bindings.onboarding.naming import Names
from aas_server.bindings.onboarding.plant_rows import (
    OPERATIONS,
    OVERLAYS,
    new_plant_file,
    operation_row,
    overlay_row,
    with_more_rows,
    with_other_nodes,
)
from aas_server.bindings.onboarding.points import (
    MACHINE,
    OPERATIONAL,
    Placement,
    Point,
    names_of,
    place,
)
from aas_server.bindings.onboarding.submodels import (
    TEMPLATES,
    machine_submodel,
    shell,
    sink_reference,
    template_submodel,
)
from aas_server.bindings.opcua.address_space import MachineNode, MachineTree
from aas_server.bindings.plant.opcua import OpcUaConnectionSettings
from aas_server.metamodel.tree import Node
from aas_server.templates.authoring.compiling import to_text

_NAMESPACE: Final = re.compile("/nsu=[^;]*;")

PLANT_FILE: Final = "plant.yaml"
GUIDE: Final = "README.md"
SHELL: Final = "shell"
CONCEPTS: Final = "concepts"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked for: the connection as settings and as lines of a plant file, and what
    the machine and its ids are to be called, None to have it chosen.
    """

    settings: OpcUaConnectionSettings
    connection: Mapping[str, Any]
    name: str | None = None
    base: str | None = None


@dataclass(slots=True)
class Report:
    """What a run found and did, a line each; ``not_added`` are new nodes without a place."""

    added: list[str] = field(default_factory=list)
    vanished: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    not_added: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    changes: Changes = field(default_factory=Changes)


@dataclass(frozen=True, slots=True)
class Proposal:
    """The files to write, by name, with their content; files that stay as they are not among
    them.
    """

    identity: Identity
    is_first: bool
    files: Mapping[str, str]
    documents: Mapping[str, Node]
    points: Sequence[Point]
    report: Report


def propose(
    tree: MachineTree, wish: Wish, lock: Lock | None, existing: Mapping[str, Any]
) -> Proposal:
    """Return what is to be written for a machine.

    ``existing`` is what the folder has: the environments by file name, and the texts of plant file
    and guide. Raises ``ConfigurationError`` for a plant file that cannot be added to.
    """
    return _Run(tree, wish, lock, existing).proposal()


class _Run:
    """One run, the first or a later one."""

    def __init__(
        self, tree: MachineTree, wish: Wish, lock: Lock | None, existing: Mapping[str, Any]
    ) -> None:
        self._tree = tree
        self._wish = wish
        self._lock = lock
        self._current = {name: each for name, each in existing.items() if isinstance(each, dict)}
        self._texts = {name: each for name, each in existing.items() if isinstance(each, str)}
        self._earlier = Earlier(lock, self._current)
        self._report = Report()
        self._documents: dict[str, Node] = {}
        self._proposed: dict[str, Node] = dict(lock.documents) if lock is not None else {}
        if lock is not None:
            self._identity = Identity(lock.name, lock.base)
        else:
            self._identity = identity_of(tree, wish.settings.url, wish.name, wish.base)

    def proposal(self) -> Proposal:
        placement = place(self._tree, self._earlier.known())
        self._report.left_out = placement.left_out
        names = self._property_names(placement.points)
        targets = self._targets(placement.points, names)
        points = self._landed(placement.points, targets)
        kept = {point.node for point in points}
        names = {node: name for node, name in names.items() if node in kept}
        self._add_interface(points, names, targets)
        self._tell_nodes(placement.points, points)
        rows = self._rows(points, names)
        plant = self._plant_file(rows)
        files = {
            name: text
            for name, document in self._documents.items()
            if document != self._current.get(name) and (text := to_text(document))
        }
        if plant != self._texts.get(PLANT_FILE):
            files[PLANT_FILE] = plant
        if GUIDE not in self._texts and self._lock is None:
            files[GUIDE] = guide(self._identity, self._tree, self._wish.settings, points, plant)
        files[FILE_NAME] = lock_text(self._new_lock(placement, points, names, rows))
        if files[FILE_NAME] == self._texts.get(FILE_NAME):
            del files[FILE_NAME]
        return Proposal(
            self._identity, self._lock is None, files, self._documents, points, self._report
        )

    # ---- documents ----

    def _targets(
        self, points: Sequence[Point], names: Mapping[MachineNode, str]
    ) -> dict[str, Node]:
        """Merge the submodels that show values; return them as proposed now."""
        sources = {
            node: interface.property_reference(self._identity, name) for node, name in names.items()
        }
        fresh: dict[str, Node] = {}
        for name in TEMPLATES:
            if name == OPERATIONAL or any(point.submodel == name for point in points):
                fresh[name] = template_submodel(name, points, self._identity, sources)
        machine = machine_submodel(self._tree, points, self._identity)
        if machine is not None:
            fresh[MACHINE] = machine
        for name, submodel in fresh.items():
            self._take(f"{name}.json", {"submodels": [submodel]})
        return fresh

    def _add_interface(
        self,
        points: Sequence[Point],
        names: Mapping[MachineNode, str],
        targets: Mapping[str, Node],
    ) -> None:
        """Merge the documents that lean on the targets: AID, AIMC, concepts and the shell."""
        settings = self._wish.settings
        url = self._lock.url if self._lock is not None else settings.url
        title = self._tree.product_name or self._identity.name
        description = interface.interface_description(
            self._identity, url, settings.security, names, points, f"{title}: OPC UA server"
        )
        sinks = {
            point.key: sink
            for point in points
            if point.shape != "operation"
            and (sink := sink_reference(targets[point.submodel], point.path)) is not None
        }
        mapping = interface.mapping_configuration(self._identity, names, points, sinks)
        self._take(f"{interface.DESCRIPTION}.json", {"submodels": [description]})
        self._take(f"{interface.MAPPING}.json", {"submodels": [mapping]})
        concepts = {
            concept["id"]: concept
            for point in points
            if (concept := concept_description(point, self._identity)) is not None
        }
        if concepts:
            environment = {"conceptDescriptions": list(concepts.values())}
            self._take(f"{CONCEPTS}.json", environment)
        whole = shell(self._identity, self._tree, [*targets.values(), description, mapping])
        self._take(f"{SHELL}.json", {"assetAdministrationShells": [whole]})

    def _take(self, file: str, fresh: Node) -> None:
        """Merge what is proposed now for one file."""
        base = self._proposed.get(file)
        if base is None:
            self._documents[file] = self._proposed[file] = fresh
            return
        if file in self._current:
            label = file.removesuffix(".json")
            self._documents[file] = merged(
                base, self._current[file], fresh, self._report.changes, label
            )
        self._proposed[file] = merged(base, base, fresh, Changes())

    def _landed(self, points: Sequence[Point], targets: Mapping[str, Node]) -> list[Point]:
        """Return the points that are known, and of the new ones those whose element is there: the
        user may have removed the collection that it belongs to.
        """
        found = []
        for point in points:
            if self._is_known(point) or self._is_there(point):
                found.append(point)
            else:
                above = ".".join(point.path[:-1]) or point.submodel
                text = f"{_told(point)}: you removed or renamed {above}"
                self._report.not_added.append(text)
        return found

    def _is_known(self, point: Point) -> bool:
        found = self._earlier.find(point.node.node, point.browse_path)
        return found is not None and (point.submodel, ".".join(point.path)) in found.places

    def _is_there(self, point: Point) -> bool:
        environment = self._documents.get(f"{point.submodel}.json", {})
        return any(
            sink_reference(submodel, point.path) is not None
            for submodel in environment.get("submodels", ())
        )

    # ---- names of the interface's properties ----

    def _property_names(self, points: Iterable[Point]) -> dict[MachineNode, str]:
        variables = {point.node: point for point in points if point.shape != "operation"}
        kept: dict[MachineNode, str] = {}
        for node, point in variables.items():
            found = self._earlier.find(node.node, point.browse_path)
            if found is not None and found.property:
                kept[node] = found.property
        taken = Names(each.property for each in self._earlier.by_node.values())
        names = {}
        for node in variables:
            names[node] = kept.get(node) or taken.take(*names_of(node))
        return names

    # ---- the plant file ----

    def _rows(
        self, points: Iterable[Point], names: Mapping[MachineNode, str]
    ) -> dict[str, dict[str, Node]]:
        """Return the rows of the plant file by section and by what tells them apart."""
        operations, fed = {}, defaultdict(list)
        for point in points:
            if point.shape == "operation":
                operations[point.key] = operation_row(point, self._identity)
            else:
                fed[names[point.node]].append(point)
        overlays = {
            name: row
            for name, each in fed.items()
            if (row := overlay_row(name, each, self._identity)) is not None
        }
        return {OVERLAYS: overlays, OPERATIONS: operations}

    def _plant_file(self, rows: Mapping[str, Mapping[str, Node]]) -> str:
        if self._lock is None:
            every = {section: list(each.values()) for section, each in rows.items()}
            return new_plant_file(self._identity, self._wish.connection, every)
        text = self._texts.get(PLANT_FILE)
        if text is None:
            return ""
        moved: dict[str, str] = {}
        more: dict[str, list[Node]] = {}
        for section, each in rows.items():
            before = self._lock.rows.get(section, {})
            more[section] = [row for key, row in each.items() if key not in before]
            for key, row in each.items():
                self._compare_row(key, before.get(key), row, moved)
        return with_more_rows(with_other_nodes(text, moved), more)

    def _compare_row(self, key: str, before: Node | None, row: Node, moved: dict[str, str]) -> None:
        if before is None:
            return
        for name in ("object", "method"):
            if name in row and before.get(name) != row[name]:
                moved[before[name]] = row[name]
        names = ("unit", "scale", "enumeration", "direction")
        for name in names:
            old, new = before.get(name), row.get(name)
            if _as_json(old) != _as_json(new):
                text = f"plant.yaml, the row of {key}: {name} {old} would now be {new}"
                self._report.changes.kept.append(text)

    # ---- the lock and the report ----

    def _new_lock(
        self,
        placement: Placement,
        points: Sequence[Point],
        names: Mapping[MachineNode, str],
        rows: Mapping[str, Mapping[str, Node]],
    ) -> Lock:
        places: dict[MachineNode, list[tuple[str, str]]] = {}
        for point in points:
            place = (point.submodel, ".".join(point.path))
            places.setdefault(point.node, []).append(place)
        found = {
            node.node: LockedNode(
                node.node, self._tree.browse_path(node), tuple(each), names.get(node, "")
            )
            for node, each in places.items()
        }
        for owner, path in placement.owners.items():
            browse_path = self._tree.browse_path(owner)
            found.setdefault(owner.node, LockedNode(owner.node, browse_path, owner_place(path)))
        paths = {each.path for each in found.values()}
        before = self._lock.rows if self._lock is not None else {}
        gone = [each for each in self._earlier.by_node.values() if each.path not in paths]
        return Lock(
            VERSION,
            self._lock.url if self._lock is not None else self._wish.settings.url,
            self._tree.root.node,
            self._identity.name,
            self._identity.base,
            (*found.values(), *(each for each in gone if each.node not in found)),
            self._proposed,
            {section: {**before.get(section, {}), **each} for section, each in rows.items()},
        )

    def _tell_nodes(self, points: Sequence[Point], landed: Sequence[Point]) -> None:
        nodes = {node.node for node in self._tree.root.walk()}
        paths = {self._tree.browse_path(node) for node in self._tree.root.walk()}
        for point in landed:
            if not self._is_known(point):
                self._report.added.append(_told(point))
        for each in self._earlier.by_node.values():
            if each.node in nodes:
                continue
            places = ", ".join(f"{submodel}/{path}" for submodel, path in each.places)
            if each.path in paths:
                now = next(
                    (point.node.node for point in points if point.browse_path == each.path), "?"
                )
                if now != "?":
                    self._report.moved.append(f"{_names(each.path)}: {each.node} is now {now}")
            else:
                self._report.vanished.append(f"{_names(each.path)} ({each.node}) -> {places}")


def _told(point: Point) -> str:
    return f"{_names(point.browse_path)} ({point.node.node}) -> {point.key}"


def _names(browse_path: str) -> str:
    """Return a browse path without namespaces, for people."""
    return _NAMESPACE.sub("/", browse_path)


def _as_json(value: Any) -> Any:
    """Return a value as the lock has it: JSON has only texts for keys."""
    return {str(k): v for k, v in value.items()} if isinstance(value, Mapping) else value
