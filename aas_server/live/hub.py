"""The hub: every live value passes here once, on its way up to readers and down to devices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, Protocol

from aas_server.clock import Clock
from aas_server.errors import Conflict, Forbidden
from aas_server.live.sinks import Facet, Sink
from aas_server.live.values import (
    BAD_NO_COMMUNICATION,
    NEVER_RECEIVED,
    UNCERTAIN_LAST_USABLE_VALUE,
    UNCERTAIN_NO_COMMUNICATION_LAST_USABLE_VALUE,
    LiveValue,
    Quality,
    quality_of,
)
from aas_server.metamodel.id_short_path import IdShortPath, format_id_short_path

REORDERING_WINDOW: Final = 5_000_000
"""Microseconds by which a value may be late and still be taken for an overtaken one."""


class ElementWriter(Protocol):
    """Takes a client's value to the device that owns the element."""

    async def write(self, point: LivePoint, value: Any) -> None:
        """Write ``value`` (a ValueOnly scalar, not yet checked) and return once the device accepted
        it.

        Raises ``BadRequest`` for a value that cannot be converted and a ``DeviceError`` with the
        device's own status when it refused or could not be reached. Nothing in the model changes
        here: the device's new value comes back through the source.
        """


class LivePoint:
    """One live value and the elements that show it; owned by the hub, read by everybody.

    ``version`` grows with every change of ``current``. ``restored`` is what was known of the value
    before the start, None for nothing.
    """

    __slots__ = ("current", "group", "restored", "sink", "version", "writer")

    def __init__(self, sink: Sink, group: LiveGroup, writer: ElementWriter | None) -> None:
        self.sink = sink
        self.group = group
        self.writer = writer
        self.current: LiveValue = NEVER_RECEIVED
        self.restored: LiveValue | None = None
        self.version = 0

    @property
    def is_restored(self) -> bool:
        """Return whether it still shows what was known before the start: its source has not spoken
        since.
        """
        return self.current is self.restored


class LiveGroup:
    """All points of one submodel.

    ``version`` grows with every change of one of their values, ``structure`` with every point that
    comes or goes; readers cache by both.
    """

    __slots__ = ("facets", "structure", "submodel_id", "version")

    def __init__(self, submodel_id: str) -> None:
        self.submodel_id = submodel_id
        self.facets: dict[IdShortPath, tuple[LivePoint, Facet]] = {}
        self.structure = 0
        self.version = 0


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

    def register(self, sink: Sink, writer: ElementWriter | None = None) -> LivePoint:
        """Return a new point that feeds ``sink``; ``writer`` makes it writable for clients.

        Raises ``Conflict`` when another point already feeds one of the elements.
        """
        group = self._groups.setdefault(sink.submodel_id, LiveGroup(sink.submodel_id))
        for path in sink.facets:
            if path in group.facets:
                raise Conflict(
                    "another binding already feeds this element", path=format_id_short_path(path)
                )
        point = LivePoint(sink, group, writer)
        group.facets.update({path: (point, facet) for path, facet in sink.facets.items()})
        self._restructured(group)
        return point

    def unregister(self, points: Iterable[LivePoint]) -> None:
        """Forget ``points``: their elements show their stored values again."""
        for point in points:
            for path in point.sink.facets:
                del point.group.facets[path]
            self._restructured(point.group)
            if not point.group.facets:
                self._groups.pop(point.sink.submodel_id, None)

    def group(self, submodel_id: str) -> LiveGroup | None:
        """Return the points of ``submodel_id``, or None when nothing in it is live."""
        return self._groups.get(submodel_id)

    def find(self, submodel_id: str, path: IdShortPath) -> tuple[LivePoint, Facet] | None:
        """Return the point behind an element and what of it the element shows, or None."""
        group = self._groups.get(submodel_id)
        return None if group is None else group.facets.get(path)

    def apply(self, batch: Sequence[tuple[LivePoint, LiveValue]]) -> int:
        """Take in new values, in the order they were received; return how many were dropped.

        A bad value never replaces the last usable one: the point keeps that value and its source
        timestamp and becomes bad. A value that was overtaken on its way, its source timestamp up to
        ``REORDERING_WINDOW`` before the present one's, is dropped. One that is older still is
        taken: then the device's clock was set back, and dropping would show an old value as good
        for ever. What was restored can be overtaken by nothing.
        """
        changed: list[LivePoint] = []
        for point, new in batch:
            old = point.current
            if new.quality is Quality.BAD:
                new = LiveValue(
                    old.value,
                    Quality.BAD,
                    new.status_code,
                    old.source_timestamp,
                    new.received_timestamp,
                )
            elif (
                old.quality is not Quality.BAD
                and _overtaken(new, old)
                and old is not point.restored
            ):
                continue
            point.current = new
            point.version += 1
            point.group.version += 1
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
        if facet is not Facet.VALUE:
            raise Forbidden(
                f"{facet.value} is told by the source of the signal and cannot be written",
                path=point.sink.name,
            )
        if point.writer is None:
            raise Forbidden(
                "this element shows a value of a machine and its binding is not declared writable "
                "(direction: readWrite)",
                path=point.sink.name,
            )
        await point.writer.write(point, value)

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


def _overtaken(new: LiveValue, old: LiveValue) -> bool:
    if new.source_timestamp is None or old.source_timestamp is None:
        return False
    return 0 < old.source_timestamp - new.source_timestamp <= REORDERING_WINDOW
