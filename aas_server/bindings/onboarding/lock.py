"""What an earlier run proposed: which node went where, and the documents as they were then.

A later run needs it to tell what the user changed from what the machine changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from aas_server.bindings.onboarding.merging import elements_by_path
from aas_server.bindings.onboarding.points import MACHINE, Known
from aas_server.errors import ConfigurationError
from aas_server.metamodel.tree import Node

FILE_NAME: Final = "propose.lock"
VERSION: Final = 1
_MAX_BYTES: Final = 256 * 1024 * 1024


class LockedNode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A node that was proposed: its id and browse path, the (submodel, idShortPath) pairs of what
    it became, and the name of its property of the interface.
    """

    node: str
    path: str
    places: tuple[tuple[str, str], ...] = ()
    property: str = ""


class Lock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The state of a proposal; ``documents`` are the files as they were proposed last, ``rows`` the
    keys of the rows of the plant file by section.
    """

    version: int
    url: str
    root: str
    name: str
    base: str
    nodes: tuple[LockedNode, ...] = ()
    documents: dict[str, Any] = {}
    rows: dict[str, dict[str, Any]] = {}


def read_lock(folder: Path) -> Lock | None:
    """Return the state that an earlier run left in ``folder``, None when there is none.

    Raises ``ConfigurationError`` for a file that is not what a run left.
    """
    file = folder / FILE_NAME
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise ConfigurationError("is too large to be ours", path=str(file))
        lock = msgspec.json.decode(file.read_bytes(), type=Lock)
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        text = f"is not what propose left: {error}; restore it, or propose into another folder"
        raise ConfigurationError(text, path=str(file)) from error
    if lock.version != VERSION:
        raise ConfigurationError(f"has version {lock.version}, not {VERSION}", path=str(file))
    return lock


def lock_text(lock: Lock) -> str:
    """Return the content of the file."""
    return msgspec.json.encode(lock).decode() + "\n"


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier run's lock as a new run asks it."""

    lock: Lock | None
    current: Mapping[str, Node]
    by_node: dict[str, LockedNode] = field(init=False, default_factory=dict)
    by_path: dict[str, LockedNode] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for each in self.lock.nodes if self.lock is not None else ():
            self.by_node[each.node] = each
            self.by_path[each.path] = each

    def find(self, node: str, path: str) -> LockedNode | None:
        """Return what was proposed for a node: that of its id, else of its browse path."""
        return self.by_node.get(node) or self.by_path.get(path)

    def known(self) -> Known:
        """Return the places that are known and the names that are taken."""
        taken: dict[str, set[str]] = {}
        for submodel, name in self._submodels():
            for place, id_short in elements_by_path(submodel, name):
                taken.setdefault(place, set()).add(id_short)
        return Known(
            {each.node: _places(each) for each in self.by_node.values()},
            {each.path: _places(each) for each in self.by_path.values()},
            taken,
        )

    def _submodels(self) -> Iterable[tuple[Node, str]]:
        """Yield every submodel, as proposed and as it is, with the name of its file."""
        proposed = self.lock.documents if self.lock is not None else {}
        for documents in (proposed, self.current):
            for file, environment in documents.items():
                for submodel in environment.get("submodels", ()):
                    yield submodel, file.removesuffix(".json")


def _places(node: LockedNode) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((submodel, tuple(path.split("."))) for submodel, path in node.places)


def owner_place(path: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return the place of an object that became a collection of the machine's own structure."""
    return ((MACHINE, ".".join(path)),)
