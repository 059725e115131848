"""Replanning: the plan follows the model, soon after it changed and never all the time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

import structlog

from aas_server.clock import Clock
from aas_server.errors import StoreUnavailable
from aas_server.repository.heads import Key
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind

log = structlog.get_logger(__name__)

DEBOUNCE: Final = 0.2
"""Seconds for which changes are gathered before the plan follows them."""
LOOK: Final = 1.0
"""Seconds at least between two looks at whether a change that was only heard of concerns us."""
SHARE: Final = 4.0
"""Planning takes one part of this many of the time at most, however often the model changes."""
_LONGEST_PAUSE: Final = 5.0
_RETRY: Final = 1.0
_KINDS: Final = frozenset({Kind.SUBMODEL, Kind.CONCEPT_DESCRIPTION})
_MARK: Final = b"AssetInterfaces"
"""Part of the semanticIds of all submodels that describe bindings."""


class Replanner:
    """Calls ``replan`` when a submodel that bindings build on changed, by whomever.

    ``look`` tells whether submodels that nobody here has read concern the bindings; that is asked
    when another server changed some.
    """

    def __init__(
        self,
        repository: Repository,
        clock: Clock,
        replan: Callable[[], Awaitable[None]],
        look: Callable[[], Awaitable[bool]],
    ) -> None:
        self._repository = repository
        self._clock = clock
        self._replan = replan
        self._look = look
        self._concerned: frozenset[str] = frozenset()
        self._is_due = False
        self._may_be_due = False
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen."""
        if self._task is None:
            self._repository.add_listener(self._hear)
            self._task = asyncio.create_task(self._run(), name="replanning")

    async def stop(self) -> None:
        """End listening; a plan that is being made is given up."""
        self._repository.remove_listener(self._hear)
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def concern(self, ids: Iterable[str]) -> None:
        """Say on which submodels and concept descriptions the plan builds now."""
        self._concerned = frozenset(ids)

    def _hear(self, changed: Sequence[Key] | None) -> None:
        if changed is None:
            self._is_due = True
        for kind, identifier in changed or ():
            if kind not in _KINDS or self._is_due:
                continue
            if identifier in self._concerned:
                self._is_due = True
                continue
            if kind is not Kind.SUBMODEL:
                continue
            document = self._repository.submodels.cached(identifier)
            if document is None:
                self._may_be_due = True
            elif _MARK in document.stored.body:
                self._is_due = True
        if self._is_due or self._may_be_due:
            self._wake.set()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(DEBOUNCE if self._is_due else LOOK)
            self._wake.clear()
            is_due, self._is_due, self._may_be_due = self._is_due, False, False
            began = self._clock.monotonic()
            try:
                if is_due or await self._look():
                    await self._replan()
            except StoreUnavailable as error:
                log.warning("bindings cannot follow the model", reason=error.text)
                self._is_due = True
                self._wake.set()
                await asyncio.sleep(_RETRY)
            except Exception:
                # The present plan stands; the next change of the model is another attempt.
                log.exception("bindings could not be planned")
            took = self._clock.monotonic() - began
            await asyncio.sleep(min(_LONGEST_PAUSE, took * (SHARE - 1)))
