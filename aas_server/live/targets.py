"""Targets: elements that clients write through to a device which cannot be asked for them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from aas_server.errors import Conflict, NotFound
from aas_server.live.sinks import Sink
from aas_server.metamodel.id_short_path import IdShortPath, format_id_short_path
from aas_server.metamodel.tree import Node, resolve

if TYPE_CHECKING:
    from aas_server.live.hub import LivePoint

_VALUES: Final = ("value", "min", "max")


class WriteTarget:
    """One element whose stored value is what a device last accepted.

    ``point`` leads to the device and shows nothing. Writes hold ``turn`` until their value is
    stored, so that what is stored last is what was accepted last; ``accepted`` is the element as
    such a write is going to leave it, None while there is none.
    """

    __slots__ = ("accepted", "point", "turn")

    def __init__(self, point: LivePoint) -> None:
        self.point = point
        self.turn = asyncio.Lock()
        self.accepted: Node | None = None


class WriteTargets:
    """All targets by their submodels and paths."""

    def __init__(self) -> None:
        self._targets: dict[str, dict[IdShortPath, WriteTarget]] = {}

    def add(self, target: WriteTarget) -> None:
        """Let clients write the element through; raises ``Conflict`` for one that has a target."""
        sink = target.point.sink
        self.require_free(sink)
        self._targets.setdefault(sink.submodel_id, {})[sink.path] = target

    def remove(self, target: WriteTarget) -> None:
        """Forget the target: its element is an element as any other."""
        sink = target.point.sink
        targets = self._targets.get(sink.submodel_id, {})
        targets.pop(sink.path, None)
        if not targets:
            self._targets.pop(sink.submodel_id, None)

    def of(self, submodel_id: str) -> Mapping[IdShortPath, WriteTarget]:
        """Return the targets in a submodel by their paths."""
        return self._targets.get(submodel_id, {})

    def require_free(self, sink: Sink) -> None:
        """Raise ``Conflict`` when one of the elements of ``sink`` has a target."""
        for path in sink.facets:
            if path in self.of(sink.submodel_id):
                raise Conflict(
                    "another binding already takes this element to a machine",
                    path=format_id_short_path(path),
                )


def require_accepted(tree: Node, before: Node, targets: Mapping[IdShortPath, WriteTarget]) -> None:
    """Raise ``Conflict`` when ``tree`` would give an element of ``before`` a value that its device
    did not accept.
    """
    for path, target in targets.items():
        new, old = element_at(tree, path), element_at(before, path)
        if new is None or old is None or _values(new) == _values(old):
            continue
        if target.accepted is None or _values(new) != _values(target.accepted):
            raise Conflict(
                "this element is written through to a machine: "
                "write its value by itself, with its own $value",
                path=format_id_short_path(path),
            )


def element_at(submodel: Node, path: IdShortPath) -> Node | None:
    """Return the element at ``path``, or None when there is none."""
    try:
        return resolve(submodel, path)
    except NotFound:
        return None


def _values(element: Node) -> list[object]:
    return [element.get(name) for name in _VALUES]
