"""Long lists in calls of a size that a server accepts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError, UaStatusCodeError

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

DEFAULT_BATCH: Final = 1000
"""Nodes or items per call where a server names no limit; some name none and still refuse more."""

_TOO_MANY: Final = frozenset(
    {
        StatusCodes.BadTooManyOperations,
        StatusCodes.BadEncodingLimitsExceeded,
        StatusCodes.BadRequestTooLarge,
        StatusCodes.BadResponseTooLarge,
    }
)


class Batches:
    """Cuts a long list into calls that a server accepts, and learns when it accepts less than it
    said.

    ``at_once`` calls are under way side by side. More than one is for calls that may be repeated:
    when a server refuses one as too long, those behind it are made again.
    """

    def __init__(self, size: int, *, at_once: int = 1) -> None:
        self.size = size
        self._at_once = at_once

    async def run(
        self, items: Sequence[_Item], call: Callable[[Sequence[_Item]], Awaitable[list[_Result]]]
    ) -> list[_Result]:
        """Return the results of ``call`` for all ``items``, in their order."""
        results: list[_Result] = []
        while len(results) < len(items):
            done, size = len(results), self.size
            end = min(len(items), done + size * self._at_once)
            parts = [items[start : min(start + size, end)] for start in range(done, end, size)]
            answers = await asyncio.gather(*map(call, parts), return_exceptions=True)
            for part, answer in zip(parts, answers, strict=True):
                if _is_too_long(answer) and len(part) > 1:
                    self.size = max(1, len(part) // 2)
                    break
                if isinstance(answer, BaseException):
                    raise answer
                if len(answer) != len(part):
                    raise UaError(f"{len(answer)} results for {len(part)} operations")
                results += answer
        return results


def _is_too_long(answer: object) -> bool:
    return isinstance(answer, UaStatusCodeError) and answer.code in _TOO_MANY
