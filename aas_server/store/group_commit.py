"""Group commit: one task writes everything that waits in one transaction, again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from aas_server.errors import Conflict, StoreUnavailable
from aas_server.store.protocol import Settled
from aas_server.store.writing import Unit

Apply = Callable[[Sequence[Unit]], Awaitable[Sequence[int]]]
"""Makes units durable in one transaction and returns the number of each one's last entry in the
change log; raises ``Conflict`` or ``StoreUnavailable``, and then nothing of them is stored.
"""

_QUIET_TURNS: Final = 4
"""Turns of the event loop without anyone new after which a group is whole: microseconds."""
_LARGE: Final = 256
"""Units after which nobody is waited for."""


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    unit: Unit
    settled: Settled
    done: asyncio.Future[None]


class GroupCommit:
    """Owns the task that writes.

    While one transaction is under way the next group gathers, so the medium is asked once for many
    callers and nobody waits for a timer.
    """

    def __init__(self, apply: Apply) -> None:
        self._apply = apply
        self._waiting: list[_Waiting] = []
        self._wake = asyncio.Event()
        self._closing = False
        self._task = asyncio.create_task(self._run(), name="store writer")

    async def commit(self, unit: Unit, settled: Settled) -> None:
        """Return once ``unit`` is durable; raises what ``Apply`` raises.

        ``settled`` hears of the end before, and also when the caller is cancelled meanwhile.
        """
        if self._closing:
            settled(None)
            raise StoreUnavailable("the store is closing")
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(unit, settled, done))
        self._wake.set()
        await done

    async def close(self) -> None:
        """Finish what waits, and end."""
        self._closing = True
        self._wake.set()
        await self._task

    async def _run(self) -> None:
        while self._waiting or not self._closing:
            await self._wake.wait()
            await self._gather()
            self._wake.clear()
            group, self._waiting = self._waiting, []
            if group:
                await self._write(group)

    async def _gather(self) -> None:
        """Let those join who are about to: one larger transaction is cheaper than two."""
        quiet = seen = 0
        while quiet < _QUIET_TURNS and len(self._waiting) < _LARGE:
            await asyncio.sleep(0)
            quiet = quiet + 1 if len(self._waiting) == seen else 0
            seen = len(self._waiting)

    async def _write(self, group: list[_Waiting]) -> None:
        try:
            lasts = await self._apply([waiting.unit for waiting in group])
        except Conflict:
            await self._write_one_by_one(group)
        except StoreUnavailable as error:
            self._fail(group, error)
        except Exception as error:
            # Whoever waits hears of it: this task must go on for all who come later.
            self._fail(group, error)
        else:
            for waiting, last in zip(group, lasts, strict=True):
                _settle(waiting, last)

    async def _write_one_by_one(self, group: list[_Waiting]) -> None:
        """Find out which units conflict; the others are stored."""
        for index, waiting in enumerate(group):
            try:
                (last,) = await self._apply([waiting.unit])
            except Conflict as error:
                _settle(waiting, error)
            except StoreUnavailable as error:
                self._fail(group[index:], error)
                return
            else:
                _settle(waiting, last)

    def _fail(self, group: Sequence[_Waiting], error: Exception) -> None:
        """Fail ``group`` and all that waits behind it, which may build on it."""
        behind, self._waiting = self._waiting, []
        for waiting in (*group, *behind):
            _settle(waiting, error)


def _settle(waiting: _Waiting, end: int | Exception) -> None:
    # Called by the loop: a mistake in it must not end the task that all others wait for.
    position = end if isinstance(end, int) else None
    waiting.done.get_loop().call_soon(waiting.settled, position)
    if waiting.done.done():
        return
    if isinstance(end, Exception):
        waiting.done.set_exception(end)
    else:
        waiting.done.set_result(None)
