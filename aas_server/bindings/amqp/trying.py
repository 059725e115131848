"""Trying exchanges and queues: whether the broker lets us in and to them; nothing is consumed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aas_server.bindings.amqp.session import AmqpSession, Place
from aas_server.bindings.binding import Binding
from aas_server.bindings.messages.problems import describe
from aas_server.bindings.method import Method
from aas_server.bindings.plant.amqp import AmqpBindingSettings, AmqpConnectionSettings
from aas_server.bindings.trying import Finding, NotReached, TrialContext
from aas_server.errors import AasError


async def try_places(
    settings: AmqpConnectionSettings,
    bindings: Sequence[Binding],
    methods: Sequence[Method],
    context: TrialContext,
) -> list[Finding]:
    """Return a finding for each of ``bindings`` and ``methods`` (see ``Trial``).

    An exchange gets a queue of ours, which goes with the connection; a queue is only asked for.
    """
    session = AmqpSession(
        settings, lambda *_: None, wanted=tuple, refuse=lambda *_: None
    )  # fmt: skip
    try:
        async with asyncio.timeout(2 * settings.timeout):
            await session.open()
        refusals = {place: await session.probe(place) for place in _places(bindings)}
    except (AasError, OSError, TimeoutError) as error:
        raise NotReached(describe(error)) from error
    finally:
        await session.close()
    found = []
    for binding in bindings:
        place = _place(binding)
        reason = binding.problem or (refusals[place] if place else "it names no source")
        found.append(Finding(reason is None, reason or "there, and may be listened to"))
    return [*found, *(Finding(False, "a broker carries out no method") for _ in methods)]


def _places(bindings: Sequence[Binding]) -> list[Place]:
    return [place for place in dict.fromkeys(map(_place, bindings)) if place is not None]


def _place(binding: Binding) -> Place | None:
    settings = binding.settings
    if not isinstance(settings, AmqpBindingSettings):
        return None
    return Place(settings.exchange, settings.routing_key or "", settings.queue)
