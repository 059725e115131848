"""The hub: every live value passes here once, on its way up to readers and down to devices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol, runtime_checkable

from msgspec.structs import replace

from aas_server.clock import Clock
from aas_server.errors import Conflict, Forbidden
from aas_server.live.samples import Samples
from aas_server.live.sinks import Facet, Sink
from aas_server.live.targets import WriteTarget, WriteTargets
from aas_server.live.values import (
    BAD_NO_COMMUNICATION,
    NEVER_RECEIVED,
    UNCERTAIN_LAST_USABLE_VALUE,
    UNCERTAIN_NO_COMMUNICATION_LAST_USABLE_VALUE,
    LiveValue,
    Quality,
    quality_of,
    status_name,
)
from aas_server.metamodel.id_short_path import IdShortPath, format_id_short_path

REORDERING_WINDOW: Final = 5_000_000
"""Microseconds by which a value may be late and still be taken for an overtaken one."""


class ElementWriter(Protocol):
    """Takes a client's value to the device that owns the element."""

    async def write(self, point: LivePoint, value: Any) -> None:
        """Write ``value`` (in the ValueOnly form, not yet checked) and return once the device
        accepted it.

        Raises ``BadRequest`` for a value that cannot be converted and a ``DeviceError`` with the
        device's own status when it refused or could not be reached. Nothing in the model changes
        here: the device's new value comes back through the source.
        """


@runtime_checkable
class ItemWriter(Protocol):
    """An ``ElementWriter`` whose device may take one item of a list and leave the others alone."""

    async def write_item(self, point: LivePoint, index: int, value: Any) -> None:
        """Write ``value`` as the item ``index`` of the list that ``point`` feeds.

        Raises as ``ElementWriter.write`` does.
        """


class LivePoint:
    """One live value and the elements that show it; owned by the hub, read by everybody.

    ``version`` grows with every change of ``current``. ``restored`` is what was known of the value
    before the start, None for nothing. ``on_sample``, when somebody sets it, hears of every single
    value that arrives, as it came, while listeners of the hub hear of batches; it must be quick
    and must not raise. ``samples`` are its recent values, where they are wanted.
    """

    __slots__ = (
        "current",
        "group",
        "on_sample",
        "restored",
        "samples",
        "sink",
        "version",
        "writer",
    )

    def __init__(self, sink: Sink, group: LiveGroup, writer: ElementWriter | None) -> None:
        self.sink = sink
        self.group = group
        self.writer = writer
        self.current: LiveValue = NEVER_RECEIVED
        self.restored: LiveValue | None = None
        self.on_sample: Callable[[LiveValue], None] | None = None
        self.samples: Samples | None = None
        self.version = 0

    @property
    def is_restored(self) -> bool:
        """Return whether it still shows what was known before the start: its source has not spoken
        since.
        """
        return self.current is self.restored


class LiveGroup:
    """All points of one submodel.

    ``version`` grows with every batch that changes one of their values, ``structure`` with every
    point that comes or goes; readers cache by both.
    """

    __slots__ = ("above", "facets", "structure", "submodel_id", "version")

    def __init__(self, submodel_id: str) -> None:
        self.submodel_id = submodel_id
        self.facets: dict[IdShortPath, tuple[LivePoint, Facet]] = {}
        self.above: Counter[IdShortPath] = Counter()
        """How many live elements stand below each path."""
        self.structure = 0
        self.version = 0

    def add(self, point: LivePoint) -> None:
        """Let ``point`` feed the elements of its sink.

        Raises ``Conflict`` when another point feeds one of them, or an element around or below it.
        """
        for path in point.sink.facets:
            self._require_free(path, point.sink)
        for path, facet in point.sink.facets.items():
            self.facets[path] = point, facet
            self.above.update(_ancestors(path))

    def remove(self, point: LivePoint) -> None:
        """Let ``point`` feed nothing any more."""
        for path in point.sink.facets:
            del self.facets[path]
            self.above.subtract(_ancestors(path))
            for each in _ancestors(path):
                if self.above[each] <= 0:
                    del self.above[each]

    def owner(self, path: IdShortPath) -> LivePoint | None:
        """Return the point whose composite element stands above ``path``, or None."""
        for ancestor in _ancestors(path):
            found = self.facets.get(ancestor)
            if found is not None:
                return found[0]
        return None

    def _require_free(self, path: IdShortPath, sink: Sink) -> None:
        reason = None
        if path in self.facets:
            reason = "another binding already feeds this element"
        elif self.owner(path) is not None:
            reason = "another binding already feeds the whole element around this one"
        elif sink.shape is not None and path == sink.path and self.above[path]:
            reason = "another binding already feeds an element in this one"
        if reason is not None:
            raise Conflict(reason, path=format_id_short_path(path))


def _ancestors(path: IdShortPath) -> Iterator[IdShortPath]:
    return (path[:depth] for depth in range(len(path) - 1, 0, -1))


Listener = Callable[[Sequence[LivePoint]], None]
"""Hears of every batch: the points whose value or quality changed. Must be quick and must not
raise.
"""


class LiveHub:
    """Holds every live value; belongs to one event loop and is not thread-safe.

    ::

        source --apply(batch)--> points --version--> slots of documents --> readers
        client --write(path)---> point.writer ------> device --source--> apply
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.token = clock.new_id()[:8]
        """Tells this run of the server from others: versions count from its start."""
        self._groups: dict[str, LiveGroup] = {}
        self._listeners: list[Listener] = []
        self._structures = 0
        self.targets = WriteTargets()

    def register(self, sink: Sink, writer: ElementWriter | None = None) -> LivePoint:
        """Return a new point that feeds ``sink``; ``writer`` makes it writable for clients.

        Raises ``Conflict`` when another point already feeds one of the elements, or an element
        around or below one.
        """
        group = self._groups.get(sink.submodel_id) or LiveGroup(sink.submodel_id)
        point = LivePoint(sink, group, writer)
        group.add(point)
        self._groups[sink.submodel_id] = group
        self._restructured(group)
        return point

    def register_target(self, sink: Sink, writer: ElementWriter | None) -> WriteTarget:
        """Return a new target: clients write the element of ``sink`` through ``writer`` and not
        without one, and it shows what is stored.

        Raises ``Conflict`` when the element is fed or written through already.
        """
        for path in sink.facets:
            if self.find(sink.submodel_id, path) or self.owner(sink.submodel_id, path):
                raise Conflict(
                    "another binding already feeds this element", path=format_id_short_path(path)
                )
        target = WriteTarget(LivePoint(sink, LiveGroup(sink.submodel_id), writer))
        self.targets.add(target)
        return target

    def unregister(self, points: Iterable[LivePoint]) -> None:
        """Forget ``points``: their elements show their stored values again."""
        for point in points:
            point.group.remove(point)
            self._restructured(point.group)
            if not point.group.facets:
                self._groups.pop(point.sink.submodel_id, None)

    def group(self, submodel_id: str) -> LiveGroup | None:
        """Return the points of ``submodel_id``, or None when nothing in it is live."""
        return self._groups.get(submodel_id)

    def groups(self) -> Mapping[str, LiveGroup]:
        """Return the points of every submodel in which something is live, by its id."""
        return self._groups

    def find(self, submodel_id: str, path: IdShortPath) -> tuple[LivePoint, Facet] | None:
        """Return the point behind an element and what of it the element shows, or None."""
        group = self._groups.get(submodel_id)
        return None if group is None else group.facets.get(path)

    def owner(self, submodel_id: str, path: IdShortPath) -> LivePoint | None:
        """Return the point behind the composite element above ``path``, or None."""
        group = self._groups.get(submodel_id)
        return None if group is None else group.owner(path)

    def apply(self, batch: Sequence[tuple[LivePoint, LiveValue]]) -> int:
        """Take in new values, in the order they were received; return how many were dropped.

        A bad value never replaces the last usable one: the point keeps that value and its source
        timestamp and becomes bad. A value that was overtaken on its way, its source timestamp up to
        ``REORDERING_WINDOW`` before the present one's, is dropped. One that is older still is
        taken: then the device's clock was set back, and dropping would show an old value as good
        for ever. What was restored can be overtaken by nothing.
        """
        changed: list[LivePoint] = []
        group: LiveGroup | None = None
        for point, new in batch:
            old = point.current
            if point.on_sample is not None:
                point.on_sample(new)
            if new.quality is Quality.BAD:
                new = LiveValue(
                    old.value,
                    Quality.BAD,
                    new.status_code,
                    old.source_timestamp,
                    new.received_timestamp,
                )
            elif (
                (time := new.source_timestamp) is not None
                and (before := old.source_timestamp) is not None
                and 0 < before - time <= REORDERING_WINDOW
                and old.quality is not Quality.BAD
                and old is not point.restored
            ):
                continue
            point.current = new
            point.version += 1
            if point.group is not group:
                # Nobody reads in between: once for each run of its points is enough.
                group = point.group
                group.version += 1
            changed.append(point)
        self._tell(changed)
        return len(batch) - len(changed)

    def degrade(self, points: Iterable[LivePoint], status_code: int) -> None:
        """Lower the quality of ``points`` to what ``status_code`` says; values and times stay.

        Used when the source falls silent. Each is good again only with a fresh value. One that was
        restored stays uncertain while its source cannot be reached.
        """
        changed: list[LivePoint] = []
        for point in points:
            if point.samples is not None:
                point.samples.interrupt(f"no values came: {status_name(status_code)}")
            code = status_code
            if code == BAD_NO_COMMUNICATION and point.is_restored:
                code = UNCERTAIN_NO_COMMUNICATION_LAST_USABLE_VALUE
            if point.current.status_code != code:
                new = replace(point.current, quality=quality_of(code), status_code=code)
                if code != status_code:
                    point.restored = new
                self._show(point, new)
                changed.append(point)
        self._tell(changed)

    def keep_samples(self, point: LivePoint, keep: int) -> Samples:
        """Keep the last ``keep`` samples of ``point`` from now on."""
        point.samples = Samples(keep)
        point.on_sample = point.samples.add
        return point.samples

    def restore(self, point: LivePoint, last: LiveValue) -> bool:
        """Show ``last``, which was known before the start, as uncertain with its own timestamps;
        return whether it is shown.

        A point whose source has spoken, or was found silent, stays as it is. Listeners hear nothing
        of it: it is not news.
        """
        if point.current is not NEVER_RECEIVED or last.value is None:
            return False
        point.restored = replace(
            last, quality=Quality.UNCERTAIN, status_code=UNCERTAIN_LAST_USABLE_VALUE
        )
        self._show(point, point.restored)
        return True

    async def write(self, point: LivePoint, facet: Facet, value: Any) -> None:
        """Send a client's ``value`` to the device behind ``point`` and return once it accepted.

        Raises ``Forbidden`` for an element that clients cannot write, else what
        ``ElementWriter.write`` raises.
        """
        await self.require_writable(point, facet).write(point, value)

    def require_writable(self, point: LivePoint, facet: Facet) -> ElementWriter:
        """Return what takes values of an element to its device; raises ``Forbidden`` for one that
        clients cannot write.
        """
        if facet is not Facet.VALUE:
            raise Forbidden(
                f"{facet.value} is told by the source of the signal and cannot be written",
                path=point.sink.name,
            )
        return self._writer(point)

    async def write_below(self, point: LivePoint, path: IdShortPath, value: Any) -> None:
        """Send a client's ``value`` for the element at ``path``, below the composite element of
        ``point``, to the device.

        Only one item of a list can be written by itself, where the device takes it, and no row of a
        matrix. Raises as
        ``write`` does.
        """
        writer, below = self._writer(point), path[len(point.sink.path) :]
        item = None if point.sink.shape is None else point.sink.shape.item
        is_item = item is not None and item.item is None and len(below) == 1
        if not is_item or not isinstance(writer, ItemWriter) or not isinstance(below[0], int):
            raise Forbidden(
                "a machine gives this element as part of a whole, which others may change "
                f"meanwhile: write $value of {format_id_short_path(point.sink.path)}",
                path=format_id_short_path(path),
            )
        await writer.write_item(point, below[0], value)

    @staticmethod
    def _writer(point: LivePoint) -> ElementWriter:
        if point.writer is None:
            raise Forbidden(
                "this element shows a value of a machine and its binding is not declared writable "
                "(direction: readWrite)",
                path=point.sink.name,
            )
        return point.writer

    def add_listener(self, listener: Listener) -> None:
        """Call ``listener`` after every batch until ``remove_listener``."""
        self._listeners.append(listener)

    def remove_listener(self, listener: Listener) -> None:
        """Stop calling ``listener``."""
        self._listeners.remove(listener)

    def now(self) -> int:
        """Return the time of day as received timestamps count it: microseconds since the epoch."""
        return self._clock.now()

    def _show(self, point: LivePoint, value: LiveValue) -> None:
        point.current = value
        point.version += 1
        point.group.version += 1

    def _restructured(self, group: LiveGroup) -> None:
        # Counted over all groups: one that comes back after it was gone is never taken for itself.
        self._structures += 1
        group.structure = self._structures

    def _tell(self, changed: Sequence[LivePoint]) -> None:
        if changed:
            for listener in self._listeners:
                listener(changed)
