"""Trying topics: whether the broker lets us in and to them, and what it keeps for them."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from typing import Final

from aas_server.bindings.binding import Binding
from aas_server.bindings.messages.problems import describe
from aas_server.bindings.messages.trying import try_payload
from aas_server.bindings.method import Method
from aas_server.bindings.mqtt.session import MqttSession
from aas_server.bindings.mqtt.sparkplug.node import NAMESPACE
from aas_server.bindings.mqtt.topics import TopicTable
from aas_server.bindings.plant.mqtt import MqttBindingSettings, MqttConnectionSettings
from aas_server.bindings.trying import Finding, NotReached, TrialContext
from aas_server.errors import AasError

RETAINED_WAIT: Final = 0.5
"""Seconds for what the broker keeps to arrive after a subscription."""
_LARGEST: Final = 1024 * 1024


async def try_topics(
    settings: MqttConnectionSettings,
    bindings: Sequence[Binding],
    methods: Sequence[Method],
    context: TrialContext,
) -> list[Finding]:
    """Return a finding for each of ``bindings`` and ``methods`` (see ``Trial``).

    A topic is subscribed with a session of its own, which the broker forgets; a message that the
    broker keeps is tried on the sink. Nothing is published, and no Sparkplug node is asked for a
    birth.
    """
    topics = _Topics(bindings)
    session = MqttSession(
        settings.model_copy(update={"clean_start": True}),
        f"aas-check-{uuid.uuid4().hex[:12]}",
        topics.take,
        wanted=lambda: topics.wanted,
        refuse=topics.refuse,
        news=lambda _: None,
    )
    try:
        async with asyncio.timeout(3 * settings.timeout):
            await session.open()
            await session.update()
        if topics.wanted:
            await asyncio.sleep(RETAINED_WAIT)
    except (AasError, OSError, TimeoutError) as error:
        raise NotReached(describe(error)) from error
    finally:
        await session.close()
    return [
        *map(topics.finding, bindings),
        *(Finding(False, "a broker carries out no method") for _ in methods),
    ]


class _Topics:
    """The filters of some bindings: what the broker thinks of them, the first message it keeps."""

    def __init__(self, bindings: Sequence[Binding]) -> None:
        topics = [topic for topic in map(_filter, bindings) if topic is not None]
        self.wanted = dict.fromkeys(topics, 1)
        self._filters: TopicTable[str] = TopicTable()
        for topic in self.wanted:
            self._filters.put(topic, topic)
        self._refused: dict[str, str] = {}
        self._kept: dict[str, bytes] = {}

    def take(self, topic: str, payload: bytes, is_retained: bool) -> None:
        if is_retained and len(payload) <= _LARGEST:
            for each in self._filters.find(topic):
                self._kept.setdefault(each, payload)

    def refuse(self, topic: str, problem: str | None, _status: int) -> None:
        if problem is not None:
            self._refused[topic] = problem

    def finding(self, binding: Binding) -> Finding:
        topic = _filter(binding)
        if binding.problem is not None or topic is None:
            return Finding(False, binding.problem or "it names no topic")
        if topic in self._refused:
            return Finding(False, self._refused[topic])
        if topic not in self._kept:
            return Finding(True, "subscribed, the broker keeps no message")
        return try_payload(binding, self._kept[topic], "subscribed")


def _filter(binding: Binding) -> str | None:
    settings = binding.settings
    if not isinstance(settings, MqttBindingSettings):
        return None
    if settings.sparkplug is not None:
        # Of all kinds of messages of the node and its devices.
        return f"{NAMESPACE}/{settings.sparkplug.group}/+/{settings.sparkplug.node}/#"
    return settings.topic
