"""Reading again and again what a server takes into no subscription."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds

from aas_server.bindings.opcua.intake import Intake
from aas_server.bindings.opcua.items import Item
from aas_server.bindings.opcua.session import OpcUaSession
from aas_server.bindings.opcua.variants import Sample, sample
from aas_server.clock import Clock

SHORTEST: Final = 0.05
"""Seconds between two readings at least: each is a request and an answer of all its nodes."""


class Polling:
    """The items of one session that are polled, those of one interval together."""

    def __init__(self, session: OpcUaSession, intake: Intake, clock: Clock) -> None:
        self._session = session
        self._intake = intake
        self._clock = clock
        self._groups: dict[float, dict[Item, ua.NodeId]] = {}
        self._due: dict[float, float] = {}
        self._last: dict[Item, Sample] = {}
        self._is_new = asyncio.Event()

    def add(self, item: Item, node_id: ua.NodeId, interval: float) -> None:
        """Read ``item`` every ``interval`` seconds, for the first time at once."""
        interval = max(SHORTEST, interval)
        self._groups.setdefault(interval, {})[item] = node_id
        self._due[interval] = self._clock.monotonic()
        self._is_new.set()

    def remove(self, item: Item) -> None:
        """Read ``item`` no longer."""
        self._last.pop(item, None)
        for interval, group in list(self._groups.items()):
            group.pop(item, None)
            if not group:
                del self._groups[interval], self._due[interval]

    def repeat(self) -> None:
        """Take in every value with the next reading, also those that have not changed."""
        self._last.clear()

    async def run(self) -> None:
        """Read for ever; raises what the session raises."""
        while True:
            self._is_new.clear()
            now = self._clock.monotonic()
            for interval in [each for each, due in self._due.items() if due <= now]:
                # A server that is too slow is asked as often as it can answer.
                self._due[interval] = max(self._due[interval] + interval, now)
                await self._read(self._groups.get(interval, {}))
            delay = min(self._due.values(), default=None)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(
                    None if delay is None else max(0.0, delay - self._clock.monotonic())
                ):
                    await self._is_new.wait()

    async def _read(self, group: dict[Item, ua.NodeId]) -> None:
        items = list(group)
        answers = await self._session.read(
            [(node_id, AttributeIds.Value) for node_id in group.values()],
            timestamps=ua.TimestampsToReturn.Both,
        )
        news: list[tuple[Item, Sample]] = []
        for item, answer in zip(items, answers, strict=True):
            found = sample(answer)
            if self._last.get(item) != found:
                self._last[item] = found
                news.append((item, found))
        self._intake.take_samples(news)
