"""A session with an AMQP broker by itself: what it leaves behind when it fails."""

from __future__ import annotations

import asyncio
import gc
import warnings

from aas_server.bindings.amqp.session import AmqpSession
from aas_server.bindings.plant.amqp import AmqpConnectionSettings
from tests.support.ports import free_port


async def attempt(port: int) -> bool:
    """Return whether a session could be opened; it is closed, as its owners do."""
    settings = AmqpConnectionSettings(url=f"amqp://127.0.0.1:{port}")
    session = AmqpSession(settings, lambda *_: None, wanted=tuple, refuse=lambda *_: None)
    try:
        await session.open()
    except OSError:
        return False
    finally:
        await session.close()
    return True


def what_the_collector_says(port: int) -> list[str]:
    """Make an attempt in a loop of its own and collect what it leaves once the loop stands."""
    gc.collect()
    loop = asyncio.new_event_loop()
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            assert not loop.run_until_complete(attempt(port))
            gc.collect()
        return [str(warning.message) for warning in warned]
    finally:
        loop.close()


async def test_a_failed_attempt_leaves_nothing_for_the_collector_to_close() -> None:
    # In a thread of its own, where the collector finds no loop but the one that stands.
    assert await asyncio.to_thread(what_the_collector_says, free_port()) == []
